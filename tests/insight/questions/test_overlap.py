"""Crossing from channel to channel, worked out by hand."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any, cast

import numpy as np
import pytest

from dujiang.foundation.timewindows import Period, zone
from dujiang.insight.questions.overlap import Overlap, OverlapAnalysis, OverlapPick, OverlapQuestion
from dujiang.insight.questions.scene import Scene

NOVEMBER = Period(date(2026, 11, 1), date(2026, 11, 30))


def at(day: int, hour: int = 4) -> datetime:
    return datetime(2026, 11, day, hour, tzinfo=UTC)


@pytest.fixture
def scene(tables: Any) -> Scene:
    """Anna is seen in the app and buys in the shop 6 days later, and again; Ben buys before he is seen; Cleo only pays there;
    Dora buys 40 days later; Emil, unpaid."""
    days = [("app", 1, 2), ("app", 2, 9), ("shop", 3, 5), ("app", 4, 1), ("app", 5, 3), ("shop", 1, 8)]
    tables.fill(
        "person_day",
        [
            {"person": person, "channel": channel, "day": date(2026, 11, day), "first_at": at(day), "paid_minor": 100,
             "refunded_minor": 0}
            for channel, person, day in days
        ],
    )  # fmt: skip
    orders = [(1, 8, "valid"), (1, 12, "valid"), (2, 7, "valid"), (3, 5, "valid"), (5, 6, "unpaid")]
    tables.fill(
        "orders",
        [
            {"order_key": key, "channel": "shop", "person": person, "at": at(day, 5), "status": status}
            for key, (person, day, status) in enumerate(orders)
        ]
        + [
            {
                "order_key": 99,
                "channel": "shop",
                "person": 4,
                "at": datetime(2026, 12, 11, tzinfo=UTC),
                "status": "valid",
            }
        ],
    )
    with tables.read() as con:
        yield Scene(con, cast(Any, None), cast(Any, None), zone(), date(2026, 12, 31), NOVEMBER, None)


def answered(scene: Scene, **more: Any) -> Overlap:
    return OverlapAnalysis().answer(scene, OverlapQuestion(**more)).result


def test_who_is_seen_in_one_and_orders_in_another_later(scene: Scene) -> None:
    (crossing,) = answered(scene).crossings
    assert (crossing.source, crossing.target, crossing.people) == ("app", "shop", 1)
    assert crossing.share == 1 / 4
    assert crossing.median_days == pytest.approx(6 + 1 / 24)


def test_longer_is_more(scene: Scene) -> None:
    assert answered(scene, within_days=45).crossings[0].people == 2
    pick = OverlapPick(sets=("app", "shop"), crossed=True)
    assert OverlapAnalysis().people(scene, OverlapQuestion(within_days=45), pick).tolist() == [1, 4]


def test_only_of_the_people_asked_about(scene: Scene) -> None:
    limited = Scene(scene.con, scene.timeline, scene.metrics, scene.zone, scene.today, NOVEMBER, np.array([2, 3, 4]))
    found = answered(limited, within_days=45)
    assert (found.people, found.several, found.crossings[0].people) == (3, 0, 1)


def test_nobody_has_no_share(tables: Any) -> None:
    with tables.read() as con:
        empty = Scene(con, cast(Any, None), cast(Any, None), zone(), date(2026, 12, 31), NOVEMBER, None)
        found = answered(empty)
    assert (found.people, found.share, found.crossings) == (0, None, ())
