"""Intervals of credits hold the credit of endless data as often as they say."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from path_kit import Journeys, paths_of

from dujiang.foundation.errors import InvalidInput
from dujiang.insight.attribution import bootstrap
from dujiang.insight.attribution import journeys as reading
from dujiang.insight.attribution.bootstrap import Shared, spread, spreads
from dujiang.insight.attribution.credit import credited
from dujiang.insight.attribution.markov import Walks, markov
from dujiang.insight.attribution.model import Credits, Paths
from dujiang.insight.attribution.question import MODELS, Model
from dujiang.insight.attribution.rules import Last, by_rule, touch_shares
from dujiang.insight.attribution.shapley import even_shares, shapley_conversions

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


def test_models_asked_together_get_the_intervals_that_each_gets_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bootstrap, "_DRAWN_MAX", 24)  # three resamples at once
    paths = paths_of(KINDS, 3)
    starts, members, share = even_shares(paths)
    last = Shared(paths.offsets, paths.channel, touch_shares(paths, Last()))
    models = [last, by_markov, Walks(), Walks(with_nulls=False), Shared(starts, members, share)]
    together = spreads(paths, models, np.random.default_rng(3), rounds=40)
    alone: list[Callable[[Paths], Credits]] = [
        by_last,
        by_markov,
        by_markov,
        lambda given: markov(given, with_nulls=False).credits,
        lambda given: shapley_conversions(given).credits,
    ]
    for one, model in zip(together, alone, strict=True):
        other = resampled_one_by_one(paths, model)
        assert one is not None
        np.testing.assert_allclose([one.low, one.high, one.value_low, one.value_high], other, rtol=1e-12)


def test_walks_are_the_chain_of_each_resample() -> None:
    rng = np.random.default_rng(9)
    channels = 5
    kinds = [(rng.integers(0, channels, rng.integers(1, 6)).tolist(), 1, 1, 1) for _ in range(12)]
    paths = paths_of(kinds, channels)
    # Few journeys: some resamples hold no conversion, or nobody who touched a channel.
    converted, nulls = (
        rng.poisson(0.2, (60, len(kinds))).astype(float),
        rng.poisson(0.2, (60, len(kinds))).astype(float),
    )
    found = Walks().resampled(paths, converted, nulls)
    assert (converted.sum(axis=1) == 0).any()
    for row in range(60):
        expected = markov(paths.weighted(converted[row], nulls[row])).credits
        np.testing.assert_allclose(found[row], [expected.conversions, expected.value], atol=1e-12)


def resampled_one_by_one(paths: Paths, model: Callable[[Paths], Credits]) -> np.ndarray:
    """Lower and upper ends of conversions, then of value, the obvious way."""
    rng, drawn = np.random.default_rng(3), []
    for _ in range(40):
        converted, nulls = rng.poisson(paths.converted).astype(float), rng.poisson(paths.nulls).astype(float)
        value = paths.value / paths.converted * converted
        found = model(replace(paths, converted=converted, nulls=nulls, value=value))
        drawn.append([found.conversions / converted.sum() * 150, found.value / value.sum() * 2000])
    return np.quantile(drawn, [0.05, 0.95], axis=0).swapaxes(0, 1).reshape(4, -1)


def test_levels_that_make_no_sense() -> None:
    with pytest.raises(InvalidInput):
        spread(paths_of(KINDS, 3), by_markov, np.random.default_rng(1), level=1.0)


def made(converted: int, others: int) -> reading.Journeys:
    """Journeys of one to three touches of three keys, those that converted first."""
    rng = np.random.default_rng(5)
    length = rng.integers(1, 4, converted + others)
    offsets = np.concatenate([[0], np.cumsum(length)])
    touches = int(offsets[-1])
    value = np.where(np.arange(len(length)) < converted, 100.0, 0.0)
    who = np.arange(len(length))
    return reading.Journeys(
        ("a", "b", "c"), offsets, rng.integers(0, 3, touches).astype(np.int32), rng.integers(0, 10**9, touches),
        rng.random(touches) < 0.3, who, np.full(len(who), 2 * 10**9), value, converted, np.full(len(who), -1, np.int32),
    )  # fmt: skip


@pytest.mark.parametrize("name", MODELS)
def test_journeys_without_a_conversion_move_only_the_models_that_heed_them(name: str) -> None:
    every = made(converted=60, others=90)
    sold, model = every.only(every.is_converted), Model(name=name)  # type: ignore[arg-type]
    (one, ends), (other, other_ends) = (credited(found, [model], 20)[0] for found in (every, sold))
    assert ends is not None
    assert other_ends is not None
    heeds = name in ("markov", "markov_path", "shapley_rate")
    for left, right in ((one.conversions, other.conversions), (ends.low, other_ends.low), (ends.high, other_ends.high)):
        assert (left.tolist() != right.tolist()) == heeds


def test_markov_without_them_does_not_heed_them() -> None:
    every, model = made(converted=60, others=90), Model(name="markov", with_nulls=False)
    one, other = (credited(found, [model], 0)[0][0] for found in (every, every.only(every.is_converted)))
    assert one.conversions.tolist() == other.conversions.tolist()
