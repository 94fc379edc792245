"""Keeping requests and answers; core dumps; how often metrics are published."""

from __future__ import annotations

import re
from operator import attrgetter
from typing import TYPE_CHECKING

from sm_constructs.durations import seconds
from sm_constructs.facts import limit
from sm_constructs.rules.instances import hosted, particular
from sm_constructs.rules.registry import Finding, outside, rule, unlisted
from sm_constructs.tokens import is_number, is_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sm_constructs.model_data import S3Location
    from sm_constructs.spec import EndpointSpec

_data_capture = attrgetter("data_capture")
_metrics_config = attrgetter("metrics_config")

_PLACE = 'S3Location("logs", "captured/")'


def too_long(at: str, location: S3Location, longest: int) -> Iterator[Finding]:
    """Find a place whose URI is too long."""
    if is_text(location.bucket) and is_text(location.prefix):
        length = len(f"s3://{location.bucket}/{location.prefix}")
        if length > longest:
            yield Finding(at, f"has a URI of {length} characters; there are at most {longest}")


@rule(
    "SMC810",
    "Data capture keeps 0 to 100 % of the traffic",
    where=_data_capture,
    source="DataCaptureConfig.InitialSamplingPercentage",
    facts=["data_capture/sampling", "data_capture/required"],
    good=f"data_capture=DataCapture({_PLACE}, percent=100)",
    bad=f"data_capture=DataCapture({_PLACE}, percent=101)",
)
def sampling(spec: EndpointSpec) -> Iterator[Finding]:
    """Check how much is kept."""
    if spec.data_capture is not None:
        yield from outside("data_capture.percent", spec.data_capture.percent, "data_capture", "sampling", unit="%")


@rule(
    "SMC811",
    "Data capture keeps the input, the output or both",
    where=_data_capture,
    source="DataCaptureConfig.CaptureOptions",
    facts=["data_capture/capture_modes", "data_capture/capture_options"],
    good=f'data_capture=DataCapture({_PLACE}, modes=["Input"])',
    bad=f'data_capture=DataCapture({_PLACE}, modes=["Request"])',
)
def modes(spec: EndpointSpec) -> Iterator[Finding]:
    """Check what is kept."""
    if spec.data_capture is None:
        return
    given, (least, most) = spec.data_capture.modes, limit("data_capture", "capture_options")
    if not least <= len(given) <= most:
        yield Finding("data_capture.modes", f"has {len(given)} entries; there are {least} to {most}")
    for index, mode in enumerate(given):
        yield from unlisted(f"data_capture.modes[{index}]", mode, limit("data_capture", "capture_modes"))


@rule(
    "SMC812",
    "Up to 10 content types are kept as JSON, and up to 10 as CSV",
    where=_data_capture,
    source="CaptureContentTypeHeader",
    facts=["data_capture/content_types", "data_capture/content_type"],
    good=f'data_capture=DataCapture({_PLACE}, json_content_types=["application/json"])',
    bad=f'data_capture=DataCapture({_PLACE}, json_content_types=["json"])',
)
def content_types(spec: EndpointSpec) -> Iterator[Finding]:
    """Check content types."""
    if spec.data_capture is None:
        return
    most, shape = limit("data_capture", "content_types")[1], limit("data_capture", "content_type")
    for argument in ("json_content_types", "csv_content_types"):
        given = getattr(spec.data_capture, argument)
        if len(given) > most:
            yield Finding(f"data_capture.{argument}", f"has {len(given)} entries; there are at most {most}")
        for index, name in enumerate(given):
            if is_text(name) and not (re.fullmatch(shape["pattern"], name) and len(name) <= shape["max"]):
                yield Finding(
                    f"data_capture.{argument}[{index}]",
                    f"is {name!r}; a content type is like text/csv, of at most {shape['max']} characters",
                )


@rule(
    "SMC813",
    "The place where captured data goes has a URI of at most 512 characters",
    where=_data_capture,
    source="DataCaptureConfig.DestinationS3Uri",
    facts=["data_capture/destination_uri_max"],
    good=f"data_capture=DataCapture({_PLACE})",
    bad='data_capture=DataCapture(S3Location("logs", "a" * 512))',
)
def destination(spec: EndpointSpec) -> Iterator[Finding]:
    """Check the length of the destination."""
    if spec.data_capture is not None:
        longest = limit("data_capture", "destination_uri_max")
        yield from too_long("data_capture.destination", spec.data_capture.destination, longest)


@rule(
    "SMC340",
    "Metrics are published every 10, 30, 60, 120, 180, 240 or 300 seconds",
    where=_metrics_config,
    source="MetricsConfig.MetricPublishFrequencyInSeconds",
    facts=["realtime/metrics_config_frequency"],
    good="metrics_config=MetricsConfig(publish_every=timedelta(seconds=10))",
    bad="metrics_config=MetricsConfig(publish_every=timedelta(seconds=20))",
)
def frequency(spec: EndpointSpec) -> Iterator[Finding]:
    """Check how often metrics are published."""
    every = None if spec.metrics_config is None else seconds(spec.metrics_config.publish_every)
    allowed = limit("realtime", "metrics_config_frequency")
    if is_number(every) and every not in allowed:
        known = ", ".join(map(str, allowed))
        yield Finding("metrics_config.publish_every", f"is {every:g} seconds; it is one of {known}")


@rule(
    "SMC341",
    "The place where core dumps go has a URI of at most 512 characters, and a key has such a place",
    where=particular,
    source="ProductionVariantCoreDumpConfig",
    facts=["realtime/core_dump_uri_max"],
    good='instances=Instances("ml.m5.large", core_dump=S3Location("dumps"))',
    bad='instances=Instances("ml.m5.large", core_dump=S3Location("dumps", "a" * 512))',
)
def core_dump(spec: EndpointSpec) -> Iterator[Finding]:
    """Check where core dumps go."""
    for at, instances in hosted(spec):
        if instances.core_dump is not None:
            yield from too_long(f"{at}.core_dump", instances.core_dump, limit("realtime", "core_dump_uri_max"))
        elif instances.core_dump_key is not None:
            yield Finding(f"{at}.core_dump_key", "is given without core_dump; there is nothing to encrypt")


@rule(
    "SMC814",
    "Data capture keeps something",
    severity="warning",
    where=_data_capture,
    source="DataCaptureConfig.InitialSamplingPercentage",
    facts=["data_capture/sampling"],
    good=f"data_capture=DataCapture({_PLACE}, percent=1)",
    bad=f"data_capture=DataCapture({_PLACE}, percent=0)",
)
def kept(spec: EndpointSpec) -> Iterator[Finding]:
    """Warn of a capture that captures nothing."""
    if spec.data_capture is not None and spec.data_capture.percent == 0:
        yield Finding("data_capture.percent", "is 0: nothing is captured")
