"""Contribution against a brand worked out by hand, and against the slow and obvious reading of brands by lot."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any, cast

import pytest
from sales_kit import LONG, PERIOD, START, ZONE, World, at, filled, made, order, slow, talk, till, visit

from dujiang.foundation.timewindows import Period
from dujiang.insight.contribution.analysis import Contribution, ContributionAnalysis, changes
from dujiang.insight.contribution.question import ContributionPick, ContributionQuestion
from dujiang.insight.questions.scene import Scene

EARLIER = PERIOD.shifted(-PERIOD.days)
TODAY = date(2026, 11, 23)


def scene_of(con: Any, period: Period = PERIOD) -> Scene:
    return Scene(con, cast(Any, None), cast(Any, None), ZONE, TODAY, period, None, {}, till())


def asked(**said: Any) -> ContributionQuestion:
    return ContributionQuestion.model_validate({"look_back_days": LONG.days, "rounds": 0} | said)


def answered(tables: Any, question: ContributionQuestion, period: Period = PERIOD) -> Contribution:
    with tables.read() as con:
        return ContributionAnalysis().answer(scene_of(con, period), question).result


HAND = World(
    orders=[
        order(1, 1, at(5), "tmall", 1000),  # seen in the mini-program two days before: half and half
        order(2, 2, at(6), "mini", 600, guide="甲"),  # on the word of a guide
        order(3, 3, at(7), "store", 900, guide="乙"),  # at the till
        order(4, 4, at(9), "site", 300),  # seen in the mini-program the day before
        order(5, None, at(9), "site", 5000),  # of nobody known
        order(6, 1, at(20, month=10), "tmall", 400),  # the period before, untouched by others
        order(7, 2, at(21, month=10), "mini", 200),
    ],
    visits=[
        visit(1, at(3), "mini", utm_source="baidu"), visit(2, at(6, 9), "mini"), visit(4, at(8), "site"),
        visit(4, at(8, 15), "mini"), visit(5, at(10), "mini"), visit(2, at(21, 9, month=10), "mini"),
    ],
    talks=[talk(1, 5, at(10))],
)  # fmt: skip


def test_a_small_brand_by_hand(tables: Any) -> None:
    filled(tables, HAND)
    result = answered(tables, asked(costs={"mini": 190, "tmall": 0}))
    assert (result.conversions, result.value) == (4, 2800.0)
    mini, tmall, guide = (result.row(key) for key in ("mini", "tmall", ":guide"))
    assert mini is not None
    assert tmall is not None
    assert guide is not None
    assert (mini.direct.conversions, mini.assist.conversions, mini.total.conversions) == (0.5, 1.0, 1.5)
    assert (mini.direct.value, mini.assist.value, mini.total.value) == (300.0, 650.0, 950.0)
    assert (mini.closed, mini.helped, mini.reach) == (1, 2, 4)
    assert (mini.rate, mini.worth) == (0.375, pytest.approx(950 / 1.5))
    assert (mini.cost, mini.roas, mini.cost_each) == (190, 5.0, pytest.approx(190 / 1.5))
    assert (tmall.direct.value, tmall.assist.value, tmall.reach) == (500.0, 0.0, 1)
    assert (tmall.cost, tmall.roas, tmall.cost_each) == (0, None, 0.0)
    assert (guide.direct.conversions, guide.assist.conversions, guide.assist.value) == (0.0, 1.0, 750.0)
    wecom = result.row("wecom")
    assert wecom is not None
    assert (wecom.reach, wecom.rate, wecom.worth, wecom.total.conversions) == (1, 0.0, None, 0.0)
    assert [one.key for one in result.rows][:2] == ["mini", ":guide"]


def test_by_guide_the_till_is_his_own_and_online_he_helps(tables: Any) -> None:
    filled(tables, HAND)
    result = answered(tables, asked(credit="guide"))
    one, other = result.row("甲"), result.row("乙")
    assert one is not None
    assert other is not None
    assert (one.direct.value, one.assist.value) == (0.0, 300.0)
    assert (other.direct.value, other.assist.value) == (450.0, 0.0)


def test_what_changed_by_hand(tables: Any) -> None:
    filled(tables, HAND)
    now, before = answered(tables, asked()), answered(tables, asked(), EARLIER)
    found = {one.key: one for one in changes(now, before)}
    whole = found[""]
    assert (whole.before, whole.now) == (600.0, 2800.0)
    assert whole.direct + whole.assist == pytest.approx(2200.0)
    # One person, one order of 400 each; then one person, half an order worth 1000: 1 × 1 × 400 → 1 × 0.5 × 1000.
    tmall = found["tmall"]
    assert (tmall.before, tmall.now, tmall.by_reach) == (400.0, 500.0, 0.0)
    assert (tmall.by_rate, tmall.by_worth) == (pytest.approx(-0.5 * 700), pytest.approx(600 * 0.75))
    # Nobody was reached by guides before: all of it is reach.
    assert (found[":guide"].by_reach, found[":guide"].by_rate, found[":guide"].by_worth) == (750.0, 0.0, 0.0)


@pytest.mark.parametrize("seed", range(10))
@pytest.mark.parametrize(("credit", "model"), [("channel", "shapley"), ("channel", "linear"), ("guide", "shapley")])
def test_brands_by_lot_are_those_of_the_slow_reading(tables: Any, seed: int, credit: str, model: str) -> None:
    world = made(seed)
    filled(tables, world)
    result = answered(tables, asked(credit=credit, model={"name": model}))
    expected = slow(world, credit=credit, model=model)
    assert {one.key for one in result.rows} >= {key for key, one in expected.items() if one.closed + one.helped}
    for one in result.rows:
        own = expected[one.key]
        assert one.direct.conversions == pytest.approx(own.direct)
        assert one.assist.conversions == pytest.approx(own.assist)
        assert one.direct.value == pytest.approx(own.direct_value)
        assert one.assist.value == pytest.approx(own.assist_value)
        assert (one.closed, one.helped, one.reach) == (own.closed, own.helped, len(own.people))
        assert one.total.conversions == pytest.approx(own.direct + own.assist)
    assert sum(one.total.conversions for one in result.rows) == pytest.approx(result.conversions)
    assert sum(one.total.value for one in result.rows) == pytest.approx(result.value)
    assert sum(one.closed for one in result.rows) == result.conversions


@pytest.mark.parametrize("seed", range(6))
def test_steps_add_up_and_are_those_of_their_days(tables: Any, seed: int) -> None:
    world = made(seed)
    filled(tables, world)
    result = answered(tables, asked(grain="day"))
    for one in result.rows:
        steps = [step for step in result.line if step.key == one.key]
        assert len(steps) == PERIOD.days
        assert sum(step.direct for step in steps) == pytest.approx(one.direct.conversions)
        assert sum(step.assist_value for step in steps) == pytest.approx(one.assist.value)
    day = max({row["day"] for row in world.orders if PERIOD.first <= row["day"] <= PERIOD.last})
    expected = slow(world, days=day)
    for step in (one for one in result.line if one.start == day):
        assert (step.direct, step.assist) == (
            pytest.approx(expected[step.key].direct),
            pytest.approx(expected[step.key].assist),
        )


@pytest.mark.parametrize("seed", range(6))
def test_changes_leave_nothing_over(tables: Any, seed: int) -> None:
    filled(tables, made(seed))
    now, before = answered(tables, asked()), answered(tables, asked(), EARLIER)
    whole, *each = changes(now, before)
    assert (whole.before, whole.now) == (pytest.approx(before.value), pytest.approx(now.value))
    for one in (whole, *each):
        assert one.by_reach + one.by_rate + one.by_worth == pytest.approx(one.now - one.before)
        assert one.direct + one.assist == pytest.approx(one.now - one.before)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("credit", ["channel", "guide"])
def test_people_behind_numbers(tables: Any, seed: int, credit: str) -> None:
    world = made(seed)
    filled(tables, world)
    question, analysis = asked(credit=credit, grain="week"), ContributionAnalysis()
    expected = slow(world, credit=credit)
    with tables.read() as con:
        scene = scene_of(con)
        result = analysis.answer(scene, question).result
        for one in result.rows:
            reached = analysis.people(scene, question, ContributionPick(key=one.key, role="reached"))
            assert reached.tolist() == sorted(expected[one.key].people)
            counts = {"direct": one.closed, "assist": one.helped, "any": one.closed + one.helped}
            for role, count in counts.items():
                pick = ContributionPick.model_validate({"key": one.key, "role": role})
                people = analysis.people(scene, question, pick)
                assert (len(people) > 0) == (count > 0)
                assert len(people) <= count
        week = ContributionPick(start=date(2026, 11, 9))
        ordered = {
            row["person"] for row in world.orders
            if row["status"] == "valid" and row["person"] and date(2026, 11, 9) <= row["day"] <= date(2026, 11, 15)
        }  # fmt: skip
        assert analysis.people(scene, question, week).tolist() == sorted(ordered)


@pytest.mark.parametrize(
    "model", ["first", "last", "last_non_direct", "linear", "time_decay", "position", "custom", "shapley"]
)
def test_parts_of_every_model_are_its_credits(tables: Any, model: str) -> None:
    filled(tables, made(3))
    result = answered(tables, asked(model={"name": model, "weights": {"mini": 3.0} if model == "custom" else {}}))
    assert result.conversions > 0
    for one in result.rows:
        assert one.direct.conversions + one.assist.conversions == pytest.approx(one.total.conversions)
        assert one.direct.value + one.assist.value == pytest.approx(one.total.value)
    assert sum(one.total.conversions for one in result.rows) == pytest.approx(result.conversions)


def test_intervals_hold_the_credit_and_are_missing_where_there_are_few(tables: Any) -> None:
    filled(tables, HAND)
    few = answered(tables, asked(rounds=40))
    assert {one.total.low for one in few.rows} == {None}
    tables.clear("orders", "visit", "conversation")
    more = [order(nth, nth, START + timedelta(hours=nth), "site", 100 + nth) for nth in range(80)]
    filled(tables, World(more, [visit(nth, START + timedelta(hours=nth), "mini") for nth in range(0, 80, 2)], []))
    result = answered(tables, asked(rounds=40))
    for one in result.rows:
        for part in (one.direct, one.assist, one.total):
            assert part.low is not None
            assert part.high is not None
            assert part.low <= part.conversions <= part.high
    site = result.row("site")
    assert site is not None
    assert site.direct.low is not None
    assert site.direct.low < site.direct.conversions == 60


def test_nobody_did_anything(tables: Any) -> None:
    with tables.read() as con:
        scene, analysis, question = scene_of(con), ContributionAnalysis(), asked(grain="week")
        found = analysis.answer(scene, question)
        assert (found.result.conversions, found.result.rows, found.result.line) == (0, (), ())
        assert all(not table.rows for table in analysis.tables(question, found.result, found.result))
        assert analysis.people(scene, question, ContributionPick(key="mini")).tolist() == []
        assert analysis.people(scene, question, ContributionPick(key="mini", role="reached")).tolist() == []


def test_tables_hold_a_value_for_every_column_and_name_people(tables: Any) -> None:
    filled(tables, made(2))
    question, analysis = asked(grain="week"), ContributionAnalysis()
    with tables.read() as con:
        now, before = (analysis.answer(scene_of(con, one), question).result for one in (PERIOD, EARLIER))
        shown = analysis.tables(question, now, before)
    assert [one.name for one in shown] == ["contribution", "changes", "basis", "incremental", "line"]
    for table in shown:
        assert {len(row) for row in table.rows} == {len(table.columns)}
        assert len(table.picks) in (0, len(table.rows))
        for pick in table.picks:
            ContributionPick.model_validate(pick)
    assert [one.name for one in analysis.tables(asked(), now, None)] == ["contribution", "basis", "incremental"]


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ({"model": {"name": "markov"}}, "shares out each conversion"),
        ({"model": {"name": "shapley_rate"}}, "shares out each conversion"),
        ({"conversion": {"source": "refunds"}}, "an order or an event"),
        ({"by": ["channel"]}, "`credit`"),
    ],
)
def test_what_cannot_be_asked(said: dict[str, Any], reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        ContributionQuestion.model_validate(said)


def test_events_are_closed_by_what_led_last(tables: Any) -> None:
    filled(tables, HAND)
    result = answered(tables, asked(credit="origin"))
    assert sum(one.closed for one in result.rows) == 4
    baidu = result.row("baidu")
    assert baidu is not None
    # The purchase in another channel is direct: what led there last closed it.
    assert (baidu.closed, baidu.helped) == (1, 0)
    guide = result.row(":guide")
    assert guide is not None
    assert (guide.closed, guide.helped) == (0, 2)
