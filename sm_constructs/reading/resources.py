"""The resources of a template, and which of them refers to which."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sm_constructs.reading.intrinsics import referred, text_of
from sm_constructs.reading.nodes import Node, Record

if TYPE_CHECKING:
    from collections.abc import Iterator

MODEL = "AWS::SageMaker::Model"
CONFIG = "AWS::SageMaker::EndpointConfig"
ENDPOINT = "AWS::SageMaker::Endpoint"
COMPONENT = "AWS::SageMaker::InferenceComponent"
TARGET = "AWS::ApplicationAutoScaling::ScalableTarget"
POLICY = "AWS::ApplicationAutoScaling::ScalingPolicy"
ALARM = "AWS::CloudWatch::Alarm"

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
    """

    def __init__(self, template: object) -> None:
        self._record = Record()
        self._resources: dict[str, Resource] = {}
        self._named: dict[tuple[str, str], Resource] = {}
        found = template.get("Resources") if isinstance(template, dict) else None
        for id, definition in found.items() if isinstance(found, dict) else ():
            match definition:
                case {"Type": str(kind)} if isinstance(id, str):
                    properties = Node(f"Resources/{id}/Properties", definition.get("Properties"), self._record)
                    resource = self._resources[id] = Resource(id, kind, properties)
                    if (name := text_of(resource[_NAMED_BY.get(kind, "")].value)) is not None:
                        self._named.setdefault((kind, name), resource)
                case _:
                    pass

    def of_type(self, kind: str) -> list[Resource]:
        """Give all resources of a type, in the order of the template."""
        return [resource for resource in self._resources.values() if resource.type == kind]

    def referred(self, kind: str, text: str | None) -> Resource | None:
        """Give the resource of a type that a text refers to, or names."""
        if text is None:
            return None
        resource = self._resources.get(referred(text) or "")
        return resource if resource is not None and resource.type == kind else self._named.get((kind, text))

    def unread(self, resource: Resource) -> Iterator[str]:
        """Give the topmost places in the properties of a resource under which nothing was read."""
        return self._record.unread(resource.properties.path, resource.properties.value)
