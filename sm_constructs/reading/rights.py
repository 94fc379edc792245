"""What the roles of a template may do, as far as it has all of their policies."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING

from sm_constructs.reading.intrinsics import referred
from sm_constructs.reading.policies import Document, Said
from sm_constructs.reading.resources import (
    INLINE_POLICY,
    MANAGED_POLICY,
    POLICY_OF_ROLE,
    ROLE,
    UNKNOWN,
    Template,
)
from sm_constructs.spec import once_each
from sm_constructs.tokens import is_unresolved

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from sm_constructs.reading.resources import Resource

_MOST_REMEMBERED = 1024
_PARTITION = re.compile(r"^arn:[^:]*:")


class Rights:
    """What a statement allows or denies: patterns of actions, and of ARNs with the partition left open."""

    __slots__ = ("_actions", "_patterns", "resources")

    def __init__(self, actions: list[str], resources: list[str]) -> None:
        self.resources = [in_one_partition(each) for each in resources]
        self._actions = {action.lower() for action in actions}
        self._patterns = [action for action in self._actions if "*" in action or "?" in action]

    def is_about(self, action: str) -> bool:
        """Say whether it says something of an action, which is in small letters."""
        if action in self._actions or not self._patterns:
            return action in self._actions
        return any(covers(pattern, action) for pattern in self._patterns)


@dataclass(slots=True)
class Policies:
    """What some policies allow and deny together."""

    allowed: list[Rights] = field(default_factory=list)
    denied: list[Rights] = field(default_factory=list)
    is_known: bool = True
    """Whether all of them are in the template, and say what they allow."""

    def allow(self, action: str, arn: str, *, several: bool = False) -> bool:
        """Say whether they allow something, as far as that is known."""
        if not self.is_known:
            return True
        arn = in_one_partition(arn)
        for rights in self.allowed:
            if rights.is_about(action):
                for each in rights.resources:
                    if (not several or "*" in each or UNKNOWN.search(each)) and _reaches(each, arn):
                        return True
        return False

    def deny(self, action: str, arn: str) -> bool:
        """Say whether they deny something whatever the circumstances."""
        arn = in_one_partition(arn) if self.denied else arn
        return any(
            rights.is_about(action) and any(covers(each, arn) for each in rights.resources) for rights in self.denied
        )


@dataclass(slots=True)
class Role:
    """A role, and what it may do."""

    resource: Resource
    trust: Document
    documents: list[Document]
    policies: Policies
    boundary: Policies

    def may(self, action: str, arn: str, *, several: bool = False) -> bool:
        """Say whether it may do something, with several things of that form, as far as that is known."""
        action = action.lower()
        for policies in (self.policies, self.boundary):
            if not policies.allow(action, arn, several=several) or policies.deny(action, arn):
                return False
        return True


def _reaches(pattern: str, arn: str) -> bool:
    """Say whether a pattern may be about an ARN; about all of them, where an action knows no resources."""
    if arn == "*":
        return not UNKNOWN.sub("*", pattern).strip("*")
    return _overlap_unknown(pattern, arn)


@lru_cache(_MOST_REMEMBERED)
def in_one_partition(arn: str) -> str:
    """Give an ARN with the partition left open; a stack has only one."""
    return _PARTITION.sub("arn::", arn)


@lru_cache(_MOST_REMEMBERED)
def covers(pattern: str, text: str) -> bool:
    """Say whether a text is what a pattern with ``*`` and ``?`` is about; to IAM nothing else is special."""
    if "?" in pattern:
        expression = re.escape(pattern).replace(r"\*", ".*").replace(r"\?", ".")
        return re.fullmatch(expression, text, re.DOTALL) is not None
    begin, *parts = pattern.split("*")
    if not parts:
        return pattern == text
    at = len(begin)
    for part in parts[:-1]:
        found = text.find(part, at)
        if found < 0:
            return False
        at = found + len(part)
    return text.startswith(begin) and text.endswith(parts[-1]) and len(text) - at >= len(parts[-1])


def _overlap_unknown(one: str, other: str) -> bool:
    """Say whether two patterns may overlap, whatever is not known of them; what both begin with may be anything."""
    while (unknown := UNKNOWN.search(one)) is not None:
        start = one[: unknown.end()]
        if "*" in start or "?" in start or not other.startswith(start):
            break
        one, other = one[len(start) :], other[len(start) :]
    return _overlap(UNKNOWN.sub("*", one), UNKNOWN.sub("*", other))


def overlap(one: str, other: str) -> bool:
    """Say whether there is a text that two patterns with ``*`` both are about.

    >>> overlap("arn:aws:s3:::models/*", "arn:*:s3:::models/churn.tar.gz"), overlap("a*b", "*c")
    (True, False)
    """
    if "*" not in other:
        return covers(one, other)
    if "*" not in one:
        return covers(other, one)
    if "?" not in one and "?" not in other:
        # Whatever stands between their first and their last * can stand there one after the other.
        return _agree(one, other, begin=True) and _agree(one, other, begin=False)
    reached = {0}  # the ends of those beginnings of the other pattern that fit the one so far
    for letter in one:
        reached = _closure(reached, other)
        if letter == "*":
            reached = {end for begin in reached for end in range(begin, len(other) + 1)}
        else:
            stay = {at for at in reached if at < len(other) and other[at] == "*"}
            reached = stay | {at + 1 for at in reached if at < len(other) and other[at] in (letter, "?")}
    return len(other) in _closure(reached, other)


def _agree(one: str, other: str, *, begin: bool) -> bool:
    """Say whether the literal beginnings, or ends, of two patterns with ``*`` go together."""
    if begin:
        first, second = one.partition("*")[0], other.partition("*")[0]
        return first.startswith(second) or second.startswith(first)
    first, second = one.rpartition("*")[2], other.rpartition("*")[2]
    return first.endswith(second) or second.endswith(first)


_overlap = lru_cache(_MOST_REMEMBERED)(overlap)


def _closure(reached: set[int], other: str) -> set[int]:
    """Add the places that are reached where a ``*`` stands for nothing."""
    found = set(reached)
    for at in reached:
        while at < len(other) and other[at] == "*":
            at += 1  # noqa: PLW2901
            found.add(at)
    return found


@once_each
def execution_roles(template: Template) -> Iterator[Role]:
    """Give the execution roles of hosting that are in the template."""
    return read_roles(template, template.execution_roles)


def read_roles(template: Template, roles: list[Resource]) -> Iterator[Role]:
    """Read roles, with the policies that are attached to them in the template."""
    ids = {role["RoleName"].said: role.id for role in roles}
    by_role: dict[str, list[Resource]] = defaultdict(list)
    loose = []  # policies of roles that are not known
    for policy in template.of_type(POLICY_OF_ROLE, MANAGED_POLICY, INLINE_POLICY) if roles else ():
        names = (policy["RoleName"],) if policy.type == INLINE_POLICY else policy["Roles"].entries()
        for name in (each.said or "" for each in names):
            if (id := referred(name) or ids.get(name)) is not None:
                by_role[id].append(policy)
            elif is_unresolved(name):
                loose.append(policy)
        if policy["Roles"].is_intrinsic:
            loose.append(policy)
    return (_read_role(template, role, by_role[role.id], loose) for role in roles)


def _read_role(template: Template, role: Resource, own: list[Resource], loose: list[Resource]) -> Role:
    arns = [arn.said or "" for arn in role["ManagedPolicyArns"].entries()]
    attached = [template.resource(referred(arn)) for arn in arns]
    managed = [policy for policy in attached if policy is not None and policy.type == MANAGED_POLICY]
    theirs = {policy.id: policy for policy in (*own, *managed)}
    documents = [document for each in (role, *theirs.values()) for document in documents_of(template, each)]
    policies = Policies(
        is_known=len(managed) == len(arns)
        and all(policy.id in theirs for policy in loose)
        and not role["Policies"].is_intrinsic
        and not role["ManagedPolicyArns"].is_intrinsic
        # Policies may be attached elsewhere by its name.
        and (role["RoleName"].said is None or bool(documents))
    )
    for document in documents:
        _add(template, document, policies)
    boundary = Policies(is_known=False)
    its = template.resource(referred(role["PermissionsBoundary"].said or ""))
    if its is not None and its.type == MANAGED_POLICY:
        boundary.is_known = True
        for document in documents_of(template, its):
            _add(template, document, boundary)
    return Role(role, _all_documents(template).trusting[role.id], documents, policies, boundary)


class _Documents:
    """The policy documents of a template.

    Attributes
    ----------
    trusting : dict[str, Document]
        Those that say who takes on a role, by its logical id.
    by_id : dict[str, list[Document]]
        The others, by the logical id of their role or policy.
    """

    def __init__(self, template: Template) -> None:
        said: dict[object, Said] = {}
        roles = template.of_type(ROLE)
        self.trusting = {role.id: Document(role["AssumeRolePolicyDocument"], said) for role in roles}
        self.by_id: dict[str, list[Document]] = {}
        for resource in template.of_type(ROLE, POLICY_OF_ROLE, MANAGED_POLICY, INLINE_POLICY):
            own = resource["PolicyDocument"]
            nodes = [*(policy["PolicyDocument"] for policy in resource["Policies"].entries()), *([own] if own else ())]
            self.by_id[resource.id] = [Document(node, said) for node in nodes]
        self._template = template
        self._rights: dict[Said, Rights | None] = {}

    def rights(self, said: Said) -> Rights | None:
        """Give what a statement allows or denies; nothing where that is not known."""
        if said not in self._rights:
            self._rights[said] = self._read(said)
        return self._rights[said]

    def _read(self, said: Said) -> Rights | None:
        if said.actions is None or (said.resources is None and said.effect != "Deny"):
            return None
        resources = said.resources or []
        if said.allows:
            return Rights(said.actions, [self._template.pattern(each) for each in resources])
        known = (self._template.sampled(text) for text in resources)
        return Rights(said.actions, [each for each in known if each is not None])


@once_each
def _of_template(template: Template) -> Iterator[_Documents]:
    yield _Documents(template)


def _all_documents(template: Template) -> _Documents:
    (found,) = _of_template(template)
    return found


def trust_of(template: Template, role: Resource) -> Document:
    """Give the document that says who takes on a role."""
    return _all_documents(template).trusting[role.id]


def documents_of(template: Template, resource: Resource) -> list[Document]:
    """Give the policy documents of a role or a policy, but for who takes on the role."""
    return _all_documents(template).by_id[resource.id]


def _add(template: Template, document: Document, policies: Policies) -> None:
    policies.is_known &= document.is_known
    all_documents = _all_documents(template)
    for said in document.statements:
        rights = all_documents.rights(said)
        if said.effect is None or is_unresolved(said.effect):
            policies.is_known = False
        elif said.effect == "Deny":
            if rights is not None and not said.is_conditional:
                policies.denied.append(rights)
        elif rights is None:
            policies.is_known = False
        elif said.allows:
            policies.allowed.append(rights)


def statements(documents: Iterable[Document]) -> Iterator[tuple[Document, int, Said]]:
    """Give the statements of some documents, each with the document and the index in it."""
    for document in documents:
        for index, said in enumerate(document.statements):
            yield document, index, said
