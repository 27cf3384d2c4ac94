"""Fitted predictive models: what predictions are computed with, and what was said of them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from pydantic import TypeAdapter
from sqlalchemy import Row

from dujiang.people.fitted import FitStore
from dujiang.people.prediction.forecast import PurchaseModel
from dujiang.people.prediction.model import PURCHASES, ModelRun, PropensityBody, PurchaseBody, State
from dujiang.people.prediction.trees import PropensityModel
from dujiang.store.database import Database

Model = PurchaseModel | PropensityModel

_PURCHASE: TypeAdapter[PurchaseBody] = TypeAdapter(PurchaseBody)
_PROPENSITY: TypeAdapter[PropensityBody] = TypeAdapter(PropensityBody)
_PURCHASE_MODEL: TypeAdapter[PurchaseModel] = TypeAdapter(PurchaseModel)
_PROPENSITY_MODEL: TypeAdapter[PropensityModel] = TypeAdapter(PropensityModel)


class Runs:
    """The fits of one brand, the newest first. None is ever changed."""

    def __init__(self, database: Database) -> None:
        self._fits = FitStore(database)

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
        return ModelRun(self._fits.keep(name, at, as_of, state, body, model), name, at, as_of, state, body)

    def latest(self, name: str) -> ModelRun | None:
        """The newest fit of ``name``, whatever came of it; None before the first."""
        found = self.history(name, 1)
        return found[0] if found else None

    def history(self, name: str, limit: int = 20) -> Sequence[ModelRun]:
        """The fits of ``name``."""
        return [_run(row) for row in self._fits.history(name, limit)]

    def in_use(self, name: str) -> tuple[str, Model] | None:
        """Id and model of the newest fit of ``name`` that could be fitted; None where there is none."""
        row = self._fits.in_use(name)
        if row is None:
            return None
        return row.id, (_PURCHASE_MODEL if name == PURCHASES else _PROPENSITY_MODEL).validate_python(row.model)


def _run(row: Row[Any]) -> ModelRun:
    body = (_PURCHASE if row.name == PURCHASES else _PROPENSITY).validate_python(row.body)
    return ModelRun(row.id, row.name, row.at, row.as_of, row.state, body)
