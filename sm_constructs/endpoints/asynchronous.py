"""Asynchronous inference: requests wait in a queue, answers lie in S3, and instances go down to zero."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Literal, cast

from aws_cdk import aws_iam as iam
from aws_cdk import aws_sns as sns

from sm_constructs.alarms import AsyncAlarms
from sm_constructs.binding import place_of
from sm_constructs.endpoints.base import EndpointBase, HostingEndpoint, ImportedEndpoint
from sm_constructs.endpoints.options import spec_of
from sm_constructs.facts import limit
from sm_constructs.permissions import INVOKE_ASYNC
from sm_constructs.scaling import TargetTracking
from sm_constructs.spec import AsyncInference, ModelSpec, VariantSpec

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aws_cdk import aws_kms as kms
    from constructs import Construct
    from typing_extensions import Unpack

    from sm_constructs.containers import Container, ModelPackage
    from sm_constructs.endpoints.options import EndpointOptions
    from sm_constructs.instances import Instances
    from sm_constructs.model_data import S3Location
    from sm_constructs.scaling import Scaling

_NAMES = {"variants[0].model.containers[0]": "container", "variants[0].": "", "asynchronous.": ""}


class TakesNoSynchronousRequests(EndpointBase):
    """Grants of asynchronous endpoints."""

    def grant_invoke(self, grantee: iam.IGrantable) -> iam.Grant:
        """Refuse: an asynchronous endpoint takes no synchronous requests.

        Raises
        ------
        TypeError
            Always; `grant_invoke_async` is meant.
        """
        message = (
            f"{self.node.path} is asynchronous and takes no synchronous requests, so {grantee} would gain nothing; "
            "use grant_invoke_async"
        )
        raise TypeError(message)


class ImportedAsyncEndpoint(TakesNoSynchronousRequests, ImportedEndpoint, AsyncAlarms):
    """An asynchronous endpoint that exists already."""

    def grant_invoke_async(self, grantee: iam.IGrantable) -> iam.Grant:
        """Let somebody put requests into the queue; where they lie in S3 is not known here."""
        return iam.Grant.add_to_principal(grantee=grantee, actions=[INVOKE_ASYNC], resource_arns=[self.endpoint_arn])


class AsyncEndpoint(TakesNoSynchronousRequests, HostingEndpoint, AsyncAlarms):
    """One model behind an asynchronous endpoint: for long answers and large payloads, down to no instances at all.

    Parameters
    ----------
    scope : Construct
        The stack, or whatever it is part of.
    id : str
        Its id there.
    container : Container or ModelPackage
        What runs.
    instances : Instances
        What it runs on; at least one at creation, also where `scaling` goes down to 0.
    output : S3Location
        Where the answers go.
    failures : S3Location, optional
        Where the messages of failed requests go. Default: with the answers.
    success_topic, error_topic : ITopic, str or True, optional
        The SNS topics (or their ARNs) that are told of answers and of failures; ``True`` makes one, which the property
        of that name gives. Default: nobody is told.
    include_response_in : Sequence[str], default ()
        Which notifications carry the answer, up to 128 KB: ``"SUCCESS_NOTIFICATION_TOPIC"`` and
        ``"ERROR_NOTIFICATION_TOPIC"``.
    max_concurrent_invocations_per_instance : int, optional
        How many requests SageMaker sends to an instance at once, 1 to 1000. Default: SageMaker's choice.
    output_encryption_key : IKey or str, optional
        The KMS key (or its ARN) that encrypts the answers. Default: what the bucket does.
    inputs : Sequence[S3Location], default ()
        Where requests are uploaded; the endpoint may read there, and `grant_invoke_async` lets callers write there.
    scaling : Scaling, optional
        How the number of instances follows the backlog. ``Scaling(0, n)`` makes the whole arrangement: the range
        from 0, target tracking of the backlog per instance, and the alarm with its step policy that leads out of
        zero. Default: it stays as it is.
    **options : EndpointOptions
        What may be said of any endpoint: its name, role, network, rollout and the rest of `EndpointOptions`.

    Raises
    ------
    InvalidHosting
        AWS would refuse it; the error has every reason, and nothing was created.

    Examples
    --------
    >>> AsyncEndpoint(
    ...     stack,
    ...     "Transcripts",
    ...     container=container,
    ...     instances=Instances("ml.g5.xlarge"),
    ...     inputs=[S3Location(bucket, "in/")],
    ...     output=S3Location(bucket, "out/"),
    ...     scaling=Scaling(0, 5),
    ... )

    See Also
    --------
    AWS: "Asynchronous inference" in the SageMaker developer guide.
    """

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        container: Container | ModelPackage,
        instances: Instances,
        output: S3Location,
        failures: S3Location | None = None,
        success_topic: sns.ITopic | str | Literal[True] | None = None,
        error_topic: sns.ITopic | str | Literal[True] | None = None,
        include_response_in: Sequence[str] = (),
        max_concurrent_invocations_per_instance: int | None = None,
        output_encryption_key: kms.IKey | str | None = None,
        inputs: Sequence[S3Location] = (),
        scaling: Scaling | None = None,
        **options: Unpack[EndpointOptions],
    ) -> None:
        asynchronous = AsyncInference(
            output=output,
            failures=failures,
            success_topic=success_topic,
            error_topic=error_topic,
            include_response_in=tuple(include_response_in),
            max_concurrent_invocations_per_instance=max_concurrent_invocations_per_instance,
            output_encryption_key=output_encryption_key,
            inputs=tuple(inputs),
        )
        if scaling is not None and not scaling.policies and not scaling.schedule:
            target = limit("async", "backlog_target_example")
            scaling = replace(scaling, policies=(TargetTracking.backlog_per_instance(target),))
        variant = VariantSpec(model=ModelSpec(containers=(container,)), instances=instances, scaling=scaling)
        spec = spec_of(scope, "asynchronous", variant, options=options, asynchronous=asynchronous)
        super().__init__(scope, id, spec, _NAMES)

    def _before_rendering(self) -> None:
        asynchronous = self._asynchronous
        if asynchronous.success_topic is True:
            asynchronous = replace(asynchronous, success_topic=sns.Topic(self, "SuccessTopic", enforce_ssl=True))
        if asynchronous.error_topic is True:
            asynchronous = replace(asynchronous, error_topic=sns.Topic(self, "ErrorTopic", enforce_ssl=True))
        self._spec = replace(self._spec, asynchronous=asynchronous)

    @property
    def _asynchronous(self) -> AsyncInference:
        return cast("AsyncInference", self._spec.asynchronous)

    @property
    def success_topic(self) -> sns.ITopic | str | None:
        """The topic that is told of answers, as it was given or made."""
        return cast("sns.ITopic | str | None", self._asynchronous.success_topic)

    @property
    def error_topic(self) -> sns.ITopic | str | None:
        """The topic that is told of failures, as it was given or made."""
        return cast("sns.ITopic | str | None", self._asynchronous.error_topic)

    def grant_invoke_async(self, grantee: iam.IGrantable) -> iam.Grant:
        """Let somebody upload requests to `inputs`, put them into the queue, and read the answers.

        Parameters
        ----------
        grantee : IGrantable
            Who: a role, a user, a Lambda function.

        Returns
        -------
        Grant
            What was granted.

        Examples
        --------
        >>> endpoint.grant_invoke_async(function)

        See Also
        --------
        AWS: "Actions, resources, and condition keys for Amazon SageMaker", ``InvokeEndpointAsync``.
        """
        grant = iam.Grant.add_to_principal(grantee=grantee, actions=[INVOKE_ASYNC], resource_arns=[self.endpoint_arn])
        both = self._asynchronous
        places = [(place_of(each, self._site), "s3:PutObject") for each in both.inputs]
        outputs = [each for each in (both.output, both.failures) if each is not None]
        places += [(place_of(each, self._site), "s3:GetObject") for each in outputs]
        for place, action in places:
            arn = f"{place.bucket_arn}/{place.prefix}*"
            grant = grant.combine(iam.Grant.add_to_principal(grantee=grantee, actions=[action], resource_arns=[arn]))
            for key in place.kms_keys:
                actions = ["kms:Decrypt"] if action == "s3:GetObject" else ["kms:Decrypt", "kms:GenerateDataKey"]
                grant = grant.combine(iam.Grant.add_to_principal(grantee=grantee, actions=actions, resource_arns=[key]))
        return grant

    @staticmethod
    def from_endpoint_name(scope: Construct, id: str, endpoint_name: str) -> ImportedAsyncEndpoint:
        """Take an endpoint that exists already; see `RealTimeEndpoint.from_endpoint_name`."""
        return ImportedAsyncEndpoint(scope, id, endpoint_name)
