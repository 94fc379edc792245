"""Physical names, for the few things that cannot do without one."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from aws_cdk import Names

if TYPE_CHECKING:
    from constructs import Construct


def physical_name(scope: Construct, name: str, longest: int) -> str:
    """Name something in a scope uniquely in its account and region, ending in the name that the user gave it."""
    most = longest // 2  # the other half is for what makes it unique
    if len(name) > most:
        digest = hashlib.sha256(name.encode()).hexdigest()[:8]
        name = f"{name[: most - len(digest) - 1]}-{digest}"
    before = Names.unique_resource_name(scope, max_length=longest - len(name) - 1, separator="-")
    return f"{before}-{name}"
