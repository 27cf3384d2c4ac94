"""Synthetic control against the conditions of optimality, inference written out, and worlds with a known effect."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize
from world_kit import holds, markets

from dujiang.foundation.errors import InvalidInput
from dujiang.insight.incrementality.model import Doubt, Panel, levelled
from dujiang.insight.incrementality.simplex import simplex_weights
from dujiang.insight.incrementality.synthetic import (
    PLAIN,
    Method,
    conformal_p,
    mixture,
    placebo_rank,
    synthetic_control,
)


@settings(deadline=None, max_examples=60)
@given(
    st.integers(0, 10_000),
    st.integers(1, 8),
    st.integers(1, 12),
    st.sampled_from([0.0, 0.5]),
    st.sampled_from([1e-6, 1, 1e6]),
)
def test_weights_are_optimal(seed: int, donors: int, periods: int, penalty: float, scale: float) -> None:
    rng = np.random.default_rng(seed)
    pool, target = rng.normal(2, 3, (donors, periods)), rng.normal(2, 3, periods)
    weights = simplex_weights(pool * scale, target * scale, penalty=penalty * scale**2)
    assert weights.min() >= 0
    assert weights.sum() == pytest.approx(1)
    # On a simplex the optimum is where no direction towards a corner leads down, and all corners in use are equally steep.
    slope = pool @ (weights @ pool - target) + penalty * weights
    assert slope[weights > 1e-9].max() - slope.min() < 1e-6 * max(1.0, np.abs(slope).max())


def test_another_solver_finds_the_same() -> None:
    rng = np.random.default_rng(4)
    pool, target = rng.normal(0, 1, (6, 30)), rng.normal(0.3, 1, 30)
    found = minimize(
        lambda w: ((target - w @ pool) ** 2).sum(), np.full(6, 1 / 6), method="SLSQP", bounds=[(0, 1)] * 6, tol=1e-12,
        constraints={"type": "eq", "fun": lambda w: w.sum() - 1},
    )  # fmt: skip
    assert simplex_weights(pool, target) == pytest.approx(found.x, abs=1e-4)


def test_a_mixture_is_found_and_its_height() -> None:
    rng = np.random.default_rng(2)
    donors = rng.normal(50, 5, (4, 30))
    fit = mixture(donors, np.array([0.6, 0, 0.4, 0]) @ donors + 7, Method(noise=0))
    assert fit.weights == pytest.approx([0.6, 0, 0.4, 0], abs=1e-9)
    assert fit.height == pytest.approx(7)
    without = mixture(donors, np.array([0.6, 0, 0.4, 0]) @ donors + 7, Method(intercept=False))
    assert without.height == 0


def test_weights_are_optimal_with_a_penalty_for_each_donor() -> None:
    rng = np.random.default_rng(8)
    pool, target, penalty = rng.normal(0, 1, (6, 30)), rng.normal(0.3, 1, 30), np.array([0, 1.0, 5, 20, 80, 300])
    found = minimize(
        lambda w: ((target - w @ pool) ** 2).sum() + (penalty * w**2).sum(), np.full(6, 1 / 6), method="SLSQP",
        bounds=[(0, 1)] * 6, tol=1e-12, constraints={"type": "eq", "fun": lambda w: w.sum() - 1},
    )  # fmt: skip
    assert simplex_weights(pool, target, penalty=penalty) == pytest.approx(found.x, abs=1e-4)


def test_noisy_donors_weigh_less() -> None:
    rng = np.random.default_rng(9)
    wave = 10 * np.sin(np.arange(40) / 6)
    donors = wave + rng.normal(0, 1, (8, 40)) * np.array([0.5] * 4 + [6.0] * 4)[:, None]
    fit = mixture(donors, wave + rng.normal(0, 1, 40), PLAIN)
    assert fit.weights[:4].sum() > 0.9


def sparse(seed: int) -> Panel:
    """Sixteen markets with two to nine orders a week, each with a chance of its own and a season that all share."""
    rng = np.random.default_rng(seed)
    mean = rng.uniform(2, 9, 16)[:, None] * (1 + 0.3 * np.sin(np.arange(16) / 3 + rng.uniform(0, 6)))
    return levelled(Panel(rng.poisson(mean).astype(float), np.arange(16) < 4, 12))


def test_sparse_markets_are_followed_better_than_by_least_squares() -> None:
    panels = [sparse(seed) for seed in range(200)]
    counted, plain = (
        np.array([synthetic_control(one, method).average.value for one in panels])
        for method in (PLAIN, Method(noise=0))
    )
    assert counted.std() < 0.9 * plain.std()
    assert abs(counted.mean()) < 3 * counted.std() / 200**0.5 + 0.01


def test_ridge_comes_closer_before_the_start() -> None:
    panel = markets(3, noise=2.0)
    plain, closer = (synthetic_control(panel, method) for method in (PLAIN, Method(ridge=0.01)))
    assert closer.gap < plain.gap
    assert closer.fit.weights.sum() == pytest.approx(1)
    far = synthetic_control(panel, Method(ridge=1e9))
    assert far.fit.weights == pytest.approx(plain.fit.weights, abs=1e-6)


def test_conformal_p_written_out() -> None:
    panel = markets(5, periods=25, start=21, effect=1.0)
    observed, donors = panel.outcome[0], panel.outcome[1:]
    for effect in (0.0, 1.0, 3.0):
        supposed = [value - effect * (period >= 21) for period, value in enumerate(observed)]
        residual = supposed - mixture(donors, np.array(supposed), PLAIN).predict(donors)
        own = abs(sum(residual[21:]))
        shifted = [abs(sum(residual[(period + shift) % 25] for period in range(21, 25))) for shift in range(25)]
        expected = sum(one >= own - 1e-12 for one in shifted) / 25
        assert conformal_p(observed, donors, 21, PLAIN, effect) == pytest.approx(expected)


def test_ends_of_the_interval_are_where_p_crosses() -> None:
    panel = markets(6, effect=2.0)
    average = synthetic_control(panel).average
    assert average.low is not None
    assert average.high is not None
    for end, outwards in ((average.low, -1), (average.high, 1)):
        p_in, p_out = (
            conformal_p(panel.outcome[0], panel.outcome[1:], 30, PLAIN, end + outwards * step) for step in (0.0, 0.02)
        )
        assert p_in > 0.1 >= p_out


def test_rank_written_out() -> None:
    panel = markets(7, units=8, effect=1.0)
    growth = []
    for unit in range(8):
        # The treated market is no donor of the others, as its effect would spoil them.
        donors = panel.outcome[[other for other in range(1, 8) if other != unit]]
        fit = mixture(donors[:, :30], panel.outcome[unit, :30], PLAIN)
        gaps = panel.outcome[unit] - fit.predict(donors)
        growth.append(np.sqrt((gaps[30:] ** 2).mean() / (gaps[:30] ** 2).mean()))
    expected = sum(one >= growth[0] for one in growth) / 8
    assert placebo_rank(panel.outcome[0], panel.outcome[1:], 30, PLAIN) == expected


@pytest.mark.parametrize("worlds", [60, pytest.param(600, marks=pytest.mark.slow)])
def test_planted_effects_are_found_and_nothing_is_not(worlds: int) -> None:
    held, errors, ps, ranks = 0, [], [], []
    for seed in range(worlds):
        answer = synthetic_control(markets(1000 + seed, effect=3.0))
        held += holds(answer.average, 3.0)
        errors.append(answer.average.value - 3.0)
        idle = markets(1000 + seed)
        ps.append(conformal_p(idle.outcome[0], idle.outcome[1:], 30, PLAIN, 0.0))
        ranks.append(placebo_rank(idle.outcome[0], idle.outcome[1:], 30, PLAIN))
    near = 3 * (0.09 / worlds) ** 0.5
    assert held / worlds > 0.88 - near
    assert abs(np.mean(errors)) < 4 * np.std(errors) / worlds**0.5
    for share in (0.1, 0.2, 0.5):
        allowed = share + 0.02 + 3 * (share * (1 - share) / worlds) ** 0.5
        assert np.mean(np.array(ps) <= share) < allowed
        assert np.mean(np.array(ranks) <= share) < allowed
    assert np.mean(np.array(ps) <= 0.5) > 0.5 - 0.1 - 3 * (0.25 / worlds) ** 0.5


def test_totals_and_relative_effects() -> None:
    answer = synthetic_control(markets(9, units=14, treated=3, effect=5.0))
    assert answer.relative is not None
    assert answer.total.value == pytest.approx(answer.average.value * 3 * 10)
    assert answer.relative.value == pytest.approx(answer.effects[30:].mean() / answer.expected[30:].mean())
    assert answer.average.value == pytest.approx(5, abs=1)
    assert answer.doubts == ()


def test_what_cannot_be_said() -> None:
    short = synthetic_control(markets(1, periods=14, start=9))
    assert (short.average.low, short.average.p, short.doubts[:1]) == (None, None, (Doubt.FEW_PERIODS,))
    strict = synthetic_control(markets(1), level=0.99)  # 40 periods cannot give a p of 0.01
    assert Doubt.FEW_PERIODS in strict.doubts
    few = synthetic_control(markets(1, units=3))
    assert Doubt.FEW_UNITS in few.doubts
    assert few.rank is None
    panel = markets(1)
    alone = panel.outcome.copy()
    alone[0] = np.random.default_rng(3).normal(100, 5, 40)
    assert Doubt.POOR_FIT in synthetic_control(Panel(alone, panel.treated, 30)).doubts


def test_panels_that_cannot_be() -> None:
    good = markets(1)
    hole = good.outcome.copy()
    hole[2, 3] = np.nan
    for outcome, treated, start in (
        (hole, good.treated, 30),
        (good.outcome, good.treated[:-1], 30),
        (good.outcome, np.zeros(12, np.bool_), 30),
        (good.outcome, np.ones(12, np.bool_), 30),
        (good.outcome, good.treated, 0),
        (good.outcome, good.treated, 40),
    ):
        with pytest.raises(InvalidInput):
            Panel(outcome, treated, start)
