"""Templates against which the rules are measured: good ones, ones AWS refuses, and ones that hurt.

It is written from the documented facts alone, not from what the rules do.
"""

from __future__ import annotations

from .case import Case
from .good import good
from .harmful import harmful
from .wrong import wrong

__all__ = ["Case", "good", "harmful", "wrong"]
