"""Shrinkage of a person's week to their group's, and of a group's to everybody's, as far as little is known of them.

The hours in which somebody is active are drawn from shares of their own, and these from a Dirichlet distribution around the
shares of everybody: the Dirichlet-multinomial, or Pólya, distribution. Its strength (the sum of its parameters) is found by
maximum likelihood for the given mean, after Minka, T. P. (2000), Estimating a Dirichlet distribution, section 4; what has to
be known of people for that is how many of them were active how often in each hour, so that a million of them are a small
table. The expected share of an hour is then (n + s·m) / (N + s): n of the person's N active hours, m the share of everybody,
s the strength. Somebody in a group by behaviour is shrunk to the group instead, whose own share is found in the same way from
the hours of all who are in it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import scipy

from dujiang.people.hours.model import LEAST_PEOPLE, SLOTS, Basis, BestHour, HoursOf, Prior

Reals = npt.NDArray[np.float64]
_SMALLEST: Final = 0.5
_STRENGTHS: Final = (np.log(0.05), np.log(1e5))
_CLEARLY: Final = 1.353
"""Half the 95% point of the likelihood ratio where the question is whether a variance is above 0 (Self and Liang 1987)."""
_DAY: Final = 24
_OWN, _MIXED = 0.5, 0.15


def prior(
    slot: npt.ArrayLike, hours: npt.ArrayLike, people: npt.ArrayLike, totals: npt.ArrayLike, of: npt.ArrayLike
) -> Prior:
    """What everybody does, and how much people differ from it.

    Args:
        slot, hours, people: ``people`` were each active in ``hours`` different hours that fall on hour ``slot`` of the week.
        totals, of: ``of`` people were active in ``totals`` different hours altogether.
    """
    slots, counts, weights = (np.asarray(one, dtype=np.float64) for one in (slot, hours, people))
    sums, holders = (np.asarray(one, dtype=np.float64) for one in (totals, of))
    everything = float((sums * holders).sum())
    held = np.bincount(slots.astype(np.int64), counts * weights, SLOTS) + _SMALLEST
    share: Reals = np.asarray(held / (everything + _SMALLEST * SLOTS), dtype=np.float64)
    telling = float(holders[sums >= 2].sum())
    strength, alike = (
        _strength(share, slots.astype(np.int64), counts, weights, sums, holders)
        if telling >= LEAST_PEOPLE
        else (None, False)
    )
    return Prior(tuple(share.tolist()), strength, int(holders.sum()), int(everything), alike)


def _strength(
    share: Reals, slot: npt.NDArray[np.int64], hours: Reals, people: Reals, totals: Reals, of: Reals
) -> tuple[float, bool]:
    """The strength, and whether people cannot be told apart: then it is no likelier than that all do the same."""
    expected = share[slot]

    def loss(log_strength: float) -> float:
        strength = np.exp(log_strength)
        whole = (of * (scipy.special.gammaln(strength) - scipy.special.gammaln(totals + strength))).sum()
        parts = (
            people * (scipy.special.gammaln(hours + strength * expected) - scipy.special.gammaln(strength * expected))
        ).sum()
        return -float(whole + parts)

    found: Any = scipy.optimize.minimize_scalar(loss, bounds=_STRENGTHS, method="bounded")
    return float(np.exp(found.x)), loss(_STRENGTHS[1]) - float(found.fun) < _CLEARLY


def expected(own: npt.ArrayLike, everybody: Prior) -> Reals:
    """Expected share of each hour of the week for somebody with these active hours by hour of the week."""
    counts = np.asarray(own, dtype=np.float64)
    share = np.asarray(everybody.share)
    if everybody.strength is None:
        return share
    return (counts + everybody.strength * share) / (counts.sum() + everybody.strength)


def around(own: npt.ArrayLike, everybody: Prior) -> Prior:
    """What is expected of somebody in a group whose people together have these active hours."""
    return replace(everybody, share=tuple(expected(own, everybody).tolist()))


def hours_of(own: npt.ArrayLike, everybody: Prior, allowed: Sequence[int], best: int = 3) -> HoursOf:
    """When somebody is active, and the ``best`` hours to send among those ``allowed``."""
    counts = np.asarray(own, dtype=np.float64)
    seen, strength = counts.sum(), everybody.strength
    weight = 0.0 if strength is None else float(seen / (seen + strength))
    basis: Basis = "own" if weight >= _OWN else "mixed" if weight >= _MIXED else "others"
    shares = expected(counts, everybody)
    return HoursOf(
        tuple(shares.tolist()), int(seen), weight, basis, _best(shares, seen, strength, everybody, allowed, best)
    )


def _best(
    shares: Reals, seen: float, strength: float | None, everybody: Prior, allowed: Sequence[int], count: int
) -> tuple[BestHour, ...]:
    """The best hours of the day. Without a strength the certainty is that about everybody."""
    sure = seen + strength if strength is not None else float(everybody.hours) + 1.0
    by_hour = shares.reshape(7, _DAY).sum(axis=0)
    ranked = sorted(allowed, key=lambda hour: (-by_hour[hour], hour))[:count]
    found = []
    for hour in ranked:
        share = float(by_hour[hour])
        spread = scipy.stats.beta(max(share * sure, 1e-9), max((1 - share) * sure, 1e-9))
        low, high = (float(one) for one in spread.ppf((0.05, 0.95)))
        found.append(BestHour(hour, share, low, high, float(spread.sf(1 / _DAY))))
    return tuple(found)
