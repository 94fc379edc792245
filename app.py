"""The sample app: a model that it trains itself, behind an autoscaled real-time endpoint."""

from __future__ import annotations

from pathlib import Path

import aws_cdk as cdk

from sample.train import train
from sm_constructs import (
    Container,
    ContainerImage,
    Instances,
    ModelData,
    RealTimeEndpoint,
    Scaling,
    TargetTracking,
)

app = cdk.App()

iris = Container(
    ContainerImage.from_framework("sklearn", "1.4-2"),
    model_data=ModelData.from_directory(train(Path("build/iris")), framework="sklearn"),
    environment={"SAGEMAKER_PROGRAM": "inference.py", "SAGEMAKER_SUBMIT_DIRECTORY": "/opt/ml/model/code"},
)

real_time = cdk.Stack(app, "RealTime")
endpoint = RealTimeEndpoint(
    real_time,
    "Iris",
    container=iris,
    instances=Instances("ml.m5.large"),
    scaling=Scaling(1, 4, policies=[TargetTracking.invocations_per_instance(70)]),
)
cdk.CfnOutput(real_time, "EndpointName", value=endpoint.endpoint_name)

app.synth()
