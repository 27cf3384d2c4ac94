"""Panels, estimates with their uncertainty, and the reasons to doubt them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import numpy as np
import numpy.typing as npt
import scipy

from dujiang.foundation.errors import InvalidInput
from dujiang.foundation.i18n import _

Reals = npt.NDArray[np.float64]
Wholes = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

LEVEL: Final = 0.9


class Doubt(StrEnum):
    """Why an answer is missing, or should be believed less."""

    FEW_PERIODS = "few_periods"
    """Too few periods for the level asked for."""
    FEW_UNITS = "few_units"
    """Too few markets, blocks or people to judge by."""
    UNSOLD = "unsold"
    """A treated market in which nothing was sold at all."""
    FEW_EVENTS = "few_events"
    """Too few conversions (or too few without) for a share to be judged by."""
    POOR_FIT = "poor_fit"
    """Before the start the comparison did not follow the treated: its gap afterwards says little."""
    PRE_TREND = "pre_trend"
    """The groups drifted apart before the start already."""
    SAMPLE_RATIO = "sample_ratio"
    """The groups are not of the sizes that the lot drew."""
    UNBALANCED = "unbalanced"
    """The groups differed before anything was done."""
    NO_BASE = "no_base"
    """What a relative effect is divided by is not clearly different from zero."""


@dataclass(frozen=True)
class Estimate:
    """A number and how far the truth may lie from it; the interval is None where there is no basis for one.

    Attributes:
        value: the estimate.
        low: lower end of the interval; minus infinity where the data exclude nothing below.
        high: upper end.
        p: probability of data at least as far from no effect, if there were none (two-sided).
        level: how often such intervals hold the truth.
    """

    value: float
    low: float | None
    high: float | None
    p: float | None
    level: float

    def times(self, factor: float) -> Estimate:
        """The same in other units; ``factor`` is known without error."""
        low, high = (None if end is None else end * factor for end in (self.low, self.high))
        return Estimate(self.value * factor, *((low, high) if factor >= 0 else (high, low)), p=self.p, level=self.level)


@dataclass(frozen=True, eq=False)
class Panel:
    """One number for each market (or other unit) and period, and which markets were treated from which period on.

    Attributes:
        outcome: by unit and period, periods in order and of equal length.
        treated: which units were.
        start: the first treated period.
    """

    outcome: Reals
    treated: Flags
    start: int

    def __post_init__(self) -> None:
        """Refuse what cannot be a panel.

        Raises:
            InvalidInput: shapes that do not fit, a missing number, no treated or no other unit, or no period on one side.
        """
        if self.outcome.ndim != 2 or self.treated.shape != self.outcome.shape[:1]:
            raise InvalidInput("incrementality.shape", _("A panel has one row per market and one column per period."))
        if not np.isfinite(self.outcome).all():
            raise InvalidInput(
                "incrementality.missing", _("A market has a period without a number. Fill in 0 or leave it out.")
            )
        if not self.treated.any() or self.treated.all():
            raise InvalidInput("incrementality.groups", _("At least one market has to be treated, and one not."))
        if not 0 < self.start < self.outcome.shape[1]:
            raise InvalidInput(
                "incrementality.start", _("The test starts in period {start} of {periods}; some have to lie before and after."),
                start=self.start, periods=self.outcome.shape[1],
            )  # fmt: skip

    @property
    def periods(self) -> int:
        """All periods."""
        return self.outcome.shape[1]


def levelled(panel: Panel, *, treated_too: bool = False) -> Panel:
    """The other markets (and the treated, too) brought to the height that the treated had on the average before the start.

    Seasons and promotions multiply what a market sells. In markets of one height they add the same, so that a mixture follows
    them, and differences do not confuse a large market with an effect. A market without sales before the start stays as it is.
    """
    height = panel.outcome[:, : panel.start].mean(axis=1)
    goal = float(height[panel.treated].mean())
    factor = np.divide(goal, height, out=np.ones_like(height), where=(height > 0) & (goal > 0))
    factor[panel.treated & (not treated_too)] = 1.0
    return Panel(panel.outcome * factor[:, None], panel.treated, panel.start)


def checked_level(level: float) -> float:
    """``level`` itself.

    Raises:
        InvalidInput: it does not lie between 0 and 1.
    """
    if not 0 < level < 1:
        raise InvalidInput(
            "incrementality.level", _("The level is {level}; it has to lie between 0 and 1."), level=level
        )
    return level


def by_t(value: float, error: float, degrees: float, level: float) -> Estimate:
    """An estimate with a standard error, by Student's t; without interval where the error is not known.

    >>> by_t(1.0, 0.5, math.inf, 0.95).high
    1.979981992270027
    """
    if not (math.isfinite(error) and degrees > 0):
        return Estimate(value, None, None, None, level)
    if error == 0:
        return Estimate(value, value, value, 1.0 if value == 0 else 0.0, level)
    reach = error * float(scipy.stats.t.ppf((1 + level) / 2, degrees))
    return Estimate(
        value, value - reach, value + reach, float(2 * scipy.stats.t.sf(abs(value) / error, degrees)), level
    )


def welch(of_variance: float, n_of: float, other_variance: float, n_other: float) -> tuple[float, float]:
    """Standard error of a difference of two means and its degrees of freedom (Welch–Satterthwaite); NaN and 0 below 2 each."""
    if min(n_of, n_other) < 2:
        return math.nan, 0.0
    one, other = of_variance / n_of, other_variance / n_other
    if one + other == 0:
        return 0.0, n_of + n_other - 2
    degrees = (one + other) ** 2 / (one**2 / (n_of - 1) + other**2 / (n_other - 1))
    return math.sqrt(one + other), degrees
