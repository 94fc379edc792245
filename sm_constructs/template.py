"""The way back: the endpoints in a CloudFormation template, whoever wrote it, read into specs.

What our constructs render is read as the spec that it was rendered from, in its normal form:

- images and model data are given by their URI, locations in S3 by the name of the bucket, topics, keys, alarms, subnets
  and security groups by what the template calls them; a revision is an environment variable;
- an inference component is called by its physical name, since the one that the user gave it is only the end of that;
- `EndpointSpec.retain_capacity` is what the endpoint does, with the default carried out;
- `EndpointSpec.role` and `AsyncInference.inputs` are not told: the template has them only as statements of a policy;
- `Network.vpc` and `Network.private_access` are not told: subnets and security groups stand for them.

What is not known before deployment is a token, as it would be in the spec of a construct. A model that is not in the
template is one container of which nothing is known, with a bare `ContainerImage`. What has the wrong type, or no place
in a spec, is left out, and `ReadEndpoint.untold` names it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, cast

from sm_constructs.components import InferenceComponent
from sm_constructs.facts import limit
from sm_constructs.instances import Instances
from sm_constructs.reading.components import read_component
from sm_constructs.reading.deployment import read_rollout
from sm_constructs.reading.intrinsics import number_token, token
from sm_constructs.reading.models import read_location, read_model, read_network, unknown_model
from sm_constructs.reading.nodes import Found, Node, Table, made, nothing, several
from sm_constructs.reading.observing import read_data_capture, read_explainer, read_metrics_config
from sm_constructs.reading.resources import COMPONENT, CONFIG, ENDPOINT, MODEL, Template
from sm_constructs.reading.scaling import Autoscaling
from sm_constructs.reading.variants import model_of, read_variant
from sm_constructs.scaling import COPIES, PROVISIONED_CONCURRENCY
from sm_constructs.spec import AsyncInference, EndpointSpec, Serverless, VariantSpec

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sm_constructs.network import Network
    from sm_constructs.reading.resources import Resource
    from sm_constructs.spec import EndpointKind


@dataclass(frozen=True, slots=True)
class ReadEndpoint:
    """An endpoint that was found in a template.

    Attributes
    ----------
    logical_id : str
        The logical id of the endpoint, or of the endpoint configuration where nothing in the template deploys it.
    spec : EndpointSpec
        What it is.
    """

    logical_id: str
    _found: Found[EndpointSpec]
    _template: Template
    _resources: tuple[Resource, ...]
    _about: tuple[str, ...] = ("",)
    alternatives: tuple[ReadEndpoint, ...] = ()
    """What it may be as well, where the kind of the endpoint is not known."""

    @property
    def spec(self) -> EndpointSpec:
        """What it is."""
        return self._found.value

    @property
    def untold(self) -> tuple[str, ...]:
        """The property paths of what the template says about it, and the spec does not."""
        return tuple(path for resource in self._resources for path in self._template.unread(resource))

    def property_path(self, at: str) -> str:
        """Give the property path in the template of a place in the spec, as near as there is one.

        Parameters
        ----------
        at : str
            The place, as rules name it.

        Examples
        --------
        >>> endpoint.property_path("variants[0].instances.volume_gb")
        'Resources/Config/Properties/ProductionVariants/0/VolumeSizeInGB'
        """
        return self._found.path_of(at)

    def tells(self, at: str) -> bool:
        """Say whether a place in the spec comes from the template; not so what a part of an endpoint leaves open."""
        return at.startswith(self._about)


def read(template: object, *, region: str | None = None, account: str | None = None) -> list[ReadEndpoint]:
    """Read the endpoints in a template, and the endpoint configurations that no endpoint in it deploys.

    An endpoint whose configuration, or its list of variants, is not in the template is left out.

    Parameters
    ----------
    template : object
        The template, as parsed JSON; anything else has no endpoints.
    region, account : str, optional
        Where it will be deployed. Default: not known.

    Examples
    --------
    >>> [endpoint.spec.kind for endpoint in read(json.loads(Path("template.json").read_text()))]
    ['real-time']
    """
    return list(_Reader(Template(template), region, account).read_all())


def read_with_parts(template: Template, *, region: str | None = None, account: str | None = None) -> list[ReadEndpoint]:
    """Read the endpoints in a template, and what belongs to endpoints that are not in it, or not wholly.

    The latter are models that no variant here uses, inference components and scalable targets of endpoints elsewhere,
    and endpoints with a configuration elsewhere. Each is read as the part of an endpoint of which nothing else is
    known; `ReadEndpoint.tells` says what is.

    Parameters
    ----------
    template : Template
        The template.
    region, account
        As for `read`.
    """
    reader = _Reader(template, region, account)
    return [*reader.read_all(), *reader.read_parts()]


_ON_INSTANCES: tuple[EndpointKind, EndpointKind] = ("real-time", "asynchronous")


class _Reader:
    def __init__(self, template: Template, region: str | None, account: str | None) -> None:
        self.template = template
        self._region, self._account = region, account
        self._autoscaling = Autoscaling(template)
        self._components: dict[str, list[Resource]] = {}
        for component in template.of_type(COMPONENT):
            its = template.referred(ENDPOINT, component["EndpointName"].text().value)
            if its is not None:
                self._components.setdefault(its.id, []).append(component)

    def read_all(self) -> Iterator[ReadEndpoint]:
        """Read every endpoint, and the configurations that none deploys."""
        template = self.template
        configs = [
            (endpoint, template.referred(CONFIG, endpoint["EndpointConfigName"].text().value))
            for endpoint in template.of_type(ENDPOINT)
        ]
        deployed = {config.id for _, config in configs if config is not None}
        alone = [config for config in template.of_type(CONFIG) if config.id not in deployed]
        for endpoint, config in [*configs, *((None, config) for config in alone)]:
            if config is not None and (found := self._read(endpoint, config)) is not None:
                yield found

    def _read(self, endpoint: Resource | None, config: Resource) -> ReadEndpoint | None:
        entries = config["ProductionVariants"].entries()
        if config["ProductionVariants"].is_intrinsic or (entries and all(entry.is_intrinsic for entry in entries)):
            return None
        components = [] if endpoint is None else self._components.get(endpoint.id, [])
        kind = _kind(config, components)
        variants, shadows = (
            [self._read_variant(node, endpoint) for node in config[name].entries() if not node.is_intrinsic]
            for name in ("ProductionVariants", "ShadowProductionVariants")
        )
        root = config if endpoint is None else endpoint
        models = self._models(config, components)
        parts: dict[str, Found[Any]] = {
            "kind": Found(kind, config),
            "variants": several(config["ProductionVariants"], variants),
            "shadow": shadows[0] if shadows else nothing(config["ShadowProductionVariants"]),
            "components": several(
                root, [read_component(each, self.template, self._autoscaling) for each in components]
            ),
            "network": _network([config, *models] if kind == "inference-components" else models, config["VpcConfig"]),
            "region": Found(self._region, root),
            "account": Found(self._account, root),
        }
        config["ExecutionRoleArn"].mark()
        if endpoint is not None:
            parts["endpoint_name"] = endpoint["EndpointName"].text()
            parts["rollout"] = read_rollout(endpoint["DeploymentConfig"])
            parts["retain_capacity"] = _read_retaining(endpoint)
        scaled = [] if endpoint is None else [endpoint, *components]
        return ReadEndpoint(
            root.id,
            made(EndpointSpec, root, (config, _CONFIG), **parts),
            self.template,
            (
                *(() if endpoint is None else (endpoint,)),
                config,
                *models,
                *components,
                *(resource for each in scaled for resource in self._autoscaling.resources(each)),
            ),
        )

    def read_parts(self) -> Iterator[ReadEndpoint]:
        """Read what belongs to endpoints that are elsewhere."""
        template = self.template
        used = {
            model.id
            for user in [
                *(
                    variant
                    for config in template.of_type(CONFIG)
                    for name in ("ProductionVariants", "ShadowProductionVariants")
                    for variant in config[name].entries()
                ),
                *(component["Specification"] for component in template.of_type(COMPONENT)),
            ]
            if (model := model_of(user, template)) is not None
        }
        for model in template.of_type(MODEL):
            if model.id not in used:
                parts = {"model": read_model(model), "instances": self._unknown_instances(model)}
                yield self._part(
                    model, "real-time", parts, ("variants[0].model", "network"), network=_network([model], model["X"])
                )
        placed = {each.id for components in self._components.values() for each in components}
        for component in template.of_type(COMPONENT):
            if component.id not in placed:
                read = several(component, [read_component(component, template, self._autoscaling)])
                parts = {"instances": self._unknown_instances(component)}
                yield self._part(component, "inference-components", parts, ("components",), components=read)
        for endpoint in template.of_type(ENDPOINT):
            if template.referred(CONFIG, endpoint["EndpointConfigName"].text().value) is None:
                parts = {"model": unknown_model(endpoint["X"]), "instances": self._unknown_instances(endpoint)}
                yield self._part(
                    endpoint,
                    "real-time",
                    parts,
                    ("endpoint_name", "rollout"),
                    endpoint_name=endpoint["EndpointName"].text(),
                    rollout=read_rollout(endpoint["DeploymentConfig"]),
                )
        for target, dimension, scaling in self._autoscaling.loose():
            parts = {"model": unknown_model(target["X"]), "scaling": scaling}
            if dimension == PROVISIONED_CONCURRENCY:
                unknown = number_token(target.id)
                serverless = Serverless(memory_mb=cast("int", unknown), max_concurrency=cast("int", unknown))
                parts["serverless"] = Found(serverless, target)
            else:
                parts["instances"] = self._unknown_instances(target)
            about = ("variants[0].scaling",)
            if dimension == COPIES:
                yield self._loose_component(target, scaling)
            elif "serverless" in parts:
                yield self._part(target, "serverless", parts, about)
            else:
                real_time, other = (self._part(target, kind, parts, about) for kind in _ON_INSTANCES)
                yield replace(real_time, alternatives=(other,))

    def _loose_component(self, target: Resource, scaling: Found[Any]) -> ReadEndpoint:
        """Read how an inference component elsewhere scales."""
        path, container = target, unknown_model(target["X"]).value.containers[0]
        name = Found(token(target.id), path)
        component = made(InferenceComponent, path, name=name, container=Found(container, path), scaling=scaling)
        instances = {"instances": self._unknown_instances(target)}
        about = ("components[0].scaling",)
        return self._part(target, "inference-components", instances, about, components=several(path, [component]))

    def _unknown_instances(self, resource: Resource) -> Found[Instances]:
        unknown = number_token(resource.id)
        return Found(Instances(token(resource.id), count=cast("int", unknown)), resource)

    def _part(
        self,
        resource: Resource,
        kind: EndpointKind,
        variant: dict[str, Found[Any]],
        about: tuple[str, ...],
        **parts: Found[Any],
    ) -> ReadEndpoint:
        path = resource.path
        found = made(
            EndpointSpec,
            path,
            kind=Found(kind, path),
            variants=several(path, [made(VariantSpec, path, **variant)]),
            region=Found(self._region, path),
            account=Found(self._account, path),
            **parts,
        )
        return ReadEndpoint(resource.id, found, self.template, (resource,), about)

    def _read_variant(self, node: Node, endpoint: Resource | None) -> Found[VariantSpec]:
        return read_variant(node, self.template, self._autoscaling, endpoint)

    def _models(self, config: Resource, components: Sequence[Resource]) -> list[Resource]:
        """Give the models of an endpoint that are in the template."""
        users = [
            *config["ProductionVariants"].entries(),
            *config["ShadowProductionVariants"].entries(),
            *(component["Specification"] for component in components),
        ]
        found = (model_of(user, self.template) for user in users)
        return list({model.id: model for model in found if model is not None}.values())


def _kind(config: Resource, components: Sequence[Resource]) -> EndpointKind:
    variants = config["ProductionVariants"].entries()
    if config["AsyncInferenceConfig"]:
        return "asynchronous"
    if any(variant["ServerlessConfig"] for variant in variants):
        return "serverless"
    # Components may also be in another template; then the role of the configuration, which only they need, tells.
    brought = config["ExecutionRoleArn"] and not any(variant["ModelName"] for variant in variants)
    return "inference-components" if components or brought else "real-time"


def _network(places: Sequence[Resource], otherwise: Node) -> Found[Network | None]:
    """Read the network; a spec has one, so that of the first that has any stands for all."""
    networks = [(place, read_network(place)) for place in places]
    chosen = next((network for _, network in networks if network.value is not None), nothing(otherwise))
    for place, network in networks:
        if network.value != chosen.value:
            for name in ("VpcConfig", "EnableNetworkIsolation"):
                place[name].unmark()
    return chosen


def _read_async(node: Node) -> Found[Any]:
    if not node:
        return nothing(node)
    output = node["OutputConfig"]
    notification = output["NotificationConfig"]
    responses = notification["IncludeInferenceResponseIn"].texts()
    return made(
        AsyncInference,
        node,
        output=read_location(output["S3OutputPath"]),
        failures=read_location(output["S3FailurePath"]),
        success_topic=notification["SuccessTopic"].text(),
        error_topic=notification["ErrorTopic"].text(),
        include_response_in=Found(tuple(responses.value or ()), responses, responses.parts),
        max_concurrent_invocations_per_instance=node["ClientConfig"]["MaxConcurrentInvocationsPerInstance"].number(),
        output_encryption_key=output["KmsKeyId"].text(),
    )


def _read_retaining(endpoint: Resource) -> Found[bool]:
    retain = endpoint["RetainAllVariantProperties"].flag()
    excluded = endpoint["ExcludeRetainedVariantProperties"]
    kinds = {
        entry["VariantPropertyType"].value
        for entry in excluded.entries()
        if isinstance(entry["VariantPropertyType"].value, str)
    }
    # A spec can tell that only the counts are retained.
    if retain.value and kinds == set(limit("autoscaling", "exclude_retained_variant_properties")) - {
        "DesiredInstanceCount"
    }:
        excluded.mark()
    return Found(bool(retain.value), retain)


_CONFIG = Table(
    asynchronous=("AsyncInferenceConfig", _read_async),
    encryption_key=("KmsKeyId", Node.text),
    data_capture=("DataCaptureConfig", read_data_capture),
    metrics_config=("MetricsConfig", read_metrics_config),
    explainer=("ExplainerConfig", read_explainer),
)
