"""An endpoint with its configuration, as one template has it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from sm_constructs.facts import limit
from sm_constructs.reading.resources import CONFIG, ENDPOINT, TARGET
from sm_constructs.reading.variants import model_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from sm_constructs.reading.nodes import Node
    from sm_constructs.reading.resources import Resource, Template

_SCALED_VARIANT = re.compile(r"endpoint/(.+)/variant/([^/]+)")


class HostedEndpoint:
    """An endpoint with its configuration, as one template has it.

    Attributes
    ----------
    resource : Resource
        The endpoint.
    variants, all_variants : dict[str, Node]
        Its production variants, and all, by name.
    scaled : frozenset[str]
        The variants that are scalable targets in the template.
    """

    def __init__(self, resource: Resource, template: Template) -> None:
        self.resource = resource
        self._template = template
        self._config = template.referred(CONFIG, resource["EndpointConfigName"].text().value)
        self.variants = self._read_variants("ProductionVariants")
        self.all_variants = self.variants | self._read_variants("ShadowProductionVariants")
        self.scaled = frozenset(self._read_scaled())

    @property
    def serverless(self) -> bool:
        """Whether it runs without instances."""
        return any(variant["ServerlessConfig"] for variant in self.variants.values())

    @property
    def asynchronous(self) -> bool:
        """Whether it is called asynchronously."""
        return self.configured("AsyncInferenceConfig") is not None

    @property
    def retained(self) -> frozenset[str]:
        """What the endpoint keeps of its own when it is updated."""
        if not self.resource["RetainAllVariantProperties"].flag().value:
            return frozenset()
        excluded = self.resource["ExcludeRetainedVariantProperties"].entries()
        kinds = {entry["VariantPropertyType"].text().value for entry in excluded}
        return frozenset(limit("autoscaling", "exclude_retained_variant_properties")) - kinds

    @property
    def weights(self) -> dict[str, float]:
        """The initial weights of its variants."""
        found = {name: variant["InitialVariantWeight"].number().value for name, variant in self.variants.items()}
        # The default of ProductionVariant.InitialVariantWeight.
        return {name: 1.0 if weight is None else weight for name, weight in found.items()}

    def configured(self, name: str) -> object:
        """Give a property of the configuration."""
        return None if self._config is None else self._config[name].value

    def containers(self, variant: str) -> Sequence[Mapping[str, Any]]:
        """Give the containers of a variant's model, if the template has the model."""
        model = model_of(self.all_variants[variant], self._template)
        if model is None:
            return []
        several = [entry.value for entry in model["Containers"].entries()]
        return [each for each in (several or [model["PrimaryContainer"].value]) if isinstance(each, dict)]

    def _read_variants(self, name: str) -> dict[str, Node]:
        entries = [] if self._config is None else self._config[name].entries()
        found = ((entry["VariantName"].text().value, entry) for entry in entries)
        return {name: entry for name, entry in found if name is not None}

    def _read_scaled(self) -> Iterator[str]:
        for target in self._template.of_type(TARGET):
            match = _SCALED_VARIANT.fullmatch(target["ResourceId"].text().value or "")
            endpoint = None if match is None else self._template.referred(ENDPOINT, match[1])
            if match is not None and endpoint is not None and endpoint.id == self.resource.id:
                yield match[2]
