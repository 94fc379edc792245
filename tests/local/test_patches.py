"""moto is where this package expects it to be: a version of moto that is not shows here, and not in deployments."""

from __future__ import annotations

import importlib.metadata
import json
import subprocess
import sys

import pytest

# In a process of its own, because applying the patches changes moto for good.
LOOK = """
import inspect, json
from moto.applicationautoscaling import models as autoscaling, responses as autoscaling_responses
from moto.cloudformation import models as cloudformation, responses as cloudformation_responses
from moto.cloudformation import urls as cloudformation_urls
from moto.cloudformation.parsing import get_model_map
from moto.core.base_backend import BaseBackend
from moto.sagemaker import models as sagemaker, responses as sagemaker_responses, urls as sagemaker_urls
from moto.s3.models import FakeBucket

def own(function):
    return list(inspect.signature(function).parameters)

Backend, Map = cloudformation.CloudFormationBackend, cloudformation.ResourceMap
source = inspect.getsource(cloudformation)
print(json.dumps({
    "types": list(get_model_map()),
    "stacks": source.count("= Stack("),
    "maps": source.count("= ResourceMap("),
    "signatures": {
        "create_stack": own(Backend.create_stack),
        "create_change_set": own(Backend.create_change_set),
        "execute_change_set": own(Backend.execute_change_set),
        "update_stack": own(Backend.update_stack),
        "delete_stack": own(Backend.delete_stack),
        "map": own(Map.__init__),
        "register": own(autoscaling.ApplicationAutoscalingBackend.register_scalable_target),
        "check_target": own(autoscaling._target_params_are_valid),
        "get_permission": own(FakeBucket.get_permission),
    },
    "places": [
        cloudformation.cloudformation_backends.backend is Backend,
        sagemaker.sagemaker_backends.backend is sagemaker.SageMakerModelBackend,
        autoscaling.applicationautoscaling_backends.backend is autoscaling.ApplicationAutoscalingBackend,
        cloudformation_urls.url_paths["{0}/$"] == cloudformation_responses.CloudFormationResponse.dispatch,
        sagemaker_urls.url_paths["{0}/$"] == sagemaker_responses.SageMakerResponse.dispatch,
        hasattr(autoscaling_responses.ApplicationAutoScalingResponse, "_validate_params"),
        isinstance(BaseBackend._url_module, property),
    ],
    "update_endpoint": hasattr(sagemaker_responses.SageMakerResponse, "update_endpoint"),
}))
"""


@pytest.fixture(scope="module")
def moto() -> dict:
    return json.loads(subprocess.run([sys.executable, "-c", LOOK], check=True, capture_output=True, text=True).stdout)


def test_the_version_is_one_that_this_was_written_for():
    major, minor, *_ = importlib.metadata.version("moto").split(".")
    assert (int(major), int(minor)) >= (5, 2)
    assert int(major) < 6


def test_what_is_replaced_is_where_moto_looks_for_it(moto: dict):
    assert moto["places"] == [True] * 7
    # Every place in which moto makes a stack or its map of resources, by names that are replaced.
    assert (moto["stacks"], moto["maps"]) == (3, 1)


def test_what_is_replaced_is_called_as_it_was(moto: dict):
    assert moto["signatures"] == {
        "create_stack": [
            *("self", "name", "template", "parameters", "notification_arns", "tags", "role_arn"),
            *("enable_termination_protection", "timeout_in_mins", "stack_policy_body"),
        ],
        "create_change_set": [
            *("self", "stack_name", "change_set_name", "template", "parameters", "description", "change_set_type"),
            *("notification_arns", "tags", "role_arn"),
        ],
        "execute_change_set": ["self", "change_set_name", "stack_name"],
        "update_stack": ["self", "name", "template", "role_arn", "parameters", "tags"],
        "delete_stack": ["self", "name_or_stack_id"],
        "map": [
            *("self", "stack_id", "stack_name", "parameters", "tags", "region_name", "account_id", "template"),
            "cross_stack_resources",
        ],
        "register": [
            *("self", "namespace", "r_id", "dimension", "min_capacity", "max_capacity", "role_arn"),
            "suspended_state",
        ],
        "check_target": ["namespace", "r_id", "dimension"],
        "get_permission": ["self", "action", "resource"],
    }


def test_moto_still_lacks_what_is_added(moto: dict):
    """What moto learns may be left to moto then."""
    ours = {
        "AWS::ApplicationAutoScaling::ScalableTarget",
        "AWS::ApplicationAutoScaling::ScalingPolicy",
        "AWS::CloudWatch::Alarm",
        "AWS::S3::BucketPolicy",
    }
    assert ours.isdisjoint(moto["types"])
    assert moto["update_endpoint"] is False
