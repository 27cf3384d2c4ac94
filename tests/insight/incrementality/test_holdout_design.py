"""Plans of hold-outs against textbooks' sample sizes, and against hold-outs that are then made and read."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from dujiang.foundation.errors import InvalidInput
from dujiang.insight.incrementality.holdout import Sums, compare_means, compare_shares
from dujiang.insight.incrementality.holdout_design import SRM_P, Past, plan_holdout, power_of, ratio_p
from dujiang.insight.incrementality.model import Doubt


def test_sample_size_of_the_textbook() -> None:
    # Fleiss, Statistical methods for rates and proportions: 10% against 12% (20% more), α = 0.05 two-sided, power 80%.
    p, q = 0.10, 0.12
    pooled = (p + q) / 2
    z, w = stats.norm.ppf(0.975), stats.norm.ppf(0.8)
    each = (z * math.sqrt(2 * pooled * (1 - pooled)) + w * math.sqrt(p * (1 - p) + q * (1 - q))) ** 2 / (q - p) ** 2
    plan = plan_holdout(Past(20_000, p, p * (1 - p), share=True), 0.5, hoped=0.2, level=0.95)
    assert plan.needed == pytest.approx(2 * each, rel=1e-3)
    assert plan.needed == pytest.approx(2 * 3841, rel=1e-3)


def test_what_is_asked_for_comes_out() -> None:
    past = Past(40_000, 30.0, 90.0**2)
    plan = plan_holdout(past, 0.1, hoped=0.08)
    assert plan.detectable is not None
    assert plan.needed is not None
    assert power_of(past, 0.1, plan.detectable) == pytest.approx(0.8, abs=1e-6)
    assert power_of(past, 0.1, 0.08, people=plan.needed) == pytest.approx(0.8, abs=1e-3)
    assert plan.power == power_of(past, 0.1, 0.08)
    assert (plan.treated, plan.control) == (36_000, 4_000)
    assert plan.forgone == pytest.approx(0.08 * 30 * 4_000)
    assert power_of(past, 0.1, 0.0) == pytest.approx(0.1)


def test_more_people_or_more_even_groups_see_less() -> None:
    found = [
        plan_holdout(Past(people, 1.0, 4.0), share).detectable
        for people, share in ((4_000, 0.1), (4_000, 0.5), (40_000, 0.5))
    ]
    assert all(one is not None for one in found)
    assert found == sorted(found, reverse=True)


@pytest.mark.parametrize("tests", [300, pytest.param(4000, marks=pytest.mark.slow)])
def test_power_is_that_of_hold_outs_made_afterwards(tests: int) -> None:
    rng = np.random.default_rng(5)
    near = 3.5 * (0.16 / tests) ** 0.5 + 0.01
    # Orders: most people have none. Those addressed order more often by the smallest visible effect.
    mean = 0.3
    plan = plan_holdout(Past(6_000, mean, mean + mean**2), 0.2)
    assert plan.detectable is not None
    seen = alarms = 0
    for _nth in range(tests):
        control, idle, moved = (
            rng.negative_binomial(1, 1 / (1 + mean * more), n)
            for n, more in ((plan.control, 1), (plan.treated, 1), (plan.treated, 1 + plan.detectable))
        )
        sums = [Sums(len(one), float(one.sum()), float((one**2).sum())) for one in (control, idle, moved)]
        alarms += (compare_means(sums[1], sums[0]).absolute.p or 0) <= 0.1
        seen += (compare_means(sums[2], sums[0]).absolute.p or 0) <= 0.1
    assert (alarms / tests, seen / tests) == (pytest.approx(0.1, abs=near), pytest.approx(0.8, abs=near))
    shares = plan_holdout(Past(6_000, 0.08, 0.0736, share=True), 0.2)
    assert shares.detectable is not None
    found = [
        compare_shares(
            int(rng.binomial(shares.treated, 0.08 * (1 + shares.detectable))), shares.treated,
            int(rng.binomial(shares.control, 0.08)), shares.control,
        ).absolute.p
        for _nth in range(tests)
    ]  # fmt: skip
    assert np.mean([one is not None and one <= 0.1 for one in found]) == pytest.approx(0.8, abs=near)


def test_sample_ratio_is_pearsons() -> None:
    for treated, control, share in ((912, 88, 0.1), (5_010, 4_990, 0.5), (700, 300, 0.25)):
        people = treated + control
        expected = stats.chisquare([treated, control], [people * (1 - share), people * share])
        assert ratio_p(treated, control, share) == pytest.approx(expected.pvalue)


def test_lots_that_fall_as_drawn_seldom_raise_the_alarm() -> None:
    rng = np.random.default_rng(3)
    controls = rng.binomial(20_000, 0.1, 20_000)
    alarms = np.mean([ratio_p(20_000 - int(one), int(one), 0.1) < SRM_P for one in controls])
    assert alarms == pytest.approx(SRM_P, abs=0.001)
    lost = rng.binomial(2_000, 0.85, 200)  # 15% of those held out are lost
    assert np.mean([ratio_p(18_000, int(one), 0.1) < SRM_P for one in lost]) == 1


def test_what_cannot_be_said() -> None:
    assert plan_holdout(Past(3, 1.0, 1.0), 0.1).doubts == (Doubt.FEW_UNITS,)
    assert plan_holdout(Past(900, 0.0, 0.0), 0.1).doubts == (Doubt.NO_BASE,)
    few = plan_holdout(Past(900, 0.01, 0.0099, share=True), 0.1)
    assert (few.doubts, few.detectable, few.power, few.needed) == ((Doubt.FEW_EVENTS,), None, None, None)
    assert plan_holdout(Past(40, 1.0, 400.0), 0.5).detectable is None  # not even elevenfold is seen


@pytest.mark.parametrize("wrong", [{"level": 1.0}, {"power": 0.0}])
def test_refusals(wrong: dict[str, float]) -> None:
    with pytest.raises(InvalidInput):
        plan_holdout(Past(900, 1.0, 1.0), 0.1, **wrong)
    with pytest.raises(InvalidInput):
        plan_holdout(Past(900, 1.0, 1.0), 1.0)
