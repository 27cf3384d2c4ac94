"""Words that the derived tables share: the latest statement, the local day, the owner, and only what was touched."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, TypeAlias, cast

import ibis

from dujiang.engine.schema import ibis_table

Rows: TypeAlias = Any
"""An Ibis table. Ibis's annotations do not tell one kind of column from another, so naming its class would say less."""

OWNER: Final[Rows] = ibis.table(
    {"node": "int64", "person": "int64", "from_at": "timestamp('UTC')", "to_at": "timestamp('UTC')"}, name="owner"
)
"""Who owns the nodes of the touched persons (all nodes when everything is computed)."""

TOUCHED: Final[Rows] = ibis.table({"person": "int64", "since": "timestamp('UTC')", "day": "date"}, name="touched")
"""The touched persons, and from when and which day on what they did has to be computed again."""


@dataclass(frozen=True)
class Scope:
    """What one refresh computes.

    Attributes:
        full: everything, instead of what was touched.
        zone: name of the brand's time zone, in which days are counted.
        gap_seconds: silence that ends a visit.
    """

    full: bool
    zone: str
    gap_seconds: int

    def only(self, rows: Rows, touched: Rows, *on: str) -> Rows:
        """Those of ``rows`` whose columns ``on`` are in ``touched``."""
        return rows if self.full else rows.semi_join(touched, list(on))

    def day(self, moment: Any) -> Any:
        """The brand's day on which ``moment`` lies."""
        # Ibis drops the zone when it casts a moment to a wall clock.
        return _duckdb("timezone", ibis.literal(self.zone), moment, returns="timestamp").date()


def fact(family: str) -> Rows:
    """The facts of ``family``."""
    return ibis_table(f"fact_{family}")


def milliseconds(moment: Any) -> Any:
    """Milliseconds of ``moment`` since 1970."""
    return _duckdb("epoch_ms", moment, returns="int64")


def latest(value: Any, by: Any) -> Any:
    """The value that is not null with the highest ``by``; null where there is none."""
    return _picked("arg_max", value, by)


def earliest(value: Any, by: Any) -> Any:
    """The value that is not null with the lowest ``by``; null where there is none."""
    return _picked("arg_min", value, by)


def _picked(function: str, value: Any, by: Any) -> Any:
    # Ibis writes its own argmax as FIRST(… ORDER BY …), which sorts every group; DuckDB's arg_max needs one pass.
    def pick(value, by): ...

    signature = ((value.type(), by.type()), value.type())
    return cast(Any, ibis.udf.agg.builtin)(pick, name=function, signature=signature)(value, by)


def _duckdb(function: str, *values: Any, returns: str) -> Any:
    """DuckDB's own scalar ``function`` of one or two ``values``."""

    def of_one(value): ...

    def of_two(value, other): ...

    signature = (tuple(value.type() for value in values), returns)
    body = of_one if len(values) == 1 else of_two
    return cast(Any, ibis.udf.scalar.builtin)(body, name=function, signature=signature)(*values)


def all_latest(rows: Rows, *columns: str) -> dict[str, Any]:
    """For each of ``columns`` its latest statement by ``seq``."""
    return {column: latest(rows[column], rows["seq"]) for column in columns}


def with_owner(rows: Rows) -> Rows:
    """``rows`` (with ``anchor`` and ``at``) of which a person is known, with ``person``."""
    return rows.inner_join(OWNER, _owned(rows)).drop("node", "from_at", "to_at")


def with_any_owner(rows: Rows) -> Rows:
    """All ``rows`` (with ``anchor`` and ``at``) with ``person``, null where none is known."""
    return rows.left_join(OWNER, _owned(rows)).drop("node", "from_at", "to_at")


def _owned(rows: Rows) -> list[Any]:
    moment = rows["at"]
    return [
        rows["anchor"] == OWNER["node"],
        OWNER["from_at"].isnull() | (moment >= OWNER["from_at"]),
        OWNER["to_at"].isnull() | (moment < OWNER["to_at"]),
    ]


def whole(value: Any) -> Any:
    """``value`` as a 64-bit whole number (a sum is wider in DuckDB)."""
    return value.cast("int64")


def shaped(rows: Rows, name: str) -> Rows:
    """``rows`` with exactly the columns of the contract's table ``name``, in its order and types."""
    schema = ibis_table(name).schema()
    return rows.select(**{column: rows[column].cast(type_) for column, type_ in schema.items()})
