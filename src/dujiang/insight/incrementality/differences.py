"""Difference in differences: how much more the treated changed than the others.

In a panel where all treated start together, the regression with effects of units and periods gives the difference of the
mean changes (after − before) of the two groups. Errors that are correlated within a unit are allowed for by working with one
change per unit (Bertrand, Duflo and Mullainathan 2004; Donald and Lang 2007): Welch's standard error of these changes is the
cluster-robust one with the CR2 correction, and its degrees of freedom are those of Bell and McCaffrey (2002).

All rests on the belief that both groups would have changed alike. It cannot be tested, but it can fail before the start.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
import scipy

from dujiang.insight.incrementality.model import LEVEL, Doubt, Estimate, Flags, Panel, Reals, by_t, checked_level, welch

LEAST_UNITS: Final = 4
_SUSPICIOUS: Final = 0.1


@dataclass(frozen=True)
class Placebo:
    """The same comparison with a start at which nothing happened.

    Attributes:
        start: the pretended first period.
        estimate: what should be nothing.
    """

    start: int
    estimate: Estimate


@dataclass(frozen=True, eq=False)
class Differences:
    """What the treatment changed per unit and period, with its checks.

    Attributes:
        effect: the estimate.
        by_period: the difference of the groups in each period, against their difference on the average before the start.
        trend: difference of the groups' slopes per period before the start; None with fewer than three periods.
        joint_p: p of no difference in any period before the start (Hotelling); None where there are too few units for it.
        placebos: starts that are pretended before the real one.
        without: the effect without each unit, in the order of the panel; NaN where its group would be empty.
        doubts: reasons to believe it less.
    """

    effect: Estimate
    by_period: tuple[Estimate, ...]
    trend: Estimate | None
    joint_p: float | None
    placebos: tuple[Placebo, ...]
    without: Reals
    doubts: tuple[Doubt, ...]


def difference_in_differences(panel: Panel, *, level: float = LEVEL) -> Differences:
    """The effect, cluster-robust by unit, and its checks.

    Raises:
        InvalidInput: the level does not lie between 0 and 1.
    """
    checked_level(level)
    outcome, treated, start = panel.outcome, panel.treated, panel.start
    effect = _apart(_change(outcome, start), treated, level)
    before = outcome[:, :start]
    against = outcome - before.mean(axis=1, keepdims=True)
    trend = _apart(_slopes(before), treated, level) if start > 2 else None
    joint = _joint(before, treated)
    doubts = []
    if min(treated.sum(), (~treated).sum()) < LEAST_UNITS:
        doubts.append(Doubt.FEW_UNITS)
    if any(p is not None and p < _SUSPICIOUS for p in (trend.p if trend else None, joint)):
        doubts.append(Doubt.PRE_TREND)
    return Differences(
        effect,
        tuple(_apart(column, treated, level) for column in against.T),
        trend,
        joint,
        tuple(Placebo(one, _apart(_change(before, one), treated, level)) for one in range(1, start)),
        _without_each(_change(outcome, start), treated),
        tuple(doubts),
    )


def _change(outcome: Reals, start: int) -> Reals:
    return outcome[:, start:].mean(axis=1) - outcome[:, :start].mean(axis=1)


def _slopes(outcome: Reals) -> Reals:
    time = np.arange(outcome.shape[1]) - (outcome.shape[1] - 1) / 2
    return outcome @ time / (time @ time)


def _apart(of_unit: Reals, treated: Flags, level: float) -> Estimate:
    ours, theirs = of_unit[treated], of_unit[~treated]
    variances = [float(one.var(ddof=1)) if len(one) > 1 else math.nan for one in (ours, theirs)]
    error, degrees = welch(variances[0], len(ours), variances[1], len(theirs))
    return by_t(float(ours.mean() - theirs.mean()), error, degrees, level)


def _joint(before: Reals, treated: Flags) -> float | None:
    """Hotelling's two-sample test of the changes from period to period before the start."""
    steps = np.diff(before, axis=1)
    kinds, units = steps.shape[1], len(steps)
    if kinds < 1 or units - 2 < 2 * kinds or min(treated.sum(), (~treated).sum()) < 2:
        return None
    ours, theirs = steps[treated], steps[~treated]
    centred = np.vstack([ours - ours.mean(axis=0), theirs - theirs.mean(axis=0)])
    pooled = centred.T @ centred / (units - 2)
    if np.linalg.matrix_rank(pooled) < kinds:
        return None
    apart = ours.mean(axis=0) - theirs.mean(axis=0)
    squared = len(ours) * len(theirs) / units * float(apart @ np.linalg.solve(pooled, apart))
    return float(scipy.stats.f.sf(squared * (units - kinds - 1) / (kinds * (units - 2)), kinds, units - kinds - 1))


def _without_each(change: Reals, treated: Flags) -> Reals:
    means = {}
    for group in (True, False):
        own = change[treated == group]
        rest = (own.sum() - own) / (len(own) - 1) if len(own) > 1 else np.full(1, np.nan)
        means[group] = own.mean(), rest
    found = np.empty(len(change))
    found[treated] = means[True][1] - means[False][0]
    found[~treated] = means[True][0] - means[False][1]
    return found
