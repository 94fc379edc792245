"""A language model and an adapter to it share GPUs; nothing runs while nobody asks."""

import aws_cdk as cdk
from aws_cdk import aws_ec2

from sm_constructs import (
    Container,
    ContainerImage,
    InferenceComponent,
    InferenceComponentEndpoint,
    Instances,
    ModelData,
    Network,
    Scaling,
    TargetTracking,
)

app = cdk.App()
stack = cdk.Stack(app, "InferenceComponents")

vpc = aws_ec2.Vpc(stack, "Vpc", max_azs=2, nat_gateways=0, restrict_default_security_group=False)
llama = InferenceComponent(
    "llama",
    container=Container(
        ContainerImage.from_framework("djl-lmi", "0.31.0", accelerator="gpu"),
        model_data=ModelData.from_s3_prefix("models-of-mine", "llama/"),
        environment={"OPTION_ENABLE_LORA": "true"},
    ),
    accelerators=1,
    cpus=4,
    memory_mb=16384,
    max_memory_mb=32768,
    copies=2,
    model_download_timeout=cdk.Duration.minutes(30),
    startup_timeout=cdk.Duration.minutes(15),
    scaling=Scaling(0, 8, policies=[TargetTracking.concurrent_requests_per_copy(5)]),
)
legal = InferenceComponent("legal", base="llama", adapter=ModelData.from_s3("models-of-mine", "legal.tar.gz"))

endpoint = InferenceComponentEndpoint(
    stack,
    "Chat",
    instances=Instances("ml.g5.12xlarge", routing="LEAST_OUTSTANDING_REQUESTS"),
    components=[llama, legal],
    scaling=Scaling(0, 4),
    network=Network(
        vpc, subnets=aws_ec2.SubnetSelection(subnet_type=aws_ec2.SubnetType.PRIVATE_ISOLATED), isolated=True
    ),
)
cdk.CfnOutput(stack, "EndpointName", value=endpoint.endpoint_name)
cdk.CfnOutput(stack, "LegalComponent", value=endpoint.component_names["legal"])

cdk.Tags.of(app).add("team", "assistants")

app.synth()
