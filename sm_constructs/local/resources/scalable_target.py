"""AWS::ApplicationAutoScaling::ScalableTarget, with its scheduled actions."""

from __future__ import annotations

from typing import Any

from moto.core.common_models import CloudFormationModel

from sm_constructs.local.resources.base import Properties, Resource

_KEY = ("ServiceNamespace", "ResourceId", "ScalableDimension")


class ScalableTarget(Resource, CloudFormationModel):
    """A scalable target. ``Ref`` gives resource id, dimension and namespace, joined by ``|``."""

    type = "AWS::ApplicationAutoScaling::ScalableTarget"
    service = "application-autoscaling"

    def __init__(self, name: str, region: str) -> None:
        super().__init__(name, region)
        self._key: dict[str, Any] = {}

    def create(self, properties: Properties) -> None:
        """Register the target and its scheduled actions."""
        self._register(properties)
        self._key = {name: properties[name] for name in _KEY}
        self.physical_resource_id = "|".join(
            (properties["ResourceId"], properties["ScalableDimension"], properties["ServiceNamespace"])
        )
        self.attributes = {"Id": self.physical_resource_id}
        try:
            self._put_scheduled_actions(properties)
        except Exception:
            self.delete()
            raise

    def update(self, properties: Properties, previous: Properties) -> None:
        """Register the target anew with its changed range, and bring its scheduled actions in line."""
        self._register(properties)
        self._put_scheduled_actions(properties)
        remaining = {action["ScheduledActionName"] for action in properties.get("ScheduledActions", [])}
        for action in previous.get("ScheduledActions", []):
            name = action["ScheduledActionName"]
            if name not in remaining:
                self.call("DeleteScheduledAction", self._key | {"ScheduledActionName": name})

    def delete(self) -> None:
        """Deregister the target."""
        self.call("DeregisterScalableTarget", self._key)

    def _register(self, properties: Properties) -> None:
        params = {name: value for name, value in properties.items() if name != "ScheduledActions"}
        if "Tags" in params:  # a list in CloudFormation, a map in the API
            params["Tags"] = {tag["Key"]: tag["Value"] for tag in params["Tags"]}
        self.call("RegisterScalableTarget", params)

    def _put_scheduled_actions(self, properties: Properties) -> None:
        for action in properties.get("ScheduledActions", []):
            self.call("PutScheduledAction", self._key | action)
