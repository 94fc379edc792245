"""The table of AWS's serving images: what it holds, how one is found, and what is said when none is."""

from __future__ import annotations

import copy
import importlib.util
import pickle
import re
import subprocess
import sys
from pathlib import Path

import pytest
from botocore.loaders import create_loader
from botocore.regions import EndpointResolver
from hypothesis import given
from hypothesis import strategies as st

from sm_constructs.facts import images, load
from sm_constructs.facts.images import UnknownImage, find

ROOT = Path(__file__).parent.parent
FILE = ROOT / "sm_constructs" / "facts" / "images.json"
TABLE = load("images.json")
ROWS = [
    (framework, version, *row)
    for framework, rows_by_version in TABLE["frameworks"].items()
    for version, rows in rows_by_version.items()
    for row in rows
]
OREGON = "763104351884.dkr.ecr.us-west-2.amazonaws.com"
# Registry host and repository as ECR has them, and the 255 characters of SageMaker's ContainerImage.
URI = re.compile(r"(?=.{1,255}$)\d{12}\.dkr\.ecr\.[a-z0-9-]+\.[a-z0-9.-]+/[a-z0-9]+([._/-][a-z0-9]+)*:\w[\w.-]{0,127}")


def image_of(row: tuple) -> images.FrameworkImage:
    framework, version, accelerator, python, system, *_ = row
    return find(framework, version, accelerator=accelerator, python=python, os=system)


# What the table holds


def test_every_image_has_a_valid_address_in_each_of_its_regions():
    for image in map(image_of, ROWS):
        assert image.accounts
        assert [uri for region in image.accounts if not URI.fullmatch(uri := image.uri(region))] == []


def test_every_image_is_found_by_what_it_is_listed_with():
    for row in ROWS:
        *_, repository, tag, registries = row
        image = image_of(row)
        assert (image.framework, image.version, image.accelerator) == row[:3]
        assert (image.repository, image.tag, image.accounts) == (
            repository,
            tag,
            TABLE["registries"][registries],
        )


def test_no_image_is_listed_twice():
    assert len({row[:5] for row in ROWS}) == len(ROWS)


def test_registries_are_under_the_domain_that_botocore_has_for_ecr_in_the_region():
    resolver = EndpointResolver(create_loader().load_data("endpoints"))
    everywhere = {region: image for row in ROWS for image in [image_of(row)] for region in image.accounts}
    assert len(everywhere) > 40
    for region, image in everywhere.items():
        domain = resolver.construct_endpoint("ecr", region)["hostname"]
        assert image.uri(region).partition("/")[0] == f"{image.accounts[region]}.dkr.{domain}"


def test_every_partition_with_images_is_there():
    assert set(TABLE["dns_suffixes"].values()) == {
        "amazonaws.com.cn",
        "amazonaws.eu",
        "c2s.ic.gov",
        "cloud.adc-e.uk",
        "csp.hci.ic.gov",
        "sc2s.sgov.gov",
    }


def test_accelerators_are_the_documented_ones():
    documented = set(re.findall(r'``"(\w+)"``', images.FrameworkImage.__doc__))
    assert {row[2] for row in ROWS} == documented


def test_other_names_mean_a_framework_and_hide_none():
    for other, framework in TABLE["aliases"].items():
        assert other not in images.frameworks()
        assert images.versions(other) == images.versions(framework)


def test_frameworks_are_in_alphabetical_order_and_versions_in_numeric_order():
    assert list(images.frameworks()) == sorted(TABLE["frameworks"])
    for framework in images.frameworks():
        versions = images.versions(framework)
        assert list(versions) == sorted(versions, key=images.version_key)
    assert images.versions("pytorch").index("1.9.1") < images.versions("pytorch").index("1.10.0")


# What is found


@pytest.mark.parametrize(
    ("asked", "region", "uri"),
    [
        # Addresses as AWS's documentation has them.
        (("knn", "1", "cpu"), "eu-west-1", "438346466558.dkr.ecr.eu-west-1.amazonaws.com/knn:1"),
        (
            ("sklearn", "1.2-1", "cpu"),
            "us-east-1",
            "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-scikit-learn:1.2-1-cpu-py3",
        ),
        (
            ("pytorch", "2.6.0", "gpu"),
            "cn-north-1",
            "727897471807.dkr.ecr.cn-north-1.amazonaws.com.cn/pytorch-inference:2.6.0-gpu-py312",
        ),
        (
            ("triton", "25.09", "gpu"),
            "us-west-2",
            f"{OREGON}/sagemaker-tritonserver:25.09-py3",
        ),
        (
            ("huggingface-llm-neuronx", "0.0.28", "neuronx"),
            "us-west-2",
            f"{OREGON}/huggingface-pytorch-tgi-inference:2.1.2-optimum0.0.28-neuronx-py310-ubuntu22.04",
        ),
    ],
    ids=lambda value: value[0] if isinstance(value, tuple) else "",
)
def test_address_is_the_documented_one(asked, region, uri):
    framework, version, accelerator = asked
    assert find(framework, version, accelerator=accelerator).uri(region) == uri


@given(row=st.sampled_from(ROWS), data=st.data())
def test_beginning_of_a_version_means_the_newest_that_begins_so_for_the_accelerator(row, data):
    framework, version, accelerator, *_ = row
    ends = [place for place in range(len(version)) if version[place] in ".-" and re.match(r"\d+\.\d", version[:place])]
    if "+" in version or not ends:
        return
    beginning = version[: data.draw(st.sampled_from(ends))]
    continuing = [
        other
        for name, other, for_accelerator, *_ in ROWS
        if (name, for_accelerator) == (framework, accelerator)
        and re.match(rf"{re.escape(beginning)}([.-]|$)", other)
        and "+" not in other
    ]
    expected = beginning if beginning in continuing else max(continuing, key=images.version_key)
    assert find(framework, beginning, accelerator=accelerator).version == expected


def test_beginning_is_looked_for_among_the_versions_of_the_accelerator():
    assert find("pytorch", "2.2").version == "2.2.0"
    assert find("pytorch", "2.2", accelerator="graviton").version == "2.2.1"


def test_one_number_is_too_little_of_a_version():
    with pytest.raises(UnknownImage, match=r"'2'; nearest: 2\.3\.0, 2\.4\.0, 2\.5\.1, 2\.6\.0$"):
        find("pytorch", "2")


def test_newest_python_is_the_default():
    assert find("pytorch", "1.6.0", accelerator="gpu").tag == "1.6.0-gpu-py36"
    assert find("mxnet", "1.4.1").tag == "1.4.1-cpu-py3"


def test_python_selects_an_image_also_where_it_lies_in_another_repository():
    image = find("mxnet", "1.4.1", python="py2")
    assert (image.repository, image.tag) == ("sagemaker-mxnet-serving", "1.4.1-cpu-py2")
    assert image.accounts != find("mxnet", "1.4.1", python="py3").accounts


@pytest.mark.parametrize("system", ["cu110-ubuntu18.04", "cu110", "ubuntu18.04"])
def test_os_selects_an_image_by_whole_parts_of_its_tag(system):
    assert find("pytorch", "1.6.0", accelerator="gpu", os=system).tag == "1.6.0-gpu-py36-cu110-ubuntu18.04"


def test_os_that_is_only_part_of_a_word_selects_nothing():
    with pytest.raises(UnknownImage, match=r"with os cu110-ubuntu18\.04, not 'ubuntu18'"):
        find("pytorch", "1.6.0", accelerator="gpu", os="ubuntu18")


def test_hugging_face_is_on_the_newest_base_unless_the_version_names_an_older_one():
    assert find("huggingface", "4.6.1").tag == "1.8.1-transformers4.6.1-cpu-py36-ubuntu18.04"
    assert find("huggingface", "4.6.1+pytorch1.7.1").tag == "1.7.1-transformers4.6.1-cpu-py36-ubuntu18.04"
    assert find("huggingface-tensorflow", "4.6.1").repository == "huggingface-tensorflow-inference"


def test_image_of_a_built_in_algorithm_serves_on_cpu_and_gpu():
    cpu, gpu = find("linear-learner", "1"), find("linear-learner", "1", accelerator="gpu")
    assert (cpu.accelerator, gpu.accelerator) == ("cpu", "gpu")
    assert cpu.uri("us-east-1") == gpu.uri("us-east-1")


def test_images_are_values():
    image = find("xgboost", "1.7")
    assert image == find("xgboost", "1.7-1")
    assert hash(image) == hash(find("xgboost", "1.7-1"))
    assert image != find("xgboost", "1.5")
    assert copy.deepcopy(image) == pickle.loads(pickle.dumps(image)) == image


def test_changing_what_was_found_does_not_change_the_table():
    find("xgboost", "1.7").accounts.clear()
    assert find("xgboost", "1.7").account("us-east-1") == "683313688378"


# What is said when there is none


@pytest.mark.parametrize(
    ("asked", "options", "message"),
    [
        (("pytroch", "2.6"), {}, "no serving image called 'pytroch'; did you mean pytorch or neo-pytorch?"),
        (("PYTORCH", "2.6"), {}, "called 'PYTORCH'; did you mean pytorch"),
        (("qqq", "1"), {}, f"called 'qqq'; known are {', '.join(TABLE['frameworks'])}"),
        (("pytorch", "2.3.7"), {}, "no pytorch '2.3.7'; nearest: 2.2.0, 2.3.0, 2.4.0, 2.5.1"),
        (("pytorch", "9.0"), {}, "no pytorch '9.0'; nearest: 2.5.1, 2.6.0"),
        (("pytorch", "0.1"), {}, "no pytorch '0.1'; nearest: 0.4.0, 1.0.0"),
        (("xgboost", "latest"), {}, "no xgboost 'latest'; nearest: 1.5-1, 1.7-1, 3.0-5, 3.2-0"),
        (
            ("pytorch", "2.3.0"),
            {"accelerator": "tpu"},
            "pytorch 2.3.0 for cpu or gpu or graviton, not for accelerator='tpu'",
        ),
        (("djl-lmi", "0.38.0"), {}, "djl-lmi 0.38.0 for gpu, not for accelerator='cpu'"),
        (
            ("djl-lmi", "0.37.0"),
            {},
            "nearest: 0.35.0, 0.36.0, 0.38.0; djl-lmi exists for gpu, not for accelerator='cpu'",
        ),
        (
            ("pytorch", "2.2.0"),
            {"accelerator": "graviton"},
            "cpu or gpu, not for accelerator='graviton'; nearest for graviton: 2.0.1, 2.1.0, 2.2.1, 2.3.0",
        ),
        (("pytorch", "1.6"), {"python": "py39"}, "pytorch 1.6.0 for cpu with python py3 or py36, not 'py39'"),
        (
            ("tensorflow", "2.19"),
            {"python": "py312"},
            "tensorflow 2.19.0 for cpu without telling its python; leave out",
        ),
        (
            ("pytorch", "2.6"),
            {"os": "ubuntu22.04"},
            "pytorch 2.6.0 for cpu without telling its os; leave out",
        ),
        (("tgi", "3.3.4"), {"accelerator": "gpu", "os": "x"}, "with os cu124-ubuntu22.04, not 'x'"),
    ],
)
def test_error_names_what_was_asked_and_what_there_is(asked, options, message):
    with pytest.raises(UnknownImage, match=re.escape(message)):
        find(*asked, **options)


def test_unknown_region_names_the_nearest_and_all():
    image = find("huggingface-vllm-neuronx", "0.4", accelerator="neuronx")
    for give in (image.uri, image.account):
        with pytest.raises(UnknownImage) as error:
            give("us-est-1")
        assert str(error.value) == (
            "AWS does not publish huggingface-vllm-neuronx 0.4.4 for neuronx in 'us-est-1'; "
            "nearest by name: us-east-1, us-west-2, us-east-2; "
            f"all regions: {', '.join(sorted(image.accounts))}"
        )


parts = st.text("abcdefghijklmnopqrstuvwxyz0123456789.-+") | st.text()


@given(
    name=st.sampled_from(images.frameworks()) | parts,
    version=st.sampled_from(sorted({row[1] for row in ROWS})) | parts,
    accelerator=st.sampled_from(["cpu", "gpu", "graviton", "neuron", "neuronx"]) | parts,
    python=st.none() | st.sampled_from(["py3", "py312"]) | parts,
    system=st.none() | st.sampled_from(["ubuntu22.04"]) | parts,
)
def test_whatever_is_asked_gives_what_was_asked_or_says_that_it_is_unknown(name, version, accelerator, python, system):
    try:
        image = find(name, version, accelerator=accelerator, python=python, os=system)
    except UnknownImage:
        return
    assert image.version.startswith(version)
    assert image.accelerator == accelerator
    assert python is None or python in image.tag


# What it costs


def test_importing_reads_no_table_and_needs_no_node():
    code = """
import sys
opened = []
sys.addaudithook(lambda event, arguments: opened.append(str(arguments[0])) if event == "open" else None)
from sm_constructs.facts import images
assert not any(name.endswith("images.json") for name in opened), "read at import"
images.find("pytorch", "2.6")
images.find("sklearn", "1.2").uri("us-east-1")
assert sum(name.endswith("images.json") for name in opened) == 1, "not read once"
assert not {"aws_cdk", "jsii"} & set(sys.modules), "Node"
"""
    subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT)


# How it is made


@pytest.fixture(scope="module")
def script():
    spec = importlib.util.spec_from_file_location("make_images", ROOT / "scripts" / "make_images.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_file_stands_as_the_script_writes_it(script):
    assert script.text_of(script.table_of(script.read(TABLE))) == FILE.read_text(encoding="utf-8")
    assert (TABLE["source"]["package"], TABLE["source"]["version"]) == (script.PACKAGE, script.VERSION)


def test_script_tells_what_changed(script):
    before = script.read(TABLE)
    gone = {("knn", "1"), ("pytorch", "2.6.0")}
    after = [image for image in before if (image.framework, image.version) not in gone]
    after = [
        image._replace(registries={"us-east-1": "1" * 12}) if image.framework == "ntm" else image for image in after
    ]
    addresses = len(TABLE["registries"][TABLE["frameworks"]["ntm"]["1"][0][5]])
    removed = len(
        {uri for image in before if (image.framework, image.version) == ("pytorch", "2.6.0") for uri in image.uris}
    )
    assert list(script.changes(before, before)) == []
    assert list(script.changes(before, after)) == [
        "- knn: 1",
        f"~ ntm 1: 1 addresses added, {addresses} removed",
        f"- pytorch 2.6.0: 0 addresses added, {removed} removed",
    ]
    assert next(script.changes(after, before)) == "+ knn: 1"


def test_script_stops_at_an_entry_it_does_not_understand(script):
    entry = {"registries": {"us-east-1": "1" * 12}, "repository": "new", "tag_suffix": "odd"}
    with pytest.raises(SystemExit, match="new 1: unknown to this script: tag_suffix"):
        list(script.variants("new", {"scope": ["inference"], "versions": {"1": entry}}))


def test_script_leaves_out_what_is_not_for_serving(script):
    entry = {"registries": {"us-east-1": "1" * 12}, "repository": "new"}
    versions = {"1": entry}
    assert list(script.variants("new", {"scope": ["training"], "versions": versions})) == []
    assert list(script.variants("new", {"training": {"versions": versions}, "eia": {"versions": versions}})) == []
    assert len(list(script.variants("new", {"inference": {"versions": versions}}))) == 1
