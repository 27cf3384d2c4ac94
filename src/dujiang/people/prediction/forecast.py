"""From fitted models to what single people will do: purchases, value with an interval, and whether they are still customers.

The interval is that of the person's own future, not of a mean: in so many of 100 cases the value lies between its ends. It
follows from the distribution of the count (dead with 1 − P(alive), else the model's own) and of the sum of so many Gamma
values. It takes the parameters as known; with few data it is therefore somewhat too narrow.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import ModuleType
from typing import Any, Final

import numpy as np
from numba import njit
from scipy.special import betainc

from dujiang.people.prediction import bgnbd, gammagamma, paretonbd
from dujiang.people.prediction.fitting import Fit
from dujiang.people.prediction.purchases import Buyers
from dujiang.people.prediction.special import Ints, Reals

MODELS: Final[dict[str, ModuleType]] = {"bg_nbd": bgnbd, "pareto_nbd": paretonbd}
COVERAGE: Final = 0.8
_GRID: Final = np.concatenate([[0.0], np.geomspace(1e-3, 1e4, 240)])
_COUNTED_MAX: Final = 60


@dataclass(frozen=True)
class PurchaseModel:
    """What forecasts are made with.

    Attributes:
        name: ``bg_nbd`` or ``pareto_nbd``.
        purchases: its parameters.
        value: parameters of Gamma-Gamma, γ in minor units of money; None where the value cannot be estimated.
    """

    name: str
    purchases: tuple[float, ...]
    value: tuple[float, ...] | None

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
    """

    days: int
    purchases: Reals
    value: Reals | None
    low: Reals | None
    high: Reals | None


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
        return Forecast(days, purchases, None, None, None)
    each = gammagamma.expected_mean(np.array(model.value), who.n, who.mean)
    low, high = _interval(model, who, living, pairs, place, weeks)
    return Forecast(days, purchases, purchases * each, low, high)


def _distinct(who: Buyers) -> tuple[tuple[Ints, Reals], Ints]:
    """The different pairs of x and age, by which alone people who are alive differ; and everybody's place among them."""
    code = who.x * 1_000_000 + np.round(who.age * 7).astype(np.int64)
    found, place = np.unique(code, return_inverse=True)
    return (found // 1_000_000, (found % 1_000_000) / 7.0), place


def _interval(
    model: PurchaseModel, who: Buyers, living: Reals, pairs: tuple[Ints, Reals], place: Ints, weeks: float
) -> tuple[Reals, Reals]:
    assert model.value is not None
    p, q, gamma = model.value
    most = int(min(_COUNTED_MAX, 10 + 3 * model.module.expected_if_alive(model.parameters, *pairs, weeks).max()))
    chances = model.module.count_if_alive(model.parameters, *pairs, weeks, most)
    chances[:, -1] += np.maximum(0, 1 - chances.sum(axis=1))
    # The sum of k values is (γ + n·mean) times a beta prime variate, so that one grid serves people of the same n.
    scale = gamma + who.n * who.mean
    low, high = np.zeros(len(who)), np.zeros(len(who))
    counts, count_place = np.unique(who.n, return_inverse=True)
    k = np.arange(1, most + 1)
    for index, n in enumerate(counts):
        rows = np.flatnonzero(count_place == index)
        sums = betainc(p * k[:, None], q + p * n, (_GRID / (1 + _GRID))[None, :])
        own, own_place = np.unique(place[rows], return_inverse=True)
        cumulated = chances[own, :1] + chances[own, 1:] @ sums
        for level, out in (((1 - COVERAGE) / 2, low), ((1 + COVERAGE) / 2, high)):
            out[rows] = scale[rows] * _quantile(cumulated, own_place, living[rows], level)
    return low, high


def _quantile(cumulated: Reals, place: Ints, living: Reals, level: float) -> Reals:
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
