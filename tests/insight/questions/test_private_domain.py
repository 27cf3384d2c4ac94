"""The private domain: the loop of five contacts followed by hand."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any, cast
from unittest.mock import Mock

import numpy as np
import pytest

from dujiang.engine import question
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
    spent = [
        ("groups", "p1", "autumn", date(2026, 11, 2), 900), ("groups", "p1", "autumn", date(2026, 11, 30), 100),
        ("groups", "p2", "cards", date(2026, 11, 9), 500), ("groups", "p1", "autumn", date(2026, 10, 31), 7000),
        ("site", "p9", "scan", date(2026, 11, 9), 300), ("site", "p9", "scan", date(2026, 12, 1), 50),
        ("groups", "p3", "silent", date(2026, 11, 9), None),
    ]  # fmt: skip
    tables.fill(
        "spend_day",
        [
            {
                "channel": channel,
                "account": "a",
                "campaign": code,
                "campaign_name": name,
                "day": day,
                "cost_minor": cost,
            }
            for channel, code, name, day, cost in spent
        ],
    )
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


def test_an_entrant_costs_what_the_campaign_of_their_way_cost(scene: Scene) -> None:
    found = answered(scene)
    ways = {one.way: one for one in found.ways}
    assert (ways["autumn"].cost.value, ways["autumn"].cost_each.value) == (1000, 1000)  # one entrant, November only
    for way in ("code", None):
        assert (ways[way].cost_each.value, ways[way].cost_each.reason) == (None, "no_cost")
    assert (found.loop.cost.value, found.loop.cost_each.value) == (1500, 375)  # private channels alone, four entrants
    assert "cost_partly_known" in PrivateAnalysis().answer(scene, PrivateQuestion()).notes


def test_the_question_says_which_campaigns_lead_to_a_way(scene: Scene) -> None:
    found = {one.way: one for one in answered(scene, campaigns={"code": ["scan", "p2"], "autumn": ["silent"]}).ways}
    assert (found["code"].cost.value, found["code"].cost_each.value) == (800, 400)  # by name and by id, for two
    assert found["autumn"].cost.value is None  # the report states no cost
    with pytest.raises(ValueError, match="one way only: scan"):
        PrivateQuestion.model_validate({"campaigns": {"code": ["scan"], "card": ["scan", "scan"]}})


def test_the_cost_against_an_earlier_time(scene: Scene) -> None:
    found = answered(scene, compare={"first": "2026-10-01", "last": "2026-10-31"}).entry_cost
    assert (found.now.value, found.before and found.before.value) == (375, 7000)  # Emil alone in October
    assert found.change == pytest.approx(375 / 7000 - 1)
    nothing = answered(scene, compare={"first": "2026-09-01", "last": "2026-09-30"}).entry_cost
    assert (nothing.before and nothing.before.value, nothing.change_reason) == (None, "no_cost")


def test_some_people_have_no_cost_of_their_own(scene: Scene) -> None:
    few = Scene(scene.con, scene.timeline, scene.metrics, scene.zone, TODAY, NOVEMBER, np.array([1], np.int64))
    found = answered(few)
    assert (found.loop.cost.value, found.loop.cost.reason) == (None, "nobody_named")
    assert found.entry_cost.value is None


def test_size_over_time_beside_the_earlier_time(scene: Scene) -> None:
    before = {"first": "2026-10-01", "last": "2026-10-31"}
    line = answered(scene, grain="week", compare=before).line
    starts = [date(2026, 11, 1), date(2026, 11, 2), date(2026, 11, 9), date(2026, 11, 16), date(2026, 11, 23),
              date(2026, 11, 30)]  # fmt: skip
    assert [point.days.first for point in line] == starts
    assert [point.figures["new_private_users"].value for point in line] == [0, 3, 0, 0, 1, 0]
    assert [point.figures["private_users"].value for point in line] == [1, 4, 4, 4, 5, 5]
    assert [point.figures["private_active_users"].value for point in line] == [None, 2, 1, 0, 1, 0]
    second = line[1].figures["new_private_users"].before
    assert second and second.value == 1  # Emil, on the fifth of October
    assert answered(scene).line == ()


def test_people_behind_a_step_of_the_line(scene: Scene) -> None:
    question = PrivateQuestion(grain="week")
    for start, metric, people in (
        ("2026-11-02", "new_private_users", [1, 2, 3]), ("2026-11-23", "new_private_users", [4]),
        ("2026-11-02", "private_users", [1, 2, 3, 5]), ("2026-11-09", "private_active_users", [1]),
    ):  # fmt: skip
        pick = PrivatePick.model_validate({"metric": metric, "start": start})
        assert PrivateAnalysis().people(scene, question, pick).tolist() == people
    table = PrivateAnalysis().tables(question, answered(scene, grain="week"), None)[2]
    assert table.name == "trend"
    assert table.cells["new_private_users"][1] == {"metric": "new_private_users", "start": "2026-11-02"}


def test_limited_to_people(scene: Scene) -> None:
    few = Scene(scene.con, scene.timeline, scene.metrics, scene.zone, TODAY, NOVEMBER, np.array([3, 4], np.int64))
    assert answered(few).loop.entered == 2
    assert PrivateAnalysis().people(few, PrivateQuestion(), PrivatePick(metric="private_users")).tolist() == [3, 4]


def test_the_question_of_other_days_is_not_written_again(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    october = replace(scene, period=Period(date(2026, 10, 1), date(2026, 10, 31)))
    assert answered(october).loop.entered == 1
    written = Mock(side_effect=question.compiled)
    monkeypatch.setattr(question, "compiled", written)
    assert answered(scene).loop.entered == 4
    assert answered(scene, within_days=31).loop.entered == 4
    assert written.call_count == 1
