"""What roles and callers may do, against the service authorization reference as cfn-lint carries it.

The reference says which actions there are, on which resources each can be allowed, and how their ARNs look.
"""

from __future__ import annotations

import json
import re
from functools import cache
from pathlib import Path

import cfnlint
import pytest
from documented import TEMPLATES

from sm_constructs.reading.intrinsics import text_of
from sm_constructs.reading.resources import Template
from sm_constructs.reading.rights import overlap

# These know no resources, or describe things that have none yet.
EVERYWHERE = "*"


@cache
def reference() -> dict:
    path = Path(cfnlint.__file__).parent / "data" / "AdditionalSpecs" / "Policies.json"
    return json.loads(path.read_text(encoding="utf-8"))


def formats(action: str) -> list[str] | None:
    """Give the patterns of the ARNs on which an action can be allowed; none where it knows no resources."""
    service, _, name = action.partition(":")
    its = reference()[service]
    kinds = its["Actions"][name.lower()].get("Resources")
    if kinds is None:
        return None
    return [form for kind in kinds for form in its["Resources"][kind]["ARNFormats"]]


def statements(path: Path) -> list[tuple[str, str]]:
    """Give every action with the pattern of each ARN on which a golden template allows it."""
    template = Template(json.loads(path.read_text(encoding="utf-8")))
    found = []
    for resource in template.of_type("AWS::IAM::Role", "AWS::IAM::Policy"):
        documents = [policy["PolicyDocument"] for policy in resource["Policies"].entries()]
        for document in [*documents, resource["PolicyDocument"]]:
            for statement in document["Statement"].entries():
                actions, arns = (statement[name].value for name in ("Action", "Resource"))
                found += [
                    (action, template.pattern(text_of(arn) or EVERYWHERE))
                    for action in (actions if isinstance(actions, list) else [actions])
                    for arn in (arns if isinstance(arns, list) else [arns])
                ]
    return found


def misfits(action: str, arn: str) -> bool:
    """Say whether an action cannot be allowed on an ARN."""
    there = formats(action)
    if there is None:
        return arn != EVERYWHERE
    return not any(overlap(re.sub(r"\$\{\w+\}|\.\*", "*", form), arn) for form in there)


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.stem)
def test_what_is_allowed_can_be_allowed_there(path):
    allowed = statements(path)
    assert [pair for pair in allowed if misfits(*pair)] == []
    # Whatever knows resources is allowed on those only.
    wide = {action for action, arn in allowed if arn == EVERYWHERE and formats(action) is not None}
    # The last is what the CDK gives a state machine of an example.
    assert wide <= {"cloudwatch:PutMetricData", "logs:DescribeLogGroups", "sagemaker:ListTags"}


@pytest.mark.parametrize(
    ("action", "arn"),
    [
        ("ecr:GetAuthorizationToken", "arn:aws:ecr:eu-west-1:123456789012:repository/scorer"),
        ("sagemaker:InvokeEndpointAsync", "arn:aws:sagemaker:eu-west-1:123456789012:inference-component/llama"),
        ("s3:GetObject", "arn:aws:sns:eu-west-1:123456789012:errors"),
    ],
)
def test_the_reference_knows_what_cannot_be(action, arn):
    assert misfits(action, arn)


def test_no_condition_fences_callers_by_variant():
    """Models are told apart by a condition, components by their ARNs; for variants the reference has neither."""
    assert reference()["sagemaker"]["Actions"]["invokeendpoint"]["Resources"] == ["endpoint", "inference-component"]
