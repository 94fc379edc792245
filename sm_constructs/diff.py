"""What deploying a template will do to the endpoints that are deployed, in words, before it runs.

Pure: two templates, and where it is known what the endpoints have now; `sm_constructs.diff_command` reads them.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from sm_constructs.diffing.changes import NAMES, changes, resources
from sm_constructs.diffing.endpoints import HostedEndpoint
from sm_constructs.diffing.findings import EFFECTS, Effect, Finding, Live
from sm_constructs.diffing.updates import replacement, unseen_bytes, update
from sm_constructs.reading.intrinsics import text_of
from sm_constructs.reading.resources import ENDPOINT, TARGET, Template

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from sm_constructs.diffing.changes import Change
    from sm_constructs.reading.resources import Resource


def compare(
    deployed: Mapping[str, Any],
    wanted: Mapping[str, Any],
    *,
    live: Mapping[str, Live] | None = None,
    region: str | None = None,
) -> list[Finding]:
    """Say what happens when one template is deployed where another one stands; the gravest first.

    Parameters
    ----------
    deployed, wanted : Mapping[str, Any]
        The templates.
    live : Mapping[str, Live], optional
        What the endpoints have now, by logical id. Default: not known.
    region : str, optional
        Where it is deployed. Default: not known.
    """
    findings = _Comparison(deployed, wanted, live or {}, region).findings()
    return sorted(findings, key=lambda finding: EFFECTS.index(finding.effect))


class _Comparison:
    def __init__(
        self, deployed: Mapping[str, Any], wanted: Mapping[str, Any], live: Mapping[str, Live], region: str | None
    ) -> None:
        self._definitions = resources(deployed, region), resources(wanted, region)
        self._before, self._after = (Template({"Resources": each}) for each in self._definitions)
        self._changes = changes(*self._definitions)
        self._live = live

    def findings(self) -> Iterator[Finding]:
        for id, change in self._changes.items():
            yield from self._resource(id, change)
        before = {endpoint.id: endpoint for endpoint in self._before.of_type(ENDPOINT)}
        for after in self._after.of_type(ENDPOINT):
            if after.id in before:
                yield from self._endpoint(before[after.id], after)

    def _find(
        self, id: str, effect: Effect, message: str, *, instead: str | None = None, source: str | None = None
    ) -> Finding:
        definition = self._definitions[1].get(id) or self._definitions[0][id]
        path = (definition.get("Metadata") or {}).get("aws:cdk:path")
        return Finding(effect, id, path, message, instead, source)

    def _endpoint(self, before: Resource, after: Resource) -> Iterator[Finding]:
        change = self._changes.get(after.id)
        old, new = HostedEndpoint(before, self._before), HostedEndpoint(after, self._after)
        find = partial(self._find, after.id)
        if change is None:
            yield from unseen_bytes(find, new)
        elif change.action == "replaced":
            yield from replacement(find, old, new)
        else:
            yield from update(find, old, new, self._live.get(after.id))

    # What CloudFormation does with each resource

    def _resource(self, id: str, change: Change) -> Iterator[Finding]:
        old, new = (each.get(id) for each in self._definitions)
        kind = (new or old or {})["Type"]
        short = kind.removeprefix("AWS::")
        if change.retyped and old is not None:
            yield self._find(
                id,
                "fails",
                f"was a {old['Type'].removeprefix('AWS::')} and would be a {short}. CloudFormation refuses that.",
                instead="Give the new resource another construct id.",
            )
        elif change.action == "deleted":
            yield self._deleted(id, kind, short)
        elif change.action == "created":
            yield self._find(id, "created", f"{short}.")
            yield from self._name_taken(id, kind)
        elif change.action == "replaced":
            yield self._find(id, "replaced", f"{short}: {', '.join(change.properties)} changed.")
            yield from self._name_kept(id, kind)
        else:
            yield self._find(id, "updated", f"{short}: {', '.join(change.properties)} changed.")

    def _deleted(self, id: str, kind: str, short: str) -> Finding:
        if self._definitions[0][id].get("DeletionPolicy", "Delete").startswith("Retain"):
            return self._find(id, "deleted", f"{short}: no longer in the stack; it stays where it is.")
        if kind == ENDPOINT:
            return self._find(id, "deleted", f"{short}: requests to it fail from then on.")
        if kind == TARGET:
            return self._find(id, "deleted", f"{short}: scaling ends; the capacity stays as it is then.")
        return self._find(id, "deleted", f"{short}.")

    def _name_taken(self, id: str, kind: str) -> Iterator[Finding]:
        """Find a new resource with the physical name of one that is deleted only after it is made."""
        name = self._name(1, id, kind)
        for other, change in self._changes.items():
            if change.action == "deleted" and name is not None and self._name(0, other, kind) == name:
                yield self._find(
                    id,
                    "fails",
                    f"has the name of {other}, {name}. CloudFormation deletes {other} only after it has made this one, "
                    "which fails because the name is taken.",
                    instead="Keep the construct's id and class, or give the new one another name.",
                    source="https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/"
                    "using-cfn-updating-stacks-update-behaviors.html",
                )

    def _name_kept(self, id: str, kind: str) -> Iterator[Finding]:
        name = self._name(0, id, kind)
        if name is not None and name == self._name(1, id, kind):
            yield self._find(
                id,
                "fails",
                f"must be replaced, and its name {name} stays. CloudFormation cannot replace a resource with a name "
                "of your own.",
                instead=f"Remove {NAMES[kind]}, so that CloudFormation makes the name; or change it, too.",
                source="https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/"
                "aws-properties-name.html",
            )

    def _name(self, side: int, id: str, kind: str) -> str | None:
        definition = self._definitions[side].get(id)
        if definition is None or definition["Type"] != kind:
            return None
        return text_of(definition["Properties"].get(NAMES.get(kind, "")))


__all__ = ["EFFECTS", "Effect", "Finding", "Live", "compare"]
