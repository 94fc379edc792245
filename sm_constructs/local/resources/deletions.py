"""How resources of moto's own types are deleted, also those that moto's CloudFormation creates but never deletes."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping

from moto.cloudformation.parsing import resource_class_from_type

from sm_constructs.local.resources.base import call
from sm_constructs.local.shapes import Json

Properties = Mapping[str, Json]

#: type → service, operation, and its parameters from the physical id and the properties: what a VPC of the CDK is made
#: of, and managed policies.
_REQUESTS: dict[str, tuple[str, str, Callable[[str, Properties], dict[str, Json]]]] = {
    "AWS::EC2::InternetGateway": (
        "ec2",
        "DeleteInternetGateway",
        lambda physical_id, _: {"InternetGatewayId": physical_id},
    ),
    "AWS::EC2::NatGateway": ("ec2", "DeleteNatGateway", lambda physical_id, _: {"NatGatewayId": physical_id}),
    "AWS::EC2::Route": (
        "ec2",
        "DeleteRoute",
        lambda _, properties: {
            name: properties[name]
            for name in ("RouteTableId", "DestinationCidrBlock", "DestinationIpv6CidrBlock")
            if name in properties
        },
    ),
    "AWS::EC2::RouteTable": ("ec2", "DeleteRouteTable", lambda physical_id, _: {"RouteTableId": physical_id}),
    "AWS::EC2::VPCEndpoint": ("ec2", "DeleteVpcEndpoints", lambda physical_id, _: {"VpcEndpointIds": [physical_id]}),
    "AWS::EC2::VPCGatewayAttachment": (
        "ec2",
        "DetachInternetGateway",
        lambda _, properties: {name: properties[name] for name in ("InternetGatewayId", "VpcId")},
    ),
    "AWS::IAM::ManagedPolicy": ("iam", "DeletePolicy", lambda physical_id, _: {"PolicyArn": physical_id}),
}


def delete_moto_resource(kind: str, model: Json, properties: Properties, account: str, region: str) -> bool:
    """Delete a resource of one of moto's types; tell whether there is a way to."""
    if kind in _REQUESTS:
        service, operation, params = _REQUESTS[kind]
        call(service, region, operation, params(model.physical_resource_id, properties))
        return True
    if kind == "AWS::EC2::EIP":  # its Ref gives the address, and the request wants the allocation
        call("ec2", region, "ReleaseAddress", {"AllocationId": model.get_cfn_attribute("AllocationId")})
        return True
    if _takes(getattr(model, "delete", None), account, region):
        model.delete(account, region)
        return True
    by_class = resource_class_from_type(kind).delete_from_cloudformation_json
    if getattr(by_class, "__isabstractmethod__", False):
        return False
    by_class(model.physical_resource_id, {"Type": kind, "Properties": dict(properties)}, account, region)
    return True


def _takes(method: object, *arguments: str) -> bool:
    if not callable(method):
        return False
    try:
        inspect.signature(method).bind(*arguments)
    except TypeError:
        return False
    return True
