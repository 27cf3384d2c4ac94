"""Difference in differences against a regression with dummies, tests of scipy, and worlds with a known effect."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats
from world_kit import holds, looks_uniform

from dujiang.insight.incrementality.differences import Differences, difference_in_differences
from dujiang.insight.incrementality.model import Doubt, Panel


def panel_of(
    seed: int, *, units: int = 24, treated: int = 9, periods: int = 9, effect: float = 0.0, drift: float = 0.0
) -> Panel:
    """Units with heights, random walks and a common season of their own; the treated may drift away."""
    rng = np.random.default_rng(seed)
    outcome = (
        rng.normal(50, 10, (units, 1)) + rng.normal(0, 1, (units, periods)).cumsum(axis=1) + rng.normal(0, 3, periods)
    )
    outcome[:treated] += drift * np.arange(periods)
    outcome[:treated, 6:] += effect
    return Panel(outcome, np.arange(units) < treated, 6)


def test_four_numbers() -> None:
    outcome = np.array([[10.0, 17.0], [14.0, 21.0], [20.0, 22.0], [30.0, 34.0]])
    effect = difference_in_differences(Panel(outcome, np.array([True, True, False, False]), 1)).effect
    assert effect.value == pytest.approx(7 - 3)


def test_regression_with_dummies() -> None:
    panel = panel_of(1, units=20, treated=10, effect=2.0)
    units, periods = panel.outcome.shape
    unit, period = (index.ravel() for index in np.indices(panel.outcome.shape))
    design = np.column_stack(
        [(panel.treated[unit] & (period >= 6)).astype(float), np.eye(units)[unit], np.eye(periods)[period][:, 1:]]
    )
    y = panel.outcome.ravel()
    inverse = np.linalg.inv(design.T @ design)
    coefficients = inverse @ design.T @ y
    residual = y - design @ coefficients
    scores = [design[unit == one].T @ residual[unit == one] for one in range(units)]
    clustered = inverse @ sum(np.outer(score, score) for score in scores) @ inverse  # without small-sample correction
    effect = difference_in_differences(panel, level=0.95).effect
    assert effect.low is not None
    assert effect.high is not None
    assert effect.value == pytest.approx(coefficients[0])
    change = panel.outcome[:, 6:].mean(axis=1) - panel.outcome[:, :6].mean(axis=1)
    expected = stats.ttest_ind(change[:10], change[10:], equal_var=False)
    assert effect.p == pytest.approx(expected.pvalue)
    # CR2 multiplies the variance of ten and ten equal clusters by 10 / 9.
    error = (effect.high - effect.low) / 2 / stats.t.ppf(0.975, expected.df)
    assert error**2 == pytest.approx(clustered[0, 0] * 10 / 9)


def test_joint_test_with_one_step_is_students() -> None:
    panel = panel_of(2)
    short = Panel(panel.outcome[:, 4:], panel.treated, 2)
    steps = short.outcome[:, 1] - short.outcome[:, 0]
    expected = stats.ttest_ind(steps[:9], steps[9:]).pvalue
    assert difference_in_differences(short).joint_p == pytest.approx(expected)


def test_slopes_are_those_of_lines() -> None:
    panel = panel_of(3, drift=1.5)
    slopes = [stats.linregress(np.arange(6), row[:6]).slope for row in panel.outcome]
    trend = difference_in_differences(panel).trend
    assert trend is not None
    assert trend.value == pytest.approx(np.mean(slopes[:9]) - np.mean(slopes[9:]))


def test_checks_written_out() -> None:
    panel = panel_of(4, effect=3.0)
    answer = difference_in_differences(panel)
    for unit in range(24):
        keep = np.arange(24) != unit
        rest = difference_in_differences(Panel(panel.outcome[keep], panel.treated[keep], 6))
        assert answer.without[unit] == pytest.approx(rest.effect.value)
    for placebo in answer.placebos:
        earlier = difference_in_differences(Panel(panel.outcome[:, :6], panel.treated, placebo.start))
        assert placebo.estimate == earlier.effect
    assert [placebo.start for placebo in answer.placebos] == [1, 2, 3, 4, 5]
    before = [one.value for one in answer.by_period[:6]]
    assert np.mean([one.value for one in answer.by_period[6:]]) == pytest.approx(answer.effect.value)
    assert sum(before) == pytest.approx(0, abs=1e-9)


def worlds(count: int, **what: float) -> list[Differences]:
    return [difference_in_differences(panel_of(seed, **what)) for seed in range(count)]  # type: ignore[arg-type]


@pytest.mark.parametrize("count", [300, pytest.param(4000, marks=pytest.mark.slow)])
def test_intervals_hold_the_truth_and_nothing_looks_like_nothing(count: int) -> None:
    held = np.mean([holds(answer.effect, 2.0) for answer in worlds(count, effect=2.0)])
    assert held == pytest.approx(0.9, abs=3.5 * (0.09 / count) ** 0.5 + 0.01)
    idle = worlds(count)
    assert looks_uniform([answer.effect.p for answer in idle if answer.effect.p is not None]) < 1
    assert looks_uniform([answer.joint_p for answer in idle if answer.joint_p is not None]) < 1
    assert looks_uniform([answer.trend.p for answer in idle if answer.trend and answer.trend.p is not None]) < 1


def test_drifting_apart_is_noticed() -> None:
    drifting = [Doubt.PRE_TREND in answer.doubts for answer in worlds(40, drift=1.5)]
    assert np.mean(drifting) > 0.9


def test_what_cannot_be_said() -> None:
    panel = panel_of(1, units=9, treated=1)
    answer = difference_in_differences(panel)
    assert answer.effect.low is None
    assert Doubt.FEW_UNITS in answer.doubts
    assert answer.joint_p is None
    assert np.isnan(answer.without[0])
    assert difference_in_differences(Panel(panel.outcome[:, 4:], panel.treated, 2)).trend is None
