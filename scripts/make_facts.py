"""Bring ``facts.json`` and ``instance_types.json`` in ``sm_constructs/facts/`` up to the packages that are installed.

Run ``make facts``. Limits and enumerations come from the service models of botocore (Apache-2.0) and the resource
schemas of CloudFormation as cfn-lint carries them (MIT-0); `ROWS` says what of which row. Instance types come from
botocore, what they consist of from moto's list of EC2 instance types (Apache-2.0). A type that moto does not have is
written without what it consists of. The same packages always give the same bytes. What changed is printed.

Everything else in ``facts.json`` was read in AWS's documentation, which no package carries.
"""

from __future__ import annotations

import gzip
import json
import re
import sys
from functools import cache
from importlib import resources
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from botocore.loaders import Loader
from cfnlint.schema.manager import PROVIDER_SCHEMA_MANAGER

from scripts.make_shapes import differences

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    # Gives what a part of a row's value is now, from what it was.
    Reader: TypeAlias = Callable[[Any], object]

Json: TypeAlias = dict[str, Any]

FACTS = Path(__file__).parent.parent / "sm_constructs" / "facts"
SCALING, RUNTIME, WATCH, SCHEDULER = "application-autoscaling", "sagemaker-runtime", "cloudwatch", "scheduler"


@cache
def shapes(service: str) -> dict[str, Json]:
    """Give the shapes of a service."""
    found: dict[str, Json] = Loader().load_service_model(service, "service-2")["shapes"]
    return found


@cache
def schema(kind: str) -> Json:
    """Give the schema of a resource type."""
    found: Json = PROVIDER_SCHEMA_MANAGER.get_resource_schema("us-east-1", kind).schema
    return found


def as_before(before: list[Any], now: list[Any]) -> list[Any]:
    """Arrange a list as it was, with what is new at the end."""
    return [*(each for each in before if each in now), *(each for each in now if each not in before)]


def said(what: str, shape: str, service: str = "sagemaker") -> Reader:
    """Read one thing that a shape says, such as its ``max``."""
    return lambda _: shapes(service)[shape].get(what)


def least(shape: str, service: str = "sagemaker") -> Reader:
    """Read the lower end of a shape."""
    return said("min", shape, service)


def most(shape: str, service: str = "sagemaker") -> Reader:
    """Read the upper end of a shape."""
    return said("max", shape, service)


def pattern(shape: str) -> Reader:
    """Read the pattern of a shape."""
    return said("pattern", shape)


def ends(shape: str, service: str = "sagemaker") -> list[Reader]:
    """Read both ends of a shape."""
    return [least(shape, service), most(shape, service)]


def values(shape: str, service: str = "sagemaker", only: str = "") -> Reader:
    """Read the values of an enumeration, or those that begin with a word."""
    return lambda before: as_before(before, [each for each in shapes(service)[shape]["enum"] if each.startswith(only)])


def value(wanted: str, shape: str, service: str) -> Reader:
    """Read whether an enumeration still has a value."""
    return lambda _: wanted if wanted in shapes(service)[shape]["enum"] else None


def count(shape: str) -> Reader:
    """Read how many values an enumeration has."""
    return lambda _: len(shapes("sagemaker")[shape]["enum"])


def required(shape: str) -> Reader:
    """Read which members a structure needs."""
    return lambda before: as_before(before, shapes("sagemaker")[shape].get("required", []))


def needed(members: dict[str, str]) -> Reader:
    """Read which members, by their structures, are needed."""
    return lambda _: [name for name, shape in members.items() if name in shapes("sagemaker")[shape].get("required", [])]


def all_needed(*names: str, shape: str) -> Reader:
    """Read whether a structure needs all of these."""
    return lambda _: set(names) <= set(shapes("sagemaker")[shape].get("required", []))


def of_schema(kind: str, key: str) -> Reader:
    """Read the names of properties that a schema lists, such as those that replace the resource."""
    return lambda before: as_before(before, sorted(each.split("/")[2] for each in schema(kind).get(key, [])))


def cfn_required(kind: str, *definition: str) -> Reader:
    """Read which properties a resource type, or a part of it, needs."""

    def read(before: list[str]) -> list[str]:
        part = schema(kind)
        for name in definition:
            part = part["definitions"][name]
        return as_before(before, part.get("required", []))

    return read


def cfn_enum(kind: str, definition: str, name: str) -> Reader:
    """Read the values that a property may have."""
    return lambda before: as_before(before, schema(kind)["definitions"][definition]["properties"][name]["enum"])


def minutes(kind: str, handler: str) -> Reader:
    """Read how long CloudFormation waits for a resource."""
    return lambda _: schema(kind)["handlers"][handler]["timeoutInMinutes"]


CONFIG, ENDPOINT, COMPONENT = (
    f"AWS::SageMaker::{each}" for each in ("EndpointConfig", "Endpoint", "InferenceComponent")
)
TARGET, POLICY = "AWS::ApplicationAutoScaling::ScalableTarget", "AWS::ApplicationAutoScaling::ScalingPolicy"
NAME = {"max": most("VariantName"), "pattern": pattern("VariantName")}
MANAGED = "ManagedInstanceScaling"

# What is read for which row; of a list or mapping, what is not named stays as it is.
ROWS: dict[str, Any] = {
    "serverless/memory_size_min_max": ends("ServerlessMemorySizeInMB"),
    "serverless/memory_and_max_concurrency_required": all_needed(
        "MemorySizeInMB", "MaxConcurrency", shape="ProductionVariantServerlessConfig"
    ),
    "serverless/max_concurrency": ends("ServerlessMaxConcurrency"),
    "serverless/provisioned_concurrency": ends("ServerlessProvisionedConcurrency"),
    "serverless/autoscaling_dimension": value(
        "sagemaker:variant:DesiredProvisionedConcurrency", "ScalableDimension", SCALING
    ),
    "serverless/autoscaling_predefined_metric": value(
        "SageMakerVariantProvisionedConcurrencyUtilization", "MetricType", SCALING
    ),
    "async/invocation_timeout": ends("InvocationTimeoutSecondsHeader", RUNTIME),
    "async/request_ttl": ends("RequestTTLSecondsHeader", RUNTIME),
    "async/max_concurrent_invocations_per_instance": ends("MaxConcurrentInvocationsPerInstance"),
    "async/output_config_required": all_needed("OutputConfig", shape="AsyncInferenceConfig"),
    "async/s3_paths_max_length": most("DestinationS3Uri"),
    "async/notification_topics": {"pattern": pattern("SnsTopicArn")},
    "async/include_inference_response_in": values("AsyncNotificationTopicTypes"),
    "async/initial_instance_count_min": least("InitialTaskCount"),
    "realtime/production_variants_count": ends("ProductionVariantList"),
    "realtime/variant_name": NAME,
    "realtime/variant_required_fields": required("ProductionVariant"),
    "realtime/initial_instance_count_min": least("InitialTaskCount"),
    "realtime/variant_weight_min": least("VariantWeight"),
    "realtime/volume_size_gb": ends("ProductionVariantVolumeSizeInGB"),
    "realtime/model_data_download_timeout": ends("ProductionVariantModelDataDownloadTimeoutInSeconds"),
    "realtime/container_startup_health_check_timeout": ends(
        "ProductionVariantContainerStartupHealthCheckTimeoutInSeconds"
    ),
    "realtime/routing_strategy_api": values("RoutingStrategy"),
    "realtime/routing_strategy_cfn": cfn_enum(CONFIG, "RoutingConfig", "RoutingStrategy"),
    "realtime/prefix_aware": {
        "PrefixLength": ends("PrefixAwareRoutingPrefixLength"),
        "ConcurrencyThreshold": ends("PrefixAwareRoutingConcurrencyThreshold"),
    },
    "realtime/managed_instance_scaling": {
        "MinInstanceCount_min": least(f"{MANAGED}MinInstanceCount"),
        "MaxInstanceCount_min": least(f"{MANAGED}MaxInstanceCount"),
        "Status": values(f"{MANAGED}Status"),
        "ScaleIn.Strategy": values(f"{MANAGED}ScaleInStrategy"),
        "MaximumStepSize": ends(f"{MANAGED}MaximumStepSize"),
        "CooldownInMinutes": ends(f"{MANAGED}CooldownInMinutes"),
    },
    "realtime/instance_pools": {"count": ends("InstancePoolList"), "Priority": ends("InstancePoolPriority")},
    "realtime/variant_instance_provision_timeout": ends("VariantInstanceProvisionTimeoutInSeconds"),
    "realtime/inference_ami_version": values("ProductionVariantInferenceAmiVersion"),
    "realtime/capacity_reservation": {
        "preference": values("CapacityReservationPreference"),
        "arn_len": ends("MlReservationArn"),
        "arn_pattern": pattern("MlReservationArn"),
    },
    "realtime/metrics_config_frequency": cfn_enum(CONFIG, "MetricsConfig", "MetricPublishFrequencyInSeconds"),
    "realtime/image_uri_max": most("ContainerImage"),
    "realtime/environment": {
        "entries": most("EnvironmentMap"),
        "key_max": most("EnvironmentKey"),
        "key_pattern": pattern("EnvironmentKey"),
        "value_max": most("EnvironmentValue"),
    },
    "realtime/vpc_config": {"SecurityGroupIds": ends("VpcSecurityGroupIds"), "Subnets": ends("Subnets")},
    "realtime/model_package_name": {"max": most("VersionedArnOrName"), "pattern": pattern("VersionedArnOrName")},
    "realtime/network_id": {"max": most("SubnetId"), "pattern": pattern("SubnetId")},
    "realtime/core_dump_uri_max": most("DestinationS3Uri"),
    "mme/mode": values("ContainerMode"),
    "mme/model_cache_setting": values("ModelCacheSetting"),
    "mme/target_model_header": {"max": most("TargetModelHeader", RUNTIME)},
    "multi_container/containers": {1: most("ContainerDefinitionList")},
    "multi_container/inference_execution_mode": values("InferenceExecutionMode"),
    "multi_container/hostname": {"max": most("ContainerHostname"), "pattern": pattern("ContainerHostname")},
    "autoscaling/scalable_dimensions": values("ScalableDimension", SCALING, "sagemaker:"),
    "autoscaling/predefined_metrics": values("MetricType", SCALING, "SageMaker"),
    "autoscaling/service_namespace": value("sagemaker", "ServiceNamespace", SCALING),
    "autoscaling/cfn_required": cfn_required(TARGET),
    "autoscaling/step_policy_types": values("AdjustmentType", SCALING),
    "autoscaling/exclude_retained_variant_properties": values("VariantPropertyType"),
    "autoscaling/policy_name": {"min": least("PolicyName", SCALING), "max": most("PolicyName", SCALING)},
    "autoscaling/custom_metric_statistics": values("MetricStatistic", SCALING),
    "guardrails/traffic_routing_types": values("TrafficRoutingConfigType"),
    "guardrails/wait_interval": ends("WaitIntervalInSeconds"),
    "guardrails/termination_wait": ends("TerminationWaitInSeconds"),
    "guardrails/max_execution_timeout": ends("MaximumExecutionTimeoutInSeconds"),
    "guardrails/rolling_required": required("RollingUpdatePolicy"),
    "guardrails/capacity_size": {"Type": values("CapacitySizeType"), "Value_min": least("CapacitySizeValue")},
    "guardrails/alarms": ends("AlarmList"),
    "guardrails/alarm_name": ends("AlarmName"),
    "shadow/sampling_percentage_max": most("Percentage"),
    "data_capture/sampling": ends("SamplingPercentage"),
    "data_capture/capture_modes": values("CaptureMode"),
    "data_capture/capture_options": ends("CaptureOptionList"),
    "data_capture/required": required("DataCaptureConfig"),
    "data_capture/content_types": ends("CsvContentTypes"),
    "data_capture/content_type": {"max": most("CsvContentType"), "pattern": pattern("CsvContentType")},
    "data_capture/destination_uri_max": most("DestinationS3Uri"),
    "explainer/shap_baseline_inline_max": most("ClarifyShapBaseline"),
    "explainer/clarify_max_payload": ends("ClarifyMaxPayloadInMB"),
    "explainer/shap_config_required": needed(
        {"ShapConfig": "ClarifyExplainerConfig", "ShapBaselineConfig": "ClarifyShapConfig"}
    ),
    "explainer/headers": {
        "FeatureHeaders": ends("ClarifyFeatureHeaders"),
        "FeatureTypes": ends("ClarifyFeatureTypes"),
        "LabelHeaders": ends("ClarifyLabelHeaders"),
        "jmespath_max": most("ClarifyFeaturesAttribute"),
    },
    "explainer/lowest": {
        "NumberOfSamples": least("ClarifyShapNumberOfSamples"),
        "MaxRecordCount": least("ClarifyMaxRecordCount"),
        "ProbabilityIndex": least("ClarifyProbabilityIndex"),
        "LabelIndex": least("ClarifyLabelIndex"),
    },
    "explainer/feature_types": values("ClarifyFeatureType"),
    "explainer/text_granularity": values("ClarifyTextGranularity"),
    "explainer/text_language": values("ClarifyTextLanguage"),
    "inference_component/name": {"max": most("InferenceComponentName"), "pattern": pattern("InferenceComponentName")},
    "inference_component/compute": {
        "NumberOfCpuCoresRequired_min": least("NumberOfCpuCores"),
        "NumberOfAcceleratorDevicesRequired_min": least("NumberOfAcceleratorDevices"),
        "MinMemoryRequiredInMb_min": least("MemoryInMb"),
        "required": required("InferenceComponentComputeResourceRequirements"),
    },
    "inference_component/copy_count_min": least("InferenceComponentCopyCount"),
    "inference_component/scale_in_policy": {
        "Strategy": values(f"{MANAGED}ScaleInStrategy"),
        "MaximumStepSize": ends(f"{MANAGED}MaximumStepSize"),
        "CooldownInMinutes": ends(f"{MANAGED}CooldownInMinutes"),
    },
    "inference_component/scheduling": {
        "PlacementStrategy": values("InferenceComponentPlacementStrategy"),
        "EnforcementMode": values("AvailabilityZoneBalanceEnforcementMode"),
        "MaxImbalance": ends("AvailabilityZoneBalanceMaxImbalance"),
    },
    "batch/max_concurrent_transforms_min": least("MaxConcurrentTransforms"),
    "batch/invocations_timeout": ends("InvocationsTimeoutInSeconds"),
    "batch/invocations_max_retries": ends("InvocationsMaxRetries"),
    "batch/batch_strategy": values("BatchStrategy"),
    "batch/split_type": values("SplitType"),
    "batch/assemble_with": values("AssemblyType"),
    "batch/environment": {
        "entries": most("TransformEnvironmentMap"),
        "key_max": most("TransformEnvironmentKey"),
        "value_max": most("TransformEnvironmentValue"),
    },
    "batch/instance_types": count("TransformInstanceType"),
    "batch/job_name": {"max": most("TransformJobName"), "pattern": pattern("TransformJobName")},
    "batch/mime_type_max": most("ContentType"),
    "batch/json_path_max": most("JsonPath"),
    "batch/s3_uri_max": most("S3Uri"),
    "batch/schedule_window": ends("MaximumWindowInMinutes", SCHEDULER),
    "batch/schedule_retries": ends("MaximumRetryAttempts", SCHEDULER),
    "batch/schedule_event_age": ends("MaximumEventAgeInSeconds", SCHEDULER),
    "artifacts/s3_data_source": {
        "S3DataType": values("S3ModelDataType"),
        "CompressionType": values("ModelCompressionType"),
        "S3Uri_max": most("S3ModelUri"),
        "required": required("S3ModelDataSource"),
    },
    "artifacts/additional_model_data_sources": most("AdditionalModelDataSources"),
    "artifacts/model_data_url": {"max": most("Url"), "pattern": pattern("Url")},
    "instances/hosting_enum_count": count("ProductionVariantInstanceType"),
    "cloudwatch/alarm_name": ends("AlarmName", WATCH),
    "cloudwatch/alarm_rule": ends("AlarmRule", WATCH),
    "cloudwatch/alarm_actions": most("ResourceList", WATCH),
    "cloudwatch/metric_identity": {
        "Namespace": ends("Namespace", WATCH),
        "MetricName": ends("MetricName", WATCH),
        "Dimensions": {1: most("Dimensions", WATCH)},
    },
    "cloudformation/endpoint_replacement": of_schema(ENDPOINT, "createOnlyProperties"),
    "cloudformation/endpoint_config_replacement": of_schema(CONFIG, "createOnlyProperties"),
    "cloudformation/model_replacement": of_schema("AWS::SageMaker::Model", "createOnlyProperties"),
    "cloudformation/inference_component_replacement": of_schema(COMPONENT, "createOnlyProperties"),
    "cloudformation/scalable_target_replacement": of_schema(TARGET, "createOnlyProperties"),
    "cloudformation/scaling_policy_replacement": of_schema(POLICY, "createOnlyProperties"),
    "cloudformation/role_replacement": of_schema("AWS::IAM::Role", "createOnlyProperties"),
    "cloudformation/writeonly_endpoint": of_schema(ENDPOINT, "writeOnlyProperties"),
    "cloudformation/handler_timeouts": {
        "Endpoint.create": minutes(ENDPOINT, "create"),
        "Endpoint.update": minutes(ENDPOINT, "update"),
        "InferenceComponent.update": minutes(COMPONENT, "update"),
    },
    "cloudformation/name_lengths": {
        "EndpointName": most("EndpointName"),
        "EndpointConfigName": most("EndpointConfigName"),
        "ModelName": most("ModelName"),
        "VariantName": most("VariantName"),
    },
    "cloudformation/name_patterns": {
        "endpoint,config,variant": pattern("EndpointName"),
        "model": pattern("ModelName"),
    },
    "cloudformation/execution_role_pattern": {"len": ends("RoleArn"), "pattern": pattern("RoleArn")},
    "cloudformation/tags_max": most("TagList"),
}
# Rows about shapes and schemas whose value is a sentence: what it says is read again by who reads the difference.
SENTENCES = {
    "serverless/autoscaling_in_cloudformation_evidence",
    "realtime/payload_max_doc",
    "realtime/enable_ssm_access",
    "realtime/endpoint_config_vpc_isolation_role",
    "autoscaling/scheduled_actions",
    "inference_component/cfn_create_only",
    "batch/cfn_resource",
    "instances/no_t3",
    "cloudformation/ref_returns_arn",
    "cloudformation/model_not_validated_by_schema",
}


def read(reader: Any, before: Any) -> Any:  # noqa: ANN401 - JSON
    """Give what a value, or those parts of it that are read, is now."""
    if callable(reader):
        return reader(before)
    if isinstance(before, list) and isinstance(reader, dict):
        return [read(reader[at], each) if at in reader else each for at, each in enumerate(before)]
    if isinstance(reader, list):
        return [read(part, each) for part, each in zip(reader, before, strict=True)]
    return {name: read(reader[name], each) if name in reader else each for name, each in before.items()}


def rows(before: list[Json]) -> list[Json]:
    """Bring the rows of ``facts.json`` up to date; what is no longer there to be read stays, see `unread`."""
    return [_with(row, _read(row)[0]) for row in before]


def unread(before: list[Json]) -> Iterator[str]:
    """Tell which rows can no longer be read, a line each."""
    for row in before:
        _, lacking = _read(row)
        if lacking is not None:
            yield f"facts.json {row['area']}/{row['key']}: nothing installed has {lacking} any more; see ROWS"


def _read(row: Json) -> tuple[object, str | None]:
    """Give the value of a row as it is now, and what could not be read."""
    reader, before = ROWS.get(f"{row['area']}/{row['key']}"), row["value"]
    try:
        return (before if reader is None else read(reader, before)), None
    except KeyError as lacking:
        return before, str(lacking)


def _with(row: Json, now: object) -> Json:
    return row if now == row["value"] else {**row, "value": now, "source": _up_to_date(row["source"])}


def _up_to_date(source: str) -> str:
    for name in ("botocore", "cfn-lint"):
        source = re.sub(rf"\b{name} \d[\d.]*\d", f"{name} {version(name)}", source)
    return source


def instance_types(before: Json) -> Json:
    """Bring ``instance_types.json`` up to date."""
    known = {row["type"]: row for row in before["types"]}
    unspecified: dict[str, int | None] = before["no_specification_found"]
    hosting = shapes("sagemaker")["ProductionVariantInstanceType"]["enum"]
    specified = {name: specification(name, known.get(name, {})) for name in hosting}
    bare = [name for name, row in specified.items() if row is None]
    return {
        **before,
        "accepted_for_transform": as_before(
            before["accepted_for_transform"], shapes("sagemaker")["TransformInstanceType"]["enum"]
        ),
        "no_specification_found": {name: unspecified.get(name) for name in as_before(list(unspecified), bare)},
        "types": [row for row in specified.values() if row is not None],
    }


@cache
def _ec2() -> dict[str, Json]:
    packed = resources.files("moto").joinpath("ec2/resources/instance_types.json.gz").read_bytes()
    found: dict[str, Json] = json.loads(gzip.decompress(packed))
    return found


def specification(name: str, before: Json) -> Json | None:
    """Give what an instance type consists of, if EC2 has it or it was known."""
    its = _ec2().get(name.removeprefix("ml."))
    if its is None:
        return before or None
    gpus, storage = its.get("GpuInfo", {}), its.get("InstanceStorageInfo", {})
    # EC2 tells chips of both generations of Inferentia as accelerators too.
    chips = its.get("NeuronInfo", {}).get("NeuronDevices") or its.get("InferenceAcceleratorInfo", {}).get(
        "Accelerators", []
    )
    return {
        "type": name,
        "vcpu": its["VCpuInfo"]["DefaultVCpus"],
        "mem_mib": its["MemoryInfo"]["SizeInMiB"],
        "gpus": sum(each["Count"] for each in gpus.get("Gpus", [])),
        "gpu": ", ".join(f"{each['Manufacturer']} {each['Name']}" for each in gpus.get("Gpus", [])),
        "gpu_mem_mib": gpus.get("TotalGpuMemoryInMiB"),
        "neuron": sum(each["Count"] for each in chips),
        "local_storage_gb": storage.get("TotalSizeInGB"),
        "nvme": storage.get("NvmeSupport"),
        "burstable": its["BurstablePerformanceSupported"],
        "arch": its["ProcessorInfo"]["SupportedArchitectures"],
        "sdk_gpu": before.get("sdk_gpu"),
    }


def changes_of_rows(before: list[Json], after: list[Json]) -> Iterator[str]:
    """Tell what differs between the values of two lists of rows, a line each."""
    old, new = ({f"{row['area']}/{row['key']}": row["value"] for row in table} for table in (before, after))
    for address, its in new.items():
        yield from differences(old[address], its, f"facts.json {address}")


def changes_of_types(before: Json, after: Json) -> Iterator[str]:
    """Tell what differs between two tables of instance types, a line each."""
    old, new = ({row["type"]: row for row in table["types"]} for table in (before, after))
    at = "instance_types.json"
    for name in sorted({*old, *new}):
        if name in old and name in new:
            yield from differences(old[name], new[name], f"{at} {name}")
        else:
            yield f"{at} - {name}" if name in old else f"{at} + {name}"
    bare = "no_specification_found"
    yield from (f"{at} {bare} - {name}" for name in before[bare] if name not in after[bare])
    yield from (
        f"{at} {bare} + {name}: give it what it consists of" for name in after[bare] if name not in before[bare]
    )
    part = "accepted_for_transform"
    yield from differences(before[part], after[part], f"{at} {part}")


def text_of_rows(table: list[Json]) -> str:
    """Write rows, a line each."""
    return "[\n" + ",\n".join(json.dumps(row, ensure_ascii=False) for row in table) + "\n]\n"


def text_of_types(table: Json) -> str:
    """Write the table of instance types, a line each."""
    heads = [f'"{name}": {json.dumps(part)},\n' for name, part in table.items() if name != "types"]
    types = ",\n".join(json.dumps(row) for row in table["types"])
    return "{\n" + "".join(heads) + f'"types": [\n{types}\n]}}\n'


def changes(table: list[Json], types: Json) -> list[str]:
    """Tell what differs between the two tables and what the installed packages say, a line each."""
    return [
        *changes_of_rows(table, rows(table)),
        *unread(table),
        *changes_of_types(types, instance_types(types)),
    ]


def main() -> int:
    """Write both tables; print what changed."""
    facts, types = FACTS / "facts.json", FACTS / "instance_types.json"
    before = json.loads(facts.read_text(encoding="utf-8")), json.loads(types.read_text(encoding="utf-8"))
    for line in changes(*before):
        sys.stdout.write(f"{line}\n")
    facts.write_text(text_of_rows(rows(before[0])), encoding="utf-8", newline="\n")
    types.write_text(text_of_types(instance_types(before[1])), encoding="utf-8", newline="\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
