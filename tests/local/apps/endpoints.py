"""Small applications with L1 constructs, each synthesised to a directory of its own below the one given."""

from __future__ import annotations

import sys
from pathlib import Path

import aws_cdk as cdk
from aws_cdk import aws_applicationautoscaling as autoscaling
from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3_assets as assets
from aws_cdk import aws_sagemaker as sagemaker


class Endpoint(cdk.Stack):
    """An autoscaled endpoint with a model archive that is uploaded."""

    def __init__(self, scope: cdk.App, *, archive: Path, image: str, count: float) -> None:
        super().__init__(scope, "Endpoint")
        role = iam.Role(self, "Role", assumed_by=iam.ServicePrincipal("sagemaker.amazonaws.com"))
        data = assets.Asset(self, "Data", path=str(archive))
        data.grant_read(role)
        model = sagemaker.CfnModel(
            self,
            "Model",
            execution_role_arn=role.role_arn,
            primary_container={"image": image, "modelDataUrl": data.s3_object_url},
        )
        model.node.add_dependency(role)
        variant = {
            "variantName": "main",
            "modelName": model.attr_model_name,
            "instanceType": "ml.m5.large",
            "initialInstanceCount": count,
            "initialVariantWeight": 1,
        }
        config = sagemaker.CfnEndpointConfig(self, "Config", production_variants=[variant])
        endpoint = sagemaker.CfnEndpoint(
            self, "Endpoint", endpoint_name="chat", endpoint_config_name=config.attr_endpoint_config_name
        )
        target = autoscaling.CfnScalableTarget(
            self,
            "Target",
            service_namespace="sagemaker",
            resource_id=f"endpoint/{endpoint.attr_endpoint_name}/variant/main",
            scalable_dimension="sagemaker:variant:DesiredInstanceCount",
            min_capacity=1,
            max_capacity=4,
        )
        autoscaling.CfnScalingPolicy(
            self,
            "Policy",
            policy_name="load",
            policy_type="TargetTrackingScaling",
            scaling_target_id=target.ref,
            target_tracking_scaling_policy_configuration={
                "targetValue": 70,
                "predefinedMetricSpecification": {"predefinedMetricType": "SageMakerVariantInvocationsPerInstance"},
            },
        )


class Unknown(cdk.Stack):
    """A stack with a type that the embedded AWS does not have."""

    def __init__(self, scope: cdk.App) -> None:
        super().__init__(scope, "Unknown")
        cdk.CfnResource(self, "Cluster", type="AWS::EKS::Cluster")


def main(directory: Path) -> None:
    """Synthesise all of them."""
    archive = directory / "model.tar.gz"
    archive.write_bytes(b"a model")
    for name, image, count in (("first", "serve:1", 1), ("second", "serve:2", 2), ("wrong", "serve:3", 0)):
        app = cdk.App(outdir=str(directory / name))
        Endpoint(app, archive=archive, image=image, count=count)
        app.synth()
    app = cdk.App(outdir=str(directory / "unknown"))
    Unknown(app)
    app.synth()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
