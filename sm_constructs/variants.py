"""The variants of a `MultiVariantEndpoint`."""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass, replace
from typing import TYPE_CHECKING

from sm_constructs.spec import ModelSpec, VariantSpec

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sm_constructs.containers import Container, ModelPackage
    from sm_constructs.instances import Instances
    from sm_constructs.model_data import ModelData
    from sm_constructs.scaling import Scaling


@dataclass(frozen=True, slots=True)
class Variant:
    """One of the variants of an endpoint.

    Parameters
    ----------
    name : str
        Its name: 1 to 63 letters, digits and hyphens. It is part of construct ids, and of its metrics.
    instances : Instances
        What it runs on.
    container : Container or ModelPackage, optional
        What runs; or `containers`.
    containers : Sequence[Container or ModelPackage], optional
        What runs one after the other, as in a `PipelineEndpoint`; or with ``direct=True`` each called by its host name,
        as in a `MultiContainerEndpoint`.
    direct : bool, default False
        Whether callers name one of the `containers`.
    models : ModelData, optional
        The store of the models that `container` serves, as in a `MultiModelEndpoint`.
    weight : float, default 1.0
        Its share of the traffic, relative to the other variants' weights; 0 is none.
    scaling : Scaling, optional
        How the number of its instances follows the load. Default: it stays as it is.

    Raises
    ------
    TypeError
        There are both `container` and `containers`, or neither, or `models` without a `Container`.

    Examples
    --------
    >>> Variant("challenger", container=container, instances=Instances("ml.m5.large"), weight=0.1)

    See Also
    --------
    AWS: ``ProductionVariant`` in the SageMaker API reference.
    """

    name: str
    _: KW_ONLY
    instances: Instances
    container: Container | ModelPackage | None = None
    containers: Sequence[Container | ModelPackage] | None = None
    direct: bool = False
    models: ModelData | None = None
    weight: float = 1.0
    scaling: Scaling | None = None

    def __post_init__(self) -> None:
        from sm_constructs.containers import Container

        if (self.container is None) is (self.containers is None):
            message = f"variant {self.name!r}: give either container or containers"
            raise TypeError(message)
        if self.models is not None and not isinstance(self.container, Container):
            message = f"variant {self.name!r}: models are served by one container, so give a Container with them"
            raise TypeError(message)
        if self.containers is not None:
            object.__setattr__(self, "containers", tuple(self.containers))

    @property
    def spec(self) -> VariantSpec:
        """The variant as the rules and the renderer take it."""
        from sm_constructs.containers import Container

        if self.containers is not None:
            model = ModelSpec(containers=tuple(self.containers), mode="direct" if self.direct else "serial")
        else:
            container = self.container
            if self.models is not None and isinstance(container, Container):
                container = replace(container, models=self.models)
            model = ModelSpec(containers=() if container is None else (container,))
        return VariantSpec(
            name=self.name, model=model, instances=self.instances, weight=self.weight, scaling=self.scaling
        )

    def argument_names(self, at: str) -> Mapping[str, str]:
        """Give the arguments of this variant for the places of its spec."""
        if self.containers is not None:
            return {f"{at}.model.": f"{at}."}
        names = {f"{at}.model.containers[0]": f"{at}.container"}
        return {f"{at}.model.containers[0].models": f"{at}.models", **names} if self.models is not None else names
