"""Purchase models against the published estimates on CDNOW, and against the package `lifetimes`."""

from __future__ import annotations

import csv
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from dujiang.people.prediction import bgnbd, gammagamma, paretonbd
from dujiang.people.prediction.fitting import Fit, maximise
from dujiang.people.prediction.gammagamma import Spending
from dujiang.people.prediction.history import Histories

PRINTED_BGNBD = np.array([0.2425982, 4.4136842, 0.7929899, 2.4261667])
CUSTOMER_1516 = (np.array([26]), np.array([30.857143]), np.array([31.0]))


@pytest.fixture(scope="module")
def rows() -> list[dict[str, str]]:
    lifetimes = pytest.importorskip("lifetimes")
    file = Path(lifetimes.__file__).parent / "datasets" / "cdnow_customers_summary_with_transactions.csv"
    with file.open() as lines:
        return list(csv.DictReader(lines))


@pytest.fixture(scope="module")
def histories(rows: list[dict[str, str]]) -> Histories:
    return Histories.of(*([float(row[name]) for row in rows] for name in ("x", "t_x", "T")))


def _fit(model: ModuleType, histories: Histories) -> Fit:
    return maximise(model.log_likelihood, histories, model.NAMES, model.STARTS, len(histories.x))


@pytest.fixture(scope="module")
def bg(histories: Histories) -> Fit:
    return _fit(bgnbd, histories)


@pytest.fixture(scope="module")
def pareto(histories: Histories) -> Fit:
    return _fit(paretonbd, histories)


def test_the_data_are_those_of_the_publication(histories: Histories) -> None:
    assert (histories.people, histories.returned) == (2357, 946)


def test_bgnbd_estimates(bg: Fit) -> None:
    assert bg.converged
    assert bg.log_likelihood == pytest.approx(-9582.4256, abs=1e-4)
    assert bg.values == pytest.approx(PRINTED_BGNBD, rel=1e-3)


def test_pareto_nbd_estimates(pareto: Fit) -> None:
    assert pareto.converged
    assert pareto.log_likelihood == pytest.approx(-9594.9739, abs=1e-4)
    assert pareto.values == pytest.approx((0.553, 10.580, 0.606, 11.656), rel=2e-3)


def test_gamma_gamma_estimates(rows: list[dict[str, str]]) -> None:
    spending = Spending.of([float(row["x"]) for row in rows], [float(row["zbar"]) for row in rows])
    unit = gammagamma.unit_of(spending)
    fit = maximise(
        gammagamma.log_likelihood, spending.scaled(unit), gammagamma.NAMES, gammagamma.STARTS, spending.people
    )
    p, q, gamma = fit.values
    assert (p, q, gamma * unit) == pytest.approx((6.25, 3.74, 15.44), abs=0.01)


def test_bgnbd_forecasts_with_the_printed_parameters() -> None:
    x, t_x, end = CUSTOMER_1516
    alive = bgnbd.alive(PRINTED_BGNBD, x, t_x, end)
    expected = alive * bgnbd.expected_if_alive(PRINTED_BGNBD, x, end, 52.0)
    assert alive[0] == pytest.approx(0.9688523, abs=1e-6)
    assert expected[0] == pytest.approx(25.75659, abs=1e-4)
    assert bgnbd.expected_of_new(PRINTED_BGNBD, np.array([52.0]))[0] == pytest.approx(1.444004, abs=2e-6)


@pytest.mark.parametrize(("x", "printed"), [(10, 0.3474606), (15, 0.04283391), (20, 0.004158973), (25, 0.0003583685)])
def test_more_purchases_long_ago_promise_less(x: int, printed: float) -> None:
    many, end = np.array([x]), np.array([39.0])
    found = bgnbd.alive(PRINTED_BGNBD, many, np.array([20.0]), end) * bgnbd.expected_if_alive(
        PRINTED_BGNBD, many, end, 52.0
    )
    assert found[0] == pytest.approx(printed, rel=1e-5)


def test_pareto_nbd_forecasts(pareto: Fit) -> None:
    x, t_x, end = CUSTOMER_1516
    alive = paretonbd.alive(pareto.array, x, t_x, end)
    expected = alive * paretonbd.expected_if_alive(pareto.array, x, end, 52.0)
    assert alive[0] == pytest.approx(0.997874, abs=2e-6)
    assert expected[0] == pytest.approx(25.45647, rel=1e-4)
    assert paretonbd.expected_of_new(pareto.array, np.array([52.0]))[0] == pytest.approx(1.473434, rel=1e-4)


def test_lifetimes_finds_the_same_maximum(rows: list[dict[str, str]], bg: Fit) -> None:
    with np.errstate(all="ignore"):
        from lifetimes import BetaGeoFitter

        fitter = BetaGeoFitter()
        fitter.fit(*(np.array([float(row[name]) for row in rows]) for name in ("x", "t_x", "T")))
    assert tuple(fitter.params_[["r", "alpha", "a", "b"]]) == pytest.approx(bg.values, rel=2e-3)
    x, t_x, end = CUSTOMER_1516
    theirs = fitter.conditional_expected_number_of_purchases_up_to_time(52.0, x, t_x, end)
    ours = bgnbd.alive(bg.array, x, t_x, end) * bgnbd.expected_if_alive(bg.array, x, end, 52.0)
    assert float(np.ravel(theirs)[0]) == pytest.approx(ours[0], rel=2e-3)
