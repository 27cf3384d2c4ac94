"""Lifetime value in three parts: the first order, what is bought again, and what those bring who come through a share.

Realised value is what was paid less what was given back so far. Foretold are, with 80% intervals: the first order of the next
customer of that kind (the mean so far), what today's customers will buy within a year (the purchase model), and what those will
bring who come through their shares within a year (the rate of the last year, times what one of them brought so far).

Referral counts the first orders and repurchases of people whose earliest visit through
somebody's share came before their first order; they are credited to the person who shared, and left out of nothing: the
split by channel adds referral as a column of its own, so that the sum of first order and repurchase is the brand's value
counted once.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final, Literal

import duckdb
import numpy as np

from dujiang.people.prediction.curves import LtvCurve, curves
from dujiang.people.prediction.forecast import PurchaseModel
from dujiang.people.prediction.purchases import Buyers, buyers
from dujiang.people.prediction.together import Estimate, brought, mean_of, sums

YEAR: Final = 365
_BASE: Final = """
    CREATE OR REPLACE TEMP TABLE ltv_order AS
    SELECT person, day, nth, channel, coalesce(paid_minor, 0) - coalesce(refunded_minor, 0) AS worth
    FROM orders WHERE status = 'valid' AND person IS NOT NULL AND day < $today;
"""
_PERSON: Final = """
    CREATE OR REPLACE TEMP TABLE ltv_person AS
    SELECT o.person, arg_min(o.channel, o.nth) AS channel, strftime(min(o.day), '%Y-%m') AS cohort, min(o.day) AS first_day,
           sum(o.worth) FILTER (WHERE o.nth = 1) AS first_minor,
           coalesce(sum(o.worth) FILTER (WHERE o.nth > 1), 0) AS again_minor
    FROM ltv_order o GROUP BY o.person
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
        SELECT r.by_person AS person, sum(l.first_minor + l.again_minor) AS referral_minor, count(*) AS referred,
               count(*) FILTER (WHERE l.first_day >= $since) AS lately
        FROM ltv_referral r JOIN ltv_person l ON l.person = r.person GROUP BY r.by_person
    )
    SELECT {by} AS key, CAST(count(*) AS BIGINT) AS people, CAST(sum(first_minor) AS BIGINT), CAST(sum(again_minor) AS BIGINT),
           CAST(coalesce(sum(referral_minor), 0) AS BIGINT), CAST(coalesce(sum(referred), 0) AS BIGINT),
           CAST(coalesce(sum(lately), 0) AS BIGINT),
           sum(date_diff('day', greatest(first_day, CAST($since AS DATE)), CAST($today AS DATE))) / 365.0,
           sum(CAST(first_minor AS DOUBLE) * first_minor)
    FROM ltv_person LEFT JOIN brought USING (person) GROUP BY key ORDER BY {order}
"""
_WORTH: Final = "SELECT count(*), avg(first_minor + again_minor) FROM ltv_referral JOIN ltv_person USING (person)"
_KEYS: Final = {"total": "''", "channel": "channel", "cohort": "cohort"}
_ORDERS: Final = {"total": "key", "channel": "count(*) DESC, key", "cohort": "key DESC"}


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
        first_each: the first order of the next one of them: the mean, and the interval of the mean.
        again_coming: what the customers are expected to buy within a year, together; None without a model of value.
        referral_coming: what those are expected to bring who come through a share of theirs within a year; None where no
            share is known.
    """

    key: str
    people: int
    first_minor: int
    again_minor: int
    referral_minor: int
    referred: int
    first_each: Estimate
    again_coming: Estimate | None
    referral_coming: Estimate | None

    @property
    def realised_minor(self) -> int:
        """First orders and repurchases so far."""
        return self.first_minor + self.again_minor

    def each(self, total: float | None) -> float | None:
        """``total`` for one customer; None where there is none."""
        return None if total is None or not self.people else total / self.people


@dataclass(frozen=True)
class Ltv:
    """The split, for everybody, by channel and by cohort; the curves of cohorts; ``missing`` names data that are lacking.

    ``missing`` may hold ``shares`` (no visit through a share is known) and ``value_model``.
    """

    total: LtvRow | None
    channels: tuple[LtvRow, ...]
    cohorts: tuple[LtvRow, ...]
    curves: tuple[LtvCurve, ...]
    missing: tuple[Literal["shares", "value_model"], ...]


def lifetime_value(con: duckdb.DuckDBPyConnection, today: date, model: PurchaseModel | None) -> Ltv:
    """The split as of the beginning of ``today``; ``con`` may make temporary tables.

    Args:
        con: a connection to the answers.
        today: the first day that is not known.
        model: the purchase model in use; None where there is none.
    """
    con.execute(_BASE, {"today": today})
    con.execute(_PERSON)
    con.execute(_REFERRED)
    ((referred, worth),) = con.execute(_WORTH).fetchall()
    known = model if model is not None and model.value is not None else None
    who = buyers(con, today) if known else None
    coming = _coming(con, known, who)
    rows = {by: _rows(con, by, today, worth, coming) for by in _KEYS}
    missing: list[Literal["shares", "value_model"]] = []
    if not referred:
        missing.append("shares")
    if not coming and rows["total"]:
        missing.append("value_model")
    total = rows["total"][0] if rows["total"] else None
    return Ltv(total, rows["channel"], rows["cohort"], curves(con, today, known, who), tuple(missing))


def _coming(
    con: duckdb.DuckDBPyConnection, model: PurchaseModel | None, who: Buyers | None
) -> dict[str, dict[str, Estimate]]:
    """What the customers of each key will buy within a year; empty without a model of value."""
    if model is None or who is None or not len(who):
        return {}
    found = con.execute("SELECT '' AS total, channel, cohort FROM ltv_person ORDER BY person").fetchnumpy()
    expected: dict[str, dict[str, Estimate]] = {}
    for by in _KEYS:
        keys, place = np.unique(np.ma.getdata(found[by]).astype(str), return_inverse=True)
        expected[by] = dict(zip(keys.tolist(), sums(model, who, place, len(keys), YEAR), strict=True))
    return expected


def _rows(
    con: duckdb.DuckDBPyConnection, by: str, today: date, worth: float | None, coming: dict[str, dict[str, Estimate]]
) -> tuple[LtvRow, ...]:
    question = _SPLIT.format(by=_KEYS[by], order=_ORDERS[by])
    found = con.execute(question, {"today": today, "since": today - timedelta(YEAR)}).fetchall()
    return tuple(
        LtvRow(
            key, people, first, again, referral, referred, mean_of(first, squares, people),
            coming[by][key] if coming else None, None if worth is None else brought(lately, years, people, worth),
        )
        for key, people, first, again, referral, referred, lately, years, squares in found
    )  # fmt: skip
