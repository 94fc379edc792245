"""Several variants behind one endpoint: A/B tests, and a shadow variant that only listens."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from sm_constructs.alarms import RealTimeAlarms
from sm_constructs.endpoints.base import HostingEndpoint, ImportedEndpoint
from sm_constructs.endpoints.grants import ShiftedEndpoint, StreamedEndpoint
from sm_constructs.endpoints.options import spec_of
from sm_constructs.spec import SINGLE_VARIANT, VariantSpec
from sm_constructs.tokens import is_number

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from constructs import Construct
    from typing_extensions import Unpack

    from sm_constructs.endpoints.options import EndpointOptions
    from sm_constructs.scaling import Scaling
    from sm_constructs.variants import Variant


class ImportedMultiVariantEndpoint(ImportedEndpoint, RealTimeAlarms, StreamedEndpoint, ShiftedEndpoint):
    """An endpoint of this kind that exists already; its variants are those that are named."""

    def __init__(self, scope: Construct, id: str, endpoint_name: str, variants: Sequence[str]) -> None:
        super().__init__(scope, id, endpoint_name)
        self._variants = tuple(VariantSpec(name=name) for name in variants)

    @property
    def variants(self) -> tuple[VariantSpec, ...]:
        """The production variants, of which no more than their names is known."""
        return self._variants


class MultiVariantEndpoint(HostingEndpoint, RealTimeAlarms, StreamedEndpoint, ShiftedEndpoint):
    """Up to ten variants that share the traffic by their weights, or one with a shadow variant beside it.

    Parameters
    ----------
    scope : Construct
        The stack, or whatever it is part of.
    id : str
        Its id there.
    variants : Sequence[Variant]
        The variants: 1 to 10, each with its own name, model, instances and scaling.
    shadow : Variant, optional
        A variant that gets a copy of the requests, and whose answers nobody sees; beside exactly one variant. Its
        weight relative to that one's is the share of requests that it gets. Default: none.
    scaling : Scaling, optional
        How each of the `variants` scales that says nothing itself. Default: they stay as they are.
    **options : EndpointOptions
        What may be said of any endpoint: its name, role, network, rollout and the rest of `EndpointOptions`.

    Raises
    ------
    InvalidHosting
        AWS would refuse it; the error has every reason, and nothing was created.

    Examples
    --------
    >>> MultiVariantEndpoint(
    ...     stack,
    ...     "Churn",
    ...     variants=[
    ...         Variant("champion", container=container_a, instances=Instances("ml.m5.large"), weight=9),
    ...         Variant("challenger", container=container_b, instances=Instances("ml.m5.large"), weight=1),
    ...     ],
    ... )

    See Also
    --------
    AWS: "Testing models with production variants" and "Shadow variants" in the SageMaker developer guide.
    """

    _models_are_named = True

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        variants: Sequence[Variant],
        shadow: Variant | None = None,
        scaling: Scaling | None = None,
        **options: Unpack[EndpointOptions],
    ) -> None:
        shared = [f"variants[{index}]" for index, variant in enumerate(variants) if variant.scaling is None]
        variants = [replace(v, scaling=scaling) if v.scaling is None else v for v in variants]
        spec = spec_of(
            scope,
            "real-time",
            *(variant.spec for variant in variants),
            options=options,
            shadow=None if shadow is None else shadow.spec,
        )
        names: dict[str, str] = {}
        for at, variant in (*((f"variants[{i}]", v) for i, v in enumerate(variants)), ("shadow", shadow)):
            if variant is not None:
                names |= variant.argument_names(at)
        names |= {f"{at}.scaling": "scaling" for at in shared}
        super().__init__(scope, id, spec, names)

    @property
    def traffic_shares(self) -> Mapping[str, float]:
        """The share of the traffic that each variant gets, by its name: 0 to 1.

        Raises
        ------
        ValueError
            The weights are not known before deployment, or all of them are 0.
        """
        weights = {variant.name: variant.weight for variant in self.variants}
        total = sum(weights.values())
        if not all(is_number(weight) for weight in weights.values()) or total <= 0:
            message = f"{self.node.path} has no shares: its weights are {weights}"
            raise ValueError(message)
        return {name: weight / total for name, weight in weights.items()}

    @property
    def shadow(self) -> VariantSpec | None:
        """The shadow variant."""
        return self._spec.shadow

    @staticmethod
    def from_endpoint_name(
        scope: Construct, id: str, endpoint_name: str, *, variants: Sequence[str] = (SINGLE_VARIANT,)
    ) -> ImportedMultiVariantEndpoint:
        """Take an endpoint that exists already; see `RealTimeEndpoint.from_endpoint_name`.

        Its alarms and its dashboard are those of the `variants` that are named.
        """
        return ImportedMultiVariantEndpoint(scope, id, endpoint_name, variants)
