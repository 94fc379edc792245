"""Inference components."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sm_constructs.components import InferenceComponent
from sm_constructs.containers import Container, ContainerImage, UriImage
from sm_constructs.reading.deployment import read_rollout
from sm_constructs.reading.intrinsics import token
from sm_constructs.reading.models import read_archive, read_model, unknown_model
from sm_constructs.reading.nodes import Found, made, several
from sm_constructs.reading.resources import COMPONENT
from sm_constructs.reading.variants import model_of
from sm_constructs.scaling import COPIES
from sm_constructs.spec import ModelSpec

if TYPE_CHECKING:
    from sm_constructs.reading.nodes import Node
    from sm_constructs.reading.resources import Resource, Template
    from sm_constructs.reading.scaling import Autoscaling


def read_component(resource: Resource, template: Template, autoscaling: Autoscaling) -> Found[InferenceComponent]:
    """Read an inference component; its name is the physical one."""
    resource["EndpointName"].mark()
    resource["VariantName"].mark()
    specification = resource["Specification"]
    if not specification:  # one for each instance type; the first stands for all
        specification = next(iter(resource["Specifications"].entries()), specification)
    needed, start = specification["ComputeResourceRequirements"], specification["StartupParameters"]
    base = specification["BaseInferenceComponentName"].text()
    its_base = template.referred(COMPONENT, base.value)
    parts: dict[str, Found[Any]] = {
        "name": _name(resource),
        "base": base if its_base is None else Found(_name(its_base).value, base),
        "copies": resource["RuntimeConfig"]["CopyCount"].number(),
        "memory_mb": needed["MinMemoryRequiredInMb"].number(),
        "max_memory_mb": needed["MaxMemoryRequiredInMb"].number(),
        "cpus": needed["NumberOfCpuCoresRequired"].number(),
        "accelerators": needed["NumberOfAcceleratorDevicesRequired"].number(),
        "model_download_timeout": start["ModelDataDownloadTimeoutInSeconds"].time(),
        "startup_timeout": start["ContainerStartupHealthCheckTimeoutInSeconds"].time(),
        "scaling": autoscaling.read(resource, "", COPIES),
        "rollout": read_rollout(resource["DeploymentConfig"]),
        "cache_data": specification["DataCacheConfig"]["EnableCaching"].flag(),
        "placement": specification["SchedulingConfig"]["PlacementStrategy"].text(),
        "zone_imbalance": _read_imbalance(specification["SchedulingConfig"]["AvailabilityZoneBalance"]),
    }
    own = specification["Container"]
    if specification.is_intrinsic:
        unknown = unknown_model(specification)
        parts["container"] = Found(unknown.value.containers[0], unknown)
    elif specification["ModelName"]:
        parts["container"] = _read_container(specification, template)
    elif base.value is not None:
        parts["adapter"] = read_archive(own["ArtifactUrl"])
    elif own:
        parts["container"] = _read_own_container(own)
    found = made(InferenceComponent, resource, **parts)
    if "container" not in parts:
        return found
    # The rules name the container also as that of the component's model.
    container = parts["container"]
    model = made(ModelSpec, container, containers=several(container, [container]))
    return Found(found.value, found, {**found.parts, "model": model})


def _read_imbalance(node: Node) -> Found[float | None]:
    node["EnforcementMode"].says("PERMISSIVE")
    return node["MaxImbalance"].number()


def _name(resource: Resource) -> Found[str]:
    name = resource["InferenceComponentName"].text()
    return Found(token(resource.id) if name.value is None else name.value, name)


def _read_container(node: Node, template: Template) -> Found[Any]:
    """Read the only container of a model."""
    model = model_of(node, template)
    containers = None if model is None else read_model(model).parts["containers"]
    if model is not None and containers is not None and len(containers.value) == 1:
        return containers.parts["0"]
    if model is not None:
        model.unmark()
    unknown = unknown_model(node["ModelName"])
    return Found(unknown.value.containers[0], unknown)


def _read_own_container(node: Node) -> Found[Container]:
    """Read a container that stands in the component itself, not in a model."""
    image = node["Image"].text()
    return made(
        Container,
        node,
        image=Found(ContainerImage() if image.value is None else UriImage(image.value), image),
        model_data=read_archive(node["ArtifactUrl"]),
        environment=node["Environment"].mapping(),
    )
