"""How much credits would differ with other journeys of the same kind: Poisson bootstrap by re-weighting paths.

Every journey counts Poisson(1) times, so that a path seen n times counts Poisson(n) times (Chamandy et al. 2012, Estimating
uncertainty for massive data streams). Each resample's shares are applied to the conversions that there were.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

import numpy as np

from dujiang.foundation.errors import InvalidInput
from dujiang.foundation.i18n import _
from dujiang.insight.attribution import kernels
from dujiang.insight.attribution.model import LEAST_CONVERSIONS, Credits, Paths, Reals, Spread

_DRAWN_MAX: Final = 1 << 20
"""Numbers that are drawn at once, so few that the processor has them at hand when they are read."""


class Together(ABC):
    """A model that is asked for all resamples at once."""

    @abstractmethod
    def __call__(self, paths: Paths) -> Credits:
        """The credits of ``paths``."""

    @abstractmethod
    def resampled(self, paths: Paths, converted: Reals, nulls: Reals) -> Reals:
        """The credits by resample: conversions and value by channel.

        Args:
            paths: what happened.
            converted: by resample how often each path converted; value changes in proportion.
            nulls: how often it did not.
        """


@dataclass(frozen=True, eq=False)
class Shared(Together):
    """A model that gives the same share of a path to the same channels, however often paths were seen.

    Attributes:
        starts: where the shares of each path begin, and their number at the end.
        channel: code of each.
        share: how much; those of a path sum to one.
    """

    starts: Any
    channel: Any
    share: Reals

    def __call__(self, paths: Paths) -> Credits:
        """The credits of ``paths``."""
        kernel: Any = kernels.share_out
        return Credits(*kernel(self.starts, self.channel, self.share, paths.converted, paths.value, paths.channels))

    def resampled(self, paths: Paths, converted: Reals, nulls: Reals) -> Reals:  # noqa: ARG002
        """The credits by resample, in one pass for each."""
        kernel: Any = kernels.shared_out
        return kernel(self.starts, self.channel, self.share, converted, paths.value_each, paths.channels)


Resampled: TypeAlias = Together | Callable[[Paths], Credits]
"""Credits of re-weighted paths."""


def spread(
    paths: Paths, model: Resampled, rng: np.random.Generator, *, rounds: int = 200, level: float = 0.9
) -> Spread | None:
    """The interval of one model, as :func:`spreads` finds it."""
    return spreads(paths, [model], rng, rounds=rounds, level=level)[0]


def spreads(
    paths: Paths, models: Sequence[Resampled], rng: np.random.Generator, *, rounds: int = 200, level: float = 0.9
) -> list[Spread | None]:
    """Percentile intervals of the credits of ``models``, all from the same resamples; None with fewer than 30 conversions.

    Conversions of one path count as if all had its mean value, so intervals of value are too narrow where values differ much
    within paths.

    Args:
        paths: what happened, with counts of journeys (whole numbers).
        models: credits of re-weighted paths, for instance ``lambda paths: markov(paths).credits``.
        rng: draws the weights.
        rounds: resamples.
        level: share of the resamples between the ends of an interval.

    Raises:
        InvalidInput: fewer than 20 rounds, or a level that does not lie between 0 and 1.
    """
    if rounds < 20 or not 0 < level < 1:
        raise InvalidInput(
            "attribution.rounds", _("Intervals need 20 rounds or more and a level between 0 and 1, not {rounds} and {level}."),
            rounds=rounds, level=level,
        )  # fmt: skip
    if paths.conversions < LEAST_CONVERSIONS:
        return [None] * len(models)
    drawn = np.empty((len(models), rounds, 2, paths.channels))
    for first, converted, nulls in _resamples(paths, rng, rounds):
        for found, model in zip(drawn, models, strict=True):
            found[first : first + len(converted)] = _credits(paths, model, converted, nulls)
    totals = drawn.sum(axis=-1, keepdims=True)
    wanted = np.array([paths.conversions, paths.value.sum()]).reshape(2, 1)
    drawn = np.divide(drawn, totals, out=np.zeros_like(drawn), where=totals > 0) * wanted
    low, high = np.quantile(drawn, [(1 - level) / 2, (1 + level) / 2], axis=1)
    return [Spread(low[at, 0], high[at, 0], low[at, 1], high[at, 1], level, rounds) for at in range(len(models))]


def _resamples(paths: Paths, rng: np.random.Generator, rounds: int) -> Iterator[tuple[int, Reals, Reals]]:
    """How often each path of some resamples converted and how often it did not, with the number of the first of them."""
    kernel: Any = kernels.poissons
    count, all_converted = len(paths.converted), not paths.nulls.any()
    mean = paths.converted if all_converted else np.concatenate([paths.converted, paths.nulls])
    some = max(1, _DRAWN_MAX // max(1, len(mean)))
    for first in range(0, rounds, some):
        drawn = np.empty((min(some, rounds - first), len(mean)))
        kernel(rng, mean, drawn)
        yield first, drawn[:, :count], np.zeros_like(drawn) if all_converted else drawn[:, count:]


def _credits(paths: Paths, model: Resampled, converted: Reals, nulls: Reals) -> Reals:
    """The credits of ``model`` by resample: conversions and value by channel."""
    if isinstance(model, Together):
        return model.resampled(paths, converted, nulls)
    found = (model(paths.weighted(*weights)) for weights in zip(converted, nulls, strict=True))
    return np.array([(one.conversions, one.value) for one in found])
