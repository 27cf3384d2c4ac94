"""Plans of switch-backs: lots, strata, and power against tests that are then made and read."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pytest

from dujiang.foundation.errors import InvalidInput
from dujiang.insight.incrementality.model import Doubt, Reals
from dujiang.insight.incrementality.switchback import blocks_of, switchback
from dujiang.insight.incrementality.switchback_design import Rhythm, drawn_lots, plan_switchback


def sales(seed: int, days: int = 420) -> Reals:
    """A brand's days: weekends sell more, a slow wave, and noise that lasts a little."""
    rng = np.random.default_rng(seed)
    noise = rng.normal(0, 8, days)
    for day in range(1, days):
        noise[day] += 0.3 * noise[day - 1]
    place = np.arange(days)
    return 100 + 25 * (place % 7 >= 5) + 10 * np.sin(place / 40) + noise


def read(days: Reals, rhythm: Rhythm, salt: str, effect: float) -> bool:
    """Whether the test that is drawn with ``salt`` is significant, as results are read."""
    treated = np.repeat(drawn_lots(rhythm, salt), rhythm.block_days)
    blocks = blocks_of(
        days * (1 + effect * treated), treated, length=rhythm.block_days, washout=rhythm.washout_days, stratum=rhythm.codes
    )  # fmt: skip
    p = switchback(blocks, np.random.default_rng(7), draws=399).effect.p
    assert p is not None
    return p <= 0.1


def test_lots_are_those_of_the_salt_and_half_of_each_stratum() -> None:
    for strata in ("none", "pair", "weekday"):
        rhythm = Rhythm(28, 1, strata=strata)
        lots = drawn_lots(rhythm, "autumn")
        assert (lots == drawn_lots(rhythm, "autumn")).all()
        assert (lots != drawn_lots(rhythm, "winter")).any()
        assert all(lots[rhythm.codes == code].sum() * 2 == (rhythm.codes == code).sum() for code in set(rhythm.codes))


def test_every_block_is_treated_half_of_the_time() -> None:
    often = np.mean([drawn_lots(Rhythm(9, 1, strata="pair"), str(salt)) for salt in range(2_000)], axis=0)
    assert often == pytest.approx(0.5, abs=0.045)


def test_strata_by_weekday_are_weekdays() -> None:
    codes, first = Rhythm(21, 2, strata="weekday").codes, date(2026, 11, 2)
    begins = [(first + timedelta(2 * place)).weekday() for place in range(21)]
    assert [int(one) for one in codes] == begins


def test_strata_and_length_make_smaller_effects_visible() -> None:
    past = sales(1)
    loose, strict, longer = (
        plan_switchback(past, Rhythm(days, 1, strata=strata)).detectable
        for days, strata in ((28, "none"), (28, "weekday"), (56, "weekday"))
    )
    assert loose is not None
    assert strict is not None
    assert longer is not None
    assert longer < strict < 0.8 * loose


@pytest.mark.parametrize("worlds", [40, pytest.param(300, marks=pytest.mark.slow)])
@pytest.mark.parametrize(
    "rhythm", [Rhythm(28, 1, strata="weekday"), Rhythm(20, 3, washout_days=1, strata="pair")], ids=["days", "washout"]
)
def test_power_is_that_of_tests_made_afterwards(rhythm: Rhythm, worlds: int) -> None:
    seen = alarms = 0
    for seed in range(worlds):
        days = sales(seed)
        plan = plan_switchback(days[: -rhythm.days], rhythm)
        assert plan.detectable is not None
        after = days[-rhythm.days :]
        seen += read(after, rhythm, str(seed), plan.detectable)
        alarms += read(after, rhythm, str(seed), 0.0)
    near = 3.5 * (0.16 / worlds) ** 0.5
    assert seen / worlds == pytest.approx(0.8, abs=near + 0.02)
    assert alarms / worlds <= 0.1 + near


def test_the_washout_costs_days_and_power() -> None:
    past = sales(2)
    whole, washed = (plan_switchback(past, Rhythm(14, 4, washout, "pair")) for washout in (0, 2))
    assert (whole.counted, washed.counted) == (1, pytest.approx(1 - 2 / 4 * 13 / 28))
    assert whole.alarms is not None
    assert whole.alarms <= 0.2


def test_what_cannot_be_said() -> None:
    past = sales(3)
    for few in (Rhythm(6, 1), Rhythm(10, 1, strata="weekday")):  # of ten days only three weekdays come twice
        plan = plan_switchback(past, few)
        assert (plan.detectable, plan.power(0.5), plan.doubts) == (None, None, (Doubt.FEW_UNITS,))
    assert plan_switchback(past[:30], Rhythm(28, 1)).doubts == (Doubt.FEW_PERIODS,)
    wild = np.exp(np.random.default_rng(4).normal(0, 4, 200))
    assert plan_switchback(wild, Rhythm(8, 1)).detectable is None
    with pytest.raises(InvalidInput):
        plan_switchback(past, Rhythm(10, 2, washout_days=2))
