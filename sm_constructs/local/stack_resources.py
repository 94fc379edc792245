"""The resources of one stack: which stand, in which order they are made, and how each is made, changed and deleted.

moto has a map that makes resources when something first looks at them. Here the order is explicit, what is compared is
the resolved properties (so a replaced model reaches the endpoint configuration that names it), and what AWS replaces is
replaced.
"""

from __future__ import annotations

import copy
import functools
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from moto.cloudformation.exceptions import ValidationError
from moto.cloudformation.parsing import (
    ResourceMap,
    clean_json,
    generate_resource_name,
    get_model_map,
)
from moto.utilities.utils import get_partition

from sm_constructs.local.resources import TYPES, Resource
from sm_constructs.local.resources.deletions import delete_moto_resource
from sm_constructs.local.shapes import Json

Definition = Mapping[str, Json]


class ResourceFailed(Exception):  # noqa: N818 - it says what happened to the resource
    """One resource could not be created, changed or deleted; the cause is chained."""

    def __init__(self, logical_id: str, action: str) -> None:
        super().__init__(logical_id)
        self.logical_id = logical_id
        self.action = action


@dataclass(slots=True)
class Standing:
    """A resource that exists.

    Attributes
    ----------
    logical_id, type : str
        Its name in the template and its type.
    definition : Definition
        What the template says about it.
    properties : dict[str, Json]
        Its properties, resolved.
    model : Json
        The object that is the resource: one of this package's or one of moto's.
    """

    logical_id: str
    type: str
    definition: Definition
    properties: dict[str, Json]
    model: Json

    @property
    def physical_id(self) -> str:
        """What ``Ref`` gives."""
        return str(getattr(self.model, "physical_resource_id", self.logical_id))


class StackResources(ResourceMap):
    """moto's map from names to what ``Ref`` and ``Fn::GetAtt`` find there, without its making of resources."""

    def __init__(self, *args: Json, **kwargs: Json) -> None:
        super().__init__(*args, **kwargs)
        self.standing: dict[str, Standing] = {}
        self.no_echo_parameter_keys: list[str] = []
        self._parsed_resources["AWS::Partition"] = get_partition(self._region_name)

    def __getitem__(self, key: str) -> Json:
        return self._parsed_resources[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self.standing)

    def __len__(self) -> int:
        return len(self.standing)

    @property
    def template(self) -> Mapping[str, Json]:
        """The template that was read last."""
        return self._template

    def read(self, template: dict[str, Json], parameters: Mapping[str, Json]) -> dict[str, Definition]:
        """Take a template; give the definitions of the resources that it has under its conditions, in order."""
        self._template = template
        self.input_parameters = dict(parameters)
        self.resolved_parameters = {}
        self._parsed_resources = {
            name: value
            for name, value in self._parsed_resources.items()
            if name.startswith("AWS::") or name in self.standing
        }
        self.load_mapping()
        self.transform_mapping()
        self.load_parameters()
        self.load_conditions()
        self._resource_json_map = template["Resources"]
        wanted = {
            logical_id: definition
            for logical_id, definition in template["Resources"].items()
            if "Condition" not in definition or self.lazy_condition_map[definition["Condition"]]
        }
        return {logical_id: wanted[logical_id] for logical_id in dependency_order(wanted)}

    def resolve(self, definition: Definition) -> dict[str, Json]:
        """Give a resource's properties with everything put in that they refer to."""
        properties = copy.deepcopy(definition.get("Properties") or {})
        self._check_attributes(properties)
        try:
            resolved: dict[str, Json] = _without_none(clean_json(properties, self))
        except KeyError as error:
            raise ValidationError(message=f"Template error: nothing is named {error}") from error
        return resolved

    def create_resource(self, logical_id: str, definition: Definition, properties: dict[str, Json]) -> Standing:
        """Create a resource and keep it."""
        kind = definition["Type"]
        model_class = _class_of(kind)
        _check_properties(kind, logical_id, properties)
        model = model_class.create_from_cloudformation_json(
            self._physical_name(logical_id, kind, properties),
            {"Type": kind, "Properties": copy.deepcopy(properties)},
            self._account_id,
            self._region_name,
            LogicalId=logical_id,
            StackId=self.stack_id,
            ResourceType=kind,
        )
        standing = Standing(logical_id, kind, definition, properties, model)
        self.keep(standing)
        return standing

    def update_resource(self, standing: Standing, definition: Definition, properties: dict[str, Json]) -> None:
        """Change a resource in place; one that fails is taken as changed, and can be changed back."""
        _check_properties(standing.type, standing.logical_id, properties)
        previous, standing.definition, standing.properties = standing.properties, definition, properties
        if isinstance(standing.model, Resource):
            standing.model.update(properties, previous)
        else:
            standing.model = _class_of(standing.type).update_from_cloudformation_json(
                original_resource=standing.model,
                new_resource_name=standing.physical_id,
                cloudformation_json={"Type": standing.type, "Properties": copy.deepcopy(properties)},
                account_id=self._account_id,
                region_name=self._region_name,
            )
        self.keep(standing)

    def delete_resource(self, standing: Standing) -> bool:
        """Delete a resource; tell whether that is possible for its type."""
        if isinstance(standing.model, Resource):
            standing.model.delete()
            return True
        return delete_moto_resource(
            standing.type, standing.model, standing.properties, self._account_id, self._region_name
        )

    def keep(self, standing: Standing) -> None:
        """Let references to a logical id find this resource."""
        standing.model.cf_resource_type = standing.type
        standing.model.logical_resource_id = standing.logical_id
        self.standing[standing.logical_id] = standing
        self._parsed_resources[standing.logical_id] = standing.model

    def forget(self, standing: Standing) -> None:
        """Let references no longer find this resource, unless another one has its place already."""
        if self.standing.get(standing.logical_id) is standing:
            del self.standing[standing.logical_id]
            del self._parsed_resources[standing.logical_id]

    def _physical_name(self, logical_id: str, kind: str, properties: Mapping[str, Json]) -> str:
        model_class = _class_of(kind)
        given = properties.get(model_class.cloudformation_name_type())
        if given:
            return str(given)
        name: str = generate_resource_name(kind, self["AWS::StackName"], logical_id)
        limit = getattr(model_class, "name_limit", None)
        if limit is None or len(name) <= limit:
            return name
        # What comes after the last hyphen is random; it must stay.
        head, _, tail = name.rpartition("-")
        return f"{head[: limit - len(tail) - 1].rstrip('-')}-{tail}"

    def _check_attributes(self, value: Json) -> None:
        """Refuse an ``Fn::GetAtt`` that moto would answer with nothing, dropping the property."""
        if isinstance(value, Mapping):
            wanted = value.get("Fn::GetAtt")
            if isinstance(wanted, list) and wanted[0] in self.standing:
                try:
                    self[wanted[0]].get_cfn_attribute(wanted[1])
                except (NotImplementedError, AttributeError):
                    message = f"The embedded AWS has no attribute {wanted[1]} of {self.standing[wanted[0]].type}"
                    raise ValidationError(message=message) from None
            value = list(value.values())
        if isinstance(value, list):
            for member in value:
                self._check_attributes(member)


def check_template(template: Mapping[str, Json]) -> None:
    """Refuse a template with resource types that neither moto nor this package has; moto would skip them."""
    resources = template.get("Resources")
    if not resources:
        raise ValidationError(message="Template format error: At least one Resources member must be defined.")
    kinds = sorted({str(definition.get("Type")) for definition in resources.values()})
    unknown = [kind for kind in kinds if kind not in TYPES and kind not in get_model_map()]
    if unknown:
        raise ValidationError(
            message=f"Template format error: Unrecognized resource types: [{', '.join(unknown)}]. "
            "The embedded AWS does not have them, and skips nothing silently."
        )
    dependency_order(resources)


def needs_replacement(standing: Standing, properties: Mapping[str, Json]) -> bool:
    """Tell whether AWS replaces a resource to give it these properties."""
    model_class = _class_of(standing.type)
    if not issubclass(model_class, Resource) and _is_abstract(model_class.update_from_cloudformation_json):
        return True  # moto cannot change it
    return any(
        _at(standing.properties, path) != _at(properties, path)
        for path in _schema(standing.type).get("createOnlyProperties", [])
    )


def custom_name(standing: Standing, properties: Mapping[str, Json]) -> str | None:
    """Give the name that a resource has by its template and would have again if it were replaced."""
    name_property = _class_of(standing.type).cloudformation_name_type()
    name = properties.get(name_property)
    return None if name is None or standing.properties.get(name_property) != name else str(name)


def dependency_order(definitions: Mapping[str, Definition]) -> list[str]:
    """Order logical ids so that each comes after what it depends on."""
    order: list[str] = []
    visiting: list[str] = []

    def visit(logical_id: str) -> None:
        if logical_id in order:
            return
        if logical_id in visiting:
            circle = ", ".join(visiting[visiting.index(logical_id) :])
            raise ValidationError(message=f"Circular dependency between resources: [{circle}]")
        visiting.append(logical_id)
        for name in _references(definitions[logical_id]):
            if name in definitions:
                visit(name)
        visiting.pop()
        order.append(logical_id)

    for logical_id in definitions:
        visit(logical_id)
    return order


def _references(value: Json) -> Iterator[str]:
    if isinstance(value, list):
        for member in value:
            yield from _references(member)
    elif isinstance(value, Mapping):
        for key, member in value.items():
            if key == "Ref":
                yield member
            elif key == "Fn::GetAtt":
                yield member[0] if isinstance(member, list) else member.partition(".")[0]
            elif key == "DependsOn":
                yield from [member] if isinstance(member, str) else member
            else:
                if key == "Fn::Sub":
                    yield from re.findall(r"\$\{([A-Za-z0-9]+)", member if isinstance(member, str) else member[0])
                yield from _references(member)


def _check_properties(kind: str, logical_id: str, properties: Mapping[str, Json]) -> None:
    """Refuse properties that the type does not have, and missing ones that it demands."""
    schema = _schema(kind)
    known = schema.get("properties", {})
    wrong = [f"#: required key [{name}] not found" for name in schema.get("required", []) if name not in properties]
    wrong += [f"#: extraneous key [{name}] is not permitted" for name in properties if known and name not in known]
    if wrong:
        problems = "\n".join(wrong)
        raise ValidationError(
            message=f"Properties validation failed for resource {logical_id} with message:\n{problems}"
        )


@functools.lru_cache
def _schema(kind: str) -> Mapping[str, Json]:
    """Give what CloudFormation publishes about a type; cfn-lint, which moto brings along, carries it."""
    # Not above: it takes a third of a second, and only the first deployment needs it.
    from cfnlint.schema import ResourceNotFoundError
    from cfnlint.schema.manager import PROVIDER_SCHEMA_MANAGER

    try:
        schema: Mapping[str, Json] = PROVIDER_SCHEMA_MANAGER.get_resource_schema("us-east-1", kind).schema
    except ResourceNotFoundError:
        return {}
    return schema


def _class_of(kind: str) -> Json:
    return TYPES.get(kind) or get_model_map()[kind]


def _is_abstract(method: Json) -> bool:
    return getattr(method, "__isabstractmethod__", False)


def _at(properties: Json, path: str) -> Json:
    """Give the value at a path like ``/properties/VpcConfig/Subnets``."""
    for name in path.split("/")[2:]:
        properties = properties.get(name) if isinstance(properties, Mapping) else None
    return properties


def _without_none(value: Json) -> Json:
    """Drop what ``AWS::NoValue`` left; moto does so in maps but not in lists."""
    if isinstance(value, Mapping):
        return {name: _without_none(member) for name, member in value.items() if member is not None}
    if isinstance(value, list):
        return [_without_none(member) for member in value if member is not None]
    return value
