"""Increments: what a registered test of one channel measured, and for everything else the reason why nothing is known."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any, cast

import numpy as np
import pytest
from sales_kit import ZONE, order

from dujiang.foundation.definitions import Definition, parse
from dujiang.foundation.timewindows import Period
from dujiang.insight.contribution.analysis import Contribution, ContributionAnalysis
from dujiang.insight.contribution.measured import REASONS, Incremental, measured
from dujiang.insight.contribution.question import ContributionQuestion
from dujiang.insight.incrementality.analysis import LiftAnalysis
from dujiang.insight.incrementality.question import LiftQuestion, LiftTest
from dujiang.insight.questions.scene import Scene

TODAY = date(2026, 11, 23)
PERIOD = Period(date(2026, 11, 2), date(2026, 11, 22))
FIRST, LAST = date(2026, 11, 3), date(2026, 11, 16)
LOTS = (1, 0, 0, 1, 1, 0, 1, 0, 1, 1, 0, 0, 1, 0)


def lift(name: str = "push", **said: Any) -> Definition:
    spec = {
        "design": "switchback", "metric": "sales", "first": FIRST, "last": LAST, "channels": ["tmall"], "lots": LOTS,
        "cost_minor": 7000,
    }  # fmt: skip
    return parse({"kind": "lift_test", "name": name, "title": {"en": name}, "owner": "x", "spec": spec | said})


@pytest.fixture
def shop(tables: Any) -> Any:
    """Ten orders a day; on days when the channel was pushed, three more of them and a little dearer."""
    dice, rows, key = np.random.default_rng(2), [], 0
    for nth in range(PERIOD.days):
        day = PERIOD.first + timedelta(nth)
        place = (day - FIRST).days
        pushed = 0 <= place < len(LOTS) and LOTS[place]
        for _order in range(10 + 3 * pushed):
            when = Period(day, day).moments(ZONE)[0]
            rows.append(order(key, key, when, "tmall", int(dice.normal(1000, 30))))
            key += 1
    tables.fill("orders", rows)
    return tables


def of(
    tables: Any, *tests: Definition, period: Period = PERIOD, today: date = TODAY, key: str = "tmall", **said: Any
) -> Incremental:
    question = ContributionQuestion.model_validate({"rounds": 0} | said)
    with tables.read() as con:
        return measured(scene_of(con, *tests, period=period, today=today), question, key)


def scene_of(con: Any, *tests: Definition, period: Period = PERIOD, today: date = TODAY) -> Scene:
    known = {one.key: one for one in tests}
    return Scene(con, cast(Any, None), cast(Any, None), ZONE, today, period, None, {}, known)


def test_it_is_the_total_of_the_test_with_its_interval(shop: Any) -> None:
    test = lift()
    with shop.read() as con:
        total = LiftAnalysis().answer(scene_of(con), LiftQuestion(test=LiftTest.model_validate(test.spec))).result
        expected = total.reading("total")
        result: Contribution = ContributionAnalysis().answer(scene_of(con, test), ContributionQuestion(rounds=0)).result
    tmall = result.row("tmall")
    assert tmall is not None
    found = tmall.incremental
    assert (found.reason, found.test, found.metric, found.first, found.last) == ("", "push", "sales", FIRST, LAST)
    assert (found.value, found.low, found.high) == (expected.value, expected.low, expected.high)
    # Three orders of about 1000 on each of seven days.
    assert found.low is not None
    assert found.high is not None
    assert found.low < 3 * 7 * 1000 < found.high
    assert found.cost_minor == 7000
    # What was measured is no part of what is shared out.
    assert sum(one.total.value for one in result.rows) == pytest.approx(result.value)


@pytest.mark.parametrize(
    ("said", "asked", "reason"),
    [
        ({}, {"key": "site"}, "no_test"),
        ({}, {"period": Period(date(2026, 9, 1), date(2026, 9, 30))}, "no_test"),
        ({"channels": ["tmall", "jd"]}, {}, "together"),
        ({}, {"period": Period(date(2026, 11, 5), date(2026, 11, 22))}, "beyond"),
        ({}, {"today": date(2026, 11, 10)}, "running"),
        ({"metric": "buyers"}, {}, "other_metric"),
        ({"metric": "new_customers"}, {}, "other_metric"),
        ({}, {"value": "paid"}, "other_metric"),
        ({}, {"conversion": {"source": "orders", "where": [{"column": "nth", "value": 1}]}}, "other_metric"),
        ({}, {"conversion": {"source": "orders", "where": [{"column": "store", "value": "x"}]}}, "narrower"),
        ({}, {"conversion": {"source": "orders", "where": [{"column": "channel", "value": "site"}]}}, "narrower"),
        ({}, {"credit": "guide"}, "not_channel"),
        ({"lots": (1, 0), "block_days": 7}, {}, "no_answer"),
    ],
)
def test_why_nothing_is_known(shop: Any, said: dict[str, Any], asked: dict[str, Any], reason: str) -> None:
    found = of(shop, lift(**said), **asked)
    assert (found.reason, found.value, found.low, found.high) == (reason, None, None, None)
    assert reason in REASONS


def test_orders_of_the_channel_and_of_new_customers_fit(shop: Any) -> None:
    only: dict[str, Any] = {
        "conversion": {"source": "orders", "where": [{"column": "channel", "op": "among", "value": ["tmall", "x"]}]}
    }
    assert of(shop, lift(), **only).reason == ""
    first: dict[str, Any] = {"conversion": {"source": "orders", "where": [{"column": "nth", "value": 1}]}}
    found = of(shop, lift(metric="new_customers"), **first)
    assert (found.reason, found.metric) == ("", "new_customers")
    assert found.value == pytest.approx(3 * 7, abs=1e-6)


def test_of_several_the_one_that_ended_last_and_never_their_sum(shop: Any) -> None:
    early = lift("early", last=FIRST + timedelta(6), lots=LOTS[:7])
    found = of(shop, early, lift())
    assert found.test == "push"
    assert of(shop, early, lift(metric="buyers")).test == "early"
