"""Where metrics stand: bands that look at an earlier period, and goals on their way."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from dujiang.foundation.definitions import Definition
from dujiang.foundation.errors import NotFound
from dujiang.foundation.timewindows import Period
from dujiang.insight.model import BandSpec, Direction, GoalSpec
from dujiang.insight.standing import goal_standing

WEEK = Period(date(2026, 11, 2), date(2026, 11, 8))
MONTH = GoalSpec(metric="gmv", first=date(2026, 11, 1), last=date(2026, 11, 30), target=300.0)


@pytest.mark.parametrize(
    ("value", "change", "standing"),
    [
        (100, -0.15, "within"), (100, -0.16, "below"), (100, 0.5, "within"), (100, 0.51, "above"),
        (100, None, "unknown"), (None, -0.9, "unknown"), (4, 0.0, "below"),
    ],
)  # fmt: skip
def test_a_band_takes_in_the_edges_of_falls_and_rises(value: float | None, change: float | None, standing: str) -> None:
    band = BandSpec(metric="visits", at_least=5, fall=0.15, rise=0.5, against="previous")
    assert band.judge(value, change) == standing


@pytest.mark.parametrize(
    "said", [{"fall": 0.1}, {"at_least": 1, "against": "previous"}, {"rise": -1, "against": "weekday"}]
)
def test_falls_and_rises_need_something_to_be_held_against(said: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"against|greater"):
        BandSpec.model_validate({"metric": "gmv", **said})


@pytest.mark.parametrize(
    ("today", "value", "direction", "adds_up", "due", "progress"),
    [
        (1, None, "up", True, None, "not_begun"),
        (11, 100.0, "up", True, 100.0, "on_track"),
        (11, 99.0, "up", True, 100.0, "behind"),
        (11, 300.0, "up", True, 100.0, "reached"),
        (30, 280.0, "up", True, 290.0, "behind"),
        (11, 101.0, "down", True, 100.0, "behind"),
        (11, 301.0, "down", True, 100.0, "missed"),
        (11, 301.0, "up", False, None, "on_track"),
        (11, 299.0, "up", False, None, "behind"),
        (11, 299.0, "down", False, None, "on_track"),
        (11, None, "up", True, 100.0, "unknown"),
    ],
)
def test_a_goal_on_its_way(
    today: int, value: float | None, direction: Direction, adds_up: bool, due: float | None, progress: str
) -> None:
    found = goal_standing("month", MONTH, value, date(2026, 11, today), direction, adds_up=adds_up)
    assert (found.value, found.due, found.progress) == (value, due, progress)


@pytest.mark.parametrize(("value", "direction", "progress"), [
    (300.0, "up", "reached"), (299.0, "up", "missed"), (300.0, "down", "reached"), (301.0, "down", "missed"),
])  # fmt: skip
def test_a_goal_whose_days_are_over(value: float, direction: Direction, progress: str) -> None:
    found = goal_standing("month", MONTH, value, date(2026, 12, 1), direction, adds_up=True)
    assert (found.due, found.progress) == (300.0, progress)


def test_values_are_asked_and_held_against_bands_and_goals(brand: Any, make_service: Any) -> None:
    by_channel = Definition(kind="band", name="each", spec={"metric": "gmv", "at_least": 10000, "by": "channel"})
    moved = Definition(kind="band", name="moved", spec={"metric": "gmv", "rise": 5, "against": "previous"})
    goal = Definition(
        kind="goal", name="week", spec={"metric": "gmv", "first": "2026-11-02", "last": "2026-11-08", "target": 27500}
    )
    service = make_service(brand, by_channel, moved, goal)
    each, total = service.standings("gmv", WEEK)
    assert {one.key: (one.value, one.standing) for one in each.held} == {
        "tmall": (18000, "within"), "app": (9500, "below"),
    }  # fmt: skip
    # the week before brought 4000
    (held,) = total.held
    assert (held.key, held.value, held.change, held.standing) == (None, 27500, (27500 - 4000) / 4000, "above")
    (found,) = service.progress("gmv")
    assert (found.value, found.progress) == (27500, "reached")
    with pytest.raises(NotFound):
        service.standings("nothing", WEEK)
