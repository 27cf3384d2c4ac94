"""Gamma-Gamma: what one purchase is worth (Fader, Hardie and Lee 2005, "RFM and CLV: using iso-value curves").

Every purchase of somebody is Gamma(p, ν) with a ν of their own, which is Gamma(q, γ) over people; how much is spent does not
depend on how often.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from numba import njit

from dujiang.people.prediction.special import Ints, Reals, digamma

NAMES: Final = ("p", "q", "gamma")
STARTS: Final = ((2.0, 3.0, 2.0), (6.0, 4.0, 0.5), (1.0, 8.0, 8.0))


@dataclass(frozen=True)
class Spending:
    """How often people bought and the mean of what they paid each time.

    Attributes:
        n: purchases behind the mean, at least 1.
        mean: mean value of a purchase, above 0.
        weight: people.
    """

    n: Ints
    mean: Reals
    weight: Reals

    @classmethod
    def of(cls, n: npt.ArrayLike, mean: npt.ArrayLike) -> Spending:
        """Those with at least one purchase above 0."""
        counts, means = np.asarray(n, np.int64), np.asarray(mean, np.float64)
        kept = (counts > 0) & (means > 0)
        return cls(counts[kept], means[kept], np.ones(int(kept.sum())))

    @property
    def people(self) -> int:
        """People."""
        return int(self.weight.sum())

    def every(self, step: int) -> Spending:
        """Every ``step``-th person: a part on which a first estimate is quick."""
        return Spending(self.n[::step], self.mean[::step], self.weight[::step])

    def scaled(self, unit: float) -> Spending:
        """The same in another unit of money."""
        return Spending(self.n, self.mean / unit, self.weight)


def log_likelihood(parameters: Reals, data: Spending) -> tuple[float, Reals]:
    """The log-likelihood and its gradient by the parameters ``NAMES``."""
    kernel: Any = _log_likelihood
    total = kernel(*parameters, data.n, data.mean, data.weight)
    return float(total[0]), total[1:]


@njit(cache=True, nogil=True)
def _log_likelihood(p: Any, q: Any, gamma: Any, counts: Any, means: Any, weights: Any) -> Any:  # pragma: no cover
    total = np.zeros(4)
    most = 0
    for n in counts:
        most = max(most, n)
    constant, by_p, by_q = np.empty(most + 1), np.empty(most + 1), np.empty(most + 1)
    for n in range(1, most + 1):
        constant[n] = (
            math.lgamma(p * n + q) - math.lgamma(p * n) - math.lgamma(q) + q * math.log(gamma) + p * n * math.log(n)
        )
        both = digamma(p * n + q)
        by_p[n] = n * (both - digamma(p * n) + math.log(n))
        by_q[n] = both - digamma(q) + math.log(gamma)
    for i in range(len(counts)):
        n, w, mean = counts[i], weights[i], means[i]
        log_mean, log_rest = math.log(mean), math.log(gamma + n * mean)
        total[0] += w * (constant[n] + (p * n - 1) * log_mean - (p * n + q) * log_rest)
        total[1] += w * (by_p[n] + n * (log_mean - log_rest))
        total[2] += w * (by_q[n] - log_rest)
        total[3] += w * (q / gamma - (p * n + q) / (gamma + n * mean))
    return total


def expected_mean(parameters: Reals, n: npt.ArrayLike, mean: npt.ArrayLike) -> Reals:
    """Expected value of one purchase of somebody who paid ``mean`` on average of ``n``; infinite where p·n + q ≤ 1."""
    p, q, gamma = parameters
    counts, means = np.asarray(n, np.float64), np.asarray(mean, np.float64)
    shape = p * counts + q - 1
    return np.where(shape > 0, p * (gamma + counts * means) / np.where(shape > 0, shape, 1), np.inf)


def unit_of(data: Spending) -> float:
    """A unit of money in which the likelihood is well conditioned: the mean purchase."""
    return float(np.average(data.mean, weights=data.weight))
