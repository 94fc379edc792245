"""AWS::SageMaker::EndpointConfig: replaced by every change but that of its tags."""

from __future__ import annotations

from typing import TYPE_CHECKING

from moto.core.common_models import CloudFormationModel

from sm_constructs.local.resources.sagemaker import SageMakerResource

if TYPE_CHECKING:
    from sm_constructs.local.resources.base import Properties


class EndpointConfig(SageMakerResource, CloudFormationModel):
    """An endpoint configuration; moto's knows five of its properties and a quarter of the instance types."""

    type = "AWS::SageMaker::EndpointConfig"
    name_property = "EndpointConfigName"

    def create(self, properties: Properties) -> None:
        """Create the configuration."""
        answer = self.call("CreateEndpointConfig", {**properties, "EndpointConfigName": self.name})
        arn = answer["EndpointConfigArn"]
        self.identify(arn, EndpointConfigName=self.name, EndpointConfigArn=arn)

    def delete(self) -> None:
        """Delete the configuration."""
        self.call("DeleteEndpointConfig", {"EndpointConfigName": self.name})
