"""Updates that alarms take back, and what is kept and told of the traffic: captured data, explanations, metrics."""

import aws_cdk as cdk
from aws_cdk import aws_cloudwatch, aws_kms, aws_s3

from sm_constructs import (
    ClarifyExplainer,
    Container,
    ContainerImage,
    DataCapture,
    InferenceComponent,
    InferenceComponentEndpoint,
    Instances,
    MetricsConfig,
    ModelData,
    RealTimeEndpoint,
    Rollout,
    S3Location,
    ScaleIn,
    Scaling,
)

app = cdk.App()
stack = cdk.Stack(app, "Operations")
key = aws_kms.Key(stack, "Key", enable_key_rotation=True)
logs = aws_s3.Bucket(stack, "Logs", encryption=aws_s3.BucketEncryption.KMS, encryption_key=key, enforce_ssl=True)

# A tenth of the traffic first; alarms of errors and latency are made, and take the update back.
RealTimeEndpoint(
    stack,
    "Scorer",
    container=Container(
        ContainerImage.from_framework("xgboost", "1.7-1"),
        model_data=ModelData.from_s3("models-of-mine", "scorer/latest.tar.gz"),
    ),
    revision="2026-11-20",  # the bytes behind latest.tar.gz are new
    instances=Instances("ml.m5.large", count=2),
    rollout=Rollout.canary(
        percent=10,
        bake=cdk.Duration.minutes(10),
        termination_wait=cdk.Duration.minutes(5),
        maximum_duration=cdk.Duration.hours(1),
        alarms="default",
    ),
    data_capture=DataCapture(
        S3Location(logs, "captured/"),
        percent=20,
        encryption_key=key,
        csv_content_types=["text/csv"],
        json_content_types=["application/json", "application/jsonlines"],
    ),
    metrics_config=MetricsConfig(enhanced=True, detailed=True, publish_every=cdk.Duration.seconds(10)),
    explainer=ClarifyExplainer(
        baseline="35,1,2400.0\n52,0,310.5",
        mime_type="text/csv",
        samples=100,
        seed=7,
        use_logit=True,
        enable="probability > `0.8`",
        max_record_count=100,
        max_payload_mb=5,
        probability_index=1,
        label_index=0,
        label_headers=["stays", "leaves"],
        feature_headers=["age", "contract", "revenue"],
    ),
)

# One instance after the other, taken back by an alarm of the shop that asks it; texts are explained word by word.
orders = aws_cloudwatch.Alarm(
    stack,
    "FewOrders",
    metric=aws_cloudwatch.Metric(namespace="Shop", metric_name="Orders", statistic="Sum"),
    threshold=10,
    evaluation_periods=1,
    comparison_operator=aws_cloudwatch.ComparisonOperator.LESS_THAN_THRESHOLD,
)
RealTimeEndpoint(
    stack,
    "Reviews",
    container=Container(
        ContainerImage.from_framework("xgboost", "1.7-1"),
        model_data=ModelData.from_s3("models-of-mine", "reviews/3/model.tar.gz"),
    ),
    instances=Instances("ml.m5.large", count=4, core_dump=S3Location(logs, "dumps/"), core_dump_key=key),
    rollout=Rollout.linear(instances=1, interval=cdk.Duration.minutes(5), alarms=[orders]),
    explainer=ClarifyExplainer(
        baseline_location=S3Location("models-of-mine", "reviews/baseline.jsonl"),
        mime_type="application/jsonlines",
        text_language="en",
        text_granularity="token",
        content_template='{"review":$features}',
        features_attribute="review",
        feature_types=["text"],
        probability_attribute="score",
        label_attribute="label",
    ),
)

# Copies of a component are replaced a few at a time, and so are the instances under them.
InferenceComponentEndpoint(
    stack,
    "Chat",
    instances=Instances("ml.g5.12xlarge", count=2),
    scaling=Scaling(2, 8),
    scale_in=ScaleIn("CONSOLIDATION", most_at_once=2, cooldown=cdk.Duration.minutes(30)),
    rollout=Rollout.rolling(
        percent=50,
        bake=cdk.Duration.minutes(5),
        rollback=100,
        maximum_duration=cdk.Duration.hours(2),
        alarms=[orders],
    ),
    components=[
        InferenceComponent(
            "llama",
            container=Container(
                ContainerImage.from_framework("djl-lmi", "0.31.0", accelerator="gpu"),
                model_data=ModelData.from_s3_prefix("models-of-mine", "llama/"),
            ),
            accelerators=1,
            memory_mb=16384,
            copies=4,
            cache_data=True,
            placement="SPREAD",
            zone_imbalance=1,
            rollout=Rollout.rolling(
                copies=2,
                bake=cdk.Duration.minutes(2),
                rollback=4,
                maximum_duration=cdk.Duration.hours(2),
                alarms=[orders],
            ),
        ),
    ],
)

app.synth()
