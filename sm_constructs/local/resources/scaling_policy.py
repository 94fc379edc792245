"""AWS::ApplicationAutoScaling::ScalingPolicy, in both its forms."""

from __future__ import annotations

from typing import Any

from moto.core.common_models import CloudFormationModel

from sm_constructs.local.resources.base import Properties, Resource


class ScalingPolicy(Resource, CloudFormationModel):
    """A scaling policy of a target named by ``ScalingTargetId``, or by resource id, dimension and namespace."""

    type = "AWS::ApplicationAutoScaling::ScalingPolicy"
    service = "application-autoscaling"

    def __init__(self, name: str, region: str) -> None:
        super().__init__(name, region)
        self._key: dict[str, Any] = {}

    def create(self, properties: Properties) -> None:
        """Put the policy."""
        self._put(properties)

    def update(self, properties: Properties, previous: Properties) -> None:  # noqa: ARG002
        """Put the policy anew, under the same name."""
        self._put(properties)

    def delete(self) -> None:
        """Delete the policy."""
        self.call("DeleteScalingPolicy", self._key)

    def _put(self, properties: Properties) -> None:
        params = dict(properties)
        target = params.pop("ScalingTargetId", None)
        if target is not None:
            # What Ref of a scalable target gives: resource id, dimension, namespace.
            resource_id, dimension, namespace = (*target.split("|"), "", "")[:3]
            params |= {"ResourceId": resource_id, "ScalableDimension": dimension, "ServiceNamespace": namespace}
        arn = self.call("PutScalingPolicy", params)["PolicyARN"]
        self._key = {
            name: params[name] for name in ("PolicyName", "ServiceNamespace", "ResourceId", "ScalableDimension")
        }
        self.physical_resource_id = arn
        self.attributes = {"Arn": arn}
