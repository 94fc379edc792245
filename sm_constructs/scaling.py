"""How a variant scales."""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sm_constructs.durations import Time


@dataclass(frozen=True, slots=True)
class TargetTracking:
    """Keep a metric at a target value; made by one of the class methods.

    Attributes
    ----------
    metric : str
        The predefined metric of Application Auto Scaling.
    target : float
        The value to keep it at, in the metric's unit.
    scale_in_cooldown, scale_out_cooldown : Duration or timedelta, optional
        The pause after an activity before the next of its kind. Default: 300 seconds. 0 is a value.
    scale_in : bool
        Whether the policy also takes instances away.
    """

    metric: str
    target: float
    _: KW_ONLY
    scale_in_cooldown: Time | None = None
    scale_out_cooldown: Time | None = None
    scale_in: bool = True

    @classmethod
    def invocations_per_instance(
        cls,
        target: float,
        *,
        scale_in_cooldown: Time | None = None,
        scale_out_cooldown: Time | None = None,
        scale_in: bool = True,
    ) -> TargetTracking:
        """Keep the requests per instance and minute at a target.

        Parameters
        ----------
        target : float
            Requests per instance per minute; more than 0.
        scale_in_cooldown, scale_out_cooldown : Duration or timedelta, optional
            The pause after an activity before the next of its kind, in whole seconds. Default: 300 seconds.
        scale_in : bool, default True
            Whether the policy also takes instances away.

        Examples
        --------
        >>> Scaling(1, 4, policies=[TargetTracking.invocations_per_instance(70)])

        See Also
        --------
        AWS: ``SageMakerVariantInvocationsPerInstance`` in the Application Auto Scaling API reference.
        """
        return cls(
            "SageMakerVariantInvocationsPerInstance",
            target,
            scale_in_cooldown=scale_in_cooldown,
            scale_out_cooldown=scale_out_cooldown,
            scale_in=scale_in,
        )


@dataclass(frozen=True, slots=True)
class Scaling:
    """The range in which a variant scales, and the policies that scale it.

    Parameters
    ----------
    min_capacity, max_capacity : int
        The range, both ends included. A real-time variant has at least 1 instance.
    policies : Sequence[TargetTracking]
        What scales it; each uses another metric.

    Examples
    --------
    >>> Scaling(1, 4, policies=[TargetTracking.invocations_per_instance(70)])

    See Also
    --------
    AWS: "Automatic scaling of Amazon SageMaker AI models" in the SageMaker developer guide.
    """

    min_capacity: int
    max_capacity: int
    _: KW_ONLY
    policies: Sequence[TargetTracking] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "policies", tuple(self.policies))
