"""AWS::ApiGateway::Stage."""

from __future__ import annotations

from typing import TYPE_CHECKING

from moto.core.common_models import CloudFormationModel

from sm_constructs.local.resources.base import Resource

if TYPE_CHECKING:
    from sm_constructs.local.resources.base import Properties

_AT_CREATION = {
    "RestApiId": "restApiId",
    "StageName": "stageName",
    "Description": "description",
    "Variables": "variables",
}


class Stage(Resource, CloudFormationModel):
    """A stage of a REST API. Nothing is answered there."""

    type = "AWS::ApiGateway::Stage"
    service = "apigateway"

    def __init__(self, name: str, region: str) -> None:
        super().__init__(name, region)
        self._key: dict[str, str] = {}

    def create(self, properties: Properties) -> None:
        """Create the stage."""
        params = {api: properties[name] for name, api in _AT_CREATION.items() if name in properties}
        self.call("CreateStage", params | {"deploymentId": _deployment_id(properties)})
        self._key = {"restApiId": properties["RestApiId"], "stageName": properties["StageName"]}
        self.physical_resource_id = properties["StageName"]

    def update(self, properties: Properties, previous: Properties) -> None:
        """Bring the stage to another deployment."""
        if _deployment_id(properties) != _deployment_id(previous):
            change = {"op": "replace", "path": "/deploymentId", "value": _deployment_id(properties)}
            self.call("UpdateStage", self._key | {"patchOperations": [change]})

    def delete(self) -> None:
        """Delete the stage."""
        self.call("DeleteStage", self._key)


def _deployment_id(properties: Properties) -> str:
    deployment = properties["DeploymentId"]
    return str(getattr(deployment, "id", deployment))  # Ref of moto's deployment gives the deployment itself
