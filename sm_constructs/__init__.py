"""AWS CDK constructs that serve models on Amazon SageMaker: one construct, one way of serving."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sm_constructs.batch_transform import BatchTransform
    from sm_constructs.components import InferenceComponent
    from sm_constructs.containers import Container, ContainerImage, ModelPackage
    from sm_constructs.endpoints.asynchronous import AsyncEndpoint
    from sm_constructs.endpoints.inference_components import InferenceComponentEndpoint
    from sm_constructs.endpoints.multi_container import MultiContainerEndpoint
    from sm_constructs.endpoints.multi_model import MultiModelEndpoint
    from sm_constructs.endpoints.multi_variant import MultiVariantEndpoint
    from sm_constructs.endpoints.options import EndpointOptions
    from sm_constructs.endpoints.pipeline import PipelineEndpoint
    from sm_constructs.endpoints.real_time import RealTimeEndpoint
    from sm_constructs.endpoints.serverless import ServerlessEndpoint
    from sm_constructs.instances import Instances, PrefixAwareRouting
    from sm_constructs.model_data import ModelData, S3Location
    from sm_constructs.network import Network
    from sm_constructs.problems import InvalidHosting, Problem
    from sm_constructs.scaling import Scaling, ScheduledCapacity, TargetTracking
    from sm_constructs.transform import (
        BatchDataCapture,
        DataProcessing,
        TransformInput,
        TransformOptions,
        TransformOutput,
        TransformSchedule,
    )
    from sm_constructs.variants import Variant

__version__ = "0.1.0"

# Names are imported when they are first used (PEP 562): the value objects start no Node, the constructs do.
_HOMES = {
    "AsyncEndpoint": "endpoints.asynchronous",
    "BatchDataCapture": "transform",
    "BatchTransform": "batch_transform",
    "Container": "containers",
    "ContainerImage": "containers",
    "DataProcessing": "transform",
    "EndpointOptions": "endpoints.options",
    "InferenceComponent": "components",
    "InferenceComponentEndpoint": "endpoints.inference_components",
    "Instances": "instances",
    "InvalidHosting": "problems",
    "ModelData": "model_data",
    "ModelPackage": "containers",
    "MultiContainerEndpoint": "endpoints.multi_container",
    "MultiModelEndpoint": "endpoints.multi_model",
    "MultiVariantEndpoint": "endpoints.multi_variant",
    "Network": "network",
    "PipelineEndpoint": "endpoints.pipeline",
    "PrefixAwareRouting": "instances",
    "Problem": "problems",
    "RealTimeEndpoint": "endpoints.real_time",
    "S3Location": "model_data",
    "Scaling": "scaling",
    "ScheduledCapacity": "scaling",
    "ServerlessEndpoint": "endpoints.serverless",
    "TargetTracking": "scaling",
    "TransformInput": "transform",
    "TransformOptions": "transform",
    "TransformOutput": "transform",
    "TransformSchedule": "transform",
    "Variant": "variants",
}

__all__ = [
    "AsyncEndpoint",
    "BatchDataCapture",
    "BatchTransform",
    "Container",
    "ContainerImage",
    "DataProcessing",
    "EndpointOptions",
    "InferenceComponent",
    "InferenceComponentEndpoint",
    "Instances",
    "InvalidHosting",
    "ModelData",
    "ModelPackage",
    "MultiContainerEndpoint",
    "MultiModelEndpoint",
    "MultiVariantEndpoint",
    "Network",
    "PipelineEndpoint",
    "PrefixAwareRouting",
    "Problem",
    "RealTimeEndpoint",
    "S3Location",
    "Scaling",
    "ScheduledCapacity",
    "ServerlessEndpoint",
    "TargetTracking",
    "TransformInput",
    "TransformOptions",
    "TransformOutput",
    "TransformSchedule",
    "Variant",
]


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        message = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(message)
    value: object = getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
