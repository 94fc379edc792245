"""Scores for all customers, every night, by a model from S3; and the same job as a step of a state machine."""

import aws_cdk as cdk
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_stepfunctions as sfn

from sm_constructs import (
    BatchTransform,
    Container,
    ContainerImage,
    DataProcessing,
    Instances,
    ModelData,
    S3Location,
    TransformInput,
    TransformOutput,
    TransformSchedule,
)

app = cdk.App()
stack = cdk.Stack(app, "BatchTransform")
data = s3.Bucket(stack, "Data", enforce_ssl=True)

churn = BatchTransform(
    stack,
    "Churn",
    container=Container(
        ContainerImage.from_framework("xgboost", "1.7-1"),
        model_data=ModelData.from_s3("models-of-mine", "churn/2026-11/model.tar.gz"),
    ),
    instances=Instances("ml.m5.xlarge", count=2),
    # Lines such as "customer-17,0.3,41,…": the model gets them without the customer, and the score goes beside it.
    input=TransformInput(S3Location(data, "customers/"), content_type="text/csv", split="Line"),
    output=TransformOutput(
        S3Location(data, "scores/<aws.scheduler.scheduled-time>/"), accept="text/csv", assemble_with="Line"
    ),
    data_processing=DataProcessing(input_filter="$[1:]", join_source="Input", output_filter="$[0,-1]"),
    strategy="MultiRecord",
    schedule=TransformSchedule("cron(0 3 * * ? *)", time_zone="Europe/Berlin", retry_attempts=3),
)

score = churn.task(
    stack,
    "Score",
    input_uri=sfn.JsonPath.string_at("$.customers"),
    output_uri=sfn.JsonPath.string_at("$.scores"),
)
machine = sfn.StateMachine(stack, "Rescoring", definition_body=sfn.DefinitionBody.from_chainable(score))
cdk.CfnOutput(stack, "ModelName", value=churn.model_name)
cdk.CfnOutput(stack, "StateMachineArn", value=machine.state_machine_arn)

app.synth()
