"""AWS::S3::BucketPolicy, which the CDK's bootstrap stack has."""

from __future__ import annotations

import json

from moto.core.common_models import CloudFormationModel

from sm_constructs.local.resources.base import Properties, Resource


class BucketPolicy(Resource, CloudFormationModel):
    """The policy of a bucket."""

    type = "AWS::S3::BucketPolicy"
    service = "s3"

    def create(self, properties: Properties) -> None:
        """Put the policy."""
        self._put(properties)
        self.physical_resource_id = properties["Bucket"]

    def update(self, properties: Properties, previous: Properties) -> None:  # noqa: ARG002
        """Put the policy anew."""
        self._put(properties)

    def delete(self) -> None:
        """Delete the policy."""
        self.call("DeleteBucketPolicy", {"Bucket": self.physical_resource_id})

    def _put(self, properties: Properties) -> None:
        policy = json.dumps(properties["PolicyDocument"], default=str)
        self.call("PutBucketPolicy", {"Bucket": properties["Bucket"], "Policy": policy})
