"""What stands on top of alarms and metrics: composite alarms and dashboards."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from sm_constructs.facts import limit
from sm_constructs.reading.intrinsics import PSEUDO_TOKEN, TOKEN
from sm_constructs.reading.resources import COMPOSITE, DASHBOARD, Template
from sm_constructs.reading.written import written
from sm_constructs.rules.alarms import QUOTED
from sm_constructs.rules.metrics import alarm_example
from sm_constructs.rules.registry import Finding, mentioning, rule

if TYPE_CHECKING:
    from collections.abc import Iterator

_COMPOSITE = "Page: {Type: AWS::CloudWatch::CompositeAlarm, Properties: {AlarmRule: !Sub 'RULE'}}\n" + alarm_example()
_STATE = re.compile(r"(?:ALARM|OK|INSUFFICIENT_DATA)\s*\(\s*(?:\"[^\"]*\"|'[^']*'|[^()\"'\s]+)\s*\)|\bTRUE\b|\bFALSE\b")
_COUNTED = re.compile(r"AT_LEAST\s*\((?:[^()]|\([^()]*\))*\)")
_JOINED = re.compile(r"\bNOT\s*\?|\?\s*(?:AND|OR)\s*\?|\(\s*\?\s*\)")


@rule(
    "SMC886",
    "The rule of a composite alarm joins the states of alarms with AND, OR and NOT",
    source="PutCompositeAlarm.AlarmRule",
    about=Template,
    where=mentioning(COMPOSITE),
    facts=["cloudwatch/alarm_rule", "cloudwatch/alarm_rule_elements"],
    good=_COMPOSITE.replace("RULE", 'ALARM("${Alarm}")'),
    bad=_COMPOSITE.replace("RULE", 'ALARM("${Alarm}") AND'),
)
def composed(template: Template) -> Iterator[Finding]:
    """Check the rules of composite alarms."""
    (_, longest), most = limit("cloudwatch", "alarm_rule"), limit("cloudwatch", "alarm_rule_elements")
    for alarm in template.of_type(COMPOSITE):
        node = alarm["AlarmRule"]
        if len(node.said or "") > longest:
            yield Finding(node.path, f"has more than {longest} characters")
            continue
        left = _COUNTED.sub("?", _STATE.sub("?", node.said or ""))
        if sum(map(left.count, "?()")) > most:
            yield Finding(node.path, f"has more than {most} alarms and parentheses")
            continue
        before = ""
        while before != left:
            before, left = left, _JOINED.sub("?", left)
        if left.strip() != "?" and TOKEN.search(QUOTED.sub("", left)) is None:
            said = TOKEN.sub("…", node.said or "")
            yield Finding(node.path, f'is {said!r}; it is ALARM("name"), OK("name") and so on, with AND, OR and NOT')


@rule(
    "SMC888",
    "A composite alarm depends on its alarms",
    severity="warning",
    source="PutCompositeAlarm.AlarmRule: TRUE and FALSE are for tests",
    about=Template,
    where=mentioning(COMPOSITE),
    good=_COMPOSITE.replace("RULE", 'ALARM("${Alarm}")'),
    bad=_COMPOSITE.replace("RULE", 'ALARM("${Alarm}") AND OK("${Alarm}")'),
)
def satisfiable(template: Template) -> Iterator[Finding]:
    """Warn of rules that are never true, or always."""
    _, longest = limit("cloudwatch", "alarm_rule")
    for alarm in template.of_type(COMPOSITE):
        node = alarm["AlarmRule"]
        said = (node.said or "").strip()
        if len(said) > longest:
            continue
        if said in ("TRUE", "FALSE"):
            yield Finding(node.path, f"is {said}, whatever the alarms are")
        states: dict[str, str] = {}
        for part in re.split(r"\s+AND\s+", said) if not re.search(r"\b(?:OR|NOT|AT_LEAST)\b", said) else ():
            state, _, name = part.strip("( ").partition("(")
            if states.setdefault(name.strip("\"' )"), state.strip()) != state.strip():
                yield Finding(node.path, "asks for two states of one alarm at once, so it never goes off")


_BOARD = "Board: {{Type: AWS::CloudWatch::Dashboard, Properties: {{DashboardName: {}, DashboardBody: '{}'}}}}"
_BODY = """{{"widgets": [{{"type": "metric", "properties": {{"region": "eu-west-1", "metrics": [["AWS/SageMaker",
  "Invocations", "EndpointName", "e", "VariantName", "a"]]}}}}]}}"""


@rule(
    "SMC887",
    "The body of a dashboard is JSON, its name letters, digits, - and _",
    source="PutDashboard.DashboardBody, DashboardName",
    about=Template,
    where=mentioning(DASHBOARD),
    facts=["cloudwatch/dashboard_name"],
    good=_BOARD.format("scorer", _BODY.format()),
    bad=_BOARD.format("scorer", _BODY.format()[:-1]),
)
def drawn(template: Template) -> Iterator[Finding]:
    """Check that dashboards can be made."""
    least, most = limit("cloudwatch", "dashboard_name")
    for dashboard in template.of_type(DASHBOARD):
        body, name = dashboard["DashboardBody"], dashboard["DashboardName"]
        # What comes from elsewhere may be a part of the JSON, but for the region and the like, and inside of a text.
        open_ = PSEUDO_TOKEN.sub("", QUOTED.sub("", body.said or ""))
        if body and written(body) is None and TOKEN.search(open_) is None:
            yield Finding(body.path, "is no JSON")
        said = None if name.said is None else template.sampled(name.said)
        if said is not None and not re.fullmatch(f"[A-Za-z0-9_-]{{{least},{most}}}", said):
            yield Finding(name.path, f"is {said!r}; it is {least} to {most} letters, digits, - and _")
