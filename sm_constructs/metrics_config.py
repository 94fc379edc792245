"""Which metrics an endpoint publishes, and how often."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sm_constructs.durations import Time


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricsConfig:
    """Which metrics an endpoint publishes beside the usual ones, and how often.

    Parameters
    ----------
    enhanced : bool, optional
        Whether utilisation and invocations are told per instance and per container too. Default: no.
    detailed : bool, optional
        Whether metrics of the containers themselves and of the GPUs are published too. Default: SageMaker's
        choice, which for a new endpoint configuration is yes.
    publish_every : Duration or timedelta, optional
        10, 30, 60, 120, 180, 240 or 300 seconds; without `enhanced` only utilisation follows it. Default: 60.

    Examples
    --------
    >>> MetricsConfig(enhanced=True, publish_every=timedelta(seconds=10))

    See Also
    --------
    AWS: ``MetricsConfig`` in the SageMaker API reference.
    """

    enhanced: bool | None = None
    detailed: bool | None = None
    publish_every: Time | None = None
