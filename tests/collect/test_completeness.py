from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from scipy import stats

from dujiang.collect.completeness import (
    HourCount,
    TotalCheck,
    burstiness,
    chance_of_at_most,
    expectation,
    find_gaps,
    hours_between,
    judge,
)

NOON = datetime(2026, 11, 11, 12, tzinfo=UTC)


def hour(index: int, received: int, expected: float | None) -> HourCount:
    return HourCount(NOON + timedelta(hours=index), received, received, 0, 0, 0, expected, judge(received, expected))


def test_expectation_is_the_median_of_the_same_hour_of_the_week() -> None:
    history = {NOON - timedelta(weeks=week): count for week, count in ((1, 100), (2, 80), (3, 5000), (4, 90))}
    assert expectation(history, NOON) == 95.0


def test_an_hour_without_facts_counts_as_none_in_the_history() -> None:
    history = {NOON - timedelta(weeks=4): 60, NOON - timedelta(weeks=1): 30}
    assert expectation(history, NOON) == 15.0


def test_a_young_source_is_held_against_the_same_hour_of_its_days() -> None:
    history = {NOON - timedelta(days=day): 10 * day for day in (1, 2, 3)}
    assert expectation(history, NOON) == 20.0


def test_a_source_of_two_days_has_no_expectation() -> None:
    assert expectation({NOON - timedelta(days=1): 7, NOON - timedelta(days=2): 9}, NOON) is None


@pytest.mark.parametrize(("count", "mean"), [(0, 3.0), (4, 10.0), (90, 100.0), (1000, 1100.0)])
def test_chance_equals_scipys_poisson(count: int, mean: float) -> None:
    assert chance_of_at_most(count, mean) == pytest.approx(stats.poisson.cdf(count, mean), rel=1e-9)


@pytest.mark.parametrize(
    ("received", "expected", "verdict"),
    [(0, 100.0, "silent"), (0, 5.0, "normal"), (40, 100.0, "normal"), (20, 100.0, "silent"), (0, None, "unknown")],
)
def test_judgement(received: int, expected: float | None, verdict: str) -> None:
    assert judge(received, expected) == verdict


def test_a_source_whose_facts_come_in_bursts_of_ten_is_not_silent_after_one_quiet_hour() -> None:
    assert judge(0, 20.0) == "silent"
    assert judge(0, 20.0, burst=10.0) == "normal"
    assert judge(0, 200.0, burst=10.0) == "silent"


def test_burstiness_is_that_of_the_visits_that_bring_the_facts() -> None:
    rng = np.random.default_rng(5)
    hours = [NOON - timedelta(hours=back) for back in range(1, 8 * 7 * 24)]
    even = dict(zip(hours, rng.poisson(100, len(hours)).tolist(), strict=True))
    bursts = dict(zip(hours, (10 * rng.poisson(10, len(hours))).tolist(), strict=True))
    assert burstiness(even, NOON) == pytest.approx(
        1.25, rel=0.25
    )  # a quarter more: the median of four weeks is not exact
    assert burstiness(bursts, NOON) == pytest.approx(12.5, rel=0.25)
    assert burstiness({}, NOON) == 1.0


def test_consecutive_silent_hours_are_one_gap() -> None:
    hours = [hour(0, 95, 100.0), hour(1, 0, 100.0), hour(2, 1, 90.0), hour(3, 100, 100.0), hour(4, 0, 50.0)]
    gaps = find_gaps("app", hours)
    assert [(gap.first, gap.hours, gap.received, gap.expected) for gap in gaps] == [
        (NOON + timedelta(hours=1), 2, 1, 190.0),
        (NOON + timedelta(hours=4), 1, 0, 50.0),
    ]


def test_hours_between_starts_at_the_full_hour_and_leaves_the_end_out() -> None:
    hours = list(hours_between(NOON + timedelta(minutes=20), NOON + timedelta(hours=2)))
    assert hours == [NOON, NOON + timedelta(hours=1)]


def test_difference_to_the_platform_is_undefined_without_its_total() -> None:
    day = NOON.date()
    assert TotalCheck("tmall", "", day, 3, 9900, None, None).difference is None
    assert TotalCheck("tmall", "", day, 3, 9900, 3, 10000).difference == pytest.approx(-0.01)
