"""What a template does not say before deployment, written as the CDK writes it.

The rules know the CDK's tokens. So a value with ``Ref``, ``Fn::GetAtt``, ``Fn::Join`` or ``Fn::Sub`` in it becomes the
same text that a construct would have got: known parts as they are, unknown parts as ``${Token[…]}``. The same
reference is always the same token, so that texts can be compared.
"""

from __future__ import annotations

import re
import reprlib
import struct
import zlib
from functools import lru_cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

Call = tuple[str, str, Any]
"""A call of an intrinsic function: where it stands in a value, the function, and its argument."""

EXTENSIONS = "AWS::LanguageExtensions"
"""The transform that carries out loops."""

LOOP = "Fn::ForEach::"
"""How the key of a loop begins."""

NO_VALUE = {"Ref": "AWS::NoValue"}
"""What a template says in place of nothing."""

PLAIN = frozenset({str, int, float, bool, type(None)})
"""The classes of what nothing else stands in: asked first, they spare nearly all values the slower `isinstance`."""

REFERRING = frozenset({"Ref", "Fn::GetAtt"})
"""The functions that refer to something, and nothing else."""

# Templates come from anybody: texts that nest or multiply beyond this are not looked into.
_DEEPEST = 16
_CONTAINERS = (dict, list)
_PLAIN = (str, int, float)
_FUNCTION = "Fn::"
_MOST_PIECES = 10_000
_LONGEST = 1_000_000
_MOST_REMEMBERED = 256

TOKEN = re.compile(r"\$\{Token\[([^\]]+)\]\}")
"""A token, with what it refers to."""

PSEUDO_TOKEN = re.compile(r"\$\{Token\[AWS\.[A-Za-z]+(?:\.[0-9]+)?\]\}")
"""A token of a pseudo parameter, such as the account."""

_PARTS = re.compile(r"\$\{Token\[[^\]]+\]\}|.", re.DOTALL)
_REFERENCE = re.compile(r"\$\{Token\[([^\].]+)(?:\.[^\]]*)?\]\}")
_DYNAMIC = "{{resolve:"
# There may be tokens in it.
_DYNAMIC_REFERENCE = re.compile(r"\{\{resolve:(?:\$\{Token\[[^\]{}]*\]\}|[^{}])*\}\}")
_SUBSTITUTION = re.compile(r"\$\{(!?)([^${}]*)\}")


def is_intrinsic(value: object) -> bool:
    """Say whether a value is a call of an intrinsic function.

    >>> is_intrinsic({"Ref": "Bucket"}), is_intrinsic({"Image": "…"})
    (True, False)
    """
    if isinstance(value, dict) and len(value) == 1:
        for name in value:
            return isinstance(name, str) and (name == "Ref" or name.startswith("Fn::"))
    return False


def token(name: str) -> str:
    """Give the token of a reference."""
    return f"${{Token[{name.replace('::', '.')}]}}"


def list_token(value: object) -> list[str]:
    """Give the token of a list that is not known before deployment."""
    return [f"#{opaque(value)[1:]}"]


def number_token(text: str) -> float:
    """Give the token of a number."""
    # aws-cdk-lib core/lib/private/encoding.ts: a double that starts with the bits 0xFBFF.
    bits = 0xFBFF << 48 | zlib.crc32(text.encode("utf-8", "replace"))
    number: float = struct.unpack(">d", bits.to_bytes(8, "big"))[0]
    return number


def referred(text: str) -> str | None:
    """Give the logical id that a text refers to, if it is one reference and nothing else.

    >>> referred("${Token[Config.EndpointConfigName]}"), referred("config")
    ('Config', None)
    """
    match = _REFERENCE.fullmatch(text)
    return None if match is None else match[1]


def differ(one: str, other: str) -> bool:
    """Say whether two texts are certainly different, whatever the tokens in them will be.

    >>> differ("${Token[Stage]}-llm", "${Token[Stage]}-chat"), differ("${Token[Stage]}-llm", "chat-llm")
    (True, False)
    """
    first, second = _PARTS.findall(one), _PARTS.findall(other)
    for _ in range(2):  # what both begin with, and, turned round, what both end with
        while first and second and first[-1] == second[-1]:
            first.pop()
            second.pop()
        first, second = first[::-1], second[::-1]
    # What is a token in one may stand for all that is in the other.
    return first != second and all(len(part) == 1 for part in (*first, *second))


def may_end(text: str, end: str) -> bool:
    """Say whether a text ends like that, as far as its end is known before deployment."""
    *before, known = TOKEN.split(text)
    return known.endswith(end) or (bool(before) and end.endswith(known))


def text_of(value: object) -> str | None:
    """Give a value as a text, numbers and truth values as CloudFormation turns them into texts.

    >>> text_of({"Fn::Sub": "endpoint/${Endpoint.EndpointName}/variant/a"})
    'endpoint/${Token[Endpoint.EndpointName]}/variant/a'
    """
    if isinstance(value, str):
        return value if _DYNAMIC not in value else _without_dynamic_references(value)
    if isinstance(value, dict):
        return _text_of_call(value) if is_intrinsic(value) else None
    return _put_together(value) if isinstance(value, _PLAIN) else None


def _without_dynamic_references(text: str) -> str:
    """Put tokens for what is read from other services; see "Dynamic references", CloudFormation user guide."""
    return _DYNAMIC_REFERENCE.sub(lambda match: opaque(match[0]), text)


def _text_of_call(call: dict[str, Any]) -> str:
    text = call.get("Fn::Sub")
    if isinstance(text, str) and len(text) < _MOST_PIECES:
        whole = _simply_substituted(text)
    else:
        simple = _simple_text(call)
        whole = _put_together(call) if simple is None else simple
    return whole if _DYNAMIC not in whole else _without_dynamic_references(whole)


def _put_together(value: object) -> str:
    pieces: list[str] = []
    length = 0
    for piece in _pieces(value, _DEEPEST):
        pieces.append(piece)
        length += len(piece)
        if len(pieces) > _MOST_PIECES or length > _LONGEST:
            return opaque(value)
    return "".join(pieces)


def _simple_text(call: dict[str, Any]) -> str | None:
    """Give the text of a call as most are: a reference, or texts and references that are joined."""
    ((name, argument),) = call.items()
    if name in REFERRING and isinstance(argument, str):
        return token(argument)
    if not (isinstance(argument, list) and len(argument) == 2 and isinstance(argument[0], str)):
        return None
    first, second = argument
    if name == "Fn::GetAtt" and isinstance(second, str):
        return token(f"{first}.{second}")
    if name == "Fn::Join" and isinstance(second, list) and len(second) < _MOST_PIECES:
        return _simply_joined(first, second)
    return None


def _simply_joined(separator: str, parts: list[object]) -> str | None:
    texts: list[str] = []
    for part in parts:
        text = None
        if isinstance(part, str):
            text = part
        elif isinstance(part, dict) and is_intrinsic(part) and "Fn::Join" not in part:
            text = _simple_text(part)
        if text is None:
            return None
        texts.append(text)
    return separator.join(texts)


@lru_cache(_MOST_REMEMBERED)
def _simply_substituted(text: str) -> str:
    """Substitute in a text, where there is nothing but tokens to put into it."""
    return _SUBSTITUTION.sub(lambda match: f"${{{match[2]}}}" if match[1] else token(match[2].strip()), text)


def _pieces(value: object, depth: int) -> Iterator[str]:
    match value:
        case str():
            yield value
        case bool():
            yield str(value).lower()
        case int() | float():
            yield str(value)
        case {"Ref": str() as name} | {"Fn::GetAtt": str() as name}:
            yield token(name)
        case {"Fn::GetAtt": [str() as id, str() as attribute]}:
            yield token(f"{id}.{attribute}")
        case {"Fn::Join": [str() as separator, [*parts]]} if depth:
            for index, part in enumerate(parts):
                yield separator if index else ""
                yield from _pieces(part, depth - 1)
        case {"Fn::Sub": str() as text}:
            yield from _substituted(text, {}, depth)
        case {"Fn::Sub": [str() as text, dict() as variables]} if depth:
            yield from _substituted(text, variables, depth)
        case _:
            yield opaque(value)


def _substituted(text: str, variables: dict[object, object], depth: int) -> Iterator[str]:
    end = 0
    for match in _SUBSTITUTION.finditer(text):
        yield text[end : match.start()]
        literal, name = match.groups()
        if literal:
            yield f"${{{name}}}"
        elif name in variables:
            yield from _pieces(variables[name], depth - 1)
        else:
            yield token(name.strip())
        end = match.end()
    yield text[end:]


def substituted(text: str, known: Callable[[str], str | None]) -> tuple[str, bool]:
    """Carry out a substitution as far as its names are known.

    Parameters
    ----------
    text : str
        The argument of ``Fn::Sub``.
    known : Callable[[str], str or None]
        Gives the value of a name, if it has one.

    Returns
    -------
    tuple[str, bool]
        The text; and whether names are left in it, so that it is still an argument of ``Fn::Sub``.

    Examples
    --------
    >>> substituted("${Stage}-${AWS::Region}", {"Stage": "prod"}.get)
    ('prod-${AWS::Region}', True)
    """
    parts = [(match, None if match[1] else known(match[2].strip())) for match in _SUBSTITUTION.finditer(text)]
    left = any(value is None and not match[1] for match, value in parts)
    whole, end = "", 0
    for match, value in parts:
        whole += text[end : match.start()]
        if value is not None:
            whole += value.replace("${", "${!") if left else value
        elif match[1] and not left:
            whole += f"${{{match[2]}}}"
        else:
            whole += match[0]
        end = match.end()
    return whole + text[end:], left


def names_in(text: str) -> tuple[str, ...]:
    """Give the names that an argument of ``Fn::Sub`` substitutes."""
    return tuple([name.strip() for literal, name in _SUBSTITUTION.findall(text) if not literal])


def calls(value: object) -> list[Call]:
    """Give the calls of intrinsic functions in a value, those inside of others too.

    What CloudFormation's macros and loops replace, a mapping with such a name among others in it, is a call of
    ``Fn::Transform``, and a condition that another one refers to is a call of ``Condition``.

    >>> calls({"Image": {"Fn::Sub": "${Registry}/scorer:1"}})
    [('/Image', 'Fn::Sub', '${Registry}/scorer:1')]
    """
    found: list[Call] = []
    todo: list[tuple[str, Any, bool]] = [("", value, False)] if isinstance(value, _CONTAINERS) else []
    while todo:
        path, each, is_inside = todo.pop()
        if each.__class__ is list or isinstance(each, list):
            for index, child in enumerate(each):
                if child.__class__ not in PLAIN and isinstance(child, _CONTAINERS):
                    # What is inside of a call has no place of its own: the whole call stands for one value.
                    todo.append((path if is_inside else f"{path}/{index}", child, is_inside))
            continue
        if len(each) == 1:
            ((name, argument),) = each.items()
            if name in REFERRING or (name.__class__ is str and name[:4] == _FUNCTION):
                found.append((path, name, argument))
                if name != "Fn::GetAtt" and isinstance(argument, _CONTAINERS):
                    todo.append((path, argument, True))
                continue
            if name == "Condition" and isinstance(argument, str):
                found.append((path, name, argument))
                continue
        for name, child in each.items():
            if child.__class__ not in PLAIN and isinstance(child, _CONTAINERS):
                if name.__class__ is str and name[:4] == _FUNCTION:
                    found.append((path, "Fn::Transform", each))
                todo.append((path if is_inside else f"{path}/{name}", child, is_inside))
    return found


def references(value: object) -> Iterator[tuple[str, str, str]]:
    """Give what a value refers to: where in it, the name, and the attribute, which is empty for ``Ref``.

    >>> list(references({"Fn::Sub": "endpoint/${Endpoint.EndpointName}"}))
    [('', 'Endpoint', 'EndpointName')]
    """
    return references_of(calls(value))


def simple_reference(value: object) -> tuple[str, str, str] | None:
    """Give what a value refers to, as `references` does, if it is one reference and nothing else."""
    if not isinstance(value, dict) or len(value) != 1:
        return None
    argument = value.get("Fn::GetAtt")
    if isinstance(argument, list):
        both = len(argument) == 2 and isinstance(argument[0], str) and isinstance(argument[1], str)
        return ("", argument[0], argument[1]) if both else None
    argument = value.get("Ref", argument)
    return ("", *_split(argument)) if isinstance(argument, str) else None


def references_of(called: Iterable[Call]) -> Iterator[tuple[str, str, str]]:
    """Give what calls refer to; see `references`."""
    for path, function, argument in called:
        if isinstance(argument, str):
            if function in REFERRING:
                yield path, *_split(argument)
            elif function == "Fn::Sub":
                for name in names_in(argument):
                    yield path, *_split(name)
            continue
        match function, argument:
            case "Fn::GetAtt", [str() as name, str() as attribute]:
                yield path, name, attribute
            case "Fn::Sub", [str() as text, dict() as variables]:
                yield from ((path, *_split(name)) for name in names_in(text) if name not in variables)
            case _:
                pass


def _split(name: str) -> tuple[str, str]:
    id, _, attribute = name.partition(".")
    return id, attribute


def opaque(value: object) -> str:
    """Give the token of a value that is not looked into."""
    return token(f"{zlib.crc32(reprlib.repr(value).encode('utf-8', 'replace')):08x}")
