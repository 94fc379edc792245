"""What the execution role may do, where it is in the template with all of its policies."""

from __future__ import annotations

import difflib
import re
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from sm_constructs.reading.intrinsics import PSEUDO_TOKEN, TOKEN, references, referred, text_of
from sm_constructs.reading.resources import (
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
from sm_constructs.reading.rights import (
    covers,
    documents_of,
    execution_roles,
    in_one_partition,
    read_roles,
    statements,
    trust_of,
)
from sm_constructs.reading.transforms import CALL, job_requests
from sm_constructs.rules.needs import keys, needs
from sm_constructs.rules.registry import Finding, mentioning, rule
from sm_constructs.spec import once_each
from sm_constructs.tokens import is_text, is_unresolved

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sm_constructs.reading.nodes import Node
    from sm_constructs.reading.policies import Document, Said
    from sm_constructs.reading.resources import Resource

_SOURCE = '"SageMaker execution roles": CreateModel, CreateEndpointConfig, CreateEndpoint; SageMaker developer guide'
_SERVICE = "sagemaker.amazonaws.com"
_ASSUME = "sts:assumerole"
_FULL_ACCESS = ("AmazonSageMakerFullAccess", "AdministratorAccess", "PowerUserAccess", "AmazonS3FullAccess")
_FENCED = ("iam:passrole", "sns:publish", "kms:decrypt", "lambda:invokefunction", "sts:assumerole")
_SPELLED = {name.lower(): name for name in _FULL_ACCESS}
_MOST_REMEMBERED = 1024
_HERE = "${Token[AWS.Region]}:${Token[AWS.AccountId]}"
_NEAR = 0.95  # of difflib: one letter of twenty

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
    for role in execution_roles(template):
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
        takes_on = any(covers(action.lower(), _ASSUME) for action in actions)
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
    roles = {role.resource.id: role for role in execution_roles(template)}
    told = set()
    for id, need in needs(template) if roles else ():
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
    for role in execution_roles(template):
        yield from _trusting(role.trust)
        for arn in role.resource["ManagedPolicyArns"].entries():
            text = arn.said or ""
            if text.endswith(tuple(f"/{name}" for name in _FULL_ACCESS)):
                yield Finding(
                    arn.path, f"is {text.rpartition('/')[2]}, which allows far more than serving a model needs"
                )
        for document, index, said in statements(role.documents):
            if said not in known:
                known[said] = list(_too_wide(said))
            for name, text in known[said]:
                yield Finding(f"{document.place(index).path}/{name}", text)
    for caller in {each.resource.id: each.resource for each in _calling(template)}.values():
        for document, index, said in statements([trust_of(template, caller)] if caller.type == ROLE else []):
            node = document.place(index)["Principal"]
            if said.allows and not said.is_conditional and "*" in (node.said, node["AWS"].said):
                yield Finding(node.path, "is everyone in every account, and the role may call an endpoint")


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
    return covers(in_one_partition(TOKEN.sub("known", arn)), in_one_partition("arn:aws:s3:::any-bucket/any-key"))


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
    for policy in template.of_type(POLICY_OF_ROLE, MANAGED_POLICY, INLINE_POLICY):
        attached = (policy["RoleName"],) if policy.type == INLINE_POLICY else policy["Roles"].entries()
        names = [each.said for each in attached if each.said]
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
    for _, node, _, calls in _calling(template):
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
def _calling(template: Template) -> Iterator[_Calling]:
    """Give the statements that allow to call endpoints."""
    for resource in template.of_type(ROLE, POLICY_OF_ROLE, MANAGED_POLICY, INLINE_POLICY):
        for document, index, said in statements(documents_of(template, resource)):
            calls = [action for action in said.actions or () if _calls(action.lower())]
            if calls and said.allows:
                yield _Calling(resource, document.place(index), said, calls)


@lru_cache(_MOST_REMEMBERED)
def _calls(action: str) -> bool:
    return action.startswith("sagemaker:") and (action.startswith(_SYNC.lower()) or covers(action, _SYNC.lower()))


class _Calling(NamedTuple):
    """A statement that allows to call endpoints: whose it is, its place, what it says, and the actions that do."""

    resource: Resource
    node: Node
    said: Said
    actions: list[str]


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
    for _, node, said, calls in _calling(template):
        arns = (PSEUDO_TOKEN.sub("*", arn) for arn in said.resources or [])
        everywhere = any(is_text(arn) and covers(arn, _EVERY_ENDPOINT) for arn in arns)
        if everywhere and not said.is_conditional:
            path = node["Resource"].path
            yield Finding(path, f"is every endpoint of the account, for {', '.join(calls)}")


_LOGS = ("logs:CreateLogStream", "logs:PutLogEvents")
_LOG_STREAM = f"arn:*:logs:{_HERE}:log-group:/aws/sagemaker/*"


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
    for role in execution_roles(template):
        user = users.get(role.resource.id)
        if user is None or not role.policies.allowed:
            continue
        missing = [action for action in _LOGS if not role.may(action, template.pattern(_LOG_STREAM))]
        if missing:
            yield Finding(
                user["ExecutionRoleArn"].path,
                f"is {role.resource.id}, which does not allow {', '.join(missing)} in /aws/sagemaker: no logs are kept",
            )


_VERSIONS = ("2008-10-17", "2012-10-17")
_ACTION = re.compile(r"\*|[A-Za-z0-9-]+:[A-Za-z0-9*?]+")


@rule(
    "SMC866",
    "The policies of execution roles and of callers are such as IAM takes",
    source='"Grammar of the IAM JSON policy language", IAM user guide',
    about=Template,
    good=_example(),
    bad=_example(action="['s3:GetObject', Publish]"),
)
def written(template: Template) -> Iterator[Finding]:
    """Check the statements of policies."""
    known: dict[tuple[Said, str], list[tuple[str, str]]] = {}
    for role in execution_roles(template):
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
    for _, node, called, _ in _calling(template):
        for text in called.resources or ():
            sample = template.sampled(text)
            if sample is not None and not sample.startswith(("arn:", "*")):
                yield Finding(node["Resource"].path, f"has {sample!r}; a resource is an ARN, or *")


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
    roles = {role.resource.id: role for role in read_roles(template, its)}
    told = set()
    for request, node in requests:
        role = roles.get(referred(node.said or "") or "")
        if role is None:
            continue
        asked = [("sagemaker:CreateTransformJob", f"arn:*:sagemaker:{_HERE}:transform-job/*")]
        if request.waits:
            asked += [(f"events:{action}", _MANAGED_RULE) for action in ("PutTargets", "PutRule", "DescribeRule")]
        for action, arn in asked:
            if not role.may(action, template.pattern(arn)) and (node, action) not in told:
                told.add((node, action))
                said = f"is to start transform jobs; that needs {action}, and {role.resource.id} does not allow it"
                yield Finding(node.path, said)


def _role_of_sender(sender: Resource) -> Node:
    if sender.type == SCHEDULE:
        return sender["Target"]["RoleArn"]
    return sender["RoleArn"] or sender["Role"]


_KMS_KEY = "AWS::KMS::Key"
_WRITES = _example(action="['PUT', 's3:GetObject', 'logs:PutLogEvents', 'logs:CreateLogStream']", resource="*").replace(
    "Resource: '*'", "Resource: ['arn:aws:s3:::captured/*', 'arn:aws:s3:::models/*', 'arn:aws:kms:*', 'arn:aws:logs:*']"
)
_ENCRYPTED = """\
Key: {Type: AWS::KMS::Key}
Config:
  Type: AWS::SageMaker::EndpointConfig
  Properties:
    ProductionVariants:
    - {VariantName: a, ModelName: !GetAtt Model.ModelName, InstanceType: ml.m5.large, InitialInstanceCount: 1}
    DataCaptureConfig:
      InitialSamplingPercentage: 10
      DestinationS3Uri: s3://captured/
      KmsKeyId: !GetAtt Key.Arn
      CaptureOptions: [{CaptureMode: Input}]
"""


@rule(
    "SMC869",
    "The execution role may encrypt with the keys of what is written with it",
    severity="warning",
    source='"Protect data at rest using encryption", SageMaker developer guide: kms:GenerateDataKey',
    about=Template,
    where=mentioning(_KMS_KEY),
    facts=["data_capture/required"],
    good=_WRITES.replace("PUT", "s3:PutObject', 'kms:GenerateDataKey") + _ENCRYPTED,
    bad=_WRITES.replace("PUT", "s3:PutObject") + _ENCRYPTED,
)
def encrypting(template: Template) -> Iterator[Finding]:
    """Warn of keys in the template that the role may not use: what was to be written is lost."""
    roles = {role.resource.id: role for role in execution_roles(template)}
    for id, node in keys(template):
        key = next((name for _, name, _ in template.references(node) if template.types.get(name) == _KMS_KEY), None)
        role = roles.get(id)
        if key is None or role is None or not _is_left_to_iam(template.properties(key).get("KeyPolicy")):
            continue
        if not role.may("kms:GenerateDataKey", template.pattern(f"${{Token[{key}.Arn]}}")):
            yield Finding(node.path, f"is {key}, and {id} does not allow kms:GenerateDataKey on it: nothing is written")


def _is_left_to_iam(policy: object) -> bool:
    """Say whether a key's policy lets nobody use the key but the account, which lets IAM say who may."""
    if policy is None:
        return True
    said = policy.get("Statement") if isinstance(policy, dict) else None
    several = said if isinstance(said, list) else [said]
    principals = [each.get("Principal") if isinstance(each, dict) else None for each in several]
    return bool(principals) and all(
        isinstance(each, dict) and set(each) == {"AWS"} and (text_of(each["AWS"]) or "").endswith(":root")
        for each in principals
    )
