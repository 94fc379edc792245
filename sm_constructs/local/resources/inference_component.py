"""AWS::SageMaker::InferenceComponent: every property but the name changes in place."""

from __future__ import annotations

from typing import TYPE_CHECKING

from moto.core.common_models import CloudFormationModel

from sm_constructs.local.resources.sagemaker import RolledBack, SageMakerResource

if TYPE_CHECKING:
    from sm_constructs.local.resources.base import Properties

_CHANGEABLE = ("Specification", "RuntimeConfig")
_UPDATE_ONLY = "DeploymentConfig"


class InferenceComponent(SageMakerResource, CloudFormationModel):
    """An inference component."""

    type = "AWS::SageMaker::InferenceComponent"
    name_property = "InferenceComponentName"

    def create(self, properties: Properties) -> None:
        """Create the component."""
        given = {name: value for name, value in properties.items() if name != _UPDATE_ONLY}
        answer = self.call("CreateInferenceComponent", {**given, "InferenceComponentName": self.name})
        arn = answer["InferenceComponentArn"]
        self._present = properties
        self.identify(arn, InferenceComponentArn=arn, InferenceComponentStatus="InService")

    def update(self, properties: Properties, previous: Properties) -> None:
        """Change the component in place; one that SageMaker took back already has nothing to go back to."""
        super().update(properties, previous)
        present = self._present
        changed = {name: properties[name] for name in _CHANGEABLE if properties.get(name) != present.get(name)}
        if changed:
            changed |= {name: properties[name] for name in (_UPDATE_ONLY,) if name in properties}
            self.call("UpdateInferenceComponent", {**changed, "InferenceComponentName": self.name})
            found = self.call("DescribeInferenceComponent", {"InferenceComponentName": self.name})
            if "FailureReason" in found:
                raise RolledBack(found["FailureReason"])
        self._present = properties

    def delete(self) -> None:
        """Delete the component."""
        self.call("DeleteInferenceComponent", {"InferenceComponentName": self.name})
