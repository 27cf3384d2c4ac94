"""Shapley credits against the definition: what a channel adds, over all orders."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from path_kit import Journeys, journeys, paths_of, shapley_by_definition

from dujiang.foundation.errors import InvalidInput
from dujiang.insight.attribution.shapley import shapley_conversions, shapley_rate


def conversions_within(found: Journeys, channels: set[int]) -> float:
    return float(sum(converted for touches, converted, *_rest in found if set(touches) <= channels))


def rate_within(found: Journeys, channels: set[int]) -> float:
    inside = [(converted, nulls) for touches, converted, _value, nulls in found if set(touches) <= channels]
    total = sum(converted + nulls for converted, nulls in inside)
    return sum(converted for converted, _nulls in inside) / total if total else 0.0


@settings(deadline=None, max_examples=50)
@given(journeys())
def test_conversions_by_all_orders(found: Journeys) -> None:
    expected = shapley_by_definition(lambda channels: conversions_within(found, channels), 4)
    assert shapley_conversions(paths_of(found, 4)).worth == pytest.approx(expected)


@settings(deadline=None, max_examples=50)
@given(journeys())
def test_rate_by_all_orders(found: Journeys) -> None:
    expected = shapley_by_definition(lambda channels: rate_within(found, channels), 4)
    answer = shapley_rate(paths_of(found, 4))
    assert answer.worth == pytest.approx(expected, abs=1e-12)
    assert answer.worth.sum() == pytest.approx(rate_within(found, {0, 1, 2, 3}))
    assert answer.is_exact


@settings(deadline=None, max_examples=50)
@given(journeys())
def test_credits_sum_to_what_happened_unless_no_channel_helps(found: Journeys) -> None:
    paths = paths_of(found, 4)
    for answer in (shapley_conversions(paths), shapley_rate(paths)):
        assert answer.credits.conversions.sum() == pytest.approx(paths.conversions)
        assert answer.credits.value.sum() == pytest.approx(paths.value.sum())
        assert answer.credits.conversions.min() >= 0


@settings(deadline=None, max_examples=50)
@given(journeys(channels=3), st.permutations(range(3)))
def test_symmetry_and_dummy(found: Journeys, codes: list[int]) -> None:
    renamed: Journeys = [([codes[touch] for touch in touches], *rest) for touches, *rest in found]  # type: ignore[misc]
    before, after = (shapley_rate(paths_of(one, 4)).worth for one in (found, renamed))
    assert after[list(codes)] == pytest.approx(before[:3], abs=1e-12)
    assert before[3] == 0  # never touched
    twin: Journeys = [([*touches, 3] if 0 in touches else touches, *rest) for touches, *rest in found]  # type: ignore[misc]
    worth = shapley_rate(paths_of(twin, 4)).worth
    assert worth[0] == pytest.approx(worth[3], abs=1e-12)  # always touched together


def test_sampling_agrees_with_enumeration_within_its_error() -> None:
    rng = np.random.default_rng(3)
    found: Journeys = [
        (rng.integers(0, 9, rng.integers(1, 6)).tolist(), int(rng.integers(0, 4)), 10, int(rng.integers(0, 9)))
        for _ in range(200)
    ]
    paths = paths_of(
        [(touches, converted, value if converted else 0, nulls) for touches, converted, value, nulls in found], 9
    )
    exact = shapley_rate(paths).worth
    inside, wide = 0, 0
    for seed in range(40):
        sampled = shapley_rate(paths, np.random.default_rng(seed), exact_max=0, pairs=50)
        assert not sampled.is_exact
        assert sampled.worth.sum() == pytest.approx(exact.sum())
        off = np.abs(sampled.worth - exact) / sampled.error
        inside += int((off <= 1.96).sum())
        wide += int((off > 5).sum())
    assert inside / 360 == pytest.approx(0.95, abs=0.04)
    assert wide == 0


def test_more_channels_than_bits() -> None:
    found: Journeys = [([channel, (channel + 1) % 70], 1, 1, channel % 3) for channel in range(70)]
    paths = paths_of(found, 70)
    answer = shapley_rate(paths, np.random.default_rng(1), pairs=20)
    assert answer.worth.sum() == pytest.approx(70 / (70 + sum(channel % 3 for channel in range(70))))
    assert shapley_conversions(paths).credits.conversions == pytest.approx(np.ones(70))


def test_sampling_needs_random_numbers() -> None:
    paths = paths_of([(list(range(21)), 1, 1, 1)], 21)
    with pytest.raises(InvalidInput):
        shapley_rate(paths)
    with pytest.raises(InvalidInput):
        shapley_rate(paths, np.random.default_rng(1), pairs=1)
