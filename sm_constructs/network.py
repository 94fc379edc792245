"""Where a model's containers are in the network."""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aws_cdk import aws_ec2 as ec2


@dataclass(frozen=True, slots=True)
class Network:
    """A VPC for the containers, network isolation, or both.

    Parameters
    ----------
    vpc : IVpc, optional
        The VPC. Default: none; the containers run in SageMaker's own network.
    subnets : SubnetSelection, or a sequence of ISubnet or subnet ids, optional
        1 to 16 subnets. Default: the private subnets of `vpc`.
    security_groups : sequence of ISecurityGroup or security group ids, optional
        1 to 5 security groups. Default: the endpoint makes one that lets everything out. Give your own where
        you can: SageMaker's network interfaces may outlive the endpoint for some minutes, and CloudFormation
        cannot delete a security group that one of them still uses.
    isolated : bool, default False
        Whether the containers can make no network calls at all, not even to AWS.
    private_access : bool, default False
        Whether callers in `vpc` reach SageMaker's runtime without the internet: an interface VPC endpoint is made in
        the subnets, one for all endpoints of the VPC in this app. A VPC that has one already refuses a second.

    Examples
    --------
    >>> Network(vpc, security_groups=[group])
    >>> Network(isolated=True)

    See Also
    --------
    AWS: "Give SageMaker AI hosted endpoints access to resources in your Amazon VPC" and "Run training and
    inference containers in internet-free mode" in the SageMaker developer guide.
    """

    vpc: ec2.IVpc | None = None
    _: KW_ONLY
    subnets: ec2.SubnetSelection | Sequence[ec2.ISubnet | str] | None = None
    security_groups: Sequence[ec2.ISecurityGroup | str] | None = None
    isolated: bool = False
    private_access: bool = False

    @property
    def has_vpc(self) -> bool:
        """Whether the containers run in a VPC."""
        return self.vpc is not None or self.subnets is not None or self.security_groups is not None
