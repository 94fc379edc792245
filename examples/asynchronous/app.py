"""Long answers on GPUs that go down to no instances at all; a topic tells of each answer."""

import aws_cdk as cdk
from aws_cdk import aws_iam, aws_kms, aws_s3, aws_sns

from sm_constructs import (
    AsyncEndpoint,
    Container,
    ContainerImage,
    Instances,
    ModelData,
    S3Location,
    Scaling,
)

app = cdk.App()
stack = cdk.Stack(app, "Asynchronous")

bucket = aws_s3.Bucket(
    stack,
    "Payloads",
    encryption_key=aws_kms.Key(stack, "Key", enable_key_rotation=True),
    block_public_access=aws_s3.BlockPublicAccess.BLOCK_ALL,
    enforce_ssl=True,
)
done = aws_sns.Topic(stack, "Done", enforce_ssl=True)
failed = aws_sns.Topic(stack, "Failed", enforce_ssl=True)

endpoint = AsyncEndpoint(
    stack,
    "Transcripts",
    container=Container(
        ContainerImage.from_framework("huggingface", "4.49", accelerator="gpu"),
        model_data=ModelData.from_s3("models-of-mine", "whisper/model.tar.gz"),
        environment={"HF_TASK": "automatic-speech-recognition"},
    ),
    instances=Instances("ml.g5.xlarge"),
    inputs=[S3Location(bucket, "in/")],
    output=S3Location(bucket, "out/"),
    failures=S3Location(bucket, "failed/"),
    output_encryption_key=bucket.encryption_key,
    success_topic=done,
    error_topic=failed,
    include_response_in=["SUCCESS_NOTIFICATION_TOPIC", "ERROR_NOTIFICATION_TOPIC"],
    max_concurrent_invocations_per_instance=4,
    scaling=Scaling(0, 5),
)

caller = aws_iam.Role(stack, "Caller", assumed_by=aws_iam.ServicePrincipal("lambda.amazonaws.com"))
endpoint.grant_invoke_async(caller)
cdk.CfnOutput(stack, "EndpointName", value=endpoint.endpoint_name)

app.synth()
