"""Templates of valid specs."""

from __future__ import annotations

from collections.abc import Iterator

import aws_cdk as cdk
from conftest import CONTEXT
from templates import Synthesised
from test_round_trip import NamedModels

from sm_constructs.endpoints.base import HostingEndpoint

from .judges import ACCOUNT, REGION

# The judge looks at the templates later, and tells instead of raising; what is a warning is of no interest here.
_CONTEXT = {
    **CONTEXT,
    "@aws-cdk/core:validateAgainstDefaultRules": False,
    "@aws-cdk/core:annotationsInValidationReport": False,
}


def rendered(specs: list) -> Iterator[dict]:
    """Give a template for each spec."""
    stack = cdk.Stack(cdk.App(context=_CONTEXT), "Stack", env=cdk.Environment(region=REGION, account=ACCOUNT))
    for index, spec in enumerate(specs):
        of_several = spec.shadow is not None or len(spec.variants) > 1
        (NamedModels if of_several else HostingEndpoint)(stack, f"Endpoint{index}X", spec, {})
    whole = Synthesised(stack).json
    for index in range(len(specs)):
        prefix = f"Endpoint{index}X"
        yield {"Resources": {id: it for id, it in whole["Resources"].items() if id.startswith(prefix)}}
