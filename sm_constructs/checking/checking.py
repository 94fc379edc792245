"""`check_template`: every case of a template, read into specs, looked at by every rule."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from sm_constructs.checking.assumptions import cases
from sm_constructs.checking.loops import expand
from sm_constructs.checking.resolving import resolve
from sm_constructs.checking.suppressing import is_suppressed
from sm_constructs.problems import Problem
from sm_constructs.reading.intrinsics import PLAIN
from sm_constructs.reading.resources import READ_TYPES, Template
from sm_constructs.reading.transforms import read_transforms
from sm_constructs.reading.written import INSIDE
from sm_constructs.rules import findings
from sm_constructs.spec import forget
from sm_constructs.template import read_with_parts

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sm_constructs.rules import Finding, Rule

_CONTAINERS = (dict, list)
_DEEPEST = 200
_MOST_VALUES = 1_000_000


class NoTemplate(ValueError):  # noqa: N818 - what it says is what it is
    """Something is no CloudFormation template, or not one that can be looked at."""


def check_template(template: object, *, region: str | None = None, account: str | None = None) -> list[Problem]:
    """Check the hosting resources in a CloudFormation template, whoever wrote it.

    What is not known before deployment is not guessed at: a parameter is looked at with each of its allowed values, or
    with its default, conditions both ways, mappings row by row. Problems that a resource's or the template's metadata
    suppress are left out: ``Metadata: {sm-constructs: {config: {ignore_checks: [SMC102]}}}``.

    Parameters
    ----------
    template : object
        The template, as parsed JSON or YAML, with intrinsic functions in their long form.
    region, account : str, optional
        Where it will be deployed. Default: not known.

    Returns
    -------
    list[Problem]
        The errors and warnings, by code and place; the path of each is the property path, such as
        ``Resources/Config/Properties/ProductionVariants/0/ServerlessConfig/MemorySizeInMB``.

    Raises
    ------
    ValueError
        It is no template, or nests too deeply, or is too large.

    Examples
    --------
    >>> check_template(json.loads(Path("cdk.out/Chat.template.json").read_text()))
    []
    """
    whole, of_loops = expand(_checked(template))
    resources = whole["Resources"]
    types = {id: _type_of(it) for id, it in resources.items() if isinstance(id, str)}
    ids = [id for id, kind in types.items() if kind in READ_TYPES]
    given = {"AWS::Region": region, "AWS::AccountId": account}
    pseudo = {name: value for name, value in given.items() if value is not None}
    found: dict[tuple[str, str, str], Problem] = {}
    if not ids and not any(kind.startswith("AWS::SageMaker::") for kind in types.values()):
        return []
    try:
        for case in cases(whole, ids, pseudo):
            resolved = resolve(whole, case)
            told = list(_findings(Template(resolved.template, resolved.others, case.plain), region, account))
            # What a rule says of a place in its own words need not be said again in those of its shape.
            plain = {finding.at for rule, finding in told if rule.severity == "error" and not rule.is_shape}
            for rule, finding in told:
                if rule.is_shape and finding.at in plain:
                    continue
                at, _, inside = finding.at.partition(f"{INSIDE}/")
                text = f"at {inside} {finding.text}" if inside else finding.text
                path = _in_loop(resolved.original(at), of_loops)
                problem = Problem(rule.code, rule.severity, f"{path} {text}", path, rule.source)
                found.setdefault((rule.code, path, text), problem)
    finally:
        forget()
    return sorted(
        (problem for problem in found.values() if not is_suppressed(problem, whole)),
        key=lambda problem: (problem.code, problem.path),
    )


def _in_loop(path: str, places: Mapping[str, str]) -> str:
    """Give the property path in the template as it was written, where a loop makes the resource."""
    section, _, rest = path.partition("/")
    id, slash, below = rest.partition("/")
    return f"{places[id]}{slash}{below}" if section == "Resources" and id in places else path


def _type_of(resource: object) -> str:
    kind = resource.get("Type") if isinstance(resource, dict) else None
    return kind if isinstance(kind, str) else ""


def _findings(template: Template, region: str | None, account: str | None) -> Iterator[tuple[Rule, Finding]]:
    """Give what the rules find, with property paths."""
    yield from findings(template, of_templates=True)
    for part in read_with_parts(template, region=region, account=account):
        always = [
            {(rule.code, finding.at) for rule, finding in findings(other.spec, of_templates=True)}
            for other in part.alternatives
        ]
        for rule, finding in findings(part.spec, of_templates=True):
            if part.tells(finding.at) and all((rule.code, finding.at) in each for each in always):
                yield rule, type(finding)(part.property_path(finding.at), finding.text)
    for job in read_transforms(template, region=region, account=account):
        for rule, finding in findings(job.value, of_templates=True):
            yield rule, type(finding)(job.path_of(finding.at), finding.text)


def _checked(template: object) -> Mapping[str, Any]:
    """Give a template that can be looked at."""
    if not isinstance(template, Mapping) or not isinstance(template.get("Resources"), dict):
        message = "this is no CloudFormation template: it has no Resources"
        raise NoTemplate(message)
    level: list[Mapping[Any, Any] | list[Any]] = [template]
    number = 0
    for _ in range(_DEEPEST):
        number += sum(map(len, level))
        if number > _MOST_VALUES:
            message = f"this template has more than {_MOST_VALUES} values, and none that CloudFormation takes does"
            raise NoTemplate(message)
        below: list[Mapping[Any, Any] | list[Any]] = [
            one
            for each in level
            for one in (each if each.__class__ is list or isinstance(each, list) else each.values())
            if one.__class__ not in PLAIN and isinstance(one, _CONTAINERS)
        ]
        if not below:
            return template
        level = below
    message = f"this template nests {_DEEPEST} deep, and none that CloudFormation takes does"
    raise NoTemplate(message)
