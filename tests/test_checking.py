"""Whole templates: every case of their parameters and conditions, where problems stand, what is suppressed."""

from __future__ import annotations

import copy
import json
from fnmatch import fnmatchcase
from itertools import product

import pytest
from documented import TEMPLATES
from hypothesis import given
from hypothesis import strategies as st
from test_layers import modules_after

from sm_constructs import check_template
from sm_constructs.checking.checking import NoTemplate
from sm_constructs.reading.intrinsics import NO_VALUE, differ
from sm_constructs.reading.rights import overlap

MODEL = {
    "Type": "AWS::SageMaker::Model",
    "Properties": {
        "ExecutionRoleArn": "arn:aws:iam::123456789012:role/hosting",
        "PrimaryContainer": {"Image": "123456789012.dkr.ecr.eu-west-1.amazonaws.com/scorer:1"},
    },
}
ENDPOINT = {
    "Type": "AWS::SageMaker::Endpoint",
    "Properties": {"EndpointConfigName": {"Fn::GetAtt": ["Config", "EndpointConfigName"]}},
}
ON_INSTANCES = {"InstanceType": "ml.m5.large", "InitialInstanceCount": 1}
SERVERLESS = {"ServerlessConfig": {"MemorySizeInMB": 2048, "MaxConcurrency": 5}}
VARIANT = "Resources/Config/Properties/ProductionVariants/0"


def config(variant: dict) -> dict:
    model = {"VariantName": "AllTraffic", "ModelName": {"Fn::GetAtt": ["Model", "ModelName"]}}
    return {"Type": "AWS::SageMaker::EndpointConfig", "Properties": {"ProductionVariants": [{**model, **variant}]}}


def template(variant: dict = ON_INSTANCES, resources: dict | None = None, **sections) -> dict:
    whole = {"Model": MODEL, "Config": config(variant), "Endpoint": ENDPOINT, **(resources or {})}
    return {**sections, "Resources": copy.deepcopy(whole)}


def memory(value: object, **sections) -> list[tuple[str, str]]:
    """Give what is found where the memory of a serverless variant is some value: codes and places below the variant."""
    wrong = template({"ServerlessConfig": {"MemorySizeInMB": value, "MaxConcurrency": 5}}, **sections)
    return [(problem.code, problem.path.removeprefix(f"{VARIANT}/")) for problem in check_template(wrong)]


PLACE = "ServerlessConfig/MemorySizeInMB"
FOUND = [("SMC102", PLACE)]
REF = {"Ref": "Memory"}


class TestWhatIsNotKnownBeforeDeployment:
    def test_a_default_is_checked(self):
        assert memory(REF, Parameters={"Memory": {"Type": "Number", "Default": 1500}}) == FOUND
        assert memory(REF, Parameters={"Memory": {"Type": "Number", "Default": "2048"}}) == []

    def test_each_allowed_value_is_checked(self):
        allowed = {"Type": "Number", "Default": 1024, "AllowedValues": [1024, 2048, 1500]}
        assert memory(REF, Parameters={"Memory": allowed}) == FOUND
        assert memory(REF, Parameters={"Memory": {**allowed, "AllowedValues": [1024, 2048]}}) == []

    def test_a_parameter_of_which_nothing_is_said_is_not_guessed_at(self):
        assert memory(REF, Parameters={"Memory": {"Type": "Number"}}) == []

    def test_the_default_of_a_stored_parameter_is_a_name(self):
        stored = {"Type": "AWS::SSM::Parameter::Value<String>", "Default": "/serving/memory"}
        assert memory(REF, Parameters={"Memory": stored}) == []

    def test_both_branches_are_checked(self):
        conditions = {"Prod": {"Fn::Equals": [{"Ref": "AWS::AccountId"}, "123456789012"]}}
        assert memory({"Fn::If": ["Prod", 1500, 2048]}, Conditions=conditions) == [("SMC102", f"{PLACE}/Fn::If/1")]
        assert memory({"Fn::If": ["Prod", 2048, 1500]}, Conditions=conditions) == [("SMC102", f"{PLACE}/Fn::If/2")]
        assert memory({"Fn::If": ["Prod", 2048, 1024]}, Conditions=conditions) == []

    @pytest.mark.parametrize(
        "comparison",
        [
            {"Fn::Equals": [{"Fn::Select": [0, {"Fn::GetAZs": ""}]}, "eu-west-1a"]},
            {"Fn::Equals": [{"Ref": "Stage"}, {"Ref": "Other"}]},
        ],
        ids=["not to be carried out", "of two that are not known"],
    )
    def test_a_condition_on_what_is_not_known_is_looked_at_both_ways(self, comparison):
        sections = {"Conditions": {"Odd": comparison}, "Parameters": {"Stage": {"Type": "String"}}}
        assert memory({"Fn::If": ["Odd", 1500, 2048]}, **sections) != []
        assert memory({"Fn::If": ["Odd", 2048, 1500]}, **sections) != []

    def test_branches_that_exclude_each_other_are_not_put_together(self):
        nothing = {"Ref": "AWS::NoValue"}
        sections = {
            "Parameters": {"Stage": {"Type": "String"}},
            "Conditions": {
                "Prod": {"Fn::Equals": [{"Ref": "Stage"}, "prod"]},
                "Dev": {"Fn::Not": [{"Condition": "Prod"}]},
                "Test": {"Fn::And": [{"Condition": "Dev"}, {"Fn::Equals": [{"Ref": "Stage"}, "test"]}]},
            },
        }
        variant = {
            "InstanceType": {"Fn::If": ["Prod", "ml.m5.large", nothing]},
            "InitialInstanceCount": {"Fn::If": ["Prod", 1, nothing]},
            "ServerlessConfig": {"Fn::If": ["Prod", nothing, SERVERLESS["ServerlessConfig"]]},
        }
        assert check_template(template(variant, **sections)) == []
        variant["InitialInstanceCount"] = {"Fn::If": ["Test", 1, variant["InitialInstanceCount"]]}
        (problem,) = check_template(template(variant, **sections))
        assert problem.path == f"{VARIANT}/InitialInstanceCount/Fn::If/1"

    def test_rows_of_a_mapping_are_checked_where_the_row_is_not_known(self):
        look_up = {"Fn::FindInMap": ["Sizes", {"Ref": "AWS::Region"}, "Memory"]}
        sizes = {"eu-west-1": {"Memory": 2048}, "us-east-1": {"Memory": 1500}}
        assert memory(look_up, Mappings={"Sizes": sizes}) == FOUND
        wrong = template({"ServerlessConfig": {"MemorySizeInMB": look_up, "MaxConcurrency": 5}})
        wrong["Mappings"] = {"Sizes": sizes}
        assert check_template(wrong, region="eu-west-1") == []

    def test_texts_are_put_together(self):
        joined = {"Fn::Join": ["", [{"Ref": "Thousands"}, "00"]]}
        parameters = {"Thousands": {"Type": "String", "Default": "15"}}
        assert memory(joined, Parameters=parameters) == FOUND
        assert memory({"Fn::Sub": "${Thousands}00"}, Parameters=parameters) == FOUND
        assert memory({"Fn::Sub": ["${A}00", {"A": {"Ref": "Thousands"}}]}, Parameters=parameters) == FOUND
        assert memory({"Fn::Select": [1, {"Fn::Split": ["-", "1024-1500"]}]}) == FOUND

    def test_what_is_read_from_elsewhere_at_deployment_is_not_guessed_at(self):
        assert memory("{{resolve:ssm:/serving/memory}}") == []
        wrong = template()
        container = wrong["Resources"]["Model"]["Properties"]["PrimaryContainer"]
        container["Image"] = "{{resolve:ssm:/images/scorer:3}}"
        container["ModelDataUrl"] = "s3://{{resolve:ssm:/models/bucket}}/churn.tar.gz"
        assert check_template(wrong) == []
        wrong["Parameters"] = {"App": {"Type": "String"}}
        for image in (
            {"Fn::Sub": "{{resolve:ssm:/${App}/image}}"},
            {"Fn::Join": ["", ["{{resolve:ssm:/", {"Ref": "App"}, "/image}}"]]},
        ):
            container["Image"] = image
            assert check_template(wrong) == []

    @pytest.mark.parametrize("default", [{}, {"Default": ""}])
    def test_a_list_is_joined_to_see_whether_it_is_empty(self, default):
        """What is empty by default is given where something else is."""
        wrong = template(
            Parameters={
                "Subnets": {"Type": "CommaDelimitedList", **default},
                "Group": {"Type": "String", "Default": ""},
            },
            Conditions={"InVpc": {"Fn::Not": [{"Fn::Equals": [{"Fn::Join": ["", {"Ref": "Subnets"}]}, ""]}]}},
        )
        network = {"Subnets": {"Ref": "Subnets"}, "SecurityGroupIds": [{"Ref": "Group"}]}
        nothing = {"Ref": "AWS::NoValue"}
        wrong["Resources"]["Model"]["Properties"]["VpcConfig"] = {"Fn::If": ["InVpc", network, nothing]}
        assert check_template(wrong) == []
        wrong["Resources"]["Model"]["Properties"]["VpcConfig"] = {"Fn::If": ["InVpc", nothing, network]}
        assert {problem.code for problem in check_template(wrong)} == {"SMC013"}

    @pytest.mark.parametrize("kind", ["Policy", "ManagedPolicy", "RolePolicy"])
    def test_the_policies_of_a_role_are_there_in_every_case(self, kind):
        trust = {"Effect": "Allow", "Principal": {"Service": "sagemaker.amazonaws.com"}, "Action": "sts:AssumeRole"}
        logs = ["logs:CreateLogStream", "logs:PutLogEvents"]
        reached = ["arn:aws:s3:::models/*", "arn:aws:logs:*:*:log-group:/aws/sagemaker/*"]
        allow = {"Effect": "Allow", "Action": ["s3:GetObject", *logs], "Resource": reached}
        of_role = {"RoleName": {"Ref": "Role"}} if kind == "RolePolicy" else {"Roles": [{"Ref": "Role"}]}
        right = template(
            {"InstanceType": {"Ref": "Type"}, "InitialInstanceCount": 1},
            {
                "Role": {"Type": "AWS::IAM::Role", "Properties": {"AssumeRolePolicyDocument": {"Statement": [trust]}}},
                "Rights": {
                    "Type": f"AWS::IAM::{kind}",
                    "Properties": {"PolicyName": "reading", "PolicyDocument": {"Statement": [allow]}, **of_role},
                },
            },
            Parameters={"Type": {"Type": "String", "AllowedValues": ["ml.m5.large", "ml.m5.xlarge"]}},
        )
        model = right["Resources"]["Model"]
        model["Properties"] = {
            "ExecutionRoleArn": {"Fn::GetAtt": ["Role", "Arn"]},
            "PrimaryContainer": {
                "Image": "763104351884.dkr.ecr.eu-west-1.amazonaws.com/pytorch-inference:2.6.0-cpu-py312",
                "ModelDataUrl": "s3://models/churn/1/model.tar.gz",
            },
        }
        right["Resources"]["Config"]["Properties"]["ProductionVariants"][0]["ModelName"] = {
            "Fn::GetAtt": ["Model", "ModelName"]
        }
        model["DependsOn"] = "Rights"
        assert check_template(right) == []
        allow["Action"] = ["s3:PutObject", *logs]
        right["Resources"]["Rights"]["Properties"]["PolicyDocument"] = {"Statement": [allow]}
        assert [problem.code for problem in check_template(right)] == ["SMC861"]

    def test_what_a_macro_makes_is_not_known(self):
        included = {"Fn::Transform": {"Name": "AWS::Include", "Parameters": {"Location": "s3://a/b"}}}
        wrong = template(included)
        assert check_template(wrong) == []
        wrong = template()
        wrong["Resources"]["Config"]["Properties"] = {**included, "Tags": []}
        assert check_template(wrong) == []
        wrong["Resources"]["Fn::ForEach::Models"] = ["Name", ["a", "b"], {"Model${Name}": MODEL}]
        assert check_template({**wrong, "Transform": "Mine"}) == []

    def test_a_loop_is_carried_out(self):
        body = {"Config${Size}": {"Type": "AWS::SageMaker::EndpointConfig", "Properties": {"ProductionVariants": [{
            "VariantName": "a", "ModelName": {"Fn::Sub": "scorer-${Size}"},
            "ServerlessConfig": {"MemorySizeInMB": {"Ref": "Size"}, "MaxConcurrency": 5},
        }]}}}  # fmt: skip
        looping = {
            "Transform": "AWS::LanguageExtensions",
            "Parameters": {"Sizes": {"Type": "CommaDelimitedList", "Default": "1024, 1500"}},
            "Resources": {"Fn::ForEach::Sizes": ["Size", {"Ref": "Sizes"}, body]},
        }
        (problem,) = check_template(looping)
        assert problem.code == "SMC102"
        assert problem.path == (
            "Resources/Fn::ForEach::Sizes/2/Config${Size}/Properties/ProductionVariants/0/ServerlessConfig/MemorySizeInMB"
        )
        assert check_template({**looping, "Transform": "Mine"}) == []

    def test_a_mapping_has_a_default(self):
        default = {"DefaultValue": 1500}
        assert memory({"Fn::FindInMap": ["Sizes", "a", "Memory", default]}, Mappings={"Sizes": {"b": {}}}) == FOUND

    def test_a_resource_that_is_not_made_is_not_checked(self):
        wrong = template({"ServerlessConfig": {"MemorySizeInMB": 1500, "MaxConcurrency": 5}})
        wrong["Conditions"] = {"Never": {"Fn::Equals": ["a", "b"]}}
        for resource in wrong["Resources"].values():
            resource["Condition"] = "Never"
        assert check_template(wrong) == []

    def test_the_place_of_an_entry_is_the_one_in_the_template_as_it_was_written(self):
        wrong = template()
        variants = wrong["Resources"]["Config"]["Properties"]["ProductionVariants"]
        second = {**variants[0], "VariantName": "b", "ModelName": "other", "InitialInstanceCount": 0}
        variants[:] = [{"Ref": "AWS::NoValue"}, variants[0], {"Fn::If": ["Yes", second, {"Ref": "AWS::NoValue"}]}]
        wrong["Conditions"] = {"Yes": {"Fn::Equals": ["a", "a"]}}
        paths = {problem.path for problem in check_template(wrong)}
        assert paths == {"Resources/Config/Properties/ProductionVariants/2/Fn::If/1/InitialInstanceCount"}

    def test_many_conditions_are_looked_at_one_at_a_time(self):
        stages = [f"Stage{number}" for number in range(30)]
        sections = {
            "Parameters": {stage: {"Type": "String", "Default": "off"} for stage in stages},
            "Conditions": {f"Is{stage}": {"Fn::Equals": [{"Ref": stage}, "on"]} for stage in stages},
        }
        value: object = 2048
        for stage in stages:
            value = {"Fn::If": [f"Is{stage}", 1500 if stage == "Stage7" else 1024, value]}
        assert [code for code, _ in memory(value, **sections)] == ["SMC102"]


class TestParts:
    def test_a_model_that_no_variant_here_uses(self):
        alone = copy.deepcopy(MODEL)
        alone["Properties"]["PrimaryContainer"]["Environment"] = {"1": "a"}
        (problem,) = check_template({"Resources": {"Model": alone}})
        assert (problem.code, problem.path) == ("SMC403", "Resources/Model/Properties/PrimaryContainer/Environment")

    def test_a_target_of_an_endpoint_elsewhere(self):
        target = {
            "Type": "AWS::ApplicationAutoScaling::ScalableTarget",
            "Properties": {
                "ServiceNamespace": "sagemaker",
                "ScalableDimension": "sagemaker:variant:DesiredInstanceCount",
                "ResourceId": "endpoint/elsewhere/variant/AllTraffic",
                "MinCapacity": 5,
                "MaxCapacity": 4,
            },
        }
        codes = {problem.code for problem in check_template({"Resources": {"Target": target}})}
        assert codes == {"SMC602", "SMC643"}

    def test_an_endpoint_with_its_configuration_elsewhere(self):
        endpoint = {
            "Type": "AWS::SageMaker::Endpoint",
            "Properties": {
                "EndpointConfigName": "elsewhere",
                "DeploymentConfig": {
                    "BlueGreenUpdatePolicy": {
                        "TrafficRoutingConfiguration": {
                            "Type": "CANARY",
                            "WaitIntervalInSeconds": 0,
                            "CanarySize": {"Type": "CAPACITY_PERCENT", "Value": 60},
                        }
                    }
                },
            },
        }
        (problem,) = check_template({"Resources": {"Endpoint": endpoint}})
        assert problem.code == "SMC702"
        assert problem.path.endswith("CanarySize/Value")

    def test_a_component_on_an_endpoint_elsewhere(self):
        component = {
            "Type": "AWS::SageMaker::InferenceComponent",
            "Properties": {
                "EndpointName": "elsewhere",
                "VariantName": "a",
                "Specification": {"ModelName": "m", "ComputeResourceRequirements": {"MinMemoryRequiredInMb": 100}},
                "RuntimeConfig": {"CopyCount": 1},
            },
        }
        (problem,) = check_template({"Resources": {"Component": component}})
        assert problem.code == "SMC822"


class TestSuppressing:
    WRONG = template({"ServerlessConfig": {"MemorySizeInMB": 1500, "MaxConcurrency": 0}})

    def codes(self, change) -> set[str]:
        wrong = copy.deepcopy(self.WRONG)
        change(wrong)
        return {problem.code for problem in check_template(wrong)}

    def ignoring(self, *codes):
        return {"sm-constructs": {"config": {"ignore_checks": list(codes)}}}

    def test_nothing_is_suppressed_unasked(self):
        assert self.codes(lambda _: None) == {"SMC101", "SMC102"}

    def test_a_resource_suppresses_what_is_found_in_it(self):
        of_config = self.ignoring("SMC102")
        assert self.codes(lambda wrong: wrong["Resources"]["Config"].update(Metadata=of_config)) == {"SMC101"}
        assert self.codes(lambda wrong: wrong["Resources"]["Model"].update(Metadata=of_config)) == {"SMC101", "SMC102"}

    def test_a_template_suppresses_what_is_found_anywhere(self):
        assert self.codes(lambda wrong: wrong.update(Metadata=self.ignoring("SMC102", "SMC101"))) == set()

    def test_the_beginning_of_a_code_stands_for_all_that_have_it(self):
        assert self.codes(lambda wrong: wrong.update(Metadata=self.ignoring("SMC1"))) == set()
        assert self.codes(lambda wrong: wrong.update(Metadata=self.ignoring(""))) == {"SMC101", "SMC102"}


class TestMetricMath:
    """Alarms on several metrics."""

    @staticmethod
    def metric(id: str, name: str, **more: object) -> dict:
        dimensions = [{"Name": "EndpointName", "Value": "e"}, {"Name": "VariantName", "Value": "v"}]
        metric = {"Namespace": "AWS/SageMaker", "MetricName": name, "Dimensions": dimensions}
        return {"Id": id, "MetricStat": {"Metric": metric, "Period": 60, "Stat": "Sum"}, "ReturnData": False, **more}

    def problems(self, *queries: dict, **more: object) -> list[tuple[str, str]]:
        queries = (self.metric("errors", "Invocation5XXErrors"), self.metric("all", "Invocations"), *queries)
        alarm = {"ComparisonOperator": "GreaterThanThreshold", "EvaluationPeriods": 1, "Threshold": 1}
        properties = {**alarm, "Metrics": list(queries), **more}
        found = check_template(
            template(
                resources={"Alarm": {"Type": "AWS::CloudWatch::Alarm", "Properties": properties}},
                Parameters={"Share": {"Type": "Number"}},
            )
        )
        return [(each.code, each.path.removeprefix("Resources/Alarm/Properties/")) for each in found]

    @pytest.mark.parametrize(
        "expression",
        [
            "errors/all*100",
            "IF(all > 1e2, 100*(errors/FILL(all, 0)), 0)",
            "SUM(METRICS('err')) + SUM([errors, all])",
            "sum([errors, all])",
            "ANOMALY_DETECTION_BAND(errors, 2.5)",
            'SELECT AVG(latency) FROM SCHEMA("AWS/SageMaker", endpoint)',
            {"Fn::Sub": "errors / ${Share}"},
        ],
    )
    def test_is_in_order(self, expression):
        assert self.problems({"Id": "share", "Expression": expression}, Threshold=5) == []

    def test_names_what_there_is(self):
        assert self.problems({"Id": "share", "Expression": "errors/requests"}) == [("SMC878", "Metrics/2/Expression")]

    def test_is_a_metric_or_an_expression(self):
        assert self.problems(self.metric("share", "Invocations", Expression="all", ReturnData=True)) == [
            ("SMC878", "Metrics/2")
        ]

    def test_has_each_id_once(self):
        assert self.problems({"Id": "all", "Expression": "errors"}) == [("SMC878", "Metrics/2/Id")]

    @pytest.mark.parametrize(("named", "found"), [("band", []), ("bond", [("SMC878", "ThresholdMetricId")])])
    def test_has_the_band_that_is_the_threshold(self, named, found):
        band = {"Id": "band", "Expression": "ANOMALY_DETECTION_BAND(watched)"}
        watched = {**self.metric("watched", "Invocations"), "ReturnData": True}
        more = {"ThresholdMetricId": named, "ComparisonOperator": "GreaterThanUpperThreshold"}
        assert self.problems(watched, band, Threshold=NO_VALUE, **more) == found


class TestWhatIsNoTemplate:
    @pytest.mark.parametrize("given", [None, 1, "Resources", [], {}, {"Resources": []}, {"resources": {}}])
    def test_is_told_in_one_sentence(self, given):
        with pytest.raises(NoTemplate, match="no CloudFormation template"):
            check_template(given)

    def test_a_circle_ends(self):
        circle: dict = {"Resources": {}}
        circle["Resources"]["Again"] = circle
        with pytest.raises(NoTemplate, match="nests"):
            check_template(circle)

    def test_what_multiplies_ends(self):
        level: list = []
        for _ in range(60):
            level = [level, level]
        with pytest.raises(NoTemplate, match="more than"):
            check_template({"Resources": {"A": level}})

    def test_other_peoples_resources_are_left_alone(self):
        assert check_template({"Resources": {"A": {"Type": "AWS::S3::Bucket"}, "B": None, "C": {"Type": ["x"]}}}) == []


def test_what_a_rule_says_its_shape_does_not_say_again():
    (problem,) = check_template(template({"ServerlessConfig": {"MemorySizeInMB": 2048, "MaxConcurrency": 0}}))
    assert problem.code == "SMC101"
    assert problem.message.startswith(f"{VARIANT}/ServerlessConfig/MaxConcurrency is 0; it is 1 to 200")


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.stem)
def test_what_our_constructs_render_has_no_problem(path):
    assert check_template(json.loads(path.read_text())) == []


def test_checking_a_template_does_not_start_node():
    statement = "from sm_constructs import check_template; check_template({'Resources': {}})"
    assert not modules_after(statement) & {"jsii", "aws_cdk", "constructs", "boto3", "botocore", "cfnlint"}


TEXT = st.text("ab*", max_size=8)


@given(TEXT, st.text("ab", max_size=8))
def test_a_pattern_covers_what_it_matches(pattern, text):
    assert overlap(pattern, text) == overlap(text, pattern) == fnmatchcase(text, pattern)


# Two patterns of four letters that overlap have a common text of no more.
SHORT = st.text("ab*", max_size=4)
TEXTS = ["".join(letters) for length in range(9) for letters in product("ab", repeat=length)]


@given(SHORT, SHORT)
def test_patterns_with_a_common_text_overlap(one, other):
    common = any(fnmatchcase(text, one) and fnmatchcase(text, other) for text in TEXTS)
    assert overlap(one, other) == overlap(other, one) == common


def test_a_base_that_is_not_known_may_be_elsewhere():
    component = {"EndpointName": {"Fn::GetAtt": ["Endpoint", "EndpointName"]}}
    adapter = {"BaseInferenceComponentName": {"Ref": "Base"}, "Container": {"ArtifactUrl": "s3://a/adapter.tar.gz"}}
    resources = {"Adapter": {"Type": "AWS::SageMaker::InferenceComponent", "Properties": component}}
    found = template(resources=resources, Parameters={"Base": {"Type": "String"}})
    found["Resources"]["Adapter"]["Properties"]["Specification"] = adapter
    assert "SMC077" not in {problem.code for problem in check_template(found)}
    found["Resources"]["Adapter"]["Properties"]["Specification"]["BaseInferenceComponentName"] = "llm"
    assert "SMC077" in {problem.code for problem in check_template(found)}


class TestDashboards:
    """The metrics that dashboards show are looked at as those of alarms are."""

    @staticmethod
    def problems(body: object, name: str = "scorer") -> list[tuple[str, str]]:
        properties = {"DashboardName": name, "DashboardBody": body}
        return [
            (problem.code, problem.message.partition("DashboardBody")[2].partition(" is ")[0].partition(" are ")[0])
            for problem in check_template(
                template(resources={"Board": {"Type": "AWS::CloudWatch::Dashboard", "Properties": properties}})
            )
        ]

    @staticmethod
    def body(*rows: list) -> dict:
        return {"widgets": [{"type": "text"}, {"type": "metric", "properties": {"metrics": list(rows)}}]}

    LATENCY = ("AWS/SageMaker", "ModelLatency", "EndpointName", "e", "VariantName", "a")

    def test_what_is_published_is_in_order(self):
        rows = [
            [*self.LATENCY, {"stat": "p99"}],
            [".", "OverheadLatency", ".", ".", ".", "b"],
            ["...", "c"],
            [{"expression": "m1 + m2"}],
            ["AWS/EC2", "CPUUtilization"],
        ]
        assert self.problems(json.dumps(self.body(*rows))) == []

    def test_a_metric_that_never_comes_is_told(self):
        rows = ([*self.LATENCY], [".", ".", "EndpointName", "e"], ["...", "f"])
        place = "at widgets/1/properties/metrics"
        assert self.problems(json.dumps(self.body(*rows))) == [
            ("SMC871", f" {place}/1/Dimensions"),
            ("SMC871", f" {place}/2/Dimensions"),
        ]

    def test_names_may_come_from_elsewhere(self):
        text = json.dumps(self.body(["AWS/Sagemaker", *self.LATENCY[1:3], "${Name}"]))
        width = text.replace('{"type": "metric"', '{"type": "metric", "width": ${AWS::AccountId}')
        codes = {code for code, _ in self.problems({"Fn::Sub": [width, {"Name": {"Ref": "AWS::StackName"}}]})}
        assert codes == {"SMC870"}

    @pytest.mark.parametrize(
        "body", ["{", {"Fn::Sub": "{'widgets': '${AWS::Region}'}"}, {"Fn::Sub": "{widgets: ${AWS::Region}}"}]
    )
    def test_it_is_json(self, body):
        assert [code for code, _ in self.problems(body)] == ["SMC887"]

    def test_a_part_of_it_may_come_from_elsewhere(self):
        assert self.problems({"Fn::Sub": ['{"widgets": [] ${More}}', {"More": {"Fn::ImportValue": "more"}}]}) == []

    def test_it_has_a_name_without_spaces(self):
        assert [code for code, _ in self.problems(json.dumps(self.body()), "my scorer")] == ["SMC887"]


@pytest.mark.parametrize(
    ("rule", "codes"),
    [
        ('ALARM("a") AND (OK(b) OR NOT INSUFFICIENT_DATA("c d"))', []),
        ("ALARM(a)", []),
        ("NOT (ALARM(a) OR ALARM(b)) AND TRUE", []),
        ("AT_LEAST(2, ALARM, (a, b, c)) OR OK(d)", []),
        ('ALARM("a" AND ALARM("b")', ["SMC886"]),
        ("ALARM(a) OK(b)", ["SMC886"]),
        ("ALARM(a) XOR ALARM(b)", ["SMC886"]),
        ("AND ALARM(a)", ["SMC886"]),
        ("", ["SMC886"]),
        ("TRUE", ["SMC888"]),
        ("ALARM(a) AND OK(a)", ["SMC888"]),
        ("ALARM(a) AND OK(b)", []),
        (f"ALARM({'a' * 10_240})", ["SMC886"]),
        ("(" * 500_000 + ")" * 500_000, ["SMC886"]),
        ("ALARM(a)" + " " * 500_000, ["SMC886"]),
        ("(" * 249 + "ALARM(a)" + ")" * 249, []),
        ("(" * 250 + "ALARM(a)" + ")" * 250, ["SMC886"]),
    ],
    ids=lambda value: value[:40] if isinstance(value, str) else None,
)
def test_the_rule_of_a_composite_alarm(rule, codes):
    alarm = {"Type": "AWS::CloudWatch::CompositeAlarm", "Properties": {"AlarmRule": rule}}
    assert [problem.code for problem in check_template(template(resources={"Page": alarm}))] == codes


@pytest.mark.parametrize(
    ("one", "other", "certainly"),
    [
        ("a", "b", True),
        ("a", "a", False),
        ("${Token[Stage]}-llm", "${Token[Stage]}-chat", True),
        ("${Token[Stage]}-llm", "${Token[Name]}-llm", False),
        ("${Token[Stage]}-llm", "chat-llm", False),
        ("x${Token[A]}yz", "xy${Token[A]}z", False),
        ("${Token[A]}", "", False),
    ],
)
def test_texts_that_are_certainly_different(one, other, certainly):
    assert differ(one, other) == differ(other, one) == certainly


@pytest.mark.parametrize(
    ("transform", "name", "codes"),
    [
        (None, "FunctionRole", ["SMC051"]),
        ("AWS::LanguageExtensions", "FunctionRole", ["SMC051"]),
        ("AWS::Serverless-2016-10-31", "FunctionRole", []),
        ("AWS::Serverless-2016-10-31", "AnotherRole", ["SMC051"]),
        (["AWS::LanguageExtensions", "AWS::Serverless-2016-10-31"], "ServerlessRole", []),
        ({"Name": "Ours"}, "AnotherRole", []),
        (None, "ModuleRole", []),
        (["AWS::LanguageExtensions", "Ours"], "AnotherRole", []),
    ],
)
def test_macros_make_resources(transform, name, codes):
    making = {
        "Function": {"Type": "AWS::Serverless::Function", "Properties": {}},
        "Module": {"Type": "Acme::Hosting::Base::MODULE", "Properties": {}},
    }
    whole = template(resources=making, Transform=transform)
    whole["Resources"]["Model"]["Properties"]["ExecutionRoleArn"] = {"Fn::GetAtt": [name, "Arn"]}
    assert [problem.code for problem in check_template(whole)] == codes
    whole = template(resources=making, Transform=transform, Outputs={"Role": {"Value": {"Ref": name}}})
    assert [problem.code for problem in check_template(whole)] == codes


ROOT_OF_ACCOUNT = {"AWS": {"Fn::Sub": "arn:aws:iam::${AWS::AccountId}:root"}}


@pytest.mark.parametrize(
    ("policy", "codes"),
    [
        ({"Statement": {"Effect": "Allow", "Principal": ROOT_OF_ACCOUNT, "Action": "kms:*"}}, ["SMC869"]),
        ({"Statement": [{"Effect": "Allow", "Principal": ROOT_OF_ACCOUNT, "Action": "kms:*"}]}, ["SMC869"]),
        ({"Statement": [{"Principal": ROOT_OF_ACCOUNT}, {"Principal": {"AWS": {"Fn::GetAtt": ["Role", "Arn"]}}}]}, []),
        (None, ["SMC869"]),
        ({"Statement": True}, []),
        ({"Statement": [None, "x"]}, []),
        ({"Statement": []}, []),
        ("x", []),
    ],
)
def test_the_policy_of_a_key_may_leave_it_to_the_role(policy, codes):
    logs = {"Action": ["logs:CreateLogStream", "logs:PutLogEvents"], "Resource": "arn:aws:logs:*"}
    writes = {"Action": "s3:PutObject", "Resource": "arn:aws:s3:::captured/*"}
    pulls = {
        "Action": ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer", "ecr:GetAuthorizationToken"],
        "Resource": "*",
    }
    trust = {"Effect": "Allow", "Principal": {"Service": "sagemaker.amazonaws.com"}, "Action": "sts:AssumeRole"}
    document = {"Statement": [{"Effect": "Allow", **each} for each in (logs, writes, pulls)]}
    role = {
        "AssumeRolePolicyDocument": {"Statement": [trust]},
        "Policies": [{"PolicyName": "own", "PolicyDocument": document}],
    }
    found = template(
        resources={
            "Role": {"Type": "AWS::IAM::Role", "Properties": role},
            "Key": {"Type": "AWS::KMS::Key", "Properties": {"KeyPolicy": policy}},
        }
    )
    model = found["Resources"]["Model"]["Properties"]
    model["ExecutionRoleArn"] = {"Fn::GetAtt": ["Role", "Arn"]}
    config = found["Resources"]["Config"]["Properties"]
    config["ProductionVariants"][0]["ModelName"] = {"Fn::GetAtt": ["Model", "ModelName"]}
    config["DataCaptureConfig"] = {
        "InitialSamplingPercentage": 10,
        "DestinationS3Uri": "s3://captured/",
        "KmsKeyId": {"Fn::GetAtt": ["Key", "Arn"]},
        "CaptureOptions": [{"CaptureMode": "Input"}],
    }
    assert [problem.code for problem in check_template(found)] == codes
