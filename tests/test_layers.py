"""What imports what: value objects, spec, rules and facts run without Node."""

import subprocess
import sys

import pytest

import sm_constructs

LIGHT = [
    "sm_constructs",
    "sm_constructs.spec",
    "sm_constructs.rules",
    "sm_constructs.facts",
    "sm_constructs.facts.images",
    "sm_constructs.containers",
    "sm_constructs.model_data",
    "sm_constructs.packing",
    "sm_constructs.permissions",
    "sm_constructs.cli",
    "sm_constructs.clients",
    "sm_constructs.diff",
    "sm_constructs.shift",
    "sm_constructs.template",
]


def modules_after(statement: str) -> set[str]:
    code = f"{statement}\nimport sys\nprint(*sys.modules)"
    return set(subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split())


@pytest.mark.parametrize("module", LIGHT)
def test_a_light_module_does_not_start_node(module):
    assert not modules_after(f"import {module}") & {"jsii", "aws_cdk", "constructs"}


def test_checking_a_whole_spec_does_not_start_node():
    statement = (
        "import sys; sys.path.insert(0, 'tests'); from specs import spec_of; from sm_constructs import rules; "
        "assert rules.check(spec_of()) == []"
    )
    assert not modules_after(statement) & {"jsii", "aws_cdk", "constructs"}


def test_a_construct_is_imported_when_it_is_first_used():
    assert "aws_cdk" in modules_after("import sm_constructs; sm_constructs.RealTimeEndpoint")


def test_every_public_name_is_there():
    assert sorted(sm_constructs._HOMES) == sm_constructs.__all__
    for name in sm_constructs.__all__:
        assert getattr(sm_constructs, name).__name__ == name
    assert set(sm_constructs.__all__) <= set(dir(sm_constructs))


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'Nothing'"):
        _ = sm_constructs.Nothing
