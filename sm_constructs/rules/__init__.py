"""What AWS would refuse: one coded rule each, over an `EndpointSpec` or a `TransformSpec`; one module per topic."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from sm_constructs.problems import InvalidHosting, Problem
from sm_constructs.rules import (  # noqa: F401 - they enter their rules
    alarms,
    asynchronous,
    autoscaling,
    batch,
    boards,
    compatibility,
    components,
    containers,
    data_capture,
    environment,
    exclusive,
    explainer,
    instances,
    metrics,
    model_data,
    models,
    multi_model,
    naming,
    neighbours,
    network,
    references,
    roles,
    rollout,
    scaling_metrics,
    scaling_policies,
    serverless,
    shapes,
    step_scaling,
    targets,
    transform_jobs,
    whole,
)
from sm_constructs.rules.registry import RULES, Finding, Rule
from sm_constructs.transform import TransformSpec

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from sm_constructs.reading.resources import Template
    from sm_constructs.spec import EndpointSpec

__all__ = ["RULES", "Finding", "Rule", "check", "findings", "require"]


def check(spec: EndpointSpec | TransformSpec | Template, name: Callable[[str], str] = str) -> list[Problem]:
    """Check a spec against every rule.

    Parameters
    ----------
    spec : EndpointSpec, TransformSpec or Template
        What to check.
    name : Callable[[str], str], default str
        Gives a place in the spec the name that the user knows it by.

    Returns
    -------
    list[Problem]
        The errors and warnings, in the order of their codes.
    """
    found = [
        Problem(rule.code, rule.severity, f"{name(finding.at)} {finding.text}", name(finding.at), rule.source)
        for rule, finding in findings(spec)
    ]
    return sorted(found, key=lambda problem: problem.code)


@cache
def _rules_about(kind: str, *, of_templates: bool) -> dict[Callable[[Any], object] | None, list[Rule]]:
    """Give the rules about specs of a kind, by what of a spec they are about."""
    found: dict[Callable[[Any], object] | None, list[Rule]] = {}
    for rule in RULES.values():
        if rule.about.__name__ == kind and (rule.of_templates if of_templates else rule.of_constructs):
            found.setdefault(rule.where, []).append(rule)
    return found


def findings(
    spec: EndpointSpec | TransformSpec | Template, *, of_templates: bool = False
) -> Iterator[tuple[Rule, Finding]]:
    """Give what each rule finds in a spec, or in a template as a whole.

    Parameters
    ----------
    spec : EndpointSpec, TransformSpec or Template
        What to check.
    of_templates : bool, default False
        Whether the spec was read from a template; some rules are about the arguments of constructs only, or not at all.
    """
    for where, rules in _rules_about(type(spec).__name__, of_templates=of_templates).items():
        for rule in rules if where is None or where(spec) else ():
            for finding in rule.check(spec):
                yield rule, finding
    if isinstance(spec, TransformSpec):
        # What the rules of endpoints find in the model and its network, they find in those of a transform job too.
        for rule, finding in findings(spec.as_endpoint(), of_templates=of_templates):
            at = finding.at.removeprefix("variants[0].")
            if at.startswith(("model.", "network")):
                yield rule, Finding(at, finding.text)


def require(
    spec: EndpointSpec | TransformSpec,
    subject: Callable[[], str],
    name: Callable[[str], str] = str,
    artifacts: Sequence[Problem] = (),
) -> list[Problem]:
    """Check a spec, and refuse it where AWS would.

    Parameters
    ----------
    spec, name
        As for `check`.
    subject : Callable[[], str]
        Gives what the problems belong to; called only when there are some.
    artifacts : Sequence[Problem]
        What was found in the artifacts that the spec names; to be told together with the rest.

    Returns
    -------
    list[Problem]
        The warnings.

    Raises
    ------
    InvalidHosting
        There is an error; it carries the errors and the warnings.
    """
    problems = [*check(spec, name), *artifacts]
    if any(problem.severity == "error" for problem in problems):
        raise InvalidHosting(subject(), problems)
    return problems
