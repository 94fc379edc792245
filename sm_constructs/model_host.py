"""What every construct with models of its own shares: the check before anything is made, its role, its network."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from aws_cdk import Annotations
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam

from sm_constructs import rules
from sm_constructs.binding import pack_artifacts
from sm_constructs.l1 import make
from sm_constructs.permissions import TRUST

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from constructs import Construct, IConstruct, Node

    from sm_constructs.binding import Properties
    from sm_constructs.model_data import ModelData
    from sm_constructs.network import Network
    from sm_constructs.packing import Packed
    from sm_constructs.permissions import Statement
    from sm_constructs.problems import Problem
    from sm_constructs.spec import EndpointSpec
    from sm_constructs.transform import TransformSpec

WARNED = "sm-constructs:warned"
"""The metadata of a construct that gave a warning, acknowledged or not: `HostingRules` does not repeat it."""


class ModelHost:
    """Mixed into constructs, after the CDK's class; they also implement ``iam.IGrantable`` and ``ec2.IConnectable``."""

    if TYPE_CHECKING:

        @property
        def node(self) -> Node:
            """The node of the construct."""

    _role: iam.IRole | None = None
    _cfn_role: iam.CfnRole
    _connections: ec2.Connections | None = None

    @classmethod
    def _require(
        cls,
        scope: Construct,
        id: str,
        spec: EndpointSpec | TransformSpec,
        names: Mapping[str, str],
        artifacts: Iterable[ModelData | None],
    ) -> tuple[Mapping[ModelData, Packed], list[Problem]]:
        """Refuse what AWS would refuse, before anything is made; give the packed artifacts and the warnings."""
        packed, in_artifacts = pack_artifacts(artifacts)

        def subject() -> str:
            return f"{'/'.join(part for part in (scope.node.path, id) if part)} ({cls.__name__})"

        return packed, rules.require(spec, subject, lambda at: _argument(at, names), in_artifacts)

    def _warn(self, warnings: Iterable[Problem]) -> None:
        for warning in warnings:
            Annotations.of(self._construct).add_warning_v2(f"sm-constructs:{warning.code}", str(warning))
            self.node.add_metadata(WARNED, warning.code)

    @property
    def _construct(self) -> Construct:
        return cast("Construct", self)

    def _render_network(self, network: Network | None) -> Properties | None:
        """Write the VPC configuration, with a security group of its own where none is given."""
        if network is None or not network.has_vpc:
            return None
        here = self._construct
        if network.private_access and network.vpc is not None:
            _reach_runtime(here, network.vpc, cast("Sequence[str]", network.subnets))
        groups = network.security_groups
        if groups is None:
            # The rules saw to it that there is a VPC where no groups are given.
            vpc = cast("ec2.IVpc", network.vpc)
            groups = [ec2.SecurityGroup(here, "SecurityGroup", vpc=vpc, description=f"{self.node.path} containers")]
        self._connections = ec2.Connections(
            security_groups=[
                ec2.SecurityGroup.from_security_group_id(here, f"SecurityGroup-{group}", group)
                if isinstance(group, str)
                else group
                for group in groups
            ]
        )
        return {
            "subnets": list(cast("Sequence[str]", network.subnets)),
            "securityGroupIds": [g if isinstance(g, str) else g.security_group_id for g in groups],
        }

    def _render_role(self, given: iam.IRole | None, statements: list[Statement]) -> str:
        """Make the execution role, or let the given one have the permissions too; give its ARN."""
        if given is not None:
            self._role = given
            for statement in statements:
                given.add_to_principal_policy(iam.PolicyStatement.from_json(statement))
            return given.role_arn
        self._cfn_role = render_role(self._construct, "Role", TRUST, "Execution", statements)
        return self._cfn_role.attr_arn

    def _waiting(self) -> Iterable[IConstruct]:
        """Give what waits for the permissions of the role."""
        raise NotImplementedError

    @property
    def role(self) -> iam.IRole:
        """The execution role.

        What is granted to it stands in a policy of its own, which the models wait for.
        """
        if self._role is None:
            self._role = iam.Role.from_role_name(self._construct, "ExecutionRole", self._cfn_role.ref)
            for resource in self._waiting():
                resource.node.add_dependency(self._role)
        return self._role

    def _connected(self) -> ec2.Connections:
        if self._connections is None:
            message = f"{self.node.path} is in no VPC, so it has no connections; give network=Network(vpc)"
            raise ValueError(message)
        return self._connections


def render_role(
    scope: Construct, id: str, trust: Mapping[str, Any], policy_name: str, statements: list[Statement]
) -> iam.CfnRole:
    """Make a role with its permissions inside it, so that nothing that refers to it is made before them."""
    policy = {"policyName": policy_name, "policyDocument": {"Version": "2012-10-17", "Statement": statements}}
    return make(iam.CfnRole, scope, id, assume_role_policy_document=trust, policies=[policy])


def _reach_runtime(scope: Construct, vpc: ec2.IVpc, subnets: Sequence[str]) -> None:
    """Make the way from a VPC to SageMaker's runtime, once: its private name can stand for one endpoint only."""
    id = "SageMakerRuntime"
    if vpc.node.try_find_child(id) is None:
        places = [ec2.Subnet.from_subnet_id(scope, f"RuntimeSubnet-{n}", subnet) for n, subnet in enumerate(subnets)]
        vpc.add_interface_endpoint(
            id,
            service=ec2.InterfaceVpcEndpointAwsService.SAGEMAKER_RUNTIME,
            subnets=ec2.SubnetSelection(subnets=places),
        )


def _argument(at: str, names: Mapping[str, str]) -> str:
    """Give the user's argument for a place in the spec."""
    for place, argument in names.items():
        if at.startswith(place):
            return argument + at.removeprefix(place)
    return at
