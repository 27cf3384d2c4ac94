"""Named models over journeys: credits, and how far other journeys of the same kind would have moved them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from dujiang.insight.attribution import kernels
from dujiang.insight.attribution.bootstrap import spread
from dujiang.insight.attribution.journeys import Flags, Journeys
from dujiang.insight.attribution.markov import by_path, markov
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
    by_shares,
    touch_shares,
)
from dujiang.insight.attribution.shapley import shapley_conversions, shapley_rate

DAY_MS = 86_400_000
LEVEL = 0.9


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


def credited(found: Journeys, model: Model, rounds: int) -> tuple[Credits, Spread | None]:
    """What ``model`` gives to each key, and with ``rounds`` above 0 its intervals.

    Resamples come from a generator that always starts alike, so that the same journeys give the same intervals.
    """
    # Where journeys without a conversion get nothing and change nothing, there is no need to weigh them again and again.
    found = found if _heeds_nulls(model) else found.only(found.is_converted)
    if model.name == "time_decay":
        paths, direct = found.paths(), found.direct
    else:
        folded = found.folded()
        paths, direct = folded.paths, folded.direct
    compute = _computing(paths, direct, found.keys, model)
    shared = compute(paths)
    return shared, spread(paths, compute, np.random.default_rng(7), rounds=rounds, level=LEVEL) if rounds else None


def _heeds_nulls(model: Model) -> bool:
    """Whether journeys without a conversion change what the model gives."""
    return model.with_nulls if model.name == "markov" else model.name in ("markov_path", "shapley_rate")


def _computing(paths: Paths, direct: Flags, keys: tuple[str, ...], model: Model) -> Callable[[Paths], Credits]:
    if model.name == "markov":
        return lambda given: markov(given, order=model.order, with_nulls=model.with_nulls).credits
    if model.name == "markov_path":
        return lambda given: by_path(given, order=model.order)
    if model.name == "shapley":
        return lambda given: shapley_conversions(given).credits
    if model.name == "shapley_rate":
        return lambda given: shapley_rate(given, np.random.default_rng(7)).credits
    # Shares of touches do not depend on how often a path was seen, so resamples need not work them out again.
    shares = touch_shares(paths, _rule(direct, keys, model))
    return lambda given: by_shares(given, shares)


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
