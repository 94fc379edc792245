"""AWS::CloudFormation::Stack: moto's is deleted and made anew by every update."""

from __future__ import annotations

from typing import TYPE_CHECKING

from botocore.exceptions import ClientError
from moto.cloudformation.exceptions import ValidationError
from moto.core.common_models import CloudFormationModel

from sm_constructs.local.resources.base import Properties, Resource

if TYPE_CHECKING:
    from sm_constructs.local.shapes import Json


class NestedStack(Resource, CloudFormationModel):
    """A stack in a stack. Its outputs are its attributes, as ``Outputs.Name``."""

    type = "AWS::CloudFormation::Stack"
    service = "cloudformation"
    name_limit = 128

    def create(self, properties: Properties) -> None:
        """Create the stack from its template in S3."""
        self.physical_resource_id = self.call("CreateStack", self._request(properties))["StackId"]
        try:
            self._take_outputs("CREATE_COMPLETE")
        except ValidationError:
            self.delete()
            raise

    def update(self, properties: Properties, previous: Properties) -> None:  # noqa: ARG002
        """Update the stack."""
        try:
            self.call("UpdateStack", self._request(properties))
        except ClientError as error:
            if "No updates are to be performed" not in str(error):
                raise
        else:
            self._take_outputs("UPDATE_COMPLETE")

    def delete(self) -> None:
        """Delete the stack."""
        self.call("DeleteStack", {"StackName": self.physical_resource_id})
        if self._describe()["StackStatus"] != "DELETE_COMPLETE":
            raise ValidationError(message=f"Nested stack {self.name} could not be deleted")

    def _request(self, properties: Properties) -> dict[str, Json]:
        parameters = [
            {"ParameterKey": name, "ParameterValue": ",".join(value) if isinstance(value, list) else str(value)}
            for name, value in properties.get("Parameters", {}).items()
        ]
        tags = {"Tags": properties["Tags"]} if "Tags" in properties else {}
        return {"StackName": self.name, "TemplateURL": properties["TemplateURL"], "Parameters": parameters, **tags}

    def _take_outputs(self, wanted: str) -> None:
        stack = self._describe()
        if stack["StackStatus"] != wanted:
            reasons = [
                event["ResourceStatusReason"]
                for event in self.call("DescribeStackEvents", {"StackName": self.physical_resource_id})["StackEvents"]
                if event["ResourceStatus"].endswith("_FAILED")
            ]
            raise ValidationError(message=f"Nested stack {self.name} is {stack['StackStatus']}: {' '.join(reasons)}")
        self.attributes = {
            f"Outputs.{output['OutputKey']}": output["OutputValue"] for output in stack.get("Outputs", [])
        }

    def _describe(self) -> dict[str, Json]:
        (stack,) = self.call("DescribeStacks", {"StackName": self.physical_resource_id})["Stacks"]
        found: dict[str, Json] = stack
        return found
