"""What references look like once they are deployed, so that the form of a text can be told before."""

from __future__ import annotations

PSEUDO = {
    "AWS.Region": "eu-west-1",
    "AWS.AccountId": "123456789012",
    "AWS.Partition": "aws",
    "AWS.StackName": "stack",
    "AWS.StackId": "arn:aws:cloudformation:eu-west-1:123456789012:stack/stack/0",
    "AWS.URLSuffix": "amazonaws.com",
}
_HERE = "eu-west-1:123456789012"
_GROUP, _SUBNET, _VPC = "sg-0123456789abcdef0", "subnet-0123456789abcdef0", "vpc-0123456789abcdef0"
_KEY_ID = "01234567-89ab-cdef-0123-456789abcdef"
_IAM = "arn:aws:iam::123456789012"
# What Ref and the attributes of a resource look like; {} is its physical name, or one of its own.
LOOKS = {
    **{
        f"AWS::SageMaker::{kind}": {
            "": f"arn:aws:sagemaker:{_HERE}:{name}/{{}}",
            f"{kind}Arn": f"arn:aws:sagemaker:{_HERE}:{name}/{{}}",
            f"{kind}Name": "{}",
        }
        for kind, name in (
            ("Model", "model"),
            ("EndpointConfig", "endpoint-config"),
            ("Endpoint", "endpoint"),
            ("InferenceComponent", "inference-component"),
        )
    },
    "AWS::ApplicationAutoScaling::ScalableTarget": {
        "": "endpoint/{}/variant/main|sagemaker:variant:DesiredInstanceCount|sagemaker"
    },
    "AWS::IAM::Role": {"": "{}", "Arn": f"{_IAM}:role/{{}}", "RoleId": "AROA0123456789EXAMPLE"},
    "AWS::IAM::ManagedPolicy": {"": f"{_IAM}:policy/{{}}", "PolicyArn": f"{_IAM}:policy/{{}}"},
    "AWS::CloudWatch::Alarm": {"": "{}", "Arn": f"arn:aws:cloudwatch:{_HERE}:alarm:{{}}"},
    "AWS::EC2::SecurityGroup": {"": _GROUP, "GroupId": _GROUP, "Id": _GROUP, "VpcId": _VPC},
    "AWS::EC2::Subnet": {"": _SUBNET, "SubnetId": _SUBNET, "VpcId": _VPC},
    "AWS::EC2::VPC": {"": _VPC, "VpcId": _VPC},
    "AWS::SQS::Queue": {
        "": "https://sqs.eu-west-1.amazonaws.com/123456789012/{}",
        "Arn": f"arn:aws:sqs:{_HERE}:{{}}",
        "QueueName": "{}",
    },
    "AWS::S3::Bucket": {"": "{}", "Arn": "arn:aws:s3:::{}"},
    "AWS::SNS::Topic": {"": f"arn:aws:sns:{_HERE}:{{}}", "TopicArn": f"arn:aws:sns:{_HERE}:{{}}", "TopicName": "{}"},
    "AWS::Lambda::Function": {"": "{}", "Arn": f"arn:aws:lambda:{_HERE}:function:{{}}"},
    "AWS::KMS::Key": {"": _KEY_ID, "Arn": f"arn:aws:kms:{_HERE}:key/{_KEY_ID}", "KeyId": _KEY_ID},
    "AWS::ECR::Repository": {
        "": "{}",
        "Arn": f"arn:aws:ecr:{_HERE}:repository/{{}}",
        "RepositoryUri": "123456789012.dkr.ecr.eu-west-1.amazonaws.com/{}",
    },
}
