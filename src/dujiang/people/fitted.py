"""Fitted models in the store: what people are told with again after a rebuild, and what was said of each fit."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import Row, insert, select

from dujiang.foundation.ids import new_id
from dujiang.foundation.plain import plain
from dujiang.store.database import Database
from dujiang.store.tables import model_run


class FitStore:
    """The fits of one brand by the name of their model; bodies and models are what JSON can hold."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def keep(self, name: str, at: datetime, as_of: date, state: str, body: object, model: object) -> str:
        """Keep one fit; its id."""
        id_ = new_id("model")
        row = {"id": id_, "name": name, "at": at, "as_of": as_of, "state": state, "body": plain(body)}
        with self._database.transaction() as tx:
            tx.execute(insert(model_run).values(row | {"model": plain(model)}))
        return id_

    def history(self, name: str, limit: int) -> Sequence[Row[Any]]:
        """The fits of ``name``, the newest first."""
        query = select(model_run).where(model_run.c.name == name).order_by(model_run.c.at.desc(), model_run.c.id.desc())
        with self._database.read() as rx:
            return list(rx.execute(query.limit(limit)))

    def in_use(self, name: str) -> Row[Any] | None:
        """The newest fit of ``name`` that can be used; None where there is none."""
        query = (
            select(model_run)
            .where(model_run.c.name == name, model_run.c.state == "fitted")
            .order_by(model_run.c.at.desc(), model_run.c.id.desc())
            .limit(1)
        )
        with self._database.read() as rx:
            return rx.execute(query).first()
