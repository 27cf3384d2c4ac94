"""Named models over journeys: credits, and how far other journeys of the same kind would have moved them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np

from dujiang.insight.attribution import kernels
from dujiang.insight.attribution.bootstrap import Resampled, Shared, spreads
from dujiang.insight.attribution.journeys import Flags, Journeys
from dujiang.insight.attribution.markov import Walks, by_path, markov
from dujiang.insight.attribution.model import Credits, Paths, Reals, Spread
from dujiang.insight.attribution.question import Model
from dujiang.insight.attribution.rules import (
    Custom,
    First,
    Last,
    Linear,
    Position,
    Rule,
    TimeDecay,
    touch_shares,
)
from dujiang.insight.attribution.shapley import even_shares, shapley_rate

DAY_MS = 86_400_000
LEVEL = 0.9
THREADS = 2


@dataclass(frozen=True)
class LastLed:
    """All to the last touch that something led to; to the last touch where nothing led to any of a path.

    Attributes:
        direct: by touch of the paths, whether nothing led to it.
    """

    direct: Flags

    def weigh(self, paths: Paths) -> Reals:
        """One at that touch of each path."""
        kernel: Any = kernels.last_of_others
        weight = np.zeros(len(paths.channel))
        weight[kernel(paths.offsets, np.arange(len(paths.channel)), self.direct)] = 1.0
        return weight


def credited(found: Journeys, models: Sequence[Model], rounds: int) -> list[tuple[Credits, Spread | None]]:
    """What each of ``models`` gives to each key, and with ``rounds`` above 0 its intervals.

    Resamples come from a generator that always starts alike, so that the same journeys give the same intervals. Models that
    read the same paths share them; others are asked at the same time.
    """
    together: dict[str, list[int]] = {}
    for place, model in enumerate(models):
        together.setdefault(_reads(model), []).append(place)
    with ThreadPoolExecutor(THREADS) as pool:
        of_each = pool.map(lambda places: _credited(found, [models[at] for at in places], rounds), together.values())
        by_place = {
            place: one
            for places, some in zip(together.values(), of_each, strict=True)
            for place, one in zip(places, some, strict=True)
        }
    return [by_place[place] for place in range(len(models))]


def _credited(found: Journeys, models: Sequence[Model], rounds: int) -> list[tuple[Credits, Spread | None]]:
    """The same of models that read the same paths."""
    reads = _reads(models[0])
    journeys = found if reads == "every" else found.sold
    paths, direct = (journeys.paths(), journeys.direct) if reads == "timed" else journeys.folded
    computed = [_computing(paths, direct, found.keys, model) for model in models]
    given = [compute(paths) for compute in computed]
    if not rounds:
        return [(one, None) for one in given]
    ends = spreads(paths, computed, np.random.default_rng(7), rounds=rounds, level=LEVEL)
    return list(zip(given, ends, strict=True))


def _reads(model: Model) -> str:
    """Which paths a model reads.

    Where journeys without a conversion get nothing and change nothing, there is no need to weigh them again and again.
    """
    if model.name == "time_decay":
        return "timed"
    heeds_nulls = model.with_nulls if model.name == "markov" else model.name in ("markov_path", "shapley_rate")
    return "every" if heeds_nulls else "sold"


def _computing(paths: Paths, direct: Flags, keys: tuple[str, ...], model: Model) -> Resampled:
    if model.name == "markov" and model.order == 1:
        return Walks(model.with_nulls)
    if model.name == "markov":
        return lambda given: markov(given, order=model.order, with_nulls=model.with_nulls).credits
    if model.name == "markov_path":
        return lambda given: by_path(given, order=model.order)
    if model.name == "shapley_rate":
        return lambda given: shapley_rate(given, np.random.default_rng(7)).credits
    if model.name == "shapley":
        return Shared(*even_shares(paths))
    return Shared(paths.offsets, paths.channel, touch_shares(paths, _rule(direct, keys, model)))


def _rule(direct: Flags, keys: tuple[str, ...], model: Model) -> Rule:
    rules: dict[str, Callable[[], Rule]] = {
        "first": First,
        "last": Last,
        "last_non_direct": lambda: LastLed(direct),
        "linear": Linear,
        "time_decay": lambda: TimeDecay(model.half_life_days * DAY_MS),
        "position": lambda: Position(model.first, model.last),
        "custom": lambda: Custom(tuple(model.weights.get(key, 1.0) for key in keys)),
    }
    return rules[model.name]()
