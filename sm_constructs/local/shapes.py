"""Checks a request against the service model that ships with botocore, as AWS does when the request arrives.

botocore itself checks only what is required, the types, and the minimum of a range. AWS also checks the maximum,
lengths of strings, patterns and enumerations; this module checks all of them, and says it in AWS's words.
"""

from __future__ import annotations

import datetime as dt
import functools
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import regex  # type: ignore[import-untyped]
from botocore.loaders import Loader
from botocore.model import ListShape, MapShape, OperationModel, ServiceModel, Shape, StructureShape

#: Any value that a request can carry.
Json = Any

_INTEGERS = frozenset({"integer", "long"})
_FRACTIONS = frozenset({"float", "double"})
_FROM_JAVA = (
    # Java writes a character beyond U+FFFF as two surrogates, also in a range.
    (r"\uD800\uDC00-\uDBFF\uDFFF", r"\U00010000-\U0010FFFF"),
    # In Java these two mean ASCII; the first stands alone and the second inside brackets wherever AWS uses them.
    (r"\p{Print}", r"[\x20-\x7E]"),
    (r"\p{Alnum}", "A-Za-z0-9"),
)


def check(service: str, operation: str, params: Mapping[str, Json]) -> list[str]:
    """Tell everything that AWS would refuse about a request's shape.

    Parameters
    ----------
    service : str
        The service as boto3 names it, such as ``"sagemaker"``.
    operation : str
        The operation as AWS names it, such as ``"CreateEndpointConfig"``.
    params : Mapping[str, Json]
        The request's parameters, under AWS's names. A value of None counts as absent.

    Returns
    -------
    list[str]
        One sentence per problem, in the order of the parameters; empty when AWS would accept the shape.

    Examples
    --------
    >>> check("sagemaker", "CreateEndpoint", {"EndpointName": "a_b", "EndpointConfigName": "c"})
    ["Value 'a_b' at 'endpointName' failed to satisfy constraint: \
Member must satisfy regular expression pattern: [a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}"]
    """
    shape = operation_model(service, operation).input_shape
    return [] if shape is None else list(_structure(shape, params, ""))


def error_message(problems: Sequence[str]) -> str:
    """Join problems to the message of AWS's ``ValidationException``."""
    errors = "error" if len(problems) == 1 else "errors"
    return f"{len(problems)} validation {errors} detected: {'; '.join(problems)}"


@functools.lru_cache
def service_model(service: str) -> ServiceModel:
    """Load a service's model as botocore has it."""
    return ServiceModel(Loader().load_service_model(service, "service-2"), service)


def operation_model(service: str, operation: str) -> OperationModel:
    """Give one operation of a service's model."""
    return service_model(service).operation_model(operation)


def _problems(shape: Shape, value: Json, path: str) -> Iterator[str]:
    if not _has_type(shape, value):
        yield _unsatisfied(value, path, f"Member must be of type {shape.type_name}")
    elif isinstance(shape, StructureShape):
        yield from _structure(shape, value, path)
    elif isinstance(shape, ListShape):
        yield from _list(shape, value, path)
    elif isinstance(shape, MapShape):
        yield from _map(shape, value, path)
    else:
        for constraint in _broken(shape, value):
            yield _unsatisfied(value, path, constraint)


def _structure(shape: StructureShape, value: Mapping[str, Json], path: str) -> Iterator[str]:
    given = {name: member for name, member in value.items() if member is not None}
    for name in shape.required_members:
        # A client fills an idempotency token in by itself.
        if name not in given and not shape.members[name].metadata.get("idempotencyToken"):
            yield _unsatisfied(None, _join(path, name), "Member must not be null")
    if shape.is_tagged_union and len(given) != 1:
        yield _unsatisfied(value, path, f"Exactly one member must be set of: [{', '.join(shape.members)}]")
    for name, member in given.items():
        if name in shape.members:
            yield from _problems(shape.members[name], member, _join(path, name))
        else:
            yield f"Unknown member at '{_join(path, name)}'; {shape.name} has: [{', '.join(shape.members)}]"


def _list(shape: ListShape, value: Sequence[Json], path: str) -> Iterator[str]:
    for constraint in _broken(shape, value):
        yield _unsatisfied(value, path, constraint)
    for index, member in enumerate(value, start=1):
        if shape.member.type_name in {"structure", "list", "map"} or not _has_type(shape.member, member):
            yield from _problems(shape.member, member, f"{path}.{index}.member")
        elif any(_broken(shape.member, member)):
            # AWS tells a list of scalars as one value, with every constraint on its members.
            yield _unsatisfied(value, path, f"Member must satisfy constraint: {_constraints(shape.member)}")
            break


def _map(shape: MapShape, value: Mapping[str, Json], path: str) -> Iterator[str]:
    for constraint in _broken(shape, value):
        yield _unsatisfied(value, path, constraint)
    if any(any(_broken(shape.key, key)) for key in value):
        yield _unsatisfied(value, path, f"Map keys must satisfy constraint: {_constraints(shape.key)}")
    for key, member in value.items():
        if shape.value.type_name in {"structure", "list", "map"} or not _has_type(shape.value, member):
            yield from _problems(shape.value, member, f"{path}.{key}.member")
        elif any(_broken(shape.value, member)):
            yield _unsatisfied(value, path, f"Map value must satisfy constraint: {_constraints(shape.value)}")
            break


def _broken(shape: Shape, value: Json) -> Iterator[str]:
    """Tell which constraints of a shape the value itself breaks; not those of its members."""
    if shape.type_name in _INTEGERS | _FRACTIONS:
        size, what = value, "value"
    elif shape.type_name in {"string", "list", "map", "blob"}:
        size, what = len(value), "length"
    else:
        return
    limits = shape.metadata
    if "min" in limits and size < limits["min"]:
        yield f"Member must have {what} greater than or equal to {limits['min']}"
    if "max" in limits and size > limits["max"]:
        yield f"Member must have {what} less than or equal to {limits['max']}"
    if "pattern" in limits and not _pattern(limits["pattern"]).fullmatch(value):
        yield f"Member must satisfy regular expression pattern: {limits['pattern']}"
    if "enum" in limits and value not in limits["enum"]:
        yield f"Member must satisfy enum value set: [{', '.join(limits['enum'])}]"


def _constraints(shape: Shape) -> str:
    """List all constraints of a shape, whether broken or not, as AWS does for the members of lists and maps."""
    limits, found = shape.metadata, []
    what = "value" if shape.type_name in _INTEGERS | _FRACTIONS else "length"
    if "max" in limits:
        found.append(f"Member must have {what} less than or equal to {limits['max']}")
    if "min" in limits:
        found.append(f"Member must have {what} greater than or equal to {limits['min']}")
    if "pattern" in limits:
        found.append(f"Member must satisfy regular expression pattern: {limits['pattern']}")
    if "enum" in limits:
        found.append(f"Member must satisfy enum value set: [{', '.join(limits['enum'])}]")
    return f"[{', '.join(found)}]"


def _has_type(shape: Shape, value: Json) -> bool:  # noqa: PLR0911 - one per type
    kind = shape.type_name
    if kind in _INTEGERS:
        return isinstance(value, int) and not isinstance(value, bool)
    if kind in _FRACTIONS:
        return isinstance(value, int | float) and not isinstance(value, bool)
    if kind == "boolean":
        return isinstance(value, bool)
    if kind == "list":
        return isinstance(value, Sequence) and not isinstance(value, str | bytes)
    if kind in {"structure", "map"}:
        return isinstance(value, Mapping)
    if kind == "timestamp":
        # Seconds, text or a datetime: each is a way in which a request may carry it.
        return isinstance(value, int | float | str | dt.datetime) and not isinstance(value, bool)
    if kind == "blob":
        return isinstance(value, str | bytes)
    return isinstance(value, str)


@functools.lru_cache
def _pattern(pattern: str) -> regex.Pattern[str]:
    # AWS's patterns are Java's: they know \p{L}, which Python's own re does not, and \d and \w are ASCII.
    for java, ours in _FROM_JAVA:
        pattern = pattern.replace(java, ours)
    return regex.compile(pattern, regex.UNICODE if r"\p{" in pattern else regex.ASCII)


def _unsatisfied(value: Json, path: str, constraint: str) -> str:
    shown = "null" if value is None else f"'{_shown(value)}'"
    return f"Value {shown} at '{path}' failed to satisfy constraint: {constraint}"


def _shown(value: Json) -> str:
    """Write a value as Java would, since that is what AWS shows."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, Mapping):
        return f"{{{', '.join(f'{key}={_shown(member)}' for key, member in value.items())}}}"
    if isinstance(value, Sequence) and not isinstance(value, str | bytes):
        return f"[{', '.join(_shown(member) for member in value)}]"
    return str(value)


def _join(path: str, name: str) -> str:
    # AWS writes members in camel case: KmsKeyId becomes kmsKeyId.
    member = name[:1].lower() + name[1:]
    return f"{path}.{member}" if path else member
