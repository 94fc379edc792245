"""Application Auto Scaling for what SageMaker scales.

moto's backend keeps the targets and policies. Added here is what AWS does besides: it looks whether the variant exists,
knows all dimensions of SageMaker, wants a target before a policy, and takes a target's policies and scheduled actions
with the target.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NoReturn, cast

from moto.applicationautoscaling import models as moto_models
from moto.applicationautoscaling import urls as moto_urls
from moto.applicationautoscaling.models import FakeApplicationAutoscalingPolicy
from moto.core.exceptions import JsonRESTError
from moto.sagemaker.models import sagemaker_backends

if TYPE_CHECKING:
    from moto.applicationautoscaling.models import FakeScalableTarget

    from sm_constructs.local.hosting_backend import HostingBackend

_VARIANT_DIMENSIONS = frozenset(
    {"sagemaker:variant:DesiredInstanceCount", "sagemaker:variant:DesiredProvisionedConcurrency"}
)


def variant_of(resource_id: str) -> tuple[str, str] | None:
    """Give endpoint name and variant name of a resource id like ``endpoint/chat/variant/main``."""
    match resource_id.split("/"):
        case ["endpoint", endpoint_name, "variant", variant_name]:
            return endpoint_name, variant_name
        case _:
            return None


class AutoScalingBackend(moto_models.ApplicationAutoscalingBackend):
    """moto's backend with AWS's checks for SageMaker."""

    _url_module = moto_urls  # moto looks for it beside the class's own module

    def registered_variants(self, endpoint_name: str) -> set[str]:
        """Tell the variants of an endpoint that are scalable targets."""
        found = (variant_of(target.resource_id) for target in self._flatten_scalable_targets("sagemaker"))
        return {variant[1] for variant in found if variant is not None and variant[0] == endpoint_name}

    def register_scalable_target(
        self,
        namespace: str,
        r_id: str,
        dimension: str,
        min_capacity: int | None,
        max_capacity: int | None,
        role_arn: str,
        suspended_state: str,
    ) -> FakeScalableTarget:
        """Answer RegisterScalableTarget."""
        known = self.targets.get(dimension, {}).get(r_id)
        lowest = min_capacity if min_capacity is not None or known is None else known.min_capacity
        highest = max_capacity if max_capacity is not None or known is None else known.max_capacity
        if lowest is None or highest is None:
            _refuse("MinCapacity and MaxCapacity are required to register a new scalable target.")
        if lowest > highest:
            _refuse(f"Maximum capacity {highest} cannot be less than minimum capacity {lowest}.")
        if dimension in _VARIANT_DIMENSIONS:
            self._check_variant(r_id, dimension)
        return super().register_scalable_target(
            namespace, r_id, dimension, min_capacity, max_capacity, role_arn, suspended_state
        )

    def deregister_scalable_target(self, namespace: str, r_id: str, dimension: str) -> None:
        """Answer DeregisterScalableTarget, which also deletes the target's policies and scheduled actions.

        https://docs.aws.amazon.com/autoscaling/application/APIReference/API_DeregisterScalableTarget.html
        """
        super().deregister_scalable_target(namespace, r_id, dimension)
        for policy in list(self.policies.values()):
            if (policy.resource_id, policy.scalable_dimension) == (r_id, dimension):
                self.delete_scaling_policy(policy.policy_name, namespace, r_id, dimension)
        for action in list(self.scheduled_actions):
            if (action.resource_id, action.scalable_dimension) == (r_id, dimension):
                self.scheduled_actions.remove(action)

    def put_scaling_policy(
        self,
        policy_name: str,
        service_namespace: str,
        resource_id: str,
        scalable_dimension: str,
        policy_body: dict[str, Any],
        policy_type: str | None,
    ) -> FakeApplicationAutoscalingPolicy:
        """Answer PutScalingPolicy; a policy that is put anew keeps its ARN, to which alarms refer."""
        if not self._scalable_target_exists(resource_id, scalable_dimension):
            raise JsonRESTError(
                error_type="ObjectNotFoundException",
                message=f"No scalable target registered for service namespace: {service_namespace}, "
                f"resource ID: {resource_id}, scalable dimension: {scalable_dimension}",
            )
        key = FakeApplicationAutoscalingPolicy.formulate_key(
            service_namespace, resource_id, scalable_dimension, policy_name
        )
        known = self.policies.get(key)
        policy = super().put_scaling_policy(
            policy_name, service_namespace, resource_id, scalable_dimension, policy_body, policy_type
        )
        if known is not None:
            policy.policy_arn, policy.creation_time = known.policy_arn, known.creation_time
        return policy

    def _check_variant(self, resource_id: str, dimension: str) -> None:
        names = variant_of(resource_id)
        if names is None:
            return  # `check_target` refuses it
        sagemaker = cast("HostingBackend", sagemaker_backends[self.account_id][self.region_name])
        variant = sagemaker.hosting.variant(*names)
        if variant is None:
            _refuse(f"SageMaker endpoint variant does not exist: {resource_id}")
        if dimension.endswith("DesiredProvisionedConcurrency"):
            if variant.get("ServerlessConfig", {}).get("ProvisionedConcurrency") is None:
                _refuse(f"The variant has no provisioned concurrency: {resource_id}")
        # https://docs.aws.amazon.com/sagemaker/latest/dg/endpoint-auto-scaling-add-console.html
        elif variant.get("InstanceType", "").startswith("ml.t2."):
            _refuse(f"Autoscaling is not possible with burstable instances such as {variant['InstanceType']}")


_check_target_of_moto = moto_models._target_params_are_valid  # noqa: SLF001


def check_target(namespace: str, r_id: str, dimension: str) -> bool:
    """Refuse a resource id that does not go with its dimension.

    Stands in for moto's function, which knows one of SageMaker's three dimensions, and leaves other services to it.
    """
    if namespace != "sagemaker":
        return _check_target_of_moto(namespace, r_id, dimension)
    component = r_id.startswith("inference-component/") and dimension.startswith("sagemaker:inference-component:")
    if not component and (variant_of(r_id) is None or dimension not in _VARIANT_DIMENSIONS):
        _refuse("Unsupported service namespace, resource type or scalable dimension")
    return True


def _refuse(message: str) -> NoReturn:
    raise JsonRESTError(error_type="ValidationException", message=message)
