"""Writes the table ``prediction``: everybody when the day or a model is new, else only those who were touched."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from zoneinfo import ZoneInfo

import duckdb
import numpy as np
import pyarrow as pa

from dujiang.engine.refresh import Change
from dujiang.people.following import remember, remembered
from dujiang.people.prediction.features import features
from dujiang.people.prediction.forecast import PurchaseModel, alive, forecast
from dujiang.people.prediction.model import (
    HORIZONS,
    NAMES,
    PROPENSITIES,
    PROPENSITY_DAYS,
    PURCHASES,
    STATE,
    Propensity,
)
from dujiang.people.prediction.propensity import ACTIVE_DAYS
from dujiang.people.prediction.purchases import buyers
from dujiang.people.prediction.runs import Model, Runs
from dujiang.people.prediction.special import Ints, Reals
from dujiang.people.prediction.trees import PropensityModel


class PredictionFollower:
    """Keeps ``prediction`` in step with a refresh, with the models that are in use.

    Predictions are made as of the beginning of the brand's day: what happened today is heeded from tomorrow.
    """

    def __init__(self, runs: Runs) -> None:
        self._runs = runs

    def follow(self, con: duckdb.DuckDBPyConnection, change: Change) -> None:
        """Compute the rows of those concerned again."""
        used = {name: found for name in NAMES if (found := self._runs.in_use(name))}
        state = ":".join([change.today.isoformat(), *(run for run, _model in used.values())])
        everybody = change.full or state != remembered(con, STATE)
        among = "" if everybody else "touched"
        con.execute("DELETE FROM prediction" + ("" if everybody else " WHERE person IN (SELECT person FROM touched)"))
        for name, (_run, model) in used.items():
            for rows in predicted(con, name, model, change.today, ZoneInfo(change.zone), among):
                con.register("predicted_rows", rows)
                con.execute("INSERT INTO prediction SELECT person, model, value, low, high, as_of FROM predicted_rows")
                con.unregister("predicted_rows")
        remember(con, STATE, state)


def predicted(
    con: duckdb.DuckDBPyConnection, name: str, model: Model, day: date, zone: ZoneInfo, among: str
) -> Iterator[pa.Table]:
    """What ``model`` says as of ``day``, as rows of ``prediction``."""
    if isinstance(model, PurchaseModel):
        yield from _purchases(con, model, day, among)
        return
    assert name != PURCHASES
    yield from _propensity(con, next(one for one in PROPENSITIES if one == name), model, day, zone, among)


def _purchases(con: duckdb.DuckDBPyConnection, model: PurchaseModel, day: date, among: str) -> Iterator[pa.Table]:
    who = buyers(con, day, among)
    yield _rows("alive", who.person, alive(model, who), day)
    for days in HORIZONS:
        found = forecast(model, who, days)
        yield _rows(f"purchases_{days}", who.person, found.purchases, day)
        if found.value is not None:
            yield _rows(f"value_{days}", who.person, found.value, day, found.low, found.high)


def _propensity(
    con: duckdb.DuckDBPyConnection, what: Propensity, model: PropensityModel, day: date, zone: ZoneInfo, among: str
) -> Iterator[pa.Table]:
    table = features(con, day, zone, active_days=ACTIVE_DAYS[what], among=among)
    if len(table.person):
        yield _rows(f"{what}_{PROPENSITY_DAYS[what]}", table.person, model.chances(table.values), day)


def _rows(
    name: str, person: Ints, value: Reals, day: date, low: Reals | None = None, high: Reals | None = None
) -> pa.Table:
    many = len(person)
    none = pa.nulls(many, pa.float64())
    return pa.table(
        {
            "person": pa.array(person, pa.int64()),
            "model": pa.array(np.full(many, name, dtype=object), pa.string()),
            "value": pa.array(value, pa.float64()),
            "low": none if low is None else pa.array(low, pa.float64()),
            "high": none if high is None else pa.array(high, pa.float64()),
            "as_of": pa.array([day] * many, pa.date32()),
        }
    )
