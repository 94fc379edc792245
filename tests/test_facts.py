"""Each fact is used in one way, and what the installed packages say is in the tables."""

import copy
import json

import pytest
from conftest import ROOT

from scripts import make_facts, make_shapes
from sm_constructs.facts import load
from sm_constructs.packing.guards import GUARDS
from sm_constructs.rules import RULES

COVERAGE = load("coverage.json")
ROWS = load("facts.json")
ADDRESSES = [f"{row['area']}/{row['key']}" for row in ROWS]
CITED = {address for rule in [*RULES.values(), *GUARDS.values()] for address in rule.facts}
TYPES = load("instance_types.json")


def used_as(kind):
    return pytest.mark.parametrize("address", [address for address, entry in COVERAGE.items() if entry["as"] == kind])


def stated(path):
    return (ROOT / path).read_text(encoding="utf-8")


def test_every_fact_is_a_rule_a_default_a_note_or_not_checkable():
    assert [address for address in ADDRESSES if address not in CITED and address not in COVERAGE] == []
    assert {entry["as"] for entry in COVERAGE.values()} == {"default", "note", "not checkable"}


def test_no_fact_is_listed_that_a_rule_stands_on_or_that_is_gone():
    assert [address for address in COVERAGE if address in CITED] == []
    assert [address for address in [*COVERAGE, *CITED] if address not in ADDRESSES] == []


def test_the_list_has_the_order_of_the_facts():
    assert list(COVERAGE) == sorted(COVERAGE, key=ADDRESSES.index)


@used_as("default")
def test_the_code_takes_a_default_from_its_fact(address):
    entry = COVERAGE[address]
    text = stated(entry["where"])
    assert entry["where"].startswith("sm_constructs/")
    assert entry.get("phrase", f'"{address.split("/")[1]}"') in text


@used_as("note")
def test_a_note_stands_in_the_documentation(address):
    entry = COVERAGE[address]
    if "says" in entry:
        assert entry.keys() == {"as", "says"}  # make_docs.py writes it
    else:
        assert entry["phrase"] in " ".join(stated(entry["where"]).split())


@used_as("not checkable")
def test_what_is_not_checkable_says_why(address):
    assert COVERAGE[address]["says"]
    assert COVERAGE[address]["because"]


def test_the_shapes_are_those_of_the_installed_packages():
    assert shape_changes(load("shapes.json")) == [], "run make facts"


def test_the_facts_are_those_of_the_installed_packages():
    assert make_facts.changes(ROWS, TYPES) == [], "run make facts"


def shape_changes(table):
    """Tell what differs, but for the versions of the packages."""
    now = make_shapes.table()
    return list(make_shapes.differences({**table, "sources": now["sources"]}, now))


def test_a_changed_shape_is_reported():
    table = load("shapes.json")
    variant = table["types"]["AWS::SageMaker::EndpointConfig"]["properties"]["ProductionVariants"]
    variant["items"]["properties"]["VolumeSizeInGB"]["range"] = [1, 256]
    variant["items"]["properties"]["RoutingConfig"]["properties"]["RoutingStrategy"]["enum"].remove("RANDOM")
    table["sources"]["botocore"] = "1.0.0"
    at = "/types/AWS::SageMaker::EndpointConfig/properties/ProductionVariants/items/properties"
    assert shape_changes(table) == [
        f"{at}/RoutingConfig/properties/RoutingStrategy/enum + RANDOM",
        f"{at}/VolumeSizeInGB/range: [1, 256] -> [1, 512]",
    ]


def test_a_changed_range_and_a_new_value_are_reported_and_written():
    rows = copy.deepcopy(ROWS)
    by_address = dict(zip(ADDRESSES, rows, strict=True))
    by_address["serverless/max_concurrency"]["value"] = [1, 100]
    by_address["realtime/inference_ami_version"]["value"].pop(0)
    by_address["multi_container/containers"]["value"] = [2, 5]
    assert sorted(make_facts.changes(rows, TYPES)) == [
        "facts.json multi_container/containers: [2, 5] -> [2, 15]",
        "facts.json realtime/inference_ami_version + al2-ami-sagemaker-inference-gpu-2",
        "facts.json serverless/max_concurrency: [1, 100] -> [1, 200]",
    ]
    values = {f"{row['area']}/{row['key']}": row["value"] for row in make_facts.rows(rows)}
    assert values["serverless/max_concurrency"] == [1, 200]
    assert values["realtime/inference_ami_version"][-1] == "al2-ami-sagemaker-inference-gpu-2"


def test_a_shape_that_is_gone_is_reported_and_its_row_stays(monkeypatch):
    monkeypatch.setitem(make_facts.ROWS, "realtime/volume_size_gb", make_facts.ends("VolumeSizeThatIsGone"))
    assert make_facts.changes(ROWS, TYPES) == [
        "facts.json realtime/volume_size_gb: nothing installed has 'VolumeSizeThatIsGone' any more; see ROWS"
    ]
    assert make_facts.rows(ROWS) == ROWS


def test_a_new_instance_type_is_reported_and_written(monkeypatch):
    table = copy.deepcopy(TYPES)
    (known,) = (row for row in table["types"] if row["type"] == "ml.g5.xlarge")
    table["types"].remove(known)
    del table["no_specification_found"]["ml.dl1.24xlarge"]
    table["no_specification_found"]["ml.old.large"] = None
    table["accepted_for_transform"].remove("ml.m5.large")
    assert sorted(make_facts.changes(ROWS, table)) == [
        "instance_types.json + ml.g5.xlarge",
        "instance_types.json accepted_for_transform + ml.m5.large",
        "instance_types.json no_specification_found + ml.dl1.24xlarge: give it what it consists of",
        "instance_types.json no_specification_found - ml.old.large",
    ]
    written = make_facts.instance_types(table)
    assert {**known, "sdk_gpu": None} in written["types"]
    assert written["no_specification_found"]["ml.dl1.24xlarge"] is None
    assert "ml.old.large" not in written["no_specification_found"]


def test_writing_what_is_there_changes_no_byte():
    folder = ROOT / "sm_constructs" / "facts"
    assert make_facts.text_of_rows(ROWS) == (folder / "facts.json").read_text(encoding="utf-8")
    assert make_facts.text_of_types(TYPES) == (folder / "instance_types.json").read_text(encoding="utf-8")
    text = "".join(f" {json.dumps(at)}: {json.dumps(its, ensure_ascii=False)},\n" for at, its in COVERAGE.items())
    assert (folder / "coverage.json").read_text(encoding="utf-8") == "{\n" + text[:-2] + "\n}\n"


def test_every_row_about_a_shape_is_read_or_is_a_sentence():
    about = ("api_shape", "cfn_schema")
    shapes = {f"{row['area']}/{row['key']}" for row in ROWS if row["enforced_by"].startswith(about)}
    assert shapes - make_facts.ROWS.keys() - make_facts.SENTENCES == set()
    assert [address for address in [*make_facts.ROWS, *make_facts.SENTENCES] if address not in ADDRESSES] == []
    sentences = [row["value"] for row in ROWS if f"{row['area']}/{row['key']}" in make_facts.SENTENCES]
    assert [value for value in sentences if not isinstance(value, str | int)] == []
