"""Fitted models in the store: what predictions are computed with again after a rebuild, and what was said of them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from pydantic import TypeAdapter
from sqlalchemy import Row, insert, select

from dujiang.foundation.ids import new_id
from dujiang.foundation.plain import plain
from dujiang.people.prediction.forecast import PurchaseModel
from dujiang.people.prediction.model import PURCHASES, ModelRun, PropensityBody, PurchaseBody, State
from dujiang.people.prediction.trees import PropensityModel
from dujiang.store.database import Database
from dujiang.store.tables import model_run

Model = PurchaseModel | PropensityModel

_PURCHASE: TypeAdapter[PurchaseBody] = TypeAdapter(PurchaseBody)
_PROPENSITY: TypeAdapter[PropensityBody] = TypeAdapter(PropensityBody)
_PURCHASE_MODEL: TypeAdapter[PurchaseModel] = TypeAdapter(PurchaseModel)
_PROPENSITY_MODEL: TypeAdapter[PropensityModel] = TypeAdapter(PropensityModel)


class Runs:
    """The fits of one brand, the newest first. None is ever changed."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def keep(
        self,
        name: str,
        at: datetime,
        as_of: date,
        state: State,
        body: PurchaseBody | PropensityBody,
        model: Model | None,
    ) -> ModelRun:
        """Keep one fit."""
        run = ModelRun(new_id("model"), name, at, as_of, state, body)
        row = {"id": run.id, "name": name, "at": at, "as_of": as_of, "state": state, "body": plain(body)}
        with self._database.transaction() as tx:
            tx.execute(insert(model_run).values(row | {"model": plain(model)}))
        return run

    def latest(self, name: str) -> ModelRun | None:
        """The newest fit of ``name``, whatever came of it; None before the first."""
        found = self.history(name, 1)
        return found[0] if found else None

    def history(self, name: str, limit: int = 20) -> Sequence[ModelRun]:
        """The fits of ``name``."""
        query = select(model_run).where(model_run.c.name == name).order_by(model_run.c.at.desc(), model_run.c.id.desc())
        with self._database.read() as rx:
            return [_run(row) for row in rx.execute(query.limit(limit))]

    def in_use(self, name: str) -> tuple[str, Model] | None:
        """Id and model of the newest fit of ``name`` that could be fitted; None where there is none."""
        query = (
            select(model_run.c.id, model_run.c.model)
            .where(model_run.c.name == name, model_run.c.state == "fitted")
            .order_by(model_run.c.at.desc(), model_run.c.id.desc())
            .limit(1)
        )
        with self._database.read() as rx:
            row = rx.execute(query).first()
        if row is None:
            return None
        return row.id, (_PURCHASE_MODEL if name == PURCHASES else _PROPENSITY_MODEL).validate_python(row.model)


def _run(row: Row[Any]) -> ModelRun:
    body = (_PURCHASE if row.name == PURCHASES else _PROPENSITY).validate_python(row.body)
    return ModelRun(row.id, row.name, row.at, row.as_of, row.state, body)
