"""Two ways to a model from outside: API Gateway in front of it, and a Lambda function that may ask it."""

import aws_cdk as cdk
from aws_cdk import aws_apigateway, aws_lambda

from sm_constructs import Container, ContainerImage, Instances, ModelData, RealTimeEndpoint

CODE = """
import os
import boto3

runtime = boto3.client("sagemaker-runtime")


def handler(event, context):
    answer = runtime.invoke_endpoint(
        EndpointName=os.environ["ENDPOINT"], ContentType="text/csv", Body=event["features"]
    )
    return {"score": float(answer["Body"].read())}
"""

app = cdk.App()
stack = cdk.Stack(app, "Access")

endpoint = RealTimeEndpoint(
    stack,
    "Churn",
    container=Container(
        ContainerImage.from_framework("xgboost", "1.7-1"),
        model_data=ModelData.from_s3("models-of-mine", "churn/model.tar.gz"),
    ),
    instances=Instances("ml.m5.large"),
)

# API Gateway asks the endpoint itself: one line with the CDK's own integration.
api = aws_apigateway.RestApi(stack, "Api", cloud_watch_role=False)
api.root.add_method(
    "POST",
    aws_apigateway.SagemakerIntegration(endpoint),
    authorization_type=aws_apigateway.AuthorizationType.IAM,
)

# A function asks it: one line for the permission.
function = aws_lambda.Function(
    stack,
    "Score",
    runtime=aws_lambda.Runtime.PYTHON_3_13,
    handler="index.handler",
    code=aws_lambda.Code.from_inline(CODE),
    environment={"ENDPOINT": endpoint.endpoint_name},
)
endpoint.grant_invoke(function)

app.synth()
