"""Accounts of a push: they add up, and find what was planted."""

from __future__ import annotations

import numpy as np
import pytest
from world_kit import holds

from dujiang.foundation.errors import InvalidInput
from dujiang.insight.incrementality.model import Doubt
from dujiang.insight.incrementality.overflow import Group, Overflow, overflow

# Columns: new buyers in the live room, known buyers there, marketplace, store.
RATES = np.array([0.02, 0.05, 0.10, 0.08])
PUSHED = np.array([0.05, 0.09, 0.07, 0.07])  # +0.07 in the live room, of which 0.03 new; −0.04 elsewhere


def people(rng: np.random.Generator, rates: np.ndarray, n: int) -> Group:
    """People of whom each buys in one column at most."""
    choice = rng.choice(5, n, p=[*rates, 1 - rates.sum()])
    return Group.of(np.eye(5)[choice][:, :4])


def world(seed: int, n: int = 6000) -> Overflow:
    rng = np.random.default_rng(seed)
    return overflow(people(rng, PUSHED, n), people(rng, RATES, n), (0, 1), new=(0,))


def test_hand_written() -> None:
    pushed = Group.of(np.array([[1.0, 0], [1, 0], [1, 1], [0, 0]]))
    others = Group.of(np.array([[0.0, 1], [0, 1], [0, 1], [0, 0]]))
    answer = overflow(pushed, others, (0,))
    assert (answer.gain.value, answer.loss.value, answer.net.value) == pytest.approx((3, 2, 1))
    assert [one.value for one in answer.columns] == pytest.approx([3, -2])


def test_accounts_add_up() -> None:
    answer = world(1)
    assert answer.gain.value - answer.loss.value == pytest.approx(answer.net.value)
    assert sum(one.value for one in answer.columns) == pytest.approx(answer.net.value)
    assert answer.overflow_share is not None
    assert answer.overflow_share.value == pytest.approx(answer.loss.value / answer.gain.value)


def test_sums_and_errors_are_those_of_the_columns() -> None:
    rng = np.random.default_rng(3)
    ours, theirs = rng.gamma(1, 2, (50, 3)), rng.gamma(1, 2, (70, 3))
    net = overflow(Group.of(ours), Group.of(theirs), (1,)).net
    assert net.low is not None
    one, other = ours.sum(axis=1), theirs.sum(axis=1)
    error = 50 * (one.var(ddof=1) / 50 + other.var(ddof=1) / 70) ** 0.5
    assert net.value == pytest.approx(50 * (one.mean() - other.mean()))
    assert (net.value - net.low) / error == pytest.approx(1.66, abs=0.02)  # Student's t at 95%, about 100 degrees


@pytest.mark.parametrize("worlds", [150, pytest.param(2000, marks=pytest.mark.slow)])
def test_planted_shares_are_held(worlds: int) -> None:
    found = [world(seed) for seed in range(worlds)]
    near = 3.5 * (0.09 / worlds) ** 0.5 + 0.005
    for truth, estimates in (
        (0.04 / 0.07, [one.overflow_share for one in found]),
        (0.03 / 0.07, [one.new_share for one in found]),
        (0.07 * 6000, [one.gain for one in found]),
        (0.03 * 6000, [one.net for one in found]),
    ):
        held = [holds(one, truth) for one in estimates if one is not None]
        assert len(held) == worlds
        assert np.mean(held) == pytest.approx(0.9, abs=near)


def test_no_clear_gain_has_no_shares() -> None:
    rng = np.random.default_rng(1)
    answer = overflow(people(rng, RATES, 2000), people(rng, RATES, 2000), (0, 1), new=(1,))
    assert (answer.overflow_share, answer.new_share, answer.doubts) == (None, None, (Doubt.NO_BASE,))


def test_refusals() -> None:
    rng = np.random.default_rng(1)
    group = people(rng, RATES, 20)
    for pushed, own, new in (
        (group, (), ()),
        (group, (4,), ()),
        (group, (0,), (1,)),
        (people(rng, RATES, 1), (0,), ()),
    ):
        with pytest.raises(InvalidInput):
            overflow(pushed, group, own, new=new)
