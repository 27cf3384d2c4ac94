"""``person_day``: what one person did in one channel on one day. Sums over it count everything once."""

from __future__ import annotations

from typing import Any, Final

import ibis

from dujiang.engine.derived.events import INTERACTIONS, PASSIVE, SHARES, done
from dujiang.engine.expressions import TOUCHED, Rows, Scope, shaped, whole
from dujiang.engine.schema import ibis_table

_KEY: Final = ("person", "day", "channel")
_COUNTS: Final = (
    "events", "visits", "bounces", "pages", "dwell_ms", "shares", "interactions", "orders", "paid_minor", "refunded_minor",
    "conversations", "complaints",
)  # fmt: skip


def person_day(scope: Scope) -> Rows:
    """Persons' days in ``scope``."""
    rows: Rows = ibis.union(_events(scope), _visits(scope), _orders(scope), _conversations(scope))
    sums: dict[str, Any] = {name: whole(rows[name].sum()) for name in _COUNTS}
    days = rows.group_by(*_KEY).agg(first_at=rows["first_at"].min(), last_at=rows["last_at"].max(), **sums)
    return shaped(days, "person_day")


def _events(scope: Scope) -> Rows:
    rows = done(scope)
    return _part(
        rows,
        events=rows.count(where=rows["name"].notin(PASSIVE)),
        pages=rows.count(where=rows["kind"].isin(("page", "screen"))),
        dwell_ms=rows["dwell_ms"].sum(),
        shares=rows.count(where=rows["name"].isin(SHARES)),
        interactions=rows.count(where=rows["name"].isin(INTERACTIONS)),
    )


def _visits(scope: Scope) -> Rows:
    rows = _touched(ibis_table("visit"), scope).mutate(at=ibis._["started_at"])
    return _part(rows, visits=rows.count(), bounces=rows.count(where=rows["bounced"]))


def _orders(scope: Scope) -> Rows:
    rows = _touched(ibis_table("orders"), scope)
    rows = rows.filter((rows["status"] == "valid") & rows["person"].notnull() & rows["day"].notnull())
    return _part(
        rows, orders=rows.count(), paid_minor=rows["paid_minor"].sum(), refunded_minor=rows["refunded_minor"].sum()
    )


def _conversations(scope: Scope) -> Rows:
    rows = _touched(ibis_table("conversation"), scope)
    rows = rows.filter(rows["person"].notnull() & rows["day"].notnull())
    return _part(rows, conversations=rows.count(), complaints=rows.count(where=rows["complaint"].fill_null(False)))


def _touched(rows: Rows, scope: Scope) -> Rows:
    """Those of ``rows`` on or after the touched day of a touched person."""
    if scope.full:
        return rows
    return rows.semi_join(TOUCHED, [rows["person"] == TOUCHED["person"], rows["day"] >= TOUCHED["day"]])


def _part(rows: Rows, **counts: Any) -> Rows:
    """``counts`` per person, day and channel, with a zero for everything that others count."""
    zeros = {name: ibis.literal(0, "int64") for name in _COUNTS if name not in counts}
    parts = rows.group_by(*_KEY).agg(
        first_at=rows["at"].min(),
        last_at=rows["at"].max(),
        **{name: whole(count).fill_null(0) for name, count in counts.items()},
    )
    return parts.mutate(**zeros).select(*_KEY, "first_at", "last_at", *_COUNTS)
