"""Tests by market, planned on the past: which markets, how long, what could be seen, and what it would cost.

For a choice of markets and a length, the test is pretended in every window of the past: the other markets are brought to one
height and their mixture is fitted before the window, and the difference in the window is an error, as nothing happened. A real
test would be called significant where its relative effect exceeds all but 1 − level of these errors; power and the smallest
effect that can be seen follow from the same errors, without supposing any shape of them. Windows overlap, so there is less in
them than their number says.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import numpy as np

from dujiang.foundation.errors import InvalidInput
from dujiang.foundation.i18n import _
from dujiang.insight.incrementality.model import LEVEL, Doubt, Reals, checked_level
from dujiang.insight.incrementality.synthetic import LEAST_BEFORE, LEAST_DONORS, PLAIN, Method, mixture

LEAST_WINDOWS: Final = 20


@dataclass(frozen=True, eq=False)
class Plan:
    """A test by market that could be made.

    Attributes:
        markets: rows of the markets to treat.
        length: periods that it lasts.
        errors: relative errors in the windows of the past.
        threshold: relative effect from which on a test is significant; None with fewer than 20 windows.
        detectable: smallest relative effect that is seen with the power asked for; None as before.
        share: part of all sales that the markets make.
        cost: what treating them for so long costs.
        cost_per_gain: cost divided by the gain in sales if the effect is just the detectable one; None as before.
        doubts: reasons not to rely on it.
    """

    markets: tuple[int, ...]
    length: int
    errors: Reals
    threshold: float | None
    detectable: float | None
    share: float
    cost: float
    cost_per_gain: float | None
    doubts: tuple[Doubt, ...]

    def power(self, effect: float) -> float | None:
        """The share of tests that find a relative ``effect`` significant; None where nothing is known."""
        return None if self.threshold is None else float((np.abs(self.errors + effect) > self.threshold).mean())


def plan(
    past: Reals,
    markets: tuple[int, ...],
    length: int,
    *,
    cost_per_period: Reals,
    method: Method = PLAIN,
    level: float = LEVEL,
    power: float = 0.8,
    windows: int = 60,
) -> Plan:
    """What a test of ``length`` periods in ``markets`` could see.

    Args:
        past: sales by market and period, without any test in them.
        markets: rows to treat.
        length: periods.
        cost_per_period: of treating each market.
        method: how the mixture is made.
        level: 1 − the share of false alarms.
        power: share of the tests that are to see the detectable effect.
        windows: most windows that are tried, spread evenly over the past.

    Raises:
        InvalidInput: an unknown market, a length that leaves no past, or a level or power that is no share.
    """
    checked_level(level)
    checked_level(power)
    count, periods = past.shape
    if (
        not markets
        or not set(markets) <= set(range(count))
        or not 0 < length < periods
        or len(cost_per_period) != count
    ):
        raise InvalidInput(
            "incrementality.plan", _("A plan needs markets that exist, their costs, and a length below {periods} periods."),
            periods=periods,
        )  # fmt: skip
    chosen = np.isin(np.arange(count), markets)
    errors = np.zeros(0) if count - len(markets) < LEAST_DONORS else _errors(past, chosen, length, method, windows)
    doubts = [Doubt.FEW_UNITS] if count - len(markets) < LEAST_DONORS else []
    threshold = detectable = None
    if len(errors) >= LEAST_WINDOWS:
        threshold = float(np.quantile(np.abs(errors), level, method="higher"))
        detectable = max(0.0, threshold - float(np.quantile(errors, 1 - power, method="lower")))
    else:
        doubts.append(Doubt.FEW_PERIODS)
    base = float(past[chosen][:, -length:].sum())
    cost = float(cost_per_period[chosen].sum() * length)
    return Plan(
        tuple(sorted(markets)),
        length,
        errors,
        threshold,
        detectable,
        float(past[chosen].sum() / past.sum()) if past.sum() else 0.0,
        cost,
        cost / (detectable * base) if detectable and base > 0 else None,
        tuple(doubts),
    )


def candidates(past: Reals, size: int, rng: np.random.Generator, *, count: int = 30) -> tuple[tuple[int, ...], ...]:
    """Different choices of ``size`` markets, each with one market from every band of sales, so that they resemble the country.

    Args:
        past: sales by market and period.
        size: markets of a choice.
        rng: draws them.
        count: choices at most.

    Raises:
        InvalidInput: the size leaves no market to compare with.
    """
    if not 0 < size < len(past):
        raise InvalidInput(
            "incrementality.size", _("{size} of {markets} markets cannot be treated."), size=size, markets=len(past)
        )
    bands = np.array_split(np.argsort(past.sum(axis=1), kind="stable"), size)
    found: dict[tuple[int, ...], None] = {}
    for _try in range(4 * count):
        found.setdefault(tuple(sorted(int(rng.choice(band)) for band in bands)))
        if len(found) == count:
            break
    return tuple(found)


def ranked(plans: Iterable[Plan], *, budget: float = math.inf) -> tuple[Plan, ...]:
    """Plans within the budget that can be judged, those that see the smallest effect first, cheaper ones before dearer."""
    affordable = [one for one in plans if one.detectable is not None and one.cost <= budget]
    return tuple(sorted(affordable, key=lambda one: (one.detectable, one.cost, one.length, one.markets)))


def _errors(past: Reals, chosen: np.ndarray, length: int, method: Method, windows: int) -> Reals:
    target, donors = past[chosen].mean(axis=0), past[~chosen]
    possible = np.arange(LEAST_BEFORE, past.shape[1] - length + 1)
    if len(possible) > windows:
        possible = possible[np.linspace(0, len(possible) - 1, windows).round().astype(int)]
    found = []
    for start in possible:
        level = donors[:, :start].mean(axis=1)
        alike = donors[level > 0] * (target[:start].mean() / level[level > 0])[:, None]  # as tests are judged
        if len(alike) < LEAST_DONORS:
            continue
        expected = mixture(alike[:, :start], target[:start], method).predict(alike[:, start : start + length]).mean()
        if expected > 0:
            found.append(float(target[start : start + length].mean() / expected - 1))
    return np.array(found)
