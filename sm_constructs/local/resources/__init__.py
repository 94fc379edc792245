"""The CloudFormation resource types that moto lacks, or has too little of; one module each."""

from sm_constructs.local.resources import (
    alarm,
    bucket_policy,
    endpoint,
    endpoint_config,
    inference_component,
    key,
    model,
    nested_stack,
    queue_policy,
    role,
    route_table_association,
    scalable_target,
    scaling_policy,
    schedule,
    stage,
    topic_policy,
    without_effect,
)
from sm_constructs.local.resources.base import TYPES, Resource

__all__ = [
    "TYPES",
    "Resource",
    "alarm",
    "bucket_policy",
    "endpoint",
    "endpoint_config",
    "inference_component",
    "key",
    "model",
    "nested_stack",
    "queue_policy",
    "role",
    "route_table_association",
    "scalable_target",
    "scaling_policy",
    "schedule",
    "stage",
    "topic_policy",
    "without_effect",
]
