"""VPC, subnets, security groups, encryption."""

from __future__ import annotations

import re
from collections.abc import Sequence
from operator import attrgetter
from typing import TYPE_CHECKING

from sm_constructs.facts import instance_types, limit
from sm_constructs.rules.registry import Finding, rule
from sm_constructs.tokens import is_text, is_unresolved

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sm_constructs.spec import EndpointSpec

_network = attrgetter("network")


@rule(
    "SMC010",
    "A VPC configuration has 1 to 16 subnets and 1 to 5 security groups",
    where=_network,
    source="VpcConfig.Subnets and VpcConfig.SecurityGroupIds",
    facts=["realtime/vpc_config"],
    good='network=Network(subnets=["subnet-0123456789abcdef0"], security_groups=["sg-0123456789abcdef0"])',
    bad='network=Network(subnets=["subnet-0123456789abcdef0"], security_groups=[f"sg-0000000{i}" for i in range(6)])',
)
def vpc_sizes(spec: EndpointSpec) -> Iterator[Finding]:
    """Check how many subnets and security groups there are."""
    if spec.network is None:
        return
    limits = limit("realtime", "vpc_config")
    for argument, key in (("subnets", "Subnets"), ("security_groups", "SecurityGroupIds")):
        values = getattr(spec.network, argument)
        low, high = limits[key]
        if isinstance(values, Sequence) and not is_unresolved(values) and not low <= len(values) <= high:
            yield Finding(f"network.{argument}", f"has {len(values)} entries; it has {low} to {high}")


@rule(
    "SMC011",
    "Without a VPC object, subnets and security groups are given together",
    where=_network,
    source="VpcConfig: Subnets and SecurityGroupIds are both required",
    facts=["realtime/vpc_config"],
    good='network=Network(subnets=["subnet-0123456789abcdef0"], security_groups=["sg-0123456789abcdef0"])',
    bad='network=Network(subnets=["subnet-0123456789abcdef0"])',
)
def vpc_complete(spec: EndpointSpec) -> Iterator[Finding]:
    """Check that both halves of a VPC configuration are there."""
    network = spec.network
    if network is None or network.vpc is not None or not network.has_vpc:
        return
    if network.subnets is not None and not isinstance(network.subnets, Sequence):
        yield Finding("network.subnets", "selects subnets of a vpc that is not given; give the vpc too")
    for given, missing in (("subnets", "security_groups"), ("security_groups", "subnets")):
        if getattr(network, given) is not None and getattr(network, missing) is None:
            yield Finding(f"network.{missing}", f"is missing beside {given}; give it, or give the vpc to take it from")


@rule(
    "SMC013",
    "Subnets and security groups are given by their ids",
    where=_network,
    source="VpcConfig: SubnetId and SecurityGroupId",
    facts=["realtime/network_id", "realtime/subnet_id", "realtime/security_group_id"],
    good='network=Network(subnets=["subnet-0123456789abcdef0"], security_groups=["sg-0123456789abcdef0"])',
    bad='network=Network(subnets=["private subnet a"], security_groups=["sg-0123456789abcdef0"])',
)
def ids(spec: EndpointSpec) -> Iterator[Finding]:
    """Check the form of ids."""
    if spec.network is None:
        return
    forms = {"subnets": limit("realtime", "subnet_id"), "security_groups": limit("realtime", "security_group_id")}
    for argument in ("subnets", "security_groups"):
        values = getattr(spec.network, argument)
        known = isinstance(values, Sequence) and not is_unresolved(values)
        for index, value in enumerate(values if known else ()):
            if is_text(value) and not re.fullmatch(forms[argument], value):
                example = "subnet-0123456789abcdef0" if argument == "subnets" else "sg-0123456789abcdef0"
                yield Finding(f"network.{argument}[{index}]", f"is {value!r}; it is an id such as {example}")


@rule(
    "SMC014",
    "Private access is access from a VPC that is given",
    where=_network,
    source='"Connect to SageMaker AI through a VPC interface endpoint", SageMaker developer guide',
    good='network=Network(subnets=["subnet-0123456789abcdef0"], security_groups=["sg-0123456789abcdef0"])',
    bad="network=Network(private_access=True)",
)
def private_access(spec: EndpointSpec) -> Iterator[Finding]:
    """Check that there is a VPC to make the way from."""
    if spec.network is not None and spec.network.private_access and spec.network.vpc is None:
        yield Finding("network.private_access", "is given without the vpc whose callers it is for; give the vpc too")


@rule(
    "SMC012",
    "The encryption key does not cover local NVMe disks",
    severity="warning",
    source="CreateEndpointConfig.KmsKeyId",
    facts=["realtime/kms_on_local_storage", "instances/nvme_families"],
    good='encryption_key=key, instances=Instances("ml.m5.large")',
    bad='encryption_key=key, instances=Instances("ml.g5.xlarge")',
)
def key_on_local_disk(spec: EndpointSpec) -> Iterator[Finding]:
    """Warn of a key that cannot encrypt what it seems to encrypt."""
    if spec.encryption_key is None:
        return
    known = instance_types()
    for _, variant in spec.placed_variants():
        types = variant.instances.types if variant.instances else ()
        local = [name for name in types if name in known and known[name].nvme]
        if local:
            yield Finding(
                "encryption_key",
                f"does not encrypt the local NVMe disks of {', '.join(local)}; those are encrypted with a key of "
                "the instance's own hardware",
            )
