"""The variants of an endpoint configuration, written as the CDK's L1 constructs take them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sm_constructs.durations import seconds
from sm_constructs.endpoints.observing import render_core_dump
from sm_constructs.instances import PrefixAwareRouting

if TYPE_CHECKING:
    from sm_constructs.binding import Properties, Site
    from sm_constructs.components import ScaleIn
    from sm_constructs.instances import Instances
    from sm_constructs.scaling import Scaling
    from sm_constructs.spec import Serverless, VariantSpec


def render_variant(variant: VariantSpec, model_name: str | None, site: Site) -> Properties:
    """Write a variant; without a model its instances are scaled for the inference components that they carry."""
    properties: Properties = {"variantName": variant.name}
    if model_name is not None:
        properties["modelName"] = model_name
        properties["initialVariantWeight"] = variant.weight
    if variant.serverless is not None:
        properties["serverlessConfig"] = _render_serverless(variant.serverless)
    if variant.instances is not None:
        properties |= _render_instances(variant.instances)
        properties |= render_core_dump(variant.instances, site)
    if model_name is None and variant.scaling is not None:
        properties["managedInstanceScaling"] = _render_managed_scaling(variant.scaling, variant.scale_in)
    return properties


def _render_serverless(serverless: Serverless) -> Properties:
    properties: Properties = {"memorySizeInMb": serverless.memory_mb, "maxConcurrency": serverless.max_concurrency}
    if serverless.provisioned_concurrency is not None:
        properties["provisionedConcurrency"] = serverless.provisioned_concurrency
    return properties


def _render_managed_scaling(scaling: Scaling, scale_in: ScaleIn | None) -> Properties:
    properties: Properties = {
        "status": "ENABLED",
        "minInstanceCount": scaling.min_capacity,
        "maxInstanceCount": scaling.max_capacity,
    }
    if scale_in is not None:
        cooldown = seconds(scale_in.cooldown)
        policy = {
            "strategy": scale_in.strategy,
            "maximumStepSize": scale_in.most_at_once,
            "cooldownInMinutes": None if cooldown is None else cooldown / 60,
        }
        properties["scaleInPolicy"] = {name: value for name, value in policy.items() if value is not None}
    return properties


def _render_instances(instances: Instances) -> Properties:
    properties: Properties = {"initialInstanceCount": instances.count}
    if instances.pools:
        properties["instancePools"] = [
            {"instanceType": name, "priority": priority} for priority, name in enumerate(instances.types, start=1)
        ]
    else:
        properties["instanceType"] = instances.type
    optional = {
        "volumeSizeInGb": instances.volume_gb,
        "modelDataDownloadTimeoutInSeconds": seconds(instances.model_download_timeout),
        "containerStartupHealthCheckTimeoutInSeconds": seconds(instances.startup_timeout),
        "inferenceAmiVersion": instances.ami_version,
        "enableSsmAccess": instances.ssm_access,
        "variantInstanceProvisionTimeoutInSeconds": seconds(instances.provision_timeout),
    }
    properties |= {name: value for name, value in optional.items() if value is not None}
    if isinstance(instances.routing, PrefixAwareRouting):
        properties["routingConfig"] = {
            "routingStrategy": "PREFIX_AWARE",
            "prefixAwareRoutingConfig": {
                "prefixLength": instances.routing.prefix_length,
                "concurrencyThreshold": instances.routing.concurrency_threshold,
            },
        }
    elif instances.routing is not None:
        properties["routingConfig"] = {"routingStrategy": instances.routing}
    if instances.capacity_reservation is not None:
        properties["capacityReservationConfig"] = {
            "capacityReservationPreference": "capacity-reservations-only",
            "mlReservationArn": instances.capacity_reservation,
        }
    return properties
