"""Purchase and value models for a million customers: the fits, everybody's year with its interval, beside ``lifetimes``.

The customers are drawn from the models themselves (BG/NBD with Gamma-Gamma, the parameters published for CDNOW), in whole days
as orders have them, so that the fits can be held against what is true. ``lifetimes`` fits BG/NBD to the same arrays with its
defaults. Processor seconds are the process's own.
"""

from __future__ import annotations

import os
import warnings
from datetime import date
from typing import Final

import numpy as np
from harness import Measurement, peak_megabytes, stopwatch

from dujiang.people.prediction import bgnbd, gammagamma, paretonbd
from dujiang.people.prediction.fitting import Fit, maximise
from dujiang.people.prediction.forecast import Forecast, PurchaseModel, alive, forecast
from dujiang.people.prediction.purchases import Buyers

PEOPLE = int(os.environ.get("BENCH_PEOPLE", "1000000"))
WEEKS: Final = 78
TRUE: Final = {"r": 0.2426, "alpha": 4.414, "a": 0.793, "b": 2.426}
VALUE: Final = (6.25, 3.74, 1544.0)
"""p, q, and γ in minor units."""


def customers(people: int, seed: int) -> Buyers:
    """Everybody's history, drawn from BG/NBD and Gamma-Gamma."""
    rng = np.random.default_rng(seed)
    rate = rng.gamma(TRUE["r"], 1 / TRUE["alpha"], people)
    leaving = rng.beta(TRUE["a"], TRUE["b"], people)
    age = rng.integers(7, WEEKS * 7, people) / 7
    x, last = np.zeros(people, np.int64), np.zeros(people)
    here, at = np.arange(people), np.zeros(people)
    while len(here):
        at = at + rng.exponential(1.0, len(here)) / np.maximum(rate[here], 1e-12)
        came = at < age[here]
        here, at = here[came], at[came]
        x[here] += 1
        last[here] = at
        stays = rng.random(len(here)) >= leaving[here]
        here, at = here[stays], at[stays]
    days = np.minimum(np.ceil(last * 7), age * 7) / 7
    p, q, gamma = VALUE
    each = rng.gamma(q, 1 / gamma, people)
    mean = rng.gamma(p * (x + 1)) / each / (x + 1)
    nothing = np.zeros(people, np.int8)
    return Buyers(date(2026, 11, 22), np.arange(people), x, days, age, x + 1, mean, nothing, nothing)


def measure() -> list[Measurement]:
    """Each fit, everybody's year, and the same fit by ``lifetimes``."""
    who = customers(PEOPLE, 1)
    few = customers(2_000, 2)
    _scored(few, _fits(few))  # so that everything is compiled
    rows, fits = [], {}
    for name in ("bg_nbd", "pareto_nbd", "gamma_gamma"):
        with stopwatch() as watch:
            fits[name] = _fit(name, who)
        values = [*fits[name].values]
        if name == "gamma_gamma":
            values[2] *= gammagamma.unit_of(who.spending)
        found = ", ".join(f"{one} {value:,.4g}" for one, value in zip(fits[name].names, values, strict=True))
        rows.append(Measurement(f"fit {name} to {PEOPLE:,} customers", _took(watch.processor), "", found))
    with stopwatch() as watch:
        year, living = _scored(who, fits)
    note = f"{year.purchases.sum():,.0f} purchases expected, {living.mean():.1%} alive"
    rows.append(
        Measurement("everybody's year: purchases, value with its interval, alive", _took(watch.processor), "", note)
    )
    rows.append(Measurement("all of it, peak memory", f"{peak_megabytes():,} MB", "", "customers included"))
    return [*rows, *_peer(who)]


def _took(seconds: float) -> str:
    return f"{seconds:,.1f} s of a processor"


def _fit(name: str, who: Buyers) -> Fit:
    if name == "gamma_gamma":
        spending = who.spending
        scaled = spending.scaled(gammagamma.unit_of(spending))
        return maximise(gammagamma.log_likelihood, scaled, gammagamma.NAMES, gammagamma.STARTS, len(spending.n))
    module = {"bg_nbd": bgnbd, "pareto_nbd": paretonbd}[name]
    histories = who.histories
    return maximise(module.log_likelihood, histories, module.NAMES, module.STARTS, len(histories.x))


def _fits(who: Buyers) -> dict[str, Fit]:
    return {name: _fit(name, who) for name in ("bg_nbd", "pareto_nbd", "gamma_gamma")}


def _scored(who: Buyers, fits: dict[str, Fit]) -> tuple[Forecast, np.ndarray]:
    p, q, gamma = fits["gamma_gamma"].values
    model = PurchaseModel("bg_nbd", fits["bg_nbd"].values, (p, q, gamma * gammagamma.unit_of(who.spending)))
    return forecast(model, who, 365), alive(model, who)


def _peer(who: Buyers) -> list[Measurement]:
    """``lifetimes`` on the same arrays; nothing where it is not installed."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            from lifetimes import BetaGeoFitter

            model = BetaGeoFitter()
            with stopwatch() as watch:
                model.fit(who.x, who.t_x, who.age)
    except ImportError:
        return []
    found = ", ".join(f"{name} {model.params_[name]:,.4g}" for name in ("r", "alpha", "a", "b"))
    return [Measurement("lifetimes: fit of BG/NBD to the same customers", _took(watch.processor), "", found)]
