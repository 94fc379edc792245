"""Types that have no effect on AWS either, as far as hosting goes."""

from __future__ import annotations

from moto.core.common_models import CloudFormationModel

from sm_constructs.local.resources.base import Properties, Resource


class _WithoutEffect(Resource):
    """A resource that is only a line in the template."""

    def create(self, properties: Properties) -> None:  # noqa: ARG002
        """Give it an id."""
        self.physical_resource_id = self.name

    def update(self, properties: Properties, previous: Properties) -> None:
        """Do nothing."""

    def delete(self) -> None:
        """Do nothing."""


class Metadata(_WithoutEffect, CloudFormationModel):
    """What the CDK tells AWS about the constructs in use."""

    type = "AWS::CDK::Metadata"


class WaitConditionHandle(_WithoutEffect, CloudFormationModel):
    """Used by templates as a placeholder that costs nothing."""

    type = "AWS::CloudFormation::WaitConditionHandle"
