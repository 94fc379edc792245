"""``sm-constructs check``: what it reads, what it writes, and that no file is too much for it."""

from __future__ import annotations

import builtins
import io
import json
import os
import re
import subprocess
import sys
import time

import pytest
import yaml
from catalogue.good import FOLDER, good
from conftest import ROOT
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from sm_constructs import cli
from sm_constructs.facts import fact
from sm_constructs.linting import command, yaml_reading
from sm_constructs.linting.documents import MOST_BYTES, decode, read
from sm_constructs.linting.places import Unreadable, lines_of, steps
from sm_constructs.linting.sarif import page
from sm_constructs.problems import Problem
from sm_constructs.rules import RULES

MEMORY = "Resources/Config/Properties/ProductionVariants/0/ServerlessConfig/MemorySizeInMB"
GOOD = """\
AWSTemplateFormatVersion: 2010-09-09
Parameters:
  Role: {Type: String}
Resources:
  Config:
    Type: AWS::SageMaker::EndpointConfig
    Properties:
      ProductionVariants:
        - VariantName: main
          ModelName: !GetAtt Model.ModelName
          ServerlessConfig: {MemorySizeInMB: 2048, MaxConcurrency: 5}
  Model:
    Type: AWS::SageMaker::Model
    Properties:
      ExecutionRoleArn: !Ref Role
      PrimaryContainer: {Image: !Sub "${AWS::AccountId}.dkr.ecr.${AWS::Region}.amazonaws.com/chat:1"}
"""
BAD = GOOD.replace("2048", "1500")  # SMC102
BAD_PLACE = "11:30"


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def check(folder, capsys, monkeypatch):
    """Run the command on files; give the exit code, and what it wrote."""

    def run(*arguments, stdin=None, **files):
        for name, content in files.items():
            write(folder, name.replace("_", "."), content)
        if stdin is not None:
            monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin)))
        try:
            code = cli.main(["check", *arguments])
        except SystemExit as exit_:
            code = exit_.code
        out, err = capsys.readouterr()
        return code, out, err

    return run


@pytest.fixture
def warned(monkeypatch):
    """Have every template give a warning and an error."""
    problems = [
        Problem("SMC606", "warning", f"{MEMORY} may hurt", MEMORY, "a guide"),
        Problem("SMC102", "error", f"{MEMORY} is 1500", MEMORY, "a reference"),
    ]
    monkeypatch.setattr(command, "check_template", lambda *_, **__: problems)


def write(folder, name, content):
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def as_json(text, **options):
    return json.dumps(read(text).value, **options)


# What is found, and where


def test_nothing_is_found_in_a_good_template(check):
    assert check("a.yaml", a_yaml=GOOD) == (0, "no problems in 1 template\n", "")


@pytest.mark.parametrize("path", sorted(FOLDER.iterdir()), ids=lambda path: path.stem)
def test_a_template_is_read_as_others_read_it(path):
    assert read(decode(path.read_bytes()), is_json=path.suffix == ".json").value == good()[path.stem]


def test_a_problem_in_yaml_has_line_column_code_path_and_source(check):
    code, out, err = check("a.yaml", a_yaml=BAD)
    problem, source, empty, summary = out.splitlines()
    assert problem.startswith(f"a.yaml:{BAD_PLACE}: error SMC102 {MEMORY} is 1500; ")
    assert source == f"  AWS: {RULES['SMC102'].source}"
    assert (code, empty, summary, err) == (1, "", "1 error in 1 template", "")


def test_a_problem_in_json_has_line_and_column(check):
    text = as_json(BAD, indent=1)
    lines = text.split("\n")
    line = next(number for number, each in enumerate(lines, 1) if '"MemorySizeInMB"' in each)
    column = lines[line - 1].index('"') + 1
    code, out, _ = check("a.json", a_json=text)
    assert code == 1
    assert out.startswith(f"a.json:{line}:{column}: error SMC102")


def test_problems_are_grouped_by_file_and_counted(check, warned):
    code, out, _ = check("a.yaml", "b.yaml", a_yaml=GOOD, b_yaml=GOOD)
    groups = [re.findall(r"^(\w\.yaml):\S+ (\w+) SMC", group, re.MULTILINE) for group in out.split("\n\n")]
    assert code == 1
    assert groups == [[("a.yaml", "error"), ("a.yaml", "warning")], [("b.yaml", "error"), ("b.yaml", "warning")], []]
    assert out.endswith("\n2 errors, 2 warnings in 2 templates\n")


def test_the_path_through_a_short_form_has_its_place():
    text = "A:\n  B: !If\n    - Small\n    - {C: 1}\n    - {C: 2}\n"
    positions = read(text).positions(["A/B", "A/B/Fn::If/2/C", "A/B/Fn::If/1/D", "A/X/Y", ""])
    assert positions == {
        "A/B": (2, 3),
        "A/B/Fn::If/2/C": (5, 8),
        "A/B/Fn::If/1/D": (4, 7),
        "A/X/Y": (1, 1),
        "": (1, 1),
    }


def test_a_key_may_have_slashes_in_it():
    assert steps({"a": {"b/c": {"d": [0]}}}, "a/b/c/d/0/e") == ("a", "b/c", "d", 0)


def test_the_same_place_is_found_in_json_and_in_yaml():
    text = json.dumps(good()["rt-everything"], indent=2)
    value = read(text).value
    paths = list(all_paths(value))
    assert len(paths) > 100
    assert read(text, is_json=True).positions(paths) == document_of_yaml(text).positions(paths)


def document_of_yaml(text):
    from sm_constructs.linting.documents import Document

    return Document(*yaml_reading.read(text))


def all_paths(value, path=""):
    for name, each in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
        inside = f"{path}/{name}" if path else str(name)
        yield inside
        yield from all_paths(each, inside)


# What counts


@pytest.mark.parametrize(
    ("arguments", "expected", "shown"),
    [
        ([], 1, {"error", "warning"}),
        (["--severity", "error"], 1, {"error"}),
        (["--ignore", "SMC102"], 0, {"warning"}),
        (["--ignore", "smc102", "--fail-on", "warning"], 1, {"warning"}),
        (["--ignore", "SMC6", "--ignore", "SMC102", "--fail-on", "warning"], 0, set()),
        (["--ignore", "SMC102", "--severity", "error"], 0, set()),
    ],
)
def test_the_exit_code_says_whether_something_was_found(check, warned, arguments, expected, shown):
    code, out, _ = check("a.yaml", *arguments, "--format", "json", a_yaml=GOOD)
    assert code == expected
    assert {problem["severity"] for problem in json.loads(out)["problems"]} == shown


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "required: PATH"),
        (["a.yaml", "--ignore", "SMC999"], "there is no rule SMC999"),
        (["--explain", "SMC1"], "there is no rule SMC1"),
        (["a.yaml", "--fail-on", "warning", "--severity", "error"], "leaves warnings out"),
        (["a.yaml", "--format", "xml"], "invalid choice"),
        (["a.yaml", "--nothing"], "unrecognized arguments"),
    ],
)
def test_wrong_arguments_are_told(check, arguments, message):
    code, out, err = check(*arguments, a_yaml=GOOD)
    assert (code, out) == (2, "")
    assert message in err


def test_region_and_account_are_handed_on(check, monkeypatch):
    given_ = []
    monkeypatch.setattr(command, "check_template", lambda _, **place: given_.append(place) or [])
    assert check("a.yaml", "--region", "eu-west-1", "--account", "123456789012", a_yaml=GOOD)[0] == 0
    assert given_ == [{"region": "eu-west-1", "account": "123456789012"}]


@pytest.mark.parametrize("code", ["SMC102", "smc301"])
def test_a_rule_is_explained(check, code):
    exit_code, out, _ = check("--explain", code)
    rule = RULES[code.upper()]
    assert exit_code == 0
    for said in (rule.code, rule.title, rule.severity.capitalize(), rule.source, rule.good, rule.bad, *rule.facts):
        assert said in out
    assert fact(*rule.facts[0].split("/")).source in out


def test_every_rule_can_be_explained(check):
    for code in RULES:
        assert check("--explain", code)[0] == 0


# Which files


def test_a_folder_is_looked_through_for_templates(check, folder):
    for name, content in {
        "a.yaml": BAD,
        "deep/er/b.template": as_json(BAD),
        "deep/c.YML": BAD,
        "deep/other.yaml": "Resources: none of CloudFormation's\n",
        "deep/data.json": '{"Resources": {"cpu": {"Type": "shared"}}}',
        "deep/settings.json": "{// not even JSON\n}",
        "deep/picture.yaml": b"\x89PNG\xff",
        "notes.txt": BAD,
        ".hidden/a.yaml": BAD,
        "node_modules/a.yaml": BAD,
        "env/pyvenv.cfg": "",
        "env/a.yaml": BAD,
    }.items():
        write(folder, name, content)
    code, out, err = check(".", "--format", "json")
    assert json.loads(out)["templates"] == ["a.yaml", "deep/c.YML", "deep/er/b.template"]
    assert (code, err) == (1, "")


def test_a_broken_template_in_a_folder_is_told(check, folder):
    write(folder, "a.yaml", GOOD)
    write(folder, "b.yaml", GOOD + "  Config: {}\n")
    code, out, err = check(".")
    assert code == 2
    assert err == "sm-constructs: b.yaml:17:3: the key 'Config' stands twice in the same mapping\n"
    assert out == "no problems in 1 template; not checked: 1\n"


def test_a_folder_without_templates_is_an_error(check, folder):
    write(folder, "deep/a.yaml", "a: 1")
    assert check("deep")[::2] == (2, "sm-constructs: deep: there are no templates in it\n")


def test_a_file_is_checked_once(check, folder):
    code, out, _ = check("a.yaml", str(folder / "a.yaml"), ".", "--format", "json", a_yaml=BAD)
    assert code == 1
    assert json.loads(out)["templates"] == ["a.yaml"]


def test_what_cannot_be_read_is_told_and_the_rest_is_checked(check, folder):
    write(folder, "text.yaml", "just text")
    code, out, err = check("missing.yaml", "text.yaml", "a.yaml", "with\0nul", a_yaml=BAD)
    assert code == 2
    assert "a.yaml:11:30: error SMC102" in out
    missing, text, nul = err.splitlines()
    assert missing == "sm-constructs: missing.yaml: it cannot be read: No such file or directory"
    assert text.startswith("sm-constructs: text.yaml: ")
    assert nul == "sm-constructs: with\\x00nul: it cannot be read: embedded null byte"
    assert "no CloudFormation template" in err


def test_the_standard_input_is_read(check):
    code, out, _ = check("-", stdin=BAD.encode())
    assert code == 1
    assert out.startswith(f"-:{BAD_PLACE}: error SMC102")
    assert check("-", stdin=as_json(BAD).encode())[0] == 1


def manifest(**artifacts):
    return json.dumps({"version": "55.0.0", "artifacts": artifacts})


def stack_artifact(file, environment="aws://unknown-account/unknown-region", dependencies=()):
    return {
        "type": "aws:cloudformation:stack",
        "environment": environment,
        "properties": {"templateFile": file},
        "dependencies": list(dependencies),
    }


@pytest.fixture
def places(monkeypatch):
    """Give where each template is said to be deployed, by the description of the template."""
    found = {}

    def remember(template, *, region, account):
        found[template["Description"]] = (region, account)
        return []

    monkeypatch.setattr(command, "check_template", remember)
    return found


def described(name, **resources):
    return json.dumps({"Description": name, "Resources": resources})


def test_all_stacks_of_an_application_are_checked_where_they_will_be(check, folder, places):
    stage = {"type": "cdk:cloud-assembly", "properties": {"directoryName": "assembly-Prod"}}
    assets = {"type": "cdk:asset-manifest", "properties": {"file": "S.assets.json"}}
    files = {
        "1": {"source": {"path": "S.template.json"}},
        "2": {"source": {"path": "N.nested.template.json"}},
        "3": {"source": {"path": "asset.3.json"}},
        "4": {"source": {"executable": ["make"]}},
    }
    nested = {"Type": "AWS::CloudFormation::Stack", "Metadata": {"aws:asset:path": "M.nested.template.json"}}
    deeper = {"Type": "AWS::CloudFormation::Stack", "Metadata": {"aws:asset:path": "D.nested.template.json"}}
    for name, content in {
        "cdk.out/manifest.json": manifest(
            Old=stack_artifact("Old.template.json"), Stage=stage, Tree={"type": "cdk:tree"}, Other=7
        ),
        "cdk.out/Old.template.json": described("Old", N=nested),
        "cdk.out/M.nested.template.json": described("M", N=deeper, M=nested),
        "cdk.out/D.nested.template.json": described("D"),
        "cdk.out/Gone.template.json": described("Gone"),  # of an earlier synthesis
        "cdk.out/asset.1/template.json": described("an asset", A={"Type": "AWS::SNS::Topic"}),
        "cdk.out/assembly-Prod/manifest.json": manifest(
            S=stack_artifact("S.template.json", "aws://123456789012/eu-west-1", ["S.assets", "gone", 3]),
            **{"S.assets": assets},
        ),
        "cdk.out/assembly-Prod/S.assets.json": json.dumps({"files": files}),
        "cdk.out/assembly-Prod/S.template.json": described("S"),
        "cdk.out/assembly-Prod/N.nested.template.json": described("N"),
    }.items():
        write(folder, name, content)
    unknown, there = (None, None), ("eu-west-1", "123456789012")
    for path in ("cdk.out", "."):
        assert check(path)[::2] == (0, "")
        assert places == {"Old": unknown, "M": unknown, "D": unknown, "S": there, "N": there}
        places.clear()
    check("cdk.out", "--region", "us-west-2")
    assert places["S"] == ("us-west-2", "123456789012")


def test_the_stacks_of_a_real_application_are_found(check, folder, app, places):
    import aws_cdk as cdk
    from aws_cdk import aws_sqs

    stage = cdk.Stage(app, "Prod", env=cdk.Environment(account="123456789012", region="eu-west-1"))
    for scope in (app, stage):
        stack = cdk.Stack(scope, "Stack", description=f"the stack of {scope.node.path}")
        nested = cdk.NestedStack(stack, "Nested", description=f"nested in {scope.node.path}")
        aws_sqs.Queue(nested, "Queue")
    app.synth()
    assert check("cdk.out")[::2] == (0, "")
    assert places == {
        "the stack of ": (None, None),
        "nested in ": (None, None),
        "the stack of Prod": ("eu-west-1", "123456789012"),
        "nested in Prod": ("eu-west-1", "123456789012"),
    }


def test_a_broken_application_is_told(check, folder, places):
    gone = {"type": "cdk:cloud-assembly", "properties": {"directoryName": "assembly-Gone"}}
    write(folder, "cdk.out/manifest.json", manifest(A=stack_artifact("A.json"), Gone=gone))
    code, _, err = check("cdk.out")
    assert code == 2
    assert "cdk.out/A.json: it cannot be read" in err
    assert "assembly-Gone is missing" in err


def test_an_application_in_itself_is_looked_at_once(check, folder, places):
    itself = {"type": "cdk:cloud-assembly", "properties": {"directoryName": "."}}
    write(folder, "cdk.out/manifest.json", manifest(A=stack_artifact("A.json"), Self=itself))
    write(folder, "cdk.out/A.json", described("A"))
    assert check("cdk.out")[::2] == (0, "")
    assert list(places) == ["A"]


# YAML and JSON


def value_of(text):
    return yaml_reading.read(text)[0]


@pytest.fixture(params=["CSafeLoader", "SafeLoader"])
def both_loaders(request, monkeypatch):
    """Read with libyaml, and without."""
    monkeypatch.setattr(yaml_reading, "_LOADER", getattr(yaml, request.param))


@pytest.mark.parametrize(
    ("short", "long"),
    [
        ("!Ref A", {"Ref": "A"}),
        ("!Condition A", {"Condition": "A"}),
        ("!GetAtt A.B", {"Fn::GetAtt": ["A", "B"]}),
        ("!GetAtt A.Outputs.B", {"Fn::GetAtt": ["A", "Outputs.B"]}),
        ("!GetAtt [A, !Ref B]", {"Fn::GetAtt": ["A", {"Ref": "B"}]}),
        ("!Sub '${A}'", {"Fn::Sub": "${A}"}),
        ("!Sub [a, {b: c}]", {"Fn::Sub": ["a", {"b": "c"}]}),
        ("!Sub 1", {"Fn::Sub": "1"}),
        ("!If [A, 1, !Ref AWS::NoValue]", {"Fn::If": ["A", 1, {"Ref": "AWS::NoValue"}]}),
        ("!FindInMap [A, !Ref B, C]", {"Fn::FindInMap": ["A", {"Ref": "B"}, "C"]}),
        ("!Join ['', [a, b]]", {"Fn::Join": ["", ["a", "b"]]}),
        ("!Select [0, !Split [',', a]]", {"Fn::Select": [0, {"Fn::Split": [",", "a"]}]}),
        ("!Base64 a", {"Fn::Base64": "a"}),
        ("!Cidr [a, 1, 2]", {"Fn::Cidr": ["a", 1, 2]}),
        ("!ImportValue a", {"Fn::ImportValue": "a"}),
        ("!GetAZs ''", {"Fn::GetAZs": ""}),
        ("!Transform {Name: A, Parameters: {}}", {"Fn::Transform": {"Name": "A", "Parameters": {}}}),
        ("!Equals [a, b]", {"Fn::Equals": ["a", "b"]}),
        ("!And [!Or [a], !Not [b]]", {"Fn::And": [{"Fn::Or": ["a"]}, {"Fn::Not": ["b"]}]}),
        ("!Length [a]", {"Fn::Length": ["a"]}),
        ("!ToJsonString {a: 1}", {"Fn::ToJsonString": {"a": 1}}),
    ],
)
@pytest.mark.usefixtures("both_loaders")
def test_a_short_form_is_read_as_the_long_one(short, long):
    assert value_of(f"a: {short}") == {"a": long}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("2010-09-09", "2010-09-09"),
        ("2001-12-14t21:59:43.10-05:00", "2001-12-14t21:59:43.10-05:00"),
        ("yes", True),
        ("Off", False),
        ("0700", 448),
        ("012345678901", "012345678901"),
        ("1:30", 90),
        ("1e3", "1e3"),
        ("1.5", 1.5),
        ("~", None),
        ("", None),
        ("'yes'", "yes"),
        ("!!str yes", "yes"),
        ("! yes", "yes"),
        ("!!int '7'", 7),
        ("=", "="),
        ("<<", "<<"),
        ("1" * 5000, "1" * 5000),
        ("1" + ":1" * 50_000, "1" + ":1" * 50_000),
        ("|\n  a\n  b", "a\nb"),
    ],
)
@pytest.mark.usefixtures("both_loaders")
def test_a_scalar_is_what_yaml_1_1_says_but_a_date_is_a_text(text, value):
    assert value_of(f"a: {text}") == {"a": value}


@pytest.mark.usefixtures("both_loaders")
def test_a_key_is_the_text_that_stands_there():
    text = "123456789012: a\n2010-09-09: b\non: c\n0700: d\n'yes': e\n~: f\n"
    assert list(value_of(text)) == ["123456789012", "2010-09-09", "on", "0700", "yes", "~"]


@pytest.mark.usefixtures("both_loaders")
def test_aliases_and_merges_are_carried_out():
    text = "a: &a {x: 1, y: 2}\nb: *a\nc: {<<: *a, y: 3}\nd:\n  <<: [{y: 4}, *a]\n  z: &t 5\n  *t : 6\n"
    document = document_of_yaml(text)
    assert document.value == {
        "a": {"x": 1, "y": 2},
        "b": {"x": 1, "y": 2},
        "c": {"x": 1, "y": 3},
        "d": {"y": 4, "x": 1, "z": 5, "5": 6},
    }
    assert document.value == yaml.safe_load(text) | {"d": {"y": 4, "x": 1, "z": 5, "5": 6}}
    assert document.positions(["b/x", "c/y", "d/x"]) == {"b/x": (1, 8), "c/y": (3, 13), "d/x": (1, 8)}


BOMB = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 9)
)
WIDE_BOMB = f"a: &a [{', '.join('x' * 10_000)}]\nb: [{', '.join(['*a'] * 10_000)}]\n"
MERGE_BOMB = f"a: &a {{{', '.join(f'k{n}: 1' for n in range(5000))}}}\nb:\n" + "  - {<<: *a}\n" * 5000


@pytest.mark.parametrize(
    ("text", "message", "position"),
    [
        ("", "it is empty", (1, 1)),
        (" \r\n\t\n", "it is empty", (1, 1)),
        ("# nothing\n", "it is empty", (1, 1)),
        ("a: 1\nb: 2\na: 3\n", "the key 'a' stands twice", (3, 1)),
        ("a: {b: 1, 'b': 2}", "the key 'b' stands twice", (1, 11)),
        ("a: 1\n---\nb: 2\n", "a second document begins here", (2, 1)),
        ("a:\n\t- b\n", "this is a tab, and YAML is indented with spaces", (2, 1)),
        ("a: !Reff b", "!Reff is none of the tags", (1, 4)),
        ("a: !!python/object/apply:os.system [ls]", "!!python/object/apply:os.system is none of the tags", (1, 4)),
        ("a: !!binary aGVsbG8=", "!!binary is none of the tags", (1, 4)),
        ("a: !!timestamp 2010-09-09", "!!timestamp is none of the tags", (1, 4)),
        ("a: !!set {b, c}", "!!set is none of the tags", (1, 4)),
        ("a: !!int b", "'b' is no int", (1, 4)),
        ("a: !!int ''", "'' is no int", (1, 4)),
        ("a: 0b_", "'0b_' is no int", (1, 4)),
        ("a: &a [*a]", "*a stands inside of what it stands for", (1, 8)),
        ("a: &a {b: {c: *a}}", "*a stands inside of what it stands for", (1, 15)),
        ("a: *b", "there is no anchor &b before this", (1, 4)),
        (BOMB, "aliases repeat more than", (6, 45)),
        (WIDE_BOMB, "aliases repeat more than", None),
        (MERGE_BOMB, "aliases repeat more than", None),
        ("[" * 100_000, "it nests more than", (1, 201)),
        ("{a: " * 100_000, "it nests more than", None),
        ("- " * 10_000, "it nests more than", None),
        ("a: &a " + "[" * 150 + "]" * 150 + "\nb: " + "[" * 100 + "*a" + "]" * 100, "it nests more than", (2, 104)),
        ("? [a]\n: b", "a key is a text", (1, 3)),
        ("a: {!Ref b: c}", "a key is a text", (1, 5)),
        ("a: {<<: b}", "what is merged with << is a mapping", (1, 9)),
        ("a: [b", "it is not YAML", None),
        ("a: 'b", "it is not YAML", None),
        ("a: b: c", "it is not YAML", (1, 5)),
        ("a: \x07", "U+0007 cannot stand in it", (1, 4)),
        ('a: "\\UFFFFFFFF"', "it is not YAML", None),
        ("%YAML 9.9\n---\na: 1", "it is not YAML", None),
        ("!<%ff> a", "it is not YAML", None),
    ],
    ids=lambda value: value[:20] if isinstance(value, str) else "",
)
@pytest.mark.usefixtures("both_loaders")
def test_what_cannot_be_a_template_is_told_with_its_place(text, message, position):
    start = time.process_time()
    with pytest.raises(Unreadable, match=re.escape(message)) as refused:
        read(text)
    assert position in (None, refused.value.position)
    assert time.process_time() - start < 2


@pytest.mark.parametrize(
    ("text", "message", "position"),
    [
        ("", "it is empty", (1, 1)),
        ('{"a": 1,\n "b": }', "it is not JSON: Expecting value", (2, 7)),
        ('{"a": 1} {"b": 2}', "it is not JSON: Extra data", (1, 10)),
        ('{"a": [{"b": 1}],\n "c": {"\\u0061": "a", "a": 2}}', "the key 'a' stands twice", (2, 23)),
        ('{"a": "\\"a\\": {", "b": [[]],\n "a": 2}', "the key 'a' stands twice", (2, 2)),
        ('{"a": NaN}', "NaN is no value", None),
        ('{"a": ' + "1" * 5000 + "}", "it is not JSON: ", None),
        ("[" * 200_000, "it nests too deeply", None),
        ('{"a":' * 200_000, "it nests too deeply", None),
        ("Resources: {}", "it is not JSON", (1, 1)),
        ('{"a": "\n"}', "Invalid control character", (1, 8)),
    ],
    ids=lambda value: value[:20] if isinstance(value, str) else "",
)
def test_broken_json_is_told_with_its_place(text, message, position):
    with pytest.raises(Unreadable, match=re.escape(message)) as refused:
        read(text, is_json=True)
    assert position in (None, refused.value.position)


def test_what_begins_as_json_may_be_yaml():
    assert read("{a: !Ref b}").value == {"a": {"Ref": "b"}}
    assert read('{"a": !Ref b}').value == {"a": {"Ref": "b"}}
    with pytest.raises(Unreadable, match="it is not JSON"):
        read('{"a": [}')
    with pytest.raises(Unreadable, match="it is not YAML"):
        read("{a: [}")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"])
@pytest.mark.parametrize("text", [BAD, as_json(BAD)], ids=["yaml", "json"])
def test_a_template_may_be_in_any_unicode_encoding(check, folder, encoding, text):
    write(folder, "a.template", text.encode(encoding))
    code, out, _ = check("a.template", ".", "--format", "json")
    (problem,) = json.loads(out)["problems"]
    assert (code, problem["code"]) == (1, "SMC102")
    assert problem["column"] == (30 if text == BAD else text.index('"MemorySizeInMB"') + 1)


@pytest.mark.parametrize(
    ("content", "message", "position"),
    [
        (b"a: 1\nb: \xe9", "it is no text in UTF-8: the byte 0xe9", (2, 4)),
        (b"\xff\xfea\x00\x00", "it is no text in UTF-16", None),
        (b"a: 1\nb: \0", "this is a NUL byte", (2, 4)),
        (b"a" * (MOST_BYTES + 1), "it is larger than 32 MiB", None),
    ],
    ids=["latin", "half", "nul", "large"],
)
def test_what_is_no_text_is_told(content, message, position):
    with pytest.raises(Unreadable, match=message) as refused:
        decode(content)
    assert position in (None, refused.value.position)


def test_without_pyyaml_json_is_read_and_yaml_says_what_to_install(check, monkeypatch):
    def import_(name, *rest):
        if name.split(".")[0] == "yaml":
            raise ModuleNotFoundError(name)
        return known(name, *rest)

    known, template = builtins.__import__, as_json(BAD)
    monkeypatch.delitem(sys.modules, "sm_constructs.linting.yaml_reading")
    monkeypatch.delattr("sm_constructs.linting.yaml_reading")
    monkeypatch.setattr(builtins, "__import__", import_)
    code, out, err = check("a.json", "b.yaml", a_json=template, b_yaml=GOOD)
    assert code == 2
    assert "SMC102" in out
    assert err == "sm-constructs: b.yaml: YAML is read with PyYAML: pip install 'sm-constructs[cli]'\n"


@pytest.mark.parametrize("format_", ["json", "yaml"])
def test_a_large_file_is_read_quickly(format_):
    resources = {f"Endpoint{n}": good()["rt-everything"]["Resources"] for n in range(10)}
    whole = {"Resources": {f"{id}{n}": each for n in range(100) for id, each in resources.items()}}
    text = json.dumps(whole, indent=1) if format_ == "json" else yaml.dump(whole, Dumper=CompleteDumper)
    assert len(text) > 5e6
    start = time.process_time()
    document = read(text)
    assert document.value == whole
    assert document.positions(["Resources/Endpoint959"])["Resources/Endpoint959"][0] > 1000
    assert time.process_time() - start < 5


class CompleteDumper(getattr(yaml, "CSafeDumper", yaml.SafeDumper)):
    """Writes no aliases."""

    def ignore_aliases(self, _):
        return True


# What is written


def test_the_json_has_everything(check, folder):
    write(folder, "b.yaml", "a: [")
    _, out, _ = check("a.yaml", "b.yaml", "--format", "json", a_yaml=BAD)
    report = json.loads(out)
    (problem,) = report["problems"]
    (failed,) = report["unreadable"]
    assert problem["message"].startswith(f"{MEMORY} is 1500; ")
    assert {**problem, "message": ""} == {
        "file": "a.yaml",
        "line": 11,
        "column": 30,
        "code": "SMC102",
        "severity": "error",
        "message": "",
        "path": MEMORY,
        "source": RULES["SMC102"].source,
    }
    assert (failed["file"], failed["line"]) == ("b.yaml", 2)
    assert {name: report[name] for name in ("templates", "errors", "warnings")} == {
        "templates": ["a.yaml"],
        "errors": 1,
        "warnings": 0,
    }


def test_github_shows_a_problem_at_its_line(check, folder, warned):
    name = "100%, a:b.yaml"
    write(folder, name, GOOD)
    code, out, _ = check(name, "gone.yaml", "--format", "github")
    assert code == 2
    assert out.splitlines() == [
        f"::error file=100%25%2C a%3Ab.yaml,line=11,col=30,title=SMC102::{MEMORY} is 1500%0AAWS: a reference",
        f"::warning file=100%25%2C a%3Ab.yaml,line=11,col=30,title=SMC606::{MEMORY} may hurt%0AAWS: a guide",
        "::error file=gone.yaml,title=not checked::it cannot be read: No such file or directory",
    ]


# What a SARIF file is made of, as far as we use it: a list of its one kind of entry, or a type.
LOCATION = {
    "physicalLocation": {"artifactLocation": {"uri": str}, "region": {"startLine": int, "startColumn": int}},
    "logicalLocations": [{"fullyQualifiedName": str}],
}
SARIF = {
    "$schema": str,
    "version": str,
    "runs": [
        {
            "tool": {
                "driver": {
                    "name": str,
                    "semanticVersion": str,
                    "rules": [
                        {
                            "id": str,
                            "shortDescription": {"text": str},
                            "help": {"text": str, "markdown": str},
                            "defaultConfiguration": {"level": str},
                        }
                    ],
                }
            },
            "columnKind": str,
            "invocations": [
                {
                    "executionSuccessful": bool,
                    "toolExecutionNotifications": [
                        {"level": str, "message": {"text": str}, "locations": [LOCATION]},
                    ],
                }
            ],
            "artifacts": [{"location": {"uri": str}}],
            "results": [
                {
                    "ruleId": str,
                    "ruleIndex": int,
                    "level": str,
                    "message": {"text": str},
                    "locations": [LOCATION],
                }
            ],
        }
    ],
}


def fits(value, shape):
    match shape:
        case dict():
            assert isinstance(value, dict)
            assert set(value) <= set(shape)
            for name, each in value.items():
                fits(each, shape[name])
        case [each_shape]:
            assert isinstance(value, list)
            for each in value:
                fits(each, each_shape)
        case _:
            assert isinstance(value, shape)


def test_the_sarif_is_valid(check, folder, warned):
    write(folder, "in a folder/ä#.yaml", GOOD)
    write(folder, "b.yaml", "a: [")
    code, out, _ = check("in a folder/ä#.yaml", "b.yaml", "--format", "sarif")
    report = json.loads(out)
    fits(report, SARIF)
    (run,) = report["runs"]
    (invocation,) = run["invocations"]
    rules = run["tool"]["driver"]["rules"]
    assert code == 2
    assert report["version"] == "2.1.0"
    assert [rule["id"] for rule in rules] == ["SMC102", "SMC606"]
    assert [(each["ruleId"], rules[each["ruleIndex"]]["id"], each["level"]) for each in run["results"]] == [
        ("SMC102", "SMC102", "error"),
        ("SMC606", "SMC606", "warning"),
    ]
    assert run["results"][0]["locations"] == [
        {
            "physicalLocation": {
                "artifactLocation": {"uri": "in%20a%20folder/%C3%A4%23.yaml"},
                "region": {"startLine": 11, "startColumn": 30},
            },
            "logicalLocations": [{"fullyQualifiedName": MEMORY}],
        }
    ]
    assert not invocation["executionSuccessful"]
    assert "b.yaml" in json.dumps(invocation["toolExecutionNotifications"])


def test_the_sarif_of_a_good_template_has_no_results(check, folder):
    _, out, _ = check(str(write(folder, "a.yaml", GOOD)), "--format", "sarif")
    (run,) = json.loads(out)["runs"]
    assert run["results"] == []
    assert run["artifacts"] == [{"location": {"uri": "a.yaml"}}]
    assert run["invocations"][0]["executionSuccessful"]


def test_the_sarif_leads_to_pages_that_are_there():
    assert [rule.code for rule in RULES.values() if not (ROOT / page(rule)).exists()] == []


def test_the_output_in_the_readme_is_what_is_written(check):
    _, out, _ = check("more.yaml", more_yaml=BAD)
    problem, source, *_ = out.splitlines()
    assert f"{problem}\n{source}\n" in (ROOT / "README.md").read_text(encoding="utf-8")


def test_colours_are_for_terminals(check, monkeypatch):
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    assert "\x1b" not in check("a.yaml", a_yaml=BAD)[1]
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    assert "\x1b[31merror SMC102" in check("a.yaml")[1]
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b" not in check("a.yaml")[1]


def test_nothing_in_a_template_reaches_the_terminal_unescaped(check, folder):
    write(folder, "\x1b[2J.json", as_json(BAD).replace('"Config"', '"\\u001b[31m\\n\\ud800\\u202e"'))
    write(folder, "b.yaml", 'a: 1\n"\\e[2J": 1\n"\\e[2J": 2\n')
    code, out, err = check("\x1b[2J.json", "b.yaml")
    assert code == 2
    assert "\\x1b[2J.json:1:" in out
    assert "Resources/\\x1b[31m\\n\\ud800\\u202e/Properties" in out
    assert (out + err).replace("\n", "").isprintable()


def test_an_output_that_knows_no_unicode_is_enough(folder):
    write(folder, "a.json", as_json(BAD).replace('"Config"', '"Änderung"'))
    done = run_process("a.json", env={**os.environ, "PYTHONIOENCODING": "ascii"}, cwd=folder)
    assert done.returncode == 1
    assert b"Resources/\\xc4nderung/" in done.stdout


def run_process(*arguments, **options):
    command_ = [sys.executable, "-m", "sm_constructs.cli", "check", *arguments]
    return subprocess.run(command_, capture_output=True, check=False, **options)


def test_a_reader_that_leaves_early_gets_no_traceback(folder):
    write(folder, "a.json", as_json(BAD))
    reading, writing = os.pipe()
    os.close(reading)
    command_ = [sys.executable, "-m", "sm_constructs.cli", "check", "a.json"]
    done = subprocess.run(command_, stdout=writing, stderr=subprocess.PIPE, cwd=folder, check=False)
    os.close(writing)
    assert (done.returncode, done.stderr) == (1, b"")


def test_a_defect_of_the_check_is_told_and_the_rest_is_checked(check, folder, monkeypatch):
    def fail(template, **_):
        if "Description" in template:
            raise KeyError("x")
        return []

    monkeypatch.setattr(command, "check_template", fail)
    write(folder, "b.json", described("b"))
    code, out, err = check("b.json", "a.yaml", a_yaml=GOOD)
    assert (code, out) == (2, "no problems in 1 template; not checked: 1\n")
    assert "b.json: the check itself failed, which is a defect of sm-constructs: KeyError: 'x'" in err


# How fast it starts


HEAVY = {"aws_cdk", "jsii", "constructs", "boto3", "botocore", "cfnlint", "moto"}


@pytest.mark.parametrize("arguments", [["--help"], ["a.yaml"], ["a.json", "--format", "sarif"]])
def test_the_command_imports_nothing_heavy(folder, arguments):
    write(folder, "a.yaml", BAD)
    write(folder, "a.json", as_json(BAD))
    code = (
        "import sys\nfrom sm_constructs import cli\n"
        f"try: cli.main(['check', *{arguments}])\nexcept SystemExit: pass\n"
        "print('modules:', *sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=folder)
    modules = set(done.stdout.rpartition("modules:")[2].split())
    assert "sm_constructs.cli" in modules
    assert not modules & HEAVY
    if arguments == ["--help"]:
        assert not modules & {"yaml", "sm_constructs.rules"}
        assert "Exits with 0" in done.stdout
    if arguments[0] == "a.json":
        assert "yaml" not in modules


# No file is too much


QUICK = settings(
    max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture]
)


def survives(check, folder, content, name):
    """Check a file, and see that it ends in an orderly way."""
    write(folder, name, content)
    code, out, err = check(name)
    assert code in (0, 1, 2)
    assert (code == 2) == bool(err)
    assert "defect" not in err
    assert all(line.startswith(f"sm-constructs: {name}") for line in err.splitlines())
    assert out.endswith("\n")
    assert "Traceback" not in out + err


NAMES = st.sampled_from(["a.json", "a.yaml", "a.template"])


@QUICK
@given(st.binary(), NAMES)
@example(b"\xff\xfe", "a.json")
@example(b"\0", "a.yaml")
@example(b"\xef\xbb\xbf", "a.yaml")
@example(b"\0\0\xfe\xff\0\x11\0\0", "a.yaml")
def test_any_bytes_are_survived(check, folder, content, name):
    survives(check, folder, content, name)


PIECES = [
    *("Resources", "Type", "AWS::SageMaker::Model", "Properties", "Config", "a", "2010-09-09", "yes", "1_0", "1:30"),
    *("0x", ".inf", "-", "- ", ": ", ":", "? ", ", ", "[", "]", "{", "}", "&a ", "*a", "&b ", "*b ", "<<: ", "!Ref "),
    *(
        "!GetAtt ",
        "!If ",
        "!Sub ",
        "!!int ",
        "!!x ",
        "! ",
        "|",
        ">",
        "|+2",
        "'",
        '"',
        "\\",
        "#",
        " # ",
        "\t",
        "%YAML 1.1",
    ),
    *(
        "%YAML 1.1",
        "---",
        "...",
        "\n",
        "\n",
        "\n  ",
        "\n    ",
        " ",
        "\r",
        "\u2028",
        "\ufeff",
        "é",
        "\U0001f600",
        "~",
        "=",
        "@",
        "`",
    ),
]


@QUICK
@given(st.lists(st.sampled_from(PIECES), max_size=60).map("".join), NAMES)
def test_any_yaml_is_survived(check, folder, text, name):
    survives(check, folder, text, name)


@QUICK
@given(st.lists(st.sampled_from(PIECES), max_size=60).map("".join))
def test_libyaml_and_python_read_the_same(text):
    """They do, where both take a text; a byte order mark amid it is something to one of them only."""
    text = text.replace("\ufeff", "")
    found = []
    for loader in (yaml.CSafeLoader, yaml.SafeLoader):
        yaml_reading._LOADER, known = loader, yaml_reading._LOADER
        try:
            found.append(yaml_reading.read(text)[0])
        except Unreadable:
            return
        finally:
            yaml_reading._LOADER = known
    assert repr(found[0]) == repr(found[1])


LEAVES = st.none() | st.booleans() | st.integers() | st.floats() | st.text()
KEYS = st.text() | st.sampled_from(
    ["Resources", "Type", "Properties", "Ref", "Fn::If", "Fn::Sub", "Fn::GetAtt", "Fn::Join", "a/b", "0", ""]
)
JSON = st.recursive(LEAVES, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=4))


@QUICK
@given(JSON)
def test_a_place_in_json_is_where_its_key_stands(value):
    text = json.dumps(value, indent=1)
    if "NaN" in text or "Infinity" in text:
        return
    document = read(text, is_json=True)
    assert document.value == value
    position = lines_of(text)
    starts = {position(index): index for index in range(len(text))}
    for path, place in document.positions(all_paths(value)).items():
        way = steps(value, path)
        if way and isinstance(way[-1], str):
            assert text.startswith(json.dumps(way[-1]), starts[place])


PLAIN_KEYS = st.text("ab/ ", min_size=1, max_size=5)
PLAIN_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text("ab: #-'&*!\"\\"),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(PLAIN_KEYS, inner, max_size=4),
)


@QUICK
@given(PLAIN_JSON)
def test_json_read_as_yaml_is_the_same_with_the_same_places(value):
    text = json.dumps(value, indent=1)
    as_yaml, as_json_ = document_of_yaml(text), read(text, is_json=True)
    assert as_yaml.value == as_json_.value == value
    paths = list(all_paths(value))
    assert as_yaml.positions(paths) == as_json_.positions(paths)


@st.composite
def changed_templates(draw):
    """Give good templates in which some places have anything."""
    template = json.loads(json.dumps(good()[draw(st.sampled_from(sorted(good())))]))
    for _ in range(draw(st.integers(1, 4))):
        place, step = template, None
        while isinstance(place, dict | list) and place:
            if step is not None and draw(st.integers(0, 5)) == 0:
                break
            around = place
            step = draw(st.sampled_from(sorted(place) if isinstance(place, dict) else range(len(place))))
            place = place[step]
        around[step] = draw(JSON)
    return template


@QUICK
@given(changed_templates())
def test_any_template_is_survived(check, folder, template):
    text = json.dumps(template)
    if "NaN" not in text and "Infinity" not in text:
        survives(check, folder, text, "a.json")


@QUICK
@given(st.sampled_from(sorted(FOLDER.iterdir())), st.data())
def test_any_damage_to_a_file_is_survived(check, folder, path, data):
    content = path.read_bytes()
    for _ in range(data.draw(st.integers(1, 5))):
        at = data.draw(st.integers(0, len(content)))
        removed = data.draw(st.integers(0, 20))
        content = content[:at] + data.draw(st.binary(max_size=5)) + content[at + removed :]
    survives(check, folder, content, path.name)
