"""The rules as rules of cfn-lint: ``cfn-lint template.yaml --append-rules sm_constructs.cfn_lint``.

A code has the letter of its severity before it, as cfn-lint has it: ``ESMC102`` is an error, ``WSMC107`` a warning. So
cfn-lint's own ways to leave rules out work: ``--ignore-checks ESMC1``, ``ignore_checks`` in ``.cfnlintrc`` and in the
metadata of a resource.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from cfnlint.helpers import REGION_PRIMARY
from cfnlint.rules import CloudFormationLintRule, RuleMatch

from sm_constructs.checking import check_template
from sm_constructs.linting.places import steps
from sm_constructs.rules import RULES

if TYPE_CHECKING:
    from cfnlint.template import Template

    from sm_constructs.problems import Problem
    from sm_constructs.rules import Rule

_found: WeakKeyDictionary[Template, dict[str, dict[Problem, None]]] = WeakKeyDictionary()


def _problems(cfn: Template, code: str) -> list[Problem]:
    """Give the problems that a rule finds in a template; all rules look at it together, once."""
    found = _found.get(cfn)
    if found is None:
        # Entered before it is filled: what cannot be looked at is told once, and not by every rule.
        found = _found[cfn] = defaultdict(dict)
        if cfn.get_resources():  # without resources, cfn-lint says it itself
            for region in _regions(cfn):
                for problem in check_template(cfn.template, region=region):
                    found[problem.code][problem] = None
    return list(found[code])


def _regions(cfn: Template) -> list[str | None]:
    """Give the regions to look at; where cfn-lint has its default, nobody may have meant it."""
    return [None] if cfn.regions == [REGION_PRIMARY] else list(cfn.regions)


def _rule_class(rule: Rule) -> type:
    """Make the class of a rule; cfn-lint finds it in this module."""

    def match(self: Any, cfn: Template) -> list[Any]:  # noqa: ANN401, ARG001 - untyped
        return [RuleMatch(list(steps(cfn.template, each.path)), each.message) for each in _problems(cfn, rule.code)]

    attributes = {
        "id": f"{rule.severity[0].upper()}{rule.code}",
        "shortdesc": rule.title,
        "description": f"{rule.title}. AWS: {rule.source}",
        "source_url": "https://docs.aws.amazon.com/sagemaker/latest/dg/realtime-endpoints.html",
        "tags": ["resources", "sagemaker"],
        "match": match,
        "__doc__": rule.title,
        "__module__": __name__,
    }
    return type(rule.code, (CloudFormationLintRule,), attributes)


globals().update({code: _rule_class(rule) for code, rule in RULES.items() if rule.of_templates})
