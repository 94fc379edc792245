"""One model from S3 behind a real-time endpoint that scales with its load."""

import aws_cdk as cdk

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
stack = cdk.Stack(app, "RealTime")

endpoint = RealTimeEndpoint(
    stack,
    "Churn",
    container=Container(
        ContainerImage.from_framework("xgboost", "1.7-1"),
        model_data=ModelData.from_s3("models-of-mine", "churn/2026-11/model.tar.gz"),
    ),
    instances=Instances("ml.m5.large"),
    scaling=Scaling(1, 4, policies=[TargetTracking.invocations_per_instance(70)]),
)
cdk.CfnOutput(stack, "EndpointName", value=endpoint.endpoint_name)

app.synth()
