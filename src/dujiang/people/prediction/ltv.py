"""Lifetime value in three parts: the first order, what is bought again, and what those bring who come through a share.

Realised value is what was paid less what was given back so far. The part to come is what the purchase model expects of
today's customers within a year. Referral counts the first orders and repurchases of people whose earliest visit through
somebody's share came before their first order; they are credited to the person who shared, and left out of nothing: the
split by channel adds referral as a column of its own, so that the sum of first order and repurchase is the brand's value
counted once.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Final, Literal

import duckdb

_BASE: Final = """
    CREATE OR REPLACE TEMP TABLE ltv_order AS
    SELECT person, day, nth, channel, coalesce(paid_minor, 0) - coalesce(refunded_minor, 0) AS worth
    FROM orders WHERE status = 'valid' AND person IS NOT NULL AND day < $today;
"""
_PERSON: Final = """
    CREATE OR REPLACE TEMP TABLE ltv_person AS
    SELECT o.person, arg_min(o.channel, o.nth) AS channel, strftime(min(o.day), '%Y-%m') AS cohort, min(o.day) AS first_day,
           sum(o.worth) FILTER (WHERE o.nth = 1) AS first_minor,
           coalesce(sum(o.worth) FILTER (WHERE o.nth > 1), 0) AS again_minor,
           count(*) AS orders, any_value(p.value) AS coming_minor
    FROM ltv_order o LEFT JOIN prediction p ON p.person = o.person AND p.model = 'value_365' GROUP BY o.person
"""
_REFERRED: Final = """
    CREATE OR REPLACE TEMP TABLE ltv_referral AS
    SELECT l.person, arg_min(n.person, e.at) AS by_person
    FROM fact_event e JOIN person_node me ON me.node = e.anchor
         AND (me.from_at IS NULL OR e.at >= me.from_at) AND (me.to_at IS NULL OR e.at < me.to_at)
    JOIN person_node n ON n.node = e.shared_by AND n.to_at IS NULL
    JOIN ltv_person l ON l.person = me.person
    WHERE e.shared_by IS NOT NULL AND e.day <= l.first_day AND n.person <> l.person GROUP BY l.person
"""
_SPLIT: Final = """
    WITH brought AS (
        SELECT r.by_person AS person, sum(l.first_minor + l.again_minor) AS referral_minor, count(*) AS referred
        FROM ltv_referral r JOIN ltv_person l ON l.person = r.person GROUP BY r.by_person
    )
    SELECT {by} AS key, CAST(count(*) AS BIGINT) AS people, CAST(sum(first_minor) AS BIGINT), CAST(sum(again_minor) AS BIGINT),
           CAST(coalesce(sum(referral_minor), 0) AS BIGINT), CAST(coalesce(sum(referred), 0) AS BIGINT),
           sum(coming_minor), count(coming_minor)
    FROM ltv_person LEFT JOIN brought USING (person) GROUP BY key ORDER BY {order}
"""


@dataclass(frozen=True)
class LtvRow:
    """Customers who came alike. Money is in minor units, net of what was given back.

    Attributes:
        key: channel of the first order, or month of it; empty for all.
        people: customers.
        first_minor: their first orders.
        again_minor: what they bought afterwards.
        referral_minor: what those bought so far who came through a share of theirs.
        referred: how many those are.
        coming_minor: what the customers are expected to buy within a year; None without a model of value.
    """

    key: str
    people: int
    first_minor: int
    again_minor: int
    referral_minor: int
    referred: int
    coming_minor: float | None

    @property
    def realised_minor(self) -> int:
        """First orders and repurchases so far."""
        return self.first_minor + self.again_minor

    def each(self, total: float | None) -> float | None:
        """``total`` for one customer; None where there is none."""
        return None if total is None or not self.people else total / self.people


@dataclass(frozen=True)
class Ltv:
    """The split, for everybody, by channel and by cohort; ``missing`` names data that are lacking.

    ``missing`` may hold ``shares`` (no visit through a share is known) and ``value_model``.
    """

    total: LtvRow | None
    channels: tuple[LtvRow, ...]
    cohorts: tuple[LtvRow, ...]
    missing: tuple[Literal["shares", "value_model"], ...]


def lifetime_value(con: duckdb.DuckDBPyConnection, today: date) -> Ltv:
    """The split as of the beginning of ``today``; ``con`` may make temporary tables."""
    con.execute(_BASE, {"today": today})
    con.execute(_PERSON)
    con.execute(_REFERRED)
    total = _rows(con, "''", "key")
    shared = con.execute("SELECT count(*) FROM ltv_referral").fetchone()
    missing: list[Literal["shares", "value_model"]] = []
    if not shared or not shared[0]:
        missing.append("shares")
    if total and total[0].coming_minor is None:
        missing.append("value_model")
    channels, cohorts = _rows(con, "channel", "count(*) DESC, key"), _rows(con, "cohort", "key DESC")
    return Ltv(total[0] if total else None, channels, cohorts, tuple(missing))


def _rows(con: duckdb.DuckDBPyConnection, by: str, order: str) -> tuple[LtvRow, ...]:
    found = con.execute(_SPLIT.format(by=by, order=order)).fetchall()
    return tuple(LtvRow(*row[:6], coming_minor=row[6] if row[7] else None) for row in found)
