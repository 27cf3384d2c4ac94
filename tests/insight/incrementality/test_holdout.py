"""Hold-outs against published numbers, scipy, and many repetitions of a world with a known effect."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats
from world_kit import holds, looks_uniform

from dujiang.foundation.errors import InvalidInput
from dujiang.insight.incrementality.holdout import Sums, compare_means, compare_shares
from dujiang.insight.incrementality.model import Doubt


def sums_of(mean: float, deviation: float, n: int) -> Sums:
    return Sums(n, mean * n, deviation**2 * (n - 1) + n * mean**2)


def of(values: np.ndarray) -> Sums:
    return Sums(len(values), float(values.sum()), float((values**2).sum()))


def test_growthbook_means() -> None:
    answer = compare_means(sums_of(0.70, 6.2, 3461), sums_of(0.41, 3.9, 3407), level=0.95)
    absolute, relative = answer.absolute, answer.relative
    assert relative is not None
    assert (absolute.value, absolute.low, absolute.high) == pytest.approx((0.29, 0.04538, 0.53462), abs=1e-5)
    assert absolute.p == pytest.approx(0.02016, abs=1e-5)
    assert (relative.value, relative.low, relative.high) == pytest.approx((0.70732, -0.03526, 1.44989), abs=3e-5)
    assert relative.p == pytest.approx(0.06191, abs=1e-5)


def test_growthbook_sums() -> None:
    relative = compare_means(Sums(2461, 1922.7, 94698.29), Sums(2507, 1196.87, 37377.9767), level=0.95).relative
    assert relative is not None
    assert (relative.value, relative.low, relative.high) == pytest.approx((0.63646, -0.0875, 1.36048), abs=5e-5)
    assert relative.p == pytest.approx(0.08487, abs=1e-5)


@pytest.mark.parametrize(
    ("counts", "low", "high"),
    [((56, 70, 48, 80), 0.0524, 0.3339), ((9, 10, 3, 10), 0.1705, 0.8090), ((5, 56, 0, 29), -0.0381, 0.1926)],
)
def test_newcombe_table(counts: tuple[int, int, int, int], low: float, high: float) -> None:
    absolute = compare_shares(*counts, level=0.95).absolute
    assert (absolute.low, absolute.high) == pytest.approx((low, high), abs=5e-5)


def test_scipy_agrees() -> None:
    rng = np.random.default_rng(1)
    one, other = rng.gamma(1, 5, 200), rng.gamma(1, 4, 90)
    answer = compare_means(of(one), of(other), level=0.9).absolute
    expected = stats.ttest_ind(one, other, equal_var=False)
    assert answer.p == pytest.approx(expected.pvalue)
    assert (answer.low, answer.high) == pytest.approx(tuple(expected.confidence_interval(0.9)))
    table = [[56, 14], [48, 32]]
    assert compare_shares(56, 70, 48, 80).absolute.p == pytest.approx(
        stats.chi2_contingency(table, correction=False).pvalue
    )
    ratio = stats.contingency.relative_risk(56, 70, 48, 80).confidence_interval(0.9)
    relative = compare_shares(56, 70, 48, 80).relative
    assert relative is not None
    assert (relative.low, relative.high) == pytest.approx((ratio.low - 1, ratio.high - 1))


def repeated_means(worlds: int) -> tuple[float, float, list[float]]:
    rng = np.random.default_rng(7)
    absolute = relative = 0
    ps = []
    for _ in range(worlds):
        control, treated, idle = rng.gamma(0.8, 10, 400), rng.gamma(0.8, 12, 500), rng.gamma(0.8, 10, 500)
        answer, nothing = compare_means(of(treated), of(control)), compare_means(of(idle), of(control))
        assert answer.relative is not None
        assert nothing.absolute.p is not None
        absolute += holds(answer.absolute, 0.8 * 2)
        relative += holds(answer.relative, 0.2)
        ps.append(nothing.absolute.p)
    return absolute / worlds, relative / worlds, ps


def repeated_shares(worlds: int) -> tuple[float, float]:
    rng = np.random.default_rng(8)
    absolute = relative = 0
    for _ in range(worlds):
        answer = compare_shares(int(rng.binomial(900, 0.06)), 900, int(rng.binomial(600, 0.05)), 600)
        assert answer.relative is not None
        absolute += holds(answer.absolute, 0.01)
        relative += holds(answer.relative, 0.2)
    return absolute / worlds, relative / worlds


@pytest.mark.parametrize("worlds", [400, pytest.param(8000, marks=pytest.mark.slow)])
def test_intervals_hold_the_truth_as_often_as_they_say(worlds: int) -> None:
    absolute, relative, ps = repeated_means(worlds)
    near = 3.5 * (0.09 / worlds) ** 0.5 + 0.005
    assert (absolute, relative) == pytest.approx((0.9, 0.9), abs=near)
    assert looks_uniform(ps) < 1
    assert repeated_shares(worlds) == pytest.approx((0.9, 0.9), abs=near + 0.01)


def test_what_cannot_be_said() -> None:
    assert compare_means(Sums(1, 3, 9), Sums(9, 9, 12)).doubts == (Doubt.FEW_UNITS, Doubt.NO_BASE)
    assert compare_means(Sums(1, 3, 9), Sums(9, 9, 12)).absolute.low is None
    unclear = compare_means(sums_of(2, 9, 50), sums_of(1, 9, 50))
    assert (unclear.relative, unclear.doubts) == (None, (Doubt.NO_BASE,))
    rare = compare_shares(3, 1000, 0, 1000)
    assert (rare.relative, rare.doubts) == (None, (Doubt.FEW_EVENTS, Doubt.NO_BASE))
    assert rare.absolute.low is not None
    assert compare_shares(0, 10, 0, 10).absolute.p == 1


def test_losses_are_reported_against_the_size_of_a_negative_base() -> None:
    answer = compare_means(sums_of(-8, 1, 100), sums_of(-10, 1, 100))
    assert answer.relative is not None
    assert answer.relative.value == pytest.approx(0.2)
    assert holds(answer.relative, 0.2)


def test_total_is_for_all_who_were_addressed() -> None:
    answer = compare_shares(56, 70, 48, 80)
    assert answer.absolute.low is not None
    assert (answer.total.value, answer.total.low) == pytest.approx((14, 70 * answer.absolute.low))


@pytest.mark.parametrize("counts", [(5, 4, 1, 9), (0, 0, 1, 9), (1, 9, -1, 9)])
def test_counts_that_cannot_be(counts: tuple[int, int, int, int]) -> None:
    with pytest.raises(InvalidInput):
        compare_shares(*counts)
    with pytest.raises(InvalidInput):
        compare_shares(1, 9, 1, 9, level=1)
