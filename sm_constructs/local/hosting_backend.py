"""Puts `hosting` in the place of what moto has of it; moto's SageMaker keeps all the rest."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from botocore import xform_name
from moto.applicationautoscaling.models import applicationautoscaling_backends
from moto.core.exceptions import ServiceException
from moto.core.responses import ActionResult
from moto.sagemaker import urls as moto_urls
from moto.sagemaker.models import SageMakerModelBackend
from moto.sagemaker.responses import SageMakerResponse
from moto.utilities.utils import get_partition

from sm_constructs.local.hosting import OPERATIONS, Hosting, Refused

if TYPE_CHECKING:
    from collections.abc import Callable


class HostingBackend(SageMakerModelBackend):
    """moto's backend with its models, endpoint configurations and endpoints replaced."""

    _url_module = moto_urls  # moto looks for it beside the class's own module

    def __init__(self, region_name: str, account_id: str) -> None:
        super().__init__(region_name, account_id)
        self.hosting = Hosting(
            account=account_id,
            region=region_name,
            partition=get_partition(region_name),
            registered_variants=lambda endpoint_name: applicationautoscaling_backends[account_id][
                region_name
            ].registered_variants(endpoint_name),
        )
        # Here moto looks for what has tags.
        self._models = self.hosting.models
        self.endpoint_configs = self.hosting.endpoint_configs
        self.endpoints = self.hosting.endpoints


class HostingResponse(SageMakerResponse):
    """moto's answers, but for the operations of hosting."""


def _answer(operation: str) -> Callable[[HostingResponse], ActionResult]:
    def answer(self: HostingResponse) -> ActionResult:
        try:
            result: dict[str, Any] = self.sagemaker_backend.hosting.perform(operation, self.params)
        except Refused as refused:
            raise ServiceException("ValidationException", str(refused)) from refused
        return ActionResult(result)

    answer.__name__ = xform_name(operation)
    answer.__doc__ = f"Answer {operation}."
    return answer


for _operation in OPERATIONS:
    setattr(HostingResponse, xform_name(_operation), _answer(_operation))
