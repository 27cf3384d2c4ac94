"""Compiled passes over paths against what one would write down."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from dujiang.insight.attribution import kernels
from dujiang.insight.attribution.journeys import Journeys

in_groups: Any = kernels.in_groups
poissons: Any = kernels.poissons
alike: Any = kernels.alike


@pytest.mark.parametrize("groups", [1, 3, 200])  # in one group of all rows the longer sort is used
def test_rows_lie_by_group_and_moment(groups: int) -> None:
    rng = np.random.default_rng(groups)
    rows = 600
    which, at = rng.integers(0, groups, rows), rng.integers(0, 90, rows)
    place, tie, word = rng.integers(-1, 2, rows), rng.integers(0, 3, rows), rng.permutation(rows)
    found = in_groups(which, groups, at, place, tie, word)
    expected = sorted(range(rows), key=lambda row: (which[row], at[row], place[row], tie[row], word[row]))
    assert found.tolist() == expected


def test_the_same_words_are_told_by_their_first_place() -> None:
    rng = np.random.default_rng(2)
    words = rng.choice(rng.integers(0, 2**63, 50).astype(np.uint64) << np.uint64(1), 400)
    first, which = alike(words)
    assert first.tolist() == sorted(np.unique(words, return_index=True)[1].tolist())
    assert (words[first][which] == words).all()
    assert [len(column) for column in alike(words[:0])] == [0, 0]


def test_numbers_of_other_means_are_those_that_numpy_draws() -> None:
    mean = np.array([0.0, 0.3, 7.5, 9.99, 10.0, 250.0, 2.0])
    found = np.empty((200, len(mean)))
    poissons(np.random.default_rng(5), mean, found)
    assert (found == np.random.default_rng(5).poisson(mean, found.shape)).all()


def test_numbers_of_mean_one_come_as_often_as_they_have_to() -> None:
    found = np.empty((2_000, 500))
    poissons(np.random.default_rng(6), np.ones(500), found)
    seen = np.bincount(found.astype(int).ravel(), minlength=12)
    for times in range(7):
        chance = math.exp(-1) / math.factorial(times)
        assert seen[times] == pytest.approx(chance * found.size, abs=5 * math.sqrt(chance * found.size))
    assert seen[9:].sum() < 20
    assert abs(np.corrcoef(found[:, :-1].ravel(), found[:, 1:].ravel())[0, 1]) < 0.005


@pytest.mark.parametrize("persons", [[], [7], [3, 3, 5, 3, 5, 9]])
def test_people_are_counted_once(persons: list[int]) -> None:
    count = len(persons)
    whole, nothing = np.array(persons, np.int64), np.zeros(count)
    found = Journeys(
        ("a",), np.arange(count + 1), np.zeros(count, np.int32), whole, np.zeros(count, np.bool_), whole, whole, nothing,
        0, np.zeros(count, np.int32),
    )  # fmt: skip
    assert found.people == len(set(persons))
