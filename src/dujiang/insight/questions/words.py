"""What a question can name, as the data have it: events, the properties they carry, the values that columns hold."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import duckdb
import ibis

from dujiang.engine.question import Column, ask, table
from dujiang.foundation.errors import InvalidInput
from dujiang.foundation.i18n import _
from dujiang.foundation.reasons import Reason
from dujiang.insight.questions.model import Doing
from dujiang.people.behaviour import PROPERTY, column_kind

EVENTS_MAX: Final = 500
VALUES_MAX: Final = 100
PROPERTIES_MAX: Final = 200
_LATEST: Final = 5_000
"""Events in which properties are looked for: a property that none of them carries is not suggested."""
_TABLES: Final[Mapping[Doing, str]] = {
    "events": "fact_event",
    "orders": "orders",
    "refunds": "refunds",
    "conversations": "conversation",
}


@dataclass(frozen=True)
class Counted:
    """A word, and how often it is there."""

    name: str
    count: int


@dataclass(frozen=True)
class Words:
    """What a builder can suggest.

    Attributes:
        events: names of events, the most frequent first.
        properties: columns ``properties.<name>`` of the latest events, the most frequent first.
    """

    events: tuple[Counted, ...]
    properties: tuple[Counted, ...]


@ibis.udf.scalar.builtin(name="json_extract_string", signature=(("string", "string"), "string"))
def _stated(properties: Column, pointer: Column) -> Column:
    """The engine's own function: one value of a JSON object, as a text."""


def words(con: duckdb.DuckDBPyConnection) -> Words:
    """Names of events and of their properties."""
    return Words(_counted(con, table("fact_event"), "name", EVENTS_MAX), _properties(con))


def values(con: duckdb.DuckDBPyConnection, source: Doing, column: str) -> tuple[Counted, ...]:
    """The most frequent values of a column; empty where it holds no texts.

    Raises:
        InvalidInput: ``question.unknown_column``.
    """
    try:
        kind = column_kind(source, column)
    except ValueError as error:
        sentence = _("There is no such column: {reason}.")
        raise InvalidInput("question.unknown_column", sentence, reason=Reason.told(error)) from None
    if kind not in ("text", "any"):
        return ()
    rows = table(_TABLES[source])
    if column.startswith(PROPERTY):
        name = column.removeprefix(PROPERTY).replace("~", "~0").replace("/", "~1")
        rows = rows.mutate(_value=_stated(rows.properties, f"/{name}"))
        return _counted(con, rows, "_value", VALUES_MAX)
    return _counted(con, rows, column, VALUES_MAX)


def _counted(con: duckdb.DuckDBPyConnection, rows: ibis.Table, column: str, most: int) -> tuple[Counted, ...]:
    stated = rows.filter(rows[column].notnull() & (rows[column] != ""))
    groups = stated.group_by(name=stated[column]).aggregate(count=stated.count())
    ranked = groups.order_by([groups["count"].desc(), groups["name"]]).limit(most)
    return tuple(Counted(**row) for row in ask(con, ranked).to_pylist())


def _properties(con: duckdb.DuckDBPyConnection) -> tuple[Counted, ...]:
    events = table("fact_event")
    latest = ask(con, events.order_by(events.seq.desc()).limit(_LATEST).select("properties"))["properties"].to_pylist()
    found = Counter(name for one in latest for name in json.loads(one or "{}") if 0 < len(name) <= 100)
    return tuple(Counted(PROPERTY + name, count) for name, count in found.most_common(PROPERTIES_MAX))
