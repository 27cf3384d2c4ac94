"""Panels of markets and groups of people from the engine's orders."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final

import duckdb
import numpy as np

from dujiang.engine.columns import Whole
from dujiang.engine.question import ask_text, given
from dujiang.foundation.errors import InvalidInput
from dujiang.foundation.i18n import _
from dujiang.foundation.timewindows import Period
from dujiang.insight.incrementality.model import Flags, Panel, Reals, levelled
from dujiang.insight.incrementality.question import Outcome, Unit

_WORTH: Final[dict[Outcome, str]] = {
    "sales": "sum(coalesce(net_minor, 0))",
    "orders": "count(*)",
    "buyers": "count(DISTINCT orders.person)",
    "new_customers": "count(*) FILTER (WHERE nth = 1)",
}
_VALID: Final = "status = 'valid' AND orders.day BETWEEN $first AND $last"
_CHANNELS: Final = "(len($channels) = 0 OR list_contains($channels, orders.channel) = $inside)"
_MARKETS: Final = """
    SELECT coalesce(orders.{unit}, person.{unit}) AS market, date_diff('day', $first, orders.day) AS place, {worth} AS worth,
        count(*) AS orders
    FROM orders LEFT JOIN person USING (person)
    WHERE {valid} AND {channels} AND coalesce(orders.{unit}, person.{unit}) IS NOT NULL GROUP BY ALL
"""
_DAYS: Final = """
    SELECT date_diff('day', $first, orders.day) AS place, {worth} AS worth FROM orders WHERE {valid} AND {channels} GROUP BY ALL
"""
_BUYERS: Final = """
    SELECT DISTINCT person FROM orders LEFT JOIN person AS home USING (person)
    WHERE {valid} AND {channels} AND list_contains($markets, coalesce(orders.{unit}, home.{unit})) AND person IS NOT NULL
    ORDER BY person
"""
_GROUP: Final = """
    SELECT count(*) AS n, {columns} FROM (
        SELECT person, {sums} FROM (SELECT DISTINCT person FROM tagged WHERE tag = $tag) AS drawn
        LEFT JOIN (SELECT * FROM orders WHERE {valid}) AS orders USING (person) GROUP BY person)
"""
_EACH: Final[dict[Outcome, str]] = {
    "sales": "coalesce(sum(net_minor), 0)",
    "orders": "count(order_key)",
    "buyers": "least(count(order_key), 1)",
    "new_customers": "count(order_key) FILTER (WHERE nth = 1)",
}
_SPREAD: Final = """
    SELECT count(*) AS n, coalesce(sum(worth), 0) AS total, coalesce(sum(worth * worth), 0) AS squares FROM (
        SELECT person, CAST({worth} AS DOUBLE) AS worth FROM (
            FROM given_persons SEMI JOIN (SELECT person FROM person WHERE first_day IS NULL OR first_day < $first)
            USING (person)
        ) LEFT JOIN (SELECT * FROM orders WHERE {valid} AND {channels}) AS orders USING (person) GROUP BY person)
"""
_LINES: Final = """
    SELECT tag, date_diff('day', $first, orders.day) AS place, {worth} AS worth
    FROM (SELECT DISTINCT person, tag FROM tagged WHERE list_contains($tags, tag)) JOIN orders USING (person)
    WHERE {valid} AND {channels} GROUP BY ALL
"""


@dataclass(frozen=True, eq=False)
class Markets:
    """Daily numbers by market.

    Attributes:
        names: of the rows, sorted.
        daily: by market and day, 0 where nothing happened.
        orders: valid orders by market.
    """

    names: tuple[str, ...]
    daily: Reals
    orders: Reals

    def without(self, names: Sequence[str]) -> Markets:
        """Those that are not among ``names``."""
        keep = [place for place, name in enumerate(self.names) if name not in names]
        return Markets(tuple(self.names[one] for one in keep), self.daily[keep], self.orders[keep])

    def since_first_order(self) -> Markets:
        """Without the days before any market sold anything."""
        sold = np.flatnonzero(self.daily.any(axis=0))
        return Markets(self.names, self.daily[:, sold[0] :] if len(sold) else self.daily, self.orders)

    def aligned(self, names: Sequence[str]) -> Reals:
        """The rows of ``names`` in their order; zeros for a market without any order."""
        places = {name: place for place, name in enumerate(self.names)}
        rows = [self.daily[places[name]] if name in places else np.zeros(self.daily.shape[1]) for name in names]
        return np.array(rows).reshape(len(names), self.daily.shape[1])


def markets(
    con: duckdb.DuckDBPyConnection,
    metric: Outcome,
    unit: Unit,
    period: Period,
    channels: Sequence[str] = (),
    *,
    inside: bool = True,
) -> Markets:
    """Each market's ``metric`` by day, of orders in ``channels`` (or with ``inside`` false, in all others)."""
    text = _MARKETS.format(unit=unit, worth=_WORTH[metric], valid=_VALID, channels=_CHANNELS)
    rows = ask_text(con, text, _values(period, channels, inside=inside)).to_pylist()
    names = tuple(sorted({row["market"] for row in rows}))
    place = {name: nth for nth, name in enumerate(names)}
    daily, orders = np.zeros((len(names), period.days)), np.zeros(len(names))
    for row in rows:
        daily[place[row["market"]], row["place"]] += float(row["worth"])
        orders[place[row["market"]]] += row["orders"]
    return Markets(names, daily, orders)


def daily(con: duckdb.DuckDBPyConnection, metric: Outcome, period: Period, channels: Sequence[str]) -> Reals:
    """The brand's ``metric`` by day."""
    text = _DAYS.format(worth=_WORTH[metric], valid=_VALID, channels=_CHANNELS)
    found = np.zeros(period.days)
    for row in ask_text(con, text, _values(period, channels)).to_pylist():
        found[row["place"]] = float(row["worth"])
    return found


def buyers(
    con: duckdb.DuckDBPyConnection, unit: Unit, period: Period, channels: Sequence[str], names: Sequence[str]
) -> Any:
    """The sorted persons who bought in these markets."""
    text = _BUYERS.format(unit=unit, valid=_VALID, channels=_CHANNELS)
    values = {**_values(period, channels), "markets": [*names]}
    return ask_text(con, text, values)["person"].to_numpy()


@dataclass(frozen=True, eq=False)
class Columns:
    """Sums over the people of a group.

    Attributes:
        n: people.
        total: sum of each column.
        products: sums of products of each pair.
    """

    n: int
    total: Reals
    products: Reals


def group(
    con: duckdb.DuckDBPyConnection, tag: str, metric: Outcome, period: Period, channels: Sequence[str]
) -> Columns:
    """Sums of three columns over the people with ``tag``: pushed channels new and known apart, and all other channels.

    Raises:
        InvalidInput: ``incrementality.no_group`` if nobody carries the tag.
    """
    kinds = ("inside AND nth = 1", "inside AND nth IS DISTINCT FROM 1", "NOT inside")
    worth = {"sales": "coalesce(net_minor, 0)", "new_customers": "(nth = 1)::INT"}.get(metric, "1")
    inside = "(len($channels) = 0 OR list_contains($channels, channel))"
    sums = ", ".join(
        f"CAST(coalesce(sum({worth}) FILTER (WHERE order_key IS NOT NULL AND {kind.replace('inside', inside)}), 0) AS DOUBLE)"
        f" AS c{place}"
        for place, kind in enumerate(kinds)
    )
    if metric == "buyers":
        bought = f"order_key IS NOT NULL AND {inside}"
        other = f"order_key IS NOT NULL AND NOT {inside}"
        sums = (
            f"CAST(coalesce(bool_or({bought} AND nth = 1), false) AS DOUBLE) AS c0,"
            f"CAST(coalesce(bool_or({bought}), false) AND NOT coalesce(bool_or({bought} AND nth = 1), false) AS DOUBLE) AS c1,"
            f"CAST(coalesce(bool_or({other}), false) AS DOUBLE) AS c2"
        )
    pairs = [(one, other) for one in range(3) for other in range(one, 3)]
    columns = ", ".join(
        [
            *(f"coalesce(sum(c{one}), 0) AS s{one}" for one in range(3)),
            *(f"coalesce(sum(c{a} * c{b}), 0) AS p{a}{b}" for a, b in pairs),
        ]
    )
    text = _GROUP.format(columns=columns, sums=sums, valid=_VALID)
    values = {"first": period.first, "last": period.last, "tag": tag, "channels": [*channels]}
    row = [*ask_text(con, text, values).to_pylist()[0].values()]
    if not row[0]:
        sentence = _(
            "Nobody carries the tag “{tag}”. Lists follow with the next refresh; both groups have to be on one."
        )
        raise InvalidInput("incrementality.no_group", sentence, tag=tag)
    products = np.zeros((3, 3))
    for (one, other), value in zip(pairs, row[4:], strict=True):
        products[one, other] = products[other, one] = value
    return Columns(int(row[0]), np.array(row[1:4], np.float64), products)


@dataclass(frozen=True)
class Spread:
    """An outcome over people: how many there are, its sum and its sum of squares."""

    n: int
    total: float
    squares: float


def spread(
    con: duckdb.DuckDBPyConnection, whom: Whole, metric: Outcome, period: Period, channels: Sequence[str]
) -> Spread:
    """The outcome of each of ``whom`` in ``period``, of those who were known before it began."""
    given(con, whom)
    text = _SPREAD.format(worth=_EACH[metric], valid=_VALID, channels=_CHANNELS)
    return Spread(**ask_text(con, text, _values(period, channels)).to_pylist()[0])


def taking_part(con: duckdb.DuckDBPyConnection, whom: Whole | None, left_out: Sequence[str]) -> Whole:
    """The sorted persons among ``whom`` (None: everybody) who are in none of the segments ``left_out``."""
    everybody = "SELECT person FROM person" if whom is None else "SELECT person FROM given_persons"
    if whom is not None:
        given(con, whom)
    members = "SELECT person FROM segment_member WHERE list_contains($segments, segment)"
    text = f"SELECT person FROM ({everybody}) WHERE person NOT IN ({members}) ORDER BY person"
    return ask_text(con, text, {"segments": [*left_out]})["person"].to_numpy()


def lines(
    con: duckdb.DuckDBPyConnection, tags: Sequence[str], metric: Outcome, period: Period, channels: Sequence[str]
) -> dict[str, Reals]:
    """For each tag the outcome by day, summed over its people."""
    text = _LINES.format(worth=_WORTH[metric], valid=_VALID, channels=_CHANNELS)
    found = {tag: np.zeros(period.days) for tag in tags}
    for row in ask_text(con, text, {**_values(period, channels), "tags": [*tags]}).to_pylist():
        found[row["tag"]][row["place"]] = float(row["worth"])
    return found


def both(con: duckdb.DuckDBPyConnection, one: str, other: str) -> int:
    """How many people carry both tags."""
    text = """SELECT count(*) AS n FROM (SELECT person FROM tagged WHERE tag = $one INTERSECT
        SELECT person FROM tagged WHERE tag = $other)"""
    return ask_text(con, text, {"one": one, "other": other})["n"][0].as_py()


def stepped(days: Reals, start: int, length: int) -> tuple[Reals, int]:
    """Sums of ``length`` days counted from ``start`` in both directions, and the place of the first after it.

    Days at both ends that fill no step are left out.

    >>> sums, start = stepped(np.ones((1, 10)), 5, 2)
    >>> sums.tolist(), start
    ([[2.0, 2.0, 2.0, 2.0]], 2)
    """
    before, after = start // length, (days.shape[1] - start) // length
    kept = days[:, start - before * length : start + after * length]
    return kept.reshape(len(days), before + after, length).sum(axis=2), before


def compared(days: Reals, treated: Flags, start: int, length: int) -> tuple[Panel, Flags] | None:
    """The panel that a test by market is judged on, and which rows are in it; None where no other market sold before.

    Args:
        days: the metric by market and day.
        treated: which markets are.
        start: the first treated day.
        length: days of one step.

    Raises:
        InvalidInput: no whole step before the start, or none from it on.
    """
    sums, first = stepped(days, start, length)
    kept = treated | (sums[:, :first].sum(axis=1) > 0)
    return (levelled(Panel(sums[kept], treated[kept], first)), kept) if (kept & ~treated).any() else None


def step_days(first: date, start: int, length: int, count: int) -> list[date]:
    """First day of each step that :func:`stepped` gives."""
    begin = start - (start // length) * length
    return [first + timedelta(begin + nth * length) for nth in range(count)]


def _values(period: Period, channels: Sequence[str], *, inside: bool = True) -> dict[str, Any]:
    return {"first": period.first, "last": period.last, "channels": [*channels], "inside": inside}
