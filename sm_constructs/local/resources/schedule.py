"""AWS::Scheduler::Schedule."""

from __future__ import annotations

from moto.core.common_models import CloudFormationModel

from sm_constructs.local.resources.base import Properties, Resource


class Schedule(Resource, CloudFormationModel):
    """A schedule. It never starts anything: the embedded AWS runs no jobs."""

    type = "AWS::Scheduler::Schedule"
    service = "scheduler"
    name_property = "Name"
    name_limit = 64

    def __init__(self, name: str, region: str) -> None:
        super().__init__(name, region)
        self._key: dict[str, str] = {}

    def create(self, properties: Properties) -> None:
        """Create the schedule."""
        answer = self.call("CreateSchedule", {**properties, "Name": self.name})
        self._key = {"Name": self.name, "GroupName": properties.get("GroupName", "default")}
        self.physical_resource_id = self.name
        self.attributes = {"Arn": answer["ScheduleArn"]}

    def update(self, properties: Properties, previous: Properties) -> None:  # noqa: ARG002
        """Write the schedule anew, under the same name."""
        self.call("UpdateSchedule", {**properties, "Name": self.name})

    def delete(self) -> None:
        """Delete the schedule."""
        self.call("DeleteSchedule", self._key)
