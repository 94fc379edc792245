"""Inference components, and how their copies scale."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import Names
from aws_cdk import aws_sagemaker as sagemaker

from sm_constructs.binding import bind_model_data
from sm_constructs.durations import seconds
from sm_constructs.endpoints.scaling import Scaled
from sm_constructs.facts import limit
from sm_constructs.scaling import COPIES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from constructs import Construct

    from sm_constructs.binding import Properties, Site
    from sm_constructs.components import InferenceComponent
    from sm_constructs.model_data import ModelData
    from sm_constructs.packing import Packed


def render_component(
    scope: Construct,
    site: Site,
    endpoint_name: str,
    variant_name: str,
    component: InferenceComponent,
    models: Mapping[str, sagemaker.CfnModel],
    earlier: Mapping[str, sagemaker.CfnInferenceComponent],
    packed: Mapping[ModelData, Packed],
) -> sagemaker.CfnInferenceComponent:
    """Make an inference component on a variant.

    It has a physical name, which callers put into their requests and Application Auto Scaling into its resource ids;
    CloudFormation gives only the ARN back. Every property of a component can be updated in place, so that the name
    stands in the way of nothing.
    """
    specification: Properties = {}
    if component.container is not None:
        specification["modelName"] = models[f"Model-{component.name}"].attr_model_name
    if component.base is not None:
        specification["baseInferenceComponentName"] = earlier[component.base].inference_component_name
    if component.adapter is not None:
        bound = bind_model_data(scope, site, component.adapter, packed, f"Adapter-{component.name}")
        specification["container"] = {"artifactUrl": bound.properties["modelDataUrl"]}
    needed = {
        "minMemoryRequiredInMb": component.memory_mb,
        "maxMemoryRequiredInMb": component.max_memory_mb,
        "numberOfCpuCoresRequired": component.cpus,
        "numberOfAcceleratorDevicesRequired": component.accelerators,
    }
    if given := {name: value for name, value in needed.items() if value is not None}:
        specification["computeResourceRequirements"] = given
    start = {
        "modelDataDownloadTimeoutInSeconds": seconds(component.model_download_timeout),
        "containerStartupHealthCheckTimeoutInSeconds": seconds(component.startup_timeout),
    }
    if given := {name: value for name, value in start.items() if value is not None}:
        specification["startupParameters"] = given
    return sagemaker.CfnInferenceComponent(
        scope,
        f"Component-{component.name}",
        inference_component_name=_physical_name(scope, component.name),
        endpoint_name=endpoint_name,
        variant_name=variant_name,
        specification=specification,
        runtime_config=None if component.base is not None else {"copyCount": component.copies},
    )


def _physical_name(scope: Construct, name: str) -> str:
    """Name a component uniquely in its account and region, ending in the name that the user gave it."""
    longest = limit("inference_component", "name")["max"]
    before = Names.unique_resource_name(scope, max_length=longest - len(name) - 1, separator="-")
    return f"{before}-{name}"


def scaled_component(component: InferenceComponent, made: sagemaker.CfnInferenceComponent) -> Scaled:
    """Say what of a component scales."""
    # The ARN, not the name, so that Application Auto Scaling waits for the component.
    name = str(made.inference_component_name)
    return Scaled(
        name=component.name,
        resource_id=f"inference-component/{name}",
        dimension=COPIES,
        dimensions={"InferenceComponentName": name},
        from_zero="autoscaling/ic_scale_from_zero_alarm",
    )
