"""From fitted models to what single people will do: purchases, value with an interval, and whether they are still customers.

The interval is that of the person's own future, not of a mean: in so many of 100 cases the value lies between its ends. It
follows from the distribution of the count (dead with 1 − P(alive), else the model's own) and of the sum of so many Gamma
values. It takes the parameters as known; with few data it is therefore somewhat too narrow.

Most people will buy nothing with a probability above the tenth that an interval with equal tails leaves out below. Nothing
lies below 0, so that such an interval would hold nine of ten. There the interval therefore begins at 0 and ends where it
holds eight of ten. Only who will buy nothing with more than eight of ten is held more often: no interval holds less than its
one value.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import ModuleType
from typing import Any, Final

import numpy as np
import scipy
from numba import njit

from dujiang.people.prediction import bgnbd, gammagamma, paretonbd
from dujiang.people.prediction.fitting import Fit
from dujiang.people.prediction.purchases import Buyers
from dujiang.people.prediction.special import Ints, Reals

MODELS: Final[dict[str, ModuleType]] = {"bg_nbd": bgnbd, "pareto_nbd": paretonbd}
COVERAGE: Final = 0.8
_GRID: Final = np.concatenate([[0.0], np.geomspace(1e-3, 1e4, 240)])


@dataclass(frozen=True)
class PurchaseModel:
    """What forecasts are made with.

    Attributes:
        name: ``bg_nbd`` or ``pareto_nbd``.
        purchases: its parameters.
        value: parameters of Gamma-Gamma, γ in minor units of money; None where the value cannot be estimated.
        purchases_covariance, value_covariance: of the logarithms of the parameters, row by row; empty where unknown.
    """

    name: str
    purchases: tuple[float, ...]
    value: tuple[float, ...] | None
    purchases_covariance: tuple[tuple[float, ...], ...] = ()
    value_covariance: tuple[tuple[float, ...], ...] = ()

    @property
    def module(self) -> ModuleType:
        """The model's functions."""
        return MODELS[self.name]

    @property
    def parameters(self) -> Reals:
        """The parameters of the purchase model."""
        return np.array(self.purchases)


@dataclass(frozen=True)
class Forecast:
    """The next ``days`` of everybody.

    Attributes:
        purchases: expected occasions.
        value: expected value in minor units; None without a value model.
        low, high: ends of the interval of the value.
        held: in how many of 100 cases the value lies in it: ``COVERAGE``, more for who will most likely buy nothing.
    """

    days: int
    purchases: Reals
    value: Reals | None
    low: Reals | None
    high: Reals | None
    held: Reals | None


def alive(model: PurchaseModel, who: Buyers) -> Reals:
    """The probability of each to be still a customer."""
    return np.asarray(model.module.alive(model.parameters, who.x, who.t_x, who.age))


def forecast(model: PurchaseModel, who: Buyers, days: int) -> Forecast:
    """What ``who`` will buy within ``days`` from the day as of which they are known."""
    weeks, living = days / 7, alive(model, who)
    pairs, place = _distinct(who)
    if_alive = model.module.expected_if_alive(model.parameters, pairs[0], pairs[1], weeks)
    purchases = living * if_alive[place]
    if model.value is None or not len(who):
        return Forecast(days, purchases, None, None, None, None)
    each = gammagamma.expected_mean(np.array(model.value), who.n, who.mean)
    return Forecast(days, purchases, purchases * each, *_interval(model, who, living, pairs, place, weeks))


def moments(model: PurchaseModel, who: Buyers, days: int) -> tuple[Reals, Reals]:
    """Mean and variance of the value that each of ``who`` will bring within ``days``; an infinite variance where there is none.

    Given the count k, the value is a sum of k Gamma(p, ν) with ν ~ Gamma(q + p·n, γ + n·mean).
    """
    assert model.value is not None
    p, q, gamma = model.value
    weeks, living = days / 7, alive(model, who)
    pairs, place = _distinct(who)
    chances = _counts(model, pairs, weeks)
    k = np.arange(chances.shape[1])
    squares = living * (chances @ (p * k * (p * k + 1)))[place]
    mean = living * model.module.expected_if_alive(model.parameters, *pairs, weeks)[place]
    mean = mean * gammagamma.expected_mean(np.array(model.value), who.n, who.mean)
    shape, scale = q + p * who.n, gamma + who.n * who.mean
    known = shape > 2
    second = np.where(known, scale**2 / np.where(known, (shape - 1) * (shape - 2), 1.0), np.inf)
    return mean, squares * second - np.where(known, mean**2, 0.0)


def mean_value(model: PurchaseModel, who: Buyers, days: int) -> Reals:
    """The mean value that each of ``who`` will bring within ``days``."""
    assert model.value is not None
    pairs, place = _distinct(who)
    if_alive = model.module.expected_if_alive(model.parameters, *pairs, days / 7)
    return alive(model, who) * if_alive[place] * gammagamma.expected_mean(np.array(model.value), who.n, who.mean)


def _distinct(who: Buyers) -> tuple[tuple[Ints, Reals], Ints]:
    """The different pairs of x and age, by which alone people who are alive differ; and everybody's place among them."""
    code = who.x * 1_000_000 + np.round(who.age * 7).astype(np.int64)
    found, place = np.unique(code, return_inverse=True)
    return (found // 1_000_000, (found % 1_000_000) / 7.0), place


def _interval(
    model: PurchaseModel, who: Buyers, living: Reals, pairs: tuple[Ints, Reals], place: Ints, weeks: float
) -> tuple[Reals, Reals, Reals]:
    """Ends of the interval, and the probability that it holds."""
    assert model.value is not None
    p, q, gamma = model.value
    chances = _counts(model, pairs, weeks)
    nothing = 1 - living + living * chances[place, 0]
    below = np.where(nothing >= (1 - COVERAGE) / 2, 0.0, (1 - COVERAGE) / 2)
    # The sum of k values is (γ + n·mean) times a beta prime variate, so that one grid serves people of the same n.
    scale = gamma + who.n * who.mean
    low, high = np.zeros(len(who)), np.zeros(len(who))
    counts, count_place = np.unique(who.n, return_inverse=True)
    k = np.arange(1, chances.shape[1])
    for index, n in enumerate(counts):
        rows = np.flatnonzero(count_place == index)
        sums = scipy.special.betainc(p * k[:, None], q + p * n, (_GRID / (1 + _GRID))[None, :])
        own, own_place = np.unique(place[rows], return_inverse=True)
        cumulated = chances[own, :1] + chances[own, 1:] @ sums
        for level, out in ((below[rows], low), (below[rows] + COVERAGE, high)):
            out[rows] = scale[rows] * _quantile(cumulated, own_place, living[rows], level)
    return low, high, np.maximum(COVERAGE, nothing)


def _counts(model: PurchaseModel, pairs: tuple[Ints, Reals], weeks: float) -> Reals:
    """P(0), P(1) … purchases of the living; the last is for so many or more."""
    # Purchases are counted by days, so that there can be no more of them than days.
    most = int(min(round(weeks * 7), 10 + 3 * model.module.expected_if_alive(model.parameters, *pairs, weeks).max()))
    chances = model.module.count_if_alive(model.parameters, *pairs, weeks, most)
    chances[:, -1] += np.maximum(0, 1 - chances.sum(axis=1))
    return chances


def _quantile(cumulated: Reals, place: Ints, living: Reals, level: Reals) -> Reals:
    """The quantile of a value that is 0 for the dead and distributed like a row of ``cumulated`` for the living."""
    wanted = (level - (1 - living)) / np.maximum(living, 1e-12)
    found = np.zeros(len(place))
    kernel: Any = _invert
    kernel(cumulated, place, wanted, _GRID, found)
    return found


@njit(cache=True, nogil=True)
def _invert(cumulated: Any, place: Any, wanted: Any, grid: Any, out: Any) -> None:  # pragma: no cover - compiled
    for i in range(len(place)):
        row, level = cumulated[place[i]], wanted[i]
        if level <= row[0]:
            continue
        after = min(np.searchsorted(row, level), len(grid) - 1)
        step = row[after] - row[after - 1]
        share = (level - row[after - 1]) / step if step > 0 else 1.0
        out[i] = grid[after - 1] + min(1.0, share) * (grid[after] - grid[after - 1])


def usable(fit: Fit) -> bool:
    """Whether forecasts may be made with it."""
    return fit.converged and all(np.isfinite(fit.values))
