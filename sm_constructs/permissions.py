"""What an execution role may do, computed from what the containers use; and what grants give to callers.

Statements are plain dictionaries, so the rules can read them as they stand in a template.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

Statement = dict[str, Any]
"""One statement of a policy document."""

TRUST: dict[str, Any] = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Principal": {"Service": "sagemaker.amazonaws.com"},
            "Action": "sts:AssumeRole",
        }
    ],
}
"""Lets SageMaker, and nothing else, take the role."""

INVOKE = "sagemaker:InvokeEndpoint"
"""Lets a caller send a request and get the answer."""

INVOKE_STREAM = "sagemaker:InvokeEndpointWithResponseStream"
"""What a caller needs to get an answer piece by piece."""

INVOKE_ASYNC = "sagemaker:InvokeEndpointAsync"
"""Lets a caller put a request into the queue of an asynchronous endpoint."""

# https://docs.aws.amazon.com/sagemaker/latest/dg/monitoring-cloudwatch.html
_ENDPOINT_METRICS = ("AWS/SageMaker", "/aws/sagemaker/Endpoints", "/aws/sagemaker/InferenceComponents")


@dataclass(frozen=True, slots=True)
class Arns:
    """The beginnings of ARNs: the partition, region and account of a stack, as CDK tokens or known values."""

    partition: str
    region: str
    account: str

    def of(self, service: str, resource: str, *, region: str | None = None, account: str | None = None) -> str:
        """Give the ARN of a resource, in the stack's region and account unless others are given."""
        place = f"{self.region if region is None else region}:{self.account if account is None else account}"
        return f"arn:{self.partition}:{service}:{place}:{resource}"


@dataclass(frozen=True, slots=True)
class Needs:
    """What one container needs its role for.

    Attributes
    ----------
    repositories : tuple[str, ...]
        ARNs of ECR repositories to pull from.
    objects : tuple[tuple[str, str], ...]
        ARNs of buckets with the key, or the prefix that ends in ``/``, to read.
    keys : tuple[str, ...]
        ARNs of KMS keys to decrypt with.
    credentials : tuple[str, ...]
        ARNs of Lambda functions that give the credentials of a private registry.
    model_packages : tuple[str, ...]
        ARNs of model packages to deploy from.
    writes : tuple[tuple[str, str], ...]
        ARNs of buckets with the prefix to write under.
    write_keys : tuple[str, ...]
        ARNs of KMS keys to encrypt with.
    topics : tuple[str, ...]
        ARNs of SNS topics to publish to.
    alarms : tuple[str, ...]
        ARNs of CloudWatch alarms to look at.
    """

    repositories: tuple[str, ...] = ()
    objects: tuple[tuple[str, str], ...] = ()
    keys: tuple[str, ...] = ()
    credentials: tuple[str, ...] = ()
    model_packages: tuple[str, ...] = ()
    writes: tuple[tuple[str, str], ...] = ()
    write_keys: tuple[str, ...] = ()
    topics: tuple[str, ...] = ()
    alarms: tuple[str, ...] = ()


def allow(actions: Sequence[str], resources: Sequence[str], **conditions: Any) -> Statement:  # noqa: ANN401 - IAM's JSON
    """Write a statement, with single actions and resources as plain strings."""
    statement: Statement = {
        "Effect": "Allow",
        "Action": actions[0] if len(actions) == 1 else list(actions),
        "Resource": resources[0] if len(resources) == 1 else list(resources),
    }
    if conditions:
        statement["Condition"] = conditions
    return statement


def _distinct(values: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(values))


def execution_statements(
    needs: Sequence[Needs],
    arns: Arns,
    *,
    log_groups: Sequence[str],
    subnets: Sequence[str] = (),
    security_groups: Sequence[str] = (),
    volume_key: str | None = None,
    metric_namespaces: Sequence[str] = _ENDPOINT_METRICS,
) -> list[Statement]:
    """Compute the statements of an execution role.

    Parameters
    ----------
    needs : Sequence[Needs]
        What the containers need.
    arns : Arns
        Where the endpoint is.
    log_groups : Sequence[str]
        Names of the log groups the endpoint writes to; ``*`` stands for what is not known.
    subnets, security_groups : Sequence[str]
        The VPC's, by id; none without a VPC.
    volume_key : str, optional
        The ARN of the key that encrypts the volumes.
    metric_namespaces : Sequence[str]
        Where metrics may be put; by default those of endpoints.

    Returns
    -------
    list[Statement]
        As AWS asks for, in "How to use SageMaker AI execution roles", CreateModel API, narrowed to the resources.
    """
    statements = [*_pull(needs), *_read(needs), *_write(needs), *_watch(needs)]
    # The ARN of a log group has :* for its streams behind the name; a final * stands for that as well.
    ends = {True: ("",), False: ("", ":*")}
    logs = [arns.of("logs", f"log-group:{name}{end}") for name in log_groups for end in ends[name.endswith("*")]]
    statements.append(
        allow(
            ["logs:CreateLogGroup", "logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"],
            logs,
        )
    )
    # PutMetricData knows no resources; the namespace is its only fence.
    namespaces = metric_namespaces[0] if len(metric_namespaces) == 1 else list(metric_namespaces)
    statements.append(allow(["cloudwatch:PutMetricData"], ["*"], StringEquals={"cloudwatch:namespace": namespaces}))
    if subnets:
        statements += _attach(arns, subnets, security_groups)
    if volume_key is not None:
        statements.append(allow(["kms:CreateGrant"], [volume_key], Bool={"kms:GrantIsForAWSResource": "true"}))
        statements.append(allow(["kms:DescribeKey"], [volume_key]))
    return statements


def _pull(needs: Sequence[Needs]) -> list[Statement]:
    statements = []
    if repositories := _distinct(arn for need in needs for arn in need.repositories):
        # GetAuthorizationToken knows no resources.
        statements.append(allow(["ecr:GetAuthorizationToken"], ["*"]))
        statements.append(
            allow(
                ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"],
                repositories,
            )
        )
    if functions := _distinct(arn for need in needs for arn in need.credentials):
        statements.append(allow(["lambda:InvokeFunction"], functions))
    if packages := _distinct(arn for need in needs for arn in need.model_packages):
        statements.append(allow(["sagemaker:DescribeModelPackage"], packages))
    return statements


def _read(needs: Sequence[Needs]) -> list[Statement]:
    statements = []
    by_bucket: dict[str, list[str]] = {}
    for bucket, key in dict.fromkeys(place for need in needs for place in need.objects):
        by_bucket.setdefault(bucket, []).append(f"{key}*" if key.endswith("/") or not key else key)
    for bucket, keys in by_bucket.items():
        statements.append(allow(["s3:GetObject"], [f"{bucket}/{key}" for key in keys]))
        statements.append(allow(["s3:ListBucket"], [bucket], StringLike={"s3:prefix": keys}))
    if kms_keys := _distinct(arn for need in needs for arn in need.keys):
        statements.append(allow(["kms:Decrypt"], kms_keys))
    return statements


def _write(needs: Sequence[Needs]) -> list[Statement]:
    statements = []
    if places := _distinct(f"{bucket}/{prefix}*" for need in needs for bucket, prefix in need.writes):
        statements.append(allow(["s3:AbortMultipartUpload", "s3:PutObject"], places))
    if kms_keys := _distinct(arn for need in needs for arn in need.write_keys):
        statements.append(allow(["kms:Decrypt", "kms:GenerateDataKey"], kms_keys))
    if topics := _distinct(arn for need in needs for arn in need.topics):
        statements.append(allow(["sns:Publish"], topics))
    return statements


def _watch(needs: Sequence[Needs]) -> list[Statement]:
    # "Auto-Rollback Configuration and Monitoring", SageMaker developer guide.
    alarms = _distinct(arn for need in needs for arn in need.alarms)
    return [allow(["cloudwatch:DescribeAlarms"], alarms)] if alarms else []


def _attach(arns: Arns, subnets: Sequence[str], security_groups: Sequence[str]) -> list[Statement]:
    # Which of these know resources: "Actions, resources, and condition keys for Amazon EC2".
    describe = ["DhcpOptions", "NetworkInterfaces", "SecurityGroups", "Subnets", "Vpcs"]
    interfaces = arns.of("ec2", "network-interface/*")
    # Subnets and security groups of a shared VPC belong to another account.
    places = [
        arns.of("ec2", place, account="*")
        for place in (
            *(f"subnet/{subnet}" for subnet in subnets),
            *(f"security-group/{group}" for group in security_groups),
        )
    ]
    return [
        allow([f"ec2:Describe{what}" for what in describe], ["*"]),
        allow(["ec2:CreateNetworkInterface"], [interfaces, *places]),
        allow(
            [
                "ec2:CreateNetworkInterfacePermission",
                "ec2:DeleteNetworkInterface",
                "ec2:DeleteNetworkInterfacePermission",
            ],
            [interfaces],
        ),
    ]
