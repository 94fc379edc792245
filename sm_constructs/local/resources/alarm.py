"""AWS::CloudWatch::Alarm."""

from __future__ import annotations

from moto.core.common_models import CloudFormationModel

from sm_constructs.local.resources.base import Properties, Resource


class Alarm(Resource, CloudFormationModel):
    """An alarm on a metric or on metric math.

    The embedded AWS has no measurements, so an alarm changes its state only when somebody sends SetAlarmState.
    """

    type = "AWS::CloudWatch::Alarm"
    service = "cloudwatch"
    name_property = "AlarmName"
    name_limit = 255

    def create(self, properties: Properties) -> None:
        """Put the alarm."""
        self._put(properties)
        self.physical_resource_id = self.name
        self.attributes = {"Arn": self._described()["AlarmArn"]}

    def update(self, properties: Properties, previous: Properties) -> None:  # noqa: ARG002
        """Put the alarm anew, under the same name; it keeps its state, which moto's would lose."""
        before = self._described()
        self._put(properties)
        if before["StateValue"] != self._described()["StateValue"]:
            state = {"StateValue": before["StateValue"], "StateReason": before["StateReason"]}
            self.call("SetAlarmState", {"AlarmName": self.name, **state})

    def delete(self) -> None:
        """Delete the alarm."""
        self.call("DeleteAlarms", {"AlarmNames": [self.name]})

    def _described(self) -> Properties:
        (alarm,) = self.call("DescribeAlarms", {"AlarmNames": [self.name]})["MetricAlarms"]
        found: Properties = alarm
        return found

    def _put(self, properties: Properties) -> None:
        self.call("PutMetricAlarm", {**properties, "AlarmName": self.name})
