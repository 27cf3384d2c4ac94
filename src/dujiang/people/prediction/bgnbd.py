"""BG/NBD: buying as a Poisson process that ends after some purchase (Fader, Hardie and Lee 2005).

Everybody buys at a rate λ of their own, which is Gamma(r, α) over people, and after each purchase leaves for good with a
probability p of their own, which is Beta(a, b) over people. Time is in weeks. The likelihood is computed as logarithms
throughout; nothing overflows however many purchases there are.
"""

from __future__ import annotations

import math
from typing import Any, Final

import numpy as np
import scipy
from numba import njit

from dujiang.people.prediction.history import Histories
from dujiang.people.prediction.special import Ints, Reals, beta_expectation_nodes, digamma

NAMES: Final = ("r", "alpha", "a", "b")
STARTS: Final = ((1.0, 10.0, 1.0, 2.0), (0.3, 3.0, 0.5, 5.0), (2.0, 30.0, 0.2, 1.0))


def log_likelihood(parameters: Reals, data: Histories) -> tuple[float, Reals]:
    """The log-likelihood, without the constant ln x!, and its gradient by the parameters ``NAMES``."""
    kernel: Any = _log_likelihood
    total = kernel(*parameters, data.x, data.t_x, data.T, data.weight)
    return float(total[0]), total[1:]


@njit(cache=True, nogil=True)
def _log_likelihood(
    r: Any, alpha: Any, a: Any, b: Any, xs: Any, t_xs: Any, ends: Any, weights: Any
) -> Any:  # pragma: no cover - compiled
    total = np.zeros(5)
    most = 0
    for x in xs:
        most = max(most, x)
    # Purchases are small whole numbers: their gamma functions are computed once for each.
    constant, by_r, by_a, by_b = np.empty(most + 1), np.empty(most + 1), np.empty(most + 1), np.empty(most + 1)
    for x in range(most + 1):
        constant[x] = (
            math.lgamma(r + x) - math.lgamma(r) + r * math.log(alpha)
            + math.lgamma(b + x) - math.lgamma(a + b + x) + math.lgamma(a + b) - math.lgamma(b)
        )  # fmt: skip
        by_r[x] = digamma(r + x) - digamma(r) + math.log(alpha)
        by_a[x] = digamma(a + b) - digamma(a + b + x)
        by_b[x] = by_a[x] + digamma(b + x) - digamma(b)
    for i in range(len(xs)):
        x, w = xs[i], weights[i]
        log_end = math.log(alpha + ends[i])
        stays = -(r + x) * log_end
        if x == 0:
            total[0] += w * (constant[0] + stays)
            total[1] += w * (by_r[0] - log_end)
            total[2] += w * (r / alpha - r / (alpha + ends[i]))
            continue
        log_last = math.log(alpha + t_xs[i])
        leaves = math.log(a / (b + x - 1)) - (r + x) * log_last
        high, low = max(stays, leaves), min(stays, leaves)
        share = 1 / (1 + math.exp(stays - leaves)) if stays - leaves < 700 else 0.0
        total[0] += w * (constant[x] + high + math.log1p(math.exp(low - high)))
        total[1] += w * (by_r[x] - (1 - share) * log_end - share * log_last)
        total[2] += w * (r / alpha - (r + x) * ((1 - share) / (alpha + ends[i]) + share / (alpha + t_xs[i])))
        total[3] += w * (by_a[x] + share / a)
        total[4] += w * (by_b[x] - share / (b + x - 1))
    return total


def alive(parameters: Reals, x: Ints, t_x: Reals, end: Reals) -> Reals:
    """The probability that somebody with this history still is a customer; 1 for those who never came back (x = 0)."""
    r, alpha, a, b = parameters
    later = np.maximum(b + x - 1, 1e-300)
    odds = math.log(a) - np.log(later) + (r + x) * (np.log(alpha + end) - np.log(alpha + t_x))
    return np.where(x > 0, scipy.special.expit(-odds), 1.0)


def expected_if_alive(parameters: Reals, x: Ints, end: Reals, weeks: float) -> Reals:
    """Purchases within ``weeks`` from ``end`` that are expected of somebody who is a customer at ``end``.

    The mean of (1 − (1 + p·t/(α+T))^−(r+x)) / p over p ~ Beta(a, b+x): the same quantity as the published formula with ₂F₁,
    but without its cancellation near a = 1. Accurate to about 1e-9.
    """
    r, alpha, a, b = parameters
    p, weight = beta_expectation_nodes(a, b + np.asarray(x, np.float64))
    reach = (weeks / (alpha + np.asarray(end, np.float64)))[:, None]
    power = (r + np.asarray(x, np.float64))[:, None]
    return (-np.expm1(-power * np.log1p(p * reach)) / p * weight).sum(axis=1)


def count_if_alive(parameters: Reals, x: Ints, end: Reals, weeks: float, most: int) -> Reals:
    """P(Y = k), k = 0 … ``most``, for purchases within ``weeks`` of somebody who is a customer at ``end``; one row for each.

    Equation 8 of the paper with the parameters that the history leaves: r+x, α+T, a, b+x.
    """
    r, alpha, a, b = parameters
    r, alpha, b = (
        (r + np.asarray(x, np.float64))[:, None],
        (alpha + np.asarray(end, np.float64))[:, None],
        b + x[:, None],
    )
    k = np.arange(most + 1, dtype=np.float64)[None, :]
    poisson = np.exp(
        scipy.special.gammaln(r + k)
        - scipy.special.gammaln(r)
        - scipy.special.gammaln(k + 1)
        + r * np.log(alpha / (alpha + weeks))
        + k * np.log(weeks / (alpha + weeks))
    )
    before = np.clip(np.cumsum(poisson, axis=1) - poisson, 0, 1)
    stayed = np.exp(scipy.special.betaln(a, b + k) - scipy.special.betaln(a, b)) * poisson
    left = np.exp(scipy.special.betaln(a + 1, b + np.maximum(k, 1) - 1) - scipy.special.betaln(a, b)) * (1 - before)
    return stayed + np.where(k > 0, left, 0.0)


def expected_of_new(parameters: Reals, weeks: Reals) -> Reals:
    """Repeat purchases expected of a new customer within each of ``weeks`` from the first purchase."""
    weeks = np.asarray(weeks, np.float64)
    p, weight = beta_expectation_nodes(parameters[2], np.array([parameters[3]]))
    return (-np.expm1(-parameters[0] * np.log1p(p * weeks[:, None] / parameters[1])) / p * weight).sum(axis=1)
