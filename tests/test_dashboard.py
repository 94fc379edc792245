"""Dashboards: a page for each endpoint, with metrics that exist, laid out without gaps."""

from __future__ import annotations

import json
import re
from xml.etree import ElementTree as ET

import aws_cdk as cdk
import pytest
from metrics import assert_exists, published_by
from templates import plain
from watched import CONTAINER, EXISTING, M5, MADE, multi_variant, pipeline, real_time, serverless

from scripts import draw_dashboard
from sm_constructs import (
    EndpointDashboard,
    MultiVariantEndpoint,
    RealTimeEndpoint,
    Scaling,
    Variant,
    check_template,
)

EVERY = pytest.mark.parametrize("kind", MADE)
COMMON = ["Requests per minute", "Errors per minute", "Overhead latency, average", "Model latency"]
ON_INSTANCES = ["CPU", "Memory", "Disk, fullest instance"]
GPUS = ["GPU", "GPU memory"]
CAPACITY = ["Instances (while there are requests)", "Requests per instance and minute"]
TITLES = {
    "real_time": [*COMMON, *CAPACITY, *ON_INSTANCES, *GPUS],
    "pipeline": [*COMMON, *CAPACITY, *ON_INSTANCES],
    "multi_variant": [*COMMON[:3], *(f"Model latency p{p}" for p in (50, 90, 99)), *CAPACITY, *ON_INSTANCES],
    "multi_container": [
        *COMMON,
        *(f"Latency of containers p{p}" for p in (50, 90, 99)),
        *CAPACITY,
        *ON_INSTANCES,
    ],
    "multi_model": [
        *COMMON,
        "Requests that found their model loaded",
        "Models in memory",
        "Loading of models, average",
        *CAPACITY,
        *ON_INSTANCES,
    ],
    "serverless": [
        *COMMON,
        "Cold starts",
        "Use of the concurrency",
        "Memory",
        "Provisioned concurrency",
        "Use of the provisioned concurrency",
        "Provisioned and spilled over, per minute",
    ],
    "asynchronous": [
        "Backlog",
        "Age of the oldest request",
        "Failures per minute",
        "From arrival to answer, average",
        "Model latency",
        "Instances (while there is a backlog)",
        *ON_INSTANCES,
        *GPUS,
    ],
    "inference_components": [
        "Requests per minute",
        "Errors per minute",
        "Requests without a copy, per minute",
        *(f"Model latency p{p}" for p in (50, 90, 99)),
        "Copies (while there are requests)",
        "Requests at once per copy, most",
        "Use of what a copy has",
        "Reserved of the instances",
        *ON_INSTANCES,
        *GPUS,
    ],
}


def pages(stack) -> dict[str, list[dict]]:
    """Give the widgets of each dashboard by its logical id."""
    template = cdk.assertions.Template.from_stack(stack).to_json()
    assert [problem for problem in check_template(template) if "Dashboard" in problem.path] == []
    found = {name: each for name, each in template["Resources"].items() if each["Type"] == "AWS::CloudWatch::Dashboard"}
    return {name: json.loads(plain(each["Properties"]["DashboardBody"]))["widgets"] for name, each in found.items()}


def page(stack, *endpoints) -> list[dict]:
    EndpointDashboard(stack, "Watch", endpoints=endpoints)
    (widgets,) = pages(stack).values()
    return widgets


def titles(widgets) -> list[str]:
    return [each["properties"]["title"] for each in widgets if each["type"] == "metric"]


def titled(widgets, title) -> dict:
    (found,) = [each["properties"] for each in widgets if each["properties"].get("title") == title]
    return found


def bounds(widgets, title) -> dict[str, float]:
    lines = titled(widgets, title).get("annotations", {}).get("horizontal", [])
    return {each["label"]: each["value"] for each in lines}


def metrics(widgets):
    """Give the namespace, name, dimensions and statistic of each metric, also of those in expressions."""
    for widget in widgets:
        for row in widget["properties"].get("metrics", []):
            if isinstance(row[0], str):
                namespace, name, *dimensions, options = row
                named = dict(zip(dimensions[::2], dimensions[1::2], strict=True))
                yield namespace, name, named, options.get("stat", "Average")


class TestEveryKind:
    @EVERY
    def test_has_its_graphs(self, stack, kind):
        widgets = page(stack, MADE[kind](stack))
        assert titles(widgets) == TITLES[kind]
        assert [each["type"] for each in widgets if each["type"] != "metric"] == ["text"]

    @EVERY
    def test_shows_metrics_that_exist(self, stack, kind):
        found = list(metrics(page(stack, MADE[kind](stack))))
        assert len(found) >= len(TITLES[kind])
        for namespace, name, dimensions, statistic in found:
            assert_exists(namespace, name, dimensions, statistic)
            assert published_by(kind, name), name

    @EVERY
    def test_uses_only_what_its_expressions_have(self, stack, kind):
        expressions = 0
        for widget in page(stack, MADE[kind](stack)):
            rows = widget["properties"].get("metrics", [])
            ids = [row[-1]["id"] for row in rows if "id" in row[-1]]
            assert len(ids) == len(set(ids))
            for row in rows:
                if "expression" in row[0]:
                    expressions += 1
                    assert set(re.findall(r"[a-z]\w*", row[0]["expression"])) <= set(ids)
        assert expressions

    @EVERY
    def test_fills_every_row(self, stack, kind):
        rows: dict[int, list[dict]] = {}
        for widget in page(stack, MADE[kind](stack)):
            rows.setdefault(widget["y"], []).append(widget)
        top = 0
        for y, widgets in sorted(rows.items()):
            assert y == top
            assert len({each["height"] for each in widgets}) == 1
            assert [each["x"] for each in widgets] == [
                sum(w["width"] for w in widgets[:i]) for i in range(len(widgets))
            ]
            assert sum(each["width"] for each in widgets) == 24
            top += widgets[0]["height"]

    @EVERY
    def test_shows_an_alarm_of_each_that_was_added(self, stack, kind):
        endpoint = MADE[kind](stack)
        alarms = endpoint.add_alarms()
        (status,) = [each for each in page(stack, endpoint) if each["type"] == "alarm"]
        assert len(status["properties"]["alarms"]) == len(alarms)

    @EVERY
    def test_that_exists_already_is_shown_as_far_as_it_is_known(self, stack, kind):
        widgets = page(stack, EXISTING[kind].from_endpoint_name(stack, "Found", "found"))
        found = list(metrics(widgets))
        assert found
        for namespace, name, dimensions, statistic in found:
            assert_exists(namespace, name, dimensions, statistic)
            assert dimensions["EndpointName"] == "found"
        assert not any("annotations" in each["properties"] for each in widgets)


class TestPages:
    def test_each_endpoint_has_a_page_of_its_own(self, stack):
        made = [real_time(stack), serverless(stack)]
        watch = EndpointDashboard(stack, "Watch", endpoints=made)
        assert list(watch.dashboards) == ["Stack/RealTime", "Stack/Serverless"]
        assert len(pages(stack)) == 2

    def test_their_order_and_their_neighbours_change_no_id(self):
        def id_of_one(*makes):
            stack = cdk.Stack(cdk.App(), "Stack")
            watch = EndpointDashboard(stack, "Watch", endpoints=[make(stack) for make in makes])
            return stack.get_logical_id(watch.dashboards["Stack/RealTime"].node.default_child)

        assert id_of_one(real_time) == id_of_one(pipeline, real_time) == id_of_one(real_time, pipeline)

    def test_says_what_it_is_about(self, stack):
        heading = page(stack, multi_variant(stack))[0]["properties"]["markdown"]
        name, about = heading.split("\n")
        assert name.startswith("# ${MultiVariant")
        assert about == "champion: 1 to 4 ml.m5.xlarge · challenger: 1 ml.m5.large"


class TestGraphs:
    def test_variants_are_beside_each_other(self, stack):
        widgets = page(stack, multi_variant(stack))
        rows = titled(widgets, "Requests per minute")["metrics"]
        assert [(row[5], row[-1]["label"], row[-1]["stat"]) for row in rows] == [
            ("champion", "champion", "Sum"),
            ("challenger", "challenger", "Sum"),
        ]

    def test_a_shadow_variant_is_shown_with_the_others(self, stack):
        live, shadow = (Variant(name, container=CONTAINER, instances=M5) for name in ("live", "next"))
        endpoint = MultiVariantEndpoint(stack, "Rehearsal", variants=[live], shadow=shadow)
        rows = titled(page(stack, endpoint), "Requests per minute")["metrics"]
        assert [row[5] for row in rows] == ["live", "next"]

    def test_latencies_are_in_milliseconds(self, stack):
        graph = titled(page(stack, real_time(stack)), "Model latency")
        expressions = [row[0] for row in graph["metrics"] if "expression" in row[0]]
        assert [each["label"] for each in expressions] == ["p50", "p90", "p99"]
        assert all(each["expression"].endswith(" / 1000") for each in expressions)
        assert graph["yAxis"]["left"]["label"] == "ms"

    def test_processors_are_a_percentage_of_all_vcpus(self, stack):
        graph = titled(page(stack, multi_variant(stack)), "CPU")
        assert [row[0]["expression"] for row in graph["metrics"] if "expression" in row[0]] == ["m0 / 4", "m1 / 2"]
        assert graph["yAxis"]["left"]["max"] == 100

    def test_processors_of_unknown_number_run_further(self, stack):
        graph = titled(page(stack, RealTimeEndpoint.from_endpoint_name(stack, "Found", "found")), "CPU")
        assert "max" not in graph["yAxis"]["left"]
        assert "each of the vcpus" in graph["yAxis"]["left"]["label"]

    @pytest.mark.parametrize(
        ("kind", "title", "expected"),
        [
            ("real_time", "Instances (while there are requests)", {"fixed": 1}),
            ("asynchronous", "Instances (while there is a backlog)", {"minimum": 0, "maximum": 5}),
            ("serverless", "Provisioned concurrency", {"fixed": 2}),
            (
                "multi_variant",
                "Instances (while there are requests)",
                {"minimum of champion": 1, "maximum of champion": 4, "fixed of challenger": 1},
            ),
            (
                "inference_components",
                "Copies (while there are requests)",
                {"minimum of llama": 0, "maximum of llama": 4, "fixed of mistral": 2},
            ),
        ],
    )
    def test_capacity_is_shown_with_its_bounds(self, stack, kind, title, expected):
        assert bounds(page(stack, MADE[kind](stack)), title) == expected

    def test_a_bound_that_is_known_at_deployment_is_left_out(self, stack):
        most = cdk.CfnParameter(stack, "Most", type="Number").value_as_number
        endpoint = RealTimeEndpoint(
            stack, "Endpoint", container=CONTAINER, instances=M5, scaling=Scaling(1, most, policies=[])
        )
        assert bounds(page(stack, endpoint), "Instances (while there are requests)") == {"minimum": 1}


class TestPicture:
    def test_the_picture_in_the_documentation_is_current(self):
        assert draw_dashboard.PICTURE.read_text(encoding="utf-8") == draw_dashboard.picture(), (
            "run python scripts/draw_dashboard.py"
        )

    def test_it_has_every_graph_with_its_metrics(self):
        body = draw_dashboard.body(json.loads(draw_dashboard.TEMPLATE.read_text(encoding="utf-8")))
        picture = draw_dashboard.draw(body)
        texts = [each.text for each in ET.fromstring(picture).iter("{http://www.w3.org/2000/svg}text")]
        assert set(titles(body["widgets"])) <= set(texts)
        for _, name, _, _ in metrics(body["widgets"]):
            assert any(name in str(text) for text in texts)
