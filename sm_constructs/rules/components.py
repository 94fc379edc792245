"""Shadow variants, and inference components: what they need, what they are based on."""

from __future__ import annotations

from operator import attrgetter
from typing import TYPE_CHECKING

from sm_constructs.durations import seconds
from sm_constructs.facts import limit
from sm_constructs.rules.instances import known_types
from sm_constructs.rules.model_data import is_tree
from sm_constructs.rules.naming import badly_named
from sm_constructs.rules.registry import Finding, outside, rule, unlisted
from sm_constructs.spec import once_each
from sm_constructs.tokens import is_number, is_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sm_constructs.components import InferenceComponent
    from sm_constructs.durations import Time
    from sm_constructs.spec import EndpointSpec, VariantSpec

_components = attrgetter("components")
_shadow = attrgetter("shadow")

_LLAMA = 'InferenceComponent("llama", container=Container(image), memory_mb=1024)'
_SKLEARN = 'InferenceComponent("churn", container=sklearn, memory_mb=1024)'
_ADAPTER = 'InferenceComponent("legal", base="llama", adapter=ModelData.from_s3("models", "legal.tar.gz"))'


@once_each
def placed(spec: EndpointSpec) -> Iterator[tuple[str, InferenceComponent]]:
    """Give every inference component, with its place."""
    for index, component in enumerate(spec.components):
        yield f"components[{index}]", component


@once_each
def without_model(spec: EndpointSpec) -> Iterator[VariantSpec]:
    """Give every variant that has no model of its own, or says how instances are taken from one that has none."""
    return (each for _, each in spec.placed_variants() if each.model is None or each.scale_in is not None)


@rule(
    "SMC801",
    "A shadow variant stands beside exactly one production variant",
    where=_shadow,
    source='"Create a shadow test", SageMaker developer guide',
    facts=["shadow/limits"],
    good='shadow_name="next"',
    bad='variant_names=["champion", "challenger"], shadow_name="next"',
)
def shadow_alone(spec: EndpointSpec) -> Iterator[Finding]:
    """Check what stands beside a shadow variant."""
    if spec.shadow is not None and len(spec.variants) != 1:
        yield Finding("shadow", f"stands beside {len(spec.variants)} variants; it stands beside exactly one")


@rule(
    "SMC802",
    "A shadow variant has a weight of its own and no autoscaling",
    severity="warning",
    where=_shadow,
    source='"Shadow variants", SageMaker developer guide: the weight is the share of requests that are copied',
    facts=["shadow/sampling_percentage_max"],
    good='shadow_name="next"',
    bad='shadow_name="next", shadow_weight=2.0',
)
def shadow_weight(spec: EndpointSpec) -> Iterator[Finding]:
    """Warn of a weight that would copy more requests than there are, or none."""
    if spec.shadow is None or len(spec.variants) != 1:
        return
    weight, of = spec.shadow.weight, spec.variants[0].weight
    if weight == 0:
        yield Finding("shadow.weight", "is 0: no request is copied to the shadow variant")
    if is_number(weight) and is_number(of) and weight > of:
        yield Finding(
            "shadow.weight", f"is {weight:g}, more than the production variant's {of:g}; at most all are copied"
        )


@rule(
    "SMC803",
    "A shadow variant is not autoscaled by this construct",
    where=_shadow,
    source="RegisterScalableTarget: endpoint/name/variant/name of a production variant",
    good='shadow_name="next"',
    bad='shadow_name="next", shadow_scaling=Scaling(1, 4, policies=[TargetTracking.invocations_per_instance(70)])',
    of_templates=False,
)
def shadow_scaling(spec: EndpointSpec) -> Iterator[Finding]:
    """Check that nothing is asked of a shadow variant that is not made."""
    if spec.shadow is not None and spec.shadow.scaling is not None:
        yield Finding("shadow.scaling", "is given; a shadow variant keeps its count, so leave it out")


@rule(
    "SMC820",
    "An inference component's name has 1 to 63 letters, digits and hyphens",
    where=_components,
    source="CreateInferenceComponent.InferenceComponentName",
    facts=["inference_component/name"],
    good=f"components=[{_LLAMA}]",
    bad='components=[InferenceComponent("llama_3", container=Container(image), memory_mb=1024)]',
)
def component_name(spec: EndpointSpec) -> Iterator[Finding]:
    """Check the names of components."""
    shape = limit("inference_component", "name")
    for at, component in placed(spec):
        yield from badly_named(f"{at}.name", component.name, shape["pattern"], shape["max"])


@rule(
    "SMC821",
    "The inference components of an endpoint have different names",
    where=_components,
    source="CreateInferenceComponent.InferenceComponentName",
    facts=["inference_component/name"],
    good=f"components=[{_LLAMA}]",
    bad=f"components=[{_LLAMA}, {_LLAMA}]",
)
def component_names_differ(spec: EndpointSpec) -> Iterator[Finding]:
    """Check that no two components share a name."""
    names = [component.name for component in spec.components]
    for index, name in enumerate(names):
        if is_text(name) and name in names[:index]:
            yield Finding(f"components[{index}].name", f"is {name!r}, the name of an earlier one; each has its own")


@rule(
    "SMC822",
    "An inference component needs at least 128 MB, 0.25 vCPUs, one accelerator",
    where=_components,
    source="InferenceComponentComputeResourceRequirements",
    facts=["inference_component/compute"],
    good=f"components=[{_LLAMA}]",
    bad='components=[InferenceComponent("llama", container=Container(image), memory_mb=127)]',
)
def component_resources(spec: EndpointSpec) -> Iterator[Finding]:
    """Check what components need."""
    compute = limit("inference_component", "compute")
    lowest = {
        "memory_mb": compute["MinMemoryRequiredInMb_min"],
        "max_memory_mb": compute["MinMemoryRequiredInMb_min"],
        "cpus": compute["NumberOfCpuCoresRequired_min"],
        "accelerators": compute["NumberOfAcceleratorDevicesRequired_min"],
    }
    for at, component in placed(spec):
        if component.memory_mb is None and component.base is None:
            yield Finding(f"{at}.memory_mb", "is missing; a component says what memory each copy needs")
        for argument, least in lowest.items():
            value = getattr(component, argument)
            if is_number(value) and value < least:
                yield Finding(f"{at}.{argument}", f"is {value:g}; it is {least:g} or more")
        least, most = component.memory_mb, component.max_memory_mb
        if is_number(least) and is_number(most) and most < least:
            yield Finding(f"{at}.max_memory_mb", f"is {most}, less than memory_mb {least}")


@rule(
    "SMC823",
    "A copy of an inference component fits on an instance",
    where=_components,
    source="InferenceComponentComputeResourceRequirements; instance types of EC2",
    facts=["instances/table"],
    good='instances=Instances("ml.g5.12xlarge"), '
    'components=[InferenceComponent("llama", container=Container(image), memory_mb=1024, accelerators=4)]',
    bad='instances=Instances("ml.g5.12xlarge"), '
    'components=[InferenceComponent("llama", container=Container(image), memory_mb=1024, accelerators=8)]',
)
def component_fits(spec: EndpointSpec) -> Iterator[Finding]:
    """Check that there is an instance type that can hold a copy."""
    if not spec.components or not spec.variants or spec.variants[0].instances is None:
        return
    instances = spec.variants[0].instances
    kinds = known_types(instances)
    if len(kinds) < len(instances.types):
        return  # nothing is known of some of them
    for at, component in placed(spec):
        parts = {
            "cpus": [kind.vcpus for kind in kinds],
            "accelerators": [_accelerators(kind.gpus, kind.neuron_devices) for kind in kinds],
            "memory_mb": [kind.memory_mib for kind in kinds],
        }
        for argument, offered in parts.items():
            value = getattr(component, argument)
            most = max((each for each in offered if each is not None), default=None)
            if is_number(value) and most is not None and None not in offered and value > most:
                names = ", ".join(instances.types)
                yield Finding(f"{at}.{argument}", f"is {value:g}, but {names} has {most:g}; no copy could be placed")


def _accelerators(gpus: int | None, neuron_devices: int | None) -> int | None:
    return None if gpus is None or neuron_devices is None else gpus + neuron_devices


@rule(
    "SMC824",
    "An inference component begins with at least one copy",
    where=_components,
    source='the service\'s error "Inference components copy count an integer larger than 0"',
    facts=["inference_component/copy_count_min"],
    good=f"components=[{_LLAMA}]",
    bad='components=[InferenceComponent("llama", container=Container(image), memory_mb=1024, copies=0)]',
)
def component_copies(spec: EndpointSpec) -> Iterator[Finding]:
    """Check the copies at creation; scaling may take them to 0 afterwards."""
    for at, component in placed(spec):
        if is_number(component.copies) and (component.copies < 1 or component.copies != int(component.copies)):
            yield Finding(
                f"{at}.copies", f"is {component.copies}; it begins with 1 or more, and scaling may take it to 0"
            )


@rule(
    "SMC825",
    "An inference component has a container, or is an adapter",
    where=_components,
    source="InferenceComponentSpecification: BaseInferenceComponentName with Container.ArtifactUrl",
    facts=["inference_component/adapter", "inference_component/specification_xor_specifications"],
    good=f"components=[{_LLAMA}, {_ADAPTER}]",
    bad='components=[InferenceComponent("llama", memory_mb=1024)]',
)
def component_base(spec: EndpointSpec) -> Iterator[Finding]:
    """Check what components are made of."""
    for at, component in placed(spec):
        if component.base is None:
            if component.container is None:
                yield Finding(f"{at}.container", "is missing; a component has a container, or a base and an adapter")
            if component.adapter is not None:
                yield Finding(f"{at}.adapter", "is given without a base")
            continue
        if is_tree(component.adapter):
            yield Finding(f"{at}.adapter", "is a tree of files; an adapter is one archive")
        if component.adapter is None:
            yield Finding(f"{at}.adapter", "is missing; it is what distinguishes the component from its base")
        for argument in ("container", "memory_mb", "max_memory_mb", "cpus", "accelerators", "scaling"):
            if getattr(component, argument) is not None:
                yield Finding(f"{at}.{argument}", "is given beside base; an adapter runs in the container of its base")


@rule(
    "SMC836",
    "The base of an adapter is a component of the endpoint",
    where=_components,
    source="InferenceComponentSpecification.BaseInferenceComponentName",
    facts=["inference_component/adapter"],
    good=f"components=[{_LLAMA}, {_ADAPTER}]",
    bad=f"components=[{_ADAPTER}]",
    of_templates=False,
)
def bases(spec: EndpointSpec) -> Iterator[Finding]:
    """Check that the base is there; that of a template may be in another one."""
    names = [component.name for component in spec.components if component.base is None]
    for at, component in placed(spec):
        if component.base is not None and component.base not in names:
            yield Finding(f"{at}.base", f"is {component.base!r}, no component with a container; there are {names}")


@rule(
    "SMC826",
    "The instances under inference components are scaled by SageMaker itself",
    where=without_model,
    source="ProductionVariantManagedInstanceScaling",
    facts=["realtime/managed_instance_scaling", "realtime/managed_instance_scaling_only_ic"],
    good=f"components=[{_LLAMA}], managed=Scaling(0, 4)",
    bad=f"components=[{_LLAMA}], managed=Scaling(0, 0)",
)
def managed_scaling(spec: EndpointSpec) -> Iterator[Finding]:
    """Check the range of instances under components."""
    shape = limit("realtime", "managed_instance_scaling")
    for at, variant in spec.placed_variants():
        if variant.model is not None or variant.scaling is None:
            continue
        scaling = variant.scaling
        if scaling.policies or scaling.schedule:
            yield Finding(f"{at}.scaling", "has policies, but SageMaker itself keeps as many instances as copies need")
        if is_number(scaling.max_capacity) and scaling.max_capacity < shape["MaxInstanceCount_min"]:
            yield Finding(
                f"{at}.scaling.max_capacity",
                f"is {scaling.max_capacity}; it is {shape['MaxInstanceCount_min']} or more",
            )
        count = None if variant.instances is None else variant.instances.count
        low, high = scaling.min_capacity, scaling.max_capacity
        if is_number(count) and is_number(low) and is_number(high) and low <= high and not low <= count <= high:
            yield Finding(f"{at}.instances.count", f"is {count}, outside the range of scaling, {low} to {high}")


@rule(
    "SMC827",
    "Zero instances are not offered in every region",
    severity="warning",
    where=without_model,
    source="a report of a refusal in eu-west-3",
    facts=["realtime/managed_instance_scaling_min0_regional"],
    good=f'components=[{_SKLEARN}], managed=Scaling(0, 4), region="us-east-1"',
    bad=f'components=[{_SKLEARN}], managed=Scaling(0, 4), region="eu-west-3"',
)
def zero_instances(spec: EndpointSpec) -> Iterator[Finding]:
    """Warn of a region in which zero was refused."""
    if spec.region not in limit("realtime", "managed_instance_scaling_min0_regional")["rejected"]:
        return
    for at, variant in spec.placed_variants():
        if variant.model is None and variant.scaling is not None and variant.scaling.min_capacity == 0:
            yield Finding(f"{at}.scaling.min_capacity", f"is 0, which was refused in {spec.region}")


@rule(
    "SMC828",
    "A component's download and start-up may take 60 to 3600 seconds",
    where=_components,
    source="InferenceComponentStartupParameters",
    facts=["realtime/model_data_download_timeout", "realtime/container_startup_health_check_timeout"],
    good=f"components=[{_LLAMA}]",
    bad='components=[InferenceComponent("llama", container=Container(image), memory_mb=1024, '
    "startup_timeout=timedelta(seconds=59))]",
)
def component_timeouts(spec: EndpointSpec) -> Iterator[Finding]:
    """Check the timeouts of components."""
    for at, component in placed(spec):
        for argument, key in (
            ("model_download_timeout", "model_data_download_timeout"),
            ("startup_timeout", "container_startup_health_check_timeout"),
        ):
            yield from outside(
                f"{at}.{argument}", seconds(getattr(component, argument)), "realtime", key, unit="seconds"
            )


@rule(
    "SMC829",
    "Instances under inference components are taken away when they are idle, or by consolidation",
    where=without_model,
    source="ProductionVariantManagedInstanceScalingScaleInPolicy",
    facts=["inference_component/scale_in_policy"],
    good=f'components=[{_LLAMA}], managed=Scaling(0, 4), scale_in=ScaleIn("CONSOLIDATION", most_at_once=2)',
    bad=f'components=[{_LLAMA}], managed=Scaling(0, 4), scale_in=ScaleIn("IDLE_RELEASE", most_at_once=2)',
)
def scale_in(spec: EndpointSpec) -> Iterator[Finding]:
    """Check how instances are taken away."""
    shape = limit("inference_component", "scale_in_policy")
    for at, variant in spec.placed_variants():
        if (policy := variant.scale_in) is None:
            continue
        here = f"{at}.scale_in"
        if variant.scaling is None or variant.model is not None:
            yield Finding(here, "is given without scaling of instances under inference components")
        yield from unlisted(f"{here}.strategy", policy.strategy, shape["Strategy"])
        for argument, value, key in (
            ("most_at_once", policy.most_at_once, "MaximumStepSize"),
            ("cooldown", _minutes(policy.cooldown), "CooldownInMinutes"),
        ):
            low, high = shape[key]
            if value is not None and policy.strategy == "IDLE_RELEASE":
                yield Finding(f"{here}.{argument}", "is given beside IDLE_RELEASE; it is for CONSOLIDATION")
            elif is_number(value) and (not low <= value <= high or value != int(value)):
                unit = "instances" if argument == "most_at_once" else "minutes"
                yield Finding(f"{here}.{argument}", f"is {value:g}; it is {low} to {high} whole {unit}")


def _minutes(time: Time | None) -> float | None:
    count = seconds(time)
    return count / 60 if is_number(count) else count


@rule(
    "SMC850",
    "Copies of a component are spread or packed, and zones differ by 0 to 100 copies",
    where=_components,
    source="InferenceComponentSchedulingConfig",
    facts=["inference_component/scheduling"],
    good='components=[InferenceComponent("llama", container=Container(image), memory_mb=1024, '
    'placement="SPREAD", zone_imbalance=1)]',
    bad='components=[InferenceComponent("llama", container=Container(image), memory_mb=1024, zone_imbalance=1)]',
)
def placement(spec: EndpointSpec) -> Iterator[Finding]:
    """Check where copies go."""
    shape = limit("inference_component", "scheduling")
    low, high = shape["MaxImbalance"]
    for at, component in placed(spec):
        value = component.zone_imbalance
        yield from unlisted(f"{at}.placement", component.placement, shape["PlacementStrategy"])
        if is_number(value) and (not low <= value <= high or value != int(value)):
            yield Finding(f"{at}.zone_imbalance", f"is {value:g}; it is {low} to {high} whole copies")
        if value is not None and component.placement is None:
            yield Finding(f"{at}.zone_imbalance", "is given without placement")


@rule(
    "SMC837",
    "All copies of an inference component find room",
    severity="warning",
    where=_components,
    source="InferenceComponentComputeResourceRequirements; ProductionVariantManagedInstanceScaling.MaxInstanceCount",
    facts=["inference_component/compute", "instances/table"],
    good='instances=Instances("ml.g5.xlarge"), managed=Scaling(1, 4), components=[InferenceComponent("llama", '
    "container=Container(image), memory_mb=1024, accelerators=1, copies=4)]",
    bad='instances=Instances("ml.g5.xlarge"), managed=Scaling(1, 4), components=[InferenceComponent("llama", '
    "container=Container(image), memory_mb=1024, accelerators=1, copies=5)]",
)
def copies_fit(spec: EndpointSpec) -> Iterator[Finding]:
    """Warn of more copies than the accelerators of all instances can hold."""
    first = spec.variants[0] if spec.variants else None
    if first is None or first.instances is None:
        return
    kinds = known_types(first.instances)
    offered = [_accelerators(kind.gpus, kind.neuron_devices) for kind in kinds]
    most = first.instances.count if first.scaling is None else first.scaling.max_capacity
    if len(kinds) < len(first.instances.types) or None in offered or not is_number(most):
        return
    there = most * max(each or 0 for each in offered)
    for at, component in placed(spec):
        each, copies = component.accelerators, component.copies
        argument = "copies"
        if component.scaling is not None:
            argument, copies = "scaling.max_capacity", component.scaling.max_capacity
        if is_number(each) and is_number(copies) and there and each <= there < copies * each:
            yield Finding(
                f"{at}.{argument}", f"is {copies:g} with {each:g} accelerators each; {most:g} instances have {there:g}"
            )
