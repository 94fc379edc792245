"""Times, given as the CDK's ``Duration`` or as Python's ``timedelta``, and time zones."""

from __future__ import annotations

from datetime import timedelta
from functools import cache
from typing import TYPE_CHECKING, TypeAlias, Union, overload
from zoneinfo import available_timezones

if TYPE_CHECKING:
    from aws_cdk import Duration

Time: TypeAlias = Union["Duration", timedelta]
"""A length of time; AWS counts it in whole seconds."""


@overload
def seconds(time: Time) -> float: ...
@overload
def seconds(time: None) -> None: ...
def seconds(time: Time | None) -> float | None:
    """Give a time in seconds: a whole number where it is one."""
    if time is None:
        return None
    count = time.total_seconds() if isinstance(time, timedelta) else time.to_seconds(integral=False)
    return int(count) if float(count).is_integer() else count


_time_zones = cache(available_timezones)


def is_time_zone(name: str) -> bool:
    """Say whether a name is that of a time zone; any is, where this machine does not have the names."""
    return name in (known := _time_zones()) or not known
