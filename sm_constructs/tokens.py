"""CDK tokens and CloudFormation intrinsics, known by their look, so that no check needs the CDK.

A value that is not known before deployment is left unchecked. The CDK encodes such a value as a string with
``${Token[…]}`` in it, as a huge negative number, or as a list of one ``#{Token[…]}``; a template has a
dictionary such as ``{"Ref": …}``.
"""

from __future__ import annotations

from typing import TypeGuard

# aws-cdk-lib core/lib/private/encoding.ts: a number token is a double that starts with the bits 0xFBFF.
_NUMBER_TOKENS_BELOW = -1e288
_MARK = "${Token["
_NUMBERS = (int, float)


def is_unresolved(value: object) -> bool:
    """Say whether a value is not known before deployment.

    >>> is_unresolved("s3://bucket/model.tar.gz"), is_unresolved("s3://${Token[TOKEN.7]}/model.tar.gz")
    (False, True)
    """
    match value:
        case str():
            return _MARK in value
        case bool():
            return False
        case int() | float():
            return value < _NUMBER_TOKENS_BELOW
        case [str() as only]:
            return only.startswith("#{Token[")
        case dict():
            return len(value) == 1 and next(iter(value)).startswith(("Ref", "Fn::"))
        case _:
            return hasattr(value, "resolve")  # an IResolvable


def is_text(value: object) -> TypeGuard[str]:
    """Say whether a value is a string that can be checked."""
    return isinstance(value, str) and _MARK not in value


def is_number(value: object) -> TypeGuard[float]:
    """Say whether a value is a number that can be checked."""
    return isinstance(value, _NUMBERS) and not isinstance(value, bool) and not value < _NUMBER_TOKENS_BELOW
