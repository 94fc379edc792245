"""Every kind of endpoint, in a first form and in a changed one, and what an SDK client sees of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import aws_cdk as cdk
from conftest import CONTEXT

from sm_constructs import (
    AsyncEndpoint,
    BatchTransform,
    Container,
    ContainerImage,
    InferenceComponent,
    InferenceComponentEndpoint,
    Instances,
    ModelData,
    MultiContainerEndpoint,
    MultiModelEndpoint,
    MultiVariantEndpoint,
    PipelineEndpoint,
    RealTimeEndpoint,
    S3Location,
    Scaling,
    ServerlessEndpoint,
    TargetTracking,
    TransformInput,
    TransformOutput,
    Variant,
)
from sm_constructs.local import EmbeddedAws

IMAGE = ContainerImage.from_framework("xgboost", "1.7-1")


def make(stack: cdk.Stack, folder: Path, version: int) -> None:
    """Make the kind that the stack is named after, in one of its two forms."""
    model = folder / f"model-{version}"
    model.mkdir(exist_ok=True)
    (model / "xgboost-model").write_text(f"trees {version}")
    container = Container(IMAGE, model_data=ModelData.from_directory(model))
    stored = Container(IMAGE, model_data=ModelData.from_s3("models", f"{version}/model.tar.gz"), hostname="stored")
    instances = Instances("ml.m5.large", count=version)
    scaling = Scaling(1, version * 2, policies=[TargetTracking.invocations_per_instance(70 * version)])
    match stack.stack_name:
        case "RealTime":
            RealTimeEndpoint(stack, "E", container=container, instances=instances, scaling=scaling)
        case "Serverless":
            ServerlessEndpoint(
                stack,
                "E",
                container=container,
                memory_mb=1024 * version,
                max_concurrency=10,
                provisioned_concurrency=version,
                scaling=Scaling(1, 4, policies=[TargetTracking.provisioned_concurrency_utilization(0.7)]),
            )
        case "Async":
            place = S3Location("answers", f"{version}/")
            AsyncEndpoint(
                stack, "E", container=container, instances=Instances("ml.m5.large"), output=place, scaling=Scaling(0, 2)
            )
        case "MultiModel":
            models = ModelData.from_s3_prefix("models", f"store-{version}/")
            MultiModelEndpoint(stack, "E", container=Container(IMAGE), models=models, instances=instances)
        case "MultiContainer":
            named = Container(IMAGE, model_data=ModelData.from_directory(model), hostname="packed")
            MultiContainerEndpoint(stack, "E", containers=[named, stored], instances=instances)
        case "Pipeline":
            PipelineEndpoint(
                stack, "E", containers=[container, Container(IMAGE, model_data=stored.model_data)], instances=instances
            )
        case "MultiVariant":
            variants = [
                Variant("champion", container=container, instances=instances, weight=9, scaling=scaling),
                Variant("challenger", container=stored, instances=Instances("ml.m5.large"), weight=version),
            ]
            MultiVariantEndpoint(stack, "E", variants=variants)
        case "Shadow":
            MultiVariantEndpoint(
                stack,
                "E",
                variants=[Variant("live", container=container, instances=instances)],
                shadow=Variant("next", container=stored, instances=Instances("ml.m5.large")),
            )
        case "Components":
            copies = Scaling(0, 4 * version, policies=[TargetTracking.invocations_per_copy(20)])
            component = InferenceComponent(
                "trees", container=container, memory_mb=512 * version, cpus=1, copies=version, scaling=copies
            )
            adapter = InferenceComponent(
                "legal", base="trees", adapter=ModelData.from_s3("models", f"legal-{version}.tar.gz")
            )
            InferenceComponentEndpoint(
                stack,
                "E",
                instances=Instances("ml.m5.2xlarge", count=version),
                components=[component, adapter],
                scaling=Scaling(0, 2),
            )
        case "Batch":
            BatchTransform(
                stack,
                "E",
                container=container,
                instances=instances,
                input=TransformInput(S3Location("questions", "in/"), content_type="text/csv"),
                output=TransformOutput(S3Location("answers", "out/")),
                schedule=f"rate({version} days)" if version > 1 else "rate(1 day)",
            )


NAMES = [
    "RealTime",
    "Serverless",
    "Async",
    "MultiModel",
    "MultiContainer",
    "Pipeline",
    "MultiVariant",
    "Shadow",
    "Components",
    "Batch",
]


def synthesise(outdir: Path, folder: Path, version: int) -> Path:
    """Synthesise one stack for each kind."""
    app = cdk.App(outdir=str(outdir), context=CONTEXT)
    for name in NAMES:
        make(cdk.Stack(app, name), folder, version)
    app.synth()
    return outdir


class Seen:
    """What SDK clients saw after each step, by the name of the stack."""

    def __init__(self, aws: EmbeddedAws, first: Path, second: Path) -> None:
        self.output: dict[str, str] = {}
        self._aws = aws
        self._step("created", aws.deploy(first, "--all"))
        self.created = {name: self._look(name) for name in NAMES}
        self._step("updated", aws.deploy(second, "--all"))
        self.updated = {name: self._look(name) for name in NAMES}
        self._step("destroyed", aws.destroy(second, "--all"))
        self.left = self._everything()

    def _step(self, step: str, result: tuple[int, str]) -> None:
        code, self.output[step] = result
        assert code == 0, self.output[step]

    def _look(self, stack: str) -> dict[str, Any]:
        """Describe everything that a stack made, as far as it is an endpoint's or a transform's."""
        sagemaker: Any = self._aws.client("sagemaker")
        autoscaling: Any = self._aws.client("application-autoscaling")
        cloudformation: Any = self._aws.client("cloudformation")
        resources = cloudformation.list_stack_resources(StackName=stack)["StackResourceSummaries"]
        ids: dict[str, list[str]] = {}
        for resource in resources:
            ids.setdefault(resource["ResourceType"], []).append(resource["PhysicalResourceId"])

        def names(kind: str) -> list[str]:
            return [each.rpartition("/")[2] for each in ids.get(f"AWS::SageMaker::{kind}", [])]

        found: dict[str, Any] = {
            "models": [sagemaker.describe_model(ModelName=name) for name in names("Model")],
            "schedules": [each.rpartition("/")[2] for each in ids.get("AWS::Scheduler::Schedule", [])],
            "alarms": ids.get("AWS::CloudWatch::Alarm", []),
        }
        for name in names("EndpointConfig"):
            found["config"] = sagemaker.describe_endpoint_config(EndpointConfigName=name)
        for name in names("Endpoint"):
            found["endpoint"] = sagemaker.describe_endpoint(EndpointName=name)
        found["components"] = [
            sagemaker.describe_inference_component(InferenceComponentName=name) for name in names("InferenceComponent")
        ]
        targets = [each.split("|")[0] for each in ids.get("AWS::ApplicationAutoScaling::ScalableTarget", [])]
        described = autoscaling.describe_scalable_targets(ServiceNamespace="sagemaker")["ScalableTargets"]
        found["targets"] = [each for each in described if each["ResourceId"] in targets]
        policies = autoscaling.describe_scaling_policies(ServiceNamespace="sagemaker")["ScalingPolicies"]
        found["policies"] = [each for each in policies if each["ResourceId"] in targets]
        found["ids"] = ids
        return found

    def _everything(self) -> dict[str, list[Any]]:
        sagemaker: Any = self._aws.client("sagemaker")
        autoscaling: Any = self._aws.client("application-autoscaling")
        iam: Any = self._aws.client("iam")
        return {
            "models": sagemaker.list_models()["Models"],
            "configs": sagemaker.list_endpoint_configs()["EndpointConfigs"],
            "endpoints": sagemaker.list_endpoints()["Endpoints"],
            "components": sagemaker.list_inference_components()["InferenceComponents"],
            "targets": autoscaling.describe_scalable_targets(ServiceNamespace="sagemaker")["ScalableTargets"],
            "policies": autoscaling.describe_scaling_policies(ServiceNamespace="sagemaker")["ScalingPolicies"],
            "alarms": self._aws.client("cloudwatch").describe_alarms()["MetricAlarms"],
            "schedules": self._aws.client("scheduler").list_schedules()["Schedules"],
            "roles": [role for role in iam.list_roles()["Roles"] if not role["RoleName"].startswith("cdk-")],
        }
