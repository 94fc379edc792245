"""Specs for tests: one that is valid, with whatever arguments a test changes."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from types import SimpleNamespace

import yaml

from sm_constructs import (
    ClarifyExplainer,
    Container,
    ContainerImage,
    CustomMetric,
    DataCapture,
    DataProcessing,
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
    TransformInput,
    TransformOutput,
    TransformSchedule,
)
from sm_constructs.reading.resources import Template
from sm_constructs.spec import SINGLE_VARIANT, AsyncInference, EndpointSpec, ModelSpec, Serverless, VariantSpec
from sm_constructs.transform import TransformSpec

IMAGE = ContainerImage.from_uri("123456789012.dkr.ecr.eu-west-1.amazonaws.com/scorer:1.4")
MODEL_DATA = ModelData.from_uri("s3://models/churn/model.tar.gz")
POLICY = TargetTracking.invocations_per_instance(70)

# What the examples of rules may refer to. The rules look at no more of a repository or a key than that it is there.
NAMES = {
    "AsyncInference": AsyncInference,
    "ClarifyExplainer": ClarifyExplainer,
    "DataCapture": DataCapture,
    "MetricsConfig": MetricsConfig,
    "Rollout": Rollout,
    "ScaleIn": ScaleIn,
    "DataProcessing": DataProcessing,
    "InferenceComponent": InferenceComponent,
    "S3Location": S3Location,
    "Serverless": Serverless,
    "Container": Container,
    "ContainerImage": ContainerImage,
    "CustomMetric": CustomMetric,
    "Instances": Instances,
    "ModelData": ModelData,
    "ModelPackage": ModelPackage,
    "Network": Network,
    "PrefixAwareRouting": PrefixAwareRouting,
    "Scaling": Scaling,
    "ScheduledCapacity": ScheduledCapacity,
    "Step": Step,
    "StepScaling": StepScaling,
    "TargetTracking": TargetTracking,
    "TransformInput": TransformInput,
    "TransformOutput": TransformOutput,
    "TransformSchedule": TransformSchedule,
    "datetime": datetime,
    "timedelta": timedelta,
    "image": IMAGE,
    "sklearn": Container(ContainerImage.from_framework("sklearn", "1.2-1")),
    "records": S3Location("data", "customers/"),
    "scores": S3Location("data", "scores/"),
    "repository": SimpleNamespace(),
    "key": SimpleNamespace(),
}


def spec_of(
    *,
    kind="real-time",
    container=None,
    containers=None,
    mode="single",
    instances=None,
    serverless=None,
    scaling=None,
    weight=1.0,
    variant_name=SINGLE_VARIANT,
    variant_names=None,
    shadow_name=None,
    shadow_weight=1.0,
    shadow_scaling=None,
    components=(),
    managed=None,
    scale_in=None,
    **options,
):
    """Give a valid spec, but for the arguments."""
    model = ModelSpec(containers=tuple(containers or [container or Container(IMAGE, model_data=MODEL_DATA)]), mode=mode)
    if kind == "serverless":
        instances = None
        model = ModelSpec(containers=(container or Container(IMAGE, model_data=MODEL_DATA),))
    else:
        instances = instances or Instances("ml.m5.large")
    variant = VariantSpec(
        model=model, instances=instances, serverless=serverless, scaling=scaling, weight=weight, name=variant_name
    )
    if components:
        variant = VariantSpec(instances=instances, scaling=managed, scale_in=scale_in)
        kind = "inference-components"
    return EndpointSpec(
        kind=kind,
        variants=tuple(replace(variant, name=name) for name in variant_names or [variant.name]),
        shadow=None
        if shadow_name is None
        else replace(variant, name=shadow_name, weight=shadow_weight, scaling=shadow_scaling),
        components=tuple(components),
        **options,
    )


def transform_spec_of(*, container=None, containers=None, **options):
    """Give a valid spec of a batch transform, but for the arguments."""
    model = ModelSpec(
        containers=tuple(containers or [container or Container(IMAGE, model_data=MODEL_DATA)]),
        mode="serial" if containers else "single",
    )
    defaults = {
        "instances": Instances("ml.m5.xlarge"),
        "input": TransformInput(NAMES["records"]),
        "output": TransformOutput(NAMES["scores"]),
        "job_name_prefix": "churn",
    }
    return TransformSpec(model=model, **{**defaults, **options})


class _ShortForms(yaml.SafeLoader):
    """YAML with those short forms of intrinsic functions that the examples of rules use."""


_ShortForms.add_constructor("!Ref", lambda loader, node: {"Ref": loader.construct_scalar(node)})
_ShortForms.add_constructor("!Sub", lambda loader, node: {"Fn::Sub": loader.construct_scalar(node)})
_ShortForms.add_constructor("!GetAtt", lambda loader, node: {"Fn::GetAtt": loader.construct_scalar(node).split(".", 1)})


def spec_from_source(source: str, about: type = EndpointSpec) -> EndpointSpec | TransformSpec | Template:
    """Give the spec, or the template, that an example of a rule describes."""
    if about is Template:
        return Template(template_from_source(source))
    maker = transform_spec_of if about is TransformSpec else spec_of
    return eval(f"maker({source})", {**NAMES, "maker": maker})


def template_from_source(source: str) -> dict:
    """Give the template that an example of a rule about templates describes: its resources, perhaps more."""
    resources = yaml.load(source, Loader=_ShortForms)
    sections = {name: resources.pop(name, {}) for name in ("Parameters", "Mappings")}
    return {**sections, "Resources": resources}
