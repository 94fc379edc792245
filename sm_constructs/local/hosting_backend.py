"""Puts `hosting` in the place of what moto has of it; moto's SageMaker keeps all the rest."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from botocore import xform_name
from moto.applicationautoscaling.models import applicationautoscaling_backends
from moto.cloudwatch.models import cloudwatch_backends
from moto.core.responses import ActionResult
from moto.sagemaker import urls as moto_urls
from moto.sagemaker.exceptions import AWSValidationException
from moto.sagemaker.models import SageMakerModelBackend
from moto.sagemaker.responses import SageMakerResponse
from moto.utilities.utils import get_partition

from sm_constructs.local import components
from sm_constructs.local.hosting import OPERATIONS, Hosting, Refused

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from sm_constructs.local.autoscaling import AutoScalingBackend


class HostingBackend(SageMakerModelBackend):
    """moto's backend with its models, endpoint configurations and endpoints replaced."""

    _url_module = moto_urls  # moto looks for it beside the class's own module

    def __init__(self, region_name: str, account_id: str) -> None:
        super().__init__(region_name, account_id)
        self.hosting = Hosting(
            account=account_id,
            region=region_name,
            partition=get_partition(region_name),
            registered_variants=self._registered_variants,
            components_of=self._components_on,
            ringing=self._ringing,
        )
        self.components = components.Components(self.hosting)
        # Here moto looks for what has tags.
        self._models = self.hosting.models  # type: ignore[assignment]
        self.endpoint_configs = self.hosting.endpoint_configs  # type: ignore[assignment]
        self.endpoints = self.hosting.endpoints  # type: ignore[assignment]

    def _get_resource_from_arn(self, arn: str) -> Any:  # noqa: ANN401 - moto's
        """Find what has tags; inference components moto does not know."""
        kind, _, name = arn.rpartition(":")[2].partition("/")
        things = self.components.things
        return things[name] if kind == "inference-component" else super()._get_resource_from_arn(arn)

    def _components_on(self, endpoint_name: str) -> list[str]:
        return self.components.on_endpoint(endpoint_name)

    def _registered_variants(self, endpoint_name: str) -> set[str]:
        backend = applicationautoscaling_backends[self.account_id][self.region_name]
        return cast("AutoScalingBackend", backend).registered_variants(endpoint_name)

    def _ringing(self, names: Collection[str]) -> list[str]:
        alarms = cloudwatch_backends[self.account_id][self.region_name].alarms
        return [name for name in names if name in alarms and alarms[name].state_value == "ALARM"]


class HostingResponse(SageMakerResponse):
    """moto's answers, but for the operations of hosting."""


def _answer(operation: str) -> Callable[[HostingResponse], ActionResult]:
    def answer(self: HostingResponse) -> ActionResult:
        backend = cast("HostingBackend", self.sagemaker_backend)
        performer = backend.components if operation in components.OPERATIONS else backend.hosting
        try:
            return ActionResult(performer.perform(operation, self.params))
        except Refused as refused:
            raise AWSValidationException(str(refused)) from refused

    answer.__name__ = xform_name(operation)
    answer.__doc__ = f"Answer {operation}."
    return answer


for _operation in (*OPERATIONS, *components.OPERATIONS):
    setattr(HostingResponse, xform_name(_operation), _answer(_operation))
