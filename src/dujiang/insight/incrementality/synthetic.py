"""Synthetic control: what the treated markets would have done, as a mixture of the others.

Weights are not negative and sum to one (Abadie, Diamond and Hainmueller 2010); with ``intercept`` the mixture may lie at
another height (Doudchenko and Imbens 2016; Ferman and Pinto 2021), and with ``ridge`` the remaining gap before the start is
removed by a ridge regression whose weights may be negative (Ben-Michael, Feller and Rothstein 2021).

Markets with a handful of orders follow the treated by chance, too, and least squares takes that for likeness: the mixture rests
on few of them and is off afterwards. So each donor's own noise, estimated from its jumps against the mean of all, counts once
more against its weight (``noise``), as a ridge whose strength the data state.

Inference is conformal (Chernozhukov, Wüthrich and Zhu 2021, An exact and robust conformal inference method for
counterfactual and synthetic controls, JASA 116): under a supposed effect, the model is fitted to *all* periods, and the mean
residual after the start is compared with that of as many periods elsewhere, by shifting time in a circle. It needs
residuals that are stationary; its smallest p is 1 / periods. Beside it stands the permutation over markets of Abadie et al.:
how extreme the treated are among all, each treated in turn.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from dujiang.insight.incrementality.model import LEVEL, Doubt, Estimate, Panel, Reals, checked_level
from dujiang.insight.incrementality.simplex import simplex_weights

LEAST_BEFORE: Final = 10
LEAST_DONORS: Final = 3
POOR_FIT: Final = 0.5
"""Share of the treated series' variance before the start that may stay unexplained (a mixture may not explain less)."""
_GRID: Final = 24
_HALVINGS: Final = 12


@dataclass(frozen=True)
class Method:
    """How the mixture is made.

    Attributes:
        intercept: whether it may lie at another height than the treated.
        ridge: strength of the ridge correction, relative to the mean square of the donors; None for none.
        noise: how often the donors' own noise is counted against their weights; 0 for plain least squares.
    """

    intercept: bool = True
    ridge: float | None = None
    noise: float = 1.0


PLAIN: Final = Method()


@dataclass(frozen=True, eq=False)
class Fit:
    """A mixture of donors.

    Attributes:
        weights: by donor, in sum one.
        height: what is added to the mixture.
    """

    weights: Reals
    height: float

    def predict(self, donors: Reals) -> Reals:
        """The mixture by period."""
        return self.height + self.weights @ donors


@dataclass(frozen=True, eq=False)
class SyntheticControl:
    """What the treatment changed, and what to look at before believing it.

    Attributes:
        fit: the mixture, fitted before the start. Donors are in the order of the panel's rows that are not treated.
        observed: mean of the treated markets by period.
        expected: the mixture by period: before the start it shows how well it follows, afterwards what would have been.
        average: effect per market and period; the interval supposes an effect that is the same in all periods after the start.
        relative: ``average`` as a share of what would have been; None where that is 0. Its interval divides by a known number.
        total: effect in all treated markets and periods.
        rank: p of the permutation over markets; None with fewer than three donors.
        gap: root mean square of observed − expected before the start.
        unexplained: the same, squared, as a share of the variance of the treated series before the start.
        doubts: reasons to believe it less.
    """

    fit: Fit
    observed: Reals
    expected: Reals
    average: Estimate
    relative: Estimate | None
    total: Estimate
    rank: float | None
    gap: float
    unexplained: float
    doubts: tuple[Doubt, ...]

    @property
    def effects(self) -> Reals:
        """Observed − expected by period, those before the start included."""
        return self.observed - self.expected


def synthetic_control(panel: Panel, method: Method = PLAIN, *, level: float = LEVEL) -> SyntheticControl:
    """Compare the mean of the treated markets with a mixture of the others.

    Raises:
        InvalidInput: the level does not lie between 0 and 1.
    """
    checked_level(level)
    observed, donors, start = panel.outcome[panel.treated].mean(axis=0), panel.outcome[~panel.treated], panel.start
    fit = mixture(donors[:, :start], observed[:start], method)
    expected = fit.predict(donors)
    gaps = observed - expected
    value = float(gaps[start:].mean())
    gap, variance = float(np.mean(gaps[:start] ** 2)), float(observed[:start].var())
    unexplained = gap / variance if variance > 0 else (0.0 if gap == 0 else math.inf)
    doubts = _doubts(panel, len(donors), unexplained, level)
    if {Doubt.FEW_PERIODS, Doubt.FEW_UNITS} & set(doubts):
        average = Estimate(value, None, None, None, level)
    else:
        average = _conformal(observed, donors, start, method, value, level)
    base = float(expected[start:].mean())
    return SyntheticControl(
        fit,
        observed,
        expected,
        average,
        average.times(1 / base) if base else None,
        average.times(float(panel.treated.sum() * (panel.periods - start))),
        placebo_rank(observed, donors, start, method) if len(donors) >= LEAST_DONORS else None,
        math.sqrt(gap),
        unexplained,
        doubts,
    )


def mixture(donors: Reals, target: Reals, method: Method) -> Fit:
    """The mixture of ``donors`` (by donor and period) that follows ``target`` best."""
    level = donors.mean(axis=1) if method.intercept else np.zeros(len(donors))
    height = float(target.mean()) if method.intercept else 0.0
    moved, aim = donors - level[:, None], target - height
    weights = simplex_weights(moved, aim, penalty=method.noise * len(target) * _noise(donors))
    if method.ridge is not None:
        centred = moved - moved.mean(axis=0)
        strength = method.ridge * float((centred**2).sum()) / max(1, centred.shape[1]) + 1e-12
        kernel = centred.T @ centred + strength * np.eye(centred.shape[1])
        weights = weights + centred @ np.linalg.solve(kernel, aim - weights @ moved)
    return Fit(weights, height - float(weights @ level))


def _noise(donors: Reals) -> Reals:
    """Variance of each donor's own noise: half the mean square of its jumps against the mean of all (von Neumann 1941)."""
    if donors.shape[1] < 2 or len(donors) < 2:
        return np.zeros(len(donors))
    jumps = np.diff(donors - donors.mean(axis=0), axis=1)
    return (jumps**2).mean(axis=1) / 2


def conformal_p(observed: Reals, donors: Reals, start: int, method: Method, effect: float) -> float:
    """The p-value of the supposition that the treatment added ``effect`` in every period from ``start`` on."""
    supposed = observed.copy()
    supposed[start:] -= effect
    residual = supposed - mixture(donors, supposed, method).predict(donors)
    after = len(observed) - start
    around = np.concatenate([residual, residual[: after - 1]])
    windows = np.abs(np.convolve(around, np.ones(after), "valid"))
    own = windows[start]
    return float((windows >= own - 1e-9 * max(own, 1e-300)).mean())


def placebo_rank(observed: Reals, donors: Reals, start: int, method: Method) -> float:
    """How extreme the treated are: the share of all markets whose gap grew at least as much (RMS after ÷ RMS before)."""
    own = _growth(observed, donors, start, method)
    others = [_growth(donors[one], np.delete(donors, one, axis=0), start, method) for one in range(len(donors))]
    return (1 + sum(other >= own for other in others)) / (1 + len(others))


def _growth(target: Reals, donors: Reals, start: int, method: Method) -> float:
    gaps = (target - mixture(donors[:, :start], target[:start], method).predict(donors)) ** 2
    before = float(gaps[:start].mean())
    return float(gaps[start:].mean()) / before if before > 0 else math.inf


def _doubts(panel: Panel, donors: int, unexplained: float, level: float) -> tuple[Doubt, ...]:
    found = []
    if panel.start < LEAST_BEFORE or panel.periods < 1 / (1 - level):
        found.append(Doubt.FEW_PERIODS)
    if donors < LEAST_DONORS:
        found.append(Doubt.FEW_UNITS)
    if unexplained > POOR_FIT:
        found.append(Doubt.POOR_FIT)
    return tuple(found)


def _conformal(observed: Reals, donors: Reals, start: int, method: Method, value: float, level: float) -> Estimate:
    """The ends enclose all effects on a grid whose p is above 1 − level; each end is then refined by halving."""

    def kept(effect: float) -> bool:
        return conformal_p(observed, donors, start, method, effect) > 1 - level + 1e-12

    scale = float(np.abs(observed - mixture(donors, observed, method).predict(donors)).mean()) or abs(value) or 1.0
    steps = scale * np.concatenate([np.linspace(0, 4, _GRID), 4 * 1.6 ** np.arange(1, 16)])
    low, high = (_end(value, sign * steps, kept) for sign in (-1.0, 1.0))
    p = conformal_p(observed, donors, start, method, 0.0)
    return Estimate(value, low, high, p, level)


def _end(value: float, steps: Any, kept: Callable[[float], bool]) -> float:
    inside = [place for place, step in enumerate(steps) if kept(value + step)]
    if not inside:
        return value
    if inside[-1] == len(steps) - 1:
        return math.copysign(math.inf, steps[-1])
    within, without = steps[inside[-1]], steps[inside[-1] + 1]
    for _half in range(_HALVINGS):
        middle = (within + without) / 2
        within, without = (middle, without) if kept(value + middle) else (within, middle)
    return float(value + within)
