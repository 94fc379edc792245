"""AWS::SQS::QueuePolicy."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from moto.core.common_models import CloudFormationModel

from sm_constructs.local.resources.base import Resource

if TYPE_CHECKING:
    from sm_constructs.local.resources.base import Properties


class QueuePolicy(Resource, CloudFormationModel):
    """A policy of SQS queues. It is kept, and never enforced."""

    type = "AWS::SQS::QueuePolicy"
    service = "sqs"

    def create(self, properties: Properties) -> None:
        """Set the policy on its queues."""
        self.physical_resource_id = self.name
        self._set(properties["Queues"], json.dumps(properties["PolicyDocument"]))

    def update(self, properties: Properties, previous: Properties) -> None:
        """Set the policy anew, and take it from queues that are no longer its own."""
        self._set(properties["Queues"], json.dumps(properties["PolicyDocument"]))
        self._set([queue for queue in previous["Queues"] if queue not in properties["Queues"]], "")

    def delete(self) -> None:
        """Leave the policy to its queues, with which it goes."""

    def _set(self, queues: list[str], policy: str) -> None:
        for queue in queues:
            self.call("SetQueueAttributes", {"QueueUrl": queue, "Attributes": {"Policy": policy}})
