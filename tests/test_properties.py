"""Promise 1 as properties: what is valid is accepted by every other judge too, what is not is refused."""

from __future__ import annotations

import json
from typing import Any

import aws_cdk as cdk
import pytest
import strategies
from cfnlint.api import ManualArgs, lint
from conftest import CONTEXT
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from templates import Synthesised, plain

from sm_constructs import InvalidHosting, RealTimeEndpoint
from sm_constructs.local import shapes
from sm_constructs.rules import RULES, check
from sm_constructs.spec import EndpointSpec, ModelSpec, VariantSpec

OPERATIONS = {
    "AWS::SageMaker::Model": ("sagemaker", "CreateModel", {"ModelName": "name"}),
    "AWS::SageMaker::EndpointConfig": ("sagemaker", "CreateEndpointConfig", {"EndpointConfigName": "name"}),
    "AWS::SageMaker::Endpoint": ("sagemaker", "CreateEndpoint", {"EndpointName": "name"}),
    "AWS::ApplicationAutoScaling::ScalableTarget": ("application-autoscaling", "RegisterScalableTarget", {}),
    "AWS::ApplicationAutoScaling::ScalingPolicy": (
        "application-autoscaling",
        "PutScalingPolicy",
        {
            "ServiceNamespace": "sagemaker",
            "ResourceId": "endpoint/name/variant/AllTraffic",
            "ScalableDimension": "sagemaker:variant:DesiredInstanceCount",
        },
    ),
}
# Properties that CloudFormation alone knows: it uses them when it updates an endpoint, or in place of others.
ONLY_IN_TEMPLATES = {"RetainAllVariantProperties", "ExcludeRetainedVariantProperties", "ScalingTargetId"}


def spec_of(arguments: dict[str, Any]) -> EndpointSpec:
    given = dict(arguments)
    variant = VariantSpec(
        model=ModelSpec(containers=(given.pop("container"),)),
        instances=given.pop("instances"),
        scaling=given.pop("scaling", None),
    )
    return EndpointSpec(kind="real-time", variants=(variant,), region="us-east-1", **given)


def errors(arguments: dict[str, Any]) -> set[str]:
    return {problem.code for problem in check(spec_of(arguments)) if problem.severity == "error"}


def request_of(value: Any) -> Any:
    """Give what a request would carry: values that are known at deployment become likely ones."""
    match value:
        case {"Fn::GetAtt": [_, "Arn"]}:
            return "arn:aws:iam::123456789012:role/role"
        case {"Fn::GetAtt": _} | {"Ref": _}:
            return "name"
        case {"Fn::Join": _}:
            return plain(value)
        case dict():
            return {key: request_of(each) for key, each in value.items()}
        case list():
            return [request_of(each) for each in value]
        case _:
            return value


@given(strategies.real_time())
@settings(max_examples=200, deadline=None)
def test_valid_arguments_break_no_rule(arguments):
    assert errors(arguments) == set()


@pytest.mark.parametrize(
    ("code", "mutate"), strategies.MUTATIONS, ids=lambda each: each if isinstance(each, str) else ""
)
@given(arguments=strategies.real_time())
@settings(max_examples=5, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_a_step_beyond_a_limit_is_refused_with_its_code(code, mutate, arguments):
    assert code in errors(mutate(arguments))


def test_every_error_of_a_real_time_endpoint_is_reached_by_a_step_beyond_a_limit():
    """A rule that no mutation reaches would be tested by its own example alone."""
    reached = {code for code, _ in strategies.MUTATIONS}
    unreachable = {"SMC002", "SMC003", "SMC004", "SMC005"}  # it has one variant, which we name
    unreachable |= {"SMC020"}  # what excludes one another are other kinds
    unreachable |= {
        "SMC013",
        "SMC408",
        "SMC411",
        "SMC414",
        "SMC609",
    }  # there is one way to break them: their own examples
    about_it = {
        code
        for code, rule in RULES.items()
        if rule.severity == "error" and rule.about is EndpointSpec and code[3] in "0346"
    }
    assert about_it == reached | unreachable


@given(st.lists(strategies.real_time(), min_size=10, max_size=10))
@settings(
    max_examples=5,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example],
)
def test_valid_endpoints_are_accepted_by_every_other_judge(batch):
    app = cdk.App(context=CONTEXT)
    stack = cdk.Stack(app, "Stack", env=cdk.Environment(region="us-east-1", account="123456789012"))
    for index, arguments in enumerate(batch):
        RealTimeEndpoint(stack, f"Endpoint{index}", **arguments)
    template = Synthesised(stack).json  # refused here where the CDK's own validation finds an error

    for resource in template["Resources"].values():
        service, operation, fixed = OPERATIONS.get(resource["Type"], (None, None, None))
        if service is not None:
            properties = {k: v for k, v in resource.get("Properties", {}).items() if k not in ONLY_IN_TEMPLATES}
            assert shapes.check(service, operation, {**fixed, **request_of(properties)}) == []

    findings = lint(json.dumps(template), config=ManualArgs(regions=["us-east-1"]))
    assert [str(finding) for finding in findings if finding.rule.severity == "error"] == []


def test_a_construct_refuses_what_its_spec_refuses(stack):
    arguments = {"container": None, "instances": None}
    arguments = strategies._scaling(0, 4)(
        {**arguments, "container": strategies.Container(strategies.ContainerImage.from_framework("sklearn", "1.2-1"))}
    )
    with pytest.raises(InvalidHosting, match="SMC601"):
        RealTimeEndpoint(stack, "Endpoint", **arguments)
