"""Writes the generated pages of the documentation: what combines, what is not offered, the rules.

Run as ``make docs``. A test sees to it that the pages are those that the data gives.
"""

from __future__ import annotations

from pathlib import Path

from sm_constructs.facts import load
from sm_constructs.rules import RULES
from sm_constructs.rules.compatibility import table

DOCS = Path(__file__).parent.parent / "docs"
MARKS = {"refused": "no", "warned": "warning", "supported": "yes"}


def compatibility() -> str:
    """Write which features can be combined."""
    rows = table()
    columns = list(dict.fromkeys(row["with"] for row in rows))
    features = sorted({row["feature"] for row in rows}, key=str.lower)
    cells = {(row["feature"], row["with"]): (MARKS[row["verdict"]], number) for number, row in enumerate(rows, 1)}
    lines = [
        "# What can be combined",
        "",
        "Generated from `sm_constructs/facts/compatibility.json`, from which the rules `SMC020` and `SMC021` come too.",
        "*no*: AWS refuses it, and so do we. *warning*: AWS's documents contradict each other. Blank: nothing is said",
        "against it. The numbers lead to the sources below.",
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


def rules() -> str:
    """Write every rule with its examples."""
    lines = [
        "# The rules",
        "",
        "Generated from the registry in `sm_constructs/rules/`. An *error* is refused before anything is created, a",
        '*warning* can be acknowledged: `Annotations.of(endpoint).acknowledge_warning("sm-constructs:SMC412")`.',
        "The examples are arguments of a construct; `image` is a valid image, `key` a KMS key.",
    ]
    for rule in sorted(RULES.values(), key=lambda each: each.code):
        lines += ["", f"## {rule.code} {rule.title}", "", f"{rule.severity.capitalize()}. AWS: {rule.source}", ""]
        lines += ["```python", f"{rule.good}  # good", f"{rule.bad}  # bad", "```"]
    return "\n".join(lines) + "\n"


PAGES = {"compatibility.md": compatibility, "not_offered.md": not_offered, "rules.md": rules}

if __name__ == "__main__":
    for name, write in PAGES.items():
        (DOCS / name).write_text(write(), encoding="utf-8")
