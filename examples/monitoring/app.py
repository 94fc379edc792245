"""Alarms that tell a topic, and a dashboard for each endpoint."""

import aws_cdk as cdk
from aws_cdk import aws_iam, aws_sns

from sm_constructs import (
    AsyncEndpoint,
    Container,
    ContainerImage,
    EndpointDashboard,
    Instances,
    ModelData,
    MultiModelEndpoint,
    RealTimeEndpoint,
    S3Location,
    Scaling,
    TargetTracking,
)

app = cdk.App()
stack = cdk.Stack(app, "Monitoring")
on_call = aws_sns.Topic(stack, "OnCall", enforce_ssl=True)
# A topic that has a policy lets nobody publish whom it does not name, CloudWatch included.
on_call.grant_publish(aws_iam.ServicePrincipal("cloudwatch.amazonaws.com"))

# The defaults are meant to be lived with; the latency is what callers of this endpoint can bear.
tenants = MultiModelEndpoint(
    stack,
    "Tenants",
    container=Container(ContainerImage.from_framework("xgboost", "1.7-1")),
    models=ModelData.from_s3_prefix("models-of-mine", "tenants/"),
    instances=Instances("ml.m5.xlarge", count=2),
    scaling=Scaling(2, 6, policies=[TargetTracking.invocations_per_instance(200)]),
)
tenants.add_alarms(actions=[on_call], ok_actions=[on_call], latency=cdk.Duration.millis(500))

# One alarm by its name, and one left out: the instances of this one are meant to be busy.
transcripts = AsyncEndpoint(
    stack,
    "Transcripts",
    container=Container(
        ContainerImage.from_framework("pytorch", "2.6.0", accelerator="gpu"),
        model_data=ModelData.from_s3("models-of-mine", "whisper/model.tar.gz"),
    ),
    instances=Instances("ml.g5.xlarge"),
    inputs=[S3Location("recordings", "in/")],
    output=S3Location("recordings", "out/"),
    scaling=Scaling(0, 5),
)
alarms = transcripts.add_alarms(actions=[on_call], backlog_age=cdk.Duration.minutes(30), cpu=None)
cdk.CfnOutput(stack, "BacklogAlarm", value=alarms["backlog-age"].alarm_name)

# An endpoint that somebody else made: what is not known of it, its instance type, is not needed for these.
churn = RealTimeEndpoint.from_endpoint_name(stack, "Churn", "churn-eu")
churn.add_alarms(actions=[on_call], errors=0.05, latency=cdk.Duration.seconds(2))

EndpointDashboard(stack, "Watch", endpoints=[tenants, transcripts, churn])

app.synth()
