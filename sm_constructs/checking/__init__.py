"""Checking of whole templates, whoever wrote them: by the rules, in every case that parameters and conditions allow."""

from __future__ import annotations

from sm_constructs.checking.checking import check_template

__all__ = ["check_template"]
