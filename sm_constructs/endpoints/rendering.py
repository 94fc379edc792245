"""How a spec becomes CloudFormation resources."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from aws_cdk import aws_sagemaker as sagemaker

from sm_constructs.binding import bind_container, bind_model_data, key_arn
from sm_constructs.endpoints.async_inference import async_needs, render_async
from sm_constructs.endpoints.components import render_component, scaled_component
from sm_constructs.endpoints.deployment import render_rollout, rollout_needs
from sm_constructs.endpoints.observing import (
    capture_needs,
    core_dump_needs,
    explainer_needs,
    render_data_capture,
    render_explainer,
    render_metrics_config,
)
from sm_constructs.endpoints.roles import log_groups_of, wait_for_policies
from sm_constructs.endpoints.scaling import Scaled, render_scaling
from sm_constructs.endpoints.variants import render_variant
from sm_constructs.l1 import make
from sm_constructs.model_host import ModelHost
from sm_constructs.permissions import execution_statements
from sm_constructs.scaling import INSTANCES, PROVISIONED_CONCURRENCY
from sm_constructs.spec import ModelSpec

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from constructs import IConstruct

    from sm_constructs.binding import Properties, Site
    from sm_constructs.instances import Instances
    from sm_constructs.model_data import ModelData
    from sm_constructs.packing import Packed
    from sm_constructs.permissions import Needs
    from sm_constructs.spec import EndpointKind, EndpointSpec, VariantSpec

# The kind is part of the logical id, so that another kind is another endpoint: AWS refuses to turn one into the other.
_ENDPOINT_IDS: Mapping[EndpointKind, str] = {
    "real-time": "Endpoint",
    "serverless": "ServerlessEndpoint",
    "asynchronous": "AsyncEndpoint",
    "inference-components": "ComponentEndpoint",
}


class Rendering(ModelHost):
    """Mixed into endpoints after the CDK's class, which then has fewer members for jsii to look through."""

    _models_are_named: ClassVar[bool] = False
    """Whether ids of models carry the name of their variant, because there may be several."""

    _spec: EndpointSpec
    _site: Site
    _models: dict[str, sagemaker.CfnModel]
    _components: dict[str, sagemaker.CfnInferenceComponent]
    _endpoint: sagemaker.CfnEndpoint
    _name: str

    def _before_rendering(self) -> None:
        """Make what the user asked to be made beside the endpoint; for kinds that have such a thing."""

    def _render(self, path: Sequence[str], packed: Mapping[ModelData, Packed]) -> None:
        spec, here = self._spec, self._construct
        definitions: dict[str, tuple[ModelSpec, list[Properties]]] = {}
        needs = list(self._needs())
        for model_id, model, instances in self._models_to_make():
            written: list[Properties] = []
            for index, container in enumerate(model.containers):
                suffix = model_id.removeprefix("Model") + (f"-{index}" if index else "")
                definition, its_needs = bind_container(
                    here, self._site, container, packed, suffix=suffix, instances=instances
                )
                written.append(definition)
                needs += its_needs
            definitions[model_id] = (model, written)
        adapters: dict[str, str] = {}
        for component in spec.components:
            if component.adapter is not None:
                bound = bind_model_data(here, self._site, component.adapter, packed, f"Adapter-{component.name}")
                adapters[component.name] = bound.properties["modelDataUrl"]
                needs.append(bound.needs)
        network = self._render_network(spec.network)
        endpoint_id = _ENDPOINT_IDS[spec.kind]
        role_arn = self._render_role(
            spec.role,
            execution_statements(
                needs,
                self._site.arns,
                log_groups=log_groups_of(spec.endpoint_name, (*path, endpoint_id), components=bool(spec.components)),
                subnets=network["subnets"] if network else (),
                security_groups=network["securityGroupIds"] if network else (),
                volume_key=None if spec.encryption_key is None else key_arn(spec.encryption_key),
            ),
        )
        isolated = True if spec.network and spec.network.isolated else None
        # Inference components take the network of the endpoint configuration, other models bring their own.
        of_config = spec.kind == "inference-components"
        for model_id, (model, written) in definitions.items():
            several = model.mode != "single"
            self._models[model_id] = make(
                sagemaker.CfnModel,
                here,
                model_id,
                execution_role_arn=role_arn,
                primary_container=None if several else written[0],
                containers=written if several else None,
                inference_execution_config={"mode": "Direct"} if model.mode == "direct" else None,
                vpc_config=None if of_config else network,
                enable_network_isolation=None if of_config else isolated,
            )
            if spec.role is not None:
                wait_for_policies(self._models[model_id], spec.role)
        config = make(
            sagemaker.CfnEndpointConfig,
            here,
            "Config",
            production_variants=[self._render_variant(variant) for variant in spec.variants],
            shadow_production_variants=None if spec.shadow is None else [self._render_variant(spec.shadow)],
            async_inference_config=None if spec.asynchronous is None else render_async(spec.asynchronous, self._site),
            data_capture_config=None
            if spec.data_capture is None
            else render_data_capture(spec.data_capture, self._site),
            explainer_config=None if spec.explainer is None else render_explainer(spec.explainer, self._site),
            metrics_config=None if spec.metrics_config is None else render_metrics_config(spec.metrics_config),
            kms_key_id=None if spec.encryption_key is None else key_arn(spec.encryption_key),
            execution_role_arn=role_arn if of_config else None,
            vpc_config=network if of_config else None,
            enable_network_isolation=isolated if of_config else None,
        )
        if of_config and spec.role is not None:
            wait_for_policies(config, spec.role)
        self._endpoint = self._render_endpoint(endpoint_id, config.attr_endpoint_config_name)
        self._name = self._endpoint.attr_endpoint_name
        for component in spec.components:
            self._components[component.name] = render_component(
                here,
                component,
                endpoint_name=self._name,
                variant_name=spec.variants[0].name,
                model=self._models.get(f"Model-{component.name}"),
                base=None if component.base is None else self._components[component.base],
                adapter_url=adapters.get(component.name),
            )
        self._render_scaling()

    def _needs(self) -> Iterator[Needs]:
        """Give what the execution role needs beside the containers."""
        spec, site = self._spec, self._site
        if spec.asynchronous is not None:
            yield async_needs(spec.asynchronous, site)
        if spec.data_capture is not None:
            yield capture_needs(spec.data_capture, site)
        if spec.explainer is not None:
            yield explainer_needs(spec.explainer, site)
        for _, variant in spec.placed_variants():
            yield core_dump_needs(variant.instances, site)
        for rollout in (spec.rollout, *(component.rollout for component in spec.components)):
            yield rollout_needs(rollout, site)

    def _models_to_make(self) -> Iterator[tuple[str, ModelSpec, Instances | None]]:
        """Give the construct id of every model, the model, and what it runs on."""
        for _, variant in self._spec.placed_variants():
            if variant.model is not None:
                model_id = f"Model-{variant.name}" if self._models_are_named else "Model"
                yield model_id, variant.model, variant.instances
        for component in self._spec.components:
            if component.container is not None:
                model = ModelSpec(containers=(component.container,))
                yield f"Model-{component.name}", model, self._spec.variants[0].instances

    def _render_variant(self, variant: VariantSpec) -> Properties:
        model_id = f"Model-{variant.name}" if self._models_are_named else "Model"
        model = None if variant.model is None else self._models[model_id].attr_model_name
        return render_variant(variant, model, self._site)

    def _render_endpoint(self, id: str, config_name: str) -> sagemaker.CfnEndpoint:
        spec = self._spec
        retain = spec.retain_capacity
        if retain is None:
            retain = any(variant.scaling is not None for variant in spec.variants)
        retained: dict[str, Any] = {}
        if retain:
            # Only the counts are autoscaling's; weights and data capture follow the template.
            others = ({"variantPropertyType": kind} for kind in ("DesiredWeight", "DataCaptureConfig"))
            retained = {
                "retain_all_variant_properties": True,
                "exclude_retained_variant_properties": list(others),
            }
        return make(
            sagemaker.CfnEndpoint,
            self._construct,
            id,
            endpoint_config_name=config_name,
            endpoint_name=spec.endpoint_name,
            deployment_config=None if spec.rollout is None else render_rollout(spec.rollout),
            **retained,
        )

    def _render_scaling(self) -> None:
        for variant in self._spec.variants:
            # A variant without a model leaves its scaling to SageMaker itself.
            if variant.scaling is not None and variant.model is not None:
                scaled = Scaled(
                    name=variant.name,
                    resource_id=f"endpoint/{self._name}/variant/{variant.name}",
                    dimension=INSTANCES if variant.serverless is None else PROVISIONED_CONCURRENCY,
                    dimensions={"EndpointName": self._name},
                    from_zero="async/scale_from_zero_alarm",
                    instances=variant.instances,
                )
                render_scaling(self._construct, scaled, variant.scaling)
        for component in self._spec.components:
            if component.scaling is not None:
                made = self._components[component.name]
                render_scaling(self._construct, scaled_component(component, made), component.scaling)

    def _waiting(self) -> list[IConstruct]:
        return list(self._models.values())
