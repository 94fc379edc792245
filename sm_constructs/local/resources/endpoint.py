"""AWS::SageMaker::Endpoint: updated in place to another configuration; replaced only with its name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from moto.core.common_models import CloudFormationModel

from sm_constructs.local.resources.sagemaker import RolledBack, SageMakerResource

if TYPE_CHECKING:
    from sm_constructs.local.resources.base import Properties

_UPDATE_ONLY = ("RetainAllVariantProperties", "ExcludeRetainedVariantProperties", "RetainDeploymentConfig")


class Endpoint(SageMakerResource, CloudFormationModel):
    """An endpoint; moto's is deleted and made anew by an update, and ignores the endpoint's name."""

    type = "AWS::SageMaker::Endpoint"
    name_property = "EndpointName"

    def create(self, properties: Properties) -> None:
        """Create the endpoint."""
        answer = self.call("CreateEndpoint", _without(properties, *_UPDATE_ONLY) | {"EndpointName": self.name})
        arn = answer["EndpointArn"]
        self.identify(arn, EndpointName=self.name, EndpointArn=arn)

    def update(self, properties: Properties, previous: Properties) -> None:
        """Bring the endpoint to its new configuration, and look whether it stays there."""
        super().update(properties, previous)
        if _without(properties, "Tags") == _without(previous, "Tags"):
            return
        self.call("UpdateEndpoint", _without(properties, "Tags") | {"EndpointName": self.name})
        found = self.call("DescribeEndpoint", {"EndpointName": self.name})
        if found["EndpointConfigName"] != properties["EndpointConfigName"]:
            raise RolledBack(found["FailureReason"])

    def delete(self) -> None:
        """Delete the endpoint."""
        self.call("DeleteEndpoint", {"EndpointName": self.name})


def _without(properties: Properties, *names: str) -> dict[str, Any]:
    return {name: value for name, value in properties.items() if name not in names}
