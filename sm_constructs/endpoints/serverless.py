"""Serverless inference: an endpoint without instances, for traffic that comes and goes."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from sm_constructs.alarms import ServerlessAlarms
from sm_constructs.endpoints.base import HostingEndpoint, ImportedEndpoint
from sm_constructs.endpoints.options import spec_of
from sm_constructs.spec import ModelSpec, Serverless, VariantSpec

if TYPE_CHECKING:
    from aws_cdk import aws_iam as iam
    from aws_cdk import aws_kms as kms
    from constructs import Construct

    from sm_constructs.containers import Container
    from sm_constructs.endpoints.options import EndpointOptions
    from sm_constructs.scaling import Scaling

_NAMES = {"variants[0].model.containers[0]": "container", "variants[0].serverless.": "", "variants[0].": ""}


class ImportedServerlessEndpoint(ImportedEndpoint, ServerlessAlarms):
    """An endpoint of this kind that exists already."""


class ServerlessEndpoint(HostingEndpoint, ServerlessAlarms):
    """One model behind a serverless endpoint: nothing runs, and nothing is paid for, while nobody asks.

    AWS excludes GPUs, a VPC, network isolation, data capture, several variants, multi-model and multi-container
    endpoints, pipelines, model packages from AWS Marketplace and private registries; there are no arguments for them.

    Parameters
    ----------
    scope : Construct
        The stack, or whatever it is part of.
    id : str
        Its id there.
    container : Container
        What runs; the image has at most 10 GB.
    memory_mb : int
        The memory in MB: 1024, 2048, 3072, 4096, 5120 or 6144. The vCPUs are in proportion.
    max_concurrency : int
        How many requests are answered at once, 1 to 200; more are throttled.
    provisioned_concurrency : int, optional
        How many are answered without a cold start, 1 to `max_concurrency`. Default: none.
    scaling : Scaling, optional
        How `provisioned_concurrency` follows the load or a schedule. Default: it stays as it is.
    endpoint_name : str, optional
        The name of the endpoint: 1 to 63 letters, digits and hyphens. Default: CloudFormation makes one.
    role : IRole, optional
        The execution role. It gets the permissions that it lacks, unless it is imported as immutable. Default: a role
        of its own, with just what its container needs.
    encryption_key : IKey, optional
        The KMS key that encrypts the copy of the image. Default: an AWS managed key.
    revision : str, optional
        Says that the bytes behind an unchanged S3 key or image tag are new; see `EndpointOptions`. Default: none.

    Raises
    ------
    InvalidHosting
        AWS would refuse it; the error has every reason, and nothing was created.

    Examples
    --------
    >>> ServerlessEndpoint(
    ...     stack,
    ...     "Churn",
    ...     container=Container(ContainerImage.from_framework("sklearn", "1.2-1"), model_data=model_data),
    ...     memory_mb=2048,
    ...     max_concurrency=20,
    ...     provisioned_concurrency=2,
    ...     scaling=Scaling(1, 10, policies=[TargetTracking.provisioned_concurrency_utilization(0.7)]),
    ... )

    See Also
    --------
    AWS: "Deploy models with Amazon SageMaker Serverless Inference" in the SageMaker developer guide.
    """

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        container: Container,
        memory_mb: int,
        max_concurrency: int,
        provisioned_concurrency: int | None = None,
        scaling: Scaling | None = None,
        endpoint_name: str | None = None,
        role: iam.IRole | None = None,
        encryption_key: kms.IKey | None = None,
        revision: str | None = None,
    ) -> None:
        variant = VariantSpec(
            model=ModelSpec(containers=(container,)),
            serverless=Serverless(
                memory_mb=memory_mb,
                max_concurrency=max_concurrency,
                provisioned_concurrency=provisioned_concurrency,
            ),
            scaling=scaling,
        )
        given = {"endpoint_name": endpoint_name, "role": role, "encryption_key": encryption_key, "revision": revision}
        options = cast("EndpointOptions", {name: value for name, value in given.items() if value is not None})
        super().__init__(scope, id, spec_of(scope, "serverless", variant, options=options), _NAMES)

    @staticmethod
    def from_endpoint_name(scope: Construct, id: str, endpoint_name: str) -> ImportedServerlessEndpoint:
        """Take an endpoint that exists already; see `RealTimeEndpoint.from_endpoint_name`."""
        return ImportedServerlessEndpoint(scope, id, endpoint_name)
