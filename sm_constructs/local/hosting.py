"""SageMaker hosting as far as the embedded AWS has it: models, endpoint configurations and endpoints.

What moto has of it loses most of the properties, cannot update an endpoint and knows a quarter of the instance types.
Here each thing keeps the whole request that made it. Endpoints are in service at once: nothing is served.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from botocore import xform_name

Params = Mapping[str, Any]

#: The operations that stand here; moto answers the others.
OPERATIONS = (
    "CreateModel",
    "DescribeModel",
    "ListModels",
    "DeleteModel",
    "CreateEndpointConfig",
    "DescribeEndpointConfig",
    "ListEndpointConfigs",
    "DeleteEndpointConfig",
    "CreateEndpoint",
    "DescribeEndpoint",
    "ListEndpoints",
    "UpdateEndpoint",
    "UpdateEndpointWeightsAndCapacities",
    "DeleteEndpoint",
)

_CAPACITY = "DesiredInstanceCount"
_WEIGHT = "DesiredWeight"
_CAPTURE = "DataCaptureConfig"

#: The member of an answer that says why an update was rolled back.
FAILURE = "FailureReason"


class Refused(Exception):  # noqa: N818 - AWS calls it ValidationException
    """SageMaker refuses a request; the message is what it answers."""

    def __init__(self, *, message: str) -> None:
        super().__init__(message)


@dataclass(slots=True)
class Hosted:
    """A model, an endpoint configuration or an endpoint."""

    name: str
    arn: str
    content: dict[str, Any]
    tags: list[dict[str, str]]
    created: dt.datetime
    modified: dt.datetime
    variants: dict[str, dict[str, Any]] = field(default_factory=dict)
    shadow_variants: dict[str, dict[str, Any]] = field(default_factory=dict)


class Hosting:
    """The hosting side of SageMaker in one account and region.

    Parameters
    ----------
    account, region, partition : str
        Where it is; ARNs are made of them.
    registered_variants : Callable[[str], Collection[str]]
        Tells the variants of the named endpoint that Application Auto Scaling has as scalable targets.
    components_of : Callable[[str], Collection[str]]
        Tells the inference components on the named endpoint.
    ringing : Callable[[Collection[str]], Sequence[str]]
        Tells which of the named CloudWatch alarms are in the state ``ALARM``.
    """

    def __init__(
        self,
        *,
        account: str,
        region: str,
        partition: str,
        registered_variants: Callable[[str], Collection[str]],
        components_of: Callable[[str], Collection[str]],
        ringing: Callable[[Collection[str]], Sequence[str]],
    ) -> None:
        self._arn_prefix = f"arn:{partition}:sagemaker:{region}:{account}:"
        self._registered_variants = registered_variants
        self._components_of = components_of
        self._ringing = ringing
        self.models: dict[str, Hosted] = {}
        self.endpoint_configs: dict[str, Hosted] = {}
        self.endpoints: dict[str, Hosted] = {}

    def perform(self, operation: str, params: Params) -> dict[str, Any]:
        """Carry out one of `OPERATIONS`; the request's shape is checked already."""
        answer: dict[str, Any] = getattr(self, xform_name(operation))(params)
        return answer

    # Models

    def create_model(self, params: Params) -> dict[str, Any]:
        """Answer CreateModel."""
        model = self.create(self.models, "model", params["ModelName"], params)
        return {"ModelArn": model.arn}

    def describe_model(self, params: Params) -> dict[str, Any]:
        """Answer DescribeModel."""
        model = self.find(self.models, "model", params["ModelName"])
        return {"EnableNetworkIsolation": False} | model.content | _identity("Model", model)

    def list_models(self, params: Params) -> dict[str, Any]:
        """Answer ListModels."""
        return listing("Models", params, self.models.values(), lambda model: _identity("Model", model))

    def delete_model(self, params: Params) -> dict[str, Any]:
        """Answer DeleteModel."""
        return self._delete(self.models, "model", params["ModelName"])

    # Endpoint configurations

    def create_endpoint_config(self, params: Params) -> dict[str, Any]:
        """Answer CreateEndpointConfig."""
        for variant in _all_variants(params):
            if "ModelName" in variant:
                self.find(self.models, "model", variant["ModelName"])
        config = self.create(self.endpoint_configs, "endpoint-config", params["EndpointConfigName"], params)
        return {"EndpointConfigArn": config.arn}

    def describe_endpoint_config(self, params: Params) -> dict[str, Any]:
        """Answer DescribeEndpointConfig."""
        config = self.find(self.endpoint_configs, "endpoint-config", params["EndpointConfigName"])
        return config.content | _identity("EndpointConfig", config)

    def list_endpoint_configs(self, params: Params) -> dict[str, Any]:
        """Answer ListEndpointConfigs."""
        return listing(
            "EndpointConfigs",
            params,
            self.endpoint_configs.values(),
            lambda config: _identity("EndpointConfig", config),
        )

    def delete_endpoint_config(self, params: Params) -> dict[str, Any]:
        """Answer DeleteEndpointConfig."""
        return self._delete(self.endpoint_configs, "endpoint-config", params["EndpointConfigName"])

    # Endpoints

    def create_endpoint(self, params: Params) -> dict[str, Any]:
        """Answer CreateEndpoint."""
        config = self.find(self.endpoint_configs, "endpoint-config", params["EndpointConfigName"])
        variants, shadow_variants = self._deployed(config)
        endpoint = self.create(self.endpoints, "endpoint", params["EndpointName"], params)
        self._deploy(endpoint, config, params.get("DeploymentConfig"), variants, shadow_variants)
        return {"EndpointArn": endpoint.arn}

    def describe_endpoint(self, params: Params) -> dict[str, Any]:
        """Answer DescribeEndpoint."""
        endpoint = self.find(self.endpoints, "endpoint", params["EndpointName"])
        variants = {"ProductionVariants": list(endpoint.variants.values())}
        if endpoint.shadow_variants:
            variants["ShadowProductionVariants"] = list(endpoint.shadow_variants.values())
        return endpoint.content | _endpoint_summary(endpoint) | variants

    def list_endpoints(self, params: Params) -> dict[str, Any]:
        """Answer ListEndpoints."""
        return listing("Endpoints", params, self.endpoints.values(), _endpoint_summary)

    def update_endpoint(self, params: Params) -> dict[str, Any]:
        """Answer UpdateEndpoint.

        Counts and weights go to what the new configuration says, unless the request retains them:
        https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_UpdateEndpoint.html
        An update that an alarm takes back leaves the endpoint as it was, with the reason; the request succeeds.
        """
        endpoint = self.find(self.endpoints, "endpoint", params["EndpointName"])
        config = self.find(self.endpoint_configs, "endpoint-config", params["EndpointConfigName"])
        variants, shadow_variants = self._deployed(config)
        self._refuse_change_of_scaled_variants(endpoint, config)
        # https://docs.aws.amazon.com/sagemaker/latest/dg/serverless-endpoints.html: the other way is allowed.
        serverless = any("CurrentServerlessConfig" in variant for variant in variants.values())
        if serverless and any(_CAPACITY in variant for variant in endpoint.variants.values()):
            raise Refused(message=f'Endpoint "{endpoint.arn}" on instances cannot be updated to a serverless one.')

        retained = _retained_properties(params)
        for name, variant in variants.items():
            before = endpoint.variants.get(name, {})
            if _CAPACITY in retained and _CAPACITY in before and _CAPACITY in variant:
                variant["CurrentInstanceCount"] = variant[_CAPACITY] = before[_CAPACITY]
            if _WEIGHT in retained and _WEIGHT in before:
                variant["CurrentWeight"] = variant[_WEIGHT] = before[_WEIGHT]
        capture = endpoint.content.get(_CAPTURE)
        deployment = params.get("DeploymentConfig")
        if deployment is None and params.get("RetainDeploymentConfig"):
            deployment = endpoint.content.get("LastDeploymentConfig")

        endpoint.modified = now()
        failure = self.failure(deployment)
        if failure is not None:
            endpoint.content[FAILURE] = failure
            return {"EndpointArn": endpoint.arn}
        self._deploy(endpoint, config, deployment, variants, shadow_variants)
        if _CAPTURE in retained and capture is not None:
            endpoint.content[_CAPTURE] = capture
        return {"EndpointArn": endpoint.arn}

    def update_endpoint_weights_and_capacities(self, params: Params) -> dict[str, Any]:
        """Answer UpdateEndpointWeightsAndCapacities, which is also how autoscaling acts."""
        endpoint = self.find(self.endpoints, "endpoint", params["EndpointName"])
        wanted = params["DesiredWeightsAndCapacities"]
        for change in wanted:
            if change["VariantName"] not in endpoint.variants:
                raise Refused(
                    message=f'The variant name(s) "{change["VariantName"]}" is/are not present within endpoint '
                    f'configuration "{endpoint.content["EndpointConfigName"]}".'
                )
        for change in wanted:
            variant = endpoint.variants[change["VariantName"]]
            if change.get(_WEIGHT) is not None:
                variant["CurrentWeight"] = variant[_WEIGHT] = change[_WEIGHT]
            if change.get(_CAPACITY) is not None:
                variant["CurrentInstanceCount"] = variant[_CAPACITY] = change[_CAPACITY]
            if change.get("ServerlessUpdateConfig") is not None:
                serverless = variant["CurrentServerlessConfig"] | change["ServerlessUpdateConfig"]
                variant["CurrentServerlessConfig"] = variant["DesiredServerlessConfig"] = serverless
        endpoint.modified = now()
        return {"EndpointArn": endpoint.arn}

    def delete_endpoint(self, params: Params) -> dict[str, Any]:
        """Answer DeleteEndpoint; inference components go before their endpoint."""
        carried = ", ".join(self._components_of(params["EndpointName"]))
        if carried:
            arn = self._arn("endpoint", params["EndpointName"])
            raise Refused(message=f'Endpoint "{arn}" has the inference components {carried}; delete them before it.')
        return self._delete(self.endpoints, "endpoint", params["EndpointName"])

    def variant(self, endpoint_name: str, variant_name: str) -> Mapping[str, Any] | None:
        """Give a production variant as its endpoint's configuration describes it; None if there is none."""
        endpoint = self.endpoints.get(endpoint_name)
        if endpoint is None:
            return None
        config = self.endpoint_configs.get(endpoint.content["EndpointConfigName"])
        variants = [] if config is None else config.content["ProductionVariants"]
        return next((variant for variant in variants if variant["VariantName"] == variant_name), None)

    # What the operations share

    def failure(self, deployment: Mapping[str, Any] | None) -> str | None:
        """Say why an update with this deployment configuration is rolled back; None if it is not.

        https://docs.aws.amazon.com/sagemaker/latest/dg/deployment-guardrails-configuration.html
        """
        rollback = (deployment or {}).get("AutoRollbackConfiguration") or {}
        ringing = self._ringing([alarm["AlarmName"] for alarm in rollback.get("Alarms") or ()])
        if not ringing:
            return None
        return f"The update was rolled back, since these CloudWatch alarms are in state ALARM: {', '.join(ringing)}."

    def _arn(self, kind: str, name: str) -> str:
        return f"{self._arn_prefix}{kind}/{name}"

    def create(self, things: dict[str, Hosted], kind: str, name: str, params: Params) -> Hosted:
        """Keep a new thing.

        Raises
        ------
        Refused
            There is one of that name.
        """
        arn = self._arn(kind, name)
        if name in things:
            raise Refused(message=f'Cannot create already existing {_words(kind)} "{arn}".')
        content = {key: value for key, value in params.items() if key != "Tags" and value is not None}
        moment = now()
        things[name] = Hosted(name, arn, content, list(params.get("Tags") or ()), moment, moment)
        return things[name]

    def find(self, things: dict[str, Hosted], kind: str, name: str) -> Hosted:
        """Give a thing by its name.

        Raises
        ------
        Refused
            There is none.
        """
        try:
            return things[name]
        except KeyError:
            raise Refused(message=f'Could not find {_words(kind)} "{self._arn(kind, name)}".') from None

    def _delete(self, things: dict[str, Hosted], kind: str, name: str) -> dict[str, Any]:
        self.find(things, kind, name)
        del things[name]
        return {}

    def _deployed(self, config: Hosted) -> tuple[dict[str, dict[str, Any]], dict[str, dict[str, Any]]]:
        """Make the variants of an endpoint out of its configuration: the production ones and the shadow ones."""
        production = config.content["ProductionVariants"]
        shadow = config.content.get("ShadowProductionVariants", [])
        return (
            {variant["VariantName"]: self._variant_summary(variant) for variant in production},
            {variant["VariantName"]: self._variant_summary(variant) for variant in shadow},
        )

    def _variant_summary(self, variant: Mapping[str, Any]) -> dict[str, Any]:
        weight = variant.get("InitialVariantWeight", 1.0)
        summary = {"VariantName": variant["VariantName"], "CurrentWeight": weight, _WEIGHT: weight}
        if "ModelName" in variant:
            model = self.find(self.models, "model", variant["ModelName"])
            summary["DeployedImages"] = [
                {"SpecifiedImage": image, "ResolvedImage": image, "ResolutionTime": now()}
                for image in (container.get("Image") for container in containers(model.content))
                if image is not None
            ]
        if "InitialInstanceCount" in variant:
            summary["CurrentInstanceCount"] = summary[_CAPACITY] = variant["InitialInstanceCount"]
        if "ServerlessConfig" in variant:
            summary["CurrentServerlessConfig"] = variant["ServerlessConfig"]
            summary["DesiredServerlessConfig"] = variant["ServerlessConfig"]
        for same in ("ManagedInstanceScaling", "RoutingConfig", "CapacityReservationConfig"):
            if same in variant:
                summary[same] = variant[same]
        return summary

    def _deploy(
        self,
        endpoint: Hosted,
        config: Hosted,
        deployment: Mapping[str, Any] | None,
        variants: dict[str, dict[str, Any]],
        shadow_variants: dict[str, dict[str, Any]],
    ) -> None:
        endpoint.variants, endpoint.shadow_variants = variants, shadow_variants
        endpoint.content = {"EndpointConfigName": config.name}
        if deployment is not None:
            endpoint.content["LastDeploymentConfig"] = deployment
        for same in ("AsyncInferenceConfig", "ExplainerConfig", "MetricsConfig"):
            if same in config.content:
                endpoint.content[same] = config.content[same]
        capture = config.content.get(_CAPTURE)
        if capture is not None:
            enabled = capture.get("EnableCapture", False)
            endpoint.content[_CAPTURE] = {
                "EnableCapture": enabled,
                "CaptureStatus": "Started" if enabled else "Stopped",
                "CurrentSamplingPercentage": capture["InitialSamplingPercentage"],
                "DestinationS3Uri": capture["DestinationS3Uri"],
                "KmsKeyId": capture.get("KmsKeyId", ""),
            }

    def _refuse_change_of_scaled_variants(self, endpoint: Hosted, config: Hosted) -> None:
        """Refuse what AWS refuses while a variant is a scalable target: another instance type, or its removal.

        https://docs.aws.amazon.com/sagemaker/latest/dg/endpoint-scaling-update.html
        """
        variants = {variant["VariantName"]: variant for variant in config.content["ProductionVariants"]}
        for name in self._registered_variants(endpoint.name):
            before = self.variant(endpoint.name, name)
            after = variants.get(name)
            if before is None:
                continue
            if after is not None and before.get("InstanceType") == after.get("InstanceType"):
                continue
            change = "removed" if after is None else "given another instance type"
            raise Refused(
                message=f'The variant "{name}" of endpoint "{endpoint.arn}" cannot be {change} while it is '
                "registered as a scalable target with Application Auto Scaling. Deregister the scalable target first."
            )


def containers(model: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Give the containers of a model as CreateModel or DescribeModel has it."""
    primary = model.get("PrimaryContainer")
    return list(model.get("Containers", [])) if primary is None else [primary]


def _all_variants(config: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [*config["ProductionVariants"], *(config.get("ShadowProductionVariants") or ())]


def _retained_properties(params: Params) -> set[str]:
    if not params.get("RetainAllVariantProperties"):
        return set()
    excluded = params.get("ExcludeRetainedVariantProperties") or ()
    return {_CAPACITY, _WEIGHT, _CAPTURE} - {prop["VariantPropertyType"] for prop in excluded}


def _identity(kind: str, thing: Hosted) -> dict[str, Any]:
    return {f"{kind}Name": thing.name, f"{kind}Arn": thing.arn, "CreationTime": thing.created}


def _endpoint_summary(endpoint: Hosted) -> dict[str, Any]:
    return _identity("Endpoint", endpoint) | {
        "LastModifiedTime": endpoint.modified,
        "EndpointStatus": "InService",
    }


def listing(
    member: str, params: Params, things: Iterable[Hosted], summary: Callable[[Hosted], dict[str, Any]]
) -> dict[str, Any]:
    """Answer a List operation: filtered, sorted, one page of it."""
    status = params.get("StatusEquals")
    found = [
        thing
        for thing in things
        if params.get("NameContains", "") in thing.name
        and _within(thing.created, params.get("CreationTimeAfter"), params.get("CreationTimeBefore"))
        and _within(thing.modified, params.get("LastModifiedTimeAfter"), params.get("LastModifiedTimeBefore"))
        and status in (None, "InService")
    ]
    by_name = params.get("SortBy") == "Name"
    # AWS sorts by creation time, newest first, unless asked otherwise.
    newest_first = params.get("SortOrder", "Descending") == "Descending"
    found.sort(key=lambda thing: thing.name if by_name else (thing.created, thing.name), reverse=newest_first)
    start = int(params.get("NextToken") or 0)
    end = start + params.get("MaxResults", 100)
    page = {member: [summary(thing) for thing in found[start:end]]}
    return page | ({"NextToken": str(end)} if end < len(found) else {})


def _within(moment: dt.datetime, after: dt.datetime | None, before: dt.datetime | None) -> bool:
    return (after is None or moment > after) and (before is None or moment < before)


def _words(kind: str) -> str:
    return {"endpoint-config": "endpoint configuration"}.get(kind, kind.replace("-", " "))


def now() -> dt.datetime:
    """Give the time as the service does."""
    # Without a time zone, in UTC: so moto reads the times in requests, and so it expects them in answers.
    # In milliseconds, which is all that answers carry: a client may ask for what is later than something it was told.
    moment = dt.datetime.now(dt.timezone.utc).replace(tzinfo=None)
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)
