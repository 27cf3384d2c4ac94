"""Plans of tests by market against windows written out, and against tests that are then made."""

from __future__ import annotations

import numpy as np
import pytest
from world_kit import markets

from dujiang.foundation.errors import InvalidInput
from dujiang.insight.incrementality.design import candidates, plan, ranked
from dujiang.insight.incrementality.model import Doubt
from dujiang.insight.incrementality.synthetic import PLAIN, mixture

COSTS = np.full(12, 50.0)


def test_errors_written_out() -> None:
    past = markets(1, periods=60).outcome
    answer = plan(past, (0, 3), 5, cost_per_period=COSTS)
    target, donors = past[[0, 3]].mean(axis=0), past[[1, 2, *range(4, 12)]]
    expected = []
    for start in range(10, 56):
        alike = donors * (target[:start].mean() / donors[:, :start].mean(axis=1))[:, None]
        fit = mixture(alike[:, :start], target[:start], PLAIN)
        usual = fit.predict(alike[:, start : start + 5]).mean()
        expected.append(target[start : start + 5].mean() / usual - 1)
    assert answer.errors == pytest.approx(expected)
    assert answer.threshold == sorted(abs(one) for one in expected)[int(np.ceil(0.9 * 45))]
    assert answer.cost == 2 * 5 * 50
    assert answer.share == pytest.approx(past[[0, 3]].sum() / past.sum())


def test_the_detectable_effect_has_the_power_asked_for() -> None:
    answer = plan(markets(2, periods=80).outcome, (0,), 6, cost_per_period=COSTS)
    assert answer.detectable is not None
    seen, hardly, nothing = (
        answer.power(effect) for effect in (answer.detectable + 1e-9, answer.detectable * 0.8, 0.0)
    )
    assert seen is not None
    assert hardly is not None
    assert nothing is not None
    assert seen >= 0.8 > hardly
    assert nothing <= 0.1
    past = markets(2, periods=80).outcome[0, -6:].sum()
    assert answer.cost_per_gain == pytest.approx(300 / (answer.detectable * past))


def test_longer_tests_see_smaller_effects() -> None:
    past = markets(3, periods=120, noise=3.0).outcome
    short, long = (plan(past, (0,), length, cost_per_period=COSTS).detectable for length in (1, 16))
    assert short is not None
    assert long is not None
    assert long < short


@pytest.mark.slow
def test_power_is_that_of_tests_made_afterwards() -> None:
    seen = alarms = 0
    for seed in range(300):
        world = markets(seed, periods=110, start=100)
        past = world.outcome[:, :100]
        answer = plan(past, (0,), 10, cost_per_period=COSTS)
        assert answer.threshold is not None
        assert answer.detectable is not None
        fit = mixture(past[1:], past[0], PLAIN)
        usual = fit.predict(world.outcome[1:, 100:]).mean()
        error = world.outcome[0, 100:].mean() / usual - 1
        alarms += abs(error) > answer.threshold
        seen += abs(error + answer.detectable) > answer.threshold
    assert alarms / 300 == pytest.approx(0.1, abs=0.06)
    assert seen / 300 == pytest.approx(0.8, abs=0.08)


def test_choices_take_one_market_from_every_band() -> None:
    past = np.arange(1.0, 13.0)[:, None] * np.ones(20)
    found = candidates(past, 3, np.random.default_rng(1), count=20)
    assert len(set(found)) == len(found) == 20
    assert all([market // 4 for market in choice] == [0, 1, 2] for choice in found)
    assert candidates(past, 3, np.random.default_rng(1), count=20) == found


def test_ranking() -> None:
    past = markets(4, periods=70).outcome
    plans = [plan(past, (market,), length, cost_per_period=COSTS) for market in range(4) for length in (4, 8)]
    best = ranked(plans, budget=200)
    assert [one.length for one in best] == [4] * 4
    detectable = [one.detectable for one in best if one.detectable is not None]
    assert detectable == sorted(detectable)


def test_what_cannot_be_said() -> None:
    short = plan(markets(1, periods=25, start=20).outcome, (0,), 4, cost_per_period=COSTS)
    assert (short.threshold, short.detectable, short.power(0.5), short.doubts) == (
        None,
        None,
        None,
        (Doubt.FEW_PERIODS,),
    )
    few = plan(markets(1, units=3, periods=60).outcome, (0,), 4, cost_per_period=COSTS[:3])
    assert Doubt.FEW_UNITS in few.doubts
    assert ranked([short, few]) == ()


@pytest.mark.parametrize(("chosen", "length"), [((), 4), ((12,), 4), ((0,), 0), ((0,), 60)])
def test_refusals(chosen: tuple[int, ...], length: int) -> None:
    with pytest.raises(InvalidInput):
        plan(markets(1, periods=60).outcome, chosen, length, cost_per_period=COSTS)
    with pytest.raises(InvalidInput):
        candidates(np.ones((3, 9)), 3, np.random.default_rng(1))
