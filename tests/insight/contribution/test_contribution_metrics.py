"""Contribution as metrics: what the slow reading says, what the question says, and goals of guides and teams on it."""

from __future__ import annotations

from collections import defaultdict
from datetime import date, timedelta
from typing import Any, cast

import pytest
from sales_kit import HAND_STORE, PERIOD, ZONE, World, at, filled, made, order, slow, till, visit

from dujiang.foundation.definitions import parse
from dujiang.insight.answer import MetricQuery
from dujiang.insight.contribution.analysis import ContributionAnalysis
from dujiang.insight.contribution.question import ContributionQuestion
from dujiang.insight.model import Condition
from dujiang.insight.questions.scene import Scene
from dujiang.insight.service import check_wanted
from dujiang.insight.views import LOOK_BACK_DAYS

NAMES = ("contribution_value", "contribution_direct_value", "contribution_assist_value", "contributed_orders")


def by(service: Any, *dimensions: str) -> dict[Any, list[float]]:
    answer = service.query(MetricQuery(NAMES, PERIOD, by=dimensions))
    return {
        row.keys[0] if len(dimensions) == 1 else row.keys: [row.figures[one].value or 0.0 for one in NAMES]
        for row in answer.rows
    }


@pytest.mark.parametrize("seed", range(6))
def test_by_channel_it_is_the_slow_reading_and_the_question(tables: Any, make_service: Any, seed: int) -> None:
    world = made(seed)
    filled(tables, world)
    found = by(make_service(tables), "channel")
    expected = slow(world, long=timedelta(LOOK_BACK_DAYS))
    taking_part = {key: one for key, one in expected.items() if one.closed + one.helped}
    assert set(found) == set(taking_part)
    with tables.read() as con:
        scene = Scene(con, cast(Any, None), cast(Any, None), ZONE, date(2026, 11, 23), PERIOD, None, {}, till())
        asked = ContributionAnalysis().answer(scene, ContributionQuestion(rounds=0)).result
    for key, one in taking_part.items():
        numbers = one.direct_value + one.assist_value, one.direct_value, one.assist_value, one.direct + one.assist
        # Metrics of money are whole minor units.
        assert found[key] == pytest.approx(numbers, abs=0.5)
        assert found[key][3] == pytest.approx(numbers[3])
        row = asked.row(key)
        assert row is not None
        own = row.total.value, row.direct.value, row.assist.value, row.total.conversions
        assert found[key] == pytest.approx(own, abs=0.5)
    assert sum(one[3] for one in found.values()) == pytest.approx(asked.conversions)


@pytest.mark.parametrize("seed", range(4))
def test_guides_share_what_store_guides_have(tables: Any, make_service: Any, seed: int) -> None:
    world = made(seed)
    filled(tables, world)
    service = make_service(tables)
    whole, guides = by(service, "channel"), by(service, "guide")
    named = [guides[key] for key in guides if key is not None]
    assert sum(one[0] for one in named) == pytest.approx(whole[":guide"][0], abs=1.5)
    assert sum(one[1] for one in named) == 0
    assert sum(one[3] for one in guides.values()) == pytest.approx(sum(one[3] for one in whole.values()))


def test_goals_of_a_guide_and_of_a_team(tables: Any, make_service: Any) -> None:
    filled(tables, HAND_STORE)
    goals = [
        parse({
            "kind": "goal", "name": name, "title": {"en": name}, "owner": "x",
            "spec": {"metric": "contribution_value", "first": "2026-11-02", "last": "2026-11-22", "target": 500,
                     "where": [{"column": column, "value": value}]},
        })
        for name, column, value in (("of_jia", "guide", "甲"), ("of_team", "store", "一店"))
    ]  # fmt: skip
    check_wanted({one.key: one for one in goals})
    service = make_service(tables, *goals)
    reached = {}
    for name, goal in service.goals("contribution_value").items():
        answer = service.query(MetricQuery((goal.metric,), goal.period, where=goal.where))
        reached[name] = answer.totals[goal.metric].value
    # The guide: half of 600 online, a third of 900 at the till. The team: the same, and what the channels of its orders have.
    assert reached == pytest.approx({"of_jia": 300 + 300, "of_team": (300 + 300) + (300 + 300)})


def test_a_number_leads_to_its_people(tables: Any, make_service: Any) -> None:
    filled(tables, HAND_STORE)
    where = (Condition(column="guide", value="甲"),)
    assert make_service(tables).persons("contribution_value", PERIOD, where) == [2, 3]


def test_a_touch_counts_for_one_order_only(tables: Any, make_service: Any) -> None:
    orders = [order(1, 1, at(5), "tmall", 100), order(2, 1, at(6), "tmall", 100)]
    filled(tables, World(orders, [visit(1, at(4), "mini")], []))
    sums: dict[str, float] = defaultdict(float)
    sums.update({key: one[0] for key, one in by(make_service(tables), "channel").items()})
    assert sums == {"tmall": 150.0, "mini": 50.0}
