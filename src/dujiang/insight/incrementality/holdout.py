"""Hold-outs: people who were addressed against people who, by lot, were not.

Relative effects count the noise of the control group's mean, too (delta method), which some engines leave out. Shares use
Newcombe, R. G. (1998), Interval estimation for the difference between independent proportions, Statistics in Medicine 17
(method 10), a pooled score test, and the log of the ratio (Katz et al. 1978) for the relative effect.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import scipy

from dujiang.foundation.errors import InvalidInput
from dujiang.foundation.i18n import _
from dujiang.insight.incrementality.model import LEVEL, Doubt, Estimate, by_t, checked_level, welch
from dujiang.insight.intervals import wilson

LEAST_EVENTS: Final = 5
_CLEAR: Final = 3.0


@dataclass(frozen=True)
class Sums:
    """What is known of a group of people.

    Attributes:
        n: people.
        total: sum over them.
        squares: sum of squares.
    """

    n: int
    total: float
    squares: float

    @property
    def mean(self) -> float:
        """Per person."""
        return self.total / self.n

    @property
    def variance(self) -> float:
        """Between people; NaN for fewer than two."""
        return max(0.0, self.squares - self.total**2 / self.n) / (self.n - 1) if self.n > 1 else math.nan


@dataclass(frozen=True)
class Holdout:
    """What addressing people changed.

    Attributes:
        absolute: difference per person.
        relative: difference as a share of the control group; None where that share means nothing.
        total: difference for all people addressed.
        doubts: reasons to believe it less.
    """

    absolute: Estimate
    relative: Estimate | None
    total: Estimate
    doubts: tuple[Doubt, ...]


def compare_means(treated: Sums, control: Sums, *, level: float = LEVEL) -> Holdout:
    """Means of two groups by Welch's t; the relative effect by the delta method.

    Raises:
        InvalidInput: a group is empty, or the level makes no sense.

    >>> answer = compare_means(Sums(4, 8.0, 18.0), Sums(4, 4.0, 6.0))
    >>> answer.absolute.value, answer.relative, answer.doubts
    (1.0, None, (<Doubt.NO_BASE: 'no_base'>,))
    """
    _check(treated.n, control.n, level)
    error, degrees = welch(treated.variance, treated.n, control.variance, control.n)
    absolute = by_t(treated.mean - control.mean, error, degrees, level)
    doubts: list[Doubt] = [] if min(treated.n, control.n) > 1 else [Doubt.FEW_UNITS]
    relative = None
    base = control.mean
    if not doubts and abs(base) > _CLEAR * math.sqrt(control.variance / control.n):
        ratio = treated.mean / base
        spread = (treated.variance / base**2, control.variance * ratio**2 / base**2)
        relative = by_t(ratio - 1, *welch(spread[0], treated.n, spread[1], control.n), level)
        if base < 0:
            relative = relative.times(-1.0)
    else:
        doubts.append(Doubt.NO_BASE)
    return Holdout(absolute, relative, absolute.times(treated.n), tuple(doubts))


def compare_shares(
    converted: int, treated: int, control_converted: int, control: int, *, level: float = LEVEL
) -> Holdout:
    """Shares of two groups.

    Args:
        converted: converted among the treated.
        treated: people who were addressed.
        control_converted: converted among the others.
        control: people who were held out.
        level: how often intervals are to hold the truth.

    Raises:
        InvalidInput: a group is empty, or more converted than there are.
    """
    _check(treated, control, level)
    if not (0 <= converted <= treated and 0 <= control_converted <= control):
        raise InvalidInput("incrementality.shares", _("More people converted than there are in the group."))
    share, base = converted / treated, control_converted / control
    z = float(scipy.stats.norm.ppf((1 + level) / 2))
    of_treated, of_control = wilson(converted, treated, z), wilson(control_converted, control, z)
    assert of_treated is not None
    assert of_control is not None
    (low, high), (base_low, base_high) = of_treated, of_control
    pooled = (converted + control_converted) / (treated + control)
    error = math.sqrt(pooled * (1 - pooled) * (1 / treated + 1 / control))
    difference = share - base
    absolute = Estimate(
        difference,
        difference - math.hypot(share - low, base_high - base),
        difference + math.hypot(high - share, base - base_low),
        float(2 * scipy.stats.norm.sf(abs(difference) / error)) if error else 1.0,
        level,
    )
    events = (converted, treated - converted, control_converted, control - control_converted)
    doubts: list[Doubt] = [Doubt.FEW_EVENTS] if min(events) < LEAST_EVENTS else []
    relative = None
    if converted and control_converted:
        wide = z * math.sqrt(1 / converted - 1 / treated + 1 / control_converted - 1 / control)
        ratio = share / base
        relative = Estimate(ratio - 1, ratio * math.exp(-wide) - 1, ratio * math.exp(wide) - 1, absolute.p, level)
    else:
        doubts.append(Doubt.NO_BASE)
    return Holdout(absolute, relative, absolute.times(treated), tuple(doubts))


def _check(treated: int, control: int, level: float) -> None:
    checked_level(level)
    if min(treated, control) < 1:
        raise InvalidInput("incrementality.empty", _("A group is empty: {treated} treated, {control} held out."),
                           treated=treated, control=control)  # fmt: skip
