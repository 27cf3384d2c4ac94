"""Purchase models against slow, obvious computations: quadrature, ₂F₁, finite differences, and simulated customers."""

from __future__ import annotations

import itertools
from types import ModuleType

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import integrate, special

from dujiang.people.prediction import bgnbd, gammagamma, paretonbd
from dujiang.people.prediction.fitting import maximise
from dujiang.people.prediction.gammagamma import Spending
from dujiang.people.prediction.history import Histories
from dujiang.people.prediction.special import digamma

MODELS = (bgnbd, paretonbd)
positive = st.floats(0.05, 30)


def _one(x: int, t_x: float, end: float) -> Histories:
    return Histories.of([x], [t_x if x else 0.0], [end])


@settings(deadline=None)
@given(st.floats(1e-3, 1e4))
def test_digamma(x: float) -> None:
    assert digamma(x) == pytest.approx(special.digamma(x), rel=1e-11, abs=1e-12)


@settings(max_examples=60, deadline=None)
@given(positive, positive, positive, positive, st.integers(0, 300), st.floats(0, 1), st.floats(0.2, 300))
def test_pareto_nbd_likelihood_is_the_integral(
    r: float, alpha: float, s: float, beta: float, x: int, share: float, end: float
) -> None:
    t_x = share * end if x else 0.0
    top = (r + x) * np.log(alpha + t_x) + (s + 1) * np.log(beta + t_x)

    def integrand(tau: float) -> float:
        return float(np.exp(top - (r + x) * np.log(alpha + tau) - (s + 1) * np.log(beta + tau)))

    near = min(alpha, beta) / (r + x + s + 1)
    cuts = [t_x, *(t_x + near * factor for factor in (1, 4, 16, 64, 256, 1024, 4096)), end]
    cuts = sorted({cut for cut in cuts if cut <= end})
    left = sum(integrate.fixed_quad(np.vectorize(integrand), a, b, n=200)[0] for a, b in itertools.pairwise(cuts))
    stays = -(r + x) * np.log(alpha + end) - s * np.log(beta + end)
    bracket = np.logaddexp(stays, np.log(s) - top + np.log(left)) if left else stays
    constant = special.gammaln(r + x) - special.gammaln(r) + r * np.log(alpha) + s * np.log(beta)
    found, _gradient = paretonbd.log_likelihood(np.array([r, alpha, s, beta]), _one(x, t_x, end))
    assert found == pytest.approx(constant + bracket, rel=1e-9, abs=1e-6)


@settings(max_examples=40, deadline=None)
@given(st.sampled_from(MODELS), positive, positive, positive, positive, st.integers(0, 60), st.floats(0, 1))
def test_gradient_is_the_slope(
    model: ModuleType, one: float, two: float, three: float, four: float, x: int, share: float
) -> None:
    parameters, data = np.array([one, two, three, four + 1.1]), _one(x, share * 50, 50.0)
    slope = model.log_likelihood(parameters, data)[1]
    for place, step in enumerate(np.eye(4) * 1e-5):
        up, down = (model.log_likelihood(parameters + sign * step, data)[0] for sign in (1, -1))
        assert slope[place] == pytest.approx((up - down) / 2e-5, rel=2e-4, abs=2e-4)


@settings(max_examples=40, deadline=None)
@given(positive, positive, st.floats(0.05, 8), st.floats(1.2, 30), st.integers(0, 40), st.floats(1, 100))
def test_bgnbd_expectation_is_the_published_formula(
    r: float, alpha: float, a: float, b: float, x: int, end: float
) -> None:
    if abs(a - 1) < 0.02:
        return  # where the published formula divides by almost nothing
    weeks, c = 26.0, a + b + x - 1
    z = weeks / (alpha + end + weeks)
    series = special.hyp2f1(r + x, b + x, c, z)
    published = c / (a - 1) * (1 - ((alpha + end) / (alpha + end + weeks)) ** (r + x) * series)
    found = bgnbd.expected_if_alive(np.array([r, alpha, a, b]), np.array([x]), np.array([end]), weeks)[0]
    assert found == pytest.approx(published, rel=1e-6)


@pytest.mark.parametrize("model", MODELS)
def test_counts_are_a_distribution_with_the_expected_mean(model: ModuleType) -> None:
    parameters = np.array([0.6, 8.0, 0.7, 3.0])
    x, end = np.array([0, 3, 12]), np.array([20.0, 30.0, 50.0])
    chances = model.count_if_alive(parameters, x, end, 13.0, 400)
    assert chances.sum(axis=1) == pytest.approx(1.0, abs=1e-6)
    mean = (chances * np.arange(401)).sum(axis=1)
    assert mean == pytest.approx(model.expected_if_alive(parameters, x, end, 13.0), rel=1e-4)


@pytest.mark.parametrize("model", MODELS)
def test_nothing_overflows_at_a_hundred_thousand_purchases(model: ModuleType) -> None:
    parameters = np.array([0.5, 2.0, 0.8, 2.5])
    value, slope = model.log_likelihood(parameters, _one(100_000, 300.0, 520.0))
    alive = model.alive(parameters, np.array([100_000]), np.array([300.0]), np.array([520.0]))
    assert np.isfinite(value)
    assert np.isfinite(slope).all()
    assert alive[0] == pytest.approx(0.0, abs=1e-12)


def _customers(rng: np.random.Generator, many: int, weeks: float) -> Histories:
    """Customers who behave exactly as BG/NBD says, one by one."""
    rates, leaving = rng.gamma(0.9, 1 / 8.0, many), rng.beta(0.8, 3.0, many)
    x, t_x = np.zeros(many, np.int64), np.zeros(many)
    for person in range(many):
        at = rng.exponential(1 / rates[person])
        while at < weeks:
            x[person], t_x[person] = x[person] + 1, at
            if rng.random() < leaving[person]:
                break
            at += rng.exponential(1 / rates[person])
    return Histories.of(x, t_x, np.full(many, weeks))


def test_the_truth_lies_within_three_standard_errors() -> None:
    data = _customers(np.random.default_rng(4), 6000, 60.0)
    fit = maximise(bgnbd.log_likelihood, data, bgnbd.NAMES, bgnbd.STARTS, len(data.x))
    assert fit.errors is not None
    for truth, value, error in zip((0.9, 8.0, 0.8, 3.0), fit.values, fit.errors, strict=True):
        assert abs(value - truth) < 3 * error


def test_people_who_never_return_fit_no_model() -> None:
    data = Histories.of(np.zeros(500), np.zeros(500), np.linspace(1, 50, 500))
    assert maximise(bgnbd.log_likelihood, data, bgnbd.NAMES, bgnbd.STARTS, len(data.x)).reason in {"flat", "ran_away"}


def test_delta_method_agrees_with_the_error_of_a_parameter() -> None:
    data = _customers(np.random.default_rng(5), 3000, 50.0)
    fit = maximise(bgnbd.log_likelihood, data, bgnbd.NAMES, bgnbd.STARTS, len(data.x))
    assert fit.errors is not None
    assert fit.error_of(lambda parameters: float(parameters[1])) == pytest.approx(fit.errors[1], rel=1e-5)


def test_gamma_gamma_recovers_its_own_spending() -> None:
    rng = np.random.default_rng(6)
    n = rng.integers(1, 8, 8000)
    scale = rng.gamma(4.0, 1 / 20.0, len(n))
    mean = rng.gamma(6.0 * n, 1.0 / scale) / n
    spending = Spending.of(n, mean)
    unit = gammagamma.unit_of(spending)
    fit = maximise(gammagamma.log_likelihood, spending.scaled(unit), gammagamma.NAMES, gammagamma.STARTS, len(n))
    assert fit.errors is not None
    truth = (6.0, 4.0, 20.0 / unit)
    assert all(abs(v - t) < 3.5 * e for v, t, e in zip(fit.values, truth, fit.errors, strict=True))
    for place, step in enumerate(np.eye(3) * 1e-5):
        up, down = (gammagamma.log_likelihood(fit.array + s * step, spending.scaled(unit))[0] for s in (1, -1))
        slope = gammagamma.log_likelihood(fit.array, spending.scaled(unit))[1][place]
        assert slope == pytest.approx((up - down) / 2e-5, abs=0.5)
