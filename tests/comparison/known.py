"""Where another judge refuses what we do not, and why that is right."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from sm_constructs.reading.intrinsics import references

from .breaking import at
from .comparing import Outcome
from .judges import BOTOCORE, Refusal

ABOUT_SCALING = ("AWS::ApplicationAutoScaling::ScalableTarget", "AWS::ApplicationAutoScaling::ScalingPolicy")


@dataclass(frozen=True)
class Known:
    """A disagreement: in a few words, why, where that is written, and which refusals it explains."""

    what: str
    why: str
    source: str
    explains: Callable[[Outcome, str, Refusal], bool]


def _of_another_service(outcome: Outcome, _: str, __: Refusal) -> bool:
    """Say whether what was broken is that which told that a resource is about hosting."""
    resource = at(outcome.broken.template, ("Resources", outcome.broken.place.split("/")[1]))
    properties = resource["Properties"]
    if resource["Type"] not in ABOUT_SCALING or not isinstance(properties, dict):
        return resource["Type"] in ABOUT_SCALING
    targets = {id for _, id, _ in references(properties.get("ScalingTargetId"))}
    return "sagemaker" not in str(properties).lower() and not targets & set(outcome.broken.template["Resources"])


def _asked_by_the_api(outcome: Outcome, judge: str, refusal: Refusal) -> bool:
    warned = any(each.rule == "SMC048" for each in outcome.with_warnings)
    return warned and judge == BOTOCORE and re.search("Member must not be null", refusal.text) is not None


KNOWN = [
    Known(
        "A property is missing that the API requires and CloudFormation does not",
        "the two documents contradict each other, so it is a warning, SMC048",
        "CloudFormation's schemas against botocore's service models",
        _asked_by_the_api,
    ),
    Known(
        "A scalable target or a scaling policy no longer says that it is about SageMaker",
        "what scales other services is not ours to check",
        "Application Auto Scaling serves a dozen services under the same resource types",
        _of_another_service,
    ),
]


_WARNED = "the API asks for the wait and CloudFormation does not, so it is a warning, SMC048"
WRONG_BUT_TAKEN = {
    "canary-wait-missing": _WARNED,
    "all-at-once-wait-missing": "the API asks for the wait, and AWS's own examples of it have none",
    "canary-all-instances": "the variant scales; of as many instances as it may have, the canary is half or less",
}
"""Wrong templates of the catalogue in which we find no error, and why."""

HARMFUL_BUT_TAKEN = {"one-instance-many-models": "AWS recommends two instances, and one works"}
"""Harmful templates of the catalogue in which we find no problem, and why."""


def explanation(outcome: Outcome) -> Known | None:
    """Give the known disagreement that explains all that others refuse in a template that we do not refuse."""
    refusals = [(judge, each) for judge in outcome.refused_by for each in outcome.others[judge]]
    for known in KNOWN:
        if all(known.explains(outcome, judge, each) for judge, each in refusals):
            return known
    return None
