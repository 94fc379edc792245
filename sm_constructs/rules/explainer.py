"""Explanations by SageMaker Clarify."""

from __future__ import annotations

from operator import attrgetter
from typing import TYPE_CHECKING

from sm_constructs.facts import limit
from sm_constructs.rules.registry import Finding, outside, rule, unlisted
from sm_constructs.tokens import is_number, is_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sm_constructs.spec import EndpointSpec

_explainer = attrgetter("explainer")


@rule(
    "SMC830",
    "An explainer has one baseline, in at most 4096 characters or in S3",
    where=_explainer,
    source="ClarifyShapBaselineConfig",
    facts=["explainer/one_baseline", "explainer/shap_baseline_inline_max", "explainer/shap_config_required"],
    good='explainer=ClarifyExplainer(baseline="1,2,3")',
    bad="explainer=ClarifyExplainer()",
)
def baseline(spec: EndpointSpec) -> Iterator[Finding]:
    """Check the baseline."""
    if (explainer := spec.explainer) is None:
        return
    given = [name for name in ("baseline", "baseline_location") if getattr(explainer, name) is not None]
    if len(given) != 1:
        said = " and ".join(given) or "none"
        yield Finding("explainer.baseline", f"or baseline_location is needed, and only one of them; there is {said}")
    most = limit("explainer", "shap_baseline_inline_max")
    if is_text(explainer.baseline) and not 1 <= len(explainer.baseline) <= most:
        yield Finding(
            "explainer.baseline",
            f"has {len(explainer.baseline)} characters; it has 1 to {most}, and a longer one is a baseline_location",
        )


@rule(
    "SMC831",
    "A baseline is CSV or JSON Lines, and texts are of a known language and granularity",
    where=_explainer,
    source="ClarifyShapBaselineConfig.MimeType, ClarifyTextConfig",
    facts=["explainer/mime_types", "explainer/text_language", "explainer/text_granularity"],
    good='explainer=ClarifyExplainer(baseline="a text", text_language="en", text_granularity="token")',
    bad='explainer=ClarifyExplainer(baseline="a text", text_language="english", text_granularity="token")',
)
def known(spec: EndpointSpec) -> Iterator[Finding]:
    """Check what is one of a list."""
    if (explainer := spec.explainer) is None:
        return
    for argument, key in (
        ("mime_type", "mime_types"),
        ("text_language", "text_language"),
        ("text_granularity", "text_granularity"),
    ):
        yield from unlisted(f"explainer.{argument}", getattr(explainer, argument), limit("explainer", key))
    texts = {name: getattr(explainer, name) for name in ("text_language", "text_granularity")}
    for name, value in texts.items():
        if value is None and any(other is not None for other in texts.values()):
            yield Finding(f"explainer.{name}", "is missing; text_language and text_granularity go together")


@rule(
    "SMC832",
    "The explainer asks for 1 to 25 MB at a time, of at least one record, with at least one sample",
    where=_explainer,
    source="ClarifyInferenceConfig, ClarifyShapConfig",
    facts=["explainer/clarify_max_payload", "explainer/lowest"],
    good='explainer=ClarifyExplainer(baseline="1,2,3", max_payload_mb=25)',
    bad='explainer=ClarifyExplainer(baseline="1,2,3", max_payload_mb=26)',
)
def numbers(spec: EndpointSpec) -> Iterator[Finding]:
    """Check numbers."""
    if (explainer := spec.explainer) is None:
        return
    yield from outside(
        "explainer.max_payload_mb", explainer.max_payload_mb, "explainer", "clarify_max_payload", unit="MB"
    )
    lowest = limit("explainer", "lowest")
    for argument, name in (
        ("samples", "NumberOfSamples"),
        ("max_record_count", "MaxRecordCount"),
        ("probability_index", "ProbabilityIndex"),
        ("label_index", "LabelIndex"),
    ):
        value = getattr(explainer, argument)
        if is_number(value) and (value < lowest[name] or value != int(value)):
            yield Finding(f"explainer.{argument}", f"is {value:g}; it is a whole number, {lowest[name]} or more")


@rule(
    "SMC833",
    "Features and labels have names of 1 to 64 characters, and there are not too many",
    where=_explainer,
    source="ClarifyInferenceConfig.FeatureHeaders, LabelHeaders, FeatureTypes",
    facts=["explainer/headers"],
    good='explainer=ClarifyExplainer(baseline="1,2,3", label_headers=["cat", "dog", "fish"])',
    bad='explainer=ClarifyExplainer(baseline="1,2,3", label_headers=[f"class {n}" for n in range(17)])',
)
def headers(spec: EndpointSpec) -> Iterator[Finding]:
    """Check lists of names."""
    if (explainer := spec.explainer) is None:
        return
    shape = limit("explainer", "headers")
    for argument, name in (
        ("feature_headers", "FeatureHeaders"),
        ("feature_types", "FeatureTypes"),
        ("label_headers", "LabelHeaders"),
    ):
        given = getattr(explainer, argument)
        if len(given) > shape[name][1]:
            yield Finding(f"explainer.{argument}", f"has {len(given)} entries; there are at most {shape[name][1]}")
        if argument != "feature_types":
            for index, header in enumerate(given):
                yield from _length(f"explainer.{argument}[{index}]", header, shape["jmespath_max"])


def _length(at: str, text: object, longest: int) -> Iterator[Finding]:
    if is_text(text) and not 1 <= len(text) <= longest:
        yield Finding(at, f"has {len(text)} characters; it has 1 to {longest}")


@rule(
    "SMC834",
    "Expressions and templates have 1 to 64 characters",
    where=_explainer,
    source="ClarifyExplainerConfig.EnableExplanations, ClarifyInferenceConfig",
    facts=["explainer/headers"],
    good='explainer=ClarifyExplainer(baseline="1,2,3", enable="probability > `0.5`")',
    bad='explainer=ClarifyExplainer(baseline="1,2,3", enable="")',
)
def expressions(spec: EndpointSpec) -> Iterator[Finding]:
    """Check the lengths of expressions."""
    if spec.explainer is None:
        return
    longest = limit("explainer", "headers")["jmespath_max"]
    for argument in ("enable", "features_attribute", "content_template", "probability_attribute", "label_attribute"):
        yield from _length(f"explainer.{argument}", getattr(spec.explainer, argument), longest)


@rule(
    "SMC835",
    "Types of features are numerical, categorical or text, and at least one is text",
    where=_explainer,
    source="ClarifyInferenceConfig.FeatureTypes",
    facts=["explainer/feature_types"],
    good='explainer=ClarifyExplainer(baseline="a,1", feature_types=["text", "numerical"])',
    bad='explainer=ClarifyExplainer(baseline="2,1", feature_types=["numerical", "numerical"])',
    of_templates=False,
)
def feature_types(spec: EndpointSpec) -> Iterator[Finding]:
    """Check the types of features."""
    if spec.explainer is None:
        return
    given = spec.explainer.feature_types
    for index, name in enumerate(given):
        yield from unlisted(f"explainer.feature_types[{index}]", name, limit("explainer", "feature_types"))
    if given and "text" not in given and all(is_text(name) for name in given):
        yield Finding("explainer.feature_types", "has no 'text'; without texts leave it out")
