"""The alarms that a rollout asks for: ``Rollout.…(alarms="default")``.

An alarm refers to its endpoint, so that the endpoint can know it only by a name that stands before either is made.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from sm_constructs.endpoints.naming import physical_name
from sm_constructs.facts import limit
from sm_constructs.rollout import DEFAULT_ALARMS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from constructs import Construct

    from sm_constructs.rollout import Rollout
    from sm_constructs.spec import EndpointSpec


@dataclass(frozen=True, slots=True)
class RollbackAlarms:
    """What is to be made: the alarms of `add_alarms` with these keys, with this prefix to their names."""

    prefix: str
    keys: frozenset[str]


def settle_alarms(
    scope: Construct, id: str, spec: EndpointSpec, arguments: Sequence[str]
) -> tuple[EndpointSpec, RollbackAlarms | None]:
    """Replace the wish for alarms in a spec by the names of alarms.

    Parameters
    ----------
    scope, id
        Where the endpoint will be.
    spec : EndpointSpec
        The endpoint.
    arguments : Sequence[str]
        Which of the alarms of `add_alarms` each variant or component is to have.

    Returns
    -------
    tuple[EndpointSpec, RollbackAlarms or None]
        The spec with names, and what is to be made; nothing where nobody asked for any.
    """
    wishes = [spec.rollout, *(component.rollout for component in spec.components)]
    if not any(_is_wish(rollout) for rollout in wishes):
        return spec, None
    prefix = physical_name(scope, id, limit("cloudwatch", "alarm_name")[1] // 2)  # the other half is for the key
    keys: set[str] = set()

    def settled(rollout: Rollout | None, subjects: Sequence[str]) -> Rollout | None:
        if rollout is None or not _is_wish(rollout):
            return rollout
        wanted = [f"{subject}-{argument}" for subject in subjects for argument in arguments]
        keys.update(wanted)
        return replace(rollout, alarms=tuple(f"{prefix}-{key}" for key in wanted))

    all_of_it = [each.name for each in spec.components or spec.variants]
    spec = replace(
        spec,
        rollout=settled(spec.rollout, all_of_it),
        components=tuple(replace(each, rollout=settled(each.rollout, [each.name])) for each in spec.components),
    )
    return spec, RollbackAlarms(prefix, frozenset(keys))


def _is_wish(rollout: Rollout | None) -> bool:
    return rollout is not None and rollout.alarms == DEFAULT_ALARMS
