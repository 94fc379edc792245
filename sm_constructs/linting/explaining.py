"""``--explain``: what a rule says, and what it stands on."""

from __future__ import annotations

import json
import textwrap
from typing import TYPE_CHECKING

from sm_constructs.facts import fact

if TYPE_CHECKING:
    from sm_constructs.rules import Rule

_WIDEST_VALUE = 100


def explain(rule: Rule) -> str:
    """Write what a rule says, what it stands on, and an example of each kind."""
    lines = [f"{rule.code} {rule.title}", "", f"{rule.severity.capitalize()}. AWS: {rule.source}"]
    if rule.facts:
        lines += ["", "It stands on:"]
        for address in rule.facts:
            known = fact(*address.split("/"))
            value = textwrap.shorten(json.dumps(known.value, ensure_ascii=False), _WIDEST_VALUE, placeholder=" …")
            unit = f" ({known.unit})" if known.unit else ""
            lines += [f"  {address}: {value}{unit}", f"    {known.source}"]
    lines += ["", "As arguments of a construct:", f"  good  {rule.good}", f"  bad   {rule.bad}"]
    return "\n".join(lines) + "\n"
