"""Instance types, counts, volumes, timeouts, routing."""

from __future__ import annotations

import re
from dataclasses import fields
from difflib import get_close_matches
from operator import attrgetter
from typing import TYPE_CHECKING

from sm_constructs.containers import Container, PublishedImage, UriImage
from sm_constructs.durations import seconds
from sm_constructs.facts import InstanceType, images, instance_types, limit
from sm_constructs.instances import Instances, PrefixAwareRouting
from sm_constructs.registries import parse_ecr_uri
from sm_constructs.rules.registry import Finding, outside, rule, unlisted
from sm_constructs.spec import once_each
from sm_constructs.tokens import is_number, is_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sm_constructs.containers import ContainerImage
    from sm_constructs.spec import EndpointSpec


@once_each
def hosted(spec: EndpointSpec) -> Iterator[tuple[str, Instances]]:
    """Give the instances of every variant, with their place."""
    for at, variant in spec.placed_variants():
        if variant.instances is not None:
            yield f"{at}.instances", variant.instances


_particulars = attrgetter(*(field.name for field in fields(Instances) if field.default is None))


@once_each
def particular(spec: EndpointSpec) -> Iterator[tuple[str, Instances]]:
    """Give the instances of which more is said than one type and a number, with their place."""
    for at, instances in hosted(spec):
        if instances.pools or any(said is not None for said in _particulars(instances)):
            yield at, instances


@once_each
def published(spec: EndpointSpec) -> Iterator[tuple[str, images.Recognised, Instances]]:
    """Give every image that AWS publishes, with its place and what it runs on."""
    for at, variant in spec.placed_variants():
        if variant.model is None or variant.instances is None:
            continue
        for index, container in enumerate(variant.model.containers):
            image = recognised(container.image) if isinstance(container, Container) else None
            if image is not None:
                yield f"{at}.model.containers[{index}].image", image, variant.instances


def recognised(image: ContainerImage) -> images.Recognised | None:
    """Say what an image is, if AWS publishes it: what it is called, and the accelerators that it is built for."""
    match image:
        case PublishedImage(accelerator=accelerator):
            try:
                found = images.find(
                    image.name, image.version, accelerator=accelerator, python=image.python, os=image.os
                )
            except images.UnknownImage:
                return None  # another rule tells of it
            serving = {"cpu", "gpu"} if _serves_both(image) else set()
            return images.Recognised(found.framework, frozenset({accelerator, *serving}))
        case UriImage(uri=uri) if (parts := parse_ecr_uri(uri)) is not None:
            return images.recognise(parts.account, parts.repository, uri.rpartition(":")[2])
        case _:
            return None


@once_each
def typed(spec: EndpointSpec) -> Iterator[tuple[str, str]]:
    """Give every instance type that is named, with its place."""
    for at, instances in hosted(spec):
        yield f"{at}.type", instances.type
        for index, pool in enumerate(instances.pools):
            yield f"{at}.pools[{index}]", pool


def known_types(instances: Instances) -> list[InstanceType]:
    """Give what is known about the types that these instances may be of."""
    table = instance_types()
    return [table[name] for name in instances.types if name in table]


@rule(
    "SMC301",
    "The instance type is one that SageMaker hosts on",
    where=hosted,
    source="ProductionVariant.InstanceType",
    facts=["instances/hosting_enum_count", "instances/table", "instances/no_t3"],
    good='instances=Instances("ml.m5.large")',
    bad='instances=Instances("ml.t3.large")',
)
def type_known(spec: EndpointSpec) -> Iterator[Finding]:
    """Check the names of instance types."""
    table = instance_types()
    for at, name in typed(spec):
        if is_text(name) and name not in table:
            near = get_close_matches(name if name.startswith("ml.") else f"ml.{name}", table, n=3)
            hint = f"; the nearest are {', '.join(near)}" if near else ""
            yield Finding(at, f"is {name!r}, no instance type of SageMaker hosting{hint}")


@rule(
    "SMC302",
    "An endpoint starts with at least one instance",
    where=hosted,
    source="ProductionVariant.InitialInstanceCount",
    facts=["realtime/initial_instance_count_min", "async/initial_instance_count_min"],
    good='instances=Instances("ml.m5.large", count=2)',
    bad='instances=Instances("ml.m5.large", count=0)',
)
def count(spec: EndpointSpec) -> Iterator[Finding]:
    """Check instance counts."""
    lowest = limit("realtime", "initial_instance_count_min")
    for at, instances in hosted(spec):
        if is_number(instances.count) and (instances.count < lowest or instances.count != int(instances.count)):
            yield Finding(f"{at}.count", f"is {instances.count}; it is a whole number, {lowest} or more")


@rule(
    "SMC303",
    "An EBS volume has 1 to 512 GB",
    where=particular,
    source="ProductionVariant.VolumeSizeInGB",
    facts=["realtime/volume_size_gb"],
    good='instances=Instances("ml.m5.large", volume_gb=512)',
    bad='instances=Instances("ml.m5.large", volume_gb=513)',
)
def volume(spec: EndpointSpec) -> Iterator[Finding]:
    """Check volume sizes."""
    for at, instances in hosted(spec):
        yield from outside(f"{at}.volume_gb", instances.volume_gb, "realtime", "volume_size_gb", unit="GB")


def _refuses_volume(kind: InstanceType) -> bool:
    # The rule of the SageMaker SDK, confirmed by the service's error messages.
    return "d" in kind.family or kind.family.startswith(("g5", "g6", "p5", "trn1"))


@rule(
    "SMC304",
    "A type with local NVMe disks takes no volume size",
    where=particular,
    source='the service\'s error "VolumeSizeInGB … not supported for instance types with local storage"',
    facts=["realtime/volume_size_forbidden_families", "instances/nvme_families", "mme/no_ebs_families"],
    good='instances=Instances("ml.g5.xlarge")',
    bad='instances=Instances("ml.g5.xlarge", volume_gb=100)',
)
def volume_on_local_disk(spec: EndpointSpec) -> Iterator[Finding]:
    """Check that no volume is asked for where SageMaker attaches none."""
    for at, instances in hosted(spec):
        refusing = [kind.name for kind in known_types(instances) if kind.nvme and _refuses_volume(kind)]
        if instances.volume_gb is not None and refusing:
            yield Finding(
                f"{at}.volume_gb",
                f"is {instances.volume_gb}, but {', '.join(refusing)} has local NVMe disks and takes no volume; "
                "leave it out",
            )


@rule(
    "SMC305",
    "A newer type with local NVMe disks probably takes no volume size",
    severity="warning",
    where=particular,
    source="EC2 instance types with NVMe instance store; no AWS page says it of SageMaker",
    facts=["realtime/volume_size_forbidden_families", "instances/nvme_families"],
    good='instances=Instances("ml.g7e.2xlarge")',
    bad='instances=Instances("ml.g7e.2xlarge", volume_gb=100)',
)
def volume_on_newer_local_disk(spec: EndpointSpec) -> Iterator[Finding]:
    """Warn of a volume where there are local disks and nobody has said what AWS does."""
    for at, instances in hosted(spec):
        doubtful = [kind.name for kind in known_types(instances) if kind.nvme and not _refuses_volume(kind)]
        if instances.volume_gb is not None and doubtful:
            yield Finding(
                f"{at}.volume_gb",
                f"is {instances.volume_gb}, but {', '.join(doubtful)} has local NVMe disks; SageMaker refuses a "
                "volume on the other types that have them",
            )


@rule(
    "SMC306",
    "The download of the model data may take 60 to 3600 seconds",
    where=particular,
    source="ProductionVariant.ModelDataDownloadTimeoutInSeconds",
    facts=["realtime/model_data_download_timeout"],
    good='instances=Instances("ml.m5.large", model_download_timeout=timedelta(hours=1))',
    bad='instances=Instances("ml.m5.large", model_download_timeout=timedelta(hours=2))',
)
def download_timeout(spec: EndpointSpec) -> Iterator[Finding]:
    """Check the download timeout."""
    for at, instances in hosted(spec):
        time = seconds(instances.model_download_timeout)
        yield from outside(
            f"{at}.model_download_timeout", time, "realtime", "model_data_download_timeout", unit="seconds"
        )


@rule(
    "SMC307",
    "A container may take 60 to 3600 seconds to start",
    where=particular,
    source="ProductionVariant.ContainerStartupHealthCheckTimeoutInSeconds",
    facts=["realtime/container_startup_health_check_timeout"],
    good='instances=Instances("ml.m5.large", startup_timeout=timedelta(minutes=1))',
    bad='instances=Instances("ml.m5.large", startup_timeout=timedelta(seconds=59))',
)
def startup_timeout(spec: EndpointSpec) -> Iterator[Finding]:
    """Check the start-up timeout."""
    for at, instances in hosted(spec):
        time = seconds(instances.startup_timeout)
        yield from outside(
            f"{at}.startup_timeout",
            time,
            "realtime",
            "container_startup_health_check_timeout",
            unit="seconds",
        )


@rule(
    "SMC308",
    "The machine image is one that SageMaker offers",
    where=particular,
    source="ProductionVariant.InferenceAmiVersion",
    facts=["realtime/inference_ami_version"],
    good='instances=Instances("ml.g5.xlarge", ami_version="al2-ami-sagemaker-inference-gpu-3-1")',
    bad='instances=Instances("ml.g5.xlarge", ami_version="al2-ami-sagemaker-inference-gpu-9")',
)
def ami_known(spec: EndpointSpec) -> Iterator[Finding]:
    """Check the name of the machine image."""
    for at, instances in hosted(spec):
        yield from unlisted(f"{at}.ami_version", instances.ami_version, limit("realtime", "inference_ami_version"))


@rule(
    "SMC309",
    "The machine image fits the accelerator of the instances",
    severity="warning",
    where=particular,
    source="ProductionVariant.InferenceAmiVersion: each version names its accelerator",
    facts=["realtime/inference_ami_version", "instances/neuron_types"],
    good='instances=Instances("ml.g5.xlarge", ami_version="al2-ami-sagemaker-inference-gpu-3-1")',
    bad='instances=Instances("ml.m5.large", ami_version="al2-ami-sagemaker-inference-gpu-3-1")',
)
def ami_fits(spec: EndpointSpec) -> Iterator[Finding]:
    """Warn of a machine image whose drivers the instances cannot use."""
    for at, instances in hosted(spec):
        if not is_text(instances.ami_version):
            continue
        if "-neuron-" in instances.ami_version:
            accelerator, misfits = (
                "Inferentia or Trainium",
                [k for k in known_types(instances) if k.neuron_devices == 0],
            )
        else:
            accelerator, misfits = "NVIDIA GPUs", [k for k in known_types(instances) if k.gpus == 0]
        if misfits:
            yield Finding(
                f"{at}.ami_version",
                f"is {instances.ami_version!r}, made for {accelerator}, which {', '.join(k.name for k in misfits)} "
                "does not have",
            )


@rule(
    "SMC310",
    "The routing is one that CloudFormation offers",
    where=particular,
    source="AWS::SageMaker::EndpointConfig RoutingConfig.RoutingStrategy",
    facts=["realtime/routing_strategy_cfn", "realtime/routing_strategy_api"],
    good='instances=Instances("ml.m5.large", routing="LEAST_OUTSTANDING_REQUESTS")',
    bad='instances=Instances("ml.m5.large", routing="KV_AWARE")',
)
def routing_known(spec: EndpointSpec) -> Iterator[Finding]:
    """Check the routing strategy."""
    for at, instances in hosted(spec):
        if is_text(instances.routing):
            simple = [name for name in limit("realtime", "routing_strategy_cfn") if name != "PREFIX_AWARE"]
            for finding in unlisted(f"{at}.routing", instances.routing, simple):
                yield Finding(finding.at, f"{finding.text}, or PrefixAwareRouting(…)")


@rule(
    "SMC311",
    "Prefix-aware routing has a prefix length of 1024 to 65536 and a threshold of 1 to 1024",
    where=particular,
    source="PrefixAwareRoutingConfig",
    facts=["realtime/prefix_aware"],
    good=(
        'instances=Instances("ml.g5.xlarge", routing=PrefixAwareRouting(prefix_length=4096, concurrency_threshold=8))'
    ),
    bad=('instances=Instances("ml.g5.xlarge", routing=PrefixAwareRouting(prefix_length=100, concurrency_threshold=8))'),
)
def prefix_routing(spec: EndpointSpec) -> Iterator[Finding]:
    """Check the numbers of prefix-aware routing."""
    limits = limit("realtime", "prefix_aware")
    for at, instances in hosted(spec):
        if not isinstance(instances.routing, PrefixAwareRouting):
            continue
        for argument, key in (
            ("prefix_length", "PrefixLength"),
            ("concurrency_threshold", "ConcurrencyThreshold"),
        ):
            value, (low, high) = getattr(instances.routing, argument), limits[key]
            if is_number(value) and not (low <= value <= high and value == int(value)):
                yield Finding(f"{at}.routing.{argument}", f"is {value}; it is a whole number, {low} to {high}")


@rule(
    "SMC312",
    "There are at most five instance types, all different",
    where=particular,
    source="ProductionVariant.InstancePools",
    facts=["realtime/instance_pools"],
    good='instances=Instances("ml.g6.xlarge", pools=["ml.g5.xlarge"])',
    bad='instances=Instances("ml.g6.xlarge", pools=["ml.g6.xlarge"])',
)
def pools(spec: EndpointSpec) -> Iterator[Finding]:
    """Check the further instance types."""
    highest = limit("realtime", "instance_pools")["count"][1]
    for at, instances in hosted(spec):
        if len(instances.types) > highest:
            yield Finding(
                f"{at}.pools",
                f"has {len(instances.pools)} types; with the preferred type there are at most {highest}",
            )
        for index, name in enumerate(instances.pools):
            if is_text(name) and name in instances.types[: index + 1]:
                yield Finding(f"{at}.pools[{index}]", f"is {name!r}, which stands there before; each type stands once")


@rule(
    "SMC313",
    "Instances may take 300 to 3600 seconds to be provided",
    where=particular,
    source="ProductionVariant.VariantInstanceProvisionTimeoutInSeconds",
    facts=["realtime/variant_instance_provision_timeout"],
    good='instances=Instances("ml.g5.xlarge", provision_timeout=timedelta(minutes=5))',
    bad='instances=Instances("ml.g5.xlarge", provision_timeout=timedelta(minutes=4))',
)
def provision_timeout(spec: EndpointSpec) -> Iterator[Finding]:
    """Check the provision timeout."""
    for at, instances in hosted(spec):
        time = seconds(instances.provision_timeout)
        yield from outside(
            f"{at}.provision_timeout", time, "realtime", "variant_instance_provision_timeout", unit="seconds"
        )


@rule(
    "SMC314",
    "A capacity reservation is given by its ARN",
    where=particular,
    source="ProductionVariantCapacityReservationConfig.MlReservationArn",
    facts=["realtime/capacity_reservation"],
    good=(
        'instances=Instances("ml.p5.48xlarge", '
        'capacity_reservation="arn:aws:sagemaker:us-east-1:123456789012:training-plan/plan")'
    ),
    bad='instances=Instances("ml.p5.48xlarge", capacity_reservation="plan")',
)
def capacity_reservation(spec: EndpointSpec) -> Iterator[Finding]:
    """Check the ARN of the capacity reservation."""
    shape = limit("realtime", "capacity_reservation")
    low, high = shape["arn_len"]
    for at, instances in hosted(spec):
        arn = instances.capacity_reservation
        if is_text(arn) and not (low <= len(arn) <= high and re.fullmatch(shape["arn_pattern"], arn)):
            yield Finding(
                f"{at}.capacity_reservation",
                f"is {arn!r}; it is an ARN such as arn:aws:sagemaker:us-east-1:123456789012:training-plan/name",
            )


@rule(
    "SMC330",
    "An image for x86 does not run on Graviton instances, nor the other way round",
    source='"Container images for Graviton instances", SageMaker developer guide',
    facts=["instances/arm_families"],
    good='container=sklearn, instances=Instances("ml.m5.large")',
    bad='container=sklearn, instances=Instances("ml.c7g.large")',
)
def processor(spec: EndpointSpec) -> Iterator[Finding]:
    """Check that a framework's image is built for the processor of the instances."""
    for at, image, instances in published(spec):
        if {"graviton"} < image.accelerators:
            continue
        arm = "graviton" in image.accelerators
        misfits = [kind.name for kind in known_types(instances) if kind.arm is not arm]
        if misfits:
            yield Finding(
                at,
                f"is {image.framework} built for {'Arm' if arm else 'x86'}, but {', '.join(misfits)} has "
                f"{'an x86' if arm else 'an Arm'} processor"
                + ("" if arm else '; accelerator="graviton" is built for it, where AWS publishes one'),
            )


@rule(
    "SMC331",
    "An image is built for the accelerator of the instances",
    severity="warning",
    source='"Available Deep Learning Containers images": images by processor',
    facts=["instances/neuron_types", "instances/multi_gpu_types"],
    good='container=Container(ContainerImage.from_framework("pytorch", "2.6", accelerator="gpu")), '
    'instances=Instances("ml.g5.xlarge")',
    bad='container=Container(ContainerImage.from_framework("pytorch", "2.6")), instances=Instances("ml.g5.xlarge")',
)
def accelerator(spec: EndpointSpec) -> Iterator[Finding]:
    """Warn of accelerators that stand idle, or that a container will look for in vain."""
    for at, image, instances in published(spec):
        misfits = [kind for kind in known_types(instances) if not any(_drives(it, kind) for it in image.accelerators)]
        if misfits:
            having = ", ".join(f"{kind.name} has {_accelerator_of(kind)}" for kind in misfits)
            built = " or ".join(sorted(image.accelerators))
            yield Finding(at, f"is {image.framework} built for accelerator={built!r}, but {having}")


def _drives(accelerator: str, kind: InstanceType) -> bool:
    match accelerator:
        case "gpu":
            return kind.gpus != 0
        case "neuron" | "neuronx":
            return kind.neuron_devices != 0
        case _:
            return not kind.gpus and not kind.neuron_devices


def _accelerator_of(kind: InstanceType) -> str:
    if kind.gpus:
        return f"{kind.gpus} GPU{'s' if kind.gpus > 1 else ''}"
    return "Neuron devices" if kind.neuron_devices else "no accelerator"


def _serves_both(image: PublishedImage) -> bool:
    """Say whether AWS publishes one and the same image for processors and GPUs."""
    try:
        cpu, gpu = (
            images.find(image.name, image.version, accelerator=each, python=image.python, os=image.os)
            for each in ("cpu", "gpu")
        )
    except images.UnknownImage:
        return False
    return cpu.tag == gpu.tag
