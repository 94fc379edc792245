"""A model behind a serverless endpoint that is warm in working hours."""

import aws_cdk as cdk

from sm_constructs import (
    Container,
    ContainerImage,
    ModelData,
    Scaling,
    ScheduledCapacity,
    ServerlessEndpoint,
    TargetTracking,
)

app = cdk.App()
stack = cdk.Stack(app, "Serverless")

endpoint = ServerlessEndpoint(
    stack,
    "Churn",
    container=Container(
        ContainerImage.from_framework("sklearn", "1.2-1"),
        model_data=ModelData.from_s3("models-of-mine", "churn/model.tar.gz"),
        environment={"SAGEMAKER_PROGRAM": "inference.py", "SAGEMAKER_SUBMIT_DIRECTORY": "/opt/ml/model/code"},
    ),
    memory_mb=2048,
    max_concurrency=10,
    provisioned_concurrency=1,
    scaling=Scaling(
        1,
        8,
        policies=[TargetTracking.provisioned_concurrency_utilization(0.7)],
        schedule=[
            ScheduledCapacity("cron(0 8 ? * MON-FRI *)", min_capacity=4, time_zone="Europe/Berlin"),
            ScheduledCapacity("cron(0 18 ? * MON-FRI *)", min_capacity=1, time_zone="Europe/Berlin"),
        ],
    ),
)
cdk.CfnOutput(stack, "EndpointName", value=endpoint.endpoint_name)

app.synth()
