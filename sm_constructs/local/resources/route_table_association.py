"""AWS::EC2::SubnetRouteTableAssociation: moto's has no id by which it could be deleted."""

from __future__ import annotations

from moto.core.common_models import CloudFormationModel

from sm_constructs.local.resources.base import Properties, Resource


class SubnetRouteTableAssociation(Resource, CloudFormationModel):
    """The route table of a subnet; any change replaces it."""

    type = "AWS::EC2::SubnetRouteTableAssociation"
    service = "ec2"

    def create(self, properties: Properties) -> None:
        """Associate the route table."""
        self.physical_resource_id = self.call("AssociateRouteTable", properties)["AssociationId"]
        self.attributes = {"Id": self.physical_resource_id}

    def delete(self) -> None:
        """End the association."""
        self.call("DisassociateRouteTable", {"AssociationId": self.physical_resource_id})
