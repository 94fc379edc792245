"""Our rules against cfn-lint, the CDK's validation and botocore, and against the catalogue; a small run.

The full run is ``python benchmarks/compare.py``; what it gave stands in ``docs/comparison.md``.
"""

from __future__ import annotations

import pytest
from catalogue import good, harmful, wrong
from comparison.comparing import compared, drawn_changes, drawn_templates
from comparison.judges import botocore, cdk_validation, cdk_validations, cfn_lint, ours
from comparison.known import HARMFUL_BUT_TAKEN, WRONG_BUT_TAKEN, explanation
from conftest import ROOT


def config(**variant):
    variant = {
        "VariantName": "a",
        "ModelName": "m",
        "InstanceType": "ml.m5.large",
        "InitialInstanceCount": 1,
        **variant,
    }
    properties = {"ProductionVariants": [variant]}
    return {"Resources": {"Config": {"Type": "AWS::SageMaker::EndpointConfig", "Properties": properties}}}


@pytest.mark.parametrize("judge", [cfn_lint, cdk_validation, botocore, ours])
def test_each_judge_refuses_what_is_wrong_and_nothing_else(judge):
    counts = {"one": 1, "as a text": "2", "none": 0, "in words": "two", "list": [1]}
    refused = [name for name, count in counts.items() if judge(config(InitialInstanceCount=count))]
    assert refused == ["none", "in words", "list"]


@pytest.fixture(scope="module")
def drawn():
    return drawn_templates(run=0, per_kind=3)


def test_no_judge_refuses_a_valid_template(drawn):
    for template, of_cdk in zip(drawn, cdk_validations(drawn), strict=True):
        assert (ours(template), of_cdk, botocore(template)) == (set(), set(), set())
    for template in drawn[::7]:
        assert cfn_lint(template) == set()


def test_what_another_judge_refuses_is_refused(drawn):
    pairs = drawn_changes(0, 40, [*drawn, *good().values()])
    outcomes = list(compared(pairs))
    assert sum(bool(outcome.refused_by) for outcome in outcomes) > len(pairs) / 2
    assert [str(each) for each in outcomes if each.is_missed and explanation(each) is None] == []


@pytest.fixture(scope="module")
def before():
    return {name: ours(template, warnings=True) for name, template in good().items()}


def test_nothing_is_found_in_a_good_template_of_the_catalogue(before):
    assert {name: found for name, found in before.items() if found} == {}


def test_an_error_is_found_in_every_wrong_template_of_the_catalogue(before):
    passed = {case.id for case in wrong() if not ours(case.template) - before[case.base]}
    assert passed == set(WRONG_BUT_TAKEN)


def test_a_problem_is_found_in_every_harmful_template_of_the_catalogue(before):
    passed = {case.id for case in harmful() if not ours(case.template, warnings=True) - before[case.base]}
    assert passed == set(HARMFUL_BUT_TAKEN)


def test_the_page_says_what_we_find_in_the_catalogue():
    page = (ROOT / "docs" / "comparison.md").read_text(encoding="utf-8")
    header, *rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in page.splitlines() if line[:1] == "|"]
    found = dict(zip(header, rows[-1], strict=True))
    assert found[f"good ({len(good())})"] == "0"
    assert found[f"wrong ({len(wrong())})"] == str(len(wrong()) - len(WRONG_BUT_TAKEN))
    assert found[f"harmful ({len(harmful())})"] == str(len(harmful()) - len(HARMFUL_BUT_TAKEN))
