"""Multi-model endpoints: many models of one framework behind one endpoint, loaded when they are asked for."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from aws_cdk import aws_iam as iam

from sm_constructs.alarms import MultiModelAlarms
from sm_constructs.endpoints.base import EndpointBase, HostingEndpoint, ImportedEndpoint
from sm_constructs.endpoints.options import spec_of
from sm_constructs.permissions import INVOKE
from sm_constructs.spec import ModelSpec, VariantSpec

if TYPE_CHECKING:
    from collections.abc import Sequence

    from constructs import Construct
    from typing_extensions import Unpack

    from sm_constructs.containers import Container
    from sm_constructs.endpoints.options import EndpointOptions
    from sm_constructs.instances import Instances
    from sm_constructs.model_data import ModelData
    from sm_constructs.scaling import Scaling

_NAMES = {
    "variants[0].model.containers[0].models": "models",
    "variants[0].model.containers[0].cache_models": "cache_models",
    "variants[0].model.containers[0]": "container",
    "variants[0].": "",
}


class FencedByModel(EndpointBase):
    """Grants that name the models that may be asked."""

    def grant_invoke(self, grantee: iam.IGrantable, *, target_models: Sequence[str] | None = None) -> iam.Grant:
        """Let somebody send requests to the endpoint and get the answers.

        Parameters
        ----------
        grantee : IGrantable
            Who: a role, a user, a Lambda function.
        target_models : Sequence[str], optional
            The models that may be asked, as they stand in ``TargetModel``; ``*`` stands for any characters. It fences
            tenants who share the endpoint. Default: all.

        Returns
        -------
        Grant
            What was granted.

        Examples
        --------
        >>> endpoint.grant_invoke(role, target_models=["tenant-a/*"])

        See Also
        --------
        AWS: "Condition keys for Amazon SageMaker", ``sagemaker:TargetModel``.
        """
        if target_models is None:
            return super().grant_invoke(grantee)
        return iam.Grant.add_to_principal(
            grantee=grantee,
            actions=[INVOKE],
            resource_arns=[self.endpoint_arn],
            conditions={"StringLike": {"sagemaker:TargetModel": list(target_models)}},
        )


class ImportedMultiModelEndpoint(FencedByModel, ImportedEndpoint, MultiModelAlarms):
    """A multi-model endpoint that exists already."""


class MultiModelEndpoint(FencedByModel, HostingEndpoint, MultiModelAlarms):
    """Many models of one framework behind one endpoint; the caller names one with ``TargetModel``.

    SageMaker loads a model from the store when it is first asked for, and unloads those least used when the memory is
    short. A model is added or replaced by putting its archive into the store, without a deployment::

        aws s3 cp churn-de.tar.gz s3://models/tenants/churn-de.tar.gz

    Parameters
    ----------
    scope : Construct
        The stack, or whatever it is part of.
    id : str
        Its id there.
    container : Container
        What runs; without model data of its own. On GPUs it is NVIDIA Triton.
    models : ModelData
        The store: the prefix under which the archives lie; made by `ModelData.from_s3_prefix`. The endpoint may list
        and read what is under it, and nothing else.
    instances : Instances
        What it runs on: CPUs, or one GPU. The memory is the cache of loaded models, and the volume holds all that
        were loaded. AWS recommends two or more.
    cache_models : bool, default True
        Whether models stay in memory between requests; without it many models that are seldom asked for start faster.
    scaling : Scaling, optional
        How the number of instances follows the load. Default: it stays as it is.
    **options : EndpointOptions
        What may be said of any endpoint: its name, role, network, rollout and the rest of `EndpointOptions`.

    Raises
    ------
    InvalidHosting
        AWS would refuse it; the error has every reason, and nothing was created.

    Examples
    --------
    >>> endpoint = MultiModelEndpoint(
    ...     stack,
    ...     "Tenants",
    ...     container=Container(ContainerImage.from_framework("xgboost", "1.7-1")),
    ...     models=ModelData.from_s3_prefix(bucket, "tenants/"),
    ...     instances=Instances("ml.m5.xlarge", count=2),
    ... )
    >>> endpoint.grant_invoke(role, target_models=["tenant-a/*"])

    See Also
    --------
    AWS: "Multi-model endpoints" in the SageMaker developer guide.
    """

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        container: Container,
        models: ModelData,
        instances: Instances,
        cache_models: bool = True,
        scaling: Scaling | None = None,
        **options: Unpack[EndpointOptions],
    ) -> None:
        stored = replace(container, models=models, cache_models=cache_models)
        variant = VariantSpec(model=ModelSpec(containers=(stored,)), instances=instances, scaling=scaling)
        super().__init__(scope, id, spec_of(scope, "real-time", variant, options=options), _NAMES)

    @staticmethod
    def from_endpoint_name(scope: Construct, id: str, endpoint_name: str) -> ImportedMultiModelEndpoint:
        """Take an endpoint that exists already; see `RealTimeEndpoint.from_endpoint_name`."""
        return ImportedMultiModelEndpoint(scope, id, endpoint_name)
