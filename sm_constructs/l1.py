"""The CDK's L1 constructs, made without the work that their Python constructors do at every call.

Those check each argument against its annotation and copy it into a structure first, which takes about as long as making
the resource. What is made here is written by this package and checked by its tests, and the L1 construct itself checks
the properties when it is synthesised.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, TypeVar, cast

import jsii

if TYPE_CHECKING:
    from aws_cdk import CfnResource
    from constructs import Construct

    _Kind = TypeVar("_Kind", bound=CfnResource)


def make(kind: type[_Kind], scope: Construct, id: str, **properties: Any) -> _Kind:  # noqa: ANN401 - of any type
    """Make a resource.

    Parameters
    ----------
    kind : type
        The L1 class, such as ``aws_sagemaker.CfnModel``; what is made is an instance of it.
    scope, id
        Its place.
    **properties
        Its properties under Python's names; what is in them is written as in TypeScript. ``None`` is left out.
    """
    named = {_in_typescript(name): value for name, value in properties.items() if value is not None}
    return cast("_Kind", _lean(kind)(scope, id, named))


@cache
def _in_typescript(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(part.capitalize() for part in rest)


@cache
def _lean(kind: type[_Kind]) -> Any:  # noqa: ANN401 - a class with another constructor
    def __init__(self: Any, scope: Construct, id: str, properties: dict[str, Any]) -> None:  # noqa: ANN401, N807
        # What every generated constructor ends with.
        jsii.create(kind, self, [scope, id, properties])

    metaclass: Any = type(kind)
    return metaclass(kind.__name__, (kind,), {"__init__": __init__, "__module__": kind.__module__})
