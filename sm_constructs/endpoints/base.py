"""What every endpoint is: a spec, checked and rendered to CloudFormation resources."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import jsii
from aws_cdk import Annotations, Resource
from aws_cdk import aws_applicationautoscaling as autoscaling
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from aws_cdk import aws_sagemaker as sagemaker
from aws_cdk.interfaces import aws_sagemaker as sagemaker_refs

from sm_constructs import rules
from sm_constructs.binding import bind_container, pack_artifacts, site_of
from sm_constructs.durations import seconds
from sm_constructs.endpoints.roles import log_groups_of, wait_for_policies
from sm_constructs.instances import PrefixAwareRouting
from sm_constructs.monitoring import EndpointMetrics
from sm_constructs.permissions import INVOKE_ACTIONS, TRUST, execution_statements
from sm_constructs.tokens import is_unresolved

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from constructs import Construct

    from sm_constructs.binding import Properties
    from sm_constructs.model_data import ModelData
    from sm_constructs.packing import Packed
    from sm_constructs.permissions import Needs, Statement
    from sm_constructs.scaling import Scaling, TargetTracking
    from sm_constructs.spec import EndpointSpec, VariantSpec


@jsii.implements(sagemaker.IEndpoint)
class EndpointBase(EndpointMetrics, Resource):
    """What one can do with an endpoint, wherever it was made."""

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
        return iam.Grant.add_to_principal(
            grantee=grantee, actions=list(INVOKE_ACTIONS), resource_arns=[self.endpoint_arn]
        )


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
class HostingEndpoint(EndpointBase):
    """An endpoint with its model, configuration, role and scaling.

    The ids of its resources are fixed: a changed id would replace a live endpoint.
    """

    def __init__(self, scope: Construct, id: str, spec: EndpointSpec, names: Mapping[str, str]) -> None:
        packed, in_artifacts = pack_artifacts(c for variant in spec.variants for c in variant.containers)
        warnings = rules.require(
            spec,
            lambda: f"{'/'.join(part for part in (scope.node.path, id) if part)} ({type(self).__name__})",
            lambda at: _argument(at, names),
            in_artifacts,
        )
        super().__init__(scope, id)
        for warning in warnings:
            Annotations.of(self).add_warning_v2(f"sm-constructs:{warning.code}", str(warning))
        self._site = site_of(scope)
        self._spec = spec
        self._role: iam.IRole | None = spec.role
        self._connections: ec2.Connections | None = None
        self._render(id, packed)

    def _render(self, id: str, packed: Mapping[ModelData, Packed]) -> None:
        spec = self._spec
        variant = spec.variants[0]
        definitions: list[Properties] = []
        needs: list[Needs] = []
        for container in variant.containers:
            definition, its_needs = bind_container(self, self._site, container, variant.instances, packed)
            definitions.append(definition)
            needs += its_needs
        network = self._render_network()
        statements = execution_statements(
            needs,
            self._site.arns,
            log_groups=log_groups_of(spec.endpoint_name, (*self._site.path, id)),
            subnets=network["subnets"] if network else (),
            security_groups=network["securityGroupIds"] if network else (),
            volume_key=None if spec.encryption_key is None else spec.encryption_key.key_arn,
        )
        role_arn = self._render_role(statements)
        self._model = sagemaker.CfnModel(
            self,
            "Model",
            execution_role_arn=role_arn,
            primary_container=definitions[0],
            vpc_config=network,
            enable_network_isolation=True if spec.network and spec.network.isolated else None,
        )
        if spec.role is not None:
            wait_for_policies(self._model, spec.role)
        config = sagemaker.CfnEndpointConfig(
            self,
            "Config",
            production_variants=[render_variant(v, self._model.attr_model_name) for v in spec.variants],
            kms_key_id=None if spec.encryption_key is None else spec.encryption_key.key_arn,
        )
        self._endpoint = self._render_endpoint(config.attr_endpoint_config_name)
        self._name = self._endpoint.attr_endpoint_name
        for each in spec.variants:
            if each.scaling is not None:
                render_scaling(self, self._name, each.name, each.scaling)

    def _render_network(self) -> Properties | None:
        network = self._spec.network
        if network is None or not network.has_vpc:
            return None
        groups = network.security_groups
        if groups is None:
            # The rules saw to it that there is a VPC where no groups are given.
            vpc = cast("ec2.IVpc", network.vpc)
            groups = [ec2.SecurityGroup(self, "SecurityGroup", vpc=vpc, description=f"{self.node.path} containers")]
        self._connections = ec2.Connections(
            security_groups=[
                ec2.SecurityGroup.from_security_group_id(self, f"SecurityGroup-{group}", group)
                if isinstance(group, str)
                else group
                for group in groups
            ]
        )
        return {
            "subnets": list(cast("Sequence[str]", network.subnets)),
            "securityGroupIds": [g if isinstance(g, str) else g.security_group_id for g in groups],
        }

    def _render_role(self, statements: list[Statement]) -> str:
        if self._spec.role is not None:
            for statement in statements:
                self._spec.role.add_to_principal_policy(iam.PolicyStatement.from_json(statement))
            return self._spec.role.role_arn
        # The permissions stand inside the role, so that the model cannot be created before them.
        policy = {
            "policyName": "Execution",
            "policyDocument": {"Version": "2012-10-17", "Statement": statements},
        }
        self._cfn_role = iam.CfnRole(self, "Role", assume_role_policy_document=TRUST, policies=[policy])
        return self._cfn_role.attr_arn

    def _render_endpoint(self, config_name: str) -> sagemaker.CfnEndpoint:
        spec = self._spec
        retain = spec.retain_capacity
        if retain is None:
            retain = any(variant.scaling is not None for variant in spec.variants)
        retained: dict[str, Any] = {}
        if retain:
            # Only the counts are autoscaling's; weights and data capture follow the template.
            others = ({"variantPropertyType": kind} for kind in ("DesiredWeight", "DataCaptureConfig"))
            retained = {
                "retain_all_variant_properties": True,
                "exclude_retained_variant_properties": list(others),
            }
        return sagemaker.CfnEndpoint(
            self, "Endpoint", endpoint_config_name=config_name, endpoint_name=spec.endpoint_name, **retained
        )

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
    def role(self) -> iam.IRole:
        """The execution role.

        What is granted to it stands in a policy of its own, which the model waits for.
        """
        if self._role is None:
            self._role = iam.Role.from_role_name(self, "ExecutionRole", self._cfn_role.ref)
            self._model.node.add_dependency(self._role)
        return self._role

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
        if self._connections is None:
            message = f"{self.node.path} is in no VPC, so it has no connections; give network=Network(vpc)"
            raise ValueError(message)
        return self._connections


def _argument(at: str, names: Mapping[str, str]) -> str:
    """Give the user's argument for a place in the spec."""
    for place, argument in names.items():
        if at.startswith(place):
            return argument + at.removeprefix(place)
    return at


def render_variant(variant: VariantSpec, model_name: str) -> Properties:
    """Write a production variant."""
    instances = variant.instances
    properties: Properties = {
        "variantName": variant.name,
        "modelName": model_name,
        "initialInstanceCount": instances.count,
        "initialVariantWeight": variant.weight,
    }
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


def render_scaling(scope: Construct, endpoint_name: str, variant_name: str, scaling: Scaling) -> None:
    """Make the scalable target of a variant, and its policies."""
    # It refers to the endpoint, so that it is deleted first: a variant must be deregistered before it goes.
    target = autoscaling.CfnScalableTarget(
        scope,
        f"Scaling-{variant_name}",
        service_namespace="sagemaker",
        resource_id=f"endpoint/{endpoint_name}/variant/{variant_name}",
        scalable_dimension="sagemaker:variant:DesiredInstanceCount",
        min_capacity=scaling.min_capacity,
        max_capacity=scaling.max_capacity,
    )
    for policy in scaling.policies:
        name = policy.metric.removeprefix("SageMakerVariant")
        autoscaling.CfnScalingPolicy(
            scope,
            f"Scaling-{variant_name}-{name}",
            policy_name=name,
            policy_type="TargetTrackingScaling",
            scaling_target_id=target.ref,
            target_tracking_scaling_policy_configuration=render_target_tracking(policy),
        )


def render_target_tracking(policy: TargetTracking) -> Properties:
    """Write a target tracking configuration."""
    properties: Properties = {
        "predefinedMetricSpecification": {"predefinedMetricType": policy.metric},
        "targetValue": policy.target,
    }
    for name, time in (
        ("scaleInCooldown", policy.scale_in_cooldown),
        ("scaleOutCooldown", policy.scale_out_cooldown),
    ):
        if time is not None:
            properties[name] = seconds(time)
    if not policy.scale_in:
        properties["disableScaleIn"] = True
    return properties


__all__ = ["EndpointBase", "HostingEndpoint", "ImportedEndpoint"]
