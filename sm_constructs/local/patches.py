"""Every place where this package takes the place of something in moto, with the reason. Nothing is changed elsewhere.

moto offers no way to add to a service, so its classes are subclassed and the subclasses put where moto looks for them.
`tests/local/test_patches.py` tells when a new version of moto looks elsewhere.
"""

from __future__ import annotations

import moto.applicationautoscaling.models
import moto.applicationautoscaling.responses
import moto.cloudformation.models
import moto.cloudformation.responses
import moto.cloudformation.urls
import moto.s3.models
import moto.sagemaker.models
import moto.sagemaker.urls
from moto.iam.access_control import PermissionResult

from sm_constructs.local import autoscaling, hosting_backend, stack_resources, stacks


def apply() -> None:
    """Put this package's classes in their places; before moto answers its first request."""
    # CloudFormation: rollback, replacement, order and errors. moto makes stacks in several places, by these names.
    moto.cloudformation.models.ResourceMap = stack_resources.StackResources  # type: ignore[attr-defined]
    moto.cloudformation.models.Stack = stacks.Stack  # type: ignore[misc]
    moto.cloudformation.models.cloudformation_backends.backend = stacks.StackBackend
    moto.cloudformation.urls.url_paths["{0}/$"] = stacks.StackResponse.dispatch

    # SageMaker: models, configurations and endpoints that keep all their properties; UpdateEndpoint.
    moto.sagemaker.models.sagemaker_backends.backend = hosting_backend.HostingBackend
    moto.sagemaker.urls.url_paths["{0}/$"] = hosting_backend.HostingResponse.dispatch

    # Application Auto Scaling: AWS's checks. moto's own two know one of SageMaker's three dimensions.
    moto.applicationautoscaling.models.applicationautoscaling_backends.backend = autoscaling.AutoScalingBackend
    moto.applicationautoscaling.models._target_params_are_valid = autoscaling.check_target  # noqa: SLF001
    response = moto.applicationautoscaling.responses.ApplicationAutoScalingResponse
    response._validate_params = lambda self: None  # type: ignore[method-assign]  # noqa: ARG005, SLF001

    # S3: moto takes a denial under a condition for one without. The CDK's own bucket denies all that comes without TLS.
    moto.s3.models.FakeBucket.get_permission = lambda *_: PermissionResult.NEUTRAL  # type: ignore[method-assign]
