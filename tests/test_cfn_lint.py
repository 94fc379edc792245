"""The rules as rules of cfn-lint: each problem once, at its line, with cfn-lint's own ways to leave it out."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
from catalogue.good import FOLDER, good
from cfnlint import ManualArgs
from cfnlint.api import lint
from cfnlint.decode import decode_str

from sm_constructs import cfn_lint, check_template
from sm_constructs.rules import RULES

MODULE = "sm_constructs.cfn_lint"
TEMPLATE = """\
Parameters:
  Stage: {Type: String, AllowedValues: [test, live]}
Conditions:
  IsLive: !Equals [!Ref Stage, live]
Resources:
  Config:
    Type: AWS::SageMaker::EndpointConfig
    Properties:
      ProductionVariants:
        - VariantName: AllTraffic
          ModelName: scorer
          InitialVariantWeight: 0
          ServerlessConfig:
            MemorySizeInMB: !If [IsLive, 1500, 1024]
            MaxConcurrency: 5
  Endpoint:
    Type: AWS::SageMaker::Endpoint
    Properties:
      EndpointName: !Sub "${Stage}_churn"
      EndpointConfigName: !GetAtt Config.EndpointConfigName
"""
FOUND = [("ESMC001", 19), ("ESMC001", 19), ("ESMC102", 14), ("WSMC006", 12)]


@pytest.fixture(autouse=True)
def no_region(monkeypatch):
    """Leave cfn-lint the region that it has by default."""
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(name, raising=False)


def found(template, **arguments) -> list[tuple[str, int]]:
    """Give what our rules find, with the lines."""
    matches = lint(template, config=ManualArgs(append_rules=[MODULE], **arguments))
    assert [match for match in matches if match.rule.id == "E0002"] == []
    return sorted((match.rule.id, match.linenumber) for match in matches if "SMC" in match.rule.id)


def run(folder, *arguments) -> subprocess.CompletedProcess:
    (folder / "template.yaml").write_text(TEMPLATE)
    command = ["cfn-lint", "--format", "parseable", *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


def test_the_command_tells_lines_and_severities(tmp_path):
    done = run(tmp_path, "template.yaml", "--append-rules", MODULE)
    assert (
        "template.yaml:14:13:14:27:ESMC102:"
        "Resources/Config/Properties/ProductionVariants/0/ServerlessConfig/MemorySizeInMB/Fn::If/1 is 1500; "
        "serverless memory is one of 1024, 2048, 3072, 4096, 5120, 6144\n"
    ) in done.stdout
    assert "template.yaml:12:11:12:31:WSMC006:" in done.stdout
    assert done.returncode == 2 | 4  # errors, and warnings


def test_the_command_reads_it_all_from_its_file(tmp_path):
    (tmp_path / ".cfnlintrc").write_text(f"append_rules: [{MODULE}]\nignore_checks: [WSMC, ESMC0, W1031]\n")
    done = run(tmp_path, "template.yaml")
    assert [line.split(":")[5] for line in done.stdout.splitlines()] == ["ESMC102"]


def test_every_rule_that_holds_for_templates_is_there_and_no_other():
    expected = {f"{rule.severity[0].upper()}{code}" for code, rule in RULES.items() if rule.of_templates}
    assert {each.id for each in vars(cfn_lint).values() if hasattr(each, "shortdesc")} - {""} == expected


def test_all_rules_look_at_a_template_together_once(monkeypatch):
    calls = []
    monkeypatch.setattr(cfn_lint, "check_template", lambda *a, **kw: calls.append(a) or check_template(*a, **kw))
    assert found(TEMPLATE) == FOUND
    assert len(calls) == 1


def test_what_cannot_be_looked_at_is_told_once(monkeypatch):
    def fail(template, region):
        raise ValueError("too large")

    monkeypatch.setattr(cfn_lint, "check_template", fail)
    matches = lint(TEMPLATE, config=ManualArgs(append_rules=[MODULE]))
    assert ["too large" in match.message for match in matches if match.rule.id == "E0002"] == [True]


@pytest.mark.parametrize(
    ("ignored", "left"),
    [("ESMC102", [FOUND[0], FOUND[1], FOUND[3]]), ("ESMC", [FOUND[3]]), ("W", FOUND[:3])],
)
def test_rules_are_left_out_by_the_beginnings_of_their_ids(ignored, left):
    assert found(TEMPLATE, ignore_checks=[ignored]) == left


@pytest.mark.parametrize(
    "words", ["cfn-lint: {config: {ignore_checks: [ESMC102]}}", "sm-constructs: {config: {ignore_checks: [SMC102]}}"]
)
def test_rules_are_left_out_in_the_metadata_of_a_resource(words):
    type_ = "    Type: AWS::SageMaker::EndpointConfig\n"
    template = TEMPLATE.replace(type_, f"{type_}    Metadata: {{{words}}}\n")
    assert found(template) == [("ESMC001", 20), ("ESMC001", 20), ("WSMC006", 13)]


def test_regions_count_where_they_are_given():
    assert ("WSMC107", 13) in found(TEMPLATE, regions=["eu-west-1", "cn-north-1"])


def test_the_region_that_cfn_lint_has_by_default_does_not_count():
    image = "111122223333.dkr.ecr.eu-west-1.amazonaws.com/scorer:1"
    role = "arn:aws:iam::111122223333:role/hosting"
    template = json.dumps(
        {
            "Resources": {
                "Model": {
                    "Type": "AWS::SageMaker::Model",
                    "Properties": {"ExecutionRoleArn": role, "PrimaryContainer": {"Image": image}},
                },
                "Config": {
                    "Type": "AWS::SageMaker::EndpointConfig",
                    "Properties": {
                        "ProductionVariants": [
                            {
                                "VariantName": "AllTraffic",
                                "ModelName": {"Fn::GetAtt": ["Model", "ModelName"]},
                                "InitialVariantWeight": 1,
                                "InstanceType": "ml.m5.large",
                                "InitialInstanceCount": 1,
                            }
                        ]
                    },
                },
            }
        }
    )
    assert found(template) == []
    assert found(template, regions=["eu-west-2"]) == [("ESMC410", 1)]


def test_what_is_missing_is_told_where_it_is_missing():
    template = (
        "Resources:\n  Endpoint:\n    Type: AWS::SageMaker::Endpoint\n    Properties:\n      EndpointName: churn\n"
    )
    assert found(template) == [("ESMC041", 4)]


@pytest.mark.parametrize("text", ["Resources: {}", "Outputs: {}", "Resources: [1]"])
def test_what_has_no_resources_is_left_to_cfn_lint(text):
    assert [
        m for m in lint(text, config=ManualArgs(append_rules=[MODULE])) if "SMC" in f"{m.rule.id} {m.message}"
    ] == []


@pytest.mark.parametrize("path", sorted(FOLDER.iterdir()), ids=lambda path: path.stem)
def test_templates_as_cfn_lint_reads_them_are_the_same_templates(path):
    template, errors = decode_str(path.read_text(encoding="utf-8").replace("1", "2"))
    assert not errors
    assert check_template(template) == check_template(json.loads(json.dumps(template)))
    assert check_template(decode_str(path.read_text(encoding="utf-8"))[0]) == check_template(good()[path.stem])


def test_it_needs_no_cdk():
    code = f"import sys, {MODULE}; assert not {{'aws_cdk', 'jsii', 'constructs'}} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)
