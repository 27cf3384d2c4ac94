"""Completeness: is everything here that should be? Counts by hour against expectation, gaps, and the platform's totals.

What an hour should bring is the median of the same hour of the week over the weeks before (at least two of them), else the
median of the same hour of the day over the last seven days. An hour is *silent* when so few facts would come by chance less
than once in ten thousand such hours: Poisson with the expected mean, counted in bursts, because one visit brings many facts.
How large a burst is tells the history itself (:func:`burstiness`). Consecutive silent hours are one gap.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final, Literal

CHANCE: Final = 1e-4
WEEKS: Final = 4
HOUR: Final = timedelta(hours=1)

Verdict = Literal["normal", "silent", "unknown"]


@dataclass(frozen=True)
class HourCount:
    """One hour of one source: received = accepted + rejected + duplicate.

    Attributes:
        expected: how many facts the hour should have brought; None where there is too little history to say.
        verdict: ``unknown`` when nothing is expected because nothing is known.
    """

    hour: datetime
    received: int
    accepted: int
    rejected: int
    duplicate: int
    conflict: int
    expected: float | None
    verdict: Verdict


@dataclass(frozen=True)
class Gap:
    """Consecutive silent hours of one source; ``last`` is the first moment after them."""

    source: str
    first: datetime
    last: datetime
    received: int
    expected: float

    @property
    def hours(self) -> int:
        """Length in whole hours."""
        return int((self.last - self.first) / HOUR)


@dataclass(frozen=True)
class TotalCheck:
    """Ours against the platform's own total, for one shop and day.

    Attributes:
        difference: (ours − theirs) / theirs of GMV; None where theirs is zero or missing.
    """

    channel: str
    shop: str
    day: date
    orders: int
    gmv_minor: int
    platform_orders: int | None
    platform_gmv_minor: int | None

    @property
    def difference(self) -> float | None:
        if not self.platform_gmv_minor:
            return None
        return (self.gmv_minor - self.platform_gmv_minor) / self.platform_gmv_minor


def expectation(history: Mapping[datetime, int], hour: datetime) -> float | None:
    """How many facts ``hour`` should bring, from the counts of earlier hours (an hour that is missing brought none).

    Returns:
        None when the history is younger than two weeks and has fewer than three earlier days.
    """
    if not history:
        return None
    start = min(history)
    same_weekday = [hour - timedelta(weeks=week) for week in range(1, WEEKS + 1)]
    counts = [history.get(moment, 0) for moment in same_weekday if moment >= start]
    if len(counts) >= 2:
        return float(statistics.median(counts))
    same_hour = [hour - timedelta(days=day) for day in range(1, 8)]
    counts = [history.get(moment, 0) for moment in same_hour if moment >= start]
    return float(statistics.median(counts)) if len(counts) >= 3 else None


def chance_of_at_most(count: int, mean: float) -> float:
    """Poisson probability of ``count`` or fewer when ``mean`` are expected.

    >>> round(chance_of_at_most(0, 10), 7)
    4.54e-05
    """
    if mean <= 0:
        return 1.0
    terms = (math.exp(k * math.log(mean) - mean - math.lgamma(k + 1)) for k in range(count + 1))
    return min(1.0, math.fsum(terms))


def burstiness(history: Mapping[datetime, int], before: datetime) -> float:
    """How much more the hours before ``before`` scatter than a Poisson count would: variance over mean, at least 1.

    Taken over the last two weeks against what each hour was expected to bring; 1 where there is nothing to learn from.
    """
    hours = [before - HOUR * back for back in range(1, 2 * 7 * 24 + 1)]
    pairs = [(history.get(hour, 0), expected) for hour in hours if (expected := expectation(history, hour))]
    total = sum(expected for _received, expected in pairs)
    if not total:
        return 1.0
    return max(1.0, sum((received - expected) ** 2 for received, expected in pairs) / total)


def judge(received: int, expected: float | None, burst: float = 1.0) -> Verdict:
    """Whether an hour with ``received`` facts, which come in bursts of ``burst``, is silent."""
    if expected is None:
        return "unknown"
    # A mean estimated from four noisy weeks is not exact: asking for a drop to a third as well keeps promotions' echoes out.
    if received * 3 < expected and chance_of_at_most(math.floor(received / burst), expected / burst) < CHANCE:
        return "silent"
    return "normal"


def find_gaps(source: str, hours: Sequence[HourCount]) -> list[Gap]:
    """Runs of silent hours, oldest first; ``hours`` are consecutive and in order."""
    gaps: list[Gap] = []
    run: list[HourCount] = []
    for one in [*hours, None]:
        if one is not None and one.verdict == "silent":
            run.append(one)
        elif run:
            expected = sum(hour.expected or 0.0 for hour in run)
            received = sum(hour.received for hour in run)
            gaps.append(Gap(source, run[0].hour, run[-1].hour + HOUR, received, expected))
            run = []
    return gaps


def hours_between(first: datetime, last: datetime) -> Iterable[datetime]:
    """Every full hour from ``first`` (included) to ``last`` (excluded)."""
    hour = first.replace(minute=0, second=0, microsecond=0)
    while hour < last:
        yield hour
        hour += HOUR
