"""Every way to scale: by use, by requests, by any metric, in steps, by the clock; all variants at once."""

from datetime import timedelta

import aws_cdk as cdk
from aws_cdk import aws_sqs as sqs

from sm_constructs import (
    AsyncEndpoint,
    Container,
    ContainerImage,
    InferenceComponent,
    InferenceComponentEndpoint,
    Instances,
    ModelData,
    MultiVariantEndpoint,
    RealTimeEndpoint,
    S3Location,
    Scaling,
    ScheduledCapacity,
    ServerlessEndpoint,
    Step,
    StepScaling,
    TargetTracking,
    Variant,
)

app = cdk.App()
stack = cdk.Stack(app, "Scaling")


def model(version: str) -> Container:
    """Give one version of the model."""
    return Container(
        ContainerImage.from_framework("xgboost", "1.7-1"),
        model_data=ModelData.from_s3("models-of-mine", f"churn/{version}/model.tar.gz"),
    )


# Several policies together: whoever wants the most capacity gets it. 60 percent are those of one vCPU; the metric runs
# to 400 here, and its target becomes 240.
RealTimeEndpoint(
    stack,
    "Tracking",
    container=model("1"),
    instances=Instances("ml.m5.xlarge", count=2),
    scaling=Scaling(
        1,
        8,
        policies=[
            TargetTracking.concurrent_requests_per_model(5, scale_out_cooldown=timedelta(0)),
            TargetTracking.cpu_utilization(60),
            TargetTracking.memory_utilization(80, scale_in=False),
        ],
        schedule=[
            ScheduledCapacity("cron(30 7 ? * MON-FRI *)", min_capacity=3, time_zone="Europe/Berlin"),
            ScheduledCapacity("cron(0 20 ? * MON-FRI *)", min_capacity=1, time_zone="Europe/Berlin"),
        ],
    ),
)

# Steps on both sides of the range in which the capacity is right, and faster the further away.
RealTimeEndpoint(
    stack,
    "Steps",
    container=model("1"),
    instances=Instances("ml.m5.xlarge", count=2),
    scaling=Scaling(
        1,
        8,
        policies=[
            StepScaling(
                "CPUUtilization",
                [Step(None, 10, -2), Step(10, 25, -1), Step(60, 80, 1), Step(80, None, 3)],
                evaluation_periods=3,
                datapoints_to_alarm=2,
                cooldown=timedelta(minutes=2),
            )
        ],
    ),
)

# A metric of something else: the more orders wait, the more instances answer.
orders = sqs.Queue(stack, "Orders", enforce_ssl=True)
waiting = orders.metric_approximate_number_of_messages_visible(period=cdk.Duration.minutes(1), statistic="Maximum")
AsyncEndpoint(
    stack,
    "Queue",
    container=model("1"),
    instances=Instances("ml.m5.large"),
    output=S3Location("answers-of-mine"),
    scaling=Scaling(
        0,
        10,
        policies=[
            TargetTracking.backlog_per_instance(5),
            StepScaling(waiting, [Step(1, 100, 1), Step(100, 500, 4), Step(500, None, 10)], adjustment="exact"),
        ],
    ),
)

# All variants scale in the same way, but for the one that says otherwise.
MultiVariantEndpoint(
    stack,
    "Test",
    variants=[
        Variant("champion", container=model("1"), instances=Instances("ml.m5.large"), weight=9),
        Variant("challenger", container=model("2"), instances=Instances("ml.m5.large"), weight=1),
        Variant(
            "heavy",
            container=model("3"),
            instances=Instances("ml.g4dn.12xlarge"),
            scaling=Scaling(1, 2, policies=[TargetTracking.gpu_utilization(70)]),
        ),
    ],
    scaling=Scaling(1, 4, policies=[TargetTracking.invocations_per_instance(70)]),
)

# Provisioned concurrency, and copies of inference components.
ServerlessEndpoint(
    stack,
    "Serverless",
    container=model("1"),
    memory_mb=2048,
    max_concurrency=10,
    provisioned_concurrency=2,
    scaling=Scaling(
        1,
        10,
        policies=[
            StepScaling(
                "ServerlessProvisionedConcurrencyUtilization",
                [Step(None, 0.3, -10), Step(0.7, 0.9, 25), Step(0.9, None, 100)],
                adjustment="percent",
                min_change=1,
            )
        ],
    ),
)
InferenceComponentEndpoint(
    stack,
    "Copies",
    instances=Instances("ml.m5.2xlarge"),
    components=[
        InferenceComponent(
            "churn",
            container=model("1"),
            memory_mb=1024,
            cpus=1,
            scaling=Scaling(
                1,
                6,
                policies=[TargetTracking.concurrent_requests_per_copy(4), TargetTracking.cpu_utilization(70)],
            ),
        )
    ],
)

app.synth()
