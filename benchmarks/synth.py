"""How long 700 autoscaled endpoints take to synthesise: this library, L1 constructs by hand, and the CDK's alpha.

Run as ``python benchmarks/synth.py [--endpoints 700] [--runs 5]``. Each run is a process of its own; the three take
turns, and the ratios are those of the medians. ``python benchmarks/synth.py --only ours`` is one such run.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

PER_STACK = 70  # a stack has at most 500 resources, and the alpha makes seven for each endpoint
IMAGE = "123456789012.dkr.ecr.us-east-1.amazonaws.com/scorer:1.4"
WAYS = ["ours", "by hand", "alpha"]


def ours():
    from sm_constructs import Container, ContainerImage, Instances, ModelData, RealTimeEndpoint, Scaling, TargetTracking

    def make(stack, id):
        RealTimeEndpoint(
            stack,
            id,
            container=Container(
                ContainerImage.from_uri(IMAGE), model_data=ModelData.from_s3("models", f"{id}/model.tar.gz")
            ),
            instances=Instances("ml.m5.large"),
            scaling=Scaling(1, 4, policies=[TargetTracking.invocations_per_instance(70)]),
        )

    return make


def by_hand():
    from aws_cdk import Aws
    from aws_cdk import aws_applicationautoscaling as autoscaling
    from aws_cdk import aws_iam as iam
    from aws_cdk import aws_sagemaker as sagemaker

    def allow(actions, resources, **conditions):
        statement = {"Effect": "Allow", "Action": actions, "Resource": resources}
        return {**statement, "Condition": conditions} if conditions else statement

    def make(stack, id):
        logs = f"arn:{Aws.PARTITION}:logs:us-east-1:123456789012:log-group:/aws/sagemaker/Endpoints/*{id}Endpoint*"
        statements = [
            allow("ecr:GetAuthorizationToken", "*"),
            allow(
                ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"],
                f"arn:{Aws.PARTITION}:ecr:us-east-1:123456789012:repository/scorer",
            ),
            allow("s3:GetObject", f"arn:{Aws.PARTITION}:s3:::models/{id}/model.tar.gz"),
            allow(
                "s3:ListBucket", f"arn:{Aws.PARTITION}:s3:::models", StringLike={"s3:prefix": [f"{id}/model.tar.gz"]}
            ),
            allow(
                ["logs:CreateLogGroup", "logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"], logs
            ),
            allow(
                "cloudwatch:PutMetricData",
                "*",
                StringEquals={
                    "cloudwatch:namespace": [
                        "AWS/SageMaker",
                        "/aws/sagemaker/Endpoints",
                        "/aws/sagemaker/InferenceComponents",
                    ]
                },
            ),
        ]
        role = iam.CfnRole(
            stack,
            f"{id}Role",
            assume_role_policy_document={
                "Version": "2012-10-17",
                "Statement": [
                    {
                        "Effect": "Allow",
                        "Principal": {"Service": "sagemaker.amazonaws.com"},
                        "Action": "sts:AssumeRole",
                    }
                ],
            },
            policies=[
                iam.CfnRole.PolicyProperty(
                    policy_name="Execution",
                    policy_document={"Version": "2012-10-17", "Statement": statements},
                )
            ],
        )
        model = sagemaker.CfnModel(
            stack,
            f"{id}Model",
            execution_role_arn=role.attr_arn,
            primary_container=sagemaker.CfnModel.ContainerDefinitionProperty(
                image=IMAGE, model_data_url=f"s3://models/{id}/model.tar.gz"
            ),
        )
        config = sagemaker.CfnEndpointConfig(
            stack,
            f"{id}Config",
            production_variants=[
                sagemaker.CfnEndpointConfig.ProductionVariantProperty(
                    variant_name="AllTraffic",
                    model_name=model.attr_model_name,
                    initial_instance_count=1,
                    initial_variant_weight=1.0,
                    instance_type="ml.m5.large",
                )
            ],
        )
        endpoint = sagemaker.CfnEndpoint(
            stack,
            f"{id}Endpoint",
            endpoint_config_name=config.attr_endpoint_config_name,
            retain_all_variant_properties=True,
            exclude_retained_variant_properties=[
                sagemaker.CfnEndpoint.VariantPropertyProperty(variant_property_type="DesiredWeight"),
                sagemaker.CfnEndpoint.VariantPropertyProperty(variant_property_type="DataCaptureConfig"),
            ],
        )
        target = autoscaling.CfnScalableTarget(
            stack,
            f"{id}Target",
            service_namespace="sagemaker",
            resource_id=f"endpoint/{endpoint.attr_endpoint_name}/variant/AllTraffic",
            scalable_dimension="sagemaker:variant:DesiredInstanceCount",
            min_capacity=1,
            max_capacity=4,
        )
        autoscaling.CfnScalingPolicy(
            stack,
            f"{id}Policy",
            policy_name="InvocationsPerInstance",
            policy_type="TargetTrackingScaling",
            scaling_target_id=target.ref,
            target_tracking_scaling_policy_configuration=autoscaling.CfnScalingPolicy.TargetTrackingScalingPolicyConfigurationProperty(
                predefined_metric_specification=autoscaling.CfnScalingPolicy.PredefinedMetricSpecificationProperty(
                    predefined_metric_type="SageMakerVariantInvocationsPerInstance"
                ),
                target_value=70,
            ),
        )

    return make


def alpha():
    import aws_cdk.aws_sagemaker_alpha as sagemaker
    from aws_cdk import aws_ecr as ecr
    from aws_cdk import aws_s3 as s3
    from constructs import Construct

    def make(stack, id):
        scope = Construct(stack, id)
        repository = ecr.Repository.from_repository_name(scope, "Repository", "scorer")
        bucket = s3.Bucket.from_bucket_name(scope, "Bucket", "models")
        model = sagemaker.Model(
            scope,
            "Model",
            containers=[
                sagemaker.ContainerDefinition(
                    image=sagemaker.ContainerImage.from_ecr_repository(repository, "1.4"),
                    model_data=sagemaker.ModelData.from_bucket(bucket, f"{id}/model.tar.gz"),
                )
            ],
        )
        config = sagemaker.EndpointConfig(
            scope,
            "Config",
            instance_production_variants=[
                sagemaker.InstanceProductionVariantProps(
                    model=model,
                    variant_name="AllTraffic",
                    initial_instance_count=1,
                    instance_type=sagemaker.InstanceType.of("ml.m5.large"),
                )
            ],
        )
        endpoint = sagemaker.Endpoint(scope, "Endpoint", endpoint_config=config)
        variant = endpoint.find_instance_production_variant("AllTraffic")
        target = variant.auto_scale_instance_count(min_capacity=1, max_capacity=4)
        target.scale_on_invocations("Invocations", max_requests_per_second=2)

    return make


def synthesise(way: str, endpoints: int) -> dict[str, float]:
    """Make an app of so many endpoints in one of the ways, and say how long it took."""
    import aws_cdk as cdk

    make = {"ours": ours, "by hand": by_hand, "alpha": alpha}[way]()
    context = json.loads((Path(__file__).parent.parent / "cdk.json").read_text())["context"]
    with tempfile.TemporaryDirectory() as outdir:
        start = time.perf_counter()
        app = cdk.App(outdir=outdir, context=context)
        for index in range(endpoints):
            if index % PER_STACK == 0:
                place = cdk.Environment(account="123456789012", region="us-east-1")
                stack = cdk.Stack(app, f"Stack{index // PER_STACK}", env=place)
            make(stack, f"Endpoint{index}")
        constructed = time.perf_counter()
        app.synth()
        end = time.perf_counter()
        templates = [json.loads(path.read_text()) for path in Path(outdir).glob("*.template.json")]
    resources = sum(
        resource["Type"] != "AWS::CDK::Metadata"
        for template in templates
        for resource in template["Resources"].values()
    )
    return {"resources": resources, "construct": constructed - start, "total": end - start}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--endpoints", type=int, default=700)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--only", choices=WAYS)
    arguments = parser.parse_args()
    if arguments.only:
        print(json.dumps(synthesise(arguments.only, arguments.endpoints)))
        return
    times: dict[str, list[float]] = {way: [] for way in WAYS}
    resources = {}
    for _ in range(arguments.runs):
        for way in WAYS:
            command = [sys.executable, __file__, "--only", way, "--endpoints", str(arguments.endpoints)]
            run = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
            times[way].append(run["total"])
            resources[way] = run["resources"]
    median = {way: statistics.median(times[way]) for way in WAYS}
    print(f"{arguments.endpoints} autoscaled endpoints, median of {arguments.runs} runs")
    for way in WAYS:
        print(f"  {way:8} {median[way]:6.2f} s  {resources[way] / arguments.endpoints:.0f} resources each")
    print(f"  ours / by hand = {median['ours'] / median['by hand']:.2f}  (aim: at most 1.10)")
    print(f"  ours / alpha   = {median['ours'] / median['alpha']:.2f}  (aim: at most 0.85)")


if __name__ == "__main__":
    main()
