"""Multi-model containers, and models of several containers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sm_constructs.containers import Container
from sm_constructs.facts import limit
from sm_constructs.model_data import S3Prefix, UriData
from sm_constructs.rules.instances import known_types, recognised
from sm_constructs.rules.registry import Finding, rule
from sm_constructs.spec import once_each
from sm_constructs.tokens import is_text, is_unresolved

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sm_constructs.instances import Instances
    from sm_constructs.spec import EndpointSpec, ModelSpec

_STORE = 'models=ModelData.from_s3_prefix("models", "tenants/")'
_TRITON = 'ContainerImage.from_framework("triton", "24.09", accelerator="gpu")'
_TWO = 'containers=[Container(image, hostname="a"), Container(image, hostname="b")]'


@once_each
def stores(spec: EndpointSpec) -> Iterator[tuple[str, Container, Instances | None]]:
    """Give every multi-model container, with its place and what it runs on."""
    for at, variant in spec.placed_variants():
        for index, container in enumerate(variant.model.containers if variant.model else ()):
            if isinstance(container, Container) and container.models is not None:
                yield f"{at}.model.containers[{index}]", container, variant.instances


@once_each
def together(spec: EndpointSpec) -> Iterator[ModelSpec]:
    """Give every model with several containers, or with a mode for them."""
    return (model for _, model in spec.placed_models() if len(model.containers) > 1 or model.mode != "single")


@rule(
    "SMC501",
    "Multi-model containers run on CPUs or on one GPU",
    where=stores,
    source='"Instance recommendations for multi-model endpoint deployments", SageMaker developer guide',
    facts=["mme/instance_rule", "instances/multi_gpu_types"],
    good=f'container=Container({_TRITON}, {_STORE}), instances=Instances("ml.g5.xlarge")',
    bad=f'container=Container({_TRITON}, {_STORE}), instances=Instances("ml.g5.12xlarge")',
)
def one_gpu(spec: EndpointSpec) -> Iterator[Finding]:
    """Check the number of GPUs."""
    for at, _, instances in stores(spec):
        kinds = [] if instances is None else known_types(instances)
        for kind in kinds:
            if kind.gpus is not None and kind.gpus > 1:
                yield Finding(
                    at.replace(".model.containers[0]", ".instances.type"),
                    f"is {kind.name}, which has {kind.gpus} GPUs; a multi-model container runs on CPUs or one GPU",
                )


@rule(
    "SMC502",
    "AWS lists the GPU type for multi-model endpoints",
    severity="warning",
    where=stores,
    source='"Supported algorithms, frameworks, and instances for multi-model endpoints", SageMaker developer guide',
    facts=["mme/gpu_instance_list", "mme/single_gpu_types_in_enum_unlisted"],
    good=f'container=Container({_TRITON}, {_STORE}), instances=Instances("ml.g5.xlarge")',
    bad=f'container=Container({_TRITON}, {_STORE}), instances=Instances("ml.g6.xlarge")',
)
def listed_gpu(spec: EndpointSpec) -> Iterator[Finding]:
    """Warn of a GPU type that the documents do not name."""
    listed = limit("mme", "gpu_instance_list")
    for at, _, instances in stores(spec):
        for kind in [] if instances is None else known_types(instances):
            if kind.gpus == 1 and kind.name not in listed:
                yield Finding(
                    at.replace(".model.containers[0]", ".instances.type"),
                    f"is {kind.name}, which AWS's list for multi-model endpoints does not name; it has "
                    f"{', '.join(listed)}",
                )


@rule(
    "SMC503",
    "A multi-model container on a GPU is Triton",
    where=stores,
    source='"Supported algorithms, frameworks, and instances for multi-model endpoints", SageMaker developer guide',
    facts=["mme/gpu_container"],
    good=f'container=Container({_TRITON}, {_STORE}), instances=Instances("ml.g5.xlarge")',
    bad='container=Container(ContainerImage.from_framework("pytorch", "2.6", accelerator="gpu"), '
    f'{_STORE}), instances=Instances("ml.g5.xlarge")',
)
def triton(spec: EndpointSpec) -> Iterator[Finding]:
    """Check the image of multi-model containers on GPUs; nothing is known of images that AWS does not publish."""
    for at, container, instances in stores(spec):
        on_gpu = any(kind.gpus for kind in ([] if instances is None else known_types(instances)))
        image = recognised(container.image)
        if on_gpu and image is not None and image.framework != "triton":
            yield Finding(f"{at}.image", f"is {image.framework}; on GPUs only Triton serves several models")


@rule(
    "SMC504",
    "The store of a multi-model container is a prefix that ends in /",
    where=stores,
    source="ContainerDefinition.ModelDataUrl with Mode MultiModel: an S3 prefix",
    facts=["mme/model_data_url_is_prefix", "mme/model_data_url_trailing_slash"],
    good=f"container=Container(image, {_STORE})",
    bad='container=Container(image, models=ModelData.from_s3("models", "model.tar.gz"))',
)
def store_is_a_prefix(spec: EndpointSpec) -> Iterator[Finding]:
    """Check where the models lie."""
    for at, container, _ in stores(spec):
        match container.models:
            case S3Prefix():
                continue
            case UriData(uri=uri) if is_unresolved(uri) or uri.endswith("/"):
                continue
            case models:
                yield Finding(f"{at}.models", f"is {models}; it is a prefix: ModelData.from_s3_prefix(bucket, prefix)")


@rule(
    "SMC505",
    "A multi-model container has no model data of its own",
    where=stores,
    source="ContainerDefinition.ModelDataUrl: with Mode MultiModel it is the store",
    facts=["mme/mode", "mme/model_data_source_forbidden"],
    good=f"container=Container(image, {_STORE})",
    bad=f'container=Container(image, model_data=ModelData.from_s3("models", "model.tar.gz"), {_STORE})',
)
def store_alone(spec: EndpointSpec) -> Iterator[Finding]:
    """Check that there are not both a store and a model."""
    for at, container, _ in stores(spec):
        if container.model_data is not None:
            yield Finding(f"{at}.model_data", "is given beside models; a multi-model container has only its store")


@rule(
    "SMC506",
    "A pipeline has at most one multi-model container",
    where=together,
    source='"Use SageMaker AI multi-model endpoints with inference pipelines", SageMaker developer guide',
    facts=["mme/in_pipeline"],
    good=f'containers=[Container(image), Container(image, {_STORE})], mode="serial"',
    bad=f'containers=[Container(image, {_STORE}), Container(image, {_STORE})], mode="serial"',
)
def one_store(spec: EndpointSpec) -> Iterator[Finding]:
    """Check how many stores a model has."""
    for at, model in spec.placed_models():
        count = sum(isinstance(container, Container) and container.models is not None for container in model.containers)
        if count > 1:
            yield Finding(f"{at}.containers", f"has {count} multi-model containers; a pipeline has at most one")


@rule(
    "SMC511",
    "A model of several containers has 2 to 15",
    source="CreateModel.Containers",
    facts=["multi_container/containers"],
    good=f'{_TWO}, mode="direct"',
    bad='containers=[Container(image, hostname="a")], mode="direct"',
    of_templates=False,
)
def container_count(spec: EndpointSpec) -> Iterator[Finding]:
    """Check how many containers there are."""
    low, high = limit("multi_container", "containers")
    for at, model in spec.placed_models():
        if model.mode != "single" and not low <= len(model.containers) <= high:
            yield Finding(f"{at}.containers", f"has {len(model.containers)} containers; it has {low} to {high}")


@rule(
    "SMC515",
    "A list of containers has two or more",
    severity="warning",
    where=together,
    source='"Multi-container endpoints", SageMaker developer guide: 2 to 15; the API takes one',
    facts=["multi_container/containers"],
    good=f'{_TWO}, mode="direct"',
    bad='containers=[Container(image, hostname="a")], mode="direct"',
    of_constructs=False,
)
def lone_container(spec: EndpointSpec) -> Iterator[Finding]:
    """Warn where the guide and the API contradict each other."""
    low, _ = limit("multi_container", "containers")
    for at, model in spec.placed_models():
        if model.mode != "single" and len(model.containers) < low:
            yield Finding(f"{at}.containers", f"has {len(model.containers)} containers; the guide says {low} or more")


@rule(
    "SMC512",
    "Containers that are called directly have host names",
    where=together,
    source='"Multi-container endpoints with direct invocation": ContainerHostname is required',
    facts=["multi_container/direct_hostname_required"],
    good=f'{_TWO}, mode="direct"',
    bad='containers=[Container(image, hostname="a"), Container(image)], mode="direct"',
)
def direct_hostnames(spec: EndpointSpec) -> Iterator[Finding]:
    """Check that each container can be called."""
    for at, model in spec.placed_models():
        for index, container in enumerate(model.containers):
            if model.mode == "direct" and container.hostname is None:
                yield Finding(f"{at}.containers[{index}].hostname", "is missing; callers name the container by it")


@rule(
    "SMC513",
    "The containers of a pipeline have host names all or none",
    where=together,
    source="ContainerDefinition.ContainerHostname",
    facts=["multi_container/serial_hostname_all_or_none"],
    good='containers=[Container(image), Container(image)], mode="serial"',
    bad='containers=[Container(image, hostname="a"), Container(image)], mode="serial"',
)
def serial_hostnames(spec: EndpointSpec) -> Iterator[Finding]:
    """Check that no container of a pipeline is left out."""
    for at, model in spec.placed_models():
        named = [container.hostname is not None for container in model.containers]
        if model.mode == "serial" and any(named) and not all(named):
            yield Finding(
                f"{at}.containers[{named.index(False)}].hostname", "is missing, but others have one; name all or none"
            )


@rule(
    "SMC514",
    "The containers of a model have different host names",
    where=together,
    source="ContainerDefinition.ContainerHostname: uniquely identifies the container",
    facts=["multi_container/hostname"],
    good=f'{_TWO}, mode="serial"',
    bad='containers=[Container(image, hostname="a"), Container(image, hostname="a")], mode="serial"',
)
def hostnames_differ(spec: EndpointSpec) -> Iterator[Finding]:
    """Check that no two containers share a host name."""
    for at, model in spec.placed_models():
        names = [container.hostname for container in model.containers]
        for index, name in enumerate(names):
            if is_text(name) and name in names[:index]:
                yield Finding(f"{at}.containers[{index}].hostname", f"is {name!r}, as an earlier one; each has its own")
