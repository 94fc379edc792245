"""Asynchronous inference: concurrency, where answers go, who is told."""

from __future__ import annotations

import re
from operator import attrgetter
from typing import TYPE_CHECKING

from sm_constructs.facts import limit
from sm_constructs.rules.registry import Finding, outside, rule
from sm_constructs.tokens import is_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sm_constructs.spec import EndpointSpec

_asynchronous = attrgetter("asynchronous")

_OUT = 'output=S3Location("answers", "out/")'


@rule(
    "SMC201",
    "An instance gets 1 to 1000 requests at once",
    where=_asynchronous,
    source="AsyncInferenceClientConfig.MaxConcurrentInvocationsPerInstance",
    facts=["async/max_concurrent_invocations_per_instance"],
    good=f'kind="asynchronous", asynchronous=AsyncInference({_OUT}, max_concurrent_invocations_per_instance=1000)',
    bad=f'kind="asynchronous", asynchronous=AsyncInference({_OUT}, max_concurrent_invocations_per_instance=1001)',
)
def concurrency(spec: EndpointSpec) -> Iterator[Finding]:
    """Check the concurrency per instance."""
    if spec.asynchronous is not None:
        argument = "max_concurrent_invocations_per_instance"
        value = getattr(spec.asynchronous, argument)
        yield from outside(f"asynchronous.{argument}", value, "async", argument, unit="requests")


@rule(
    "SMC202",
    "Answers and failures go to S3 URIs of at most 512 characters",
    where=_asynchronous,
    source="AsyncInferenceOutputConfig.S3OutputPath and .S3FailurePath",
    facts=["async/s3_paths_max_length", "async/output_config_required"],
    good=f'kind="asynchronous", asynchronous=AsyncInference({_OUT}, failures=S3Location("answers", "failed/"))',
    bad='kind="asynchronous", asynchronous=AsyncInference(output=S3Location("answers", "o" * 512))',
)
def output_length(spec: EndpointSpec) -> Iterator[Finding]:
    """Check the length of output locations."""
    longest = limit("async", "s3_paths_max_length")
    if spec.asynchronous is None:
        return
    for argument in ("output", "failures"):
        location = getattr(spec.asynchronous, argument)
        if location is None or not is_text(location.prefix):
            continue
        length = len(f"s3://{location.bucket if is_text(location.bucket) else ''}/{location.prefix}")
        if length > longest:
            yield Finding(f"asynchronous.{argument}", f"is {length} characters long; a URI has at most {longest}")


@rule(
    "SMC203",
    "A topic is given by its ARN",
    where=_asynchronous,
    source="AsyncInferenceNotificationConfig.SuccessTopic and .ErrorTopic",
    facts=["async/notification_topics"],
    good=f'kind="asynchronous", asynchronous=AsyncInference({_OUT}, '
    'success_topic="arn:aws:sns:eu-west-1:123456789012:done")',
    bad=f'kind="asynchronous", asynchronous=AsyncInference({_OUT}, success_topic="done")',
)
def topics(spec: EndpointSpec) -> Iterator[Finding]:
    """Check ARNs of topics."""
    pattern = limit("async", "notification_topics")["pattern"]
    if spec.asynchronous is None:
        return
    for argument in ("success_topic", "error_topic"):
        topic = getattr(spec.asynchronous, argument)
        if is_text(topic) and not re.fullmatch(pattern, topic):
            yield Finding(
                f"asynchronous.{argument}", f"is {topic!r}; it is such as arn:aws:sns:eu-west-1:123456789012:name"
            )


@rule(
    "SMC204",
    "Answers are put into success or error notifications",
    where=_asynchronous,
    source="AsyncInferenceNotificationConfig.IncludeInferenceResponseIn",
    facts=["async/include_inference_response_in"],
    good=f'kind="asynchronous", asynchronous=AsyncInference({_OUT}, '
    'success_topic="arn:aws:sns:eu-west-1:123456789012:done", include_response_in=("SUCCESS_NOTIFICATION_TOPIC",))',
    bad=f'kind="asynchronous", asynchronous=AsyncInference({_OUT}, include_response_in=("SUCCESS",))',
)
def responses(spec: EndpointSpec) -> Iterator[Finding]:
    """Check which notifications carry answers."""
    allowed = limit("async", "include_inference_response_in")
    if spec.asynchronous is None:
        return
    chosen = spec.asynchronous.include_response_in
    for index, name in enumerate(chosen):
        at = f"asynchronous.include_response_in[{index}]"
        if is_text(name) and name not in allowed:
            yield Finding(at, f"is {name!r}; it is one of {', '.join(allowed)}")
        elif name in chosen[:index]:
            yield Finding(at, f"is {name!r} again; each stands once")


@rule(
    "SMC205",
    "A notification that carries answers goes to a topic",
    severity="warning",
    where=_asynchronous,
    source="AsyncInferenceNotificationConfig.IncludeInferenceResponseIn",
    facts=["async/include_inference_response_in"],
    good=f'kind="asynchronous", asynchronous=AsyncInference({_OUT}, '
    'success_topic="arn:aws:sns:eu-west-1:123456789012:done", include_response_in=("SUCCESS_NOTIFICATION_TOPIC",))',
    bad=f'kind="asynchronous", asynchronous=AsyncInference({_OUT}, include_response_in=("ERROR_NOTIFICATION_TOPIC",))',
)
def responses_have_topics(spec: EndpointSpec) -> Iterator[Finding]:
    """Warn of answers that nobody gets."""
    if spec.asynchronous is None:
        return
    for argument, name in (("success_topic", "SUCCESS"), ("error_topic", "ERROR")):
        chosen = f"{name}_NOTIFICATION_TOPIC"
        if chosen in spec.asynchronous.include_response_in and getattr(spec.asynchronous, argument) is None:
            yield Finding("asynchronous.include_response_in", f"has {chosen}, but there is no {argument}")


@rule(
    "SMC206",
    "Who hears of answers also hears of failures",
    severity="warning",
    where=_asynchronous,
    source="AsyncInferenceNotificationConfig.SuccessTopic, ErrorTopic",
    facts=["async/notification_topics"],
    good=f'kind="asynchronous", asynchronous=AsyncInference({_OUT}, '
    'success_topic="arn:aws:sns:eu-west-1:123456789012:done", error_topic="arn:aws:sns:eu-west-1:123456789012:failed")',
    bad=f'kind="asynchronous", asynchronous=AsyncInference({_OUT}, '
    'success_topic="arn:aws:sns:eu-west-1:123456789012:done")',
)
def told_of_failures(spec: EndpointSpec) -> Iterator[Finding]:
    """Warn of requests that fail silently."""
    its = spec.asynchronous
    if its is not None and its.success_topic is not None and its.error_topic is None:
        yield Finding("asynchronous.error_topic", "is missing: who waits for an answer never hears that there is none")
