"""AWS CDK constructs that serve models on Amazon SageMaker: one construct, one way of serving."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sm_constructs.batch_transform import BatchTransform
    from sm_constructs.checking import check_template
    from sm_constructs.components import InferenceComponent, ScaleIn
    from sm_constructs.containers import Container, ContainerImage, ModelPackage
    from sm_constructs.dashboard import EndpointDashboard
    from sm_constructs.data_capture import DataCapture
    from sm_constructs.endpoints.asynchronous import AsyncEndpoint
    from sm_constructs.endpoints.inference_components import InferenceComponentEndpoint
    from sm_constructs.endpoints.multi_container import MultiContainerEndpoint
    from sm_constructs.endpoints.multi_model import MultiModelEndpoint
    from sm_constructs.endpoints.multi_variant import MultiVariantEndpoint
    from sm_constructs.endpoints.options import EndpointOptions
    from sm_constructs.endpoints.pipeline import PipelineEndpoint
    from sm_constructs.endpoints.real_time import RealTimeEndpoint
    from sm_constructs.endpoints.serverless import ServerlessEndpoint
    from sm_constructs.explainer import ClarifyExplainer
    from sm_constructs.instances import Instances, PrefixAwareRouting
    from sm_constructs.metrics_config import MetricsConfig
    from sm_constructs.model_data import ModelData, S3Location
    from sm_constructs.network import Network
    from sm_constructs.problems import InvalidHosting, Problem
    from sm_constructs.rollout import Rollout
    from sm_constructs.scaling import Scaling, ScheduledCapacity, TargetTracking
    from sm_constructs.scaling_metrics import CustomMetric
    from sm_constructs.step_scaling import Step, StepScaling
    from sm_constructs.transform import (
        BatchDataCapture,
        DataProcessing,
        TransformInput,
        TransformOptions,
        TransformOutput,
        TransformSchedule,
    )
    from sm_constructs.validation import HostingRules
    from sm_constructs.variants import Variant

__version__ = "0.1.0"

# Names are imported when they are first used (PEP 562): the value objects start no Node, the constructs do.
_HOMES = {
    "AsyncEndpoint": "endpoints.asynchronous",
    "BatchDataCapture": "transform",
    "BatchTransform": "batch_transform",
    "ClarifyExplainer": "explainer",
    "Container": "containers",
    "ContainerImage": "containers",
    "CustomMetric": "scaling_metrics",
    "DataCapture": "data_capture",
    "DataProcessing": "transform",
    "EndpointDashboard": "dashboard",
    "EndpointOptions": "endpoints.options",
    "HostingRules": "validation",
    "InferenceComponent": "components",
    "InferenceComponentEndpoint": "endpoints.inference_components",
    "Instances": "instances",
    "InvalidHosting": "problems",
    "MetricsConfig": "metrics_config",
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
    "Rollout": "rollout",
    "S3Location": "model_data",
    "ScaleIn": "components",
    "Scaling": "scaling",
    "ScheduledCapacity": "scaling",
    "ServerlessEndpoint": "endpoints.serverless",
    "Step": "step_scaling",
    "StepScaling": "step_scaling",
    "TargetTracking": "scaling",
    "TransformInput": "transform",
    "TransformOptions": "transform",
    "TransformOutput": "transform",
    "TransformSchedule": "transform",
    "Variant": "variants",
    "check_template": "checking",
}

__all__ = [
    "AsyncEndpoint",
    "BatchDataCapture",
    "BatchTransform",
    "ClarifyExplainer",
    "Container",
    "ContainerImage",
    "CustomMetric",
    "DataCapture",
    "DataProcessing",
    "EndpointDashboard",
    "EndpointOptions",
    "HostingRules",
    "InferenceComponent",
    "InferenceComponentEndpoint",
    "Instances",
    "InvalidHosting",
    "MetricsConfig",
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
    "Rollout",
    "S3Location",
    "ScaleIn",
    "Scaling",
    "ScheduledCapacity",
    "ServerlessEndpoint",
    "Step",
    "StepScaling",
    "TargetTracking",
    "TransformInput",
    "TransformOptions",
    "TransformOutput",
    "TransformSchedule",
    "Variant",
    "check_template",
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
