"""What named nobody, counted by day, source, type and reason, and kept: the values themselves are gone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final

from sqlalchemy import Connection, func, select
from sqlalchemy.dialects import postgresql, sqlite

from dujiang.collect.identifiers import Ignored
from dujiang.collect.normalise import BLANK
from dujiang.store.database import Database
from dujiang.store.tables import ignored_identifier

_T: Final = ignored_identifier.c
_KEY: Final = ("day", "source", "type", "reason", "rule")


@dataclass(frozen=True)
class IgnoredCount:
    """How many values of a source named nobody.

    Attributes:
        source: who sent or exported them.
        type: type of identifier; empty for a type that nobody defined.
        reason: ``junk``, ``masked``, ``invalid``, ``landline``, ``too_long``, ``unknown_type`` or ``too_many``.
        rule: list of junk values that they are in; empty otherwise.
        count: how many values, repetitions included.
    """

    source: str
    type: str
    reason: str
    rule: str
    count: int


def add_ignored(tx: Connection, counts: Mapping[tuple[str, date], Counter[Ignored]]) -> None:
    """Add what was ignored, by source and day of arrival (UTC), when ``tx`` commits. Blank values are not counted."""
    insert_into = sqlite.insert if tx.dialect.name == "sqlite" else postgresql.insert
    statement = insert_into(ignored_identifier)
    added = {"count": _T["count"] + statement.excluded["count"]}
    statement = statement.on_conflict_do_update(index_elements=list(_KEY), set_=added)
    for (source, day), found in sorted(counts.items()):  # one order: writers never wait in a ring
        for one, many in sorted(found.items()):
            if one.reason != BLANK:
                tx.execute(statement, {"day": day, "source": source, **one._asdict(), "count": many})


def ignored(database: Database, first: date, last: date) -> list[IgnoredCount]:
    """What was ignored from ``first`` to ``last``, most first."""
    many = func.sum(_T["count"])
    columns = (_T.source, _T.type, _T.reason, _T.rule)
    query = select(*columns, many).where(_T.day.between(first, last)).group_by(*columns)
    with database.read() as rx:
        return [IgnoredCount(*row[:4], int(row[4])) for row in rx.execute(query.order_by(many.desc(), *columns))]
