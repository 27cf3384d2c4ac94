"""Tests of incrementality over the engine's tables: what is put in comes out, and what cannot be said is not."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any, cast

import numpy as np
import pytest

from dujiang.foundation.definitions import parse
from dujiang.foundation.errors import InvalidInput
from dujiang.foundation.timewindows import Period, zone
from dujiang.insight.incrementality.analysis import LiftAnalysis, LiftPlanAnalysis, LiftPlans
from dujiang.insight.incrementality.answered import Lift
from dujiang.insight.incrementality.design import Shape, judged, screened
from dujiang.insight.incrementality.doubts import DOUBTS
from dujiang.insight.incrementality.model import Doubt
from dujiang.insight.incrementality.panels import markets
from dujiang.insight.incrementality.question import LiftPick, LiftPlanQuestion, LiftQuestion, LiftTest
from dujiang.insight.questions.scene import Scene

TODAY = date(2026, 11, 23)
CITIES = [f"市{nth:02d}" for nth in range(10)]
BEGIN = date(2026, 8, 1)
START = date(2026, 10, 20)
LAST = date(2026, 11, 16)


def scene_of(con: Any, period: Period | None = None, today: date = TODAY) -> Scene:
    return Scene(con, cast(Any, None), cast(Any, None), zone(), today, period or Period(BEGIN, TODAY), None)


def order(key: int, day: date, city: str | None, paid: int, **said: Any) -> dict[str, Any]:
    return {
        "order_key": key, "channel": "tmall", "order_no": str(key), "day": day, "status": "valid", "net_minor": paid,
        "paid_minor": paid, "city": city, "nth": 1, "person": key,
    } | said  # fmt: skip


def test_every_doubt_has_words() -> None:
    assert set(DOUBTS) == set(Doubt)


@pytest.fixture
def country(tables: Any) -> Any:
    """Ten cities that swing together; from the start on two of them sell 300 more a day; a third of it is taken elsewhere."""
    dice = np.random.default_rng(3)
    days = [BEGIN + timedelta(nth) for nth in range((LAST - BEGIN).days + 1)]
    swing = 1 + 0.3 * np.sin(np.arange(len(days)) / 3)
    rows, key = [], 0
    for place, city in enumerate(CITIES):
        for nth, day in enumerate(days):
            for channel in ("tmall", "store"):
                usual = 1000 * (1 + place / 5) * swing[nth] + dice.normal(0, 20)
                treated = place in (2, 5) and day >= START
                more = {"tmall": 300, "store": -100}[channel] if treated else 0
                rows.append(order(key, day, city, round(usual + more), channel=channel, person=place * 10 + nth % 3))
                key += 1
    rows.append(order(key, START, CITIES[0], 10**9, status="cancelled"))
    tables.fill("orders", rows)
    return tables


def geo(**said: Any) -> LiftQuestion:
    plain = {
        "design": "geo", "first": START, "last": LAST, "markets": [CITIES[2], CITIES[5]], "channels": ["tmall"],
        "before_days": 70, "cost_minor": 8400, "step": "day",
    }  # fmt: skip
    return LiftQuestion(test=LiftTest.model_validate(plain | said))


def test_a_test_by_market_finds_what_was_put_in_and_what_was_taken_elsewhere(country: Any) -> None:
    with country.read() as con:
        result: Lift = LiftAnalysis().answer(scene_of(con), geo()).result
    each, total, other = result.reading("each"), result.reading("total"), result.reading("elsewhere")
    assert each is not None
    assert total is not None
    assert other is not None
    assert each.value == pytest.approx(300, abs=25)
    assert each.low is not None
    assert each.high is not None
    assert 200 < each.low < each.value < each.high < 400
    assert total.value == pytest.approx(each.value * 2 * 28)
    assert other.value == pytest.approx(-100 * 2 * 28, rel=0.2)
    assert result.cost_each == pytest.approx(8400 / total.value)
    assert result.rank_p == pytest.approx(1 / 9)
    assert result.units == (2, 8)
    assert len(result.line) == 70 + 28
    assert result.line[result.start].start == START
    assert sum(weight for _name, weight in result.weights) == pytest.approx(1, abs=0.1)
    assert Doubt.POOR_FIT not in result.doubts


def test_weeks_are_counted_from_the_start(country: Any) -> None:
    with country.read() as con:
        result: Lift = LiftAnalysis().answer(scene_of(con), geo(step="week", channels=[])).result
    assert len(result.line) == 10 + 4
    assert result.line[result.start].start == START
    each = result.reading("each")
    assert each is not None
    assert each.value == pytest.approx((300 - 100) * 7, abs=300)


def test_a_test_under_way_knows_only_days_that_are_over(country: Any) -> None:
    with country.read() as con:
        early: Lift = LiftAnalysis().answer(scene_of(con, today=START + timedelta(5)), geo()).result
        before: Lift = LiftAnalysis().answer(scene_of(con, today=START), geo()).result
    assert (early.state, early.known_until, len(early.line)) == ("running", START + timedelta(4), 75)
    assert (before.state, before.known_until, before.readings) == ("planned", None, ())


def test_markets_left_out_are_compared_with_nothing(country: Any) -> None:
    left = CITIES[6:]
    with country.read() as con:
        result: Lift = LiftAnalysis().answer(scene_of(con), geo(left_out=left)).result
        assert result.units == (2, 4)
        with pytest.raises(InvalidInput) as caught:
            LiftAnalysis().answer(
                scene_of(con), geo(left_out=[one for one in CITIES if one not in (CITIES[2], CITIES[5])])
            )
    assert caught.value.code == "incrementality.no_others"


def test_a_market_that_no_order_names_is_said(country: Any) -> None:
    with country.read() as con:
        for markets, is_said in (([CITIES[2], CITIES[5]], False), ([CITIES[2], "市2"], True)):
            result: Lift = LiftAnalysis().answer(scene_of(con), geo(markets=markets)).result
            assert (Doubt.UNSOLD in result.doubts) == is_said


def test_where_an_order_states_no_city_that_of_the_person_counts(tables: Any) -> None:
    tables.fill(
        "orders",
        [
            order(1, START, None, 500, person=7),
            order(2, START, "甲", 100, person=8),
            order(3, START - timedelta(2), "甲", 9),
        ],
    )
    tables.fill("person", [{"person": 7, "city": "乙"}, {"person": 8, "city": "乙"}])
    asked = geo(markets=["乙"], channels=[], first=START, last=START, before_days=7)
    with tables.read() as con:
        result: Lift = LiftAnalysis().answer(scene_of(con), asked).result
        people = LiftAnalysis().people(scene_of(con), asked, LiftPick())
    assert result.line[-1].observed == 500
    assert people.tolist() == [7]
    assert result.readings[0].low is None  # too few periods for an interval


def holdout_tables(tables: Any) -> None:
    people = range(1, 401)
    tagged = [{"person": one, "tag": "sent" if one % 2 else "held", "value": "yes"} for one in people]
    tables.fill("tagged", tagged)
    rows = []
    for one in people:
        if one % 2 and one % 4 == 1:  # a hundred of those addressed buy, half of them for the first time
            rows.append(order(one, START, "甲", 1000, person=one, nth=1 if one % 8 == 1 else 2))
        elif one % 10 == 0:  # forty of the others do
            rows.append(order(one, START, "甲", 1000, person=one, nth=2))
        if one % 2 == 0 and one % 20 == 2:  # and twenty of them in the store
            rows.append(order(1000 + one, START, "甲", 500, person=one, channel="store", nth=2))
    rows.append(order(5000, START - timedelta(1), "甲", 9999, person=1))
    rows.append(order(5001, START, "甲", 9999, person=999))
    tables.fill("orders", rows)


def holdout(**said: Any) -> LiftQuestion:
    plain = {
        "design": "holdout",
        "first": START,
        "last": LAST,
        "treated": "sent",
        "control": "held",
        "channels": ["tmall"],
    }
    return LiftQuestion(test=LiftTest.model_validate(plain | said))


def test_a_hold_out_by_hand(tables: Any) -> None:
    holdout_tables(tables)
    with tables.read() as con:
        money: Lift = LiftAnalysis().answer(scene_of(con), holdout()).result
        buyers: Lift = LiftAnalysis().answer(scene_of(con), holdout(metric="buyers")).result
        new: Lift = LiftAnalysis().answer(scene_of(con), holdout(metric="new_customers")).result
    values = {one.name: one.value for one in money.readings}
    assert values["each"] == pytest.approx(1000 * 100 / 200 - 1000 * 40 / 200)
    assert values["relative"] == pytest.approx(1.5)
    assert values["total"] == pytest.approx(60_000)
    assert values["own"] == pytest.approx(60_000)
    assert values["elsewhere"] == pytest.approx(-500 * 20)
    assert values["net"] == pytest.approx(50_000)
    assert values["overflow_share"] == pytest.approx(1 / 6)
    assert values["new_share"] == pytest.approx(50 / 60)
    assert (money.units, money.people) == ((200, 200), 400)
    assert {one.name: one.value for one in buyers.readings}["each"] == pytest.approx(0.3)
    assert {one.name: one.value for one in new.readings}["each"] == pytest.approx(0.25)


def test_nobody_is_in_both_groups_and_no_group_is_empty(tables: Any) -> None:
    holdout_tables(tables)
    with tables.read() as con, pytest.raises(InvalidInput) as caught:
        LiftAnalysis().answer(scene_of(con), holdout(control="nobody"))
    assert caught.value.code == "incrementality.no_group"
    tables.fill("tagged", [{"person": 1, "tag": "held", "value": "yes"}])
    with tables.read() as con, pytest.raises(InvalidInput) as caught:
        LiftAnalysis().answer(scene_of(con), holdout())
    assert caught.value.code == "incrementality.both_groups"


def test_a_switch_back_by_days(tables: Any) -> None:
    dice = np.random.default_rng(1)
    lots = dice.permutation([1, 0] * 14).tolist()
    days = [START + timedelta(nth) for nth in range(28)]
    rows = [
        order(nth, day, "甲", round(1000 + 250 * lot + dice.normal(0, 30)))
        for nth, (day, lot) in enumerate(zip(days, lots, strict=True))
    ]
    tables.fill("orders", rows)
    test = LiftTest(design="switchback", first=START, last=days[-1], lots=tuple(lots))
    with tables.read() as con:
        result: Lift = LiftAnalysis().answer(scene_of(con), LiftQuestion(test=test)).result
        early: Lift = LiftAnalysis().answer(scene_of(con, today=START + timedelta(2)), LiftQuestion(test=test)).result
    each = result.reading("each")
    assert each is not None
    seen = [one["net_minor"] for one in rows]
    by_hand = np.mean([one for one, lot in zip(seen, lots, strict=True) if lot]) - np.mean(
        [one for one, lot in zip(seen, lots, strict=True) if not lot]
    )
    assert each.value == pytest.approx(by_hand)
    assert each.low is not None
    assert each.high is not None
    assert each.low < 250 < each.high
    assert early.doubts == (Doubt.FEW_UNITS,)


def test_plans_see_smaller_effects_the_longer_they_last_and_are_ranked(country: Any) -> None:
    asked = LiftPlanQuestion(
        sizes=(2, 3), lengths=(3, 14), channels=("store",), spend_minor=10_000, choices=5, step="day", before_days=42
    )
    past = Period(BEGIN, START - timedelta(1))
    with country.read() as con:
        result: LiftPlans = LiftPlanAnalysis().answer(scene_of(con, past), asked).result
        again: LiftPlans = LiftPlanAnalysis().answer(scene_of(con, past), asked).result
        sold = markets(con, "sales", "city", past, ("store",)).since_first_order()
    assert result == again
    best = result.plans[0]
    rows = tuple(sold.names.index(name) for name in best.markets)
    alone = judged(
        sold.daily, screened(sold.daily, rows, Shape(best.length, 42, 1), cost_per_day=np.zeros(len(sold.names)))
    )
    assert result.flattered >= 1
    assert best.detectable == pytest.approx(alone.detectable * result.flattered if alone.detectable else None)
    assert result.tried == 20
    visible = [one.detectable for one in result.plans]
    assert visible == sorted(visible)
    assert result.plans[0].detectable < 0.1
    for one in result.plans:
        assert one.cost_minor == pytest.approx(one.share * 10_000 * one.length, abs=1)
        assert list(one.power) == sorted(one.power)
    assert sum(share for _name, share in result.markets) == pytest.approx(1)


def test_a_budget_and_small_markets_narrow_the_plans(country: Any) -> None:
    past = Period(BEGIN, START - timedelta(1))
    plain = {"sizes": (2,), "lengths": (14,), "spend_minor": 10_000, "choices": 8, "step": "day", "before_days": 40}
    with country.read() as con:
        whole = LiftPlanAnalysis().answer(scene_of(con, past), LiftPlanQuestion.model_validate(plain)).result
        budget = min(one.cost_minor for one in whole.plans)
        cheap = (
            LiftPlanAnalysis()
            .answer(scene_of(con, past), LiftPlanQuestion.model_validate({**plain, "budget_minor": budget}))
            .result
        )
        none = (
            LiftPlanAnalysis()
            .answer(scene_of(con, past), LiftPlanQuestion.model_validate({**plain, "least": 1000}))
            .result
        )
    assert 0 < len(cheap.plans) < len(whole.plans)
    assert all(one.cost_minor <= budget for one in cheap.plans)
    assert (none.plans, none.doubts, len(none.small)) == ((), (Doubt.FEW_UNITS,), 10)


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ({"design": "geo"}, "names the markets"),
        ({"design": "geo", "markets": ["甲"], "left_out": ["甲"]}, "either treated or left out"),
        ({"design": "holdout", "treated": "x", "control": "x"}, "names two tags"),
        ({"design": "switchback", "lots": [1, 1]}, "treated and other blocks"),
        ({"design": "switchback", "lots": [1, 0], "washout_days": 1}, "leaves nothing"),
        ({"design": "geo", "markets": ["甲"], "first": "2026-12-01"}, "ends before it begins"),
    ],
)
def test_tests_that_cannot_be(said: dict[str, Any], reason: str) -> None:
    plain = {"first": str(START), "last": str(LAST), **said}
    with pytest.raises(ValueError, match=reason):
        LiftTest.model_validate(plain)
    with pytest.raises(InvalidInput):
        parse({"kind": "lift_test", "name": "x", "spec": plain})
