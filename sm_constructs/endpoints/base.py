"""What every endpoint is: a spec, checked and rendered to CloudFormation resources."""

from __future__ import annotations

from typing import TYPE_CHECKING

import jsii
from aws_cdk import Resource
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from aws_cdk import aws_sagemaker as sagemaker
from aws_cdk.interfaces import aws_sagemaker as sagemaker_refs

from sm_constructs.alarms import Alarms
from sm_constructs.binding import site_of
from sm_constructs.containers import Container
from sm_constructs.endpoints.rendering import Rendering
from sm_constructs.endpoints.rollback import settle_alarms
from sm_constructs.permissions import INVOKE
from sm_constructs.tokens import is_unresolved

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from constructs import Construct

    from sm_constructs.model_data import ModelData
    from sm_constructs.spec import EndpointSpec, VariantSpec


@jsii.implements(sagemaker.IEndpoint)
class EndpointBase(Resource, Alarms):
    """What one can do with an endpoint, wherever it was made.

    Mixins come after the CDK's class: for each construct that is made, jsii looks through every member of the classes
    before it for what overrides the CDK's.
    """

    @property
    def endpoint_name(self) -> str:
        """The name of the endpoint."""
        raise NotImplementedError

    @property
    def endpoint_arn(self) -> str:
        """The ARN of the endpoint."""
        raise NotImplementedError

    @property
    def endpoint_ref(self) -> sagemaker_refs.EndpointReference:
        """A reference to the endpoint, for other constructs."""
        return sagemaker_refs.EndpointReference(endpoint_arn=self.endpoint_arn)

    def grant_invoke(self, grantee: iam.IGrantable) -> iam.Grant:
        """Let somebody send requests to the endpoint and get the answers.

        Parameters
        ----------
        grantee : IGrantable
            Who: a role, a user, a Lambda function.

        Returns
        -------
        Grant
            What was granted.

        Examples
        --------
        >>> endpoint.grant_invoke(function)

        See Also
        --------
        AWS: "Actions, resources, and condition keys for Amazon SageMaker", ``InvokeEndpoint``.
        """
        return iam.Grant.add_to_principal(grantee=grantee, actions=[INVOKE], resource_arns=[self.endpoint_arn])


class ImportedEndpoint(EndpointBase):
    """An endpoint that exists already, by its name; see ``from_endpoint_name``."""

    def __init__(self, scope: Construct, id: str, endpoint_name: str) -> None:
        super().__init__(scope, id)
        self._name = endpoint_name
        # The name in an endpoint's ARN is in lower case, whatever the case of the name is.
        self._arn = site_of(scope).arns.of("sagemaker", f"endpoint/{_lower(endpoint_name)}")

    @property
    def endpoint_name(self) -> str:
        """The name of the endpoint."""
        return self._name

    @property
    def endpoint_arn(self) -> str:
        """The ARN of the endpoint."""
        return self._arn


def _lower(name: str) -> str:
    return name if is_unresolved(name) else name.lower()


@jsii.implements(iam.IGrantable, ec2.IConnectable)
class HostingEndpoint(EndpointBase, Rendering):
    """An endpoint with its models, configuration, role and scaling.

    The ids of its resources are fixed: a changed id would replace a live endpoint.
    """

    def __init__(self, scope: Construct, id: str, spec: EndpointSpec, names: Mapping[str, str]) -> None:
        spec, rollback = settle_alarms(scope, id, spec, self._rollback_arguments)
        packed, warnings = self._require(scope, id, spec, names, _artifacts(spec))
        super().__init__(scope, id)
        self._warn(warnings)
        self._site = site_of(scope)
        self._spec = spec
        self._models: dict[str, sagemaker.CfnModel] = {}
        self._components: dict[str, sagemaker.CfnInferenceComponent] = {}
        self._before_rendering()
        self._render((*self._site.path, id), packed)
        if rollback is not None:
            self._add_rollback_alarms(rollback.keys, rollback.prefix)

    @property
    def endpoint_name(self) -> str:
        """The name of the endpoint."""
        return self._name

    @property
    def endpoint_arn(self) -> str:
        """The ARN of the endpoint."""
        return self._endpoint.ref

    @property
    def variants(self) -> tuple[VariantSpec, ...]:
        """The production variants."""
        return self._spec.variants

    @property
    def grant_principal(self) -> iam.IPrincipal:
        """The execution role, as one to whom something can be granted."""
        return self.role.grant_principal

    @property
    def connections(self) -> ec2.Connections:
        """The security groups of the containers, to which network access can be given.

        Raises
        ------
        ValueError
            The endpoint is in no VPC.
        """
        return self._connected()


def _artifacts(spec: EndpointSpec) -> Iterator[ModelData | None]:
    """Give all model data that is to be packed or checked, if it lies on this machine."""
    for _, model in spec.placed_models():
        yield from (c.model_data for c in model.containers if isinstance(c, Container))
    yield from (component.adapter for component in spec.components)


__all__ = ["EndpointBase", "HostingEndpoint", "ImportedEndpoint"]
