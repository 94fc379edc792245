"""Two versions of a framework on the same instances; the caller names the container."""

import aws_cdk as cdk

from sm_constructs import (
    Container,
    ContainerImage,
    Instances,
    ModelData,
    MultiContainerEndpoint,
)

app = cdk.App()
stack = cdk.Stack(app, "MultiContainer")

endpoint = MultiContainerEndpoint(
    stack,
    "Scorers",
    containers=[
        Container(
            ContainerImage.from_framework("pytorch", version),
            model_data=ModelData.from_s3("models-of-mine", f"scorer-{hostname}/model.tar.gz"),
            hostname=hostname,
        )
        for hostname, version in (("steady", "2.5.1"), ("next", "2.6.0"))
    ],
    instances=Instances("ml.c6i.2xlarge", count=2),
)
cdk.CfnOutput(stack, "EndpointName", value=endpoint.endpoint_name)

app.synth()
