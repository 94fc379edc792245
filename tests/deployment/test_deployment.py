"""Deploy, update, destroy on the embedded AWS, with the real command line, seen through boto3."""

from __future__ import annotations

import pytest

from deployment.kinds import NAMES

ENDPOINTS = [name for name in NAMES if name != "Batch"]


@pytest.mark.parametrize("name", ENDPOINTS)
def test_an_endpoint_comes_up_and_stays_through_its_update(seen, name):
    before, after = seen.created[name]["endpoint"], seen.updated[name]["endpoint"]
    assert before["EndpointStatus"] == after["EndpointStatus"] == "InService"
    assert before["EndpointArn"] == after["EndpointArn"]
    assert before["CreationTime"] == after["CreationTime"]
    assert before["EndpointConfigName"] != after["EndpointConfigName"]


@pytest.mark.parametrize("name", [name for name in NAMES if name != "MultiModel"])
def test_another_model_reaches_what_is_deployed(seen, name):
    def archives(found):
        return {
            container.get("ModelDataUrl")
            for model in found["models"]
            for container in model.get("Containers") or [model["PrimaryContainer"]]
        }

    before, after = archives(seen.created[name]), archives(seen.updated[name])
    assert before
    assert not before & after


@pytest.mark.parametrize("name", ["RealTime", "MultiModel", "MultiContainer", "Pipeline", "MultiVariant", "Shadow"])
def test_another_count_of_instances_is_in_the_new_configuration(seen, name):
    counts = [
        found[name]["config"]["ProductionVariants"][0]["InitialInstanceCount"] for found in (seen.created, seen.updated)
    ]
    assert counts == [1, 2]


def test_autoscaling_keeps_the_count_that_it_chose_and_a_fixed_endpoint_follows_the_template(seen):
    def count(name):
        return seen.updated[name]["endpoint"]["ProductionVariants"][0]["CurrentInstanceCount"]

    assert count("RealTime") == 1
    assert count("Pipeline") == 2


def test_weights_follow_the_template_also_with_autoscaling(seen):
    def weights(found):
        return [variant["CurrentWeight"] for variant in found["MultiVariant"]["endpoint"]["ProductionVariants"]]

    assert weights(seen.created) == [9, 1]
    assert weights(seen.updated) == [9, 2]


def test_a_range_and_its_policy_are_updated_in_place(seen):
    before, after = seen.created["RealTime"], seen.updated["RealTime"]
    assert [(t["MinCapacity"], t["MaxCapacity"]) for t in before["targets"]] == [(1, 2)]
    assert [(t["MinCapacity"], t["MaxCapacity"]) for t in after["targets"]] == [(1, 4)]
    targets = [
        found["policies"][0]["TargetTrackingScalingPolicyConfiguration"]["TargetValue"] for found in (before, after)
    ]
    assert targets == [70, 140]


def test_a_serverless_endpoint_changes_its_memory_and_scales_what_is_provisioned(seen):
    configs = [
        found["Serverless"]["config"]["ProductionVariants"][0]["ServerlessConfig"]
        for found in (seen.created, seen.updated)
    ]
    assert [config["MemorySizeInMB"] for config in configs] == [1024, 2048]
    assert [config["ProvisionedConcurrency"] for config in configs] == [1, 2]
    (target,) = seen.updated["Serverless"]["targets"]
    assert target["ScalableDimension"] == "sagemaker:variant:DesiredProvisionedConcurrency"


def test_an_asynchronous_endpoint_can_leave_zero(seen):
    found = seen.updated["Async"]
    assert found["config"]["AsyncInferenceConfig"]["OutputConfig"]["S3OutputPath"] == "s3://answers/2/"
    assert [target["MinCapacity"] for target in found["targets"]] == [0]
    assert {policy["PolicyType"] for policy in found["policies"]} == {"TargetTrackingScaling", "StepScaling"}
    assert len(found["alarms"]) == 1


def test_a_multi_model_endpoint_gets_another_store(seen):
    stores = [found["MultiModel"]["models"][0]["PrimaryContainer"] for found in (seen.created, seen.updated)]
    assert [store["ModelDataUrl"] for store in stores] == ["s3://models/store-1/", "s3://models/store-2/"]
    assert {store["Mode"] for store in stores} == {"MultiModel"}


def test_containers_are_called_directly_or_one_after_the_other(seen):
    (direct,), (serial,) = seen.created["MultiContainer"]["models"], seen.created["Pipeline"]["models"]
    assert direct["InferenceExecutionConfig"] == {"Mode": "Direct"}
    assert [len(model["Containers"]) for model in (direct, serial)] == [2, 2]


def test_a_shadow_variant_is_there(seen):
    (shadow,) = seen.updated["Shadow"]["endpoint"]["ShadowProductionVariants"]
    assert shadow["VariantName"] == "next"


def test_components_are_updated_in_place(seen):
    before, after = seen.created["Components"], seen.updated["Components"]
    assert [c["InferenceComponentArn"] for c in before["components"]] == [
        c["InferenceComponentArn"] for c in after["components"]
    ]
    trees = [
        next(c for c in found["components"] if c["InferenceComponentName"].endswith("-trees"))
        for found in (before, after)
    ]
    assert [c["RuntimeConfig"]["DesiredCopyCount"] for c in trees] == [1, 2]
    assert [c["Specification"]["ComputeResourceRequirements"]["MinMemoryRequiredInMb"] for c in trees] == [512, 1024]
    assert {c["InferenceComponentStatus"] for c in after["components"]} == {"InService"}
    (target,) = after["targets"]
    assert (target["ResourceId"], target["MinCapacity"], target["MaxCapacity"]) == (
        f"inference-component/{trees[0]['InferenceComponentName']}",
        0,
        8,
    )


def test_a_transform_is_scheduled(seen):
    assert len(seen.created["Batch"]["schedules"]) == 1
    assert len(seen.updated["Batch"]["schedules"]) == 1


@pytest.mark.parametrize(
    "what",
    ["models", "configs", "endpoints", "components", "targets", "policies", "alarms", "schedules", "roles"],
)
def test_nothing_is_left(seen, what):
    assert seen.left[what] == []
