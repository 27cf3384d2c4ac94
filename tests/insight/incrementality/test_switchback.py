"""Switch-backs against all lots written out, and worlds with a known effect."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from world_kit import holds, looks_uniform

from dujiang.foundation.errors import InvalidInput
from dujiang.insight.incrementality.model import Doubt
from dujiang.insight.incrementality.switchback import Blocks, Switchback, blocks_of, switchback


def world(seed: int, *, blocks: int = 28, effect: float = 0.0, alike: float = 0.5) -> Blocks:
    """Blocks that resemble the one before; two strata of which half is treated by lot."""
    rng = np.random.default_rng(seed)
    noise = rng.normal(0, 1, blocks)
    for block in range(1, blocks):
        noise[block] += alike * noise[block - 1]
    stratum = np.arange(blocks) % 7 // 5  # working days, weekend
    treated = np.zeros(blocks, np.bool_)
    for code in (0, 1):
        own = np.flatnonzero(stratum == code)
        treated[rng.choice(own, len(own) // 2, replace=False)] = True
    return Blocks(20 + 6 * stratum + noise + effect * treated, treated, stratum)


def test_all_lots_written_out() -> None:
    rng = np.random.default_rng(2)
    outcome, treated = rng.normal(10, 2, 9), np.array([1, 0, 1, 0, 0, 1, 0, 1, 0], np.bool_)
    blocks = Blocks(outcome + 3 * treated, treated, np.zeros(9, np.int64))
    answer = switchback(blocks, np.random.default_rng(1), draws=60_000)
    lots = [np.isin(np.arange(9), one) for one in combinations(range(9), 4)]

    def p_of(effect: float) -> float:
        base = blocks.outcome - effect * treated
        difference = [base[lot].mean() - base[~lot].mean() for lot in lots]
        own = abs(base[treated].mean() - base[~treated].mean())
        return float(np.mean(np.abs(difference) >= own - 1e-12))

    effect = answer.effect
    assert effect.low is not None
    assert effect.high is not None
    assert effect.value == pytest.approx(blocks.outcome[treated].mean() - blocks.outcome[~treated].mean())
    assert effect.p == pytest.approx(p_of(0.0), abs=0.01)
    kept = [one for one in np.linspace(effect.value - 8, effect.value + 8, 3201) if p_of(one) > 0.1]
    assert (effect.low, effect.high) == pytest.approx((min(kept), max(kept)), abs=0.05)


def test_strata_are_compared_within() -> None:
    blocks = Blocks(
        np.array([1.0, 3, 10, 14, 14, 10.0]), np.array([0, 1, 0, 1, 1, 0], np.bool_), np.array([0, 0, 1, 1, 1, 1])
    )
    answer = switchback(blocks, np.random.default_rng(1), draws=199)
    assert answer.effect.value == pytest.approx(2 * 2 / 6 + 4 * 4 / 6)


def test_blocks_and_washout() -> None:
    outcome = np.array([1.0, 1, 1, 9, 5, 5, 7, 6, 6, 0, 2, 2, 99])
    treated = np.repeat([False, True, True, False, True], 3)[:13]
    found = blocks_of(outcome, treated, length=3, washout=1)
    assert found.outcome.tolist() == pytest.approx([1, 5, 19 / 3, 2])  # the third block goes on as the second
    assert found.treated.tolist() == [False, True, True, False]


def repeated(worlds: int, effect: float) -> list[Switchback]:
    rng = np.random.default_rng(5)
    return [switchback(world(seed, effect=effect), rng, draws=499) for seed in range(worlds)]


@pytest.mark.parametrize("worlds", [250, pytest.param(3000, marks=pytest.mark.slow)])
def test_intervals_hold_the_truth_and_nothing_looks_like_nothing(worlds: int) -> None:
    near = 3.5 * (0.09 / worlds) ** 0.5 + 0.01
    found = repeated(worlds, 1.5)
    assert np.mean([holds(one.effect, 1.5) for one in found]) == pytest.approx(0.9, abs=near)
    assert np.mean([holds(one.by_hac, 1.5) for one in found]) == pytest.approx(0.9, abs=near + 0.06)
    assert looks_uniform([one.effect.p for one in repeated(worlds, 0.0) if one.effect.p is not None]) < 1


def test_neighbours_that_are_alike_widen_the_hac_interval() -> None:
    noise = np.repeat([1.0, -1, 1, -1, 1, -1, 1, -1], 2)
    treated = np.repeat([True, False, False, True, True, False, True, False], 2)
    blocks = Blocks(noise, treated, np.zeros(16, np.int64))
    answer = switchback(blocks, np.random.default_rng(1), draws=199).by_hac
    residual = noise - np.where(treated, noise[treated].mean(), noise[~treated].mean())
    score = residual * np.where(treated, 1 / 8, -1 / 8)
    variance = score @ score + sum(2 * (1 - lag / 3) * (score[lag:] @ score[:-lag]) for lag in (1, 2))
    assert answer.low is not None
    assert (answer.value - answer.low) / 1.7613101357748562 == pytest.approx((variance * 16 / 14) ** 0.5)


def test_what_cannot_be_said() -> None:
    few = switchback(world(1, blocks=7), np.random.default_rng(1))
    assert few.doubts == (Doubt.FEW_UNITS,)
    assert few.effect.low is None
    same = Blocks(np.ones(8), np.ones(8, np.bool_), np.zeros(8, np.int64))
    with pytest.raises(InvalidInput):
        switchback(same, np.random.default_rng(1))
    with pytest.raises(InvalidInput):
        switchback(world(1), np.random.default_rng(1), draws=10)
    with pytest.raises(InvalidInput):
        blocks_of(np.ones(4), np.array([True, False, True, True]), length=2)
    with pytest.raises(InvalidInput):
        blocks_of(np.ones(4), np.ones(4, np.bool_), length=2, washout=2)
