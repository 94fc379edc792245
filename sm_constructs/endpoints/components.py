"""Inference components, and how their copies scale."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import aws_sagemaker as sagemaker

from sm_constructs.durations import seconds
from sm_constructs.endpoints.deployment import render_rollout
from sm_constructs.endpoints.naming import physical_name
from sm_constructs.endpoints.scaling import Scaled
from sm_constructs.facts import limit
from sm_constructs.l1 import make
from sm_constructs.scaling import COPIES

if TYPE_CHECKING:
    from constructs import Construct

    from sm_constructs.binding import Properties
    from sm_constructs.components import InferenceComponent


def render_component(
    scope: Construct,
    component: InferenceComponent,
    *,
    endpoint_name: str,
    variant_name: str,
    model: sagemaker.CfnModel | None,
    base: sagemaker.CfnInferenceComponent | None,
    adapter_url: str | None,
) -> sagemaker.CfnInferenceComponent:
    """Make an inference component on a variant; with a model, or with a base and the archive of its adapter.

    It has a physical name, which callers put into their requests and Application Auto Scaling into its resource ids;
    CloudFormation gives only the ARN back. Every property of a component can be updated in place, so that the name
    stands in the way of nothing.
    """
    specification: Properties = {}
    if model is not None:
        specification["modelName"] = model.attr_model_name
    if base is not None:
        specification["baseInferenceComponentName"] = base.inference_component_name
    if adapter_url is not None:
        specification["container"] = {"artifactUrl": adapter_url}
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
    if component.cache_data is not None:
        specification["dataCacheConfig"] = {"enableCaching": component.cache_data}
    if component.placement is not None:
        specification["schedulingConfig"] = _render_placement(component.placement, component.zone_imbalance)
    made = make(
        sagemaker.CfnInferenceComponent,
        scope,
        f"Component-{component.name}",
        inference_component_name=physical_name(scope, component.name, limit("inference_component", "name")["max"]),
        endpoint_name=endpoint_name,
        variant_name=variant_name,
        specification=specification,
        runtime_config=None if component.base is not None else {"copyCount": component.copies},
        deployment_config=None if component.rollout is None else render_rollout(component.rollout),
    )
    if base is not None:
        made.add_resource_dependency(base)
    return made


def _render_placement(placement: str, zone_imbalance: int | None) -> Properties:
    # CloudFormation wants the balance, which the API does not; there is one mode.
    balance: Properties = {"enforcementMode": "PERMISSIVE"}
    if zone_imbalance is not None:
        balance["maxImbalance"] = zone_imbalance
    return {"placementStrategy": placement, "availabilityZoneBalance": balance}


def scaled_component(component: InferenceComponent, made: sagemaker.CfnInferenceComponent) -> Scaled:
    """Say what of a component scales."""
    name = str(made.inference_component_name)
    return Scaled(
        name=component.name,
        resource_id=f"inference-component/{name}",
        dimension=COPIES,
        dimensions={"InferenceComponentName": name},
        from_zero="autoscaling/ic_scale_from_zero_alarm",
        after=made,
    )
