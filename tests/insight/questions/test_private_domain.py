"""The private domain: the loop of five contacts followed by hand."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any, cast

import numpy as np
import pytest

from dujiang.foundation.definitions import Definition
from dujiang.foundation.timewindows import Period, zone
from dujiang.insight.catalogue import bands
from dujiang.insight.private.analysis import Private, PrivateAnalysis, PrivatePick, PrivateQuestion
from dujiang.insight.questions.scene import Scene

NOVEMBER = Period(date(2026, 11, 1), date(2026, 11, 30))
TODAY = date(2026, 12, 20)
PRIVATE = Definition(kind="channel", name="groups", spec={"group": "private"})


def at(month: int, day: int, hour: int = 4) -> datetime:
    return datetime(2026, month, day, hour, tzinfo=UTC)


@pytest.fixture
def scene(tables: Any, make_service: Any) -> Any:
    """Anna (1) came by an advertisement, chatted and bought twice; Ben (2) scanned a code and bought before he entered and
    41 days after; Cleo (3) scanned too and bought; Dora (4) entered on the 25th, her days are not over; Emil (5) in October."""
    entered = {1: at(11, 5), 2: at(11, 6), 3: at(11, 7), 4: at(11, 25), 5: at(10, 5)}
    people = {"paid_minor": 0, "refunded_minor": 0, "channels": [], "order_channels": [], "tags": [], "known": True}
    tables.fill(
        "person",
        [
            people | {"person": who, "added_at": moment, "first_day": date(2026, 10, 1)}
            for who, moment in entered.items()
        ],
    )
    tables.fill(
        "person_node", [{"node": 100 + who, "person": who, "type": "member_no", "role": "owner"} for who in entered]
    )
    tables.fill(
        "fact_customer",
        [
            {"seq": seq, "key": seq, "anchor": 100 + who, "entry": entry, "tags": [], "identifiers": []}
            for seq, (who, entry) in enumerate([(1, "card"), (2, "card"), (2, "code"), (3, "code"), (4, None)])
        ],
    )
    visits = [(1, at(11, 1), "spring"), (1, at(11, 3), "autumn"), (1, at(11, 6), "late"), (3, at(9, 1), "old")]
    tables.fill(
        "visit",
        [
            {"person": who, "started_at": moment, "day": moment.date(), "utm_campaign": name}
            for who, moment, name in visits
        ],
    )
    plain = dict.fromkeys(
        ("visits", "bounces", "pages", "dwell_ms", "shares", "interactions", "orders", "paid_minor", "refunded_minor",
         "conversations", "complaints"), 0,
    )  # fmt: skip
    days = [
        (1, "groups", date(2026, 11, 10), 3),
        (2, "groups", date(2026, 11, 6), 0),
        (3, "site", date(2026, 11, 8), 2),
        (5, "groups", date(2026, 11, 26), 1),
    ]
    tables.fill(
        "person_day",
        [plain | {"person": who, "channel": where, "day": day, "events": did} for who, where, day, did in days],
    )
    orders = [
        (1, at(11, 5, 5), 1000, "valid"), (1, at(12, 5), 500, "valid"), (2, at(11, 6, 3), 700, "valid"),
        (2, at(12, 17), 900, "valid"), (3, at(11, 20), 300, "valid"), (3, at(11, 21), 50, "unpaid"),
        (4, at(11, 26), 100, "valid"),
    ]  # fmt: skip
    tables.fill(
        "orders",
        [
            {"order_key": key, "channel": "site", "person": who, "at": moment, "day": moment.date(), "paid_minor": paid,
             "status": status, "refunded_minor": 0}
            for key, (who, moment, paid, status) in enumerate(orders)
        ],
    )  # fmt: skip
    service = make_service(tables, PRIVATE, *bands(), now=datetime(2026, 12, 20, 4, tzinfo=UTC))
    with tables.read() as con:
        yield Scene(con, cast(Any, None), service, zone(), TODAY, NOVEMBER, None)


def answered(scene: Scene, **more: Any) -> Private:
    return PrivateAnalysis().answer(scene, PrivateQuestion.model_validate(more)).result


def test_the_loop_by_campaign(scene: Scene) -> None:
    found = answered(scene)
    ways = {one.way: one for one in found.ways}
    assert set(ways) == {"autumn", "code", None}
    autumn, code = ways["autumn"], ways["code"]
    assert (autumn.by_ad, autumn.entered, autumn.due, autumn.active, autumn.bought, autumn.again, autumn.money_minor) == (
        True, 1, 1, 1, 1, 1, 1500,
    )  # fmt: skip
    assert (code.by_ad, code.entered, code.due, code.active, code.bought, code.money_minor) == (False, 2, 2, 0, 1, 300)
    assert (ways[None].entered, ways[None].due, ways[None].interval) == (1, 0, None)
    assert (found.loop.entered, found.loop.due, found.loop.bought, found.loop.money_minor) == (4, 3, 2, 1800)


def test_the_loop_by_what_the_list_states(scene: Scene) -> None:
    assert {one.way: one.entered for one in answered(scene, way="entry").ways} == {"card": 1, "code": 2, None: 1}


def test_longer_is_more(scene: Scene) -> None:
    assert answered(scene, within_days=42).loop.bought == 3  # Ben's 41st day is in, and so is his window's end
    assert answered(scene, within_days=42).loop.money_minor == 2700


def test_health_stands_against_its_bands(scene: Scene) -> None:
    health = {one.metric: one for one in answered(scene).health}
    activity = health["community_activity"]
    assert (activity.figure.value, activity.standing) == (1 / 5, "within")  # Emil of five; Anna was in another week
    assert health["private_ugc_share"].standing in ("below", "unknown")
    assert answered(scene).sizes["private_users"].value == 5


@pytest.mark.parametrize(
    ("pick", "people"),
    [
        ({}, [1, 2, 3, 4]),
        ({"step": "bought"}, [1, 3]),
        ({"step": "again"}, [1]),
        ({"way": "code", "every_way": False}, [2, 3]),
        ({"way": None, "every_way": False}, [4]),
        ({"metric": "community_activity"}, [5]),
    ],
)
def test_people_behind_each_step(scene: Scene, pick: dict[str, Any], people: list[int]) -> None:
    found = PrivateAnalysis().people(scene, PrivateQuestion(), PrivatePick.model_validate(pick))
    assert found.tolist() == people


def test_limited_to_people(scene: Scene) -> None:
    few = Scene(scene.con, scene.timeline, scene.metrics, scene.zone, TODAY, NOVEMBER, np.array([3, 4], np.int64))
    assert answered(few).loop.entered == 2
    assert PrivateAnalysis().people(few, PrivateQuestion(), PrivatePick(metric="private_users")).tolist() == [3, 4]
