"""What callers and operators of some kinds may be granted beside plain requests."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import aws_iam as iam

from sm_constructs.permissions import INVOKE_STREAM


class _Granting:
    """What the mixins of this module are mixed into."""

    if TYPE_CHECKING:

        @property
        def endpoint_arn(self) -> str:
            """The ARN of the endpoint."""


class StreamedEndpoint(_Granting):
    """An endpoint that can answer piece by piece; mixed in."""

    def grant_invoke_stream(self, grantee: iam.IGrantable) -> iam.Grant:
        """Let somebody send requests to the endpoint and get the answers piece by piece, as they are made.

        Parameters
        ----------
        grantee : IGrantable
            Who: a role, a user, a Lambda function.

        Returns
        -------
        Grant
            What was granted; `grant_invoke` is another permission.

        Examples
        --------
        >>> endpoint.grant_invoke_stream(function)

        See Also
        --------
        AWS: "Actions, resources, and condition keys for Amazon SageMaker", ``InvokeEndpointWithResponseStream``.
        """
        return iam.Grant.add_to_principal(grantee=grantee, actions=[INVOKE_STREAM], resource_arns=[self.endpoint_arn])


class ShiftedEndpoint(_Granting):
    """An endpoint whose variants share the traffic; mixed in."""

    def grant_shift(self, grantee: iam.IGrantable) -> iam.Grant:
        """Let somebody look at the endpoint and change its weights and instance counts, as shifting traffic does.

        Parameters
        ----------
        grantee : IGrantable
            Who: a role, a user, a Lambda function.

        Returns
        -------
        Grant
            What was granted; reading alarms is another permission, ``cloudwatch:DescribeAlarms``.

        Examples
        --------
        >>> endpoint.grant_shift(release_role)

        See Also
        --------
        AWS: "Actions, resources, and condition keys for Amazon SageMaker", ``UpdateEndpointWeightsAndCapacities``.
        """
        actions = ["sagemaker:DescribeEndpoint", "sagemaker:UpdateEndpointWeightsAndCapacities"]
        return iam.Grant.add_to_principal(grantee=grantee, actions=actions, resource_arns=[self.endpoint_arn])
