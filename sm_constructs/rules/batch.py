"""Batch transform: its instances, requests, records and results, and its schedule."""

from __future__ import annotations

import re
from dataclasses import fields
from functools import cache, partial
from typing import TYPE_CHECKING

from sm_constructs.containers import Container
from sm_constructs.durations import is_time_zone, seconds
from sm_constructs.facts import instance_types, limit, load
from sm_constructs.instances import Instances
from sm_constructs.model_data import S3Prefix, UriData
from sm_constructs.rules.naming import badly_named
from sm_constructs.rules.registry import Finding, outside, rule, unlisted
from sm_constructs.tokens import is_number, is_text, is_unresolved
from sm_constructs.transform import SCHEDULER_KEYWORD, TransformSpec, in_utc

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sm_constructs.model_data import S3Location

_rule = partial(rule, about=TransformSpec)


@cache
def _accepted_types() -> frozenset[str]:
    return frozenset(load("instance_types.json")["accepted_for_transform"])


@_rule(
    "SMC901",
    "The instance type is one that transform jobs run on",
    source="TransformResources.InstanceType",
    facts=["batch/instance_types"],
    good='instances=Instances("ml.m5.xlarge")',
    bad='instances=Instances("ml.m6g.xlarge")',
)
def instance_type(spec: TransformSpec) -> Iterator[Finding]:
    """Check the instance type; far fewer are accepted than for endpoints."""
    name = spec.instances.type
    if not is_text(name) or name in _accepted_types():
        return
    known = "an instance type of endpoints, but not of transform jobs" if name in instance_types() else "unknown"
    same_size = sorted(each for each in _accepted_types() if each.split(".")[-1] == name.split(".")[-1])
    hint = f"; of this size there are {', '.join(same_size)}" if same_size else ""
    yield Finding("instances.type", f"is {name!r}, {known}{hint}")


@_rule(
    "SMC902",
    "A transform job runs on 1 to 100 instances",
    source="TransformResources.InstanceCount",
    facts=["batch/instance_count"],
    good='instances=Instances("ml.m5.xlarge", count=100)',
    bad='instances=Instances("ml.m5.xlarge", count=101)',
)
def instance_count(spec: TransformSpec) -> Iterator[Finding]:
    """Check the number of instances."""
    yield from outside("instances.count", spec.instances.count, "batch", "instance_count", unit="instances")


@_rule(
    "SMC903",
    "Of its instances, a transform job takes type, count and machine image",
    source="TransformResources: InstanceType, InstanceCount, TransformAmiVersion, VolumeKmsKeyId",
    of_templates=False,
    good='instances=Instances("ml.m5.xlarge", count=2)',
    bad='instances=Instances("ml.m5.xlarge", volume_gb=100)',
)
def instance_arguments(spec: TransformSpec) -> Iterator[Finding]:
    """Check that nothing is asked for that a job would not get."""
    taken = {"type", "count", "ami_version"}
    plain = Instances("")
    for argument in fields(Instances):
        name = argument.name
        if name not in taken and getattr(spec.instances, name) != getattr(plain, name):
            yield Finding(f"instances.{name}", "is for endpoints; a transform job has no such setting: leave it out")


@_rule(
    "SMC904",
    "The machine image is one that SageMaker offers for transform jobs",
    source="TransformResources.TransformAmiVersion",
    facts=["batch/ami_version"],
    good='instances=Instances("ml.g5.xlarge", ami_version="al2-ami-sagemaker-batch-gpu-535")',
    bad='instances=Instances("ml.g5.xlarge", ami_version="al2-ami-sagemaker-inference-gpu-3-1")',
)
def machine_image(spec: TransformSpec) -> Iterator[Finding]:
    """Check the name of the machine image."""
    yield from unlisted("instances.ami_version", spec.instances.ami_version, limit("batch", "ami_version"))


@_rule(
    "SMC905",
    "A type with local NVMe disks takes no encryption key",
    source="TransformResources.VolumeKmsKeyId: \"You can't request a VolumeKmsKeyId when using an instance type with "
    'local storage"',
    facts=["realtime/kms_on_local_storage", "instances/nvme_families"],
    good='encryption_key=key, instances=Instances("ml.m5.xlarge")',
    bad='encryption_key=key, instances=Instances("ml.g5.xlarge")',
)
def key_on_local_disk(spec: TransformSpec) -> Iterator[Finding]:
    """Check that no key is given for a volume that is not there."""
    kind = instance_types().get(spec.instances.type)
    if spec.encryption_key is not None and kind is not None and kind.nvme:
        yield Finding(
            "encryption_key",
            f"is given, but {kind.name} has local NVMe disks, encrypted by its own hardware; leave it out",
        )


@_rule(
    "SMC910",
    "A request has 0 to 100 MB",
    source="CreateTransformJob.MaxPayloadInMB",
    facts=["batch/max_payload_mb"],
    good="max_payload_mb=100",
    bad="max_payload_mb=101",
)
def payload(spec: TransformSpec) -> Iterator[Finding]:
    """Check the size of requests."""
    most, size = limit("batch", "max_payload_mb"), spec.max_payload_mb
    if is_number(size) and not (0 <= size <= most and size == int(size)):
        yield Finding("max_payload_mb", f"is {size:g}; it is a whole number of MB, 0 to {most}")


@_rule(
    "SMC911",
    "Requests at once are a whole number, 0 or more",
    source="CreateTransformJob.MaxConcurrentTransforms",
    facts=["batch/max_concurrent_transforms_min"],
    good="max_concurrent_transforms=0",
    bad="max_concurrent_transforms=-1",
)
def concurrency(spec: TransformSpec) -> Iterator[Finding]:
    """Check the number of requests at once."""
    least, count = limit("batch", "max_concurrent_transforms_min"), spec.max_concurrent_transforms
    if is_number(count) and not (count >= least and count == int(count)):
        yield Finding("max_concurrent_transforms", f"is {count:g}; it is a whole number, {least} or more")


@_rule(
    "SMC912",
    "The requests that are sent at once have at most 100 MB together",
    source="CreateTransformJob.MaxPayloadInMB: MaxConcurrentTransforms * MaxPayloadInMB",
    facts=["batch/concurrent_times_payload"],
    good="max_concurrent_transforms=10, max_payload_mb=10",
    bad="max_concurrent_transforms=11, max_payload_mb=10",
)
def payload_at_once(spec: TransformSpec) -> Iterator[Finding]:
    """Check the product of size and number."""
    most = limit("batch", "concurrent_times_payload")
    size, count = spec.max_payload_mb, spec.max_concurrent_transforms
    if is_number(size) and is_number(count) and size * count > most:
        yield Finding(
            "max_payload_mb",
            f"is {size:g}; with max_concurrent_transforms {count:g} that is {size * count:g} MB at once, and at most "
            f"{most} are allowed",
        )


@_rule(
    "SMC913",
    "The default size of requests fits the number of requests at once",
    severity="warning",
    source="CreateTransformJob.MaxPayloadInMB: the default is 6 MB, the product at most 100 MB",
    facts=["batch/max_payload_mb", "batch/concurrent_times_payload"],
    good="max_concurrent_transforms=16",
    bad="max_concurrent_transforms=17",
)
def default_payload_at_once(spec: TransformSpec) -> Iterator[Finding]:
    """Warn of a product with the default size; the container may ask for another one."""
    most, default, count = limit("batch", "concurrent_times_payload"), 6, spec.max_concurrent_transforms
    if spec.max_payload_mb is None and is_number(count) and count * default > most:
        yield Finding(
            "max_concurrent_transforms",
            f"is {count:g}; with the default of {default} MB a request that is {count * default:g} MB at once, and at "
            f"most {most} are allowed: give max_payload_mb",
        )


@_rule(
    "SMC914",
    "A request may take 1 to 3600 seconds",
    source="ModelClientConfig.InvocationsTimeoutInSeconds",
    facts=["batch/invocations_timeout"],
    good="invocation_timeout=timedelta(hours=1)",
    bad="invocation_timeout=timedelta(hours=2)",
)
def invocation_timeout(spec: TransformSpec) -> Iterator[Finding]:
    """Check the timeout of requests."""
    time = seconds(spec.invocation_timeout)
    yield from outside("invocation_timeout", time, "batch", "invocations_timeout", unit="seconds")


@_rule(
    "SMC915",
    "A failed request is sent again 0 to 3 times",
    source="ModelClientConfig.InvocationsMaxRetries",
    facts=["batch/invocations_max_retries"],
    good="invocation_retries=0",
    bad="invocation_retries=4",
)
def invocation_retries(spec: TransformSpec) -> Iterator[Finding]:
    """Check the retries of requests."""
    yield from outside("invocation_retries", spec.invocation_retries, "batch", "invocations_max_retries", unit="times")


@_rule(
    "SMC920",
    "The strategy is MultiRecord or SingleRecord",
    source="CreateTransformJob.BatchStrategy",
    facts=["batch/batch_strategy"],
    good='strategy="MultiRecord", input=TransformInput(records, split="Line")',
    bad='strategy="Multi", input=TransformInput(records, split="Line")',
)
def strategy_known(spec: TransformSpec) -> Iterator[Finding]:
    """Check the name of the strategy."""
    yield from unlisted("strategy", spec.strategy, limit("batch", "batch_strategy"))


@_rule(
    "SMC921",
    "A strategy needs records, so the input is split",
    source="CreateTransformJob.BatchStrategy: SplitType must be Line, RecordIO or TFRecord",
    facts=["batch/batch_strategy", "batch/split_type"],
    good='strategy="SingleRecord", input=TransformInput(records, split="Line")',
    bad='strategy="SingleRecord", input=TransformInput(records)',
)
def strategy_needs_split(spec: TransformSpec) -> Iterator[Finding]:
    """Check that there is a split where there is a strategy."""
    if spec.strategy is not None and spec.input.split in (None, "None"):
        splits = [each for each in limit("batch", "split_type") if each != "None"]
        yield Finding(
            "strategy", f"is {spec.strategy!r}, but input.split is not given; give one of {', '.join(splits)}"
        )


@_rule(
    "SMC922",
    "The input is split at one of the things that SageMaker knows",
    source="TransformInput.SplitType",
    facts=["batch/split_type"],
    good='input=TransformInput(records, split="RecordIO")',
    bad='input=TransformInput(records, split="line")',
)
def split_known(spec: TransformSpec) -> Iterator[Finding]:
    """Check the name of the split."""
    yield from unlisted("input.split", spec.input.split, limit("batch", "split_type"))


@_rule(
    "SMC923",
    "The results are assembled with None or Line",
    source="TransformOutput.AssembleWith",
    facts=["batch/assemble_with"],
    good='output=TransformOutput(scores, assemble_with="Line")',
    bad='output=TransformOutput(scores, assemble_with="RecordIO")',
)
def assembly_known(spec: TransformSpec) -> Iterator[Finding]:
    """Check how results are assembled."""
    yield from unlisted("output.assemble_with", spec.output.assemble_with, limit("batch", "assemble_with"))


@_rule(
    "SMC924",
    "The input is compressed with Gzip, or not at all",
    source="TransformInput.CompressionType",
    good='input=TransformInput(records, compression="Gzip")',
    bad='input=TransformInput(records, compression="Bzip2")',
)
def compression_known(spec: TransformSpec) -> Iterator[Finding]:
    """Check the name of the compression."""
    yield from unlisted("input.compression", spec.input.compression, ["None", "Gzip"])


@_rule(
    "SMC925",
    "A MIME type has at most 256 characters",
    source="TransformInput.ContentType and TransformOutput.Accept",
    facts=["batch/mime_type_max"],
    good='input=TransformInput(records, content_type="text/csv")',
    bad='input=TransformInput(records, content_type="text/csv; " + "x" * 256)',
)
def mime_types(spec: TransformSpec) -> Iterator[Finding]:
    """Check the length of MIME types."""
    longest = limit("batch", "mime_type_max")
    for at, value in (("input.content_type", spec.input.content_type), ("output.accept", spec.output.accept)):
        if is_text(value) and len(value) > longest:
            yield Finding(at, f"is {len(value)} characters long; it has at most {longest}")


@_rule(
    "SMC926",
    "A filter is a JSONPath that begins with $, of at most 63 characters",
    source="DataProcessing.InputFilter and DataProcessing.OutputFilter",
    facts=["batch/json_path_max"],
    good='data_processing=DataProcessing(input_filter="$[1:]")',
    bad='data_processing=DataProcessing(input_filter="[1:]")',
)
def filters(spec: TransformSpec) -> Iterator[Finding]:
    """Check the form of filters."""
    longest = limit("batch", "json_path_max")
    for argument in ("input_filter", "output_filter"):
        value = getattr(spec.data_processing, argument, None)
        if is_text(value) and (not value.startswith("$") or len(value) > longest):
            yield Finding(
                f"data_processing.{argument}",
                f"is {value!r}; it is a JSONPath such as $[1:] or $.features, at most {longest} characters",
            )


@_rule(
    "SMC927",
    "A result is joined with Input, or with None",
    source="DataProcessing.JoinSource",
    good='data_processing=DataProcessing(join_source="Input")',
    bad='data_processing=DataProcessing(join_source="Output")',
)
def join_source(spec: TransformSpec) -> Iterator[Finding]:
    """Check what results are joined with."""
    if spec.data_processing is not None:
        yield from unlisted("data_processing.join_source", spec.data_processing.join_source, ["Input", "None"])


@_rule(
    "SMC928",
    "Only CSV and JSON can be filtered and joined",
    source='"Associate prediction results with input records", SageMaker developer guide',
    facts=["batch/formats"],
    good='data_processing=DataProcessing(join_source="Input"), input=TransformInput(records, content_type="text/csv")',
    bad='data_processing=DataProcessing(join_source="Input"), input=TransformInput(records, content_type="image/png")',
)
def filtered_formats(spec: TransformSpec) -> Iterator[Finding]:
    """Check that what is filtered has fields."""
    kind = spec.input.content_type
    if spec.data_processing is None or not is_text(kind):
        return
    if not re.search("csv|json", kind, re.IGNORECASE):
        yield Finding("input.content_type", f"is {kind!r}, but data_processing works on CSV and JSON only")


@_rule(
    "SMC930",
    "A job has at most 16 environment variables",
    source="CreateTransformJob.Environment",
    facts=["batch/environment"],
    good='environment={f"V{i}": "" for i in range(16)}',
    bad='environment={f"V{i}": "" for i in range(17)}',
)
def environment_entries(spec: TransformSpec) -> Iterator[Finding]:
    """Check the number of variables."""
    most, count = limit("batch", "environment")["entries"], len(spec.environment or {})
    if count > most:
        yield Finding(
            "environment", f"has {count} variables; a job has at most {most} (those of a Container do not count)"
        )


@_rule(
    "SMC931",
    "The name of a variable is letters, digits and _, at most 1024; its value a text of at most 10240 characters",
    source="CreateTransformJob.Environment: TransformEnvironmentKey and TransformEnvironmentValue",
    facts=["batch/environment"],
    good='environment={"LOG_LEVEL": "debug"}',
    bad='environment={"LOG-LEVEL": "debug"}',
)
def environment_form(spec: TransformSpec) -> Iterator[Finding]:
    """Check names and values of variables."""
    limits = limit("batch", "environment")
    for name, value in (spec.environment or {}).items():
        if is_text(name) and not (re.fullmatch("[a-zA-Z_][a-zA-Z0-9_]*", name) and len(name) <= limits["key_max"]):
            yield Finding(
                "environment",
                f"has the variable {name!r}; a name is letters, digits and _, no digit first, at most "
                f"{limits['key_max']} characters",
            )
        if is_unresolved(value):
            continue
        if not isinstance(value, str):
            yield Finding(f"environment[{name!r}]", f"is {value!r}; a value is a string")
        elif len(value) > limits["value_max"]:
            yield Finding(
                f"environment[{name!r}]", f"has {len(value)} characters; a value has at most {limits['value_max']}"
            )


@_rule(
    "SMC932",
    "The names of jobs begin with at most 26 letters, digits and hyphens",
    source="CreateTransformJob.TransformJobName: 63 characters, of which the id of the run takes 37",
    facts=["batch/job_name", "batch/job_id_max"],
    of_templates=False,
    good='job_name_prefix="nightly-scores"',
    bad='job_name_prefix="nightly_scores"',
)
def job_name(spec: TransformSpec) -> Iterator[Finding]:
    """Check the beginning of the jobs' names."""
    shape = limit("batch", "job_name")
    longest = shape["max"] - limit("batch", "job_id_max") - len("-")
    yield from badly_named("job_name_prefix", spec.job_name_prefix, shape["pattern"], longest)


@_rule(
    "SMC940",
    "A transform job takes model data as an archive",
    source="ContainerDefinition.ModelDataSource: not in conjunction with batch transform",
    facts=["batch/not_supported"],
    good='container=Container(image, model_data=ModelData.from_s3("models", "churn/model.tar.gz"))',
    bad='container=Container(image, model_data=ModelData.from_s3_prefix("models", "churn"))',
)
def archived_model_data(spec: TransformSpec) -> Iterator[Finding]:
    """Check that no container has an uncompressed tree."""
    for at, container in _containers(spec):
        data = container.model_data
        if isinstance(data, S3Prefix) or (isinstance(data, UriData) and data.is_prefix):
            yield Finding(
                f"{at}.model_data", "is an uncompressed tree; a transform job takes one archive, model.tar.gz"
            )


@_rule(
    "SMC941",
    "A transform job runs one model, not a store of models",
    source='"Feature matrix", SageMaker developer guide: no tick for multi-model; a job names no target model',
    facts=["batch/not_supported"],
    good='container=Container(image, model_data=ModelData.from_s3("models", "churn/model.tar.gz"))',
    bad='container=Container(image, models=ModelData.from_s3_prefix("models", "churn"))',
)
def one_model(spec: TransformSpec) -> Iterator[Finding]:
    """Check that no container serves many models."""
    for at, container in _containers(spec):
        if container.models is not None:
            yield Finding(f"{at}.models", "is a store of models; a transform job cannot say which one it wants")


@_rule(
    "SMC942",
    "Network isolation is documented for endpoints",
    severity="warning",
    source='"Feature matrix", SageMaker developer guide: no tick for network isolation with batch transform',
    facts=["batch/not_supported"],
    good='network=Network(subnets=["subnet-0123456789abcdef0"], security_groups=["sg-0123456789abcdef0"])',
    bad="network=Network(isolated=True)",
)
def isolation(spec: TransformSpec) -> Iterator[Finding]:
    """Warn of what AWS does not promise."""
    if spec.network is not None and spec.network.isolated:
        yield Finding("network.isolated", "is set; AWS's feature matrix does not name it for batch transform")


def _containers(spec: TransformSpec) -> Iterator[tuple[str, Container]]:
    for index, container in enumerate(spec.model.containers):
        if isinstance(container, Container):
            yield f"model.containers[{index}]", container


@_rule(
    "SMC950",
    "A location is the name of a bucket and a prefix, at most 1024 characters as a URI",
    source="TransformS3DataSource.S3Uri and TransformOutput.S3OutputPath",
    facts=["batch/s3_uri_max"],
    of_templates=False,
    good='output=TransformOutput(S3Location("scores", "churn/"))',
    bad='output=TransformOutput(S3Location("s3://scores/churn", ""))',
)
def locations(spec: TransformSpec) -> Iterator[Finding]:
    """Check the form of locations."""
    longest = limit("batch", "s3_uri_max")
    for at, location in _locations(spec):
        bucket = location.bucket if is_text(location.bucket) else ""
        if "/" in bucket:
            yield Finding(f"{at}.bucket", f"is {bucket!r}; it is the name alone, and the rest goes into prefix")
        elif is_text(location.prefix) and len(f"s3://{bucket}/{location.prefix}") > longest:
            yield Finding(f"{at}.prefix", f"makes a URI of more than {longest} characters")


def _locations(spec: TransformSpec) -> Iterator[tuple[str, S3Location]]:
    yield "input.location", spec.input.location
    if spec.input.manifest is not None:
        yield "input.manifest", spec.input.manifest
    yield "output.location", spec.output.location
    if spec.data_capture is not None:
        yield "data_capture.destination", spec.data_capture.destination


@_rule(
    "SMC951",
    "The results do not lie among the records",
    severity="warning",
    source="TransformS3DataSource.S3DataType: S3Prefix uses all objects with the prefix",
    good='input=TransformInput(S3Location("data", "in/")), output=TransformOutput(S3Location("data", "out/"))',
    bad='input=TransformInput(S3Location("data", "churn")), output=TransformOutput(S3Location("data", "churn-out/"))',
)
def output_in_input(spec: TransformSpec) -> Iterator[Finding]:
    """Warn of results that the next job would take for records."""
    records, results = spec.input.location, spec.output.location
    if spec.input.manifest is not None or records.bucket != results.bucket:
        return
    if is_text(records.prefix) and is_text(results.prefix) and results.prefix.startswith(records.prefix):
        yield Finding(
            "output.location",
            f"is {results.prefix!r}, which begins with the prefix of the input, {records.prefix!r}; the next job takes "
            "these results for records",
        )


@_rule(
    "SMC960",
    "A schedule is cron(…), rate(…) or at(…)",
    source="Scheduler CreateSchedule.ScheduleExpression",
    good='schedule=TransformSchedule("cron(0 3 * * ? *)")',
    bad='schedule=TransformSchedule("0 3 * * *")',
)
def schedule_form(spec: TransformSpec) -> Iterator[Finding]:
    """Check the form of the schedule."""
    if spec.schedule is not None and is_text(spec.schedule.schedule):
        when = spec.schedule.schedule
        if not re.fullmatch(_SCHEDULE, when):
            yield Finding(
                "schedule.schedule",
                f"is {when!r}; it is cron(…) with six fields, rate(1 hours), or at(yyyy-mm-ddThh:mm:ss)",
            )


_SCHEDULE = r"cron\(\S+( \S+){5}\)|rate\([1-9]\d* (minutes?|hours?|days?)\)|at\(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\)"


@_rule(
    "SMC961",
    "A time zone is one of the IANA database",
    source="Scheduler CreateSchedule.ScheduleExpressionTimezone",
    good='schedule=TransformSchedule("rate(1 days)", time_zone="Europe/Berlin")',
    bad='schedule=TransformSchedule("rate(1 days)", time_zone="CEST")',
)
def time_zone(spec: TransformSpec) -> Iterator[Finding]:
    """Check the name of the time zone, where this machine has the names."""
    zone = None if spec.schedule is None else spec.schedule.time_zone
    if is_text(zone) and not is_time_zone(zone):
        yield Finding("schedule.time_zone", f"is {zone!r}; it is a name such as Europe/Berlin or UTC")


@_rule(
    "SMC962",
    "A flexible window has 1 to 1440 whole minutes",
    source="Scheduler CreateSchedule.FlexibleTimeWindow.MaximumWindowInMinutes",
    facts=["batch/schedule_window"],
    good='schedule=TransformSchedule("rate(1 days)", flexible_window=timedelta(minutes=15))',
    bad='schedule=TransformSchedule("rate(1 days)", flexible_window=timedelta(seconds=90))',
)
def flexible_window(spec: TransformSpec) -> Iterator[Finding]:
    """Check the window in which jobs start."""
    least, most = limit("batch", "schedule_window")
    time = None if spec.schedule is None else seconds(spec.schedule.flexible_window)
    if is_number(time) and not (time % 60 == 0 and least <= time / 60 <= most):
        yield Finding("schedule.flexible_window", f"is {time / 60:g} minutes; it is a whole number, {least} to {most}")


@_rule(
    "SMC963",
    "The start of a job is tried 0 to 185 times more, for 60 to 86400 seconds",
    source="Scheduler CreateSchedule.Target.RetryPolicy",
    facts=["batch/schedule_retries", "batch/schedule_event_age"],
    good='schedule=TransformSchedule("rate(1 days)", retry_attempts=0)',
    bad='schedule=TransformSchedule("rate(1 days)", retry_attempts=186)',
)
def retry_policy(spec: TransformSpec) -> Iterator[Finding]:
    """Check how often and how long the start of a job is tried."""
    if spec.schedule is None:
        return
    for argument, value, low, high in (
        ("retry_attempts", spec.schedule.retry_attempts, *limit("batch", "schedule_retries")),
        ("max_event_age", seconds(spec.schedule.max_event_age), *limit("batch", "schedule_event_age")),
    ):
        if is_number(value) and not (low <= value <= high and value == int(value)):
            unit = " seconds" if argument == "max_event_age" else ""
            yield Finding(f"schedule.{argument}", f"is {value:g}{unit}; it is a whole number, {low} to {high}")


@_rule(
    "SMC964",
    "A schedule starts before it ends",
    source="Scheduler CreateSchedule.StartDate and .EndDate",
    good='schedule=TransformSchedule("rate(1 days)", start=datetime(2026, 1, 1), end=datetime(2026, 7, 1))',
    bad='schedule=TransformSchedule("rate(1 days)", start=datetime(2026, 7, 1), end=datetime(2026, 1, 1))',
)
def schedule_order(spec: TransformSpec) -> Iterator[Finding]:
    """Check the order of start and end."""
    if spec.schedule is None or spec.schedule.start is None or spec.schedule.end is None:
        return
    start, end = in_utc(spec.schedule.start), in_utc(spec.schedule.end)
    if start >= end:
        yield Finding("schedule.start", f"is {start:%Y-%m-%dT%H:%M:%SZ}, not before end, {end:%Y-%m-%dT%H:%M:%SZ}")


@_rule(
    "SMC965",
    "The keywords of EventBridge Scheduler stand where a schedule replaces them",
    source='"Adding context attributes", EventBridge Scheduler user guide',
    good='schedule=TransformSchedule("rate(1 days)"), '
    'output=TransformOutput(S3Location("data", "out/<aws.scheduler.execution-id>/"))',
    bad='output=TransformOutput(S3Location("data", "out/<aws.scheduler.execution-id>/"))',
)
def keywords_replaced(spec: TransformSpec) -> Iterator[Finding]:
    """Check that no keyword would stand in a key as it is."""
    if spec.schedule is None:
        for at, location in _locations(spec):
            if is_text(location.prefix) and SCHEDULER_KEYWORD in location.prefix:
                yield Finding(f"{at}.prefix", f"is {location.prefix!r}, but there is no schedule that replaces it")
