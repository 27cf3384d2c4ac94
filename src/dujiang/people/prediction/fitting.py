"""Maximum likelihood for models whose parameters are all positive: several starts, exact gradient, Newton to the end."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Protocol, TypeVar

import numpy as np
import scipy

from dujiang.people.prediction.special import Reals

FIRST_ROWS: Final = 20_000
"""Different histories on which the starts are compared; only the best goes on to all of them."""
_STEP: Final = 1e-4
_NEWTON_MAX: Final = 12
_BOUND: Final = 12.0
"""Logarithms of parameters further out than this are taken to have run away."""


class Sampled(Protocol):
    """Data of which a part can be taken."""

    def every(self, step: int) -> Any: ...


Data = TypeVar("Data", bound=Sampled)
LogLikelihood = Callable[[Reals, Data], tuple[float, Reals]]


@dataclass(frozen=True)
class Fit:
    """Estimates of one model.

    Attributes:
        names: names of the parameters.
        values: their estimates.
        errors: their standard errors, from the observed information; None where it is not positive definite.
        log_likelihood: at the estimates.
        converged: the gradient vanished at a maximum inside the bounds.
        reason: why not: ``flat`` (no single maximum: the data do not tell the parameters apart), ``ran_away`` (a parameter
            went to 0 or infinity) or ``not_converged``; empty if converged.
        covariance: of the logarithms of the parameters, row by row; empty where there are no errors.
    """

    names: tuple[str, ...]
    values: tuple[float, ...]
    errors: tuple[float, ...] | None
    log_likelihood: float
    converged: bool
    reason: str = ""
    covariance: tuple[tuple[float, ...], ...] = field(default=())

    @property
    def array(self) -> Reals:
        """The estimates as an array."""
        return np.array(self.values)

    def error_of(self, function: Callable[[Reals], float]) -> float | None:
        """Standard error of ``function`` of the parameters by the delta method; None where there are no errors."""
        if not self.covariance:
            return None
        middle = np.log(self.array)
        shifts = np.eye(len(middle)) * _STEP
        slope = np.array(
            [(function(np.exp(middle + one)) - function(np.exp(middle - one))) / (2 * _STEP) for one in shifts]
        )
        return float(np.sqrt(slope @ np.array(self.covariance) @ slope))


def maximise(
    log_likelihood: LogLikelihood[Data],
    data: Data,
    names: tuple[str, ...],
    starts: Sequence[Sequence[float]],
    rows: int,
) -> Fit:
    """Estimate positive parameters by maximum likelihood.

    Args:
        log_likelihood: gives the log-likelihood and its gradient at parameters.
        data: what it is the likelihood of.
        names: names of the parameters.
        starts: where to begin.
        rows: different rows of ``data``.
    """

    def downhill(theta: Reals, part: Data) -> tuple[float, Reals]:
        parameters = np.exp(np.clip(theta, -_BOUND - 3, _BOUND + 3))
        value, gradient = log_likelihood(parameters, part)
        if not np.isfinite(value):
            return 1e300, np.zeros(len(theta))
        return -value, -gradient * parameters

    part = data.every(max(1, rows // FIRST_ROWS))
    bounds = [(-_BOUND, _BOUND)] * len(names)
    tries = [
        scipy.optimize.minimize(downhill, np.log(start), args=(part,), jac=True, method="L-BFGS-B", bounds=bounds,
                 options={"maxiter": 500, "ftol": 1e-12})
        for start in starts
    ]  # fmt: skip
    theta = min(tries, key=lambda one: float(one.fun)).x
    if rows > FIRST_ROWS:
        options = {"maxiter": 8, "ftol": 1e-12}
        theta = scipy.optimize.minimize(
            downhill, theta, args=(data,), jac=True, method="L-BFGS-B", bounds=bounds, options=options
        ).x
    return _polish(lambda at: downhill(at, data), np.asarray(theta), names)


def _polish(downhill: Callable[[Reals], tuple[float, Reals]], theta: Reals, names: tuple[str, ...]) -> Fit:
    value, gradient = downhill(theta)
    for _ in range(_NEWTON_MAX):
        curvature = _curvature(downhill, theta)
        decrement = _decrement(curvature, gradient)
        if decrement is None or np.abs(theta).max() >= _BOUND - 0.01:
            reason = "ran_away" if np.abs(theta).max() >= _BOUND - 0.01 else "flat"
            return Fit(names, _floats(np.exp(theta)), None, -value, False, reason)
        if decrement < 1e-6:
            return _done(names, theta, value, curvature)
        step = np.asarray(np.linalg.solve(curvature, gradient), np.float64)
        step = step * min(1.0, 1.0 / float(np.abs(step).max()))
        theta, value, gradient = _search(downhill, theta, value, gradient, step)
    return Fit(names, _floats(np.exp(theta)), None, -value, False, "not_converged")


def _search(
    downhill: Callable[[Reals], tuple[float, Reals]], theta: Reals, value: float, gradient: Reals, step: Reals
) -> tuple[Reals, float, Reals]:
    """The first of ever shorter steps that does not lead up."""
    for shorter in (1.0, 0.5, 0.25, 0.1, 0.01):
        new = np.clip(theta - shorter * step, -_BOUND, _BOUND)
        found, slope = downhill(new)
        if found <= value + 1e-12 * abs(value):
            return new, found, slope
    return theta, value, gradient


def _done(names: tuple[str, ...], theta: Reals, value: float, curvature: Reals) -> Fit:
    covariance = np.linalg.inv(curvature)
    errors = np.exp(theta) * np.sqrt(np.diag(covariance))
    rows = tuple(_floats(row) for row in covariance)
    return Fit(names, _floats(np.exp(theta)), _floats(errors), -value, True, "", rows)


def _decrement(curvature: Reals, gradient: Reals) -> float | None:
    """How much the quadratic model could still fall; None where it has no minimum or a direction is flat."""
    found, directions = np.linalg.eigh(curvature)
    if found.min() <= 1e-7 * max(1.0, found.max()):
        return None
    return float(((directions.T @ gradient) ** 2 / found).sum() / 2)


def _curvature(downhill: Callable[[Reals], tuple[float, Reals]], theta: Reals) -> Reals:
    """Second derivatives as central differences of the exact gradient."""
    shifts = np.eye(len(theta)) * _STEP
    rows = np.array([(downhill(theta + one)[1] - downhill(theta - one)[1]) / (2 * _STEP) for one in shifts])
    return (rows + rows.T) / 2


def _floats(values: Reals) -> tuple[float, ...]:
    return tuple(float(value) for value in values)
