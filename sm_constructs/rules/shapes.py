"""What the schemas of CloudFormation and the shapes of the APIs say of every property."""

from __future__ import annotations

import difflib
import json
import math
import re
from collections import defaultdict
from contextlib import suppress
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from sm_constructs.facts import load
from sm_constructs.reading.intrinsics import REFERRING, TOKEN, is_intrinsic, text_of
from sm_constructs.reading.resources import ALARM, POLICY, ROLE, TARGET, Template
from sm_constructs.reading.transforms import job_requests
from sm_constructs.rules.registry import Finding, rule
from sm_constructs.spec import once_each
from sm_constructs.tokens import is_unresolved

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from sm_constructs.reading.resources import Look


_SOURCE = "CloudFormation's resource schema, and the shapes of the API that makes the resource"
_PLAIN = (str, int, float)
# What other services have too.
_SHARED = (TARGET, POLICY, ALARM, ROLE)
_LONGEST_SHOWN = 60
_MOST_SHOWN = 20
_NUMBERS = {
    "integer": re.compile(r"[-+]?[0-9]+"),
    "number": re.compile(r"[-+]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][-+]?[0-9]+)?"),
}
_MAKING_TEXTS = frozenset({"Fn::Sub", "Fn::Join", "Fn::Base64"})
_MAKING_ANYTHING = frozenset({"Fn::If", "Fn::Transform", "Fn::Select"})
_GATHERING = ("object", "array")
# Equal ones of these are the same; 1 and true are equal, too.
_REMEMBERED = frozenset({str, int})
_WORDS = {
    "object": "a mapping",
    "json": "a mapping",
    "array": "a list",
    "string": "a text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
}


class _Misfit(NamedTuple):
    """What does not have its shape: the code of the rule that says so, and what it says."""

    code: str
    finding: Finding


@cache
def shapes() -> dict[str, dict[str, Any]]:
    """Give the shape of each resource type, as ``facts/shapes.json`` has it."""
    types: dict[str, dict[str, Any]] = load("shapes.json")["types"]
    return types


_compiled = cache(re.compile)


@cache
def _request_shapes() -> dict[str, dict[str, Any]]:
    requests: dict[str, dict[str, Any]] = load("shapes.json")["requests"]
    return requests


@cache
def _resource_types() -> frozenset[str]:
    return frozenset(load("shapes.json")["resource_types"])


@cache
def _services() -> frozenset[str]:
    return frozenset(kind.rpartition("::")[0] for kind in _resource_types())


@once_each
def _misfits(template: Template) -> Iterable[_Misfit]:
    """Give everything in a template that does not have its shape."""
    fitting = _Fitting(template)
    for resource in template.of_type(*shapes()):
        if resource.type not in _SHARED or template.is_of_hosting(resource):
            shape = shapes()[resource.type]
            given = {} if resource.value is None and not resource.says_nothing else resource.value
            fitting.fit((None, resource.path), given, shape)
    for request in job_requests(template):
        fitting.fit((None, request.node.path), request.node.value, _request_shapes()["CreateTransformJob"])
    return fitting.found


# A place: that in which it is, and what it is called there. Most are never told, so that their paths are not made.
_Place = tuple["_Place | None", "str | int"]


def _path(place: _Place) -> str:
    above, name = place
    return str(name) if above is None else f"{_path(above)}/{name}"


# What to look at in a mapping with certain names: each name, its shape, and the texts and numbers known to have it.
_Plan = list[tuple[Any, dict[str, Any], set[str | int]]]


class _Fitting:
    """Goes through properties with their shapes, and gathers what does not fit."""

    def __init__(self, template: Template) -> None:
        self._template = template
        # What has its shape, by the identity of the shape: most stands in many places.
        self._fitting: defaultdict[int, set[str | int]] = defaultdict(set)
        self._fitting_looks: set[tuple[int, Look]] = set()
        self._plans: dict[tuple[int, tuple[Any, ...]], _Plan] = {}
        self.found: list[_Misfit] = []

    def _add(self, code: str, place: _Place, text: str) -> None:
        self.found.append(_Misfit(code, Finding(_path(place), text)))

    def fit(self, place: _Place, value: Any, shape: dict[str, Any]) -> None:  # noqa: ANN401 - JSON
        """Look at a value and all that is in it."""
        kind = shape["type"]
        if isinstance(value, dict):
            if is_intrinsic(value):
                self._fit_call(place, value, shape)
            elif kind == "object":
                self._fit_object(place, value, shape)
            elif kind == "json":
                self._fit_count(place, value, shape)
                for name, each in value.items() if "values" in shape else ():
                    self.fit((place, name), each, shape["values"])
            else:
                self._fit_plain(place, value, shape)
        elif isinstance(value, list) and kind == "array":
            self._fit_list(place, value, shape)
        elif value.__class__ in _REMEMBERED:
            number = len(self.found)
            self._fit_plain(place, (text_of(value) or "") if isinstance(value, str) else value, shape)
            if len(self.found) == number:
                self._fitting[id(shape)].add(cast("str | int", value))
        elif value is None:
            self._add("SMC040", place, f"is empty; it is {_WORDS[kind]}, or is left out")
        else:
            self._fit_plain(place, value, shape)

    def _fit_list(self, place: _Place, value: list[Any], shape: dict[str, Any]) -> None:
        self._fit_count(place, value, shape)
        if "unique" in shape or "unique_by" in shape:
            self._fit_different(place, value, shape.get("unique_by"))
        for index, each in enumerate(value):
            self.fit((place, index), each, shape["items"])

    def _fit_call(self, place: _Place, call: dict[str, Any], shape: dict[str, Any]) -> None:
        kind = shape["type"]
        (function,) = call
        if kind in _GATHERING:
            if function in _MAKING_TEXTS or (kind == "object" and function not in _MAKING_ANYTHING):
                self._add("SMC040", place, f"is made by {function}; it is {_WORDS[kind]}")
        elif kind != "json" and (kind != "string" or "patterns" in shape or function not in REFERRING):
            look = self._template.look_of(call)
            if look is None or (id(shape), look) not in self._fitting_looks:
                number = len(self.found)
                self._fit_plain(place, text_of(call), shape)
                if look is not None and len(self.found) == number:
                    self._fitting_looks.add((id(shape), look))

    def _fit_plain(self, place: _Place, value: object, shape: dict[str, Any]) -> None:
        kind = shape["type"]
        if isinstance(value, str) and kind != "string" and is_unresolved(value):
            value = self._template.sampled(value)
            if value is None or kind == "json":
                return
        if kind == "string" and isinstance(value, _PLAIN):
            self._fit_text(place, str(value).lower() if isinstance(value, bool) else str(value), shape)
            return
        match kind, value:
            case (("integer" | "number"), (str() | int() | float())) if not isinstance(value, bool):
                self._fit_number(place, value, shape)
            case ("boolean", (bool() | "true" | "false" | "True" | "False")):
                return
            case "json", str() if _is_mapping(value):
                return  # CloudFormation takes JSON in a text, too
            case _:
                self._add("SMC040", place, f"is {_shown(value)}; it is {_WORDS[kind]}")

    def _fit_object(self, place: _Place, value: dict[Any, Any], shape: dict[str, Any]) -> None:
        key = (id(shape), tuple(value))
        plan = self._plans.get(key)
        if plan is None:
            number = len(self.found)
            plan = self._fit_names(place, value, shape)
            if len(self.found) == number and value.keys() >= set(shape.get("asked", ())):
                self._plans[key] = plan
        for name, its, fitting in plan:
            each = value[name]
            if each.__class__ not in _REMEMBERED or each not in fitting:
                self.fit((place, name), each, its)

    def _fit_names(self, place: _Place, value: dict[Any, Any], shape: dict[str, Any]) -> _Plan:
        """Look at which names are given; say what to look at for each of them."""
        known = shape["properties"]
        unknown = value.keys() - known.keys()
        if any(isinstance(name, str) and name.startswith("Fn::") for name in unknown):
            return []  # what CloudFormation's macros and loops make of it is not known
        self._fit_company(place, value, shape)
        for name in shape["required"]:
            if name not in value:
                self._add("SMC041", (place, name), "is missing; it is required")
        for name in shape.get("asked", ()):
            # AWS's own examples of traffic that is shifted at once have no interval.
            if name not in value and not (name == "WaitIntervalInSeconds" and value.get("Type") == "ALL_AT_ONCE"):
                said = "is missing; CloudFormation does not ask for it, and the API that it calls does"
                self._add("SMC048", (place, name), said)
        for name in unknown:
            near = _nearest(str(name), known)
            hint = f"; it is probably {near}" if near else f"; there are {', '.join(known)}"
            self._add("SMC042", (place, name), f"is no property{hint}")
        return [(name, known[name], self._fitting[id(known[name])]) for name in value if name in known]

    def _fit_company(self, place: _Place, value: dict[Any, Any], shape: dict[str, Any]) -> None:
        if exclusive := shape.get("one_of"):
            given = [name for name in exclusive if name in value]
            if len(given) > 1:
                self._add("SMC039", (place, given[1]), f"is given beside {given[0]}; there is one of them")
            if not given:
                self._add("SMC041", place, f"has none of {', '.join(exclusive)}; one is required")
        for name, others in shape["needs"].items() if "needs" in shape else ():
            for other in others if name in value else ():
                if other not in value:
                    self._add("SMC041", (place, other), f"is missing; {name} requires it")
        for name, others in shape["excludes"].items() if "excludes" in shape else ():
            for other in others if name in value else ():
                if other in value and not (other in shape["excludes"] and other < name):
                    self._add("SMC039", (place, other), f"is given beside {name}; they exclude each other")

    def _fit_text(self, place: _Place, text: str, shape: dict[str, Any]) -> None:
        low, high = shape.get("length", (None, None))
        sample: str | None = text
        if is_unresolved(text):
            # At least its length without what is not known is known, and its form may be.
            known = TOKEN.sub("", text) if high is not None and len(text) > high else ""
            if len(known) > (high or 0):
                self._add("SMC045", place, f"has {len(known)} characters and more; it has {_range(low, high)}")
                return
            sample = self._template.sampled(text) if "patterns" in shape else None
        elif _is_outside(len(text), low, high):
            self._add("SMC045", place, f"has {len(text)} characters; it has {_range(low, high)}")
            return
        elif "enum" in shape and text not in shape["enum"]:
            self._add("SMC043", place, f"is {_shown(text)}; it is {_choice(text, shape['enum'])}")
            return
        for pattern in shape.get("patterns", ()) if sample is not None else ():
            if not _compiled(pattern).search(str(sample)):
                self._add("SMC044", place, f"is {_shown(sample)}; it matches {pattern}")
                return

    def _fit_count(self, place: _Place, value: list[Any] | dict[Any, Any], shape: dict[str, Any]) -> None:
        if "count" not in shape:
            return
        low, high = shape["count"]
        if isinstance(value, list) and any(map(is_intrinsic, value)):
            low = None  # an entry may stand for several
        if _is_outside(len(value), low, high):
            self._add("SMC047", place, f"has {len(value)} entries; there are {_range(low, high)}")

    def _fit_different(self, place: _Place, values: list[Any], by: str | None) -> None:
        seen = set()
        for index, each in enumerate(values):
            if (shown := repr(each.get(by) if isinstance(each, dict) and by in each else each)) in seen:
                self._add("SMC039", (place, index), "is the same as an entry before it")
            seen.add(shown)

    def _fit_number(self, place: _Place, value: str | float, shape: dict[str, Any]) -> None:
        number = float("nan")
        if not isinstance(value, str) or _NUMBERS[shape["type"]].fullmatch(value):
            with suppress(OverflowError):
                number = float(value)
        if not math.isfinite(number) or (shape["type"] == "integer" and not number.is_integer()):
            self._add("SMC040", place, f"is {_shown(value)}; it is {_WORDS[shape['type']]}")
        elif _is_outside(number, *shape.get("range", (None, None))):
            self._add("SMC046", place, f"is {value}; it is {_range(*shape['range'])}")


def _is_mapping(text: str) -> bool:
    try:
        return isinstance(json.loads(text), dict)
    except (ValueError, RecursionError):
        return False


def _choice(text: str, allowed: list[str]) -> str:
    if len(allowed) <= _MOST_SHOWN:
        return f"one of {', '.join(allowed)}"
    near = difflib.get_close_matches(text, allowed, n=3)
    return f"one of {len(allowed)}" + (f", such as {', '.join(near)}" if near else "")


def _nearest(name: str, known: dict[str, Any]) -> str | None:
    found = difflib.get_close_matches(name, known, n=1)
    return found[0] if found else None


def _is_outside(number: float, low: float | None, high: float | None) -> bool:
    return (low is not None and number < low) or (high is not None and number > high)


def _range(low: float | None, high: float | None) -> str:
    if low is None:
        return f"at most {high}"
    return f"{low} or more" if high is None else f"{low} to {high}"


def _shown(value: object) -> str:
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, list):
        return "a list"
    shown = repr(value)
    return shown if len(shown) <= _LONGEST_SHOWN else f"{shown[:_LONGEST_SHOWN]}…"


def _is(code: str, template: Template) -> Iterator[Finding]:
    return (misfit.finding for misfit in _misfits(template) if misfit.code == code)


_CONFIG = "Config: {{Type: AWS::SageMaker::EndpointConfig, Properties: {{ProductionVariants: [{}]}}}}"
_VARIANT = "VariantName: a, ModelName: m, InstanceType: ml.m5.large, InitialInstanceCount: {}"
_ENDPOINT = "Endpoint: {{Type: AWS::SageMaker::Endpoint, Properties: {{{}}}}}"


_CANARY = (
    "{{BlueGreenUpdatePolicy: {{TrafficRoutingConfiguration: {{Type: CANARY, "
    "CanarySize: {{Type: CAPACITY_PERCENT, Value: 10}}{}}}}}}}"
)


_SCALED = """\
Target:
  Type: AWS::ApplicationAutoScaling::ScalableTarget
  Properties:
    ServiceNamespace: sagemaker
    ScalableDimension: sagemaker:variant:DesiredInstanceCount
    ResourceId: endpoint/e/variant/a
    MinCapacity: 1
    MaxCapacity: 4
Policy:
  Type: AWS::ApplicationAutoScaling::ScalingPolicy
  Properties: {{PolicyName: p, PolicyType: TargetTrackingScaling, {}, TargetTrackingScalingPolicyConfiguration: {{
    TargetValue: 70, PredefinedMetricSpecification: {{PredefinedMetricType: SageMakerVariantInvocationsPerInstance}}}}}}
"""


def _variant(count: str, more: str = "") -> str:
    return _CONFIG.format("{" + _VARIANT.format(count) + more + "}")


@rule(
    "SMC039",
    "Properties that exclude each other are not given together, nor an entry twice where each is another",
    source=_SOURCE,
    about=Template,
    good=_SCALED.format("ScalingTargetId: !Ref Target"),
    bad=_SCALED.format("ScalingTargetId: !Ref Target, ResourceId: endpoint/e/variant/a, ")
    .replace("variant/a, ", "variant/a, ScalableDimension: 'sagemaker:variant:DesiredInstanceCount', ")
    .replace("Count', ", "Count', ServiceNamespace: sagemaker"),
)
def company(template: Template) -> Iterator[Finding]:
    """Check what excludes each other."""
    return _is("SMC039", template)


@rule(
    "SMC040",
    "A property has the type that its schema gives it",
    source=_SOURCE,
    about=Template,
    facts=["realtime/enable_ssm_access"],
    good=_variant('"2"'),
    bad=_variant("two"),
)
def types(template: Template) -> Iterator[Finding]:
    """Check types; CloudFormation takes numbers and truth values as texts, too."""
    return _is("SMC040", template)


@rule(
    "SMC041",
    "A required property is there",
    source=_SOURCE,
    about=Template,
    facts=["autoscaling/cfn_required"],
    good=_ENDPOINT.format("EndpointConfigName: config"),
    bad=_ENDPOINT.format("EndpointName: scorer"),
)
def required(template: Template) -> Iterator[Finding]:
    """Check what is required."""
    return _is("SMC041", template)


@rule(
    "SMC042",
    "A property is one that the resource type has",
    source=_SOURCE,
    about=Template,
    facts=[
        "cloudformation/api_not_in_cfn",
        "serverless/excluded_cross_region_traffic",
        "realtime/accelerator_type",
        "artifacts/additional_model_data_sources",
    ],
    good=_variant("1"),
    bad=_variant("1", ", AcceleratorType: ml.eia2.medium"),
)
def unknown(template: Template) -> Iterator[Finding]:
    """Check the names of properties."""
    return _is("SMC042", template)


@rule(
    "SMC043",
    "A text is one of those that there are",
    source=_SOURCE,
    about=Template,
    facts=["mme/model_cache_setting", "multi_container/inference_execution_mode"],
    good=_variant("1", ", RoutingConfig: {RoutingStrategy: RANDOM}"),
    bad=_variant("1", ", RoutingConfig: {RoutingStrategy: FASTEST}"),
)
def enumerations(template: Template) -> Iterator[Finding]:
    """Check enumerations."""
    return _is("SMC043", template)


@rule(
    "SMC044",
    "A text has the form that is asked for",
    source=_SOURCE,
    about=Template,
    facts=["cloudformation/name_patterns", "cloudformation/execution_role_pattern"],
    good=_ENDPOINT.format("EndpointConfigName: my-config"),
    bad=_ENDPOINT.format("EndpointConfigName: my_config"),
)
def patterns(template: Template) -> Iterator[Finding]:
    """Check patterns."""
    return _is("SMC044", template)


@rule(
    "SMC045",
    "A text is neither too long nor too short",
    source=_SOURCE,
    about=Template,
    facts=["cloudformation/name_lengths", "cloudwatch/alarm_name", "cloudformation/execution_role_pattern"],
    good=_ENDPOINT.format(f"EndpointConfigName: {'c' * 63}"),
    bad=_ENDPOINT.format(f"EndpointConfigName: {'c' * 64}"),
)
def lengths(template: Template) -> Iterator[Finding]:
    """Check lengths."""
    return _is("SMC045", template)


@rule(
    "SMC046",
    "A number lies in its range",
    source=_SOURCE,
    about=Template,
    good=_variant("1"),
    bad=_variant("0"),
)
def ranges(template: Template) -> Iterator[Finding]:
    """Check ranges."""
    return _is("SMC046", template)


@rule(
    "SMC047",
    "A list has neither too many nor too few entries",
    source=_SOURCE,
    about=Template,
    facts=["cloudformation/tags_max", "cloudwatch/alarm_actions"],
    good=_ENDPOINT.format(
        "EndpointConfigName: c, DeploymentConfig: {AutoRollbackConfiguration: {Alarms: [{AlarmName: errors}]}}"
    ),
    bad=_CONFIG.format(""),
)
def counts(template: Template) -> Iterator[Finding]:
    """Check the numbers of entries."""
    return _is("SMC047", template)


@rule(
    "SMC048",
    "A property that the API requires is there, also where CloudFormation does not ask for it",
    severity="warning",
    source=_SOURCE,
    about=Template,
    facts=["guardrails/wait_interval", "inference_component/compute"],
    good=_ENDPOINT.format(f"EndpointConfigName: c, DeploymentConfig: {_CANARY.format(', WaitIntervalInSeconds: 300')}"),
    bad=_ENDPOINT.format(f"EndpointConfigName: c, DeploymentConfig: {_CANARY.format('')}"),
)
def asked(template: Template) -> Iterator[Finding]:
    """Warn where CloudFormation's documents and those of the API contradict each other."""
    return _is("SMC048", template)


@rule(
    "SMC049",
    "A resource is of a type that CloudFormation has",
    source="The resource types of CloudFormation",
    about=Template,
    facts=["batch/cfn_resource"],
    good=_variant("1"),
    bad="Job: {Type: AWS::SageMaker::TransformJob, Properties: {}}",
)
def resource_types(template: Template) -> Iterator[Finding]:
    """Check for what can be made with the API only, or not at all."""
    for id, kind in template.types.items():
        if kind not in _resource_types() and kind.rpartition("::")[0] in _services():
            near = difflib.get_close_matches(kind, _resource_types(), n=1)
            hint = f"; it is probably {near[0]}" if near else ""
            yield Finding(f"Resources/{id}/Type", f"is {kind}, which CloudFormation does not have{hint}")
