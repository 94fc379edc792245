"""Inference components, on top of the endpoints of `hosting`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from botocore import xform_name

from sm_constructs.local.hosting import FAILURE, Hosted, Params, Refused, listing, now

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sm_constructs.local.hosting import Hosting

#: The operations that stand here.
OPERATIONS = (
    "CreateInferenceComponent",
    "DescribeInferenceComponent",
    "ListInferenceComponents",
    "UpdateInferenceComponent",
    "UpdateInferenceComponentRuntimeConfig",
    "DeleteInferenceComponent",
)

_KIND = "inference-component"


class Components:
    """The inference components in one account and region.

    Parameters
    ----------
    hosting : Hosting
        The endpoints that carry them, and the models that they run.
    """

    def __init__(self, hosting: Hosting) -> None:
        self._hosting = hosting
        self.things: dict[str, Hosted] = {}

    def perform(self, operation: str, params: Params) -> dict[str, Any]:
        """Carry out one of `OPERATIONS`; the request's shape is checked already."""
        answer: dict[str, Any] = getattr(self, xform_name(operation))(params)
        return answer

    def on_endpoint(self, endpoint_name: str) -> list[str]:
        """Tell the inference components on an endpoint."""
        return [thing.name for thing in self.things.values() if thing.content["EndpointName"] == endpoint_name]

    def create_inference_component(self, params: Params) -> dict[str, Any]:
        """Answer CreateInferenceComponent."""
        hosting = self._hosting
        endpoint = hosting.find(hosting.endpoints, "endpoint", params["EndpointName"])
        config = hosting.find(hosting.endpoint_configs, "endpoint-config", endpoint.content["EndpointConfigName"])
        names = [variant["VariantName"] for variant in config.content["ProductionVariants"]]
        if params.get("VariantName", names[0]) not in names:
            message = f'The variant "{params["VariantName"]}" is not present within endpoint "{endpoint.arn}".'
            raise Refused(message=message)
        if "ExecutionRoleArn" not in config.content:
            message = (
                f'Endpoint "{endpoint.arn}" takes no inference components: its configuration has no execution role.'
            )
            raise Refused(message=message)
        self._check_specification(params.get("Specification") or {})
        copies = params.get("RuntimeConfig", {}).get("CopyCount")
        if copies is not None and copies < 1:
            raise Refused(message="Inference components copy count an integer larger than 0 is required.")
        content = {"VariantName": names[0], **params}
        return {
            "InferenceComponentArn": hosting.create(self.things, _KIND, params["InferenceComponentName"], content).arn
        }

    def describe_inference_component(self, params: Params) -> dict[str, Any]:
        """Answer DescribeInferenceComponent."""
        thing = self._find(params)
        answer = {name: value for name, value in thing.content.items() if name != "RuntimeConfig"}
        copies = thing.content.get("RuntimeConfig", {}).get("CopyCount")
        if copies is not None:
            answer["RuntimeConfig"] = {"DesiredCopyCount": copies, "CurrentCopyCount": copies}
        return answer | self._summary(thing)

    def list_inference_components(self, params: Params) -> dict[str, Any]:
        """Answer ListInferenceComponents."""
        wanted = {"EndpointName": params.get("EndpointNameEquals"), "VariantName": params.get("VariantNameEquals")}
        things = [
            thing
            for thing in self.things.values()
            if all(value in (None, thing.content[name]) for name, value in wanted.items())
        ]
        return listing("InferenceComponents", params, things, self._summary)

    def update_inference_component(self, params: Params) -> dict[str, Any]:
        """Answer UpdateInferenceComponent; what alarms take back stays as it was, as with UpdateEndpoint."""
        thing = self._find(params)
        self._check_specification(params.get("Specification") or {})
        thing.modified = now()
        failure = self._hosting.failure(params.get("DeploymentConfig"))
        if failure is not None:
            thing.content[FAILURE] = failure
            return {"InferenceComponentArn": thing.arn}
        thing.content.pop(FAILURE, None)
        changed = ("Specification", "RuntimeConfig")
        thing.content |= {name: params[name] for name in changed if params.get(name) is not None}
        if params.get("DeploymentConfig") is not None:
            thing.content["LastDeploymentConfig"] = params["DeploymentConfig"]
        return {"InferenceComponentArn": thing.arn}

    def update_inference_component_runtime_config(self, params: Params) -> dict[str, Any]:
        """Answer UpdateInferenceComponentRuntimeConfig, which is how autoscaling acts."""
        thing = self._find(params)
        thing.content["RuntimeConfig"] = dict(params["DesiredRuntimeConfig"])
        thing.modified = now()
        return {"InferenceComponentArn": thing.arn}

    def delete_inference_component(self, params: Params) -> dict[str, Any]:
        """Answer DeleteInferenceComponent; a base goes after its adapters."""
        thing = self._find(params)
        adapters = [
            other.name
            for other in self.things.values()
            if other.content.get("Specification", {}).get("BaseInferenceComponentName") == thing.name
        ]
        if adapters:
            message = f'Cannot delete inference component "{thing.arn}": it is the base of {", ".join(adapters)}.'
            raise Refused(message=message)
        del self.things[thing.name]
        return {}

    def _find(self, params: Params) -> Hosted:
        return self._hosting.find(self.things, _KIND, params["InferenceComponentName"])

    def _check_specification(self, specification: Mapping[str, Any]) -> None:
        if "ModelName" in specification:
            self._hosting.find(self._hosting.models, "model", specification["ModelName"])
        if "BaseInferenceComponentName" in specification:
            self._hosting.find(self.things, _KIND, specification["BaseInferenceComponentName"])

    def _summary(self, thing: Hosted) -> dict[str, Any]:
        endpoint = self._hosting.find(self._hosting.endpoints, "endpoint", thing.content["EndpointName"])
        return {
            "InferenceComponentName": thing.name,
            "InferenceComponentArn": thing.arn,
            "InferenceComponentStatus": "InService",
            "EndpointName": endpoint.name,
            "EndpointArn": endpoint.arn,
            "VariantName": thing.content["VariantName"],
            "CreationTime": thing.created,
            "LastModifiedTime": thing.modified,
        }
