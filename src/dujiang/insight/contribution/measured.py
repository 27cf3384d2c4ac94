"""What a registered test measured a channel to bring in a period, or why nothing is known."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from typing import Final, Literal

from dujiang.foundation.errors import DujiangError
from dujiang.foundation.i18n import _
from dujiang.insight.contribution.question import ContributionQuestion
from dujiang.insight.incrementality.answered import answered
from dujiang.insight.incrementality.model import Doubt
from dujiang.insight.incrementality.question import KIND, LiftTest, Outcome
from dujiang.insight.questions.scene import Scene

Reason = Literal[
    "not_channel", "narrower", "no_test", "together", "beyond", "running", "other_metric", "no_answer"
]  # fmt: skip

REASONS: Final[dict[Reason, str]] = {
    "not_channel": _("Tests are of channels."),
    "narrower": _("The question is about a part of the people or orders, tests are about all."),
    "no_test": _("No test."),
    "together": _("Tested together with other channels only."),
    "beyond": _("The test has days outside this period."),
    "running": _("The test is not over."),
    "other_metric": _("The test measured something else."),
    "no_answer": _("The test allows no estimate with an interval."),
}


@dataclass(frozen=True)
class Incremental:
    """What would not have been without the channel, as a test of it alone measured: in its days, where it was tested.

    Attributes:
        reason: why nothing is known; empty where something is.
        test: name of the test; empty where no test is meant.
        metric: what it measured; ``sales`` are minor units.
        first: its first day.
        last: its last day.
        value: the effect in all.
        low: lower end of its interval; None where it is open.
        high: upper end.
        level: how often such intervals hold the truth.
        cost_minor: what the treatment cost.
        doubts: reasons to believe it less.
    """

    reason: Reason | Literal[""]
    test: str = ""
    metric: Outcome | None = None
    first: date | None = None
    last: date | None = None
    value: float | None = None
    low: float | None = None
    high: float | None = None
    level: float | None = None
    cost_minor: int | None = None
    doubts: tuple[Doubt, ...] = ()


Named = tuple[str, LiftTest]


def measured(scene: Scene, question: ContributionQuestion, key: str) -> Incremental:
    """What tests say of ``key`` in the scene's period; of several the one that ended last.

    Effects of several tests are not added: markets or people may have been in more than one of them.
    """
    if question.credit != "channel":
        return Incremental("not_channel")
    left = list(_tests(scene, key))
    if not left:
        return Incremental("no_test")
    if _is_part(question, key):
        return Incremental("narrower")
    stages: tuple[tuple[Reason, Callable[[LiftTest], bool]], ...] = (
        ("together", lambda test: test.channels == (key,)),
        ("other_metric", lambda test: test.metric in _metrics(question)),
        ("beyond", lambda test: scene.period.first <= test.first and test.last <= scene.period.last),
        ("running", lambda test: test.state(scene.today) == "finished"),
    )
    for reason, holds in stages:
        passing = [one for one in left if holds(one[1])]
        if not passing:
            return _unknown(reason, left)
        left = passing
    return _estimated(scene, max(left, key=_ended))


def _tests(scene: Scene, key: str) -> Iterator[Named]:
    """The tests of a channel that have days in the period."""
    for (kind, name), one in scene.definitions.items():
        if kind == KIND and one.status == "active":
            test = LiftTest.model_validate(one.spec)
            if key in test.channels and test.first <= scene.period.last and test.last >= scene.period.first:
                yield name, test


def _metrics(question: ContributionQuestion) -> tuple[Outcome, ...]:
    """What the question's conversions and their value are to a test."""
    if question.conversion.source != "orders":
        return ()
    if any(one.column == "nth" for one in question.conversion.where):
        return ("new_customers",)
    return ("sales", "orders") if question.value == "net" else ("orders",)


def _is_part(question: ContributionQuestion, key: str) -> bool:
    """Whether the question leaves out orders of the channel ``key`` that its tests count."""
    channel = [one for one in question.conversion.where if one.column == "channel"]
    first = [one for one in question.conversion.where if one.column == "nth" and one.op == "is" and one.value == 1]
    others = len(question.conversion.where) - len(channel) - len(first)
    named = all(one.op in ("is", "among") and key in _listed(one.value) for one in channel)
    return question.people is not None or others > 0 or not named


def _listed(value: object) -> tuple[object, ...]:
    return tuple(value) if isinstance(value, list | tuple) else (value,)


def _ended(one: Named) -> tuple[date, str]:
    return one[1].last, one[0]


def _unknown(reason: Reason, tests: list[Named]) -> Incremental:
    name, test = max(tests, key=_ended)
    return Incremental(reason, name, test.metric, test.first, test.last)


def _estimated(scene: Scene, one: Named) -> Incremental:
    name, test = one
    try:
        found = answered(scene.con, test, scene.today)
    except DujiangError:
        return _unknown("no_answer", [one])
    total = found.reading("total")
    if total is None or (total.low is None and total.high is None):
        return _unknown("no_answer", [one])
    return Incremental(
        "", name, test.metric, test.first, test.last, total.value, total.low, total.high, test.level, test.cost_minor,
        found.doubts,
    )  # fmt: skip
