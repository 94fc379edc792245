"""What an update does, in words: findings over pairs of templates."""

from __future__ import annotations

import copy
import json

import pytest
from conftest import ROOT
from hypothesis import given, settings
from hypothesis import strategies as st
from local.templates import hosting, scaled

from sm_constructs.diff import EFFECTS, Live, compare
from sm_constructs.diffing.changes import changes, resources, same
from sm_constructs.diffing.command import text
from sm_constructs.diffing.templates import find_stack, parse, read_template
from sm_constructs.facts import limit

GOLDEN = {path.stem: json.loads(path.read_text()) for path in sorted((ROOT / "tests" / "golden").glob("*.json"))}
WEIGHTS = {"main": 3, "other": 1}


def template(*parts, **sections):
    return {"Resources": {id: each for part in parts for id, each in part.items()}, **sections}


def edited(before, *path, to):
    """Give a template with another value at a path; no value to take it away."""
    after = copy.deepcopy(before)
    *way, last = path
    place = after["Resources"]
    for step in way:
        place = place.setdefault(step, {}) if isinstance(place, dict) else place[step]
    if to is None:
        del place[last]
    else:
        place[last] = to
    return after


def effects(findings, id="Endpoint"):
    return {finding.effect for finding in findings if finding.logical_id == id}


def said(findings, effect, id="Endpoint"):
    """Give what is said of a resource to one effect, in one text."""
    found = [finding for finding in findings if (finding.effect, finding.logical_id) == (effect, id)]
    return " ".join(f"{finding.message} {finding.instead or ''}" for finding in found)


VARIANT = ("Config", "Properties", "ProductionVariants", 0)
CONTAINER = ("Model", "Properties", "PrimaryContainer")
PLAIN = template(hosting())
SCALED = template(hosting(), scaled())
TWO = edited(
    PLAIN,
    *VARIANT[:3],
    to=[
        {**hosting()["Config"]["Properties"]["ProductionVariants"][0], "VariantName": name, "InitialVariantWeight": w}
        for name, w in WEIGHTS.items()
    ],
)
RETAINING = edited(SCALED, "Endpoint", "Properties", "RetainAllVariantProperties", to=True)


# What always holds


@pytest.mark.parametrize("name", GOLDEN)
def test_a_template_does_nothing_where_it_is_deployed_already(name):
    assert {finding.effect for finding in compare(GOLDEN[name], GOLDEN[name])} <= {"ignored"}


@settings(deadline=None, max_examples=60)
@given(st.sampled_from(sorted(GOLDEN)), st.sampled_from(sorted(GOLDEN)))
def test_everything_that_changes_is_told_the_gravest_first(first, second):
    before, after = GOLDEN[first], GOLDEN[second]
    findings = compare(before, after)
    order = [EFFECTS.index(finding.effect) for finding in findings]
    assert order == sorted(order)
    old, new = (set(resources(each)) for each in (before, after))
    told = {finding.logical_id: finding for finding in findings}
    assert set(told) <= old | new
    assert (old ^ new) <= set(told)


@pytest.mark.parametrize("id", ["Model", "Config"])
def test_whatever_aws_cannot_change_in_a_model_or_configuration_replaces_it_and_updates_the_endpoint(id):
    fact = {"Model": "model_replacement", "Config": "endpoint_config_replacement"}[id]
    for name in limit("cloudformation", fact):
        found = changes(resources(PLAIN), resources(edited(PLAIN, id, "Properties", name, to="another")))
        assert found[id].action == "replaced", name
        # A configuration with nothing known in it still names the endpoint's.
        assert found["Endpoint"].action == "updated", name
        assert "Role" not in found


def test_tags_replace_nothing():
    found = compare(PLAIN, edited(PLAIN, "Model", "Properties", "Tags", to=[{"Key": "a", "Value": "b"}]))
    assert [(finding.effect, finding.logical_id) for finding in found] == [("updated", "Model")]


# What is the same although it is written in another way


def test_a_join_and_a_substitution_of_the_same_parts_are_the_same():
    before = edited(PLAIN, *CONTAINER, "Image", to={"Fn::Join": ["", ["r/", {"Ref": "Name"}, ":1"]]})
    after = edited(PLAIN, *CONTAINER, "Image", to={"Fn::Sub": "r/${Name}:1"})
    other = edited(PLAIN, *CONTAINER, "Image", to={"Fn::Sub": "r/${Name}:2"})
    assert compare(before, after) == []
    assert "image ${Name}:1 -> ${Name}:2" in said(compare(before, other), "reaches")


def test_what_is_not_looked_into_is_different_where_its_text_is():
    one, two = ({"Fn::Select": [0, {"Fn::Split": [",", f"{'x' * 50}{n}{'x' * 50}"]}]} for n in (1, 2))
    assert same(one, copy.deepcopy(one))
    assert not same(one, two)


def mapped(mapping, image=None):
    place = {"Fn::FindInMap": ["Registry", {"Ref": "AWS::Region"}, "Account"]}
    container = {"Fn::Join": ["", [place, "/serve:1"]]} if image is None else image
    return {**edited(PLAIN, *CONTAINER, "Image", to=container), "Mappings": {"Registry": mapping}}


def test_a_region_more_in_a_mapping_changes_nothing_where_the_region_is_known():
    before = mapped({"us-east-1": {"Account": "1"}})
    more = mapped({"us-east-1": {"Account": "1"}, "eu-west-1": {"Account": "2"}})
    other = mapped({"us-east-1": {"Account": "3"}})
    assert compare(before, more, region="us-east-1") == []
    assert "replaced" in effects(compare(before, other, region="us-east-1"), "Model")
    # Where it is not known, nothing is promised.
    assert "replaced" in effects(compare(before, more), "Model")


def test_metadata_of_the_cdk_is_no_change():
    metadata = {"CDKMetadata": {"Type": "AWS::CDK::Metadata", "Properties": {"Analytics": "v2:1"}}}
    assert compare(PLAIN, template(hosting(), metadata)) == []


# What fails


def test_another_instance_type_fails_for_a_scaled_variant_only():
    for before, fails in ((PLAIN, False), (SCALED, True)):
        found = compare(before, edited(before, *VARIANT, "InstanceType", to="ml.m5.xlarge"))
        assert ("fails" in effects(found)) is fails
        assert "main: ml.m5.large -> ml.m5.xlarge" in said(found, "reaches")
    assert "Deploy twice" in said(found, "fails")


def test_taking_the_scaling_away_in_the_same_update_does_not_help():
    wanted = template(hosting(instance_type="ml.m5.xlarge"))
    assert "also if the same update removes the scaling" in said(compare(SCALED, wanted), "fails")


def test_a_target_that_is_not_in_the_template_is_known_from_what_is_live():
    wanted = template(hosting(instance_type="ml.m5.xlarge"))
    assert "fails" in effects(compare(PLAIN, wanted, live={"Endpoint": Live(scaled=frozenset({"main"}))}))


def test_a_scaled_variant_cannot_go_or_be_renamed():
    wanted = edited(SCALED, *VARIANT, "VariantName", to="next")
    assert "main is removed or renamed while it is autoscaled" in said(compare(SCALED, wanted), "fails")
    assert "fails" not in effects(compare(PLAIN, edited(PLAIN, *VARIANT, "VariantName", to="next")))


@pytest.mark.parametrize("retained", [False, True])
def test_a_variant_cannot_be_renamed_under_a_rollout(retained):
    rollout = {"RollingUpdatePolicy": {"WaitIntervalInSeconds": 60}}
    before = edited(PLAIN, "Endpoint", "Properties", "DeploymentConfig", to=rollout)
    after = edited(before, *VARIANT, "VariantName", to="next")
    if retained:
        after["Resources"]["Endpoint"]["Properties"].pop("DeploymentConfig")
        assert "fails" not in effects(compare(before, after))
        after["Resources"]["Endpoint"]["Properties"]["RetainDeploymentConfig"] = True
    assert "variants of the same names" in said(compare(before, after), "fails")


def test_an_endpoint_with_instances_cannot_become_serverless_and_a_serverless_one_not_again():
    serverless = edited(
        PLAIN,
        *VARIANT,
        to={"VariantName": "main", "ServerlessConfig": {"MemorySizeInMB": 2048, "MaxConcurrency": 5}},
    )
    assert "AWS refuses that" in said(compare(PLAIN, serverless), "fails")
    back = compare(serverless, PLAIN)
    assert "fails" not in effects(back)
    assert "does not let it become serverless again" in said(back, "caution")


@pytest.mark.parametrize(("id", "name"), [("Model", "ModelName"), ("Config", "EndpointConfigName")])
def test_what_has_a_name_cannot_be_replaced(id, name):
    named = edited(PLAIN, id, "Properties", name, to="mine")
    changed = edited(named, *CONTAINER, "Image", to="r/serve:2")
    found = said(compare(named, changed), "fails", id)
    assert "its name mine stays" in found
    assert f"Remove {name}" in found
    renamed = edited(changed, id, "Properties", name, to="yours")
    assert "fails" not in effects(compare(named, renamed), id)


def test_a_name_is_taken_until_its_owner_is_deleted():
    before = template(hosting(EndpointName="chat"))
    after = copy.deepcopy(before)
    after["Resources"]["Moved"] = after["Resources"].pop("Endpoint")
    found = compare(before, after)
    assert "has the name of Endpoint, chat" in said(found, "fails", "Moved")
    assert "requests to it fail from then on" in said(found, "deleted")


def test_a_logical_id_cannot_get_another_type():
    found = compare(PLAIN, edited(PLAIN, "Model", "Type", to="AWS::S3::Bucket"))
    assert "was a SageMaker::Model and would be a S3::Bucket" in said(found, "fails", "Model")


# What is new, and what is gone


def test_another_name_is_a_new_endpoint():
    found = compare(template(hosting(EndpointName="chat")), template(hosting(EndpointName="talk")))
    assert effects(found) == {"replaced", "caution"}
    assert "chat -> talk" in said(found, "caution")


def test_without_a_stack_everything_is_created():
    found = compare({}, SCALED)
    assert {finding.effect for finding in found} == {"created"}
    assert {finding.logical_id for finding in found} == set(SCALED["Resources"])


def test_an_endpoint_that_is_kept_is_told_apart_from_one_that_is_deleted():
    keeping = edited(PLAIN, "Endpoint", "DeletionPolicy", to="Retain")
    nothing = {"Resources": {}}
    assert "it stays where it is" in said(compare(keeping, nothing), "deleted")
    assert "requests to it fail" in said(compare(PLAIN, nothing), "deleted")


def test_an_endpoint_that_becomes_asynchronous_is_called_in_another_way():
    after = edited(PLAIN, "Config", "Properties", "AsyncInferenceConfig", to={"OutputConfig": {}})
    assert "takes only InvokeEndpointAsync" in said(compare(PLAIN, after), "caution")
    assert "takes only InvokeEndpoint from" in said(compare(after, PLAIN), "caution")


# What reaches the endpoint


@pytest.mark.parametrize(
    ("path", "value", "words"),
    [
        ((*CONTAINER, "Image"), "r/serve:2", "main: image serve:1 -> serve:2."),
        ((*CONTAINER, "Image"), "elsewhere/serve:1", "main: image serve:1 -> the same name in another registry."),
        ((*CONTAINER, "ModelDataUrl"), "s3://b/2.tar.gz", "main: model data none -> s3://b/2.tar.gz."),
        ((*CONTAINER, "Environment"), {"KEY": "secret"}, "main: environment, KEY added."),
        ((*CONTAINER, "Mode"), "MultiModel", "main: Mode."),
        ((*VARIANT, "VolumeSizeInGB"), 50, "main: VolumeSizeInGB."),
        (("Config", "Properties", "KmsKeyId"), "key", "KmsKeyId."),
        (("Config", "Properties", "DataCaptureConfig"), {"EnableCapture": True}, "DataCaptureConfig."),
        (("Endpoint", "Properties", "DeploymentConfig"), {"AutoRollbackConfiguration": {}}, "follows the new one"),
    ],
)
def test_what_changes_is_said_in_words(path, value, words):
    found = compare(PLAIN, edited(PLAIN, *path, to=value))
    assert words in said(found, "reaches")
    assert "updated" in effects(found)
    assert "secret" not in str(found)


def test_variants_and_containers_that_come_and_go_are_named():
    assert "variant other is gone" in said(compare(TWO, edited(TWO, *VARIANT[:3], 1, to=None)), "reaches")
    assert "new variant other on ml.m5.large" in said(compare(edited(TWO, *VARIANT[:3], 1, to=None), TWO), "reaches")
    several = edited(PLAIN, "Model", "Properties", to={"Containers": [{"Image": "a:1"}, {"Image": "b:1"}]})
    assert "2 containers in place of 1" in said(compare(PLAIN, several), "reaches")
    other = edited(several, "Model", "Properties", "Containers", 1, "Image", to="b:2")
    assert "main, container 2: image b:1 -> b:2" in said(compare(several, other), "reaches")


# What the endpoint keeps, and what it loses


def live(count=1, **weights):
    return {"Endpoint": Live(counts={"main": count}, weights=weights or {"main": 1.0})}


OTHER_IMAGE = (*CONTAINER, "Image")


def test_an_update_resets_what_scaling_has_made_of_the_count():
    after = edited(SCALED, *OTHER_IMAGE, to="r/serve:2")
    assert "which is 5 now, goes to 1" in said(compare(SCALED, after, live=live(5)), "reset")
    assert "whatever autoscaling has made of it, goes to 1" in said(compare(SCALED, after), "reset")
    assert "reset" not in effects(compare(SCALED, after, live=live(1)))
    # Without scaling, and without anything known, nothing is lost.
    assert "reset" not in effects(compare(PLAIN, edited(PLAIN, *OTHER_IMAGE, to="r/serve:2")))


def test_an_endpoint_that_retains_its_count_loses_none_and_takes_none_from_the_template():
    after = edited(RETAINING, *OTHER_IMAGE, to="r/serve:2")
    assert "reset" not in effects(compare(RETAINING, after, live=live(5)))
    counted = edited(RETAINING, *VARIANT, "InitialInstanceCount", to=2)
    assert "1 -> 2; the endpoint keeps the count it has (5)" in said(
        compare(RETAINING, counted, live=live(5)), "ignored"
    )
    excluding = edited(
        counted,
        "Endpoint",
        "Properties",
        "ExcludeRetainedVariantProperties",
        to=[{"VariantPropertyType": "DesiredInstanceCount"}],
    )
    assert "which is 5 now, goes to 2" in said(compare(RETAINING, excluding, live=live(5)), "reset")


def test_a_count_that_nobody_has_touched_follows_the_template():
    after = edited(PLAIN, *VARIANT, "InitialInstanceCount", to=3)
    assert "main: 3 instances in place of 1" in said(compare(PLAIN, after, live=live(1)), "reaches")
    assert "reset" not in effects(compare(PLAIN, after, live=live(1)))
    assert compare(PLAIN, after, live=live(3))[0].effect != "reset"


def test_an_update_resets_weights_that_were_shifted():
    after = edited(TWO, *OTHER_IMAGE, to="r/serve:2")
    shifted = compare(TWO, after, live=live(main=1.0, other=1.0))
    assert "are main 1, other 1 now, go to main 3, other 1" in said(shifted, "reset")
    assert "if they have been shifted since" in said(compare(TWO, after), "reset")
    assert "reset" not in effects(compare(TWO, after, live=live(main=3.0, other=1.0)))
    weighed = edited(TWO, *VARIANT, "InitialVariantWeight", to=9)
    assert "the weights main 9, other 1" in said(compare(TWO, weighed, live=live(main=3.0, other=1.0)), "reaches")


def test_weights_and_capture_that_are_retained_do_not_follow_the_template():
    before = edited(TWO, "Endpoint", "Properties", "RetainAllVariantProperties", to=True)
    before = edited(before, "Config", "Properties", "DataCaptureConfig", to={"EnableCapture": True})
    after = edited(before, *VARIANT, "InitialVariantWeight", to=9)
    after = edited(after, "Config", "Properties", "DataCaptureConfig", to={"EnableCapture": False})
    ignored = said(compare(before, after), "ignored")
    assert "sm-constructs shift" in ignored
    assert "DataCaptureConfig: the endpoint keeps the one that it has" in ignored


def test_an_endpoint_that_is_at_work_may_refuse():
    after = edited(PLAIN, *OTHER_IMAGE, to="r/serve:2")
    busy = {"Endpoint": Live(status="Updating")}
    assert "is Updating now" in said(compare(PLAIN, after, live=busy), "caution")


# What does not reach it


@pytest.mark.parametrize(
    ("image", "ignored"),
    [
        ("r/serve", True),
        ("r/serve:latest", True),
        ("r:5000/serve", True),
        ("r/serve:1", False),
        ("r:5000/serve:1", False),
        (f"r/serve@sha256:{'a' * 64}", False),
    ],
)
def test_a_newer_image_under_the_same_tag_is_not_seen(image, ignored):
    same_as_before = edited(PLAIN, *CONTAINER, "Image", to=image)
    found = compare(same_as_before, same_as_before)
    assert bool(found) is ignored
    assert not ignored or "Name the image by a tag of its own" in said(found, "ignored")


@pytest.mark.parametrize("form", ["ModelDataUrl", "ModelDataSource"])
def test_new_bytes_under_the_same_key_are_not_seen_unless_the_key_tells_them(form):
    for uri, ignored in (("s3://b/model.tar.gz", True), (f"s3://b/{'a' * 64}.tar.gz", False)):
        data = uri if form == "ModelDataUrl" else {"S3DataSource": {"S3Uri": uri}}
        template = edited(PLAIN, *CONTAINER, form, to=data)
        assert ("new bytes under s3://b/model.tar.gz" in said(compare(template, template), "ignored")) is ignored


# Reading and writing


def test_a_finding_names_the_construct():
    after = edited(PLAIN, "Endpoint", "Metadata", to={"aws:cdk:path": "App/Chat/Endpoint"})
    after = edited(after, *OTHER_IMAGE, to="r/serve:2")
    found = compare(PLAIN, after)
    assert {finding.path for finding in found if finding.logical_id == "Endpoint"} == {"App/Chat/Endpoint"}
    written = text("App", found)
    assert written.startswith("App: 2 replaced, 1 updated\n")
    assert "reaches   App/Chat/Endpoint (Endpoint)\n          main: image serve:1 -> serve:2.\n" in written


def test_no_change_is_said():
    assert text("App", []) == "App: nothing changes\n"


YAML = """
AWSTemplateFormatVersion: 2010-09-09
Resources:
  Config:
    Type: AWS::SageMaker::EndpointConfig
    Properties:
      KmsKeyId: !Sub "key-${AWS::Region}"
      Tags: !If [Prod, [!Ref Tag], !Ref AWS::NoValue]
  Endpoint:
    Type: AWS::SageMaker::Endpoint
    Properties:
      EndpointConfigName: !GetAtt Config.EndpointConfigName
"""


def test_yaml_is_read_with_its_short_forms():
    read = parse(YAML, "it")
    assert read["AWSTemplateFormatVersion"] == "2010-09-09"
    assert read["Resources"]["Endpoint"]["Properties"] == {
        "EndpointConfigName": {"Fn::GetAtt": ["Config", "EndpointConfigName"]}
    }
    assert read["Resources"]["Config"]["Properties"] == {
        "KmsKeyId": {"Fn::Sub": "key-${AWS::Region}"},
        "Tags": {"Fn::If": ["Prod", [{"Ref": "Tag"}], {"Ref": "AWS::NoValue"}]},
    }


@pytest.mark.parametrize("body", ["", "[]", "{}", "a: b", "a: [", '{"Resources": []}', "!!python/object:os.system x"])
def test_what_is_no_template_is_refused(body):
    with pytest.raises(RuntimeError, match="it is"):
        parse(body, "it")


def test_a_file_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(RuntimeError, match="cannot be read"):
        read_template(tmp_path / "template.json")


@pytest.fixture
def assembly(tmp_path):
    """A synthesised application with a stack, and one in a stage."""

    def artifact(template, **properties):
        return {"type": "aws:cloudformation:stack", "properties": {"templateFile": template, **properties}}

    stage = tmp_path / "assembly-Prod"
    stage.mkdir()
    one = {**artifact("a.json", stackName="named"), "environment": "aws://unknown-account/eu-west-1"}
    nested = {"type": "cdk:cloud-assembly", "properties": {"directoryName": "assembly-Prod"}}
    (tmp_path / "manifest.json").write_text(
        json.dumps({"artifacts": {"A": one, "Prod": nested, "T": {"type": "cdk:tree"}}})
    )
    two = {**artifact("b.json"), "environment": "aws://unknown-account/unknown-region", "displayName": "Prod/B"}
    (stage / "manifest.json").write_text(json.dumps({"artifacts": {"ProdB": two}}))
    return tmp_path


@pytest.mark.parametrize("name", ["A", "named"])
def test_a_stack_is_found_by_its_id_and_its_name(assembly, name):
    found = find_stack(assembly, name)
    assert (found.name, found.template, found.region) == ("named", assembly / "a.json", "eu-west-1")


@pytest.mark.parametrize("name", ["ProdB", "Prod/B"])
def test_a_stack_of_a_stage_is_found(assembly, name):
    found = find_stack(assembly, name)
    assert (found.name, found.template, found.region) == ("ProdB", assembly / "assembly-Prod" / "b.json", None)


def test_a_stack_that_is_not_there_is_told_with_those_that_are(assembly):
    with pytest.raises(RuntimeError, match=r"no stack C in .*; there are A, Prod/B"):
        find_stack(assembly, "C")
    with pytest.raises(RuntimeError, match="cdk synth"):
        find_stack(assembly / "elsewhere", "A")
