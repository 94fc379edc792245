"""Preparation and prediction as one request: two containers, one after the other."""

import aws_cdk as cdk

from sm_constructs import (
    Container,
    ContainerImage,
    Instances,
    ModelData,
    PipelineEndpoint,
    Scaling,
    TargetTracking,
)

app = cdk.App()
stack = cdk.Stack(app, "Pipeline")

endpoint = PipelineEndpoint(
    stack,
    "Texts",
    containers=[
        Container(
            ContainerImage.from_framework("sklearn", "1.2-1"),
            model_data=ModelData.from_s3("models-of-mine", "vectorise/model.tar.gz"),
            environment={"SAGEMAKER_PROGRAM": "inference.py", "SAGEMAKER_SUBMIT_DIRECTORY": "/opt/ml/model/code"},
            hostname="vectorise",
        ),
        Container(
            ContainerImage.from_framework("xgboost", "1.7-1"),
            model_data=ModelData.from_s3("models-of-mine", "classify/model.tar.gz"),
            hostname="classify",
        ),
    ],
    instances=Instances("ml.c6i.xlarge"),
    scaling=Scaling(1, 3, policies=[TargetTracking.invocations_per_instance(120)]),
)
cdk.CfnOutput(stack, "EndpointName", value=endpoint.endpoint_name)

app.synth()
