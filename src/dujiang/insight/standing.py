"""Where a metric stands: within its bands, and on the way to its goals.

What adds up over time, such as GMV, is on its way when it has as much of its target as of its days; any other metric, such as a
rate, when it meets the target now. Where less is better the target is a ceiling.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Final, Literal

from dujiang.foundation.i18n import _
from dujiang.insight.model import BandSpec, Direction, GoalSpec, Standing

Progress = Literal["not_begun", "unknown", "on_track", "behind", "reached", "missed"]
STANDINGS: Final[dict[Standing, str]] = {
    "below": _("too low"), "above": _("too high"), "within": _("healthy"), "unknown": _("not known"),
}  # fmt: skip
PROGRESSES: Final[dict[Progress, str]] = {
    "not_begun": _("not begun"), "unknown": _("not known"), "on_track": _("on track"), "behind": _("behind"),
    "reached": _("reached"), "missed": _("missed"),
}  # fmt: skip


@dataclass(frozen=True)
class Held:
    """One value held against a band.

    Attributes:
        key: value of the band's dimension; None where there is none.
        value: of the period.
        change: against what the band names, relative; None where undefined, or where it names nothing.
        standing: where that leaves it.
    """

    key: str | None
    value: float | None
    change: float | None
    standing: Standing


@dataclass(frozen=True)
class BandStanding:
    """A band, and the total or every value of its dimension held against it."""

    name: str
    band: BandSpec
    held: tuple[Held, ...]


@dataclass(frozen=True)
class GoalStanding:
    """A goal and how far it has come.

    Attributes:
        name: of the goal.
        goal: what is wanted.
        value: up to yesterday; None where unknown or not begun.
        due: what it would be by now on an even way; None where the metric does not add up over time.
        progress: where that leaves it.
    """

    name: str
    goal: GoalSpec
    value: float | None
    due: float | None
    progress: Progress


def goal_standing(
    name: str, goal: GoalSpec, value: float | None, today: date, direction: Direction, *, adds_up: bool
) -> GoalStanding:
    """How far a goal has come by the end of the day before ``today``.

    >>> year = GoalSpec(metric="gmv", first=date(2026, 1, 1), last=date(2026, 12, 31), target=365.0)
    >>> found = goal_standing("year", year, 150.0, date(2026, 5, 1), "up", adds_up=True)
    >>> found.due, found.progress
    (120.0, 'on_track')
    """
    if today <= goal.first:
        return GoalStanding(name, goal, None, None, "not_begun")
    over = min((today - goal.first).days, goal.period.days)
    due = goal.target * over / goal.period.days if adds_up else None
    return GoalStanding(name, goal, value, due, _progress(goal, value, due, today, direction))


def _progress(goal: GoalSpec, value: float | None, due: float | None, today: date, direction: Direction) -> Progress:
    if value is None:
        return "unknown"
    is_ceiling, is_over = direction == "down", today > goal.last
    is_met = value <= goal.target if is_ceiling else value >= goal.target
    if is_over:
        return "reached" if is_met else "missed"
    if due is None:
        return "on_track" if is_met else "behind"
    if is_ceiling:
        return "missed" if not is_met else "on_track" if value <= due else "behind"
    return "reached" if is_met else "on_track" if value >= due else "behind"
