"""The second catalogue, of which nothing was seen while most rules were written: every case, and where we point."""

from __future__ import annotations

from functools import cache

import pytest
from catalogue.second import good, harmful, wrong

from sm_constructs import check_template

# What we do not find, and why.
NOT_WRONG = {
    "srv-marketplace": "an ARN does not tell a package of the Marketplace from one of the Model Registry",
    "sh-marketplace": "an ARN does not tell a package of the Marketplace from one of the Model Registry",
    "md-url-join": "what stands after s3:/ comes from another stack, and could begin with a slash",
    "md-x86-on-arm-xgboost": "the repository has images for more processors than its tag names",
    "gr-rolling-count": "the variant scales up; the API looks at the number there is when it is updated",
    "gr-wait-missing": "CloudFormation's documents and those of the API contradict each other: a warning",
}
NOT_HARMFUL = {
    "h-guardrail-marketplace": "an ARN does not tell a package of the Marketplace from one of the Model Registry",
    "h-policy-order-imported": "the role is imported by a name that only its policy tells",
    "h-alarm-other-endpoint": "another endpoint may be elsewhere",
    "h-board-namespace": "bodies of dashboards are not looked at",
    "h-board-stat": "bodies of dashboards are not looked at",
    "h-mme-one": "a recommendation, which every test endpoint breaks",
}


@cache
def found_in_base(name: str) -> frozenset[tuple[str, str]]:
    return frozenset((problem.code, problem.path) for problem in check_template(good()[name]))


def found(case):
    before = found_in_base(case.base)
    return [problem for problem in check_template(case.template) if (problem.code, problem.path) not in before]


@pytest.mark.parametrize("name", good())
def test_a_good_template_has_no_problem(name):
    assert check_template(good()[name]) == []


def sure(cases, exceptions):
    return [case for case in cases if case.doubt is None and case.id not in exceptions]


@pytest.mark.parametrize("case", sure(wrong(), NOT_WRONG), ids=lambda case: case.id)
def test_what_aws_refuses_is_an_error_at_its_place(case):
    paths = [problem.path for problem in found(case) if problem.severity == "error"]
    assert any(path.startswith(place) or place.startswith(path) for path in paths for place in case.places)


@pytest.mark.parametrize("case", sure(harmful(), NOT_HARMFUL), ids=lambda case: case.id)
def test_what_hurts_is_a_problem(case):
    assert found(case) != []


@pytest.mark.parametrize(
    ("cases", "exceptions", "severities"),
    [(wrong(), NOT_WRONG, {"error"}), (harmful(), NOT_HARMFUL, {"error", "warning"})],
    ids=["wrong", "harmful"],
)
def test_what_is_said_not_to_be_found_is_not_found(cases, exceptions, severities):
    """An exception that holds no longer goes."""
    told = {case.id for case in cases if severities & {problem.severity for problem in found(case)}}
    assert set(exceptions) <= {case.id for case in cases} - told
