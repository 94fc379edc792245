"""``sm-constructs diff``: reads the templates and what the endpoints have now, and writes what was found."""

from __future__ import annotations

import json
import shutil
import sys
import textwrap
from collections import Counter
from dataclasses import asdict
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sm_constructs.clients import aws_errors, clients
from sm_constructs.diff import EFFECTS, Finding, Live, compare
from sm_constructs.diffing.templates import find_stack, parse, read_template
from sm_constructs.reading.resources import ENDPOINT

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Mapping, Sequence

_MARGIN = " " * 10
# Several of these may belong to one resource, so their number says nothing.
_ON_AN_ENDPOINT = ("reaches", "ignored")


def run(options: argparse.Namespace) -> int:
    """Do what the command line says; give the exit code."""
    name, region = options.stack, options.region
    if options.template is not None:
        wanted = read_template(Path(options.template))
    else:
        stack = find_stack(Path(options.app), options.stack)
        name, region = stack.name, region or stack.region
        wanted = read_template(stack.template)
    live: dict[str, Live] = {}
    if options.deployed is not None:
        deployed = read_template(Path(options.deployed))
    else:
        client = clients(local=options.local, region=region, profile=options.profile)
        with aws_errors():
            cloudformation = client("cloudformation")
        region = cloudformation.meta.region_name
        found = _deployed(cloudformation, name)
        if found is None:
            sys.stderr.write(f"sm-constructs: no stack {name} is deployed in {region}: all of it is new.\n")
        else:
            live = _live(client, cloudformation, name)
        deployed = found or {}
    findings = compare(deployed, wanted, live=live, region=region)
    sys.stdout.write(_json(name, findings) if options.json else text(name, findings))
    return 1 if any(finding.effect == "fails" for finding in findings) else 0


def text(stack: str, findings: Sequence[Finding]) -> str:
    """Write findings for people.

    Parameters
    ----------
    stack : str
        The name of the stack.
    findings : Sequence[Finding]
        What was found.
    """
    counts = Counter(finding.effect for finding in findings if finding.effect not in _ON_AN_ENDPOINT)
    summary = ", ".join(f"{counts[effect]} {effect}" for effect in EFFECTS if effect in counts)
    lines = [f"{stack}: {summary or 'nothing changes'}"]
    for (effect, logical_id, path), group in groupby(findings, lambda each: (each.effect, each.logical_id, each.path)):
        lines.append(f"{effect:<{len(_MARGIN)}}{logical_id if path is None else f'{path} ({logical_id})'}")
        for finding in group:
            lines += _lines(finding.message)
            lines += [] if finding.instead is None else _lines(f"Instead: {finding.instead}")
            lines += [] if finding.source is None else _lines(f"AWS: {finding.source}")
    return "\n".join(lines) + "\n"


def _lines(message: str) -> list[str]:
    width = max(60, min(shutil.get_terminal_size((110, 24)).columns, 110))
    return textwrap.wrap(
        message,
        width,
        initial_indent=_MARGIN,
        subsequent_indent=f"{_MARGIN}  ",
        break_long_words=False,
        break_on_hyphens=False,
    )


def _json(stack: str, findings: Sequence[Finding]) -> str:
    return json.dumps({"stack": stack, "findings": [asdict(finding) for finding in findings]}, indent=2) + "\n"


def _deployed(cloudformation: Any, stack: str) -> dict[str, Any] | None:  # noqa: ANN401 - a boto3 client
    """Read the template that is deployed; nothing where there is no such stack."""
    from botocore.exceptions import ClientError

    try:
        with aws_errors():
            body = cloudformation.get_template(StackName=stack)["TemplateBody"]
    except RuntimeError as error:
        if isinstance(error.__cause__, ClientError) and "does not exist" in str(error):
            return None
        raise
    return parse(body, f"The template of {stack}")


def _live(client: Callable[[str], Any], cloudformation: Any, stack: str) -> dict[str, Live]:  # noqa: ANN401
    """Read what the endpoints have now; of those that cannot be read, nothing is known."""
    live: dict[str, Live] = {}
    try:
        with aws_errors():
            pages = cloudformation.get_paginator("list_stack_resources").paginate(StackName=stack)
            ids = {
                resource["LogicalResourceId"]: resource["PhysicalResourceId"].rpartition("/")[2]
                for page in pages
                for resource in page["StackResourceSummaries"]
                if resource["ResourceType"] == ENDPOINT and resource.get("PhysicalResourceId")
            }
            for logical_id, name in ids.items():
                described = client("sagemaker").describe_endpoint(EndpointName=name)
                live[logical_id] = _endpoint(described, _scaled(client, name, described))
    except RuntimeError as error:
        sys.stderr.write(f"sm-constructs: what the endpoints have now is not known: {error}\n")
    return live


def _scaled(client: Callable[[str], Any], endpoint: str, described: Mapping[str, Any]) -> frozenset[str]:
    names = {
        f"endpoint/{endpoint}/variant/{variant['VariantName']}": variant["VariantName"]
        for variant in described.get("ProductionVariants", [])
    }
    pages = client("application-autoscaling").get_paginator("describe_scalable_targets")
    found = pages.paginate(ServiceNamespace="sagemaker", ResourceIds=list(names)) if names else []
    return frozenset(names[target["ResourceId"]] for page in found for target in page["ScalableTargets"])


def _endpoint(described: Mapping[str, Any], scaled: frozenset[str]) -> Live:
    variants = described.get("ProductionVariants", [])
    counts, weights = (
        {variant["VariantName"]: variant[name] for variant in variants if name in variant}
        for name in ("CurrentInstanceCount", "CurrentWeight")
    )
    return Live(status=described["EndpointStatus"], counts=counts, weights=weights, scaled=scaled)
