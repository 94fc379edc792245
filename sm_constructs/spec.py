"""The plain description of one endpoint, made of value objects.

A construct gathers its arguments into a spec, the rules check it, the renderer makes resources of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from aws_cdk import aws_iam as iam
    from aws_cdk import aws_kms as kms

    from sm_constructs.containers import Container, ModelPackage
    from sm_constructs.instances import Instances
    from sm_constructs.network import Network
    from sm_constructs.scaling import Scaling

EndpointKind = Literal["real-time"]
"""How an endpoint serves."""

SINGLE_VARIANT = "AllTraffic"
"""The name of the variant where there is only one; the name that the SageMaker SDK uses too."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VariantSpec:
    """One production variant: what runs, on what, with which share of the traffic."""

    name: str = SINGLE_VARIANT
    containers: tuple[Container | ModelPackage, ...]
    instances: Instances
    weight: float = 1.0
    scaling: Scaling | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EndpointSpec:
    """One endpoint.

    Attributes
    ----------
    kind : EndpointKind
        How it serves.
    variants : tuple[VariantSpec, ...]
        Its production variants.
    endpoint_name, role, network, encryption_key, retain_capacity
        As the arguments of the constructs.
    region : str | None
        The region it will be in, where that is known before deployment.
    """

    kind: EndpointKind
    variants: tuple[VariantSpec, ...]
    endpoint_name: str | None = None
    role: iam.IRole | None = None
    network: Network | None = None
    encryption_key: kms.IKey | None = None
    retain_capacity: bool | None = None
    region: str | None = None
