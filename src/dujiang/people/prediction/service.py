"""Fits models, says how good they are, and what they say of one person and why."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from zoneinfo import ZoneInfo

import duckdb
import numpy as np

from dujiang.engine.duck import Engine
from dujiang.foundation.clock import Clock
from dujiang.foundation.errors import InvalidInput
from dujiang.foundation.i18n import _
from dujiang.foundation.progress import Progress, silent
from dujiang.foundation.timewindows import check_day, day_of
from dujiang.people.prediction.features import features
from dujiang.people.prediction.fit import PurchaseFit, fit_purchases
from dujiang.people.prediction.forecast import PurchaseModel
from dujiang.people.prediction.ltv import Ltv, lifetime_value
from dujiang.people.prediction.model import NAMES, PROPENSITIES, PROPENSITY_DAYS, PURCHASES, ModelRun, Propensity
from dujiang.people.prediction.propensity import ACTIVE_DAYS, PropensityFit, fit_propensity
from dujiang.people.prediction.runs import Runs
from dujiang.people.prediction.trees import PropensityModel
from dujiang.store.database import Database


@dataclass(frozen=True)
class Predicted:
    """One row of ``prediction``."""

    model: str
    value: float
    low: float | None
    high: float | None
    as_of: date


@dataclass(frozen=True)
class Reason:
    """What one feature adds to somebody's chance.

    Attributes:
        feature: its name.
        value: what it is for the person; None where the person did nothing of the sort.
        effect: what it adds to the log-odds of the uncalibrated chance; negative where it lowers it.
    """

    feature: str
    value: float | None
    effect: float


@dataclass(frozen=True)
class PersonPredictions:
    """What is foretold of a person.

    Attributes:
        predictions: by model; empty where nothing is (never bought, or no model fitted).
        reasons: for each propensity, the features that move it most, strongest first.
    """

    predictions: dict[str, Predicted]
    reasons: dict[str, tuple[Reason, ...]]


class PredictionService:
    """Predictions of one brand.

    Args:
        engine: the answers.
        database: where fitted models are kept.
        zone: the brand's time zone.
        clock: tells the moment of a fit.
        present: tells the day that people are looked at.
    """

    def __init__(self, engine: Engine, database: Database, zone: ZoneInfo, clock: Clock, present: Clock) -> None:
        self._engine, self._zone, self._clock, self._present = engine, zone, clock, present
        self.runs = Runs(database)

    def fit(self, progress: Progress = silent, as_of: date | None = None) -> list[ModelRun]:
        """Fit every model to what is known before ``as_of`` (today by default) and keep what was found.

        The next refresh computes everybody's predictions with the new models.

        Raises:
            InvalidInput: ``prediction.future`` or ``time.out_of_range``.
        """
        today = day_of(self._present.now(), self._zone)
        day = as_of or today
        check_day(day)
        if day > today:
            sentence = _("{day} has not come yet; a model can be fitted as of today or earlier.")
            raise InvalidInput("prediction.future", sentence, day=day)
        return [self._fit(name, day, progress, place) for place, name in enumerate(NAMES)]

    def _fit(self, name: str, day: date, progress: Progress, place: int) -> ModelRun:
        progress("fit", place, len(NAMES))
        with self._engine.read() as con:
            found = self._fitted(con, name, day)
        run = self.runs.keep(name, self._clock.now(), day, found.state, found.body, found.model)
        progress("fit", place + 1, len(NAMES))
        return run

    def _fitted(self, con: duckdb.DuckDBPyConnection, name: str, day: date) -> PurchaseFit | PropensityFit:
        if name == PURCHASES:
            return fit_purchases(con, day)
        return fit_propensity(con, _propensity(name), day, self._zone)

    def latest(self) -> dict[str, ModelRun]:
        """The newest fit of each model that was ever fitted."""
        found = {name: self.runs.latest(name) for name in NAMES}
        return {name: run for name, run in found.items() if run is not None}

    def history(self, name: str) -> Sequence[ModelRun]:
        """The fits of one model, the newest first."""
        return self.runs.history(name)

    def of_person(self, person: int, reasons: int = 4) -> PersonPredictions:
        """What is foretold of ``person`` and why; ``reasons`` at most for each propensity."""
        with self._engine.read() as con:
            rows = con.execute(
                "SELECT model, value, low, high, as_of FROM prediction WHERE person = ? ORDER BY model", [person]
            ).fetchall()
            found = {row[0]: Predicted(*row) for row in rows}
            why: dict[str, tuple[Reason, ...]] = {}
            for what in PROPENSITIES:
                shown = found.get(f"{what}_{PROPENSITY_DAYS[what]}")
                used = self.runs.in_use(what) if shown else None
                if shown and used and isinstance(used[1], PropensityModel):
                    con.execute(
                        "CREATE OR REPLACE TEMP TABLE one_person AS SELECT CAST(? AS BIGINT) AS person", [person]
                    )
                    table = features(con, shown.as_of, self._zone, active_days=ACTIVE_DAYS[what], among="one_person")
                    if len(table.person):
                        why[what] = _reasons(used[1], table.values, reasons)
        return PersonPredictions(found, why)

    def lifetime_value(self) -> Ltv:
        """What customers were and will be worth, by what they came through and when."""
        used = self.runs.in_use(PURCHASES)
        model = used[1] if used and isinstance(used[1], PurchaseModel) else None
        with self._engine.read() as con:
            return lifetime_value(con, day_of(self._present.now(), self._zone), model)


def _propensity(name: str) -> Propensity:
    return next(one for one in PROPENSITIES if one == name)


def _reasons(model: PropensityModel, values: np.ndarray, most: int) -> tuple[Reason, ...]:
    effects = model.contributions(values)[1][0]
    order = [place for place in np.argsort(-np.abs(effects), kind="stable")[:most] if abs(effects[place]) > 1e-9]
    return tuple(
        Reason(
            model.features[place],
            None if np.isnan(values[0, place]) else float(values[0, place]),
            float(effects[place]),
        )
        for place in order
    )
