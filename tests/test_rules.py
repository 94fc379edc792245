"""The registry of rules, and each rule's own examples."""

import pytest
from specs import spec_from_source, spec_of

from sm_constructs.facts import fact, load
from sm_constructs.problems import InvalidHosting
from sm_constructs.rules import RULES, check, findings, require

ALL = pytest.mark.parametrize("rule", RULES.values(), ids=RULES)


def found(rule, source):
    """Give what all rules find in an example of one: each rule with the place."""
    spec = spec_from_source(source, rule.about)
    return [(each, finding.at) for each, finding in findings(spec, of_templates=not rule.of_constructs)]


@ALL
def test_a_rule_finds_its_bad_example(rule):
    assert rule in {each for each, _ in found(rule, rule.bad)}


@ALL
def test_a_rule_passes_its_good_example(rule):
    assert rule not in {each for each, _ in found(rule, rule.good)}


@ALL
def test_the_bad_example_of_a_rule_breaks_nothing_else(rule):
    errors = [(each, at) for each, at in found(rule, rule.bad) if each.severity == "error"]
    told = {at for each, at in errors if each is rule}
    # What a rule says of a place, the shape of the property may say too.
    assert {each.code for each, at in errors if not (each.is_shape and at in told)} <= {rule.code}


@ALL
def test_the_facts_of_a_rule_exist(rule):
    for address in rule.facts:
        area, key = address.split("/")
        assert fact(area, key).source


@ALL
def test_a_rule_has_a_code_a_title_and_a_source(rule):
    assert len(rule.code) == 6
    assert rule.code[:3] == "SMC"
    assert rule.code[3:].isdigit()
    assert rule.title
    assert rule.source


def test_facts_are_addressed_uniquely():
    rows = load("facts.json")
    assert len({(row["area"], row["key"]) for row in rows}) == len(rows)


def test_a_valid_spec_has_no_problem():
    assert check(spec_of()) == []


def test_all_errors_of_a_spec_are_raised_at_once():
    with pytest.raises(InvalidHosting) as refused:
        require(spec_from_source('endpoint_name="a_b", instances=Instances("ml.nope", count=0)'), lambda: "X (Y)")
    assert [problem.code for problem in refused.value.problems] == ["SMC001", "SMC301", "SMC302"]
    assert str(refused.value).startswith("X (Y) has 3 problems\n  SMC001 endpoint_name is 'a_b'; ")


def test_warnings_alone_are_given_back():
    problems = require(spec_from_source("scaling=Scaling(1, 4)"), lambda: "X (Y)")
    assert [problem.code for problem in problems] == ["SMC606"]
