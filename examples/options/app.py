"""What else one can say of an endpoint: network, encryption, instances, images, names."""

import aws_cdk as cdk
from aws_cdk import aws_ec2, aws_kms

from sm_constructs import (
    Container,
    ContainerImage,
    Instances,
    ModelData,
    ModelPackage,
    Network,
    PrefixAwareRouting,
    RealTimeEndpoint,
)

app = cdk.App()
stack = cdk.Stack(app, "Options")

vpc = aws_ec2.Vpc(stack, "Vpc", max_azs=2, nat_gateways=0, restrict_default_security_group=False)
private = aws_ec2.SubnetSelection(subnet_type=aws_ec2.SubnetType.PRIVATE_ISOLATED)

# An image from a registry of one's own in the VPC, on encrypted volumes.
scorer = RealTimeEndpoint(
    stack,
    "Scorer",
    container=Container(
        ContainerImage.from_uri(
            "registry.example.com/team/scorer:1.4",
            registry_credentials="arn:aws:lambda:eu-west-1:123456789012:function:registry-login",
        ),
        model_data=ModelData.from_uri("s3://models-of-mine/scorer/model.tar.gz"),
    ),
    instances=Instances(
        "ml.m5.xlarge",
        count=2,
        volume_gb=100,
        model_download_timeout=cdk.Duration.minutes(20),
        startup_timeout=cdk.Duration.minutes(10),
        ssm_access=True,
        pools=["ml.m6i.xlarge", "ml.m7i.xlarge"],
        provision_timeout=cdk.Duration.minutes(30),
    ),
    network=Network(vpc, subnets=private),
    encryption_key=aws_kms.Key(stack, "Key", enable_key_rotation=True),
    endpoint_name="scorer",
    retain_capacity=True,
)

# A large language model on reserved GPUs, cut off from every network.
chat = RealTimeEndpoint(
    stack,
    "Chat",
    container=Container(
        ContainerImage.from_framework("djl-lmi", "0.31.0", accelerator="gpu"),
        model_data=ModelData.from_s3_prefix("models-of-mine", "llama/", accept_eula=True),
    ),
    instances=Instances(
        "ml.p5.48xlarge",
        ami_version="al2-ami-sagemaker-inference-gpu-3-1",
        routing=PrefixAwareRouting(prefix_length=4096, concurrency_threshold=16),
        capacity_reservation="arn:aws:sagemaker:us-east-1:123456789012:training-plan/llama",
    ),
    network=Network(isolated=True),
)

# A version from the Model Registry.
package = ModelPackage(
    "arn:aws:sagemaker:us-east-1:123456789012:model-package/churn/3",
    inference_specification="cpu",
    hostname="churn",
)
churn = RealTimeEndpoint(stack, "Churn", container=package, instances=Instances("ml.m5.large"))
cdk.CfnOutput(stack, "EndpointName", value=scorer.endpoint_name)

cdk.Tags.of(app).add("team", "risk")

app.synth()
