"""Hold-outs, planned on what people did in the past: how many to hold out, how long, what could be seen, and what it costs.

Means and their variances between people come from windows of the past as long as the test; the power is that of the tests by
which hold-outs are read (Welch's t for means, the pooled score test for shares), under an effect that multiplies the outcome.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import scipy

from dujiang.foundation.errors import InvalidInput
from dujiang.foundation.i18n import _
from dujiang.insight.incrementality.holdout import LEAST_EVENTS
from dujiang.insight.incrementality.model import LEVEL, Doubt, checked_level

MOST_EFFECT: Final = 10.0
SRM_P: Final = 0.001
"""Below this p the groups are not as the lot drew them: something lost people of one of them."""


@dataclass(frozen=True)
class Past:
    """What one person did on the average in a window of the past as long as the test.

    Attributes:
        people: who can take part.
        mean: of the outcome per person.
        variance: between people.
        share: the outcome is whether somebody did something, so that it is judged as a share.
    """

    people: int
    mean: float
    variance: float
    share: bool = False


@dataclass(frozen=True)
class HoldoutPlan:
    """A hold-out that could be made.

    Attributes:
        treated: people who are addressed.
        control: people who are held out.
        base: outcome per person without being addressed.
        detectable: smallest relative effect that is seen with the power asked for; None where even elevenfold is not, or there
            is nothing to build on.
        power: share of tests that would see the effect hoped for; None as before.
        needed: people in both groups at which it would be seen with the power asked for; None as before.
        forgone: outcome that those held out would have brought, had the effect hoped for been theirs, too.
        doubts: reasons not to rely on it.
    """

    treated: int
    control: int
    base: float
    detectable: float | None
    power: float | None
    needed: int | None
    forgone: float
    doubts: tuple[Doubt, ...]


def power_of(
    past: Past, control_share: float, effect: float, *, people: float | None = None, level: float = LEVEL
) -> float:
    """The share of hold-outs that find a relative ``effect``, whichever way it points.

    Args:
        past: what one person does without being addressed.
        control_share: part of the people who are held out.
        effect: relative.
        people: in both groups; None for all of ``past``.
        level: 1 − the share of false alarms.

    >>> round(power_of(Past(2000, 1.0, 1.0), 0.5, 0.126), 2)  # 2·(1.645 + 0.842)² ÷ 0.1112² ≈ 1,000 in each group
    0.84
    >>> round(power_of(Past(2000, 1.0, 1.0), 0.5, 0.0), 2)
    0.1
    """
    everybody = past.people if people is None else people
    n_control = everybody * control_share
    n_treated = everybody - n_control
    if past.share:
        one = min(1.0, past.mean * (1 + effect))
        pooled = (one * n_treated + past.mean * n_control) / everybody
        idle = math.sqrt(pooled * (1 - pooled) * (1 / n_treated + 1 / n_control))
        error = math.sqrt(one * (1 - one) / n_treated + past.mean * (1 - past.mean) / n_control)
        moved = one - past.mean
    else:
        idle = error = math.sqrt(past.variance * ((1 + effect) ** 2 / n_treated + 1 / n_control))
        moved = past.mean * effect
    if error == 0:
        return 1.0 if moved else 0.0
    reach = float(scipy.stats.norm.ppf((1 + level) / 2)) * idle
    return float(scipy.stats.norm.sf((reach - moved) / error) + scipy.stats.norm.cdf((-reach - moved) / error))


def plan_holdout(
    past: Past, control_share: float, *, hoped: float = 0.05, level: float = LEVEL, power: float = 0.8
) -> HoldoutPlan:
    """What holding out ``control_share`` of the people could see.

    Args:
        past: what one person does without being addressed.
        control_share: part of the people who are held out.
        hoped: relative effect that is hoped for.
        level: 1 − the share of false alarms.
        power: share of the tests that are to see the effect.

    Raises:
        InvalidInput: a share, level or power that does not lie between 0 and 1.
    """
    checked_level(level)
    checked_level(power)
    if not 0 < control_share < 1:
        raise InvalidInput(
            "incrementality.control_share", _("{share} of the people cannot be held out; it has to lie between 0 and 1."),
            share=control_share,
        )  # fmt: skip
    control = round(past.people * control_share)
    treated = past.people - control
    doubts = _doubts(past, treated, control)
    if doubts:
        return HoldoutPlan(treated, control, past.mean, None, None, None, hoped * past.mean * control, doubts)

    def seen(effect: float, people: float | None = None) -> float:
        return power_of(past, control_share, effect, people=people, level=level)

    most = min(MOST_EFFECT, 1 / past.mean - 1) if past.share else MOST_EFFECT
    detectable = _least(lambda effect: seen(effect) - power, 1e-6, most)
    needed = _least(lambda people: seen(hoped, people) - power, 4 / min(control_share, 1 - control_share), 1e12)
    return HoldoutPlan(
        treated, control, past.mean, detectable, seen(hoped), None if needed is None else math.ceil(needed),
        hoped * past.mean * control, (),
    )  # fmt: skip


def ratio_p(treated: int, control: int, control_share: float) -> float:
    """How likely groups at least as far from the share they were drawn with are (Pearson's χ²): sample ratio mismatch.

    >>> round(ratio_p(900, 100, 0.1), 3), ratio_p(950, 50, 0.1) < SRM_P
    (1.0, True)
    """
    people = treated + control
    expected = (people * (1 - control_share), people * control_share)
    chi2 = sum((found - wanted) ** 2 / wanted for found, wanted in zip((treated, control), expected, strict=True))
    return float(scipy.stats.chi2.sf(chi2, 1))


def _doubts(past: Past, treated: int, control: int) -> tuple[Doubt, ...]:
    if min(treated, control) < 2:
        return (Doubt.FEW_UNITS,)
    if past.mean <= 0:
        return (Doubt.NO_BASE,)
    if past.share and min(treated, control) * min(past.mean, 1 - past.mean) < LEAST_EVENTS:
        return (Doubt.FEW_EVENTS,)
    return ()


def _least(above: Callable[[float], float], low: float, high: float) -> float | None:
    """Where a rising function becomes positive; None where it does not between ``low`` and ``high``."""
    if above(high) < 0:
        return None
    return low if above(low) >= 0 else float(scipy.optimize.bisect(above, low, high, xtol=1e-9))  # type: ignore[arg-type]
