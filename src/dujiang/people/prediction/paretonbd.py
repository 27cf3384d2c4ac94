"""Pareto/NBD: buying as a Poisson process that ends at some moment (Schmittlein, Morrison and Colombo 1987).

Everybody buys at a rate λ of their own, Gamma(r, α) over people, and leaves at a rate μ of their own, Gamma(s, β) over
people. The published likelihood subtracts two ₂F₁ that are almost equal when somebody bought a moment ago. Here it is the
integral that they stand for, over the moment at which the customer left:

    L ∝ (α+T)^−(r+x) (β+T)^−s + s ∫ₜₓᵀ (α+τ)^−(r+x) (β+τ)^−(s+1) dτ

Its terms are all positive, so that nothing cancels, and it is computed relative to its largest value, so that nothing
overflows. The rule has 24 Gauss–Legendre nodes in a variable in which the integrand is nearly flat; the test against
adaptive quadrature states its accuracy (1e-6 in the log-likelihood of one person, where it is worst).
"""

from __future__ import annotations

import math
from typing import Any, Final

import numpy as np
import scipy
from numba import njit

from dujiang.people.prediction.history import Histories
from dujiang.people.prediction.special import NODES, WEIGHTS, Ints, Reals, digamma

NAMES: Final = ("r", "alpha", "s", "beta")
STARTS: Final = ((1.0, 10.0, 1.0, 10.0), (0.5, 5.0, 0.5, 20.0), (2.0, 30.0, 0.3, 5.0))


def log_likelihood(parameters: Reals, data: Histories) -> tuple[float, Reals]:
    """The log-likelihood, without the constant ln x!, and its gradient by the parameters ``NAMES``."""
    kernel: Any = _log_likelihood
    total = kernel(*parameters, data.x, data.t_x, data.T, data.weight, NODES, WEIGHTS)
    return float(total[0]), total[1:]


@njit(cache=True, nogil=True)
def _left(
    r: Any, alpha: Any, s: Any, beta: Any, x: Any, t_x: Any, end: Any, nodes: Any, weights: Any, out: Any
) -> Any:  # pragma: no cover - compiled
    """ln of s∫…; ``out``: means of ln(α+τ), 1/(α+τ), ln(β+τ), 1/(β+τ) under the integrand."""
    out[:] = 0.0
    if end <= t_x:
        return -np.inf
    low = min(alpha, beta)
    span = math.log((low + end) / (low + t_x))
    # A third of the rate at which the integrand falls first: what is left is close to a polynomial of low degree.
    fall = max(0.05, (r + x) * (low + t_x) / (alpha + t_x) + (s + 1) * (low + t_x) / (beta + t_x) - 1) / 3
    reach = -math.expm1(-fall * span)
    top = -(r + x) * math.log(alpha + t_x) - (s + 1) * math.log(beta + t_x)
    total = 0.0
    for j in range(len(nodes)):
        rest = 1 - nodes[j] * reach
        moved = low + t_x if fall * span < 1e-12 else (low + t_x) * math.exp(-math.log(rest) / fall)
        tau = min(end, moved - low)
        log_a, log_b = math.log(alpha + tau), math.log(beta + tau)
        mass = weights[j] * reach / (fall * rest) * moved * math.exp(-(r + x) * log_a - (s + 1) * log_b - top)
        total += mass
        out[0] += mass * log_a
        out[1] += mass / (alpha + tau)
        out[2] += mass * log_b
        out[3] += mass / (beta + tau)
    if total <= 0.0:
        return -np.inf
    for place in range(4):
        out[place] /= total
    return math.log(s) + top + math.log(total)


@njit(cache=True, nogil=True)
def _log_likelihood(
    r: Any, alpha: Any, s: Any, beta: Any, xs: Any, t_xs: Any, ends: Any, weight: Any, nodes: Any, weights: Any
) -> Any:  # pragma: no cover - compiled
    total = np.zeros(5)
    means = np.empty(4)
    most = 0
    for x in xs:
        most = max(most, x)
    constant, by_r = np.empty(most + 1), np.empty(most + 1)
    for x in range(most + 1):
        constant[x] = math.lgamma(r + x) - math.lgamma(r) + r * math.log(alpha) + s * math.log(beta)
        by_r[x] = digamma(r + x) - digamma(r) + math.log(alpha)
    for i in range(len(xs)):
        x, w, end = xs[i], weight[i], ends[i]
        log_a, log_b = math.log(alpha + end), math.log(beta + end)
        stays = -(r + x) * log_a - s * log_b
        leaves = _left(r, alpha, s, beta, x, t_xs[i], end, nodes, weights, means)
        high, low = max(stays, leaves), min(stays, leaves)
        share = 1 / (1 + math.exp(stays - leaves)) if stays - leaves < 700 else 0.0
        total[0] += w * (constant[x] + high + math.log1p(math.exp(low - high)))
        total[1] += w * (by_r[x] - (1 - share) * log_a - share * means[0])
        total[2] += w * (r / alpha - (r + x) * ((1 - share) / (alpha + end) + share * means[1]))
        total[3] += w * (math.log(beta) - (1 - share) * log_b + share * (1 / s - means[2]))
        total[4] += w * (s / beta - (1 - share) * s / (beta + end) - share * (s + 1) * means[3])
    return total


@njit(cache=True, nogil=True)
def _log_odds(
    r: Any, alpha: Any, s: Any, beta: Any, xs: Any, t_xs: Any, ends: Any, nodes: Any, weights: Any
) -> Any:  # pragma: no cover - compiled
    found, means = np.empty(len(xs)), np.empty(4)
    for i in range(len(xs)):
        left = _left(r, alpha, s, beta, xs[i], t_xs[i], ends[i], nodes, weights, means)
        found[i] = left + (r + xs[i]) * math.log(alpha + ends[i]) + s * math.log(beta + ends[i])
    return found


def alive(parameters: Reals, x: Ints, t_x: Reals, end: Reals) -> Reals:
    """The probability that somebody with this history still is a customer."""
    x, t_x, end = np.asarray(x, np.int64), np.asarray(t_x, np.float64), np.asarray(end, np.float64)
    kernel: Any = _log_odds
    return scipy.special.expit(-kernel(*parameters, x, t_x, end, NODES, WEIGHTS))


def expected_if_alive(parameters: Reals, x: Ints, end: Reals, weeks: float) -> Reals:
    """Purchases within ``weeks`` from ``end`` that are expected of somebody who is a customer at ``end``."""
    r, alpha, s, beta = parameters
    rate = (r + np.asarray(x, np.float64)) / (alpha + np.asarray(end, np.float64))
    return rate * _lifetime(s, beta + np.asarray(end, np.float64), weeks)


def _lifetime(s: float, beta: Reals, weeks: Any) -> Reals:
    """Weeks of the next ``weeks`` that somebody is expected to stay."""
    grown = np.log1p(weeks / beta)
    shape = s - 1
    return beta * (grown if abs(shape) < 1e-9 else -np.expm1(-shape * grown) / shape)


def count_if_alive(parameters: Reals, x: Ints, end: Reals, weeks: float, most: int) -> Reals:
    """P(Y = k), k = 0 … ``most``, for purchases within ``weeks`` of somebody who is a customer at ``end``; one row for each.

    A mixture over the moment of leaving: negative binomial over the whole time for those who stay, and over the time until
    then for those who leave within it.
    """
    r, alpha, s, beta = parameters
    r, alpha = r + np.asarray(x, np.float64), alpha + np.asarray(end, np.float64)
    beta = beta + np.asarray(end, np.float64)
    stays = np.exp(-s * np.log1p(weeks / beta))
    found = stays[:, None] * _negative_binomial(r, alpha, np.full(len(r), weeks), most)
    for node, weight in zip(NODES, WEIGHTS, strict=True):
        # Equal shares of those who leave: the moment by which a share `node` of them has left.
        until = beta * np.expm1(-np.log1p(-node * (1 - stays)) / s)
        found += ((1 - stays) * weight)[:, None] * _negative_binomial(r, alpha, until, most)
    return found


def _negative_binomial(r: Reals, alpha: Reals, weeks: Reals, most: int) -> Reals:
    k = np.arange(most + 1, dtype=np.float64)[None, :]
    r, odds = r[:, None], (weeks / alpha)[:, None]
    log_p = np.log(np.maximum(odds, 1e-300)) - np.log1p(odds)
    return np.exp(
        scipy.special.gammaln(r + k)
        - scipy.special.gammaln(r)
        - scipy.special.gammaln(k + 1)
        - r * np.log1p(odds)
        + k * log_p
    )


def expected_of_new(parameters: Reals, weeks: Reals) -> Reals:
    """Repeat purchases expected of a new customer within each of ``weeks`` from the first purchase."""
    r, alpha, s, beta = parameters
    return r / alpha * _lifetime(s, np.asarray(beta), np.asarray(weeks, np.float64))
