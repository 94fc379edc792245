"""AWS::KMS::Key."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from moto.core.common_models import CloudFormationModel

from sm_constructs.local.resources.base import Resource

if TYPE_CHECKING:
    from sm_constructs.local.resources.base import Properties

_AT_CREATION = ("Description", "KeyUsage", "KeySpec", "MultiRegion", "Origin", "BypassPolicyLockoutSafetyCheck")


class Key(Resource, CloudFormationModel):
    """A KMS key; moto's fails with tags, and is replaced by every change."""

    type = "AWS::KMS::Key"
    service = "kms"

    def create(self, properties: Properties) -> None:
        """Create the key."""
        params = {name: properties[name] for name in _AT_CREATION if name in properties}
        params["Tags"] = [{"TagKey": tag["Key"], "TagValue": tag["Value"]} for tag in properties.get("Tags", [])]
        if "KeyPolicy" in properties:
            params["Policy"] = json.dumps(properties["KeyPolicy"])
        made = self.call("CreateKey", params)["KeyMetadata"]
        self.physical_resource_id = made["KeyId"]
        self.attributes = {"Arn": made["Arn"], "KeyId": made["KeyId"]}
        self._rotate(properties)

    def update(self, properties: Properties, previous: Properties) -> None:
        """Change description, policy, rotation and tags in place."""
        key = {"KeyId": self.physical_resource_id}
        if properties.get("Description") != previous.get("Description"):
            self.call("UpdateKeyDescription", key | {"Description": properties.get("Description", "")})
        if properties.get("KeyPolicy") != previous.get("KeyPolicy") and "KeyPolicy" in properties:
            policy = json.dumps(properties["KeyPolicy"])
            self.call("PutKeyPolicy", key | {"PolicyName": "default", "Policy": policy})
        if properties.get("EnableKeyRotation") != previous.get("EnableKeyRotation"):
            self._rotate(properties)
        before = {tag["Key"] for tag in previous.get("Tags", [])}
        tags = {tag["Key"]: tag["Value"] for tag in properties.get("Tags", [])}
        if gone := sorted(before - set(tags)):
            self.call("UntagResource", key | {"TagKeys": gone})
        if tags:
            pairs = [{"TagKey": name, "TagValue": value} for name, value in tags.items()]
            self.call("TagResource", key | {"Tags": pairs})

    def delete(self) -> None:
        """Schedule the key's deletion, as CloudFormation does."""
        self.call("ScheduleKeyDeletion", {"KeyId": self.physical_resource_id})

    def _rotate(self, properties: Properties) -> None:
        rotates = properties.get("EnableKeyRotation") in (True, "true")
        operation = "EnableKeyRotation" if rotates else "DisableKeyRotation"
        self.call(operation, {"KeyId": self.physical_resource_id})
