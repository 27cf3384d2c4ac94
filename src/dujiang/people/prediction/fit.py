"""Fits the purchase and value models to a brand's people, and holds the latest days out to see how they would have done."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

import duckdb
import numpy as np

from dujiang.people.prediction import bgnbd, gammagamma, paretonbd
from dujiang.people.prediction.fitting import Fit, maximise
from dujiang.people.prediction.forecast import COVERAGE, MODELS, PurchaseModel, forecast, usable
from dujiang.people.prediction.model import Band, Fitted, HoldOut, Parameter, PurchaseBody, State, Week
from dujiang.people.prediction.purchases import Buyers, bought, buyers, repeat_occasions

PEOPLE_MIN: Final = 200
RETURNED_MIN: Final = 50
"""With fewer people, or fewer who came back, nothing is foretold."""
HOLD_OUT_DAYS: Final = 180
HOLD_OUT_MIN: Final = 28
_YEAR: Final = 365 / 7
_BANDS: Final = ((0, 0), (1, 1), (2, 2), (3, 4), (5, 9), (10, 10**9))
_EPOCH: Final = date(1970, 1, 1)


@dataclass(frozen=True)
class PurchaseFit:
    """What forecasts need, and what is said of it; no model where the data do not allow one."""

    state: State
    model: PurchaseModel | None
    body: PurchaseBody


def fit_purchases(con: duckdb.DuckDBPyConnection, as_of: date) -> PurchaseFit:
    """Fit to everything before ``as_of``; deterministic."""
    who = buyers(con, as_of)
    returned = int((who.x > 0).sum())
    if len(who) < PEOPLE_MIN or returned < RETURNED_MIN:
        return PurchaseFit("too_little", None, PurchaseBody(len(who), returned, "", (), None, None, None))
    fits = _fits(who)
    model = _chosen(fits)
    held = _hold_out(con, who) if model else None
    body = PurchaseBody(
        people=len(who),
        returned=returned,
        chosen=model.name if model else "",
        fits=tuple(_told(name, fit) for name, fit in fits.items()),
        new_customer=_new_customer(model, fits) if model else None,
        hold_out=held,
        rate_of_value=_rate_of_value(who),
    )
    return PurchaseFit("fitted" if model else "not_converged", model, body)


def fitted_to(who: Buyers) -> PurchaseModel | None:
    """The model that forecasts of ``who`` are made with; None where none can be used."""
    return _chosen(_fits(who))


def _fits(who: Buyers) -> dict[str, Fit]:
    histories, spending = who.histories, who.spending
    fits = {
        name: maximise(module.log_likelihood, histories, module.NAMES, module.STARTS, len(histories.x))
        for name, module in (("bg_nbd", bgnbd), ("pareto_nbd", paretonbd))
    }
    if spending.people >= PEOPLE_MIN:
        fits["gamma_gamma"] = _value_fit(who)
    return fits


def _value_fit(who: Buyers) -> Fit:
    spending = who.spending
    unit = gammagamma.unit_of(spending)
    start = gammagamma.STARTS
    fit = maximise(gammagamma.log_likelihood, spending.scaled(unit), gammagamma.NAMES, start, len(spending.n))
    values = (*fit.values[:2], fit.values[2] * unit)
    errors = None if fit.errors is None else (*fit.errors[:2], fit.errors[2] * unit)
    return Fit(fit.names, values, errors, fit.log_likelihood, fit.converged, fit.reason, fit.covariance)


def _chosen(fits: dict[str, Fit]) -> PurchaseModel | None:
    """The likelier of the purchase models that can be used: both have four parameters and the same data."""
    names = [name for name in MODELS if usable(fits[name])]
    if not names:
        return None
    name = max(names, key=lambda one: fits[one].log_likelihood)
    value = fits.get("gamma_gamma")
    # Up to q = 1 the mean value over people is infinite: nothing can be said of those who bought once.
    has_value = value is not None and usable(value) and value.values[1] > 1
    if value is None or not has_value:
        return PurchaseModel(name, fits[name].values, None, fits[name].covariance)
    return PurchaseModel(name, fits[name].values, value.values, fits[name].covariance, value.covariance)


def _told(name: str, fit: Fit) -> Fitted:
    errors = fit.errors or (None,) * len(fit.values)
    parameters = tuple(Parameter(*one) for one in zip(fit.names, fit.values, errors, strict=True))
    return Fitted(name, parameters, fit.log_likelihood, fit.converged, fit.reason)


def _new_customer(model: PurchaseModel, fits: dict[str, Fit]) -> Parameter:
    def within_a_year(parameters: np.ndarray) -> float:
        return float(model.module.expected_of_new(parameters, np.array([_YEAR]))[0])

    return Parameter("365", within_a_year(model.parameters), fits[model.name].error_of(within_a_year))


def _rate_of_value(who: Buyers) -> float | None:
    """Correlation of occasions and the logarithm of their mean value among those who came back."""
    several = (who.x > 0) & (who.mean > 0)
    if several.sum() < RETURNED_MIN or np.ptp(who.x[several]) == 0 or np.ptp(who.mean[several]) == 0:
        return None
    return (
        float(np.corrcoef(np.log(who.x[several]), np.log(who.mean[several]))[0, 1]) if np.ptp(who.x[several]) else None
    )


def _hold_out(con: duckdb.DuckDBPyConnection, who: Buyers) -> HoldOut | None:
    """Fit to what was known some time ago, and compare what it said with what came."""
    span = int(np.round(who.age.max() * 7))
    days = min(HOLD_OUT_DAYS, span // 3)
    if days < HOLD_OUT_MIN:
        return None
    cut = who.as_of - timedelta(days)
    then = buyers(con, cut)
    if len(then) < PEOPLE_MIN or (then.x > 0).sum() < RETURNED_MIN:
        return None
    model = fitted_to(then)
    if model is None:
        return None
    said, came = forecast(model, then, days), bought(con, then, who.as_of)
    within, covered = None, COVERAGE
    if said.low is not None and said.high is not None and said.held is not None:
        within = float(np.mean((came.worth >= said.low - 0.5) & (came.worth <= said.high + 0.5)))
        covered = float(np.mean(said.held))
    return HoldOut(
        cut=cut,
        days=days,
        people=len(then),
        expected=float(said.purchases.sum()),
        actual=int(came.occasions.sum()),
        expected_value=None if said.value is None else float(said.value.sum()),
        actual_value=float(came.worth.sum()),
        coverage=within,
        covered=covered,
        by_purchases=_bands(then, said.purchases, came.occasions),
        weeks=_weeks(con, model, then, who.as_of),
    )


def _bands(who: Buyers, expected: np.ndarray, actual: np.ndarray) -> tuple[Band, ...]:
    found = []
    for low, high in _BANDS:
        mine = (who.x >= low) & (who.x <= high)
        if mine.any():
            label = f"{low}" if low == high else f"{low}+" if high == 10**9 else f"{low}–{high}"
            found.append(Band(label, int(mine.sum()), float(expected[mine].mean()), float(actual[mine].mean())))
    return tuple(found)


def _weeks(con: duckdb.DuckDBPyConnection, model: PurchaseModel, who: Buyers, last: date) -> tuple[Week, ...]:
    """Cumulative repeat purchases by the end of each week, expected (from the first day on) and actual."""
    days, many = repeat_occasions(con, who.as_of, last)
    first = who.first_day.astype("datetime64[D]").astype(np.int64)
    starts, people = np.unique(first, return_counts=True)
    end = (last - _EPOCH).days
    ages = np.arange(end - starts[0] + 1)
    course = np.asarray(model.module.expected_of_new(model.parameters, ages / 7.0))
    order = np.argsort(days)
    cumulated = np.concatenate([[0], np.cumsum(many[order])])
    found = []
    for day in range(end, int(starts[0]), -7):
        expected = float((course[np.maximum(day - starts, 0)] * people).sum())
        actual = int(cumulated[np.searchsorted(days[order], day)])
        found.append(Week(_EPOCH + timedelta(day - 1), expected, actual))
    return tuple(reversed(found))
