"""One endpoint for the models of many tenants, each of whom may ask only their own."""

import aws_cdk as cdk
from aws_cdk import aws_iam

from sm_constructs import (
    Container,
    ContainerImage,
    Instances,
    ModelData,
    MultiModelEndpoint,
    Scaling,
    TargetTracking,
)

app = cdk.App()
stack = cdk.Stack(app, "MultiModel")

endpoint = MultiModelEndpoint(
    stack,
    "Tenants",
    container=Container(ContainerImage.from_framework("xgboost", "1.7-1")),
    models=ModelData.from_s3_prefix("models-of-mine", "tenants/"),
    cache_models=False,
    instances=Instances("ml.m5.xlarge", count=2),
    scaling=Scaling(2, 6, policies=[TargetTracking.invocations_per_instance(200)]),
)

for tenant in ("a", "b"):
    role = aws_iam.Role(stack, f"Tenant-{tenant}", assumed_by=aws_iam.ServicePrincipal("lambda.amazonaws.com"))
    endpoint.grant_invoke(role, target_models=[f"tenant-{tenant}/*"])
cdk.CfnOutput(stack, "EndpointName", value=endpoint.endpoint_name)

app.synth()
