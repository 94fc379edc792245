"""What all resource types share that this package adds to moto's CloudFormation.

A type is a class with three methods, which act through the public API of the type's service: a real request to the
embedded AWS itself, checked like everybody's. So a type knows nothing of moto's insides.
"""

from __future__ import annotations

import functools
import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, ClassVar

import boto3
from botocore import xform_name
from botocore.config import Config
from botocore.model import ListShape, MapShape, Shape, StructureShape
from moto.cloudformation.exceptions import UnformattedGetAttTemplateException

from sm_constructs.local import shapes
from sm_constructs.local.checks import CHECKED_SERVICES
from sm_constructs.local.shapes import Json

if TYPE_CHECKING:
    from typing_extensions import Self

Properties = Mapping[str, Json]

#: The types of this package, by name.
TYPES: dict[str, type[Resource]] = {}


class Resource:
    """One resource of a stack, of a type that this package adds.

    To add a type, write a module with a subclass of this class and of moto's ``CloudFormationModel``, and import it in
    `sm_constructs.local.resources`. The three methods raise whatever the service answers; the stack rolls back then.

    Attributes
    ----------
    type : str
        The type, such as ``AWS::SageMaker::Model``.
    service : str
        The service whose API makes it, as boto3 names it.
    name_property : str
        The property with its physical name; empty if it has none.
    name_limit : int
        The longest name that CloudFormation may make for it.
    physical_resource_id : str
        What ``Ref`` gives; ``create`` sets it.
    attributes : dict[str, str]
        What ``Fn::GetAtt`` gives, by attribute; ``create`` fills it.
    """

    type: ClassVar[str]
    service: ClassVar[str]
    name_property: ClassVar[str] = ""
    name_limit: ClassVar[int] = 63

    def __init__(self, name: str, region: str) -> None:
        self.name = name
        self.region = region
        self.physical_resource_id = ""
        self.attributes: dict[str, str] = {}

    def __init_subclass__(cls, **kwargs: object) -> None:
        super().__init_subclass__(**kwargs)
        if "type" in vars(cls):
            TYPES[cls.type] = cls

    def create(self, properties: Properties) -> None:
        """Create the resource; leave nothing behind when it fails."""
        raise NotImplementedError

    def update(self, properties: Properties, previous: Properties) -> None:
        """Change the resource in place; properties that demand a replacement are the same as before."""
        raise NotImplementedError

    def delete(self) -> None:
        """Delete the resource."""
        raise NotImplementedError

    def call(self, operation: str, params: Properties) -> dict[str, Json]:
        """Send a request to the service, with the properties made what its API takes."""
        wanted = shapes.operation_model(self.service, operation).input_shape
        return call(self.service, self.region, operation, {} if wanted is None else api_value(wanted, params))

    # What moto's CloudFormation wants

    @classmethod
    def cloudformation_type(cls) -> str:
        """Give the type."""
        return cls.type

    @classmethod
    def cloudformation_name_type(cls) -> str:
        """Give the property with the physical name."""
        return cls.name_property

    @classmethod
    def has_cfn_attr(cls, attr: str) -> bool:  # noqa: ARG003 - known only once the resource stands
        """Let any attribute pass until the resource stands; ``get_cfn_attribute`` refuses an unknown one."""
        return True

    @classmethod
    def create_from_cloudformation_json(
        cls,
        resource_name: str,
        cloudformation_json: Mapping[str, Json],
        account_id: str,  # noqa: ARG003 - the embedded AWS is one account
        region_name: str,
        **_: object,
    ) -> Self:
        """Create the resource."""
        resource = cls(resource_name, region_name)
        resource.create(cloudformation_json["Properties"])
        return resource

    def get_cfn_attribute(self, attribute_name: str) -> str:
        """Give what ``Fn::GetAtt`` asks for."""
        try:
            return self.attributes[attribute_name]
        except KeyError:
            raise UnformattedGetAttTemplateException from None

    def is_created(self) -> bool:
        """Tell that the resource stands; creating it does not return before."""
        return True


def call(service: str, region: str, operation: str, params: Properties) -> dict[str, Json]:
    """Send a request to the embedded AWS, from inside it."""
    answer: dict[str, Json] = getattr(_client(service, region), xform_name(operation))(**params)
    return answer


@functools.lru_cache
def _client(service: str, region: str) -> Json:
    # What the embedded AWS checks itself reaches it unchecked, so that the message is AWS's and not botocore's.
    config = Config(parameter_validation=service not in CHECKED_SERVICES, s3={"addressing_style": "path"})
    session: Json = boto3.session.Session(region_name=region)
    return session.client(service, endpoint_url=os.environ["AWS_ENDPOINT_URL"], config=config)


def api_value(shape: Shape, value: Json) -> Json:
    """Make of a property what the API takes: CloudFormation lets numbers and booleans be written as text."""
    if isinstance(shape, StructureShape) and isinstance(value, Mapping):
        return {
            name: api_value(shape.members[name], member) if name in shape.members else member
            for name, member in value.items()
        }
    if isinstance(shape, ListShape) and isinstance(value, list):
        return [api_value(shape.member, member) for member in value]
    if isinstance(shape, MapShape) and isinstance(value, Mapping):
        return {key: api_value(shape.value, member) for key, member in value.items()}
    return _scalar(shape.type_name, value)


def _scalar(kind: str, value: Json) -> Json:
    try:
        match kind, value:
            case (("integer" | "long"), str()):
                return int(value)
            case (("float" | "double"), str()):
                return float(value)
            case "boolean", ("true" | "false"):
                return value == "true"
            case "string", bool():
                return str(value).lower()
            case "string", (int() | float()):
                return str(value)
    except ValueError:
        pass  # The check of the request tells what is wrong with it.
    return value


def tag_changes(
    tags: list[Mapping[str, str]], previous: list[Mapping[str, str]]
) -> tuple[list[Mapping[str, str]], list[str]]:
    """Tell which tags to set and the keys of those to remove."""
    keys = {tag["Key"] for tag in tags}
    return [tag for tag in tags if tag not in previous], [tag["Key"] for tag in previous if tag["Key"] not in keys]
