"""Variants: what runs, on what."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sm_constructs.components import ScaleIn
from sm_constructs.instances import Instances, PrefixAwareRouting
from sm_constructs.reading.models import read_location, read_model, unknown_model
from sm_constructs.reading.nodes import Found, Node, Table, made, nothing, several
from sm_constructs.reading.resources import MODEL
from sm_constructs.scaling import INSTANCES, PROVISIONED_CONCURRENCY, Scaling
from sm_constructs.spec import Serverless, VariantSpec

if TYPE_CHECKING:
    from sm_constructs.reading.resources import Resource, Template
    from sm_constructs.reading.scaling import Autoscaling


def model_of(node: Node, template: Template) -> Resource | None:
    """Give the model of a variant or of a component, if it is in the template."""
    return template.referred(MODEL, node["ModelName"].text().value)


def read_variant(
    node: Node, template: Template, autoscaling: Autoscaling, endpoint: Resource | None
) -> Found[VariantSpec]:
    """Read a variant."""
    serverless, name = node["ServerlessConfig"], node["VariantName"].text()
    parts: dict[str, Found[Any]] = {"name": name, "weight": node["InitialVariantWeight"].number()}
    if node["ModelName"]:
        model = model_of(node, template)
        parts["model"] = unknown_model(node["ModelName"]) if model is None else read_model(model)
        if endpoint is not None and name.value is not None:
            dimension = PROVISIONED_CONCURRENCY if serverless else INSTANCES
            parts["scaling"] = autoscaling.read(endpoint, name.value, dimension)
    else:
        parts["scaling"] = _read_managed_scaling(node["ManagedInstanceScaling"])
        parts["scale_in"] = _read_scale_in(node["ManagedInstanceScaling"]["ScaleInPolicy"])
    if serverless:
        parts["serverless"] = made(
            Serverless,
            serverless,
            memory_mb=serverless["MemorySizeInMB"].number(),
            max_concurrency=serverless["MaxConcurrency"].number(),
            provisioned_concurrency=serverless["ProvisionedConcurrency"].number(),
        )
    if not serverless or any(node[each] for each in ("InstanceType", "InitialInstanceCount", "InstancePools")):
        parts["instances"] = _read_instances(node)
    return made(VariantSpec, node, **parts)


def _read_managed_scaling(node: Node) -> Found[Any]:
    if not node["Status"].says("ENABLED"):
        return nothing(node)
    return made(
        Scaling,
        node,
        min_capacity=node["MinInstanceCount"].number(),
        max_capacity=node["MaxInstanceCount"].number(),
    )


def _read_scale_in(node: Node) -> Found[Any]:
    strategy, cooldown = node["Strategy"].text(), node["CooldownInMinutes"]
    if strategy.value is None:
        return nothing(node)
    return made(
        ScaleIn,
        node,
        strategy=strategy,
        most_at_once=node["MaximumStepSize"].number(),
        cooldown=cooldown.time(unit=60),
    )


def _read_instances(node: Node) -> Found[Instances]:
    pools = sorted(node["InstancePools"].entries(), key=lambda pool: pool["Priority"].number().value or 0)
    types = [pool["InstanceType"].text() for pool in pools] or [node["InstanceType"].text()]
    parts: dict[str, Found[Any]] = {"type": types[0], "pools": several(node["InstancePools"], types[1:])}
    if reservation := node["CapacityReservationConfig"]:
        reservation["CapacityReservationPreference"].says("capacity-reservations-only")
        parts["capacity_reservation"] = reservation["MlReservationArn"].text()
    if dump := node["CoreDumpConfig"]:
        parts["core_dump"] = read_location(dump["DestinationS3Uri"])
        parts["core_dump_key"] = dump["KmsKeyId"].text()
    return made(Instances, node, (node, _INSTANCES), **parts)


def _read_routing(node: Node) -> Found[Any]:
    strategy, prefix = node["RoutingStrategy"].text(), node["PrefixAwareRoutingConfig"]
    if strategy.value != "PREFIX_AWARE" or not prefix:
        return strategy
    return made(
        PrefixAwareRouting,
        node,
        prefix_length=prefix["PrefixLength"].number(),
        concurrency_threshold=prefix["ConcurrencyThreshold"].number(),
    )


_INSTANCES = Table(
    count=("InitialInstanceCount", Node.number),
    volume_gb=("VolumeSizeInGB", Node.number),
    model_download_timeout=("ModelDataDownloadTimeoutInSeconds", Node.time),
    startup_timeout=("ContainerStartupHealthCheckTimeoutInSeconds", Node.time),
    ami_version=("InferenceAmiVersion", Node.text),
    routing=("RoutingConfig", _read_routing),
    ssm_access=("EnableSSMAccess", Node.flag),
    provision_timeout=("VariantInstanceProvisionTimeoutInSeconds", Node.time),
)
