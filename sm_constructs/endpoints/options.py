"""The options that all kinds of endpoints share, written and documented once."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, cast

from typing_extensions import TypedDict

from sm_constructs.spec import EndpointSpec

if TYPE_CHECKING:
    from aws_cdk import aws_iam as iam
    from aws_cdk import aws_kms as kms
    from constructs import Construct

    from sm_constructs.components import InferenceComponent
    from sm_constructs.containers import Container, ModelPackage
    from sm_constructs.data_capture import DataCapture
    from sm_constructs.explainer import ClarifyExplainer
    from sm_constructs.metrics_config import MetricsConfig
    from sm_constructs.network import Network
    from sm_constructs.rollout import Rollout
    from sm_constructs.spec import AsyncInference, EndpointKind, VariantSpec


REVISION = "SM_CONSTRUCTS_REVISION"
"""The environment variable in which the containers see the revision."""


class SpecOptions(TypedDict, total=False):
    """The options that stand in a spec as they are; see `EndpointOptions`."""

    endpoint_name: str
    role: iam.IRole
    network: Network
    encryption_key: kms.IKey
    retain_capacity: bool
    rollout: Rollout
    data_capture: DataCapture
    metrics_config: MetricsConfig
    explainer: ClarifyExplainer


class EndpointOptions(SpecOptions, total=False):
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
    rollout : Rollout
        How an update reaches the instances, and which alarms take it back; not for serverless endpoints.
        Default: SageMaker starts a second fleet and sends it all traffic at once.
    data_capture : DataCapture
        Which requests and answers are kept in S3. Default: none.
    metrics_config : MetricsConfig
        Which metrics are published beside the usual ones, and how often. Default: none, every minute.
    explainer : ClarifyExplainer
        Explains each prediction. Default: nothing does.
    revision : str
        Says that the bytes behind an unchanged S3 key or image tag are new: any other text than last time makes new
        models of the same containers, and the endpoint takes them as it takes every update, reading the artifacts and
        the image again. The containers see it as the environment variable ``SM_CONSTRUCTS_REVISION``, which is also
        the only trace of it. Going back to an earlier text does not bring the earlier bytes back. Default: none.
        AWS: ``AWS::SageMaker::Model`` is replaced where its containers change, and not where its tags do.
    """

    revision: str


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

    if options.get("network") is not None:
        options["network"] = settle_network(options["network"])
    site = site_of(scope)
    spec = EndpointSpec(
        kind=kind,
        variants=variants,
        shadow=shadow,
        asynchronous=asynchronous,
        components=components,
        region=site.region,
        account=site.account,
        **cast("SpecOptions", {name: value for name, value in options.items() if name != "revision"}),
    )
    return spec if "revision" not in options else _revised(spec, options["revision"])


def _revised(spec: EndpointSpec, revision: str) -> EndpointSpec:
    """Tell every container of the revision: what CloudFormation replaces a model for, and does no harm."""

    def container(of: Container | ModelPackage) -> Container | ModelPackage:
        return replace(of, environment={**(of.environment or {}), REVISION: revision})

    def variant(of: VariantSpec) -> VariantSpec:
        if of.model is None:
            return of
        return replace(of, model=replace(of.model, containers=tuple(map(container, of.model.containers))))

    return replace(
        spec,
        variants=tuple(map(variant, spec.variants)),
        shadow=None if spec.shadow is None else variant(spec.shadow),
        components=tuple(
            each if each.container is None else replace(each, container=container(each.container))
            for each in spec.components
        ),
    )
