"""What the judges say of templates, ours among them, and where they disagree."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from random import Random

from hypothesis import HealthCheck, Phase, given, seed, settings
from strategies import SPECS

from .bases import rendered
from .breaking import Broken, broken
from .judges import BOTOCORE, CDK, CFN_LINT, OTHERS, Refusal, botocore, cdk_validations, cfn_lint, ours

_PER_STACK = 10
_CDK_AT_ONCE = 200


@dataclass(frozen=True)
class Outcome:
    """What the judges newly refuse in a changed template; ours with the warnings, too."""

    others: dict[str, set[Refusal]]
    ours: set[Refusal]
    with_warnings: set[Refusal]
    broken: Broken | None = None

    @property
    def refused_by(self) -> list[str]:
        """The other judges that refuse it."""
        return [judge for judge in OTHERS if self.others[judge]]

    @property
    def is_missed(self) -> bool:
        """Whether another judge refuses it, and we do not."""
        return bool(self.refused_by) and not self.ours

    def __str__(self) -> str:
        said = [f"  {judge}: {rule} {text}" for judge in self.refused_by for rule, _, text in self.others[judge]]
        return "\n".join([str(self.broken), *said])


def drawn_templates(run: int, per_kind: int) -> list[dict]:
    """Give templates with valid endpoints, so many of every kind, or a few less."""
    specs: list = []
    for strategy in SPECS.values():

        @seed(run)
        @settings(
            max_examples=per_kind,
            database=None,
            deadline=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(strategy)
        def draw(spec):
            if spec not in specs:
                specs.append(spec)

        draw()
    return [
        template
        for start in range(0, len(specs), _PER_STACK)
        for template in rendered(specs[start : start + _PER_STACK])
    ]


def drawn_changes(run: int, count: int, templates: Sequence[dict]) -> list[tuple[dict, Broken]]:
    """Give so many broken templates, each another one, with the templates that they were before."""
    random = Random(run)
    found: dict[str, tuple[dict, Broken]] = {}
    while len(found) < count:
        template = random.choice(templates)
        change = broken(random, template)
        if change.template != template:
            found.setdefault(json.dumps(change.template), (template, change))
    return list(found.values())


def compared(
    pairs: Sequence[tuple[dict, Broken]], *, progress: Callable[[int], None] = lambda _: None
) -> Iterator[Outcome]:
    """Give what each judge refuses in broken templates that it did not refuse before."""
    before = Before()
    for start in range(0, len(pairs), _CDK_AT_ONCE):
        some = pairs[start : start + _CDK_AT_ONCE]
        by_cdk = cdk_validations([change.template for _, change in some])
        for number, ((template, change), of_cdk) in enumerate(zip(some, by_cdk, strict=True), start):
            progress(number)
            id = change.place.split("/")[1]
            others = {
                CFN_LINT: cfn_lint(change.template, id) - before.of(template, CFN_LINT, id),
                CDK: of_cdk - before.of(template, CDK),
                BOTOCORE: botocore(change.template) - before.of(template, BOTOCORE),
            }
            told = ours(change.template) - before.of(template, "ours")
            all_told = ours(change.template, warnings=True) - before.of(template, "ours, with warnings")
            yield Outcome(others, told, all_told, change)


class Before:
    """What the judges say of templates before they are changed; each is asked once."""

    def __init__(self) -> None:
        self._found: dict[tuple, set[Refusal]] = {}

    def of(self, template: dict, judge: str, only: str | None = None) -> set[Refusal]:
        """Give what a judge says of a template, or of one of its resources."""
        ask: dict[str, Callable[[], set[Refusal]]] = {
            CFN_LINT: lambda: cfn_lint(template, only),
            CDK: lambda: next(cdk_validations([template])),
            BOTOCORE: lambda: botocore(template),
            "ours": lambda: ours(template),
            "ours, with warnings": lambda: ours(template, warnings=True),
        }
        key = (id(template), judge, only)
        if key not in self._found:
            self._found[key] = ask[judge]()
        return self._found[key]
