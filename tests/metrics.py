"""Which metrics exist, with their dimensions, units and statistics, as the facts have it."""

from __future__ import annotations

import re

from sm_constructs.facts import limit

INVOCATIONS, INSTANCES, COMPONENTS = "AWS/SageMaker", "/aws/sagemaker/Endpoints", "/aws/sagemaker/InferenceComponents"
ENDPOINT, VARIANT, COMPONENT = {"EndpointName"}, {"EndpointName", "VariantName"}, {"InferenceComponentName"}
ONLY_SUM = {"Invocations", "InvocationsPerInstance", "InvocationsPerCopy"}
ERRORS = {"Invocation4XXErrors", "Invocation5XXErrors"}
INVOKED = set(limit("cloudwatch", "invocation_metrics"))
# The facts have it with the other metrics of inference components that scale from zero.
FAILED = {limit("autoscaling", "ic_scale_from_zero_alarm")["MetricName"]}
EXIST = {
    (INVOCATIONS, frozenset(VARIANT)): INVOKED
    | set(limit("mme", "metrics_loading"))
    | set(limit("cloudwatch", "serverless_metrics"))
    | set(limit("async", "metrics_variant_dim")),
    (INVOCATIONS, frozenset(ENDPOINT)): set(limit("async", "metrics_endpoint_dim")),
    (INVOCATIONS, frozenset(COMPONENT)): INVOKED | FAILED,
    (INVOCATIONS, frozenset(VARIANT | {"ContainerName"})): set(limit("multi_container", "metrics")),
    (INSTANCES, frozenset(VARIANT)): set(limit("cloudwatch", "endpoint_instance_metrics"))
    | set(limit("mme", "metrics_instance"))
    | {"MemoryUtilization"},
    (COMPONENTS, frozenset(COMPONENT)): set(limit("cloudwatch", "inference_component_metrics")),
}


def assert_exists(namespace, name, dimensions, statistic, unit=None):
    """See that a metric exists as it is asked for."""
    assert name in EXIST[namespace, frozenset(dimensions)], (namespace, name, sorted(dimensions))
    if name in ONLY_SUM:
        assert statistic == "Sum", name
    if name in ERRORS:
        assert statistic in {"Sum", "Average"}, name
    assert re.fullmatch(r"Sum|Average|Minimum|Maximum|SampleCount|p\d+", statistic)
    if re.search(r"Latency$|^Model\w*Time$", name) and "WaitTime" not in name:
        assert unit in {None, "Microseconds"}, (name, unit)


def published_by(kind, name):
    """Say whether a kind of endpoint publishes a metric, where the facts list what it does or does not."""
    if kind == "asynchronous":
        return name not in limit("async", "metrics_not_published")
    if kind == "serverless":
        return name in {*limit("cloudwatch", "serverless_metrics"), *ERRORS}
    return True
