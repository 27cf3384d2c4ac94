"""Concentration of sales: top shares, Lorenz curve and Gini coefficient, with their uncertainty.

Ties need no rule: which of two people with the same amount is counted first changes no share. Where the share of people is
no whole number of them, the last one counts in part, as on the Lorenz curve.

Standard errors are those of the influence functions: of the Gini coefficient after Davidson, R. (2009), Reliable inference
for the Gini index, Journal of Econometrics 150; of Lorenz ordinates after Beach, C. M. and Davidson, R. (1983),
Distribution-free statistical inference with Lorenz curves and income shares, Review of Economic Studies 50. They treat the
buyers of the period as a sample of those who might have bought. Heavy tails make such intervals somewhat too narrow.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from dujiang.people.value.model import LEAST_BUYERS, Concentration, Estimate

TOPS: Final = (0.01, 0.05, 0.2)
_POINTS: Final = 101
_Z: Final = 1.959964

Reals = npt.NDArray[np.float64]


def concentration(amounts: npt.ArrayLike) -> Concentration:
    """The concentration of ``amounts``, one for each buyer, not negative.

    >>> even = concentration([100] * 50)
    >>> round(even.gini.value, 6), round(even.top[0.2].value, 6)
    (0.0, 0.2)
    """
    paid: Reals = np.sort(np.asarray(amounts, dtype=np.float64))
    buyers, total = len(paid), float(paid.sum())
    few = buyers < LEAST_BUYERS
    if total <= 0:
        return Concentration(buyers, 0, {}, None, (), few)
    tops = {share: _estimate(top_share(paid, share), None if few else _top_error(paid, share)) for share in TOPS}
    gini = _estimate(gini_of(paid), None if few else _gini_error(paid))
    return Concentration(buyers, round(total), tops, gini, _curve(paid), few)


def top_share(paid: Reals, share: float) -> float:
    """Share of the sum that the largest ``share`` of the sorted ``paid`` hold.

    >>> float(top_share(np.array([1.0, 1.0, 2.0, 4.0]), 0.25)), float(top_share(np.array([0.0, 10.0]), 0.25))
    (0.5, 0.5)
    """
    falling = np.concatenate(([0.0], np.cumsum(paid[::-1])))
    return float(np.interp(share * len(paid), np.arange(len(paid) + 1), falling) / falling[-1])


def gini_of(paid: Reals) -> float:
    """The Gini coefficient of the sorted ``paid``, as of these people themselves (not corrected for a small sample).

    >>> gini_of(np.array([0.0, 0.0, 0.0, 1.0]))
    0.75
    """
    count = len(paid)
    rank = np.arange(1, count + 1)
    return float(2 * (rank * paid).sum() / (count * paid.sum()) - (count + 1) / count)


def _gini_error(paid: Reals) -> float:
    count, mean, gini = len(paid), paid.mean(), gini_of(paid)
    rank = np.arange(1, count + 1)
    influence = -(gini + 1) * paid + (2 * rank - 1) / count * paid - 2 / count * np.cumsum(paid)
    return float(influence.std() / (mean * np.sqrt(count)))


def _top_error(paid: Reals, share: float) -> float:
    edge = float(np.quantile(paid, 1 - share))
    influence = np.maximum(paid - edge, 0) + share * edge - top_share(paid, share) * paid
    return float(influence.std() / (paid.mean() * np.sqrt(len(paid))))


def _estimate(value: float, error: float | None) -> Estimate:
    if error is None:
        return Estimate(value, None, None)
    return Estimate(value, max(0.0, value - _Z * error), min(1.0, value + _Z * error))


def _curve(paid: Reals) -> tuple[tuple[float, float], ...]:
    shares = np.linspace(0, 1, _POINTS)
    return tuple((round(float(share), 4), round(top_share(paid, float(share)), 6)) for share in shares)
