"""What the SageMaker types share: ``Ref`` gives the ARN, and tags change in place."""

from __future__ import annotations

from sm_constructs.local.resources.base import Properties, Resource, tag_changes


class RolledBack(Exception):  # noqa: N818 - it says what happened
    """SageMaker took an update back; the message is its reason."""


class SageMakerResource(Resource):
    """A SageMaker resource."""

    service = "sagemaker"

    def identify(self, arn: str, **attributes: str) -> None:
        """Remember what ``Ref`` and ``Fn::GetAtt`` give."""
        self.physical_resource_id = arn
        self.attributes = attributes

    def update(self, properties: Properties, previous: Properties) -> None:
        """Change the tags."""
        changed, removed = tag_changes(properties.get("Tags", []), previous.get("Tags", []))
        if removed:
            self.call("DeleteTags", {"ResourceArn": self.physical_resource_id, "TagKeys": removed})
        if changed:
            self.call("AddTags", {"ResourceArn": self.physical_resource_id, "Tags": changed})
