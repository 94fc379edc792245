"""AWS::SageMaker::Model: replaced by every change but that of its tags."""

from __future__ import annotations

from typing import TYPE_CHECKING

from moto.core.common_models import CloudFormationModel

from sm_constructs.local.resources.sagemaker import SageMakerResource

if TYPE_CHECKING:
    from sm_constructs.local.resources.base import Properties


class Model(SageMakerResource, CloudFormationModel):
    """A model; moto's loses all but the primary container and cannot do without one."""

    type = "AWS::SageMaker::Model"
    name_property = "ModelName"

    def create(self, properties: Properties) -> None:
        """Create the model."""
        answer = self.call("CreateModel", {**properties, "ModelName": self.name})
        self.identify(answer["ModelArn"], ModelName=self.name, ModelArn=answer["ModelArn"])

    def delete(self) -> None:
        """Delete the model."""
        self.call("DeleteModel", {"ModelName": self.name})
