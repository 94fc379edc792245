"""The policies of a role that the model waits for, and the log groups that it writes to."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import jsii
from aws_cdk import Aspects, IAspect, Stack
from aws_cdk import aws_iam as iam

if TYPE_CHECKING:
    from collections.abc import Sequence

    from constructs import IConstruct

_LOG_GROUPS = "/aws/sagemaker/Endpoints/"
_COMPONENT_LOG_GROUPS = "/aws/sagemaker/InferenceComponents/"


def log_groups_of(endpoint_name: str | None, path: Sequence[str], *, components: bool = False) -> list[str]:
    """Give the names of an endpoint's log groups; ``*`` stands for what is not known before deployment.

    Parameters
    ----------
    endpoint_name : str, optional
        The name of the endpoint, where the user gave one.
    path : Sequence[str]
        The ids from the stack down to the endpoint resource, from which the logical id comes.
    components : bool
        Whether there are inference components, which have log groups of their own.
    """
    # CloudFormation makes the name of the logical id, with more around it, and cuts what is too long. The
    # beginning of the logical id is put together as the CDK does it (core/lib/private/uniqueid.ts).
    human = ""
    for part in path:
        if not human.endswith(part):
            human += re.sub("[^A-Za-z0-9]", "", part)
    groups = [f"{_LOG_GROUPS}*{human[:_CERTAIN]}*" if endpoint_name is None else f"{_LOG_GROUPS}{endpoint_name}"]
    if components:
        groups.append(f"{_COMPONENT_LOG_GROUPS}*{human.removesuffix(path[-1])[:_CERTAIN]}*")
    return groups


_CERTAIN = 24
"""How many characters of a logical id are sure to survive in a name of 63 with the stack's name beside it."""


def wait_for_policies(construct: IConstruct, role: iam.IRole) -> None:
    """Let a construct wait for a role, and for every policy that is attached to it anywhere in its stack.

    Which policies those are is found out when the app is synthesised.
    """
    construct.node.add_dependency(role)
    Aspects.of(construct).add(_WaitForPolicies(role))


@jsii.implements(IAspect)
class _WaitForPolicies:
    def __init__(self, role: iam.IRole) -> None:
        self._role = role

    def visit(self, node: IConstruct) -> None:
        stack = Stack.of(self._role)
        name = stack.resolve(self._role.role_name)
        for other in stack.node.find_all():
            if isinstance(other, iam.CfnPolicy | iam.CfnManagedPolicy) and name in (stack.resolve(other.roles) or ()):
                node.node.add_dependency(other)
