"""The options that all kinds of endpoints share, written and documented once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from typing_extensions import TypedDict

from sm_constructs.spec import EndpointSpec

if TYPE_CHECKING:
    from aws_cdk import aws_iam as iam
    from aws_cdk import aws_kms as kms
    from constructs import Construct

    from sm_constructs.components import InferenceComponent
    from sm_constructs.network import Network
    from sm_constructs.spec import AsyncInference, EndpointKind, VariantSpec


class EndpointOptions(TypedDict, total=False):
    """What may be said of any endpoint.

    Attributes
    ----------
    endpoint_name : str
        The name of the endpoint: 1 to 63 letters, digits and hyphens. Default: CloudFormation makes one.
    role : IRole
        The execution role. It gets the permissions that it lacks, unless it is imported as immutable.
        Default: a role of its own, with just what its containers need.
    network : Network
        A VPC for the containers, network isolation, or both. Default: SageMaker's own network.
    encryption_key : IKey
        The KMS key that encrypts the EBS volumes of the instances. Default: an AWS managed key.
    retain_capacity : bool
        Whether an update keeps the instance counts that autoscaling chose, instead of going back to the
        initial counts; weights follow the template in either case. Default: yes with autoscaling, else no.
        AWS: "Update an endpoint", ``UpdateEndpoint.RetainAllVariantProperties``.
    """

    endpoint_name: str
    role: iam.IRole
    network: Network
    encryption_key: kms.IKey
    retain_capacity: bool


def spec_of(
    scope: Construct,
    kind: EndpointKind,
    *variants: VariantSpec,
    options: EndpointOptions,
    shadow: VariantSpec | None = None,
    asynchronous: AsyncInference | None = None,
    components: tuple[InferenceComponent, ...] = (),
) -> EndpointSpec:
    """Gather what was said of an endpoint, with its network settled and its region looked up."""
    from sm_constructs.binding import settle_network, site_of

    if "network" in options:
        options["network"] = settle_network(options["network"])
    site = site_of(scope)
    return EndpointSpec(
        kind=kind,
        variants=variants,
        shadow=shadow,
        asynchronous=asynchronous,
        components=components,
        region=site.region,
        account=site.account,
        **options,
    )
