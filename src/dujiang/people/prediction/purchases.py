"""Purchase histories of a brand's people, as they stood at the beginning of a day.

Only valid orders of known people count. Orders of one person on one day are one occasion; its value is what was paid for
them less what had been given back by then. The first occasion that Dujiang knows of is taken for the first there was.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Final

import duckdb
import numpy as np

from dujiang.people.prediction.gammagamma import Spending
from dujiang.people.prediction.history import Histories
from dujiang.people.prediction.special import Ints, Reals

DAYS_PER_WEEK: Final = 7.0
_HISTORY: Final = """
    WITH back AS (
        SELECT order_key, sum(amount_minor) AS given_back FROM refunds WHERE day < $as_of GROUP BY order_key
    ), occasion AS (
        SELECT person, orders.day, sum(coalesce(paid_minor, 0) - coalesce(given_back, 0)) AS worth,
               arg_min(channel, row(orders."at", order_key)) AS channel
        FROM orders LEFT JOIN back USING (order_key) {among}
        WHERE status = 'valid' AND person IS NOT NULL AND orders.day < $as_of
        GROUP BY person, orders.day
    )
    SELECT person, CAST(count(*) - 1 AS BIGINT) AS x,
           date_diff('day', min(day), max(day)) / 7.0 AS t_x, date_diff('day', min(day), CAST($as_of AS DATE)) / 7.0 AS age,
           CAST(count(*) FILTER (WHERE worth > 0) AS BIGINT) AS n, coalesce(avg(worth) FILTER (WHERE worth > 0), 0.0) AS mean,
           arg_min(channel, day) AS channel, min(day) AS first_day
    FROM occasion GROUP BY person ORDER BY person
"""
_BETWEEN: Final = """
    WITH back AS (
        SELECT order_key, sum(amount_minor) AS given_back FROM refunds WHERE day < $last GROUP BY order_key
    )
    SELECT person, CAST(count(DISTINCT orders.day) AS BIGINT) AS occasions,
           CAST(sum(coalesce(paid_minor, 0) - coalesce(given_back, 0)) AS DOUBLE) AS worth
    FROM orders LEFT JOIN back USING (order_key)
    WHERE status = 'valid' AND person IS NOT NULL AND orders.day >= $first AND orders.day < $last GROUP BY person
"""
_BY_DAY: Final = """
    SELECT date_diff('day', first_day, day) AS age, count(*) AS occasions, day
    FROM (SELECT DISTINCT person, day FROM orders WHERE status = 'valid' AND person IS NOT NULL AND day < $last)
    JOIN (SELECT person, min(day) AS first_day FROM orders WHERE status = 'valid' AND person IS NOT NULL GROUP BY person)
    USING (person) WHERE first_day < $as_of AND day > first_day GROUP BY ALL
"""


@dataclass(frozen=True)
class Buyers:
    """Everybody who bought before a day, one place for each in every array.

    Attributes:
        as_of: the day; what happened on it or later is not known.
        person: their numbers.
        x: repeat occasions.
        t_x: weeks from the first occasion to the last.
        age: weeks from the first occasion to ``as_of``.
        n: occasions with a value above 0.
        mean: mean value of those, in minor units; 0 where there are none.
        channel: channel of the first occasion.
        first_day: day of the first occasion.
    """

    as_of: date
    person: Ints
    x: Ints
    t_x: Reals
    age: Reals
    n: Ints
    mean: Reals
    channel: np.ndarray
    first_day: np.ndarray

    def __len__(self) -> int:
        return len(self.person)

    @property
    def histories(self) -> Histories:
        """What purchase models are fitted to."""
        return Histories.of(self.x, self.t_x, self.age)

    @property
    def spending(self) -> Spending:
        """What the value model is fitted to."""
        return Spending.of(self.n, self.mean)


@dataclass(frozen=True)
class Bought:
    """What people bought within some days.

    Attributes:
        occasions: days with a purchase, by place of ``Buyers``.
        worth: their value less what was given back by the end, in minor units.
    """

    occasions: Ints
    worth: Reals


def buyers(con: duckdb.DuckDBPyConnection, as_of: date, among: str = "") -> Buyers:
    """Everybody who bought before ``as_of``; only people in the table ``among`` where one is named."""
    text = _HISTORY.format(among=f'SEMI JOIN "{among}" USING (person)' if among else "")
    rows = con.sql(text, params={"as_of": as_of}).fetchnumpy()
    plain = {name: np.ma.getdata(column) for name, column in rows.items()}
    reals = {name: np.asarray(plain[name], np.float64) for name in ("t_x", "age", "mean")}
    return Buyers(as_of=as_of, **{**plain, **reals})


def bought(con: duckdb.DuckDBPyConnection, who: Buyers, last: date) -> Bought:
    """What ``who`` bought from their ``as_of`` until before ``last``."""
    rows = con.sql(_BETWEEN, params={"first": who.as_of, "last": last}).fetchnumpy()
    found, occasions, worth = (np.ma.getdata(rows[name]) for name in ("person", "occasions", "worth"))
    place = np.searchsorted(who.person, found)
    known = (
        (place < len(who)) & (who.person[np.minimum(place, len(who) - 1)] == found) if len(who) else found == found + 1
    )
    result = Bought(np.zeros(len(who), np.int64), np.zeros(len(who)))
    result.occasions[place[known]], result.worth[place[known]] = occasions[known], worth[known]
    return result


def repeat_occasions(con: duckdb.DuckDBPyConnection, as_of: date, last: date) -> tuple[Ints, Ints]:
    """Repeat occasions before ``last`` of people who first bought before ``as_of``: days since 1970, and how many."""
    rows = con.sql(_BY_DAY, params={"as_of": as_of, "last": last}).fetchnumpy()
    days = np.ma.getdata(rows["day"]).astype("datetime64[D]").astype(np.int64)
    return days, np.ma.getdata(rows["occasions"]).astype(np.int64)
