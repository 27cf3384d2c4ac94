"""What many people will bring together, with an interval: chance evens out over them, doubt about the parameters does not.

The variance of a sum over people is the sum of their own variances (each is drawn for themselves) and the variance that the
estimates of the parameters bring, which moves all of them at once: gradient · covariance · gradient (the delta method). The
sum is taken as normal, which so many people make it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from statistics import NormalDist
from typing import Final

import numpy as np
import scipy

from dujiang.people.prediction.forecast import COVERAGE, PurchaseModel, mean_value, moments
from dujiang.people.prediction.purchases import Buyers
from dujiang.people.prediction.special import Ints, Reals

_STEP: Final = 1e-3
_REACH: Final = NormalDist().inv_cdf((1 + COVERAGE) / 2)
LEAST: Final = 20
"""People below whom the sum is not taken as normal, and no interval is stated."""


@dataclass(frozen=True)
class Estimate:
    """A number with the ends of its 80% interval; None where there are too few people for one."""

    value: float
    low: float | None
    high: float | None


def sums(model: PurchaseModel, who: Buyers, place: Ints, many: int, days: int) -> list[Estimate]:
    """The value that the people of each place (0 … ``many`` − 1) will bring together within ``days``."""
    mean, variance = moments(model, who, days)
    total, people = _added(mean, place, many), np.bincount(place, minlength=many)
    spread = _added(variance, place, many) + _of_parameters(model, who, place, many, days)
    return [
        _interval(float(value), float(var))
        if count >= LEAST and np.isfinite(var)
        else Estimate(float(value), None, None)
        for value, var, count in zip(total, spread, people, strict=True)
    ]


def _of_parameters(model: PurchaseModel, who: Buyers, place: Ints, many: int, days: int) -> Reals:
    """The variance of each sum that comes from the estimates of the parameters."""
    assert model.value is not None
    found = np.zeros(many)
    for name, covariance in (("purchases", model.purchases_covariance), ("value", model.value_covariance)):
        if not covariance:
            continue
        middle = np.log(np.array(getattr(model, name)))
        slopes = [
            (
                _total(model, name, middle + shift, who, place, many, days)
                - _total(model, name, middle - shift, who, place, many, days)
            )
            / (2 * _STEP)
            for shift in np.eye(len(middle)) * _STEP
        ]
        gradient = np.array(slopes)
        found += np.einsum("ig,ij,jg->g", gradient, np.array(covariance), gradient)
    return found


def _total(model: PurchaseModel, name: str, logarithms: Reals, who: Buyers, place: Ints, many: int, days: int) -> Reals:
    changed = replace(model, **{name: tuple(np.exp(logarithms).tolist())})
    return _added(mean_value(changed, who, days), place, many)


def _added(values: Reals, place: Ints, many: int) -> Reals:
    return np.asarray(np.bincount(place, values, many), np.float64)


def _interval(value: float, variance: float) -> Estimate:
    reach = _REACH * float(np.sqrt(variance))
    return Estimate(value, max(0.0, value - reach), value + reach)


def mean_of(total: float, squares: float, people: int) -> Estimate:
    """The mean of what ``people`` brought, with the interval of the mean; ``squares`` are added up as well."""
    mean = total / people
    if people < LEAST:
        return Estimate(mean, None, None)
    variance = max(0.0, squares / people - mean**2) * people / (people - 1) / people
    return _interval(mean, variance)


def brought(referred: int, years: float, ahead: float, worth: float) -> Estimate:
    """What people will bring who come through others, within ``ahead`` customer years.

    The rate of coming is Gamma(referred + ½, customer years) after what was seen (Jeffreys), so that the count to come is
    negative binomial; ``worth`` of each is taken as known.

    Args:
        referred: how many came within ``years`` customer years.
        years: customer years in which they could have come.
        ahead: customer years to come.
        worth: what one of them brings.
    """
    if not years:
        return Estimate(0.0, None, None)
    count = scipy.stats.nbinom(referred + 0.5, years / (years + ahead))
    low, high = (float(count.ppf(level)) * worth for level in ((1 - COVERAGE) / 2, (1 + COVERAGE) / 2))
    return Estimate(referred / years * ahead * worth, low, high)
