"""The resources of a template, and which of them refers to which."""

from __future__ import annotations

import json
import marshal
import re
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any

from sm_constructs.reading.intrinsics import (
    EXTENSIONS,
    NO_VALUE,
    TOKEN,
    calls,
    references_of,
    referred,
    simple_reference,
)
from sm_constructs.reading.looks import LOOKS, PSEUDO
from sm_constructs.reading.nodes import Node
from sm_constructs.tokens import is_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from sm_constructs.reading.intrinsics import Call

MODEL = "AWS::SageMaker::Model"
CONFIG = "AWS::SageMaker::EndpointConfig"
ENDPOINT = "AWS::SageMaker::Endpoint"
COMPONENT = "AWS::SageMaker::InferenceComponent"
TARGET = "AWS::ApplicationAutoScaling::ScalableTarget"
POLICY = "AWS::ApplicationAutoScaling::ScalingPolicy"
ALARM = "AWS::CloudWatch::Alarm"
ROLE = "AWS::IAM::Role"
POLICY_OF_ROLE = "AWS::IAM::Policy"
MANAGED_POLICY = "AWS::IAM::ManagedPolicy"
INLINE_POLICY = "AWS::IAM::RolePolicy"
PACKAGE = "AWS::SageMaker::ModelPackage"
PACKAGE_GROUP = "AWS::SageMaker::ModelPackageGroup"
EXPERIMENT = "AWS::SageMaker::InferenceExperiment"
DASHBOARD = "AWS::CloudWatch::Dashboard"
COMPOSITE = "AWS::CloudWatch::CompositeAlarm"
SCHEDULE = "AWS::Scheduler::Schedule"
STATE_MACHINES = ("AWS::StepFunctions::StateMachine", "AWS::Serverless::StateMachine")

READ_TYPES = frozenset(
    {MODEL, CONFIG, ENDPOINT, COMPONENT, TARGET, POLICY, ALARM, PACKAGE, PACKAGE_GROUP, EXPERIMENT}
    | {ROLE, POLICY_OF_ROLE, MANAGED_POLICY, INLINE_POLICY, DASHBOARD, COMPOSITE, SCHEDULE, *STATE_MACHINES}
)
"""The types of the resources that are looked at."""

UNKNOWN = re.compile("[\U000f0000-\U000ffffd]")
"""What stands for a reference of which nothing is known; see `Template.pattern`."""

_FIRST_LETTER, _LETTERS = 0xF0000, 0xFFFE
_SAM = "AWS::Serverless-2016-10-31"
_CONTAINERS = (dict, list)
_WITHOUT_REFERENCES = 2  # a version of marshal

# The other namespaces of Application Auto Scaling.
_OTHER_SERVICES = frozenset(
    {"appstream", "cassandra", "comprehend", "custom-resource", "dynamodb", "ec2", "ecs", "elasticache"}
    | {"elasticmapreduce", "kafka", "lambda", "neptune", "rds", "workspaces"}
)
PHYSICAL_NAMES = {
    MODEL: "ModelName",
    CONFIG: "EndpointConfigName",
    ENDPOINT: "EndpointName",
    COMPONENT: "InferenceComponentName",
    ROLE: "RoleName",
    MANAGED_POLICY: "ManagedPolicyName",
    ALARM: "AlarmName",
    "AWS::S3::Bucket": "BucketName",
    "AWS::SNS::Topic": "TopicName",
    "AWS::ECR::Repository": "RepositoryName",
}
"""The property with the physical name of a resource, by type."""


Look = tuple[str, str, str | None]


class Resource(Node):
    """A resource: the place where its properties are, and what it is.

    Parameters
    ----------
    id : str
        Its logical id.
    definition : Mapping[str, Any]
        What the template says of it; it has a type.

    Attributes
    ----------
    id : str
        Its logical id.
    type : str
        Its type.
    depends_on : tuple[str, ...]
        The logical ids that its ``DependsOn`` names.
    is_conditional : bool
        Whether it is there on a condition only.
    deletion_policy : str or None
        Its ``DeletionPolicy``, if it is known.
    says_nothing : bool
        Whether its properties are there, and nothing stands there.
    """

    __slots__ = ("deletion_policy", "depends_on", "id", "is_conditional", "says_nothing", "type")

    def __init__(self, id: str, definition: Mapping[str, Any]) -> None:
        properties = definition.get("Properties")
        super().__init__(f"Resources/{id}/Properties", None if properties == NO_VALUE else properties)
        self.id = id
        self.type: str = definition["Type"]
        self.depends_on = _ids(definition.get("DependsOn"))
        self.is_conditional = "Condition" in definition
        policy = definition.get("DeletionPolicy")
        self.deletion_policy = policy if isinstance(policy, str) else None
        self.says_nothing = "Properties" in definition and definition["Properties"] is None


def _ids(value: object) -> tuple[str, ...]:
    match value:
        case str():
            return (value,)
        case list():
            return tuple(id for id in value if isinstance(id, str))
        case _:
            return ()


class Template:
    """A template, read as far as it is one.

    Parameters
    ----------
    template : object
        The template, as parsed JSON.
    others : Mapping[str, Any], optional
        Further resources, which are not looked at, by logical id.
    known : Mapping[str, list[Call]], optional
        The calls of intrinsic functions in the properties of resources, by logical id, as far as they are known.
    """

    def __init__(
        self,
        template: object,
        others: Mapping[str, Any] | None = None,
        known: Mapping[str, list[Call]] | None = None,
    ) -> None:
        self._calls = dict(known or {})
        self._resources: dict[str, Resource] = {}
        self._of_hosting: dict[str, bool] = {}
        self._execution_roles: list[Resource] | None = None
        self._patterns: dict[str, str] = {}
        self._letters: dict[str, int] = {}
        self._references: dict[Node, tuple[tuple[str, str, str], ...]] = {}
        self._of_types: dict[tuple[str, ...], list[Resource]] = {}
        self._named: dict[tuple[str, str], Resource] = {}
        self._referred: dict[tuple[str, str], Resource | None] = {}
        found = template.get("Resources") if isinstance(template, dict) else None
        parameters = template.get("Parameters") if isinstance(template, dict) else None
        mappings = {id: it for id, it in (others or {}).items() if isinstance(it, dict)}
        self._types = {id: str(it.get("Type")) for id, it in mappings.items()}
        self._properties = {id: it.get("Properties") for id, it in mappings.items()}
        self._parts: tuple[Any, Any] = (template, dict(others or {}))
        sections = template if isinstance(template, dict) else {}
        self._counts = {name: len(each) for name, each in sections.items() if isinstance(each, dict)}
        self._parameters = set(parameters) if isinstance(parameters, dict) else set()
        for id, definition in found.items() if isinstance(found, dict) else ():
            kind = definition.get("Type") if isinstance(definition, dict) else None
            if isinstance(id, str) and isinstance(kind, str):
                self._types[id] = kind
                self._properties[id] = definition.get("Properties")
                resource = self._resources[id] = Resource(id, definition)
                if kind in PHYSICAL_NAMES and (name := resource[PHYSICAL_NAMES[kind]].said) is not None:
                    self._named.setdefault((kind, name), resource)

    def of_type(self, *kinds: str) -> list[Resource]:
        """Give all resources of some types, in the order of the template."""
        if kinds not in self._of_types:
            self._of_types[kinds] = [resource for resource in self._resources.values() if resource.type in kinds]
        return self._of_types[kinds]

    def resource(self, id: str | None) -> Resource | None:
        """Give the resource with a logical id."""
        return None if id is None else self._resources.get(id)

    @property
    def types(self) -> Mapping[str, str]:
        """The types of all resources, by logical id."""
        return self._types

    def count(self, section: str) -> int:
        """Give the number of entries in a section of the template."""
        return self._counts.get(section, 0)

    def section(self, name: str) -> dict[str, Any]:
        """Give a section of the template, such as its parameters; empty where there is none."""
        found = self.says(name)
        return found if isinstance(found, dict) else {}

    def says(self, name: str) -> object:
        """Give what stands at the top of the template under a name."""
        whole = self._parts[0]
        return whole.get(name) if isinstance(whole, dict) else None

    @property
    def definitions(self) -> Iterator[tuple[str, object]]:
        """Every resource with its logical id, as it stands in the template, whether or not it is looked at."""
        for resources in (self._parts[1], self.section("Resources")):
            yield from ((id, definition) for id, definition in resources.items() if isinstance(id, str))

    def properties(self, id: str) -> dict[str, Any]:
        """Give the properties of any resource; empty where there are none, or they are not known."""
        found = self._properties.get(id)
        return found if isinstance(found, dict) else {}

    def mentions(self, *texts: str) -> bool:
        """Say whether any of some texts may stand somewhere in what is looked at, as a name or within a value."""
        written = self._written
        return not written or any(text.encode() in written for text in texts)

    @cached_property
    def _written(self) -> bytes:
        """The template as Python writes it; nothing where something in it is neither JSON nor YAML."""
        try:
            return marshal.dumps(self._parts, _WITHOUT_REFERENCES)
        except ValueError:
            return b""

    def size_above(self, most: int) -> int | None:
        """Give the number of bytes of the template, written as short as it can be, if there are more than so many."""
        # As Python writes it, it is shorter only by what has to be escaped.
        if self._written and len(self._written) < most / 2:
            return None
        # No circle is looked for: what nests without end was refused before.
        write = partial(json.dumps, separators=(",", ":"), default=str, check_circular=False, ensure_ascii=False)
        size = sum(len(write(each).encode("utf-8", "surrogatepass")) for each in self._parts)
        return size if size > most else None

    @property
    def has_names(self) -> bool:
        """Whether anything that is looked at has a physical name."""
        return bool(self._named)

    def has_resource(self, id: str) -> bool:
        """Say whether there is a resource with a logical id, whether or not it is looked at."""
        return id in self._types

    def has_name(self, name: str) -> bool:
        """Say whether ``Ref`` of a name leads to something: a resource, a parameter, a pseudo parameter."""
        return name in self._types or name in self._parameters or name.startswith("AWS::")

    def may_be_made(self, id: str) -> bool:
        """Say whether a macro or a module may make a resource of that name.

        Those of SAM and of a module begin with the name of what makes them.
        """
        said = self.says("Transform")
        several = said if isinstance(said, list) else [said]
        macros = {str(each.get("Name") if isinstance(each, dict) else each) for each in several if each is not None}
        if not macros <= {EXTENSIONS, _SAM}:
            return True
        making = tuple(
            name
            for name, kind in self._types.items()
            if kind.endswith("::MODULE") or (_SAM in macros and kind.startswith("AWS::Serverless::"))
        )
        return id.startswith(making) or (_SAM in macros and id.startswith("Serverless"))

    def sampled(self, text: str) -> str | None:
        """Give what a text may look like once it is deployed; nothing where that is not known of all in it.

        The same reference always looks the same, and those to two resources differ.

        >>> Template({}).sampled("${Token[AWS.StackName]}_endpoint")
        'stack_endpoint'
        """
        literals = TOKEN.split(text)
        for index in range(1, len(literals), 2):
            look = PSEUDO.get(literals[index]) or self._look(literals[index])
            if look is None:
                return None
            literals[index] = look
        return "".join(literals)

    def pattern(self, text: str) -> str:
        """Give a pattern of what a text may be once it is deployed: what is not known is a letter of its own.

        `UNKNOWN` matches those letters; each stands for any text, and everywhere for the same.
        """
        if text not in self._patterns:
            self._patterns[text] = TOKEN.sub(lambda match: self._look(match[1]) or self._letter(match[1]), text)
        return self._patterns[text]

    def _letter(self, reference: str) -> str:
        return chr(_FIRST_LETTER + self._letters.setdefault(reference, len(self._letters)) % _LETTERS)

    def look_of(self, call: dict[str, Any]) -> Look | None:
        """Give what decides how a call will look, if it is a reference to a resource: its type, attribute and name."""
        reference = simple_reference(call)
        if reference is None or reference[1] not in self._types:
            return None
        _, id, attribute = reference
        name = self._given_name(id)
        return (self._types[id], attribute, name) if name is None or isinstance(name, str) else None

    def _given_name(self, id: str) -> object:
        properties = self._properties.get(id)
        return properties.get(PHYSICAL_NAMES.get(self._types[id])) if isinstance(properties, dict) else None

    def _look(self, reference: str) -> str | None:
        """Give what a reference to a resource looks like, if its name is known or made up."""
        id, _, attribute = reference.partition(".")
        if id not in self._types:
            return None
        look = LOOKS.get(self._types[id], {}).get(attribute)
        given = self._given_name(id)
        if look is None or not (given is None or isinstance(given, str)):
            return None
        return look.format(given or id.lower())

    @property
    def execution_roles(self) -> list[Resource]:
        """The roles in the template that models and endpoint configurations take on."""
        if self._execution_roles is None:
            users = [*self.of_type(MODEL), *self.of_type(CONFIG)]
            wanted = {referred(user["ExecutionRoleArn"].said or "") for user in users}
            self._execution_roles = [role for role in self.of_type(ROLE) if role.id in wanted]
        return self._execution_roles

    def is_of_hosting(self, resource: Resource) -> bool:
        """Say whether a scalable target, a policy, an alarm or a role is about hosting; others have them too."""
        if resource.id not in self._of_hosting:
            self._of_hosting[resource.id] = self._is_of_hosting(resource)
        return self._of_hosting[resource.id]

    def _is_of_hosting(self, resource: Resource) -> bool:
        if resource.type == ALARM:
            metrics = resource["Metrics"].value
            return "sagemaker" in (resource["Namespace"].said or repr(metrics)).lower()
        if resource.type == ROLE:
            return resource in self.execution_roles
        target = self.referred(TARGET, resource["ScalingTargetId"].said)
        if resource.type == POLICY and target is not None:
            return self.is_of_hosting(target)
        said = resource["ServiceNamespace"].said
        if is_text(said) and said in _OTHER_SERVICES:
            return False
        return said == "sagemaker" or "sagemaker" in repr(resource.value).lower()

    def referred(self, kind: str, text: str | None) -> Resource | None:
        """Give the resource of a type that a text refers to, or names."""
        if text is None:
            return None
        key = (kind, text)
        if key not in self._referred:
            resource = self._resources.get(referred(text) or "")
            self._referred[key] = resource if resource is not None and resource.type == kind else self.named(kind, text)
        return self._referred[key]

    def named(self, kind: str, name: str | None) -> Resource | None:
        """Give the resource of a type with a physical name."""
        return None if name is None else self._named.get((kind, name))

    def calls(self, resource: Resource) -> list[Call]:
        """Give the calls of intrinsic functions in the properties of a resource."""
        if resource.id not in self._calls:
            self._calls[resource.id] = calls(resource.value)
        return self._calls[resource.id]

    def references(self, place: Node) -> tuple[tuple[str, str, str], ...]:
        """Give what a resource, or a place in one, refers to: where in it, the name, and the attribute."""
        if not isinstance(place.value, _CONTAINERS):
            return ()
        if (simple := simple_reference(place.value)) is not None:
            return (simple,)
        found = self._references.get(place)
        if found is None:
            called = self.calls(place) if isinstance(place, Resource) else calls(place.value)
            found = self._references[place] = tuple(references_of(called))
        return found

    def waits_for(self, resource: Resource, other: Resource) -> bool:
        """Say whether CloudFormation makes a resource after another one."""
        return other.id in self.before(resource)

    def before(self, resource: Resource) -> set[str]:
        """Give the logical ids of what CloudFormation makes before a resource, as far as what is looked at tells it."""
        todo, seen = [resource], set[str]()
        while todo:
            its = todo.pop()
            before = {*its.depends_on, *(name for _, name, _ in self.references(its))}
            todo += [self._resources[id] for id in before - seen if id in self._resources]
            seen |= before
        return seen

    def unread(self, resource: Resource) -> Iterator[str]:
        """Give the topmost places in the properties of a resource under which nothing was read."""
        return resource.unread()
