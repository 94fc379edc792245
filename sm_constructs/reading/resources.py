"""The resources of a template, and which of them refers to which."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sm_constructs.reading.intrinsics import referred, text_of
from sm_constructs.reading.nodes import Node, Record

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

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

READ_TYPES = frozenset(
    {MODEL, CONFIG, ENDPOINT, COMPONENT, TARGET, POLICY, ALARM, ROLE, POLICY_OF_ROLE, MANAGED_POLICY}
)
"""The types of the resources that are looked at."""

_NAMED_BY = {
    MODEL: "ModelName",
    CONFIG: "EndpointConfigName",
    ENDPOINT: "EndpointName",
    COMPONENT: "InferenceComponentName",
}


@dataclass(frozen=True, slots=True)
class Resource:
    """A resource.

    Attributes
    ----------
    id : str
        Its logical id.
    type : str
        Its type.
    properties : Node
        Its properties.
    """

    id: str
    type: str
    properties: Node

    def __getitem__(self, name: str) -> Node:
        return self.properties[name]


class Template:
    """A template, read as far as it is one.

    Parameters
    ----------
    template : object
        The template, as parsed JSON.
    others : Iterable[str], default ()
        The logical ids of further resources, which are not looked at.
    """

    def __init__(self, template: object, others: Iterable[str] = ()) -> None:
        self._resources: dict[str, Resource] = {}
        self._named: dict[tuple[str, str], Resource] = {}
        found = template.get("Resources") if isinstance(template, dict) else None
        parameters = template.get("Parameters") if isinstance(template, dict) else None
        self._ids = {*others, *(found if isinstance(found, dict) else ())}
        self._names = {*self._ids, *(parameters if isinstance(parameters, dict) else ())}
        for id, definition in found.items() if isinstance(found, dict) else ():
            match definition:
                case {"Type": str(kind)} if isinstance(id, str):
                    properties = Node(f"Resources/{id}/Properties", definition.get("Properties"), Record())
                    resource = self._resources[id] = Resource(id, kind, properties)
                    if (name := text_of(resource[_NAMED_BY.get(kind, "")].value)) is not None:
                        self._named.setdefault((kind, name), resource)
                case _:
                    pass

    def of_type(self, *kinds: str) -> list[Resource]:
        """Give all resources of some types, in the order of the template."""
        return [resource for resource in self._resources.values() if resource.type in kinds]

    def resource(self, id: str | None) -> Resource | None:
        """Give the resource with a logical id."""
        return None if id is None else self._resources.get(id)

    def has_resource(self, id: str) -> bool:
        """Say whether there is a resource with a logical id, whether or not it is looked at."""
        return id in self._ids

    def has_name(self, name: str) -> bool:
        """Say whether ``Ref`` of a name leads to something: a resource, a parameter, a pseudo parameter."""
        return name in self._names or name.startswith("AWS::")

    def referred(self, kind: str, text: str | None) -> Resource | None:
        """Give the resource of a type that a text refers to, or names."""
        if text is None:
            return None
        resource = self._resources.get(referred(text) or "")
        return resource if resource is not None and resource.type == kind else self._named.get((kind, text))

    def unread(self, resource: Resource) -> Iterator[str]:
        """Give the topmost places in the properties of a resource under which nothing was read."""
        return resource.properties.unread()
