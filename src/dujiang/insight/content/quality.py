"""The quality score of content, and how steadily content comes out: arithmetic on counts.

The score holds each rate of an item against that of all items: 50 is like the average, 80 is twice as good in everything, 20
half as good. Rates of small items are drawn towards the average (beta-binomial shrinkage with a prior worth ``prior``
readers), and the interval, 90%, is that of the weighted mean of log ratios by the delta method.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise
from math import exp, log, sqrt
from statistics import median
from typing import Final, Literal

Part = Literal["dwell", "interaction", "share", "conversion", "kept"]
PARTS: Final[tuple[Part, ...]] = ("dwell", "interaction", "share", "conversion", "kept")
READERS_MIN: Final = 20
"""With fewer readers there is no score."""
HALF_LIFE_MAX: Final = 90
"""Four weeks of views say nothing of half-lives longer than this."""
_Z90: Final = 1.645
_SLOPE: Final = 2.0
"""Makes twice as good in everything 80 of 100."""
_STOPPED: Final = 2.0
"""A pause this many times the usual one is a stop."""


@dataclass(frozen=True)
class Rate:
    """``hits`` of ``trials``; for time spent ``hits`` is its sum in milliseconds, ``spread`` its coefficient of variation."""

    hits: float
    trials: int
    spread: float | None = None

    @property
    def value(self) -> float | None:
        """The rate; None without trials."""
        return self.hits / self.trials if self.trials else None


@dataclass(frozen=True)
class Score:
    """From 0 to 100 with its 90% interval; of None where there is too little to say, with the ``reason``."""

    value: float | None
    low: float | None = None
    high: float | None = None
    reason: Literal["", "few_readers", "no_rates"] = ""


@dataclass(frozen=True)
class Cadence:
    """How steadily content comes out.

    Attributes:
        weeks: Monday of each week of the period, and how many items came out in it.
        last: when the newest item came out; None where none ever did.
        usual_days: median days from one item to the next; None with fewer than three items.
        longest_days: longest pause within the period, up to its end; None where nothing came out before its end.
        has_stopped: the pause up to the end is more than twice the usual one.
    """

    weeks: tuple[tuple[date, int], ...]
    last: date | None
    usual_days: float | None
    longest_days: int | None
    has_stopped: bool


def score(rates: Mapping[Part, Rate], all_: Mapping[Part, Rate], weights: Mapping[Part, float], prior: float) -> Score:
    """The score of an item with ``rates``, against those of all items.

    Parts without trials, or that nobody ever did, are left out, and the weights of the others count for more.

    >>> alike = {"interaction": Rate(30, 300)}
    >>> score(alike, {"interaction": Rate(100, 1000)}, {"interaction": 1.0}, 50).value
    50.0
    >>> score({"interaction": Rate(1, 5)}, {"interaction": Rate(100, 1000)}, {"interaction": 1.0}, 50).reason
    'few_readers'
    """
    if max((one.trials for one in rates.values()), default=0) < READERS_MIN:
        return Score(None, reason="few_readers")
    total = index = variance = 0.0
    for part, weight in weights.items():
        found = _log_ratio(rates.get(part), all_.get(part), prior)
        if found is not None and weight > 0:
            total += weight
            index += weight * found[0]
            variance += weight**2 * found[1]
    if not total:
        return Score(None, reason="no_rates")
    index, deviation = index / total, sqrt(variance) / total
    value, low, high = (round(_scaled(index + way * _Z90 * deviation), 1) for way in (0, -1, 1))
    return Score(value, low, high)


def _scaled(index: float) -> float:
    return 100 / (1 + exp(-_SLOPE * index))


def _log_ratio(own: Rate | None, all_: Rate | None, prior: float) -> tuple[float, float] | None:
    """The log of the shrunk rate over that of all, and its variance."""
    if own is None or all_ is None or not own.trials or not all_.value:
        return None
    size = own.trials + prior
    shrunk = (own.hits + prior * all_.value) / size
    variance = (1 - shrunk) / (size * shrunk) if own.spread is None else own.spread**2 / size
    return log(shrunk / all_.value), max(variance, 0.0)


def half_life(views_by_age: Sequence[int]) -> float | None:
    """Days in which the views of an item halve, by weighted least squares of log views on age; None where they hardly fall.

    >>> round(half_life([800, 400, 200, 100, 50]), 2)
    1.0
    >>> half_life([10, 10, 10]) is None
    True
    """
    points = [(age, log(views), views) for age, views in enumerate(views_by_age) if views > 0]
    weight = sum(views for _age, _log, views in points)
    if len(points) < 3 or not weight:
        return None
    mean_age = sum(age * views for age, _log, views in points) / weight
    mean_log = sum(value * views for _age, value, views in points) / weight
    across = sum(views * (age - mean_age) ** 2 for age, _log, views in points)
    slope = sum(views * (age - mean_age) * (value - mean_log) for age, value, views in points) / across
    return log(2) / -slope if slope <= -log(2) / HALF_LIFE_MAX else None


def cadence(published: Sequence[date], first: date, last: date) -> Cadence:
    """How steadily items that were ``published`` on these days came out between ``first`` and ``last``.

    >>> cadence([date(2026, 11, 2), date(2026, 11, 9), date(2026, 11, 16)], date(2026, 11, 2), date(2026, 12, 20)).has_stopped
    True
    """
    days = sorted(one for one in published if one <= last)
    monday = first - timedelta(first.weekday())
    weeks = []
    while monday <= last:
        inside = sum(1 for one in days if max(monday, first) <= one <= monday + timedelta(6))
        weeks.append((monday, inside))
        monday += timedelta(7)
    if not days:
        return Cadence(tuple(weeks), None, None, None, has_stopped=False)
    pauses = [(later - earlier).days for earlier, later in pairwise(days)]
    usual = float(median(pauses)) if len(pauses) >= 2 else None
    within = [one for one in days if one >= first]
    edges = [*(days[-len(within) - 1 : -len(within)] if within else days[-1:]), *within, last]
    longest = max(((later - max(earlier, first)).days for earlier, later in pairwise(edges)), default=0)
    silence = (last - days[-1]).days
    return Cadence(tuple(weeks), days[-1], usual, longest, usual is not None and silence > _STOPPED * max(usual, 1))
