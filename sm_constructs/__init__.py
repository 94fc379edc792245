"""AWS CDK constructs that serve models on Amazon SageMaker: one construct, one way of serving."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sm_constructs.containers import Container, ContainerImage, ModelPackage
    from sm_constructs.endpoints.options import EndpointOptions
    from sm_constructs.endpoints.real_time import RealTimeEndpoint
    from sm_constructs.instances import Instances, PrefixAwareRouting
    from sm_constructs.model_data import ModelData, S3Location
    from sm_constructs.network import Network
    from sm_constructs.problems import InvalidHosting, Problem
    from sm_constructs.scaling import Scaling, ScheduledCapacity, TargetTracking

__version__ = "0.1.0"

# Names are imported when they are first used (PEP 562): the value objects start no Node, the constructs do.
_HOMES = {
    "Container": "containers",
    "ContainerImage": "containers",
    "EndpointOptions": "endpoints.options",
    "Instances": "instances",
    "InvalidHosting": "problems",
    "ModelData": "model_data",
    "ModelPackage": "containers",
    "Network": "network",
    "PrefixAwareRouting": "instances",
    "Problem": "problems",
    "RealTimeEndpoint": "endpoints.real_time",
    "S3Location": "model_data",
    "Scaling": "scaling",
    "ScheduledCapacity": "scaling",
    "TargetTracking": "scaling",
}

__all__ = [
    "Container",
    "ContainerImage",
    "EndpointOptions",
    "Instances",
    "InvalidHosting",
    "ModelData",
    "ModelPackage",
    "Network",
    "PrefixAwareRouting",
    "Problem",
    "RealTimeEndpoint",
    "S3Location",
    "Scaling",
    "ScheduledCapacity",
    "TargetTracking",
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
