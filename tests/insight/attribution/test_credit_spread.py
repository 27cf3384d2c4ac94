"""Intervals of credits hold the credit of endless data as often as they say."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from path_kit import Journeys, paths_of

from dujiang.foundation.errors import InvalidInput
from dujiang.insight.attribution.bootstrap import spread
from dujiang.insight.attribution.markov import markov
from dujiang.insight.attribution.model import Credits, Paths
from dujiang.insight.attribution.rules import Last, by_rule

KINDS: Journeys = [([0, 1, 2], 40, 400, 100), ([1, 2], 30, 900, 200), ([2], 20, 100, 300), ([0, 2, 0], 60, 600, 150)]


def by_markov(paths: Paths) -> Credits:
    return markov(paths).credits


def by_last(paths: Paths) -> Credits:
    return by_rule(paths, Last())


@pytest.mark.parametrize("model", [pytest.param(by_markov, marks=pytest.mark.slow), by_last])
def test_coverage(model: Callable[[Paths], Credits]) -> None:
    truth = paths_of(KINDS, 3)
    share = model(truth).conversions / truth.conversions
    rng = np.random.default_rng(11)
    held = np.zeros(3)
    for _ in range(150):
        drawn = truth.weighted(rng.poisson(truth.converted).astype(float), rng.poisson(truth.nulls).astype(float))
        answer = spread(drawn, model, rng, rounds=100)
        assert answer is not None
        held += (answer.low <= share * drawn.conversions) & (share * drawn.conversions <= answer.high)
    assert (held[share > 0] / 150 > 0.82).all()
    assert (held[share > 0] / 150 < 0.97).all()


def test_few_conversions_have_no_interval() -> None:
    rng = np.random.default_rng(1)
    assert spread(paths_of([([0], 29, 29, 0)], 1), by_markov, rng) is None
    answer = spread(paths_of([([0], 30, 60, 0)], 1), by_markov, rng)
    assert answer is not None
    assert (answer.low[0], answer.high[0], answer.value_low[0]) == pytest.approx((30, 30, 60))


def test_the_same_random_numbers_give_the_same_interval() -> None:
    one, other = (spread(paths_of(KINDS, 3), by_markov, np.random.default_rng(4), rounds=20) for _ in "ab")
    assert one is not None
    assert other is not None
    assert one.low.tolist() == other.low.tolist()


def test_levels_that_make_no_sense() -> None:
    with pytest.raises(InvalidInput):
        spread(paths_of(KINDS, 3), by_markov, np.random.default_rng(1), level=1.0)
