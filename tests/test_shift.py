"""Moving traffic: the plan, and the waiting that the embedded AWS never asks for."""

from __future__ import annotations

import argparse
import itertools
import math

import boto3
import pytest
from botocore.stub import Stubber
from hypothesis import given
from hypothesis import strategies as st

from sm_constructs import shift
from sm_constructs.shift import Progress, Shift, parse_interval, parse_steps, parse_weight, plan, shares, words

WEIGHT = st.one_of(st.just(0.0), st.floats(1e-3, 1e6))
NAMES = st.lists(st.sampled_from("abcdefghij"), min_size=1, unique=True)


@st.composite
def shifts(draw):
    """Give weights with some traffic, other ones for some of the variants, and a number of steps."""
    names = draw(NAMES)
    current = {name: draw(WEIGHT) for name in names}
    wanted = {name: draw(WEIGHT) for name in draw(st.lists(st.sampled_from(names), min_size=1, unique=True))}
    current[names[0]] = current[names[0]] or 1.0
    if not any((current | wanted).values()):
        wanted[names[0]] = 1.0
    return current, wanted, draw(st.integers(1, 12))


@given(shifts())
def test_a_plan_ends_with_what_is_wanted_and_leaves_the_others(case):
    current, wanted, steps = case
    planned = plan(current, wanted, steps)
    assert len(planned) == steps
    assert planned[-1] == current | wanted


@given(shifts())
def test_all_steps_of_a_plan_have_the_same_sum(case):
    planned = plan(*case)
    assert [sum(step.values()) for step in planned] == pytest.approx([sum(planned[-1].values())] * len(planned))


@given(shifts())
def test_no_share_of_the_traffic_ever_turns_back_and_no_weight_is_negative(case):
    current, wanted, steps = case
    way = [shares(current), *(shares(step) for step in plan(current, wanted, steps))]
    for name in current:
        its = [step[name] for step in way]
        direction = math.copysign(1, its[-1] - its[0])
        assert all((later - earlier) * direction >= -1e-9 for earlier, later in itertools.pairwise(its))
    assert all(weight >= 0 for step in plan(current, wanted, steps) for weight in step.values())


@given(shifts())
def test_all_steps_of_a_plan_are_equally_large(case):
    current, wanted, steps = case
    way = [shares(current), *(shares(step) for step in plan(current, wanted, steps))]
    for name in current:
        changes = [later[name] - earlier[name] for earlier, later in itertools.pairwise(way)]
        assert changes == pytest.approx([changes[0]] * steps, abs=1e-9)


@given(shifts())
def test_the_way_back_is_a_plan_too(case):
    current, wanted, _ = case
    assert plan(current | wanted, current) == [current]


@pytest.mark.parametrize(
    ("wanted", "message"),
    [
        ({"c": 1.0}, "There is no variant c; the endpoint has a, b"),
        ({"a": -1.0}, "The weight of a is -1.0"),
        ({"a": math.nan}, "The weight of a is nan"),
        ({"a": 0.0, "b": 0.0}, "no variant would get any request"),
    ],
)
def test_what_cannot_be_is_refused(wanted, message):
    with pytest.raises(ValueError, match=message):
        plan({"a": 9.0, "b": 1.0}, wanted)


def test_all_traffic_may_go_to_one_variant():
    assert plan({"a": 9.0, "b": 1.0}, {"a": 0.0}) == [{"a": 0.0, "b": 1.0}]


def test_shares_are_told_in_percent():
    assert words({"champion": 1, "challenger": 3}) == "champion 25.0 %, challenger 75.0 %"


@pytest.mark.parametrize("text", ["champion", "=25", "champion=", "champion=x", "champion=-1", "a=inf", "a=nan"])
def test_what_is_no_weight_is_refused(text):
    with pytest.raises(argparse.ArgumentTypeError):
        parse_weight(text)


@pytest.mark.parametrize(
    ("text", "seconds"), [("0s", 0), ("30s", 30), ("5m", 300), ("1h", 3600), ("0.5m", 30), ("0.1s", 0.1)]
)
def test_an_interval_has_a_unit(text, seconds):
    assert parse_interval(text) == seconds


@pytest.mark.parametrize("text", ["5", "", "m", "-5m", "5 minutes", "1h30m"])
def test_what_is_no_interval_is_refused(text):
    with pytest.raises(argparse.ArgumentTypeError):
        parse_interval(text)


@pytest.mark.parametrize("text", ["0", "-1", "1.5", "x"])
def test_what_is_no_number_of_steps_is_refused(text):
    with pytest.raises(argparse.ArgumentTypeError):
        parse_steps(text)


# An endpoint that takes its time: the embedded AWS is in service at once.


class Slow:
    """A shift against answers that were written beforehand."""

    def __init__(self) -> None:
        keys = {"region_name": "us-east-1", "aws_access_key_id": "x", "aws_secret_access_key": "x"}
        self.sagemaker, self.cloudwatch = (boto3.client(name, **keys) for name in ("sagemaker", "cloudwatch"))
        self.stubber = Stubber(self.sagemaker)
        self.stubber.activate()
        self.shift = Shift("e", sagemaker=self.sagemaker, cloudwatch=self.cloudwatch, alarms=[], progress=Progress())

    def is_(self, status, a=9.0, b=1.0, **more):
        variants = [{"VariantName": name, "CurrentWeight": weight} for name, weight in (("a", a), ("b", b))]
        moment = "2026-01-01T00:00:00Z"
        self.stubber.add_response(
            "describe_endpoint",
            {
                "EndpointName": "e",
                "EndpointArn": "arn:aws:sagemaker:us-east-1:123456789012:endpoint/e",
                "ProductionVariants": variants,
                "EndpointStatus": status,
                "CreationTime": moment,
                "LastModifiedTime": moment,
                **more,
            },
            {"EndpointName": "e"},
        )

    def takes(self, a, b):
        self.stubber.add_response(
            "update_endpoint_weights_and_capacities",
            {"EndpointArn": "arn:aws:sagemaker:us-east-1:123456789012:endpoint/e"},
            {
                "EndpointName": "e",
                "DesiredWeightsAndCapacities": [
                    {"VariantName": "a", "DesiredWeight": a},
                    {"VariantName": "b", "DesiredWeight": b},
                ],
            },
        )


@pytest.fixture
def slow():
    return Slow()


@pytest.fixture
def naps(monkeypatch):
    """Sleep no time, and tell how often."""
    taken = []
    monkeypatch.setattr(shift.time, "sleep", taken.append)
    return taken


def test_each_step_waits_until_the_endpoint_is_in_service(slow, naps):
    slow.is_("InService")
    slow.is_("InService")
    slow.takes(5.0, 5.0)
    slow.is_("Updating")
    slow.is_("Updating")
    slow.is_("InService", 5.0, 5.0)
    slow.is_("SystemUpdating", 5.0, 5.0)  # before the next step: AWS is at it
    slow.is_("InService", 5.0, 5.0)
    slow.takes(0.0, 1.0)
    slow.is_("InService", 0.0, 1.0)
    slow.shift.run([{"a": 5.0, "b": 5.0}, {"a": 0.0, "b": 1.0}], 0.0)
    slow.stubber.assert_no_pending_responses()
    assert len(naps) == 3


def test_an_endpoint_that_is_being_updated_is_left_alone(slow):
    slow.is_("Updating")
    with pytest.raises(RuntimeError, match=r"e is Updating; its traffic cannot be moved\. Wait until it is InService"):
        slow.shift.weights()


def test_a_step_that_aws_refuses_brings_the_old_weights_back(slow, naps, capsys):
    slow.is_("InService")
    slow.is_("InService")
    slow.takes(5.0, 5.0)
    slow.is_("InService", 5.0, 5.0)
    slow.is_("InService", 5.0, 5.0)
    slow.stubber.add_client_error("update_endpoint_weights_and_capacities", "ThrottlingException", "slow down")
    slow.is_("InService", 5.0, 5.0)
    slow.takes(9.0, 1.0)
    slow.is_("InService")
    with pytest.raises(RuntimeError, match="slow down"):
        slow.shift.run([{"a": 5.0, "b": 5.0}, {"a": 0.0, "b": 1.0}], 0.0)
    slow.stubber.assert_no_pending_responses()
    assert capsys.readouterr().out.endswith("back: a 90.0 %, b 10.0 %\n")


def test_going_back_waits_for_the_step_that_was_under_way(slow, monkeypatch):
    sleeps = iter([KeyboardInterrupt, None])

    def sleep(seconds):
        if (interruption := next(sleeps)) is not None:
            raise interruption

    monkeypatch.setattr(shift.time, "sleep", sleep)
    slow.is_("InService")
    slow.is_("InService")
    slow.takes(5.0, 5.0)
    slow.is_("Updating")  # Ctrl-C comes here
    slow.is_("Updating")
    slow.is_("InService", 5.0, 5.0)
    slow.takes(9.0, 1.0)
    slow.is_("InService")
    with pytest.raises(RuntimeError, match="the old weights are back"):
        slow.shift.run([{"a": 5.0, "b": 5.0}], 0.0)
    slow.stubber.assert_no_pending_responses()


def test_a_second_ctrl_c_leaves_at_once_and_says_how_to_go_back(slow, monkeypatch, capsys):
    def sleep(seconds):
        raise KeyboardInterrupt

    monkeypatch.setattr(shift.time, "sleep", sleep)
    slow.is_("InService")
    slow.is_("InService")
    slow.takes(5.0, 5.0)
    slow.is_("Updating")  # the first one
    slow.is_("Updating")  # the second one
    with pytest.raises(KeyboardInterrupt):
        slow.shift.run([{"a": 5.0, "b": 5.0}], 0.0)
    slow.stubber.assert_no_pending_responses()
    assert "sm-constructs shift e a=9 b=1" in capsys.readouterr().err


def test_an_endpoint_that_fails_meanwhile_is_told_with_its_reason(slow, naps, capsys):
    slow.is_("InService")
    slow.is_("InService")
    slow.takes(5.0, 5.0)
    slow.is_("Failed", FailureReason="no capacity")
    slow.is_("Failed", FailureReason="no capacity")
    with pytest.raises(RuntimeError, match="e is Failed: no capacity"):
        slow.shift.run([{"a": 5.0, "b": 5.0}], 0.0)
    assert "may not be back" in capsys.readouterr().err


def test_what_waits_is_shown_in_place_on_a_terminal_only(monkeypatch, capsys):
    for terminal, seen in ((True, "\r\x1b[K3 s left\r\x1b[Kdone\n"), (False, "done\n")):
        monkeypatch.setattr("sys.stdout.isatty", lambda terminal=terminal: terminal)
        progress = Progress()
        progress.passing("3 s left")
        progress.line("done")
        assert capsys.readouterr().out == seen
