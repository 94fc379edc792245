"""What the execution role may do, where it is in the template with all of its policies."""

from __future__ import annotations

import difflib
import re
from collections import defaultdict
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from sm_constructs.facts import images
from sm_constructs.reading.intrinsics import PSEUDO_TOKEN, TOKEN, references, referred
from sm_constructs.reading.policies import Document, Said
from sm_constructs.reading.resources import (
    COMPONENT,
    CONFIG,
    ENDPOINT,
    INLINE_POLICY,
    MANAGED_POLICY,
    MODEL,
    POLICY_OF_ROLE,
    ROLE,
    SCHEDULE,
    UNKNOWN,
    Template,
)
from sm_constructs.reading.transforms import CALL, job_requests
from sm_constructs.registries import parse_ecr_uri
from sm_constructs.rules.exclusive import containers_of
from sm_constructs.rules.references import rollback_alarms
from sm_constructs.rules.registry import Finding, mentioning, rule
from sm_constructs.spec import once_each
from sm_constructs.tokens import is_text, is_unresolved

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from sm_constructs.reading.nodes import Node
    from sm_constructs.reading.resources import Resource

_SOURCE = '"SageMaker execution roles": CreateModel, CreateEndpointConfig, CreateEndpoint; SageMaker developer guide'
_SERVICE = "sagemaker.amazonaws.com"
_ASSUME = "sts:assumerole"
_FULL_ACCESS = ("AmazonSageMakerFullAccess", "AdministratorAccess", "PowerUserAccess", "AmazonS3FullAccess")
_FENCED = ("iam:passrole", "sns:publish", "kms:decrypt", "lambda:invokefunction", "sts:assumerole")
_SPELLED = {name.lower(): name for name in _FULL_ACCESS}
_BY_PATH = re.compile(r"https://s3[^/]*/(.+)")
_PARTITION = re.compile(r"^arn:[^:]*:")
_ATTACH = ("ec2:CreateNetworkInterface", "ec2:CreateNetworkInterfacePermission", "ec2:DeleteNetworkInterface")
_DESCRIBE = ("ec2:DescribeNetworkInterfaces", "ec2:DescribeSecurityGroups", "ec2:DescribeSubnets", "ec2:DescribeVpcs")
_MOST_REMEMBERED = 1024
_HERE = "${Token[AWS.Region]}:${Token[AWS.AccountId]}"
_NEAR = 0.95  # of difflib: one letter of twenty
_PULL = ("ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer")

_SYNC, _ASYNC = "sagemaker:InvokeEndpoint", "sagemaker:InvokeEndpointAsync"
_CALLED = """\
Endpoint: {{Type: AWS::SageMaker::Endpoint, Properties: {{EndpointConfigName: !GetAtt Config.EndpointConfigName}}}}
Config:
  Type: AWS::SageMaker::EndpointConfig
  Properties:
    ProductionVariants: [{{VariantName: a, ModelName: m, InstanceType: ml.m5.large, InitialInstanceCount: 1}}]
    AsyncInferenceConfig: {{OutputConfig: {{S3OutputPath: s3://answers/}}}}
Caller:
  Type: AWS::IAM::Policy
  Properties:
    PolicyName: calling
    PolicyDocument: {{Statement: [{{Effect: Allow, Action: '{}', Resource: !Ref Endpoint}}]}}
"""
_ROLE = """\
Role:
  Type: AWS::IAM::Role
  Properties:
    AssumeRolePolicyDocument:
      Statement: [{{Effect: Allow, Action: 'sts:AssumeRole', Principal: {{Service: {}}}}}]
    Policies:
    - PolicyName: hosting
      PolicyDocument:
        Statement: [{{Effect: Allow, Action: {}, Resource: '{}'}}]
Model:
  Type: AWS::SageMaker::Model
  Properties:
    ExecutionRoleArn: !GetAtt Role.Arn
    PrimaryContainer:
      Image: 763104351884.dkr.ecr.eu-west-1.amazonaws.com/pytorch-inference:2.6.0
      ModelDataUrl: s3://models/churn/model.tar.gz
"""


def _example(service: str = _SERVICE, action: str = "'s3:GetObject'", resource: str = "arn:aws:s3:::models/*") -> str:
    return _ROLE.format(service, action, resource)


class _Rights:
    """What a statement allows or denies: patterns of actions, and of ARNs with the partition left open."""

    __slots__ = ("_actions", "_patterns", "resources")

    def __init__(self, actions: list[str], resources: list[str]) -> None:
        self.resources = [_in_one_partition(each) for each in resources]
        self._actions = {action.lower() for action in actions}
        self._patterns = [action for action in self._actions if "*" in action or "?" in action]

    def is_about(self, action: str) -> bool:
        """Say whether it says something of an action, which is in small letters."""
        if action in self._actions or not self._patterns:
            return action in self._actions
        return any(_covers(pattern, action) for pattern in self._patterns)


@dataclass(slots=True)
class _Policies:
    """What some policies allow and deny together."""

    allowed: list[_Rights] = field(default_factory=list)
    denied: list[_Rights] = field(default_factory=list)
    is_known: bool = True
    """Whether all of them are in the template, and say what they allow."""

    def allow(self, action: str, arn: str, *, several: bool = False) -> bool:
        """Say whether they allow something, as far as that is known."""
        if not self.is_known:
            return True
        arn = _in_one_partition(arn)
        for rights in self.allowed:
            if rights.is_about(action):
                for each in rights.resources:
                    if (not several or "*" in each or UNKNOWN.search(each)) and _reaches(each, arn):
                        return True
        return False

    def deny(self, action: str, arn: str) -> bool:
        """Say whether they deny something whatever the circumstances."""
        arn = _in_one_partition(arn) if self.denied else arn
        return any(
            rights.is_about(action) and any(_covers(each, arn) for each in rights.resources) for rights in self.denied
        )


@dataclass(slots=True)
class _Role:
    """A role, and what it may do."""

    resource: Resource
    trust: Document
    documents: list[Document]
    policies: _Policies
    boundary: _Policies

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
def _in_one_partition(arn: str) -> str:
    """Give an ARN with the partition left open; a stack has only one."""
    return _PARTITION.sub("arn::", arn)


@lru_cache(_MOST_REMEMBERED)
def _covers(pattern: str, text: str) -> bool:
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
        return _covers(one, other)
    if "*" not in one:
        return _covers(other, one)
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
def _roles(template: Template) -> Iterator[_Role]:
    """Give the execution roles of hosting that are in the template."""
    return _read_roles(template, template.execution_roles)


def _read_roles(template: Template, roles: list[Resource]) -> Iterator[_Role]:
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


def _read_role(template: Template, role: Resource, own: list[Resource], loose: list[Resource]) -> _Role:
    arns = [arn.said or "" for arn in role["ManagedPolicyArns"].entries()]
    attached = [template.resource(referred(arn)) for arn in arns]
    managed = [policy for policy in attached if policy is not None and policy.type == MANAGED_POLICY]
    theirs = {policy.id: policy for policy in (*own, *managed)}
    documents = [document for each in (role, *theirs.values()) for document in _documents(template, each)]
    policies = _Policies(
        is_known=len(managed) == len(arns)
        and all(policy.id in theirs for policy in loose)
        and not role["Policies"].is_intrinsic
        and not role["ManagedPolicyArns"].is_intrinsic
        # Policies may be attached elsewhere by its name.
        and (role["RoleName"].said is None or bool(documents))
    )
    for document in documents:
        _add(template, document, policies)
    boundary = _Policies(is_known=False)
    its = template.resource(referred(role["PermissionsBoundary"].said or ""))
    if its is not None and its.type == MANAGED_POLICY:
        boundary.is_known = True
        for document in _documents(template, its):
            _add(template, document, boundary)
    return _Role(role, _all_documents(template).trusting[role.id], documents, policies, boundary)


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
        self._rights: dict[Said, _Rights | None] = {}

    def rights(self, said: Said) -> _Rights | None:
        """Give what a statement allows or denies; nothing where that is not known."""
        if said not in self._rights:
            self._rights[said] = self._read(said)
        return self._rights[said]

    def _read(self, said: Said) -> _Rights | None:
        if said.actions is None or (said.resources is None and said.effect != "Deny"):
            return None
        resources = said.resources or []
        if said.allows:
            return _Rights(said.actions, [self._template.pattern(each) for each in resources])
        known = (self._template.sampled(text) for text in resources)
        return _Rights(said.actions, [each for each in known if each is not None])


@once_each
def _of_template(template: Template) -> Iterator[_Documents]:
    yield _Documents(template)


def _all_documents(template: Template) -> _Documents:
    (found,) = _of_template(template)
    return found


def _documents(template: Template, resource: Resource) -> list[Document]:
    return _all_documents(template).by_id[resource.id]


def _add(template: Template, document: Document, policies: _Policies) -> None:
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


def _statements(documents: Iterable[Document]) -> Iterator[tuple[Document, int, Said]]:
    """Give the statements of some documents, each with the document and the index in it."""
    for document in documents:
        for index, said in enumerate(document.statements):
            yield document, index, said


class _Need(NamedTuple):
    """Something that a role must be allowed to do."""

    node: Node
    what: str
    action: str
    arn: str
    several: bool = False
    """Whether it is about more than one thing."""


def _object_arn(uri: str) -> str | None:
    """Give the ARN of an object; none where the form of the URI is another one."""
    if uri.startswith("s3://"):
        return f"arn:*:s3:::{uri.removeprefix('s3://')}"
    match = _BY_PATH.fullmatch(uri)
    return None if match is None else f"arn:*:s3:::{match[1]}"


def _needs_of_model(model: Resource) -> Iterator[_Need]:
    yield from _needs_of_containers(containers_of(model))
    if network := model["VpcConfig"]:
        interface = "arn:*:ec2:*:*:network-interface/*"
        for action in _ATTACH:
            yield _Need(network, "network interfaces", action, interface)
        for action in _DESCRIBE:
            yield _Need(network, "the VPC", action, "*")


def _needs_of_containers(containers: Iterable[Node]) -> Iterator[_Need]:
    for container in containers:
        image, source = container["Image"], container["ModelDataSource"]["S3DataSource"]["S3Uri"]
        uri = image.said or ""
        if (parts := parse_ecr_uri(uri)) is not None and not _is_published(parts.account):
            arn = f"arn:*:ecr:{parts.region}:{parts.account}:repository/{parts.repository}"
            for action in _PULL:
                yield _Need(image, f"the image {uri}", action, arn)
            yield _Need(image, f"the image {uri}", "ecr:GetAuthorizationToken", "*")
        for node in (container["ModelDataUrl"], container["ArtifactUrl"], source):
            data = node.said or ""
            tree = data.endswith("/") or container["Mode"].said == "MultiModel"
            if (place := _object_arn(data)) is not None:
                yield _Need(node, "the model data", "s3:GetObject", f"{place}*" if tree else place, several=tree)
        config = container["ImageConfig"]
        login = config["RepositoryAuthConfig"]["RepositoryCredentialsProviderArn"] if config else config
        if login.said is not None:
            yield _Need(login, "the credentials of the registry", "lambda:InvokeFunction", login.said)


def _is_published(account: str) -> bool:
    return account in images.registry_accounts()


def _needs_of_config(config: Resource) -> Iterator[_Need]:
    capture, output = config["DataCaptureConfig"], config["AsyncInferenceConfig"]["OutputConfig"]
    places = [(output["S3OutputPath"], "the answers"), (output["S3FailurePath"], "the failures")]
    if capture["EnableCapture"].flag().value is not False:
        places.append((capture["DestinationS3Uri"], "what is captured"))
    for node, what in places:
        if (place := _object_arn(node.said or "")) is not None:
            yield _Need(node, what, "s3:PutObject", f"{place}*")
    for name in ("SuccessTopic", "ErrorTopic"):
        topic = output["NotificationConfig"][name]
        if (arn := topic.said) is not None:
            yield _Need(topic, "notifications", "sns:Publish", arn)


def _needs_of_endpoint(endpoint: Resource) -> Iterator[_Need]:
    for alarm in rollback_alarms(endpoint):
        name = alarm["AlarmName"].said
        if name is not None:
            yield _Need(alarm, "the alarm", "cloudwatch:DescribeAlarms", f"arn:*:cloudwatch:*:*:alarm:{name}")


def _needs_of_job(request: Node) -> Iterator[_Need]:
    records = request["TransformInput"]["DataSource"]["S3DataSource"]["S3Uri"]
    if (place := _object_arn(records.said or "")) is not None:
        yield _Need(records, "the records", "s3:GetObject", f"{place}*")
    results = request["TransformOutput"]["S3OutputPath"], request["DataCaptureConfig"]["DestinationS3Uri"]
    for node, what in zip(results, ("the results", "what is captured"), strict=True):
        if (place := _object_arn(node.said or "")) is not None:
            yield _Need(node, what, "s3:PutObject", f"{place}*")


def _needs(template: Template) -> Iterator[tuple[str, _Need]]:
    """Give what each role needs, by the logical id of the role."""

    def role_of(resource: Resource | None) -> str | None:
        return None if resource is None else referred(resource["ExecutionRoleArn"].said or "")

    def roles_of(config: Resource) -> set[str]:
        users: Iterable[Node] = (
            *config["ProductionVariants"].entries(),
            *config["ShadowProductionVariants"].entries(),
        )
        models = [template.referred(MODEL, variant["ModelName"].said) for variant in users]
        return {role for role in (role_of(config), *map(role_of, models)) if role is not None}

    for model in template.of_type(MODEL):
        if (role := role_of(model)) is not None:
            yield from ((role, need) for need in _needs_of_model(model))
    for component in template.of_type(COMPONENT):
        endpoint = template.referred(ENDPOINT, component["EndpointName"].said)
        config = None if endpoint is None else template.referred(CONFIG, endpoint["EndpointConfigName"].said)
        if (role := role_of(config)) is not None:
            container = component["Specification"]["Container"]
            yield from ((role, need) for need in _needs_of_containers([container]))
    for request in job_requests(template):
        if (role := role_of(template.referred(MODEL, request.node["ModelName"].said))) is not None:
            yield from ((role, need) for need in _needs_of_job(request.node))
    for config in template.of_type(CONFIG):
        for role in roles_of(config):
            yield from ((role, need) for need in _needs_of_config(config))
    for endpoint in template.of_type(ENDPOINT):
        config_there = template.referred(CONFIG, endpoint["EndpointConfigName"].said)
        for role in () if config_there is None else roles_of(config_there):
            yield from ((role, need) for need in _needs_of_endpoint(endpoint))


@rule(
    "SMC860",
    "SageMaker may take on the execution role",
    source='"SageMaker execution roles", SageMaker developer guide: the trust policy names sagemaker.amazonaws.com',
    about=Template,
    good=_example(),
    bad=_example("ecs-tasks.amazonaws.com"),
)
def trusted(template: Template) -> Iterator[Finding]:
    """Check trust policies."""
    for role in _roles(template):
        if _trusts(role.trust) is False:
            path = role.trust.node.path
            yield Finding(path, f"does not let {_SERVICE} take on the role, which is an execution role here")


def _trusts(document: Document) -> bool | None:
    if not document.node:
        return False
    if not document.is_known:
        return None
    for index, said in enumerate(document.statements):
        principal = document.place(index)["Principal"]
        if principal.is_intrinsic or principal.said == "*":
            return None
        service = principal["Service"]
        services, actions = [each.said or "" for each in service.entries() or (service,)], said.actions or []
        if any(is_unresolved(text) for text in (*services, *actions)):
            return None
        takes_on = any(_covers(action.lower(), _ASSUME) for action in actions)
        if said.allows and {_SERVICE, "*"} & set(services) and takes_on:
            return True
    return False


@rule(
    "SMC861",
    "The execution role may do what its containers need",
    source=_SOURCE,
    about=Template,
    facts=["async/iam", "guardrails/alarm_permission", "mme/s3_list_bucket", "async/test_notification"],
    good=_example(),
    bad=_example(action="'s3:PutObject'"),
)
def sufficient(template: Template) -> Iterator[Finding]:
    """Check that a role whose policies are all known allows what will be asked of it."""
    roles = {role.resource.id: role for role in _roles(template)}
    told = set()
    for id, need in _needs(template) if roles else ():
        role = roles.get(id)
        if role is None or (need.node, need.action) in told:
            continue
        arn = template.pattern(need.arn)
        if not role.may(need.action, arn, several=need.several):
            told.add((need.node, need.action))
            what, arn = TOKEN.sub("*", need.what), UNKNOWN.sub("*", arn)
            yield Finding(need.node.path, f"needs {need.action} for {what}, and {id} does not allow it on {arn}")


@rule(
    "SMC862",
    "The execution role may do no more than its containers need",
    severity="warning",
    source='"Security best practices in IAM": grant least privilege',
    about=Template,
    good=_example(),
    bad=_example(action="'s3:*'", resource="*"),
)
def least_privilege(template: Template) -> Iterator[Finding]:
    """Warn of roles that may do nearly anything, and of those that nearly anyone takes on."""
    known: dict[Said, list[tuple[str, str]]] = {}
    for role in _roles(template):
        yield from _trusting(role.trust)
        for arn in role.resource["ManagedPolicyArns"].entries():
            text = arn.said or ""
            if text.endswith(tuple(f"/{name}" for name in _FULL_ACCESS)):
                yield Finding(
                    arn.path, f"is {text.rpartition('/')[2]}, which allows far more than serving a model needs"
                )
        for document, index, said in _statements(role.documents):
            if said not in known:
                known[said] = list(_too_wide(said))
            for name, text in known[said]:
                yield Finding(f"{document.place(index).path}/{name}", text)


def _trusting(document: Document) -> Iterator[Finding]:
    """Find who else may take on a role."""
    for index, said in enumerate(document.statements):
        principal = document.place(index)["Principal"]
        others = (principal.said, principal["AWS"].said or "")
        where = "in every account" if "*" in others else "in the account" if others[1].endswith(":root") else ""
        if where and said.allows and not said.is_conditional:
            yield Finding(principal.path, f"is everyone {where}; SageMaker alone is to take on the role")


def _too_wide(said: Said) -> Iterator[tuple[str, str]]:
    """Find what a statement allows beyond what serving needs."""
    if not said.allows:
        return
    if said.has("NotAction"):
        yield "NotAction", "allows everything else there is in AWS"
    if said.actions is None or said.resources is None:
        return
    wide = [action for action in said.actions if action == "*" or action.endswith(":*")]
    if "*" in said.resources and not said.is_conditional:
        wide += [action for action in said.actions if action.lower() in _FENCED]
    if wide:
        yield "Action", f"allows {', '.join(wide)}, which is more than serving needs"
    reads = [action for action in said.actions if action.lower().startswith("s3:")]
    everywhere = [TOKEN.sub("*", arn) for arn in said.resources if _is_any_bucket(arn)] if reads else []
    if everywhere and not wide and not said.is_conditional:
        yield "Resource", f"is {', '.join(everywhere)}: {', '.join(reads)} on every bucket"


def _is_any_bucket(arn: str) -> bool:
    """Say whether an ARN is about the objects of all buckets; one that is not known yet is about that one."""
    return _covers(_in_one_partition(TOKEN.sub("known", arn)), _in_one_partition("arn:aws:s3:::any-bucket/any-key"))


@rule(
    "SMC863",
    "What takes on a role waits for the policies of the role",
    severity="warning",
    source="CreateModel and CreateEndpoint read the artifacts with the role: its policies have to be there",
    about=Template,
    facts=["cloudformation/dependency_for_iam"],
    good=_example(),
    bad=_example(action="'logs:PutLogEvents'").replace(
        "ModelDataUrl: s3://models/churn/model.tar.gz", "Environment: {}"
    )
    + """\
Policy:
  Type: AWS::IAM::Policy
  Properties:
    PolicyName: reading
    Roles: [!Ref Role]
    PolicyDocument:
      Statement: [{Effect: Allow, Action: 's3:GetObject', Resource: 'arn:aws:s3:::models/*'}]
""",
)
def policies_first(template: Template) -> Iterator[Finding]:
    """Warn of models that may be made before the role may do anything."""
    for policy in template.of_type(POLICY_OF_ROLE):
        names = [each.said or "" for each in policy["Roles"].entries()]
        roles = {referred(name) for name in names} - {None}
        for user in template.of_type(MODEL):
            node = user["ExecutionRoleArn"]
            arn = node.said or ""
            takes_it = referred(arn) in roles or any(is_text(name) and arn.endswith(f"/{name}") for name in names)
            if takes_it and not template.waits_for(user, policy):
                yield Finding(node.path, f"may be taken on before {policy.id} is there: add DependsOn: {policy.id}")


@rule(
    "SMC864",
    "A caller may do what the kind of the endpoint takes",
    severity="warning",
    source="InvokeEndpointAsync: only asynchronous endpoints take it, and they take nothing else",
    about=Template,
    facts=["async/only_async_invocations"],
    good=_CALLED.format("sagemaker:InvokeEndpointAsync"),
    bad=_CALLED.format("sagemaker:InvokeEndpoint"),
)
def callers(template: Template) -> Iterator[Finding]:
    """Warn of permissions that are of no use."""
    for node, _, calls in _calling(template):
        actions = {action.lower() for action in calls}
        if actions & {_SYNC.lower(), _ASYNC.lower()}:
            resource = node["Resource"]
            named = (template.resource(name) for _, name, _ in references(resource.value))
            for endpoint in (each for each in named if each is not None and each.type == ENDPOINT):
                config = template.referred(CONFIG, endpoint["EndpointConfigName"].said)
                if config is None:
                    continue
                queue = bool(config["AsyncInferenceConfig"])
                useful, useless = (_ASYNC, _SYNC) if queue else (_SYNC, _ASYNC)
                if useless.lower() in actions and useful.lower() not in actions:
                    kind = "asynchronous" if queue else "not asynchronous"
                    yield Finding(
                        node["Action"].path,
                        f"allows {useless}, and {endpoint.id} is {kind}: it takes {useful}",
                    )


@once_each
def _calling(template: Template) -> Iterator[tuple[Node, Said, list[str]]]:
    """Give the statements that allow to call endpoints, each with its place and the actions that do."""
    for resource in template.of_type(ROLE, POLICY_OF_ROLE, MANAGED_POLICY, INLINE_POLICY):
        for document, index, said in _statements(_documents(template, resource)):
            calls = [action for action in said.actions or () if action.lower().startswith(_SYNC.lower())]
            if calls and said.allows:
                yield document.place(index), said, calls


_EVERY_ENDPOINT = "arn:aws:sagemaker:eu-west-1:123456789012:endpoint/any"
_INVOKED = _CALLED.replace("Resource: !Ref Endpoint", "Resource: {}").replace("'{}'", "[sagemaker:InvokeEndpointAsync]")


@rule(
    "SMC865",
    "A caller may call the endpoints that it is meant for",
    severity="warning",
    source='"Security best practices in IAM": grant least privilege; the actions of SageMaker that know resources',
    about=Template,
    good=_INVOKED.format("!Ref Endpoint"),
    bad=_INVOKED.format("'*'"),
)
def fenced(template: Template) -> Iterator[Finding]:
    """Warn of callers that may call every endpoint of the account."""
    for node, said, calls in _calling(template):
        arns = (PSEUDO_TOKEN.sub("*", arn) for arn in said.resources or [])
        everywhere = any(is_text(arn) and _covers(arn, _EVERY_ENDPOINT) for arn in arns)
        if everywhere and not said.is_conditional:
            path = node["Resource"].path
            yield Finding(path, f"is every endpoint of the account, for {', '.join(calls)}")


@rule(
    "SMC868",
    "The execution role may write the logs of its containers",
    severity="warning",
    source='"SageMaker execution roles", SageMaker developer guide: logs:CreateLogStream, logs:PutLogEvents',
    about=Template,
    facts=["cloudwatch/log_group"],
    good=_example(action="['s3:GetObject', 'logs:PutLogEvents', 'logs:CreateLogStream']", resource="*"),
    bad=_example(),
)
def logging(template: Template) -> Iterator[Finding]:
    """Warn of containers whose output is lost, although nothing else is amiss."""
    users = {referred(user["ExecutionRoleArn"].said or ""): user for user in template.of_type(MODEL)}
    for role in _roles(template):
        user = users.get(role.resource.id)
        if user is None or not role.policies.allowed:
            continue
        missing = [action for action in _LOGS if not role.may(action, template.pattern(_LOG_STREAM))]
        if missing:
            yield Finding(
                user["ExecutionRoleArn"].path,
                f"is {role.resource.id}, which does not allow {', '.join(missing)} in /aws/sagemaker: no logs are kept",
            )


_LOGS = ("logs:CreateLogStream", "logs:PutLogEvents")
_LOG_STREAM = f"arn:*:logs:{_HERE}:log-group:/aws/sagemaker/*"
_VERSIONS = ("2008-10-17", "2012-10-17")
_ACTION = re.compile(r"\*|[A-Za-z0-9-]+:[A-Za-z0-9*?]+")


@rule(
    "SMC866",
    "The policies of an execution role are such as IAM takes",
    source='"Grammar of the IAM JSON policy language", IAM user guide',
    about=Template,
    good=_example(),
    bad=_example(action="['s3:GetObject', Publish]"),
)
def written(template: Template) -> Iterator[Finding]:
    """Check the statements of policies."""
    known: dict[tuple[Said, str], list[tuple[str, str]]] = {}
    for role in _roles(template):
        yield from _of_document(role.trust, "Principal", "Resource", known)
        for arn in role.resource["ManagedPolicyArns"].entries():
            name = (arn.said or "").rpartition("/")[2]
            by_aws = ":iam::aws:policy/" in TOKEN.sub("aws", arn.said or "")
            near = difflib.get_close_matches(name, _FULL_ACCESS, n=1, cutoff=_NEAR) if by_aws else []
            right = _SPELLED.get(name.lower(), *near or [name])
            if right != name:
                yield Finding(arn.path, f"is {arn.said!r}; the policy is spelled {right}")
        boundary = role.resource["PermissionsBoundary"]
        said = template.sampled(boundary.said or "") or ""
        if said.startswith("arn:") and ":policy/" not in said:
            yield Finding(boundary.path, f"is {said}; a boundary is a policy")
        for document in role.documents:
            yield from _of_document(document, "Resource", "Principal", known)

    for policy in template.of_type(POLICY_OF_ROLE, MANAGED_POLICY, INLINE_POLICY):
        for node in (policy["RoleName"],) if policy.type == INLINE_POLICY else policy["Roles"].entries():
            for _, name, attribute in template.references(node):
                if attribute == "Arn" and template.resource(name) in template.execution_roles:
                    yield Finding(node.path, f"has the ARN of {name}; a policy is attached to the name of a role: Ref")


def _of_document(
    document: Document, wanted: str, unwanted: str, known: dict[tuple[Said, str], list[tuple[str, str]]]
) -> Iterator[Finding]:
    version = document.node["Version"]
    if is_text(version.said) and version.said not in _VERSIONS:
        yield Finding(version.path, f"is {version.said!r}; it is {' or '.join(_VERSIONS)}")
    for index, said in enumerate(document.statements):
        if said.is_mapping and not said.is_intrinsic:
            if (said, wanted) not in known:
                known[said, wanted] = list(_of_statement(said, wanted, unwanted))
            for name, text in known[said, wanted]:
                yield Finding(f"{document.place(index).path}/{name}", text)


def _of_statement(said: Said, wanted: str, unwanted: str) -> Iterator[tuple[str, str]]:
    effect = said.effect
    if effect is None or (effect not in ("Allow", "Deny") and is_text(effect)):
        yield "Effect", f"is {effect or 'missing'}; it is Allow or Deny"
    for name in ("Action", wanted):
        if said.has(name) is said.has(f"Not{name}"):
            beside = "is given beside" if said.has(name) else "is missing, and so is"
            yield name, f"{beside} Not{name}; a statement has one of them"
    if said.has(unwanted):
        kind = "a trust policy" if unwanted == "Resource" else "a policy of a role"
        yield unwanted, f"is given; {kind} has none"
    for action in said.actions or ():
        if not _is_action(action):
            yield "Action", f"has {action!r}; an action is service:Name"
    for arn in said.resources or ():
        if arn != "*" and not arn.startswith("arn:") and is_text(arn):
            yield "Resource", f"has {arn!r}; a resource is an ARN, or *"


@lru_cache(_MOST_REMEMBERED)
def _is_action(text: str) -> bool:
    """Say whether a text may be what IAM calls an action."""
    return not is_text(text) or _ACTION.fullmatch(text) is not None


_MANAGED_RULE = f"arn:*:events:{_HERE}:rule/StepFunctionsGetEventsForSageMakerTransformJobsRule"
_STARTED = """\
Role:
  Type: AWS::IAM::Role
  Properties:
    AssumeRolePolicyDocument:
      Statement: [{Effect: Allow, Action: 'sts:AssumeRole', Principal: {Service: scheduler.amazonaws.com}}]
    Policies:
    - PolicyName: starting
      PolicyDocument:
        Statement: [{Effect: Allow, Action: 'sagemaker:CreateTransformJob', Resource: '*'}]
Schedule:
  Type: AWS::Scheduler::Schedule
  Properties:
    ScheduleExpression: rate(1 days)
    FlexibleTimeWindow: {Mode: 'OFF'}
    Target:
      Arn: arn:aws:scheduler:::aws-sdk:sagemaker:createTransformJob
      RoleArn: !GetAtt Role.Arn
      Input: >-
        {"TransformJobName": "scores-<aws.scheduler.execution-id>", "ModelName": "scorer",
        "TransformInput": {"DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": "s3://records/in/"}}},
        "TransformOutput": {"S3OutputPath": "s3://records/out/"},
        "TransformResources": {"InstanceType": "ml.m5.large", "InstanceCount": 1}}
"""


@rule(
    "SMC867",
    "What starts transform jobs may start them",
    source='"IAM policies for calling SageMaker workflows in Step Functions", Step Functions developer guide; '
    "with .sync, Step Functions makes a rule of EventBridge with the role",
    about=Template,
    where=mentioning(CALL),
    facts=["batch/cfn_resource"],
    good=_STARTED,
    bad=_STARTED.replace("sagemaker:CreateTransformJob", "sagemaker:CreateTrainingJob"),
)
def starters(template: Template) -> Iterator[Finding]:
    """Check the role of the state machine or the schedule, where it is in the template with all of its policies."""
    requests = [(request, _role_of_sender(request.sender)) for request in job_requests(template)]
    used = {referred(node.said or "") for _, node in requests}
    its = [role for role in template.of_type(ROLE) if role.id in used]
    roles = {role.resource.id: role for role in _read_roles(template, its)}
    told = set()
    for request, node in requests:
        role = roles.get(referred(node.said or "") or "")
        if role is None:
            continue
        needs = [("sagemaker:CreateTransformJob", f"arn:*:sagemaker:{_HERE}:transform-job/*")]
        if request.waits:
            needs += [(f"events:{action}", _MANAGED_RULE) for action in ("PutTargets", "PutRule", "DescribeRule")]
        for action, arn in needs:
            if not role.may(action, template.pattern(arn)) and (node, action) not in told:
                told.add((node, action))
                said = f"is to start transform jobs; that needs {action}, and {role.resource.id} does not allow it"
                yield Finding(node.path, said)


def _role_of_sender(sender: Resource) -> Node:
    if sender.type == SCHEDULE:
        return sender["Target"]["RoleArn"]
    return sender["RoleArn"] or sender["Role"]
