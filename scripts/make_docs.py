"""Writes the generated pages of the documentation: what combines, what is not offered, the rules, other limits.

Run as ``make docs``. A test sees to it that the pages are those that the data gives.
"""

from __future__ import annotations

import ast
import json
import re
import runpy
import subprocess
import sys
from functools import cache
from importlib import import_module
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml  # type: ignore[import-untyped]

from sm_constructs.facts import Fact, fact, load
from sm_constructs.packing.guards import GUARDS, Guard
from sm_constructs.reading.resources import Template
from sm_constructs.rules import RULES, Rule, check
from sm_constructs.rules.compatibility import table
from sm_constructs.transform import TransformSpec

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"
MARKS = {"refused": "no", "warned": "warning", "supported": "yes"}
LAYERS = {
    "api_shape": "the API",
    "cfn_schema": "CloudFormation's schema",
    "documented_only": "no schema; it is in the documentation",
    "observed": "it was observed",
    "service_error_reported": "the service, as was reported",
    "unverified": "not known",
}
AREAS = {
    "serverless": "Serverless endpoints",
    "async": "Asynchronous endpoints",
    "realtime": "Endpoints on instances",
    "mme": "Multi-model endpoints",
    "multi_container": "Several containers",
    "autoscaling": "Autoscaling",
    "guardrails": "Updates in steps",
    "shadow": "Shadow variants",
    "data_capture": "Data capture",
    "explainer": "Explanations",
    "inference_component": "Inference components",
    "batch": "Batch transform",
    "artifacts": "Model data",
    "container_contract": "Containers",
    "instances": "Instance types",
    "cloudwatch": "CloudWatch",
    "cloudformation": "CloudFormation",
}


def compatibility() -> str:
    """Write which features can be combined."""
    rows = table()
    columns = list(dict.fromkeys(row["with"] for row in rows))
    features = sorted({row["feature"] for row in rows}, key=str.lower)
    cells = {(row["feature"], row["with"]): (MARKS[row["verdict"]], number) for number, row in enumerate(rows, 1)}
    lines = [
        "# What can be combined",
        "",
        "Generated from `sm_constructs/facts/compatibility.json`, from which the rules [SMC020](rules/SMC020.md) and",
        "[SMC021](rules/SMC021.md) come too. *no*: AWS refuses it, and so do we. *warning*: AWS's documents contradict",
        "each other. Blank: nothing is said against it. The numbers lead to the sources below.",
        "",
        f"| | {' | '.join(columns)} |",
        f"|---|{'---|' * len(columns)}",
    ]
    for feature in features:
        marks = (cells.get((feature, column)) for column in columns)
        lines.append(f"| {feature} | {' | '.join(f'{m[0]} [{m[1]}]' if m else '' for m in marks)} |")
    lines += ["", "## Sources", ""]
    lines += [f"{number}. {row['feature']} with {row['with']}: {row['source']}" for number, row in enumerate(rows, 1)]
    return "\n".join(lines) + "\n"


def not_offered() -> str:
    """Write which properties of the resources no construct produces."""
    lines = [
        "# Properties that no construct produces",
        "",
        "Generated from `sm_constructs/facts/not_offered.json`. Every other property of `AWS::SageMaker::Model`,",
        "`EndpointConfig`, `Endpoint` and `InferenceComponent` in the pinned aws-cdk-lib stands in the golden template",
        "of an example. Until one of these is offered, the CDK's escape hatches reach it:",
        '`endpoint.node.find_child("Config").add_property_override(…)`.',
        "",
        "| property | why |",
        "|---|---|",
        *(f"| `{name}` | {reason} |" for name, reason in load("not_offered.json").items()),
    ]
    return "\n".join(lines) + "\n"


def limits() -> str:
    """Write what AWS says that no rule checks."""
    coverage: dict[str, dict[str, str]] = load("coverage.json")
    told = {address: entry for address, entry in coverage.items() if "says" in entry}
    lines = [
        "# Limits that no rule checks",
        "",
        "Generated from `sm_constructs/facts/facts.json` and `coverage.json`. What is checked stands in",
        "[the rules](rules/README.md); this is the rest of what AWS says.",
    ]
    for area, heading in AREAS.items():
        rows = [address for address in told if address.startswith(f"{area}/") and told[address]["as"] == "note"]
        if rows:
            lines += ["", f"## {heading}", "", "| | source |", "|---|---|"]
            lines += [f"| {_said(told[address], fact(*address.split('/')))} |" for address in rows]
    lines += ["", "## What no rule can check", "", "| | why no rule checks it | source |", "|---|---|---|"]
    lines += [
        f"| {_said(entry, fact(*address.split('/')), entry['because'])} |"
        for address, entry in told.items()
        if entry["as"] == "not checkable"
    ]
    return "\n".join(lines) + "\n"


def _said(entry: dict[str, str], its: Fact, *more: str) -> str:
    listed = ", ".join(map(str, its.value)) if isinstance(its.value, list | dict) else its.value
    return " | ".join(_cell(each) for each in (entry["says"].format(value=its.value, all=listed), *more, its.source))


def _cell(text: str) -> str:
    """Write a text so that it stands in a cell of a table, code in it as it is."""
    parts = re.split(r"(`[^`]*`)", text.replace("|", "\\|").replace("\n", " "))
    return "".join(
        part if part.startswith("`") else part.replace("<", "&lt;").replace("*", "\\*").replace("[", "\\[")
        for part in parts
    )


class Topic:
    """The rules of a module, or the guards.

    Attributes
    ----------
    heading : str
        What they are about.
    rules : list[Rule | Guard]
        The rules, by code.
    """

    def __init__(self, module: str, rules: list[Rule | Guard]) -> None:
        self.heading = (import_module(module).__doc__ or "").split(".")[0].replace("\n", " ")
        self.rules = rules

    @property
    def link(self) -> str:
        """The link to its heading, from the page of a rule."""
        anchor = re.sub(r"[^a-z0-9 _-]", "", self.heading.lower()).replace(" ", "-")
        return f"[{self.heading}](README.md#{anchor})"


@cache
def topics() -> list[Topic]:
    """Give all rules by topic, in the order of their first codes."""

    def module(rule: Rule | Guard) -> str:
        return rule.check.__module__ if isinstance(rule, Rule) else Guard.__module__

    every: list[Rule | Guard] = [*RULES.values(), *GUARDS.values()]
    rules = sorted(every, key=lambda each: (module(each), each.code))
    found = [Topic(name, list(its)) for name, its in groupby(rules, module)]
    return sorted(found, key=lambda each: each.rules[0].code)


def index() -> str:
    """Write the list of all rules."""
    lines = [
        "# The rules",
        "",
        "Generated from the registry in `sm_constructs/rules/`. An *error* is what AWS would refuse, so it is refused",
        "before anything is created; a *warning* is what AWS accepts although it will hurt. Each rule has a page with",
        "the facts that it stands on, an example of each kind, and how to leave it out.",
        "",
        "Rules about *constructs* look at the arguments when an app is synthesised. Rules about *templates* look at",
        "any CloudFormation template: with `sm-constructs check`, with cfn-lint, or with `HostingRules` in an app of",
        "the CDK. The limits that no rule checks are [on a page of their own](../limits.md).",
        "",
        "In the examples `...` stands for arguments that are valid; `image` is a valid image, `key` a KMS key,",
        "`repository` one of Amazon ECR, `sklearn` a container, `records` and `scores` are places in S3.",
    ]
    for topic in topics():
        lines += ["", f"## {topic.heading}", "", "| | what must hold | | looks at |", "|---|---|---|---|"]
        lines += [
            f"| [{rule.code}]({rule.code}.md) | {_cell(rule.title)} | {rule.severity} | {', '.join(looks_at(rule))} |"
            for rule in topic.rules
        ]
    return "\n".join(lines) + "\n"


def looks_at(rule: Rule | Guard) -> list[str]:
    """Give what a rule looks at."""
    if isinstance(rule, Guard):
        return ["model files"]
    if rule.about is Template:
        return ["templates"]
    if rule.about is TransformSpec or not rule.of_templates:
        return ["constructs"]
    return ["constructs", "templates"]


def page(topic: Topic, at: int) -> str:
    """Write the page of a rule."""
    rule = topic.rules[at]
    lines = [
        f"# {rule.code} {rule.title}",
        "",
        f"{rule.severity.capitalize()}. Looks at {' and '.join(looks_at(rule))}. {topic.link}.",
        "",
        f"AWS: {rule.source}",
        "",
        "## What happens",
        "",
        *_happens(rule),
    ]
    if rule.facts:
        lines += ["", "## Facts", "", "| fact | value | refused by | source |", "|---|---|---|---|"]
        lines += [_row(address, fact(*address.split("/"))) for address in rule.facts]
    if isinstance(rule, Rule):
        good, bad = examples()[rule.code]
        lines += ["", "## Good", "", *good, "", "## Bad", "", *bad]
    lines += ["", "## How to leave it out", "", *_left_out(rule), "", "## Neighbours", ""]
    around = [*topic.rules[max(at - 1, 0) : at], *topic.rules[at + 1 : at + 2]]
    shared = [each for each in _all() if not {*each.facts}.isdisjoint(rule.facts)]
    near = {each.code: each.title for each in [*around, *shared] if each is not rule}
    lines += [f"- [{code} {title}]({code}.md)" for code, title in sorted(near.items())]
    lines += ["- [All rules](README.md)"]
    return "\n".join(lines) + "\n"


def _all() -> Iterator[Rule | Guard]:
    for topic in topics():
        yield from topic.rules


def _row(address: str, its: Fact) -> str:
    value = its.value if isinstance(its.value, str) else f"`{json.dumps(its.value, ensure_ascii=False)}`"
    value = _cell(value)
    layers = re.sub(r"\w+", lambda word: LAYERS.get(word[0], word[0]), its.enforced_by).replace("+", ", ")
    unit = f" ({its.unit})" if its.unit else ""
    return f"| `{address}` | {value}{_cell(unit)} | {_cell(layers)} | {_cell(its.source)} |"


def _happens(rule: Rule | Guard) -> list[str]:
    refused = rule.severity == "error"
    if "constructs" in looks_at(rule) or isinstance(rule, Guard):
        yours = "raises `InvalidHosting`, and nothing is created" if refused else "gives a warning of the CDK"
        text = f"A construct that breaks it {yours}."
    else:
        text = ""
    if "templates" in looks_at(rule):
        text += f" A template that breaks it has {'an error' if refused else 'a warning'}: `sm-constructs check` exits "
        text += "with 1." if refused else "with 0, unless it is given `--fail-on warning`."
    if isinstance(rule, Guard):
        return [text, "It looks at what `ModelData.from_directory` and `ModelData.from_archive` are given."]
    spec = specs()["spec_from_source"](rule.bad, rule.about)
    told = dict.fromkeys(str(each.message) for each in check(spec) if each.code == rule.code)
    shown = [f"{rule.code} {_as_written(message, rule.bad)}" for message in told]
    return [text.strip(), "Of the bad example below, it says:", "", "```", *shown, "```"]


def _as_written(message: str, source: str) -> str:
    """Name a place as the example does."""
    message = message.removeprefix("variants[0].").replace(" variants[0].", " ")
    if "containers=" not in source:
        message = message.replace("model.containers[0]", "container")
    for inner in ("serverless.", "asynchronous.", "model."):
        message = message.removeprefix(inner)
    return message


def _left_out(rule: Rule | Guard) -> list[str]:
    looked = looks_at(rule)
    lines = []
    if "templates" not in looked and rule.severity == "error":
        return ["Not at all: nothing can be created that breaks it."]
    if rule.severity == "warning" and looked[0] != "templates":
        lines += [
            "Of a construct:",
            "",
            "```python",
            f'Annotations.of(endpoint).acknowledge_warning("sm-constructs:{rule.code}")',
            "```",
        ]
    elif looked[0] == "constructs":
        lines += ["Not for the arguments of our constructs: AWS refuses what breaks it."]
    if "templates" in looked:
        lines += [
            *([""] if lines else []),
            "In a template, for all of it or for one resource:",
            "",
            "```yaml",
            "Metadata:",
            "  sm-constructs:",
            "    config:",
            f"      ignore_checks: [{rule.code}]",
            "```",
            "",
            f"On the command line: `sm-constructs check --ignore {rule.code} …`, and for cfn-lint",
            f"`--ignore-checks {rule.severity[0].upper()}{rule.code}`. In an app of the CDK that has `HostingRules`:",
            "",
            "```python",
            f'Validations.of(scope).acknowledge(Acknowledgment(id="sm-constructs::{rule.code}", reason="…"))',
            "```",
        ]
    return lines


@cache
def specs() -> dict[str, Any]:
    """Give what the tests have to make specs of examples."""
    return runpy.run_path(str(ROOT / "tests" / "specs.py"))


@cache
def examples() -> dict[str, tuple[list[str], list[str]]]:
    """Give the good and the bad example of each rule, as blocks."""
    sources = {(rule.code, kind): getattr(rule, kind) for rule in RULES.values() for kind in ("good", "bad")}
    templates = {code for code, rule in RULES.items() if rule.about is Template}
    python = {key: written(source, RULES[key[0]]) for key, source in sources.items() if key[0] not in templates}
    blocks = {key: ["```python", *lines, "```"] for key, lines in formatted(python).items()}
    blocks |= {key: ["```yaml", *in_yaml(source), "```"] for key, source in sources.items() if key[0] in templates}
    return {code: (blocks[code, "good"], blocks[code, "bad"]) for code in RULES}


def written(source: str, rule: Rule) -> str:
    """Write the arguments of a spec as a user writes them, as those of a construct; what is left out is ``...``."""
    call = _call(f"f({source})")
    given = {str(each.arg): each.value for each in call.keywords}
    texts = {name: ast.unparse(each) for name, each in given.items()}
    where = [f"{name} {ast.literal_eval(given[name])}" for name in ("region", "account") if texts.pop(name, None)]
    name = "RealTimeEndpoint"
    if rule.about is TransformSpec:
        name = "BatchTransform"
    elif "components" in texts:
        name = "InferenceComponentEndpoint"
        if "managed" in texts:
            texts["scaling"] = texts.pop("managed")
    elif {"serverless", "asynchronous"} & {*texts}:
        name, inner = (
            ("ServerlessEndpoint", "serverless") if "serverless" in texts else ("AsyncEndpoint", "asynchronous")
        )
        for gone in ("kind", inner):
            texts.pop(gone, None)
        its = _call(ast.unparse(given[inner]))
        texts = {str(each.arg): ast.unparse(each.value) for each in its.keywords} | texts
    elif "mode" in texts:
        name = {"direct": "MultiContainerEndpoint", "serial": "PipelineEndpoint"}[ast.literal_eval(texts.pop("mode"))]
    elif not {"variant_names", "variant_name", "weight", "shadow_name"}.isdisjoint(texts):
        name = "MultiVariantEndpoint"
        _write_variants(texts, given)
    elif "models=" in texts.get("container", ""):
        name = "MultiModelEndpoint"
        its = _call(texts["container"])
        (models,) = (each for each in its.keywords if each.arg == "models")
        its.keywords.remove(models)
        texts["container"], texts["models"] = ast.unparse(its), ast.unparse(models.value)
    arguments = ", ".join(f"{argument}={text}" for argument, text in texts.items())
    head = f"# in a stack of {', '.join(where)}\n" if where else ""
    if name == "ServerlessEndpoint" and not {"network", "rollout"}.isdisjoint(texts):
        head += f"# what a template may have; {name} has no argument for it\n"
    return f'{head}{name}(stack, "Name", ..., {arguments})'


def _call(source: str) -> ast.Call:
    call = ast.parse(source, mode="eval").body
    assert isinstance(call, ast.Call)
    return call


def _write_variants(texts: dict[str, str], given: dict[str, ast.expr]) -> None:
    """Put what is said of variants into them."""
    names = given.get("variant_names")
    if isinstance(names, ast.ListComp):
        variants = f"Variant({ast.unparse(names.elt)}, ...) for {ast.unparse(names.generators[0])[len(' for ') - 1 :]}"
    else:
        each = [ast.unparse(name) for name in names.elts] if isinstance(names, ast.List) else []
        each = each or [texts.get("variant_name", "'champion'")]
        weight = f", weight={texts['weight']}" if "weight" in texts else ""
        variants = ", ".join(f"Variant({name}, ...{weight})" for name in each)
    shadow = texts.get("shadow_name")
    more = "".join(f", {name}={texts[f'shadow_{name}']}" for name in ("weight", "scaling") if f"shadow_{name}" in texts)
    for name in ("variant_names", "variant_name", "weight", "shadow_name", "shadow_weight", "shadow_scaling"):
        texts.pop(name, None)
    instances = texts.pop("instances", None)
    if instances is not None:
        variants = variants.replace("...", f"..., instances={instances}")
    rest = dict(texts)
    texts.clear()
    texts["variants"] = f"[{variants}]"
    if shadow is not None:
        texts["shadow"] = f"Variant({shadow}, ...{more})"
    texts.update(rest)


def formatted(sources: dict[tuple[str, str], str]) -> dict[tuple[str, str], list[str]]:
    """Format all examples at once."""
    between = "# ----"
    text = "\n".join(f"{between}\n{source}" for source in sources.values())
    command = [sys.executable, "-m", "ruff", "format", "--isolated", "--line-length=100", "-"]
    done = subprocess.run(command, input=text, capture_output=True, text=True, encoding="utf-8", check=True).stdout
    parts = [part.strip().splitlines() for part in done.split(between)[1:]]
    return dict(zip(sources, parts, strict=True))


def in_yaml(source: str) -> list[str]:
    """Write a template's resources in lines, short lists and mappings in one."""
    node = yaml.compose(source, Loader=yaml.SafeLoader)
    _unfold(node)
    text: str = yaml.serialize(node, width=1000, allow_unicode=True)
    return ["Resources:", *(f"  {line}" for line in text.splitlines())]


def _unfold(node: yaml.Node) -> None:
    if not isinstance(node, yaml.CollectionNode):
        return
    pairs = isinstance(node, yaml.MappingNode)
    inner = [each for pair in node.value for each in pair] if pairs else node.value
    node.flow_style = len(node.value) <= 2 and all(isinstance(each, yaml.ScalarNode) for each in inner)
    for each in inner:
        _unfold(each)


def pages() -> dict[str, str]:
    """Give all generated pages, by their paths in ``docs/``."""
    found = {"compatibility.md": compatibility(), "not_offered.md": not_offered(), "limits.md": limits()}
    found["rules/README.md"] = index()
    for topic in topics():
        found |= {f"rules/{rule.code}.md": page(topic, at) for at, rule in enumerate(topic.rules)}
    return found


def main() -> int:
    """Write the pages; take away those of rules that are gone."""
    (DOCS / "rules").mkdir(exist_ok=True)
    written = pages()
    for path in (DOCS / "rules").glob("*.md"):
        if f"rules/{path.name}" not in written:
            path.unlink()
    for name, text in written.items():
        (DOCS / name).write_text(text, encoding="utf-8", newline="\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
