"""Valid arguments of endpoints, and the ways in which they can go beyond a limit."""

from __future__ import annotations

import string
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from itertools import pairwise

from hypothesis import strategies as st

from sm_constructs import (
    ClarifyExplainer,
    Container,
    ContainerImage,
    CustomMetric,
    DataCapture,
    InferenceComponent,
    Instances,
    MetricsConfig,
    ModelData,
    ModelPackage,
    Network,
    PrefixAwareRouting,
    Rollout,
    S3Location,
    ScaleIn,
    Scaling,
    ScheduledCapacity,
    Step,
    StepScaling,
    TargetTracking,
)
from sm_constructs.facts import instance_types, limit
from sm_constructs.spec import AsyncInference, EndpointSpec, ModelSpec, Serverless, VariantSpec

_ALNUM = string.ascii_letters + string.digits
_TYPES = sorted(instance_types())
_REGIONS = ["us-east-1", "eu-west-1"]

names = st.from_regex(r"[a-zA-Z0-9](-?[a-zA-Z0-9]){0,30}", fullmatch=True)
hexadecimal = st.text("0123456789abcdef", min_size=17, max_size=17)
environments = st.dictionaries(
    st.from_regex(r"[a-zA-Z_][a-zA-Z0-9_]{0,30}", fullmatch=True),
    st.text(st.characters(min_codepoint=32, max_codepoint=0x2FF), max_size=100),
    max_size=5,
)
keys = st.lists(st.text(_ALNUM + "-_", min_size=1, max_size=20), min_size=1, max_size=4).map("/".join)
buckets = st.from_regex(r"[a-z0-9][a-z0-9-]{1,40}[a-z0-9]", fullmatch=True)


def seconds_between(low: int, high: int):
    return st.integers(low, high).map(lambda count: timedelta(seconds=count))


@st.composite
def images(draw):
    if draw(st.booleans()):
        return ContainerImage.from_framework("sklearn", draw(st.sampled_from(["1.2-1", "1.4-2"])))
    repository = draw(st.from_regex(r"[a-z0-9]{1,20}(/[a-z0-9]{1,20})?", fullmatch=True))
    tag = draw(st.from_regex(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,30}", fullmatch=True).filter(lambda tag: tag != "latest"))
    return ContainerImage.from_uri(f"123456789012.dkr.ecr.us-east-1.amazonaws.com/{repository}:{tag}")


@st.composite
def model_data(draw):
    bucket, key = draw(buckets), draw(keys)
    return draw(
        st.sampled_from(
            [
                ModelData.from_s3(bucket, f"{key}.tar.gz"),
                ModelData.from_s3_prefix(bucket, key),
                ModelData.from_uri(f"s3://{bucket}/{key}.tar.gz"),
                ModelData.from_uri(f"s3://{bucket}/{key}/"),
            ]
        )
    )


@st.composite
def containers(draw):
    environment = draw(st.none() | environments)
    hostname = draw(st.none() | names)
    if draw(st.integers(0, 9)) == 0:
        arn = f"arn:aws:sagemaker:us-east-1:123456789012:model-package/{draw(names)}/{draw(st.integers(1, 999))}"
        return ModelPackage(arn, environment=environment, hostname=hostname)
    return Container(
        draw(images()), model_data=draw(st.none() | model_data()), environment=environment, hostname=hostname
    )


@st.composite
def instances(draw, *, scalable=False, x86=True, fits=lambda kind: True):
    types = [
        name
        for name in _TYPES
        if not (scalable and instance_types()[name].burstable)
        and not (x86 and instance_types()[name].arm)
        and fits(instance_types()[name])
    ]
    chosen = draw(st.lists(st.sampled_from(types), min_size=1, max_size=5, unique=True))
    local_disk = any(instance_types()[name].nvme for name in chosen)
    return Instances(
        chosen[0],
        pools=chosen[1:],
        count=draw(st.integers(1, 8)),
        volume_gb=None if local_disk else draw(st.none() | st.integers(1, 512)),
        model_download_timeout=draw(st.none() | seconds_between(60, 3600)),
        startup_timeout=draw(st.none() | seconds_between(60, 3600)),
        ami_version=draw(st.none() | st.sampled_from(limit("realtime", "inference_ami_version"))),
        routing=draw(
            st.sampled_from([None, "LEAST_OUTSTANDING_REQUESTS", "RANDOM"])
            | st.builds(
                PrefixAwareRouting,
                prefix_length=st.integers(1024, 65536),
                concurrency_threshold=st.integers(1, 1024),
            )
        ),
        ssm_access=draw(st.none() | st.booleans()),
        capacity_reservation=draw(
            st.none() | names.map(lambda name: f"arn:aws:sagemaker:us-east-1:123456789012:training-plan/{name}")
        ),
        provision_timeout=draw(st.none() | seconds_between(300, 3600)),
        **draw(st.just({}) | st.fixed_dictionaries({"core_dump": locations, "core_dump_key": st.none() | kms_keys})),
    )


@st.composite
def rollouts(draw, count, unit="instances", strategies=("all-at-once", "canary", "linear", "rolling")):
    """Give a rollout over so many instances or copies; over several variants without a count."""
    strategy = draw(st.sampled_from(strategies))
    options = {
        "alarms": draw(st.lists(names, max_size=10)),
        "maximum_duration": draw(st.none() | seconds_between(6001, 28800)),  # longer than all waits here
    }
    if strategy != "rolling":
        options["termination_wait"] = draw(st.none() | seconds_between(0, 3600))
    if strategy == "all-at-once":
        return Rollout.all_at_once(**options)
    options["interval" if strategy == "linear" else "bake"] = draw(seconds_between(0, 120))
    if count is not None and count > 1 and draw(st.booleans()):
        options[unit] = draw(st.integers(1, count // 2))
    else:
        options["percent"] = draw(st.integers({"canary": 1, "linear": 10, "rolling": 5}[strategy], 50))
    if strategy == "rolling":
        options["rollback"] = draw(st.none() | st.integers(1, 100))
    return getattr(Rollout, strategy)(**options)


texts = st.text(st.characters(min_codepoint=32, max_codepoint=126), min_size=1, max_size=64)
content_types = st.lists(st.sampled_from(["text/csv", "application/json", "application/x-a.b"]), unique=True)
metrics_configs = st.builds(
    MetricsConfig,
    enhanced=st.booleans(),
    detailed=st.none() | st.booleans(),
    publish_every=st.none() | st.sampled_from([10, 30, 60, 120, 180, 240, 300]).map(lambda s: timedelta(seconds=s)),
)


@st.composite
def data_captures(draw):
    return DataCapture(
        draw(locations),
        percent=draw(st.integers(0, 100)),
        modes=draw(st.lists(st.sampled_from(["Input", "Output", "InputAndOutput"]), min_size=1, max_size=4)),
        encryption_key=draw(st.none() | kms_keys),
        json_content_types=draw(content_types),
        csv_content_types=draw(content_types),
    )


@st.composite
def explainers(draw):
    whole = st.none() | st.integers(1, 1000)
    words = draw(st.booleans())
    return ClarifyExplainer(
        **draw(st.fixed_dictionaries({"baseline": texts}) | st.fixed_dictionaries({"baseline_location": locations})),
        mime_type=draw(st.sampled_from([None, "text/csv", "application/jsonlines"])),
        samples=draw(whole),
        use_logit=draw(st.none() | st.booleans()),
        seed=draw(st.none() | st.integers(-1000, 1000)),
        text_language=draw(st.sampled_from(["en", "de", "xx"])) if words else None,
        text_granularity=draw(st.sampled_from(["token", "sentence", "paragraph"])) if words else None,
        enable=draw(st.none() | texts),
        features_attribute=draw(st.none() | texts),
        content_template=draw(st.none() | texts),
        max_record_count=draw(whole),
        max_payload_mb=draw(st.none() | st.integers(1, 25)),
        probability_index=draw(st.none() | st.integers(0, 9)),
        label_index=draw(st.none() | st.integers(0, 9)),
        probability_attribute=draw(st.none() | texts),
        label_attribute=draw(st.none() | texts),
        label_headers=draw(st.lists(texts, max_size=3)),
        feature_headers=draw(st.lists(texts, max_size=3)),
        feature_types=draw(st.just([]) | st.just(["text", "numerical", "categorical"])),
    )


cooldowns = st.none() | seconds_between(0, 3600)
policies = st.builds(
    TargetTracking.invocations_per_instance,
    st.integers(1, 10_000) | st.floats(0.01, 1e6),
    scale_in_cooldown=cooldowns,
    scale_out_cooldown=cooldowns,
    scale_in=st.booleans(),
)


@st.composite
def networks(draw):
    isolated = draw(st.booleans())
    if draw(st.booleans()):
        return Network(isolated=isolated)
    subnets = draw(st.lists(hexadecimal.map("subnet-{}".format), min_size=1, max_size=16, unique=True))
    groups = draw(st.lists(hexadecimal.map("sg-{}".format), min_size=1, max_size=5, unique=True))
    return Network(subnets=subnets, security_groups=groups, isolated=isolated)


@st.composite
def real_time(draw):
    """Give valid arguments of a RealTimeEndpoint."""
    scaled = draw(st.booleans())
    arguments = {"container": draw(containers()), "instances": draw(instances(scalable=scaled))}
    if scaled:
        count = arguments["instances"].count
        arguments["scaling"] = Scaling(
            draw(st.integers(1, count)), draw(st.integers(count, 20)), policies=[draw(policies)]
        )
    if draw(st.booleans()):
        arguments["endpoint_name"] = draw(names)
    if draw(st.booleans()):
        arguments["network"] = draw(networks())
    if draw(st.booleans()):
        arguments["retain_capacity"] = draw(st.booleans())
    if draw(st.booleans()):
        arguments["rollout"] = draw(rollouts(arguments["instances"].count))
    for name, values in (
        ("data_capture", data_captures()),
        ("metrics_config", metrics_configs),
        ("explainer", explainers()),
    ):
        if draw(st.integers(0, 3)) == 0:
            arguments[name] = draw(values)
    return arguments


# Whole specs, as a template has them: images and model data by URI, everything else by its name or ARN.

_ARN = "arn:aws:{}:us-east-1:123456789012:{}"
_IN_ECR = "123456789012.dkr.ecr.us-east-1.amazonaws.com"
short_names = st.from_regex(r"[a-zA-Z0-9](-?[a-zA-Z0-9]){0,10}", fullmatch=True)
kms_keys = st.uuids(version=4).map(lambda id: _ARN.format("kms", f"key/{id}"))
topics = names.map(lambda name: _ARN.format("sns", name))
locations = st.builds(S3Location, buckets, st.just("") | keys | keys.map("{}/".format))
tags = st.from_regex(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,30}", fullmatch=True).filter(lambda tag: tag != "latest")
MAY = datetime(2031, 5, 1, tzinfo=timezone.utc)

moments = st.datetimes(datetime(2030, 1, 1), datetime(2040, 1, 1)).map(  # noqa: DTZ001 - hypothesis adds the zone
    lambda moment: moment.replace(microsecond=0, tzinfo=timezone.utc)
)


def not_inf1(kind):
    return kind.family != "inf1"


def at_most_one_gpu(kind):
    return not_inf1(kind) and (kind.gpus or 0) <= 1


@st.composite
def images_by_uri(draw, *, private=False):
    repository = draw(st.from_regex(r"[a-z0-9]{1,20}(/[a-z0-9]{1,20})?", fullmatch=True))
    if private and draw(st.booleans()):
        function = draw(st.none() | names.map(lambda name: _ARN.format("lambda", f"function:{name}")))
        return ContainerImage.from_uri(f"registry.example.com/{repository}:{draw(tags)}", registry_credentials=function)
    return ContainerImage.from_uri(f"{_IN_ECR}/{repository}:{draw(tags)}")


archives = st.builds("s3://{}/{}.tar.gz".format, buckets, keys).map(ModelData.from_uri)
trees = st.builds("s3://{}/{}/".format, buckets, keys).map(ModelData.from_uri)
licensed_trees = st.builds(ModelData.from_s3_prefix, buckets, keys, accept_eula=st.just(True))


@st.composite
def containers_by_uri(draw, *, hostname=None, private=False, data=archives | trees | licensed_trees, packages=True):
    environment = draw(st.none() | environments)
    if packages and draw(st.integers(0, 4)) == 0:
        arn = _ARN.format("sagemaker", f"model-package/{draw(names)}/{draw(st.integers(1, 999))}")
        specification = draw(st.none() | short_names)
        return ModelPackage(arn, environment=environment, hostname=hostname, inference_specification=specification)
    return Container(
        draw(images_by_uri(private=private)),
        model_data=draw(st.none() | data),
        environment=environment,
        hostname=hostname,
    )


@st.composite
def stores(draw, *, hostname=None, private=False):
    container = draw(containers_by_uri(hostname=hostname, private=private, data=st.none(), packages=False))
    return replace(container, models=draw(trees), cache_models=draw(st.booleans()))


@st.composite
def schedules(draw, high):
    """Give a schedule whose actions are at different times."""
    times = draw(
        st.lists(
            st.sampled_from(["cron(0 8 ? * MON-FRI *)", "rate(1 day)", "rate(7 hours)", "at(2031-02-03T04:05:06)"]),
            max_size=3,
            unique=True,
        )
    )
    actions = []
    for time in times:
        top = draw(st.none() | st.integers(1, high))
        bottom = draw(st.none() | st.integers(1, high if top is None else top))
        start = draw(st.none() | moments)
        actions.append(
            ScheduledCapacity(
                time,
                min_capacity=1 if top is None and bottom is None else bottom,
                max_capacity=top,
                start=start,
                end=draw(st.none() | st.just((start or datetime(2040, 1, 1, tzinfo=timezone.utc)) + timedelta(days=9))),
                time_zone=draw(st.none() | st.sampled_from(["Europe/Berlin", "Etc/UTC"])),
            )
        )
    return actions


_PERCENT = (
    TargetTracking.cpu_utilization,
    TargetTracking.gpu_utilization,
    TargetTracking.memory_utilization,
    TargetTracking.gpu_memory_utilization,
)


def decimals(low, high):
    """Give numbers as people write them, so that they stay the same when they are multiplied and divided again."""
    return st.integers(low, high) | st.integers(100 * low + 1, 100 * high).map(lambda count: count / 100)


@st.composite
def custom_metrics(draw, *statistics):
    return CustomMetric(
        draw(short_names),
        namespace=draw(short_names),
        dimensions=draw(st.dictionaries(short_names, names, max_size=3)),
        statistic=draw(st.sampled_from(["Average", "Minimum", "Maximum", "Sum", "SampleCount", *statistics])),
        unit=draw(st.none() | st.sampled_from(["Count", "Bytes/Second"])),
    )


@st.composite
def step_scalings(draw, metrics):
    """Give steps below, above, or on both sides of a range."""
    bounds = sorted(draw(st.lists(decimals(0, 99), min_size=1, max_size=6, unique=True)))
    cut = draw(st.integers(0, len(bounds)))
    low, high = [None, *bounds[:cut]], [*bounds[cut:], None]
    adjustment = draw(st.sampled_from(["change", "percent", "exact"]))
    change = st.integers(0 if adjustment == "exact" else -10, 10)
    periods = draw(st.integers(1, 5))
    return StepScaling(
        draw(metrics),
        [Step(*ends, draw(change)) for side in (low, high) for ends in pairwise(side)],
        adjustment=adjustment,
        min_change=draw(st.none() | st.integers(1, 5)) if adjustment == "percent" else None,
        cooldown=draw(cooldowns),
        period=timedelta(seconds=draw(st.sampled_from([10, 60, 300]))),
        evaluation_periods=periods,
        datapoints_to_alarm=draw(st.none() | st.integers(1, periods)),
        missing_data=draw(st.none() | st.sampled_from(["breaching", "notBreaching", "ignore", "missing"])),
    )


@st.composite
def scalings(draw, count, *metrics, lowest=1, highest=20, steps=()):
    """Give scaling with `count` in its range; what it follows by target tracking, and the metrics of steps."""
    high = draw(st.integers(count, max(count, highest)))
    options = {"scale_in_cooldown": cooldowns, "scale_out_cooldown": cooldowns, "scale_in": st.booleans()}
    chosen = draw(st.lists(st.sampled_from(metrics), unique=True)) if metrics else []
    of_its_own = [
        draw(st.builds(metric, decimals(1, 100) if metric in _PERCENT else decimals(1, 10_000), **options))
        for metric in chosen
    ]
    if metrics and draw(st.booleans()):
        named = {**options, "name": short_names.map("Own{}".format)}
        of_its_own.append(draw(st.builds(TargetTracking.on_metric, custom_metrics(), decimals(1, 100), **named)))
    if steps and draw(st.booleans()):
        of_its_own.append(draw(step_scalings(st.sampled_from(steps))))
    if metrics and draw(st.booleans()):
        named = draw(step_scalings(custom_metrics("p90")))
        of_its_own.append(replace(named, name=f"Steps{draw(short_names)}"))
    return Scaling(
        draw(st.integers(lowest, count)),
        high,
        policies=draw(st.permutations(of_its_own)),
        schedule=draw(schedules(high)) if metrics else [],
    )


def uses(on):
    """Give what can be followed of the use of instances: where they are of one size, that of their parts too."""
    kinds = [instance_types()[name] for name in on.types]
    found = {TargetTracking.memory_utilization: "MemoryUtilization"}
    if len({kind.vcpus for kind in kinds} - {None}) == 1 and all(kind.vcpus for kind in kinds):
        found[TargetTracking.cpu_utilization] = "CPUUtilization"
    if len({kind.gpus for kind in kinds}) == 1 and kinds[0].gpus:
        found[TargetTracking.gpu_utilization] = "GPUUtilization"
        found[TargetTracking.gpu_memory_utilization] = "GPUMemoryUtilization"
    return found


@st.composite
def variants(draw, model, *metrics, name=None, fits=lambda kind: True, lowest=1, scaled=None):
    """Give a variant on instances."""
    scaled = draw(st.booleans()) if scaled is None else scaled
    on = draw(instances(scalable=scaled, fits=fits))
    used = uses(on) if metrics else {}
    return VariantSpec(
        **({} if name is None else {"name": name, "weight": draw(st.integers(0, 9) | st.floats(0, 1e3))}),
        model=None if model is None else draw(model),
        instances=on,
        scaling=draw(scalings(on.count, *metrics, *used, lowest=lowest, steps=(*used.values(),))) if scaled else None,
    )


@st.composite
def models(draw, mode, *, private=False, **options):
    """Give a model: single, multi-model, direct or serial."""
    if mode == "single":
        return ModelSpec(containers=(draw(containers_by_uri(private=private, **options)),))
    if mode == "multi-model":
        return ModelSpec(containers=(draw(stores(private=private)),))
    hostnames = draw(st.lists(short_names, min_size=2, max_size=4, unique=True))
    if mode == "serial" and draw(st.booleans()):
        hostnames = [None] * len(hostnames)
    made = [
        draw(containers_by_uri(hostname=hostname, private=private, data=archives, packages=mode == "serial"))
        for hostname in hostnames
    ]
    if mode == "serial" and draw(st.booleans()):
        made[0] = draw(stores(hostname=hostnames[0], private=private))
    return ModelSpec(containers=tuple(made), mode=mode)


_FITS = {"single": lambda kind: True, "multi-model": at_most_one_gpu, "direct": not_inf1, "serial": at_most_one_gpu}
_PER_INSTANCE = TargetTracking.invocations_per_instance


@st.composite
def options(draw, network=None):
    """Give what may be said of any endpoint."""
    return {
        "endpoint_name": draw(st.none() | names),
        "network": network,
        "encryption_key": draw(st.none() | kms_keys),
        "retain_capacity": draw(st.none() | st.booleans()),
        "region": "us-east-1",
        "account": "123456789012",
    }


@st.composite
def real_time_specs(draw, mode):
    network = draw(st.none() | networks())
    private = network is not None and network.has_vpc
    variant = draw(variants(models(mode, private=private), _PER_INSTANCE, fits=_FITS[mode]))
    return EndpointSpec(kind="real-time", variants=(variant,), **draw(options(network)))


@st.composite
def multi_variant_specs(draw):
    network = draw(st.none() | networks())
    private = network is not None and network.has_vpc
    called = draw(st.lists(short_names, min_size=1, max_size=3, unique_by=str.lower))
    modes = [draw(st.sampled_from(sorted(_FITS))) for _ in called]
    made = [
        draw(
            variants(
                models(mode, private=private),
                _PER_INSTANCE,
                name=name,
                fits=_FITS[mode],
            )
        )
        for name, mode in zip(called, modes, strict=True)
    ]
    return EndpointSpec(kind="real-time", variants=tuple(made), **draw(options(network)))


@st.composite
def shadowed_specs(draw):
    champion, shadow = draw(st.lists(short_names, min_size=2, max_size=2, unique_by=str.lower))
    model = models("single")
    return EndpointSpec(
        kind="real-time",
        variants=(draw(variants(model, _PER_INSTANCE, name=champion, fits=not_inf1)),),
        shadow=draw(variants(model, name=shadow, fits=not_inf1, scaled=False)),
        **draw(options()),
    )


@st.composite
def serverless_specs(draw):
    most = draw(st.integers(1, 200))
    provisioned = draw(st.none() | st.integers(1, most))
    scaling = None
    if provisioned is not None and draw(st.booleans()):
        utilization = TargetTracking.provisioned_concurrency_utilization
        metric = "ServerlessProvisionedConcurrencyUtilization"
        scaling = draw(scalings(provisioned, utilization, highest=most, steps=(metric,)))
    variant = VariantSpec(
        model=ModelSpec(containers=(draw(containers_by_uri(data=archives)),)),
        serverless=Serverless(
            memory_mb=draw(st.sampled_from([1024, 2048, 3072, 4096, 5120, 6144])),
            max_concurrency=most,
            provisioned_concurrency=provisioned,
        ),
        scaling=scaling,
    )
    return EndpointSpec(kind="serverless", variants=(variant,), **draw(options()))


@st.composite
def asynchronous_specs(draw):
    network = draw(st.none() | networks())
    private = network is not None and network.has_vpc
    backlog = TargetTracking.backlog_per_instance
    responses = ["SUCCESS_NOTIFICATION_TOPIC", "ERROR_NOTIFICATION_TOPIC"]
    return EndpointSpec(
        kind="asynchronous",
        variants=(draw(variants(models("single", private=private), backlog, fits=not_inf1, lowest=0)),),
        asynchronous=AsyncInference(
            output=draw(locations),
            failures=draw(st.none() | locations),
            success_topic=draw(st.none() | topics),
            error_topic=draw(st.none() | topics),
            include_response_in=tuple(draw(st.lists(st.sampled_from(responses), unique=True))),
            max_concurrent_invocations_per_instance=draw(st.none() | st.integers(1, 1000)),
            output_encryption_key=draw(st.none() | kms_keys),
            inputs=tuple(draw(st.lists(locations, max_size=2))),
        ),
        **draw(options(network)),
    )


@st.composite
def component_specs(draw):
    network = draw(st.none() | networks())
    private = network is not None and network.has_vpc
    variant = draw(variants(None, fits=lambda kind: None not in (kind.vcpus, kind.memory_mib, kind.gpus), lowest=0))
    if variant.scaling is not None:
        release = st.just(ScaleIn("IDLE_RELEASE"))
        minutes = st.integers(5, 1440).map(lambda count: timedelta(minutes=count))
        consolidate = st.builds(
            ScaleIn,
            st.just("CONSOLIDATION"),
            most_at_once=st.none() | st.integers(1, 100),
            cooldown=st.none() | minutes,
        )
        variant = replace(variant, scale_in=draw(st.none() | release | consolidate))
    kind = instance_types()[variant.instances.type]
    called = draw(st.lists(short_names, min_size=1, max_size=4, unique_by=str.lower))
    bases = draw(st.integers(1, len(called)))
    used = {**uses(variant.instances), TargetTracking.cpu_utilization: "CPUUtilization"}
    per_copy = (TargetTracking.invocations_per_copy, TargetTracking.concurrent_requests_per_copy, *used)
    in_steps = ("InvocationsPerCopy", "ConcurrentRequestsPerCopy", *used.values())
    timeouts = st.none() | seconds_between(60, 3600)
    components = []
    for name in called[:bases]:
        memory, copies = draw(st.integers(128, kind.memory_mib)), draw(st.integers(1, 5))
        components.append(
            InferenceComponent(
                name,
                container=draw(containers_by_uri(private=private)),
                memory_mb=memory,
                max_memory_mb=draw(st.none() | st.integers(memory, kind.memory_mib)),
                cpus=draw(st.none() | st.integers(1, 4 * kind.vcpus).map(lambda quarters: quarters / 4)),
                accelerators=draw(st.none() | st.integers(1, kind.gpus)) if kind.gpus else None,
                copies=copies,
                scaling=draw(st.none() | scalings(copies, *per_copy, lowest=0, steps=in_steps)),
                model_download_timeout=draw(timeouts),
                startup_timeout=draw(timeouts),
                rollout=draw(st.none() | rollouts(copies, "copies", ["rolling"])),
                cache_data=draw(st.none() | st.booleans()),
                **draw(
                    st.just({})
                    | st.fixed_dictionaries(
                        {
                            "placement": st.sampled_from(["SPREAD", "BINPACK"]),
                            "zone_imbalance": st.none() | st.integers(0, 100),
                        }
                    )
                ),
            )
        )
    components += [
        InferenceComponent(name, base=draw(st.sampled_from(called[:bases])), adapter=draw(archives))
        for name in called[bases:]
    ]
    return EndpointSpec(
        kind="inference-components", variants=(variant,), components=tuple(components), **draw(options(network))
    )


@st.composite
def operated(draw, specs, *, captures=False):
    """Give specs with a rollout, and what is kept and told of the traffic."""
    spec = draw(specs)
    several = len(spec.variants) > 1
    rollout = rollouts(
        None if several else spec.variants[0].instances.count,
        strategies=["all-at-once", "canary", "linear", *([] if several else ["rolling"])],
    )
    return replace(
        spec,
        rollout=draw(st.none() | rollout),
        data_capture=draw(st.none() | data_captures()) if captures else None,
        metrics_config=draw(st.none() | metrics_configs),
        explainer=draw(st.none() | explainers()),
    )


SPECS = {
    "single": operated(real_time_specs("single"), captures=True),
    "multi-model": operated(real_time_specs("multi-model")),
    "direct": operated(real_time_specs("direct")),
    "serial": operated(real_time_specs("serial")),
    "multi-variant": operated(multi_variant_specs()),
    "shadow": operated(shadowed_specs(), captures=True),
    "serverless": serverless_specs(),
    "asynchronous": operated(asynchronous_specs()),
    "inference components": operated(component_specs(), captures=True),
}
"""Valid specs of every kind."""


def _instances(**changes):
    return lambda arguments: {**arguments, "instances": replace(arguments["instances"], **changes)}


def _container(**changes):
    return lambda arguments: {**arguments, "container": replace(arguments["container"], **changes)}


def _data(data):
    return lambda arguments: {
        **arguments,
        "container": Container(ContainerImage.from_framework("sklearn", "1.2-1"), model_data=data),
    }


def _image(uri):
    return lambda arguments: {
        **arguments,
        "container": Container(ContainerImage.from_uri(uri)),
        "network": Network(),
    }


def _scaling(low, high, **policy):
    policy = TargetTracking.invocations_per_instance(**{"target": 70, **policy})
    return lambda arguments: {
        **arguments,
        "instances": Instances("ml.m5.large", count=max(1, min(low, high))),
        "scaling": Scaling(low, high, policies=[policy]),
    }


def _policies(*policies):
    return lambda arguments: {
        **arguments,
        "instances": Instances("ml.m5.large"),
        "scaling": Scaling(1, 4, policies=policies),
    }


def _schedule(*actions):
    return lambda arguments: {
        **arguments,
        "instances": Instances("ml.m5.large"),
        "scaling": Scaling(1, 4, schedule=actions),
    }


def _steps(*steps, **options):
    return _policies(StepScaling("MemoryUtilization", steps, **options))


_cpu = _policies(TargetTracking.cpu_utilization(50))


# What is done to valid arguments, and the code that must refuse it. The numbers lie just beyond the limits that
# AWS documents; they stand here on purpose, apart from facts/, so that a wrong fact is noticed.
MUTATIONS = [
    ("SMC001", lambda arguments: {**arguments, "endpoint_name": "a" * 64}),
    ("SMC001", lambda arguments: {**arguments, "endpoint_name": "a_b"}),
    ("SMC001", lambda arguments: {**arguments, "endpoint_name": "-a"}),
    ("SMC010", lambda a: {**a, "network": Network(subnets=[f"subnet-{i}" for i in range(17)], security_groups=["sg"])}),
    ("SMC010", lambda a: {**a, "network": Network(subnets=["subnet"], security_groups=[f"sg-{i}" for i in range(6)])}),
    ("SMC010", lambda a: {**a, "network": Network(subnets=[], security_groups=["sg"])}),
    ("SMC011", lambda arguments: {**arguments, "network": Network(security_groups=["sg-0123456789abcdef0"])}),
    ("SMC014", lambda arguments: {**arguments, "network": Network(private_access=True)}),
    ("SMC301", _instances(type="ml.t3.large", pools=())),
    ("SMC301", _instances(type="m5.large", pools=())),
    ("SMC302", _instances(count=0)),
    ("SMC302", _instances(count=1.5)),
    ("SMC303", _instances(volume_gb=0)),
    ("SMC303", _instances(volume_gb=513)),
    ("SMC304", _instances(type="ml.g5.xlarge", pools=(), volume_gb=100)),
    ("SMC304", _instances(type="ml.m5d.large", pools=(), volume_gb=100)),
    ("SMC306", _instances(model_download_timeout=timedelta(seconds=59))),
    ("SMC306", _instances(model_download_timeout=timedelta(seconds=3601))),
    ("SMC306", _instances(model_download_timeout=timedelta(seconds=60.5))),
    ("SMC307", _instances(startup_timeout=timedelta(seconds=59))),
    ("SMC307", _instances(startup_timeout=timedelta(seconds=3601))),
    ("SMC308", _instances(ami_version="al2-ami-sagemaker-inference-gpu-1")),
    ("SMC310", _instances(routing="KV_AWARE")),
    ("SMC310", _instances(routing="PREFIX_AWARE")),
    ("SMC311", _instances(routing=PrefixAwareRouting(prefix_length=1023, concurrency_threshold=1))),
    ("SMC311", _instances(routing=PrefixAwareRouting(prefix_length=65537, concurrency_threshold=1))),
    ("SMC311", _instances(routing=PrefixAwareRouting(prefix_length=1024, concurrency_threshold=0))),
    ("SMC311", _instances(routing=PrefixAwareRouting(prefix_length=1024, concurrency_threshold=1025))),
    ("SMC312", _instances(type="ml.m5.large", pools=("ml.m5.large",), volume_gb=None)),
    ("SMC312", _instances(type="ml.m5.large", pools=tuple(f"ml.m6i.{n}xlarge" for n in (2, 4, 8, 12, 16)))),
    ("SMC313", _instances(provision_timeout=timedelta(seconds=299))),
    ("SMC313", _instances(provision_timeout=timedelta(seconds=3601))),
    ("SMC314", _instances(capacity_reservation="training-plan/plan")),
    ("SMC340", lambda a: {**a, "metrics_config": MetricsConfig(publish_every=timedelta(seconds=90))}),
    ("SMC341", _instances(core_dump=S3Location("dumps", "a" * 502))),
    ("SMC330", lambda a: {**_data(None)(a), "instances": Instances("ml.c7g.large")}),
    ("SMC401", _image("123456789012.dkr.ecr.us-east-1.amazonaws.com/" + "a" * 250)),
    ("SMC401", _image("123456789012.dkr.ecr.us-east-1.amazonaws.com/a b:1")),
    ("SMC401", _image("https://123456789012.dkr.ecr.us-east-1.amazonaws.com/a:1")),
    ("SMC401", _image("12345678901.dkr.ecr.us-east-1.amazonaws.com/a:1")),
    ("SMC402", _container(environment={f"V{i}": "" for i in range(101)})),
    ("SMC403", _container(environment={"1A": ""})),
    ("SMC403", _container(environment={"A" * 1025: ""})),
    ("SMC404", _container(environment={"A": "x" * 1025})),
    ("SMC404", _container(environment={"A": 1})),
    ("SMC405", _container(environment={f"V{i}": "x" * 1000 for i in range(33)})),
    ("SMC406", _container(hostname="a.b")),
    ("SMC406", _container(hostname="a" * 64)),
    ("SMC407", _image("docker.io/library/nginx:1.29")),
    ("SMC409", lambda a: {**a, "container": Container(ContainerImage.from_framework("sklearn", "0.1"))}),
    ("SMC409", lambda a: {**a, "container": Container(ContainerImage.from_framework("sklaern", "1.2-1"))}),
    ("SMC410", _image("123456789012.dkr.ecr.ap-south-1.amazonaws.com/a:1")),
    ("SMC418", _image("141502667606.dkr.ecr.us-east-1.amazonaws.com/sagemaker-scikit-learn:1.2-1-cpu-py3")),
    ("SMC413", lambda arguments: {**arguments, "container": ModelPackage("arn:aws:s3:::bucket")}),
    ("SMC440", _data(ModelData.from_uri("https://example.com/model.tar.gz"))),
    ("SMC440", _data(ModelData.from_s3("bucket", "a" * 1020 + ".tar.gz"))),
    ("SMC441", _data(ModelData.from_s3("bucket", "model.tgz"))),
    ("SMC441", _data(ModelData.from_uri("s3://bucket/model"))),
    ("SMC441", _data(ModelData.from_s3_prefix("bucket", ""))),
    ("SMC442", _data(ModelData.from_s3_prefix("bucket", "a/../b"))),
    ("SMC601", _scaling(0, 4)),
    ("SMC602", _scaling(4, 3)),
    ("SMC603", _scaling(1, 2.5)),
    ("SMC604", lambda a: {**_scaling(1, 4)(a), "instances": Instances("ml.t2.medium")}),
    ("SMC605", lambda a: {**_scaling(2, 4)(a), "instances": Instances("ml.m5.large", count=1)}),
    ("SMC605", lambda a: {**_scaling(2, 4)(a), "instances": Instances("ml.m5.large", count=5)}),
    ("SMC608", _scaling(1, 4, scale_in_cooldown=timedelta(seconds=-1))),
    ("SMC608", _scaling(1, 4, scale_out_cooldown=timedelta(seconds=0.5))),
    ("SMC603", _scaling(-1, 4)),
    ("SMC610", _scaling(1, 4, target=1e200)),
    ("SMC611", _policies(TargetTracking.backlog_per_instance(5))),
    ("SMC611", _policies(TargetTracking.invocations_per_copy(5))),
    ("SMC612", _schedule(ScheduledCapacity("cron(0 8 * * 1-5)", min_capacity=2))),
    ("SMC612", _schedule(ScheduledCapacity("rate(1 day)"))),
    ("SMC612", _schedule(ScheduledCapacity("at(2031-13-01T08:00:00)", min_capacity=2))),
    ("SMC644", _schedule(ScheduledCapacity("rate(1 day)", min_capacity=2, time_zone="Europe/Bonn"))),
    (
        "SMC645",
        _schedule(ScheduledCapacity("rate(1 day)", min_capacity=2, start=MAY, end=MAY - timedelta(days=30))),
    ),
    ("SMC602", _schedule(ScheduledCapacity("rate(1 day)", min_capacity=3, max_capacity=2))),
    ("SMC614", _policies(TargetTracking.memory_utilization(101))),
    ("SMC614", _policies(TargetTracking.cpu_utilization(-1))),
    ("SMC614", _steps(Step(101, None, 1))),
    ("SMC615", lambda a: {**_cpu(a), "instances": Instances("ml.m5.large", pools=["ml.m5.xlarge"])}),
    ("SMC615", lambda a: {**_cpu(a), "instances": Instances("ml.p3.2xlarge")}),
    ("SMC615", lambda a: {**_cpu(a), "instances": Instances("${Token[TOKEN.7]}")}),
    ("SMC616", _policies(TargetTracking.gpu_memory_utilization(50))),
    ("SMC617", _policies(TargetTracking.on_metric(CustomMetric("a" * 256, namespace="b"), 1))),
    ("SMC617", _policies(TargetTracking.on_metric(CustomMetric("a", namespace=":b"), 1))),
    ("SMC617", _policies(TargetTracking.on_metric(CustomMetric("a", namespace="b", statistic="p50"), 1))),
    (
        "SMC617",
        _policies(
            TargetTracking.on_metric(
                CustomMetric("a", namespace="b", dimensions={str(n): "c" for n in range(31)}), 1, name="d"
            )
        ),
    ),
    ("SMC618", _policies(TargetTracking.invocations_per_instance(70, name="a" * 257))),
    ("SMC618", _policies(TargetTracking.invocations_per_instance(70, name=""))),
    ("SMC618", _policies(TargetTracking.invocations_per_instance(70, name="\n"))),
    ("SMC618", _policies(*(StepScaling("MemoryUtilization", [Step(n, None, 1)]) for n in (1, 2)))),
    ("SMC619", _policies(*(StepScaling("MemoryUtilization", [Step(1, None, 1)], name=str(n)) for n in range(51)))),
    ("SMC619", _schedule(*(ScheduledCapacity(f"rate({n} hours)", min_capacity=1) for n in range(2, 203)))),
    ("SMC620", _steps()),
    ("SMC620", _steps(Step(None, None, 1))),
    ("SMC620", _steps(Step(5, 5, 1), Step(5, None, 1))),
    ("SMC620", _steps(Step(-1e300, None, 1))),
    ("SMC621", _steps(Step(5, 7, 1), Step(6, None, 1))),
    ("SMC621", _steps(Step(5, None, 1), Step(6, None, 1))),
    ("SMC621", _steps(Step(None, 5, 1), Step(6, 7, 1), Step(8, None, 1))),
    ("SMC622", _steps(Step(5, 7, 1))),
    ("SMC622", _steps(Step(1, 2, -1), Step(5, None, 1))),
    ("SMC623", _steps(Step(5, None, 1.5))),
    ("SMC623", _steps(Step(5, None, -1), adjustment="exact")),
    ("SMC624", _steps(Step(5, None, 1), adjustment="ChangeInCapacity")),
    ("SMC624", _steps(Step(5, None, 1), adjustment="percent", min_change=0)),
    ("SMC624", _steps(Step(5, None, 1), min_change=1)),
    ("SMC608", _steps(Step(5, None, 1), cooldown=timedelta(seconds=-1))),
    ("SMC611", _policies(StepScaling("SageMakerVariantInvocationsPerInstance", [Step(5, None, 1)]))),
    ("SMC611", _policies(StepScaling("InvocationsPerCopy", [Step(5, None, 1)]))),
    ("SMC625", _steps(Step(5, None, 1), period=timedelta(seconds=90))),
    ("SMC625", _steps(Step(5, None, 1), period=timedelta(0))),
    ("SMC626", _steps(Step(5, None, 1), evaluation_periods=0)),
    ("SMC626", _steps(Step(5, None, 1), evaluation_periods=2, datapoints_to_alarm=0)),
    ("SMC626", _steps(Step(5, None, 1), evaluation_periods=1441)),
    ("SMC626", _steps(Step(5, None, 1), evaluation_periods=169, period=timedelta(hours=1))),
    ("SMC628", _steps(Step(5, None, 1), missing_data="bad")),
    ("SMC613", _schedule(*(ScheduledCapacity("rate(1 day)", min_capacity=n) for n in (1, 2)))),
]
