"""Fits of groups in the store, beside those of predictive models."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from pydantic import TypeAdapter
from sqlalchemy import Row

from dujiang.people.fitted import FitStore
from dujiang.people.groups.assigning import GroupModel
from dujiang.people.groups.model import RUN, GroupBody, GroupRun, State
from dujiang.store.database import Database

_BODY: TypeAdapter[GroupBody] = TypeAdapter(GroupBody)
_MODEL: TypeAdapter[GroupModel] = TypeAdapter(GroupModel)


class GroupRuns:
    """The fits of one brand, the newest first. None is ever changed."""

    def __init__(self, database: Database) -> None:
        self._fits = FitStore(database)

    def keep(self, at: datetime, as_of: date, state: State, body: GroupBody, model: GroupModel | None) -> GroupRun:
        """Keep one fit."""
        return GroupRun(self._fits.keep(RUN, at, as_of, state, body, model), at, as_of, state, body)

    def history(self, limit: int = 20) -> Sequence[GroupRun]:
        """The fits, whatever came of them."""
        return [_run(row) for row in self._fits.history(RUN, limit)]

    def in_use(self) -> tuple[GroupRun, GroupModel] | None:
        """The newest fit that found groups; None where none did."""
        row = self._fits.in_use(RUN)
        return None if row is None else (_run(row), _MODEL.validate_python(row.model))


def _run(row: Row[Any]) -> GroupRun:
    return GroupRun(row.id, row.at, row.as_of, row.state, _BODY.validate_python(row.body))
