"""AWS::CloudWatch::Alarm."""

from __future__ import annotations

from moto.core.common_models import CloudFormationModel

from sm_constructs.local.resources.base import Properties, Resource


class Alarm(Resource, CloudFormationModel):
    """An alarm on a metric or on metric math. It never fires: the embedded AWS has no measurements."""

    type = "AWS::CloudWatch::Alarm"
    service = "cloudwatch"
    name_property = "AlarmName"
    name_limit = 255

    def create(self, properties: Properties) -> None:
        """Put the alarm."""
        self._put(properties)
        self.physical_resource_id = self.name
        (alarm,) = self.call("DescribeAlarms", {"AlarmNames": [self.name]})["MetricAlarms"]
        self.attributes = {"Arn": alarm["AlarmArn"]}

    def update(self, properties: Properties, previous: Properties) -> None:  # noqa: ARG002
        """Put the alarm anew, under the same name."""
        self._put(properties)

    def delete(self) -> None:
        """Delete the alarm."""
        self.call("DeleteAlarms", {"AlarmNames": [self.name]})

    def _put(self, properties: Properties) -> None:
        self.call("PutMetricAlarm", {**properties, "AlarmName": self.name})
