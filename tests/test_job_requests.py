"""What `check_template` finds in the requests for transform jobs that state machines and schedules send."""

from __future__ import annotations

import copy
import json

import pytest

from sm_constructs import check_template

REQUEST = {
    "TransformJobName.$": "$.name",
    "ModelName": "scorer",
    "TransformInput": {"DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": "s3://records/in/"}}},
    "TransformOutput": {"S3OutputPath": "s3://records/out/"},
    "TransformResources": {"InstanceType": "ml.m5.large", "InstanceCount": 1},
}
SYNC = "arn:aws:states:::sagemaker:createTransformJob.sync"
DEFINITION = "Resources/Nightly/Properties/Definition"
SCORE = f"{DEFINITION}/States/Score/Parameters"


def changed(**more):
    return {**copy.deepcopy(REQUEST), **more}


def task(request, language="Parameters", resource=SYNC):
    return {"Type": "Task", "Resource": resource, language: request, "End": True}


def machine(state=None, **properties):
    """Give a template with a state machine of one state."""
    definition = {"StartAt": "Score", "States": {"Score": state}}
    given = {"RoleArn": "arn:aws:iam::123456789012:role/nightly", "Definition": definition, **properties}
    given = {name: value for name, value in given.items() if value is not None}
    return {"Resources": {"Nightly": {"Type": "AWS::StepFunctions::StateMachine", "Properties": given}}}


def schedule(text, when="rate(1 days)", **more):
    target = {
        "Arn": {"Fn::Sub": "arn:${AWS::Partition}:scheduler:::aws-sdk:sagemaker:createTransformJob"},
        "RoleArn": "arn:aws:iam::123456789012:role/nightly",
        "Input": text,
    }
    given = {"ScheduleExpression": when, "FlexibleTimeWindow": {"Mode": "OFF"}, "Target": target, **more}
    return {"Resources": {"Nightly": {"Type": "AWS::Scheduler::Schedule", "Properties": given}}}


def found(template):
    return [(problem.code, problem.path) for problem in check_template(template)]


def test_a_request_that_is_in_order_has_no_problem():
    assert found(machine(task(REQUEST))) == []


@pytest.mark.parametrize(
    ("change", "code", "place"),
    [
        ({"MaxPayloadInMB": 101}, "SMC910", "MaxPayloadInMB"),
        ({"MaxPayloadInMB": 50, "MaxConcurrentTransforms": 4}, "SMC912", "MaxPayloadInMB"),
        ({"ModelClientConfig": {"InvocationsMaxRetries": 4}}, "SMC915", "ModelClientConfig/InvocationsMaxRetries"),
        ({"BatchStrategy": "SingleRecord"}, "SMC921", "BatchStrategy"),
        ({"BatchStrategie": "SingleRecord"}, "SMC042", "BatchStrategie"),
        ({"TransformOutput": {}}, "SMC041", "TransformOutput/S3OutputPath"),
        ({"TransformOutput": {"S3OutputPath": "records/out"}}, "SMC044", "TransformOutput/S3OutputPath"),
        ({"TransformOutput": {"S3OutputPath": "s3://records/in/"}}, "SMC951", "TransformOutput/S3OutputPath"),
        ({"Environment": {"A-B": "c"}}, "SMC931", "Environment"),
        (
            {"TransformResources": {"InstanceType": "ml.m6g.large", "InstanceCount": 1}},
            "SMC901",
            "TransformResources/InstanceType",
        ),
    ],
)
def test_a_request_is_looked_at_as_our_own_is(change, code, place):
    assert found(machine(task(changed(**change)))) == [(code, f"{SCORE}/{place}")]


def test_what_the_state_machine_is_given_when_it_runs_is_not_known():
    dynamic = {"MaxPayloadInMB.$": "$.size", "TransformResources.$": "$.resources", "Environment": {"A-B.$": "$.a"}}
    request = {name: value for name, value in REQUEST.items() if name != "TransformResources"}
    assert found(machine(task({**request, **dynamic}))) == [("SMC931", f"{SCORE}/Environment")]
    assert found(machine(task(request))) == [("SMC041", f"{SCORE}/TransformResources")]


def test_jsonata_is_carried_out_when_it_runs():
    request = {**REQUEST, "TransformJobName": "{% $name %}", "MaxPayloadInMB": "{% $size %}", "BatchStrategy": "All"}
    del request["TransformJobName.$"]
    places = {path for _, path in found(machine({**task(request, "Arguments"), "QueryLanguage": "JSONata"}))}
    assert places == {f"{DEFINITION}/States/Score/Arguments/BatchStrategy"}
    assert found(machine(task("{% $states.input %}", "Arguments"))) == []


def test_tasks_in_parallel_and_repeated_parts_are_looked_at():
    inner = {"StartAt": "Score", "States": {"Score": task(changed(MaxPayloadInMB=101))}}
    place = "States/Score/Parameters/MaxPayloadInMB"
    for state, way in (
        ({"Type": "Parallel", "Branches": [inner]}, "Branches/0"),
        ({"Type": "Map", "Iterator": inner}, "Iterator"),
        ({"Type": "Map", "ItemProcessor": inner}, "ItemProcessor"),
    ):
        assert found(machine(state)) == [("SMC910", f"{DEFINITION}/States/Score/{way}/{place}")]


def as_text(request):
    return json.dumps({"StartAt": "Score", "States": {"Score": task(request)}})


@pytest.mark.parametrize(
    "written",
    [
        as_text(changed(MaxPayloadInMB=101)),
        {"Fn::Sub": as_text(changed(MaxPayloadInMB=101, ModelName="${Model.ModelName}"))},
        {"Fn::Join": ["", [as_text(changed(MaxPayloadInMB=101)).removesuffix("}"), "}"]]},
    ],
    ids=["text", "sub", "join"],
)
def test_a_definition_may_be_a_text(written):
    (problem,) = check_template(machine(Definition=None, DefinitionString=written))
    assert problem.path == "Resources/Nightly/Properties/DefinitionString"
    assert problem.message.startswith(f"{problem.path} at States/Score/Parameters/MaxPayloadInMB is 101; it is")


def test_a_number_in_a_text_may_come_from_elsewhere():
    text = as_text(changed(MaxPayloadInMB=101, MaxConcurrentTransforms="X")).replace('"X"', "${Most}")
    template = machine(Definition=None, DefinitionString={"Fn::Sub": text})
    assert [code for code, _ in found({**template, "Parameters": {"Most": {"Type": "Number"}}})] == ["SMC910"]
    default = {"Parameters": {"Most": {"Type": "Number", "Default": -1}}}
    assert [code for code, _ in found({**template, **default})] == ["SMC910", "SMC911"]


def test_a_number_is_put_into_a_text_by_name():
    text = as_text(changed(MaxPayloadInMB="X")).replace('"X"', "${Size}")
    for size, codes in ((100, []), (101, ["SMC910"]), ({"Ref": "Most"}, [])):
        template = machine(Definition=None, DefinitionString=text, DefinitionSubstitutions={"Size": size})
        template["Parameters"] = {"Most": {"Type": "Number"}}
        assert [code for code, _ in found(template)] == codes


def test_what_is_not_known_of_a_text_stays_so():
    request = changed(TransformJobName="scores-${Run}", MaxConcurrentTransforms="X")
    del request["TransformJobName.$"]
    template = machine(DefinitionString={"Fn::Sub": as_text(request).replace('"X"', "${Most}")}, Definition=None)
    parameters = {"Most": {"Type": "Number"}, "Run": {"Type": "String"}}
    assert found({**template, "Parameters": parameters}) == []


def test_texts_are_put_into_a_definition_by_name():
    template = machine(
        task(changed(ModelName="${Model}", TransformResources={"InstanceType": "${Type}", "InstanceCount": 1})),
        DefinitionSubstitutions={"Model": {"Ref": "Scorer"}, "Type": "ml.m6g.large"},
    )
    template["Resources"]["Scorer"] = {
        "Type": "AWS::SageMaker::Model",
        "Properties": {
            "ExecutionRoleArn": "arn:aws:iam::123456789012:role/hosting",
            "PrimaryContainer": {"Image": "123456789012.dkr.ecr.eu-west-1.amazonaws.com/scorer:1"},
        },
    }
    assert found(template) == [
        ("SMC901", f"{SCORE}/TransformResources/InstanceType"),
        ("SMC967", f"{SCORE}/ModelName"),
    ]


def test_the_model_of_a_job_is_looked_at():
    template = machine(task(changed(ModelName={"Fn::GetAtt": ["Scorer", "ModelName"]})))
    source = {"S3DataSource": {"S3Uri": "s3://models/churn/", "S3DataType": "S3Prefix", "CompressionType": "None"}}
    container = {"Image": "123456789012.dkr.ecr.eu-west-1.amazonaws.com/scorer:1", "ModelDataSource": source}
    properties = {"ExecutionRoleArn": "arn:aws:iam::123456789012:role/hosting", "PrimaryContainer": container}
    template["Resources"]["Scorer"] = {"Type": "AWS::SageMaker::Model", "Properties": properties}
    ((code, path),) = found(template)
    assert code == "SMC940"
    assert path.startswith("Resources/Scorer/Properties/PrimaryContainer/ModelDataSource")


def test_a_schedule_sends_a_request_as_a_text():
    request = changed(MaxPayloadInMB=101, TransformJobName="scores-<aws.scheduler.execution-id>")
    del request["TransformJobName.$"]
    (problem,) = check_template(schedule(json.dumps(request)))
    assert (problem.code, problem.path) == ("SMC910", "Resources/Nightly/Properties/Target/Input")
    assert " at MaxPayloadInMB is 101" in problem.message


def test_a_schedule_is_looked_at_as_our_own_is():
    request = changed(TransformJobName="scores")
    del request["TransformJobName.$"]
    text = json.dumps(request)
    assert found(schedule(text)) == [("SMC966", "Resources/Nightly/Properties/Target/Input")]
    assert found(schedule(text, "at(2030-01-01T00:00:00)")) == []
    assert [code for code, _ in found(schedule(text, "every day"))] == ["SMC960", "SMC966"]
    window = {"Mode": "FLEXIBLE", "MaximumWindowInMinutes": 1441}
    assert [code for code, _ in found(schedule(text, FlexibleTimeWindow=window))] == ["SMC962", "SMC966"]


@pytest.mark.parametrize(
    "text", [None, "", "{", "[]", "1", {"Ref": "Input"}, "[" * 5000, '{"a": ' * 90 + "1" + "}" * 90]
)
def test_what_is_no_request_is_left_alone(text):
    assert {code for code, _ in found(schedule(text))} <= {"SMC041", "SMC042"}


def test_other_calls_are_left_alone():
    template = machine(task({"MaxPayloadInMB": 101}, resource="arn:aws:states:::sagemaker:createModel"))
    assert found(template) == []
    other = schedule(json.dumps({"MaxPayloadInMB": 101}))
    other["Resources"]["Nightly"]["Properties"]["Target"]["Arn"] = "arn:aws:scheduler:::aws-sdk:sagemaker:createModel"
    assert found(other) == []


class TestRoles:
    """The roles of the jobs, and of what starts them."""

    @staticmethod
    def role(service, *statements):
        trust = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": service}}
        policy = {"PolicyName": "own", "PolicyDocument": {"Statement": list(statements)}}
        return {
            "Type": "AWS::IAM::Role",
            "Properties": {"AssumeRolePolicyDocument": {"Statement": [trust]}, "Policies": [policy]},
        }

    @staticmethod
    def allow(*actions, resource="*"):
        return {"Effect": "Allow", "Action": list(actions), "Resource": resource}

    STARTS = ("sagemaker:CreateTransformJob",)
    WAITS = ("events:PutTargets", "events:PutRule", "events:DescribeRule")

    def started(self, resource, *actions):
        template = machine(task(REQUEST, resource=resource), RoleArn={"Fn::GetAtt": ["Starter", "Arn"]})
        template["Resources"]["Starter"] = self.role("states.amazonaws.com", self.allow(*actions))
        return found(template)

    def test_who_starts_jobs_may_do_so(self):
        place = "Resources/Nightly/Properties/RoleArn"
        assert self.started(SYNC, *self.STARTS, *self.WAITS) == []
        assert self.started(SYNC, *self.WAITS) == [("SMC867", place)]
        assert self.started(SYNC, *self.STARTS) == [("SMC867", place)] * 3
        assert self.started(SYNC.removesuffix(".sync"), *self.STARTS) == []

    def test_the_role_of_the_model_reads_records_and_writes_results(self):
        template = machine(task(changed(ModelName={"Fn::GetAtt": ["Scorer", "ModelName"]})))
        published = "763104351884.dkr.ecr.eu-west-1.amazonaws.com/pytorch-inference:2.6.0"
        template["Resources"]["Scorer"] = {
            "Type": "AWS::SageMaker::Model",
            "Properties": {
                "ExecutionRoleArn": {"Fn::GetAtt": ["Hosting", "Arn"]},
                "PrimaryContainer": {"Image": published},
            },
        }
        logs = self.allow("logs:CreateLogStream", "logs:PutLogEvents", resource="arn:aws:logs:*:*:log-group:/aws/*")
        reads = self.allow("s3:GetObject", resource="arn:aws:s3:::records/in/*")
        writes = self.allow("s3:PutObject", resource="arn:aws:s3:::records/out/*")
        for statements, expected in (
            ((reads, writes), []),
            ((reads,), [("SMC861", f"{SCORE}/TransformOutput/S3OutputPath")]),
            ((writes,), [("SMC861", f"{SCORE}/TransformInput/DataSource/S3DataSource/S3Uri")]),
        ):
            template["Resources"]["Hosting"] = self.role("sagemaker.amazonaws.com", logs, *statements)
            assert found(template) == expected
