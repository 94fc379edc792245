"""AWS::IAM::Role: moto's neither attaches managed policies nor updates anything but the description."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from moto.core.common_models import CloudFormationModel

from sm_constructs.local.resources.base import Properties, Resource, tag_changes

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sm_constructs.local.shapes import Json


class Role(Resource, CloudFormationModel):
    """A role with its inline and managed policies."""

    type = "AWS::IAM::Role"
    service = "iam"
    name_property = "RoleName"
    name_limit = 64

    def create(self, properties: Properties) -> None:
        """Create the role, then its policies."""
        role = self._iam(
            "CreateRole",
            AssumeRolePolicyDocument=_document(properties["AssumeRolePolicyDocument"]),
            **_given(properties, "Path", "Description", "MaxSessionDuration", "PermissionsBoundary", "Tags"),
        )["Role"]
        self.physical_resource_id = self.name
        self.attributes = {"Arn": role["Arn"], "RoleId": role["RoleId"]}
        try:
            self._bring_policies(properties, {})
        except Exception:
            self.delete()
            raise

    def update(self, properties: Properties, previous: Properties) -> None:
        """Change everything but name and path, which demand another role."""
        self._iam("UpdateAssumeRolePolicy", PolicyDocument=_document(properties["AssumeRolePolicyDocument"]))
        self._iam(
            "UpdateRole",
            Description=properties.get("Description", ""),
            MaxSessionDuration=properties.get("MaxSessionDuration", 3600),
        )
        self._bring_policies(properties, previous)
        boundary = properties.get("PermissionsBoundary")
        if boundary is not None:
            self._iam("PutRolePermissionsBoundary", PermissionsBoundary=boundary)
        elif previous.get("PermissionsBoundary") is not None:
            self._iam("DeleteRolePermissionsBoundary")
        changed, removed = tag_changes(properties.get("Tags", []), previous.get("Tags", []))
        if removed:
            self._iam("UntagRole", TagKeys=removed)
        if changed:
            self._iam("TagRole", Tags=changed)

    def delete(self) -> None:
        """Delete the role with all policies that it still has."""
        for arn in self._attached():
            self._iam("DetachRolePolicy", PolicyArn=arn)
        for name in self._inline():
            self._iam("DeleteRolePolicy", PolicyName=name)
        self._iam("DeleteRole")

    def _bring_policies(self, properties: Properties, previous: Properties) -> None:
        wanted = {policy["PolicyName"]: policy["PolicyDocument"] for policy in properties.get("Policies", [])}
        for name, document in wanted.items():
            self._iam("PutRolePolicy", PolicyName=name, PolicyDocument=_document(document))
        # Only what the template had: others attach policies to the role, too.
        for name in {policy["PolicyName"] for policy in previous.get("Policies", [])} - wanted.keys():
            if name in self._inline():
                self._iam("DeleteRolePolicy", PolicyName=name)
        managed = set(properties.get("ManagedPolicyArns", []))
        for arn in sorted(managed - self._attached()):
            self._iam("AttachRolePolicy", PolicyArn=arn)
        for arn in (set(previous.get("ManagedPolicyArns", [])) - managed) & self._attached():
            self._iam("DetachRolePolicy", PolicyArn=arn)

    def _inline(self) -> set[str]:
        return set(self._iam("ListRolePolicies")["PolicyNames"])

    def _attached(self) -> set[str]:
        return {policy["PolicyArn"] for policy in self._iam("ListAttachedRolePolicies")["AttachedPolicies"]}

    def _iam(self, operation: str, **params: Json) -> dict[str, Json]:
        return self.call(operation, {"RoleName": self.name} | params)


def _document(document: Mapping[str, Any] | str) -> str:
    # A version such as 2012-10-17, unquoted in a YAML template, arrives as a date.
    return document if isinstance(document, str) else json.dumps(document, default=str)


def _given(properties: Properties, *names: str) -> dict[str, Any]:
    return {name: properties[name] for name in names if name in properties}
