"""An A/B test of a model and its challenger, and beside it a model with a shadow variant."""

import aws_cdk as cdk

from sm_constructs import (
    Container,
    ContainerImage,
    Instances,
    ModelData,
    MultiVariantEndpoint,
    Scaling,
    TargetTracking,
    Variant,
)

app = cdk.App()
stack = cdk.Stack(app, "MultiVariant")


def model(version: str) -> Container:
    """Give one version of the model."""
    return Container(
        ContainerImage.from_framework("xgboost", "1.7-1"),
        model_data=ModelData.from_s3("models-of-mine", f"churn/{version}/model.tar.gz"),
    )


scaling = Scaling(1, 4, policies=[TargetTracking.invocations_per_instance(70)])
ab = MultiVariantEndpoint(
    stack,
    "Test",
    variants=[
        Variant("champion", container=model("1"), instances=Instances("ml.m5.large"), weight=9, scaling=scaling),
        Variant("challenger", container=model("2"), instances=Instances("ml.m5.large"), weight=1),
    ],
)
shadowed = MultiVariantEndpoint(
    stack,
    "Rehearsal",
    variants=[Variant("live", container=model("1"), instances=Instances("ml.m5.large"))],
    shadow=Variant("next", container=model("2"), instances=Instances("ml.m5.large"), weight=0.5),
)
cdk.CfnOutput(stack, "EndpointName", value=ab.endpoint_name)
cdk.CfnOutput(stack, "ShareOfTheChallenger", value=f"{ab.traffic_shares['challenger']:.0%}")

app.synth()
