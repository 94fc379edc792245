"""Draws the layout of a dashboard for the documentation: its boxes, and what each shows.

Run as ``python scripts/draw_dashboard.py``. A test sees to it that the picture is that of the example.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any
from xml.sax.saxutils import escape

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

ROOT = Path(__file__).parent.parent
TEMPLATE = ROOT / "examples" / "monitoring" / "golden" / "Monitoring.json"
PICTURE = ROOT / "docs" / "dashboard.svg"
ENDPOINT = "tenants-eu"
"""What stands in the picture where the template refers to the endpoint."""

COLUMN, UNIT, GAP, LINE = 48, 30, 4, 17
COLORS = ("#1f77b4", "#ff7f0e", "#2ca02c", "#d62728", "#9467bd", "#8c564b")
BOUND = "#888"
Json = Any


def body(template: Mapping[str, Json]) -> Json:
    """Give the body of the first dashboard of a template, with its references filled in."""
    resources = template["Resources"].values()
    dashboard = next(each for each in resources if each["Type"] == "AWS::CloudWatch::Dashboard")
    return json.loads(_text(dashboard["Properties"]["DashboardBody"]))


def _text(value: Json) -> str:
    match value:
        case {"Fn::Join": [separator, parts]}:
            return str(separator).join(_text(part) for part in parts)
        case {"Fn::GetAtt": [name, "Arn"]}:
            return f"arn:aws:cloudwatch:::alarm:{name}"
        case {"Fn::GetAtt": _}:
            return ENDPOINT
        case {"Ref": name}:
            return str(name)
        case str():
            return value
    message = f"cannot write {value}"
    raise ValueError(message)


def lines(widget: Mapping[str, Json]) -> Iterator[tuple[str, str]]:
    """Give the label of each line of a graph, and what it is made of."""
    rows = [(row[:-1], row[-1]) if isinstance(row[-1], dict) else (row, {}) for row in widget["metrics"]]
    names = {options.get("id"): _name(row, options) for row, options in rows if row}
    for row, options in rows:
        if options.get("visible") is False:
            continue
        made_of = _name(row, options) if row else _expression(options["expression"], names)
        yield options.get("label", made_of), made_of


def _name(row: list[str], options: Mapping[str, Json]) -> str:
    statistic = options.get("stat", "Average")
    return row[1] if statistic == "Average" else f"{row[1]} {statistic}"


def _expression(expression: str, names: Mapping[str | None, str]) -> str:
    return " ".join(names.get(word, word) for word in expression.split())


def draw(dashboard: Json) -> str:
    """Write a dashboard as SVG."""
    widgets = dashboard["widgets"]
    width = max(each["x"] + each["width"] for each in widgets) * COLUMN
    height = max(each["y"] + each["height"] for each in widgets) * UNIT
    boxes = "\n".join(_box(widget) for widget in widgets)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" '
        f'font-family="Helvetica, Arial, sans-serif" font-size="12">\n'
        f'<rect width="{width}" height="{height}" fill="#f2f3f3"/>\n{boxes}\n</svg>\n'
    )


def _box(widget: Mapping[str, Json]) -> str:
    x, y = widget["x"] * COLUMN + GAP, widget["y"] * UNIT + GAP
    width, height = widget["width"] * COLUMN - 2 * GAP, widget["height"] * UNIT - 2 * GAP
    inside = {"text": _heading, "alarm": _alarms, "metric": _lines}[widget["type"]](widget["properties"], width)
    frame = f'<rect width="{width}" height="{height}" rx="4" fill="white" stroke="#d5dbdb"/>'
    return f'<g transform="translate({x} {y})">\n{frame}\n' + "\n".join(inside) + "\n</g>"


def _write(x: float, y: float, text: str, **style: str) -> str:
    attributes = "".join(f' {name.replace("_", "-")}="{value}"' for name, value in style.items())
    return f'<text x="{x}" y="{y}"{attributes}>{escape(text)}</text>'


def _heading(properties: Mapping[str, Json], _: int) -> Iterator[str]:
    title, *about = properties["markdown"].split("\n")
    yield _write(12, 23, title.lstrip("# "), font_size="18", font_weight="bold")
    yield from (_write(12, 43, line, fill="#555") for line in about)


def _alarms(properties: Mapping[str, Json], width: int) -> Iterator[str]:
    yield _write(12, 20, properties["title"], font_weight="bold")
    names = [arn.rsplit(":", 1)[-1] for arn in properties["alarms"]]
    step = (width - 24) / len(names)
    for place, name in enumerate(names):
        left = 12 + place * step
        yield f'<rect x="{left:.0f}" y="32" width="{step - 6:.0f}" height="36" rx="3" fill="#e6f2e6" stroke="#2ca02c"/>'
        # The logical id ends with a hash of eight characters.
        yield _write(left + 8, 54, name[:-8].split("Alarm", 1)[1].removeprefix("AllTraffic"), font_size="11")


def _lines(properties: Mapping[str, Json], width: int) -> Iterator[str]:
    yield _write(12, 20, properties["title"], font_weight="bold")
    unit = properties.get("yAxis", {}).get("left", {}).get("label", "")
    yield _write(width - 12, 20, unit, fill="#555", font_size="11", text_anchor="end")
    yield f'<path d="M12 30H{width - 12}" stroke="#d5dbdb"/>'
    y = 48
    for place, (label, made_of) in enumerate(lines(properties)):
        yield f'<rect x="12" y="{y - 9}" width="10" height="10" fill="{COLORS[place % len(COLORS)]}"/>'
        yield _write(28, y, label)
        yield _write(28, y + 13, made_of, fill="#777", font_size="10")
        y += LINE + 13
    for bound in properties.get("annotations", {}).get("horizontal", ()):
        yield f'<path d="M12 {y - 4}h10" stroke="{BOUND}" stroke-width="2" stroke-dasharray="3 2"/>'
        yield _write(28, y, f"{bound['label']}: {bound['value']}", fill="#555")
        y += LINE


def picture() -> str:
    """Draw the first dashboard of the example."""
    return draw(body(json.loads(TEMPLATE.read_text(encoding="utf-8"))))


if __name__ == "__main__":
    PICTURE.write_text(picture(), encoding="utf-8")
