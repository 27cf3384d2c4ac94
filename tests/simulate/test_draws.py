"""Draws depend on nothing but seed, name and keys, and have the distributions that they name."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dujiang.simulate.draws import Draws, scramble, spread

KEYS = np.arange(200_000)
DRAWS = Draws(5)


def test_uniform_fills_the_unit_interval_evenly() -> None:
    counts = np.histogram(DRAWS.uniform("u", KEYS), bins=20, range=(0, 1))[0]
    assert counts.sum() == len(KEYS)
    assert np.abs(counts / 10_000 - 1).max() < 0.05


def test_draws_of_different_names_and_keys_are_unrelated() -> None:
    one = DRAWS.uniform("one", KEYS)
    assert abs(np.corrcoef(one, DRAWS.uniform("two", KEYS))[0, 1]) < 0.01
    assert abs(np.corrcoef(one, DRAWS.uniform("one", KEYS, 1))[0, 1]) < 0.01
    assert abs(np.corrcoef(one[1:], one[:-1])[0, 1]) < 0.01


def test_seeds_give_different_draws() -> None:
    assert (Draws(1).uniform("u", KEYS) == Draws(2).uniform("u", KEYS)).mean() < 1e-4


@given(st.lists(st.integers(0, 2**40), min_size=1, max_size=50), st.randoms(use_true_random=False))
def test_nobodys_luck_depends_on_who_else_is_drawn(keys: list[int], shuffler: object) -> None:
    together = DRAWS.uniform("u", np.array(keys))
    alone = [float(DRAWS.uniform("u", np.array([key]))[0]) for key in keys]
    assert together.tolist() == alone


def test_normal_has_mean_0_and_deviation_1() -> None:
    drawn = DRAWS.normal("n", KEYS)
    assert abs(drawn.mean()) < 0.01
    assert abs(drawn.std() - 1) < 0.01


@pytest.mark.parametrize("mean", [0.0, 0.3, 4.0, 120.0])
def test_poisson_has_its_mean_as_mean_and_variance(mean: float) -> None:
    drawn = DRAWS.poisson("p", mean, KEYS)
    error = 5 * math.sqrt(mean / len(KEYS)) + 1e-9
    assert abs(drawn.mean() - mean) < error
    assert abs(drawn.var() - mean) < 0.03 * mean + 1e-9


def test_choice_follows_the_weights_and_never_takes_what_weighs_nothing() -> None:
    shares = np.bincount(DRAWS.choice("c", (1, 0, 3), KEYS), minlength=3) / len(KEYS)
    assert shares[1] == 0
    assert abs(shares[2] - 0.75) < 0.01


def test_choice_by_row_takes_each_rows_own_weights() -> None:
    table = np.array([[1.0, 0.0, 0.0], [0.0, 1.0, 1.0]])
    drawn = DRAWS.choice_by_row("r", table, KEYS % 2, KEYS)
    assert (drawn[::2] == 0).all()
    assert set(drawn[1::2]) == {1, 2}


def test_scramble_is_a_bijection_on_what_it_is_given() -> None:
    assert len(np.unique(scramble(KEYS))) == len(KEYS)


@given(st.lists(st.integers(0, 6), max_size=30))
def test_spread_equals_two_loops(counts: list[int]) -> None:
    group, place = spread(np.array(counts, np.int64))
    assert list(zip(group.tolist(), place.tolist(), strict=True)) == [
        (g, p) for g, n in enumerate(counts) for p in range(n)
    ]
