"""Specs for tests: one that is valid, with whatever arguments a test changes."""

from __future__ import annotations

from datetime import timedelta
from types import SimpleNamespace

from sm_constructs import (
    Container,
    ContainerImage,
    Instances,
    ModelData,
    ModelPackage,
    Network,
    PrefixAwareRouting,
    Scaling,
    ScheduledCapacity,
    TargetTracking,
)
from sm_constructs.spec import SINGLE_VARIANT, EndpointSpec, ModelSpec, VariantSpec

IMAGE = ContainerImage.from_uri("123456789012.dkr.ecr.eu-west-1.amazonaws.com/scorer:1.4")
MODEL_DATA = ModelData.from_uri("s3://models/churn/model.tar.gz")
POLICY = TargetTracking.invocations_per_instance(70)

# What the examples of rules may refer to. The rules look at no more of a repository or a key than that it is there.
NAMES = {
    "Container": Container,
    "ContainerImage": ContainerImage,
    "Instances": Instances,
    "ModelData": ModelData,
    "ModelPackage": ModelPackage,
    "Network": Network,
    "PrefixAwareRouting": PrefixAwareRouting,
    "Scaling": Scaling,
    "ScheduledCapacity": ScheduledCapacity,
    "TargetTracking": TargetTracking,
    "timedelta": timedelta,
    "image": IMAGE,
    "sklearn": Container(ContainerImage.from_framework("sklearn", "1.2-1")),
    "repository": SimpleNamespace(),
    "key": SimpleNamespace(),
}


def spec_of(
    *,
    container=None,
    instances=None,
    scaling=None,
    weight=1.0,
    variant_name=SINGLE_VARIANT,
    variant_names=None,
    **options,
):
    """Give a valid spec, but for the arguments."""
    variants = tuple(
        VariantSpec(
            name=name,
            model=ModelSpec(containers=(container or Container(IMAGE, model_data=MODEL_DATA),)),
            instances=instances or Instances("ml.m5.large"),
            scaling=scaling,
            weight=weight,
        )
        for name in variant_names or [variant_name]
    )
    return EndpointSpec(kind="real-time", variants=variants, **options)


def spec_from_source(arguments: str) -> EndpointSpec:
    """Give the spec that an example of a rule describes."""
    return eval(f"spec_of({arguments})", {**NAMES, "spec_of": spec_of})
