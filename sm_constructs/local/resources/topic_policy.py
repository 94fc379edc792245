"""AWS::SNS::TopicPolicy."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from moto.core.common_models import CloudFormationModel

from sm_constructs.local.resources.base import Resource

if TYPE_CHECKING:
    from sm_constructs.local.resources.base import Properties


class TopicPolicy(Resource, CloudFormationModel):
    """A policy of SNS topics. It is kept, and never enforced."""

    type = "AWS::SNS::TopicPolicy"
    service = "sns"

    def create(self, properties: Properties) -> None:
        """Set the policy on its topics; it goes with them, as SNS has no way to take one away."""
        self.physical_resource_id = self.name
        self._set(properties)

    def update(self, properties: Properties, previous: Properties) -> None:  # noqa: ARG002
        """Set the policy anew."""
        self._set(properties)

    def delete(self) -> None:
        """Leave the policy to its topics."""

    def _set(self, properties: Properties) -> None:
        policy = json.dumps(properties["PolicyDocument"])
        for topic in properties["Topics"]:
            self.call("SetTopicAttributes", {"TopicArn": topic, "AttributeName": "Policy", "AttributeValue": policy})
