"""One endpoint of each kind, and each kind as it exists already, to be watched."""

from __future__ import annotations

from sm_constructs import (
    AsyncEndpoint,
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
    Variant,
)

IMAGE = ContainerImage.from_uri("123456789012.dkr.ecr.eu-west-1.amazonaws.com/scorer:1.4")
CONTAINER = Container(IMAGE, model_data=ModelData.from_uri("s3://models/churn/model.tar.gz"))
M5 = Instances("ml.m5.xlarge")
G5 = Instances("ml.g5.12xlarge")
SCALING = Scaling(1, 4, policies=[TargetTracking.invocations_per_instance(70)])
BOTH = [Container(IMAGE, hostname="a"), Container(IMAGE, hostname="b")]


def real_time(stack):
    return RealTimeEndpoint(stack, "RealTime", container=CONTAINER, instances=G5)


def serverless(stack):
    return ServerlessEndpoint(
        stack, "Serverless", container=CONTAINER, memory_mb=2048, max_concurrency=20, provisioned_concurrency=2
    )


def asynchronous(stack):
    output = S3Location("answers", "out/")
    return AsyncEndpoint(stack, "Async", container=CONTAINER, instances=G5, output=output, scaling=Scaling(0, 5))


def multi_model(stack):
    models = ModelData.from_s3_prefix("models", "tenants/")
    return MultiModelEndpoint(stack, "MultiModel", container=Container(IMAGE), models=models, instances=M5)


def multi_container(stack):
    return MultiContainerEndpoint(stack, "MultiContainer", containers=BOTH, instances=M5)


def pipeline(stack):
    return PipelineEndpoint(stack, "Pipeline", containers=BOTH, instances=M5)


def multi_variant(stack):
    variants = [
        Variant("champion", container=CONTAINER, instances=M5, scaling=SCALING),
        Variant("challenger", container=CONTAINER, instances=Instances("ml.m5.large")),
    ]
    return MultiVariantEndpoint(stack, "MultiVariant", variants=variants)


def inference_components(stack):
    components = [
        InferenceComponent("llama", container=CONTAINER, memory_mb=1024, scaling=Scaling(0, 4, policies=[COPIES])),
        InferenceComponent("mistral", container=CONTAINER, memory_mb=1024, copies=2),
    ]
    return InferenceComponentEndpoint(stack, "Components", instances=G5, components=components)


COPIES = TargetTracking.invocations_per_copy(20)
MADE = {
    make.__name__: make
    for make in (
        real_time,
        serverless,
        asynchronous,
        multi_model,
        multi_container,
        pipeline,
        multi_variant,
        inference_components,
    )
}
EXISTING = {
    "real_time": RealTimeEndpoint,
    "serverless": ServerlessEndpoint,
    "asynchronous": AsyncEndpoint,
    "multi_model": MultiModelEndpoint,
    "multi_container": MultiContainerEndpoint,
    "pipeline": PipelineEndpoint,
    "multi_variant": MultiVariantEndpoint,
    "inference_components": InferenceComponentEndpoint,
}
