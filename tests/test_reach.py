"""Every property of the hosting resources can be produced, or is in a list that says why not.

A property that a newer aws-cdk-lib brings makes this fail with its name.
"""

from __future__ import annotations

import inspect
import json
import re
from typing import Any

from aws_cdk import aws_sagemaker as sagemaker
from conftest import ROOT

from sm_constructs.facts import load

RESOURCES = {
    "AWS::SageMaker::Model": sagemaker.CfnModel,
    "AWS::SageMaker::EndpointConfig": sagemaker.CfnEndpointConfig,
    "AWS::SageMaker::Endpoint": sagemaker.CfnEndpoint,
    "AWS::SageMaker::InferenceComponent": sagemaker.CfnInferenceComponent,
}


def plain(name: str) -> str:
    """Give a name without what the CDK and CloudFormation write differently: capitals and underscores."""
    return name.replace("_", "").lower()


# Written by one and the same function, wherever they stand.
ALIKE = {".containers": ".primarycontainer", ".shadowproductionvariants": ".productionvariants"}


def alike(path: str) -> str:
    """Give the one name of a property that stands in two places."""
    for other, one in ALIKE.items():
        path = path.replace(other, one)
    return path


def properties(kind: str) -> set[str]:
    """Give every property of a resource that the pinned CDK knows, nested ones with a dot."""
    resource = RESOURCES[kind]

    def below(cls: type, path: str) -> set[str]:
        found = set()
        for name, parameter in inspect.signature(cls.__init__).parameters.items():
            if name in ("self", "scope", "id"):
                continue
            here = f"{path}.{plain(name)}"
            nested = re.search(r"Cfn\w+\.(\w+Property)", str(parameter.annotation))
            found |= below(getattr(resource, nested[1]), here) if nested else {alike(here)}
        return found

    return below(resource, kind)


def produced() -> set[str]:
    """Give every property that stands in a golden template."""
    found = set()

    def walk(value: Any, path: str) -> None:
        found.add(alike(path))
        if isinstance(value, list):
            for each in value:
                walk(each, path)
        elif isinstance(value, dict):
            for name, each in value.items():
                walk(each, f"{path}.{plain(name)}")

    for golden in ROOT.glob("examples/*/golden/*.json"):
        for resource in json.loads(golden.read_text())["Resources"].values():
            if resource["Type"] in RESOURCES:
                for name, value in resource["Properties"].items():
                    walk(value, f"{resource['Type']}.{plain(name)}")
    return found


def listed() -> dict[str, str]:
    """Give the properties that no construct produces, with the reason."""
    rows = {}
    for name, reason in load("not_offered.json").items():
        kind, _, path = name.partition(".")
        rows[f"{kind}.{'.'.join(map(plain, path.split('.')))}"] = reason
    return rows


def excused(name: str) -> bool:
    """Say whether a property, or one that it is part of, is in the list."""
    return any(name == row or name.startswith(f"{row}.") for row in listed())


def test_every_property_is_produced_or_listed():
    known = set().union(*(properties(kind) for kind in RESOURCES))
    assert len(known) > 100
    assert sorted(name for name in known - produced() if not excused(name)) == []


def test_nothing_is_listed_that_is_produced():
    assert sorted(name for name in produced() if excused(name)) == []


def test_nothing_is_listed_that_does_not_exist():
    known = set().union(*(properties(kind) for kind in RESOURCES))
    assert [row for row in listed() if not any(name == row or name.startswith(f"{row}.") for name in known)] == []


def test_every_reason_is_said():
    assert all(len(reason) > 10 for reason in listed().values())
