"""What customers are worth by the months since their first order: what was seen, and what is expected to follow.

What was seen is the mean cumulative function (Nelson 2003): the value of each month is the mean over those who have been
customers for so long, so that the youngest of a cohort bend no curve. It is drawn up to the mean age of the cohort. From there
on follows what the purchase model expects all of them to buy within so many months from today.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from itertools import accumulate
from typing import Final

import duckdb
import numpy as np

from dujiang.people.prediction.forecast import PurchaseModel
from dujiang.people.prediction.purchases import Buyers
from dujiang.people.prediction.together import LEAST, Estimate, sums

COHORTS_MAX: Final = 5
"""Cohorts that one picture can tell apart: months are put together to quarters, half-years or years until there are so few."""
AHEAD: Final = (3, 6, 9, 12)
"""Months from today for which value is foretold."""
DAYS_A_MONTH: Final = 365 / 12
_UNITS: Final = (
    "strftime(first_day, '%Y-%m')",
    "strftime(first_day, '%Y') || '-Q' || quarter(first_day)",
    "strftime(first_day, '%Y') || '-H' || (1 + (month(first_day) > 6)::INT)",
    "strftime(first_day, '%Y')",
)
_COHORTS: Final = """
    CREATE OR REPLACE TEMP TABLE ltv_age AS
    SELECT person, {unit} AS cohort, first_day, first_minor, date_diff('day', first_day, CAST($today AS DATE)) AS days,
           CAST(floor(date_diff('day', first_day, CAST($today AS DATE)) * 12 / 365) AS BIGINT) AS months
    FROM ltv_person
"""
_SIZES: Final = """
    SELECT cohort, count(*), avg(first_minor), avg(days) FROM ltv_age GROUP BY cohort HAVING count(*) >= $least
    ORDER BY cohort DESC LIMIT $most
"""
_RISK: Final = "SELECT cohort, months, count(*) FROM ltv_age GROUP BY ALL"
_BOUGHT: Final = """
    SELECT cohort, CAST(floor(date_diff('day', first_day, day) * 12 / 365) AS BIGINT) AS month, CAST(sum(worth) AS DOUBLE)
    FROM ltv_order JOIN ltv_age USING (person) WHERE nth > 1 AND month < months GROUP BY ALL
"""


@dataclass(frozen=True)
class Seen:
    """What one customer was worth on average so many months after the first order, in minor units; 0 is the first order.

    ``people`` have been customers for so long.
    """

    month: int
    people: int
    each_minor: float


@dataclass(frozen=True)
class Foretold:
    """What one will have been worth on average so many months after the first order, in minor units, with an 80% interval."""

    month: int
    each: Estimate


@dataclass(frozen=True)
class LtvCurve:
    """One cohort.

    Attributes:
        cohort: of the first order: ``2026-03``, ``2026-Q1``, ``2026-H1`` or ``2026``.
        people: customers.
        seen: month by month, the first order first.
        foretold: from the last month seen on; nothing without a model of value.
    """

    cohort: str
    people: int
    seen: tuple[Seen, ...]
    foretold: tuple[Foretold, ...]


def curves(
    con: duckdb.DuckDBPyConnection, today: date, model: PurchaseModel | None, who: Buyers | None
) -> tuple[LtvCurve, ...]:
    """The latest cohorts, the oldest first; those of fewer than :data:`~dujiang.people.prediction.together.LEAST` are left out.

    Args:
        con: a connection with the temporary tables ``ltv_order`` and ``ltv_person``.
        today: the first day that is not known.
        model: a purchase model with a model of value; None to foretell nothing.
        who: the people of ``ltv_person``, as known before ``today``; None with no model.
    """
    con.execute(_COHORTS.format(unit=_unit(con)), {"today": today})
    sizes = sorted(con.execute(_SIZES, {"least": LEAST, "most": COHORTS_MAX}).fetchall())
    left = _by_cohort(con, _RISK)
    bought = _by_cohort(con, _BOUGHT)
    coming = _coming(con, [cohort for cohort, *_rest in sizes], model, who) if sizes else {}
    found = []
    for cohort, people, first, days in sizes:
        seen = _seen(people, first, round(days / DAYS_A_MONTH), left[cohort], bought.get(cohort, {}))
        found.append(LtvCurve(cohort, people, seen, _foretold(seen[-1], people, coming.get(cohort, []))))
    return tuple(found)


def _unit(con: duckdb.DuckDBPyConnection) -> str:
    counts = ", ".join(f"count(DISTINCT {unit})" for unit in _UNITS)
    (found,) = con.execute(f"SELECT {counts} FROM ltv_person").fetchall()
    return next((unit for unit, many in zip(_UNITS, found, strict=True) if many <= COHORTS_MAX), _UNITS[-1])


def _by_cohort(con: duckdb.DuckDBPyConnection, question: str) -> dict[str, dict[int, float]]:
    found: dict[str, dict[int, float]] = {}
    for cohort, month, value in con.execute(question).fetchall():
        found.setdefault(cohort, {})[month] = value
    return found


def _seen(people: int, first: float, most: int, left: dict[int, float], bought: dict[int, float]) -> tuple[Seen, ...]:
    """The curve up to ``most`` months; ``left`` says how many are known for exactly so many whole months."""
    last = max(left)
    known = [*accumulate(int(left.get(month, 0)) for month in range(last, 0, -1))][::-1]
    points = [Seen(0, people, first)]
    for month, at_risk in enumerate(known[:most]):
        if at_risk < LEAST:
            break
        points.append(Seen(month + 1, at_risk, points[-1].each_minor + bought.get(month, 0.0) / at_risk))
    return tuple(points)


def _coming(
    con: duckdb.DuckDBPyConnection, cohorts: list[str], model: PurchaseModel | None, who: Buyers | None
) -> dict[str, list[Estimate]]:
    """What each cohort will buy together within :data:`AHEAD`."""
    if model is None or who is None or not len(who):
        return {}
    found = np.ma.getdata(con.execute("SELECT cohort FROM ltv_age ORDER BY person").fetchnumpy()["cohort"]).astype(str)
    places = {cohort: place for place, cohort in enumerate(cohorts)}
    names, inverse = np.unique(found, return_inverse=True)
    # People of cohorts that are not shown share the last place, which nobody reads.
    place = np.array([places.get(name, len(cohorts)) for name in names.tolist()])[inverse]
    totals = [sums(model, who, place, len(cohorts) + 1, round(months * DAYS_A_MONTH)) for months in AHEAD]
    return {cohort: [total[at] for total in totals] for cohort, at in places.items()}


def _foretold(last: Seen, people: int, coming: list[Estimate]) -> tuple[Foretold, ...]:
    def each(total: float | None) -> float | None:
        return None if total is None else last.each_minor + total / people

    return tuple(
        Foretold(last.month + months, Estimate(last.each_minor + one.value / people, each(one.low), each(one.high)))
        for months, one in zip(AHEAD, coming, strict=False)
    )
