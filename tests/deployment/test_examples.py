"""Every example deploys onto the embedded AWS, and goes without a trace."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from conftest import ROOT

from sm_constructs.local import EmbeddedAws

GOLDEN = sorted(ROOT.glob("examples/*/golden/*.json"))


@pytest.fixture(scope="module")
def aws() -> Iterator[EmbeddedAws]:
    with EmbeddedAws() as running:
        yield running


@pytest.mark.parametrize("golden", GOLDEN, ids=lambda path: path.stem)
def test_an_example_deploys_and_goes(aws, golden):
    cloudformation: Any = aws.client("cloudformation")
    stack = cloudformation.create_stack(
        StackName=golden.stem, TemplateBody=golden.read_text(), Capabilities=["CAPABILITY_IAM"]
    )["StackId"]

    def status() -> str:
        return cloudformation.describe_stacks(StackName=stack)["Stacks"][0]["StackStatus"]

    assert status() == "CREATE_COMPLETE", cloudformation.describe_stack_events(StackName=stack)["StackEvents"]
    cloudformation.delete_stack(StackName=stack)
    assert status() == "DELETE_COMPLETE"
    assert aws.client("sagemaker").list_endpoints()["Endpoints"] == []
