"""The sample app: a model that it trains itself, served in every way, one stack each.

``cdk deploy -c kinds=real-time,serverless`` chooses some of them; without it there are all.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import aws_cdk as cdk
from aws_cdk import aws_s3 as s3

from sample.train import train
from sm_constructs import (
    AsyncEndpoint,
    BatchTransform,
    Container,
    ContainerImage,
    InferenceComponent,
    InferenceComponentEndpoint,
    Instances,
    ModelData,
    MultiContainerEndpoint,
    MultiModelEndpoint,
    MultiVariantEndpoint,
    PipelineEndpoint,
    RealTimeEndpoint,
    S3Location,
    Scaling,
    ServerlessEndpoint,
    TargetTracking,
    TransformInput,
    TransformOutput,
    Variant,
)

SKLEARN = ContainerImage.from_framework("sklearn", "1.4-2")
SCRIPT = {"SAGEMAKER_PROGRAM": "inference.py", "SAGEMAKER_SUBMIT_DIRECTORY": "/opt/ml/model/code"}
IRIS = Container(
    SKLEARN,
    model_data=ModelData.from_directory(train(Path("build/iris")), framework="sklearn"),
    environment=SCRIPT,
)
LARGE = Instances("ml.m5.large")
SCALING = Scaling(1, 4, policies=[TargetTracking.invocations_per_instance(70)])


def bucket(stack: cdk.Stack) -> s3.Bucket:
    """Make a bucket that goes with its stack, once it is empty."""
    return s3.Bucket(
        stack,
        "Bucket",
        block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
        enforce_ssl=True,
        removal_policy=cdk.RemovalPolicy.DESTROY,
    )


def real_time(stack: cdk.Stack) -> RealTimeEndpoint:
    """Serve it at once, on as many instances as the load needs."""
    return RealTimeEndpoint(stack, "Iris", container=IRIS, instances=LARGE, scaling=SCALING)


def serverless(stack: cdk.Stack) -> ServerlessEndpoint:
    """Serve it without instances."""
    return ServerlessEndpoint(stack, "Iris", container=IRIS, memory_mb=2048, max_concurrency=5)


def asynchronous(stack: cdk.Stack) -> AsyncEndpoint:
    """Serve it from a queue, down to no instances."""
    place = bucket(stack)
    return AsyncEndpoint(
        stack,
        "Iris",
        container=IRIS,
        instances=LARGE,
        inputs=[S3Location(place, "in/")],
        output=S3Location(place, "out/"),
        scaling=Scaling(0, 2),
    )


def multi_model(stack: cdk.Stack) -> MultiModelEndpoint:
    """Serve whatever models are put into a bucket."""
    return MultiModelEndpoint(
        stack,
        "Iris",
        container=Container(SKLEARN, environment=SCRIPT),
        models=ModelData.from_s3_prefix(bucket(stack), "models/"),
        instances=replace(LARGE, count=2),
    )


def multi_container(stack: cdk.Stack) -> MultiContainerEndpoint:
    """Serve two containers side by side; callers name one."""
    containers = [replace(IRIS, hostname="steady"), replace(IRIS, hostname="next")]
    return MultiContainerEndpoint(stack, "Iris", containers=containers, instances=LARGE)


def pipeline(stack: cdk.Stack) -> PipelineEndpoint:
    """Send each request through two containers."""
    return PipelineEndpoint(stack, "Iris", containers=[IRIS, IRIS], instances=LARGE)


def multi_variant(stack: cdk.Stack) -> MultiVariantEndpoint:
    """Give one in ten requests to a challenger."""
    return MultiVariantEndpoint(
        stack,
        "Iris",
        variants=[
            Variant("champion", container=IRIS, instances=LARGE, weight=9, scaling=SCALING),
            Variant("challenger", container=IRIS, instances=LARGE, weight=1),
        ],
    )


def shadow(stack: cdk.Stack) -> MultiVariantEndpoint:
    """Send a copy of each request to a variant whose answers nobody sees."""
    return MultiVariantEndpoint(
        stack,
        "Iris",
        variants=[Variant("live", container=IRIS, instances=LARGE)],
        shadow=Variant("next", container=IRIS, instances=LARGE),
    )


def inference_components(stack: cdk.Stack) -> InferenceComponentEndpoint:
    """Let models share instances, down to no copies of them."""
    iris = InferenceComponent(
        "iris",
        container=IRIS,
        memory_mb=1024,
        cpus=1,
        scaling=Scaling(0, 4, policies=[TargetTracking.invocations_per_copy(70)]),
    )
    return InferenceComponentEndpoint(
        stack, "Iris", instances=Instances("ml.m5.2xlarge"), components=[iris], scaling=Scaling(0, 2)
    )


def batch(stack: cdk.Stack) -> BatchTransform:
    """Run it every night over what lies in a bucket."""
    place = bucket(stack)
    return BatchTransform(
        stack,
        "Iris",
        container=IRIS,
        instances=LARGE,
        input=TransformInput(S3Location(place, "in/"), content_type="application/json"),
        output=TransformOutput(S3Location(place, "out/")),
        schedule="cron(0 2 * * ? *)",
    )


KINDS = {
    "real-time": real_time,
    "serverless": serverless,
    "asynchronous": asynchronous,
    "multi-model": multi_model,
    "multi-container": multi_container,
    "pipeline": pipeline,
    "multi-variant": multi_variant,
    "shadow": shadow,
    "inference-components": inference_components,
    "batch": batch,
}

app = cdk.App()
chosen = str(app.node.try_get_context("kinds") or ",".join(KINDS)).split(",")
if unknown := set(chosen) - set(KINDS):
    message = f"there is no kind {', '.join(sorted(unknown))}; there are {', '.join(KINDS)}"
    raise SystemExit(message)

for kind in chosen:
    KINDS[kind](cdk.Stack(app, kind.title().replace("-", "")))

app.synth()
