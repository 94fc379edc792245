"""Requests for transform jobs: what state machines and schedules ask for."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from sm_constructs.reading.resources import MODEL, SCHEDULE, Template
from sm_constructs.reading.transforms import CALL, job_requests, tasks
from sm_constructs.rules.registry import Finding, mentioning, rule
from sm_constructs.tokens import is_text

if TYPE_CHECKING:
    from collections.abc import Iterator

_MACHINE = """\
Nightly:
  Type: AWS::StepFunctions::StateMachine
  Properties:
    RoleArn: arn:aws:iam::123456789012:role/nightly
    Definition:
      StartAt: Score
      States:
        Score:
          Type: Task
          Resource: arn:aws:states:::sagemaker:{}.sync
          End: true
          Parameters:
            TransformJobName{}
            ModelName: {}
            TransformInput: {{DataSource: {{S3DataSource: {{S3DataType: S3Prefix, S3Uri: s3://records/in/}}}}}}
            TransformOutput: {{S3OutputPath: s3://records/out/}}
            TransformResources: {{InstanceType: ml.m5.large, InstanceCount: 1}}
Model:
  Type: AWS::SageMaker::Model
  Properties:
    ExecutionRoleArn: arn:aws:iam::123456789012:role/hosting
    PrimaryContainer: {{Image: '123456789012.dkr.ecr.eu-west-1.amazonaws.com/scorer:1'}}
"""


def _example(call: str = CALL, name: str = ".$: $.name", model: str = "!GetAtt Model.ModelName") -> str:
    return _MACHINE.format(call, name, model)


@rule(
    "SMC966",
    "Each transform job has a name of its own",
    severity="warning",
    source="CreateTransformJob.TransformJobName: unique within an AWS Region in an AWS account",
    about=Template,
    where=mentioning(CALL),
    facts=["batch/job_name"],
    good=_example(),
    bad=_example(name=": nightly-scores"),
)
def fresh_names(template: Template) -> Iterator[Finding]:
    """Warn of names that only the first run can have."""
    for request in job_requests(template):
        node = request.node["TransformJobName"]
        once = request.sender.type == SCHEDULE and (request.sender["ScheduleExpression"].said or "").startswith("at(")
        if is_text(node.said) and not once:
            yield Finding(node.path, f"is {node.said!r} in every run, and only the first can have it")


@rule(
    "SMC967",
    "A transform job names its model by its name; Ref gives the ARN",
    source="CreateTransformJob.ModelName; AWS::SageMaker::Model: return values",
    about=Template,
    where=mentioning(CALL),
    facts=["cloudformation/ref_returns_arn"],
    good=_example(),
    bad=_example(model="!Ref Model"),
)
def model_names(template: Template) -> Iterator[Finding]:
    """Check that no ARN stands where the name of the model is wanted."""
    models = {f"${{Token[{model.id}]}}": model.id for model in template.of_type(MODEL)}
    for request in job_requests(template):
        node = request.node["ModelName"]
        if (id := models.get(node.said or "")) is not None:
            yield Finding(node.path, f"has Ref {id}, which gives an ARN; the name is Fn::GetAtt {id}.ModelName")


# "Create and manage Amazon SageMaker AI jobs with Step Functions", Step Functions developer guide.
_CALLS = {
    *("createEndpoint", "createEndpointConfig", "createHyperParameterTuningJob", "createLabelingJob", "createModel"),
    *("createProcessingJob", "createTrainingJob", "createTransformJob", "updateEndpoint"),
}
_CALLED = re.compile(r":states:::sagemaker:(\w+)")


@rule(
    "SMC968",
    "A state machine calls what Step Functions knows of SageMaker",
    source='"Create and manage Amazon SageMaker AI jobs with Step Functions", Step Functions developer guide',
    about=Template,
    where=mentioning(":sagemaker:"),
    facts=["batch/cfn_resource"],
    good=_example(),
    bad=_example("createBatchTransformJob"),
)
def known_calls(template: Template) -> Iterator[Finding]:
    """Check the calls that state machines are to make."""
    for _, task in tasks(template):
        resource = task["Resource"]
        called = _CALLED.search(resource.said or "")
        if called and called[1] not in _CALLS:
            yield Finding(resource.path, f"calls {called[1]}; there are {', '.join(sorted(_CALLS))}")
