"""What a propensity is foretold from: statistics of what somebody did before a moment, and nothing later.

People are those who bought before the moment. Each feature is a :class:`~dujiang.people.behaviour.Statistic`, so that it is
computed the same way for a day in the past (training) and for today (scoring).

Two things cannot be looked at as they stood: whether an order was cancelled later, and who is who. Both are taken as they
are known now; orders and identifiers of the future itself are not seen.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Final
from zoneinfo import ZoneInfo

import duckdb
import numpy as np

from dujiang.people.behaviour import Aggregate, AsOf, Source, Statistic, Window
from dujiang.people.comparison import Where
from dujiang.people.counting import counted
from dujiang.people.prediction.model import Propensity
from dujiang.people.prediction.special import Ints, Reals


def _of(source: Source, aggregate: Aggregate = "count", column: str = "", days: int | None = None) -> Statistic:
    return Statistic(source=source, aggregate=aggregate, column=column, window=Window(days=days))


_WITH_COUPON: Final = Statistic(source="orders", where=(Where(column="coupon", op="known"),))

FEATURES: Final[dict[str, Statistic]] = {
    "days_since_order": _of("orders", "days_since_last"),
    "days_since_first_order": _of("orders", "days_since_first"),
    "orders": _of("orders"),
    "orders_30": _of("orders", days=30),
    "orders_90": _of("orders", days=90),
    "orders_365": _of("orders", days=365),
    "mean_paid": _of("orders", "avg", "paid_minor"),
    "paid_365": _of("orders", "sum", "paid_minor", 365),
    "discount_365": _of("orders", "sum", "discount_minor", 365),
    "order_channels": _of("orders", "distinct", "channel"),
    "refunded_365": _of("refunds", "sum", "amount_minor", 365),
    "visits_7": _of("visits", days=7),
    "visits_30": _of("visits", days=30),
    "pages_30": _of("visits", "sum", "pages", 30),
    "days_since_visit": _of("visits", "days_since_last"),
    "conversations_90": _of("conversations", days=90),
    "coupons": _WITH_COUPON,
}
NAMES: Final = tuple(FEATURES)
BASELINE: Final = ("days_since_order", "orders", "mean_paid")

_LABELS: Final[dict[Propensity, str]] = {
    "buy": "count(*) > 0",
    "lapse": "count(*) = 0",
    "respond": "count(*) FILTER (WHERE coupon IS NOT NULL AND coupon <> '') > 0",
}


@dataclass(frozen=True)
class Table:
    """People and their features at a moment.

    Attributes:
        person: numbers, rising.
        values: a row for each person, a column for each of ``NAMES``; not a number where somebody did nothing of the sort.
    """

    person: Ints
    values: Reals


def features(con: duckdb.DuckDBPyConnection, day: date, zone: ZoneInfo, *, active_days: int, among: str = "") -> Table:
    """Features of those who bought within ``active_days`` before ``day`` (all their history counts), as of its beginning.

    Args:
        con: a connection that may make temporary tables.
        day: the first day that is not known.
        zone: the brand's zone.
        active_days: who has not bought for longer is left out.
        among: only people in this table; empty for everybody.
    """
    only = f'SEMI JOIN "{among}" USING (person)' if among else ""
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE propensity_person AS SELECT person FROM orders {only} WHERE status = 'valid' AND "
        "person IS NOT NULL AND day < $day GROUP BY person HAVING date_diff('day', max(day), CAST($day AS DATE)) <= $active",
        {"day": day, "active": active_days},
    )
    as_of = AsOf(datetime.combine(day, time(), zone), zone)
    rows = counted(FEATURES, as_of, "propensity_person").answer(con).sort_by("person")
    columns = [np.asarray(rows[name].to_numpy(zero_copy_only=False), np.float64) for name in NAMES]
    return Table(rows["person"].to_numpy(), np.column_stack(columns) if columns else np.empty((rows.num_rows, 0)))


def labels(con: duckdb.DuckDBPyConnection, people: Table, what: Propensity, day: date, days: int) -> np.ndarray:
    """Whether each of ``people`` did it within ``days`` from ``day``."""
    rows = con.execute(
        f"SELECT p.person, {_LABELS[what].replace('count(*)', 'count(o.order_key)')} AS did FROM propensity_person p "
        "LEFT JOIN (SELECT * FROM orders WHERE status = 'valid' AND day >= $day "
        "AND date_diff('day', CAST($day AS DATE), day) < $days) o USING (person) GROUP BY p.person ORDER BY p.person",
        {"day": day, "days": days},
    ).fetchnumpy()
    assert np.array_equal(rows["person"], people.person)
    return np.asarray(rows["did"], bool)
