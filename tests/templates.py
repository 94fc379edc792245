"""Looking into synthesised templates."""

from __future__ import annotations

import aws_cdk as cdk
from aws_cdk import assertions


class Synthesised:
    """The template of a stack."""

    def __init__(self, stack: cdk.Stack) -> None:
        self.template = assertions.Template.from_stack(stack)
        self.json = self.template.to_json()

    def ids(self, kind: str) -> list[str]:
        return [id for id, resource in self.json["Resources"].items() if resource["Type"] == kind]

    def resource(self, kind: str) -> dict:
        """Give the only resource of a type."""
        (id,) = self.ids(kind)
        return self.json["Resources"][id]

    def properties(self, kind: str) -> dict:
        return self.resource(kind)["Properties"]

    def statements(self) -> list[dict]:
        """Give the statements inside the only role."""
        (policy,) = self.properties("AWS::IAM::Role")["Policies"]
        return policy["PolicyDocument"]["Statement"]

    def allowed(self, action: str) -> list:
        """Give the resources on which the role may do something."""
        found = []
        for statement in self.statements():
            actions = statement["Action"]
            if action in ([actions] if isinstance(actions, str) else actions):
                resources = statement["Resource"]
                found += resources if isinstance(resources, list) else [resources]
        return [plain(resource) for resource in found]


def plain(value):
    """Write an intrinsic as a string, to be read in a test."""
    match value:
        case {"Fn::Join": [separator, parts]}:
            return separator.join(plain(part) for part in parts)
        case {"Fn::Sub": str() as text}:
            return text
        case {"Ref": name}:
            return f"${{{name}}}"
        case {"Fn::GetAtt": [name, attribute]}:
            return f"${{{name}.{attribute}}}"
        case _:
            return value
