"""What stands on top of alarms and metrics: composite alarms and dashboards."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from sm_constructs.reading.intrinsics import PSEUDO_TOKEN, TOKEN
from sm_constructs.reading.resources import COMPOSITE, DASHBOARD, Template
from sm_constructs.reading.written import written
from sm_constructs.rules.metrics import alarm_example
from sm_constructs.rules.registry import Finding, mentioning, rule

if TYPE_CHECKING:
    from collections.abc import Iterator

_QUOTED = re.compile(r"'[^']*'|\"[^\"]*\"")
_COMPOSITE = "Page: {Type: AWS::CloudWatch::CompositeAlarm, Properties: {AlarmRule: !Sub 'RULE'}}\n" + alarm_example()
_STATE = re.compile(r"(?:ALARM|OK|INSUFFICIENT_DATA)\s*\(\s*(?:\"[^\"]*\"|'[^']*'|[^()\"'\s]+)\s*\)|\bTRUE\b|\bFALSE\b")
_COUNTED = re.compile(r"AT_LEAST\s*\((?:[^()]|\([^()]*\))*\)")
_LONGEST = 10_240
_MOST = 500
_JOINED = re.compile(r"\bNOT\s*\?|\?\s*(?:AND|OR)\s*\?|\(\s*\?\s*\)")


@rule(
    "SMC886",
    "The rule of a composite alarm joins the states of alarms with AND, OR and NOT",
    source="PutCompositeAlarm.AlarmRule",
    about=Template,
    where=mentioning(COMPOSITE),
    good=_COMPOSITE.replace("RULE", 'ALARM("${Alarm}")'),
    bad=_COMPOSITE.replace("RULE", 'ALARM("${Alarm}") AND'),
)
def composed(template: Template) -> Iterator[Finding]:
    """Check the rules of composite alarms."""
    for alarm in template.of_type(COMPOSITE):
        node = alarm["AlarmRule"]
        if len(node.said or "") > _LONGEST:
            yield Finding(node.path, f"has more than {_LONGEST} characters")
            continue
        left = _COUNTED.sub("?", _STATE.sub("?", node.said or ""))
        if sum(map(left.count, "?()")) > _MOST:
            yield Finding(node.path, f"has more than {_MOST} alarms and parentheses")
            continue
        before = ""
        while before != left:
            before, left = left, _JOINED.sub("?", left)
        if left.strip() != "?" and TOKEN.search(_QUOTED.sub("", left)) is None:
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
    for alarm in template.of_type(COMPOSITE):
        node = alarm["AlarmRule"]
        said = (node.said or "").strip() if len(node.said or "") <= _LONGEST else ""
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
    good=_BOARD.format("scorer", _BODY.format()),
    bad=_BOARD.format("scorer", _BODY.format()[:-1]),
)
def drawn(template: Template) -> Iterator[Finding]:
    """Check that dashboards can be made."""
    for dashboard in template.of_type(DASHBOARD):
        body, name = dashboard["DashboardBody"], dashboard["DashboardName"]
        # What comes from elsewhere may be a part of the JSON, but for the region and the like, and inside of a text.
        open_ = PSEUDO_TOKEN.sub("", _QUOTED.sub("", body.said or ""))
        if body and written(body) is None and TOKEN.search(open_) is None:
            yield Finding(body.path, "is no JSON")
        said = template.sampled(name.said or "") or ""
        if not re.fullmatch("[A-Za-z0-9_-]{0,255}", said):
            yield Finding(name.path, f"is {said!r}; it is 1 to 255 letters, digits, - and _")
