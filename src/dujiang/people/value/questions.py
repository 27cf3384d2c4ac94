"""What people are worth as of any day: facts, bands and layers as expressions over the derived tables."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any, Final

import ibis

from dujiang.engine.question import Column, Rows, table
from dujiang.foundation.timewindows import Period
from dujiang.people.value.model import DIMENSIONS, Bands, Edges, RfmSpec, ValueMatrixSpec

FACT: Final[Rows] = ibis.table(
    {
        "person": "int64", "last_order_day": "date", "frequency": "int64", "money_minor": "int64", "orders": "int64",
        "interactions": "int64", "active": "boolean", "order_value_minor": "float64",
    },
    name="value_fact",
)  # fmt: skip
"""The answer of :func:`facts` where a refresh keeps it as a temporary table."""


def facts(rfm: RfmSpec, matrix: ValueMatrixSpec, day: date, among: Rows | None = None) -> Rows:
    """One row for each person who did anything within one of the windows that end with ``day``, this day included.

    Args:
        rfm, matrix: the rules, and with them the windows.
        day: the last day that counts.
        among: only these: a question with the column ``person``; None for everybody.
    """
    rows = table("person_day")
    if among is not None:
        rows = rows.semi_join(among, "person")
    longest = max(rfm.window_days, matrix.window_days)
    rows = rows.filter(rows.day <= day, rows.day > day - timedelta(longest))
    in_rfm, in_matrix = (rows.day > day - timedelta(one.window_days) for one in (rfm, matrix))
    net: Column = rows.paid_minor - rows.refunded_minor
    ordered = rows.orders > 0
    active = ordered | (rows.visits > 0) | (rows.interactions > 0)
    found = rows.group_by("person").aggregate(
        last_order_day=rows.day.max(where=in_rfm & ordered),
        frequency=rows.orders.sum(where=in_rfm & ordered).cast("int64"),
        money_minor=net.sum(where=in_rfm & ordered).cast("int64"),
        orders=rows.orders.sum(where=in_matrix).fill_null(0).cast("int64"),
        interactions=rows.interactions.sum(where=in_matrix).fill_null(0).cast("int64"),
        paid=net.sum(where=in_matrix & ordered).fill_null(0).cast("float64"),
        active=(in_matrix & active).any(),
    )
    return found.mutate(order_value_minor=ibis.ifelse(found.orders > 0, found.paid / found.orders, None)).drop("paid")


def known_facts(without: Rows) -> Rows:
    """The facts behind the table ``person_value``, as it stands, of everybody but the persons in ``without``."""
    rows = table("person_value").anti_join(without, "person")
    return rows.mutate(active=rows.layer.notnull()).select(*FACT.columns)


def edges(rows: Rows, rfm: RfmSpec, matrix: ValueMatrixSpec, day: date) -> Rows:
    """One row with every edge that is a quantile, by name; see :func:`read_edges`."""
    today: Column = ibis.literal(day)
    recency = today.delta(rows.last_order_day, unit="day")
    columns: dict[str, tuple[Column, Bands]] = {
        "r": (recency, rfm.recency),
        "f": (rows.frequency, rfm.frequency),
        "m": (rows.money_minor, rfm.money),
    }
    found: dict[str, Any] = {
        f"{name}{place}": _at_quantile(column, place / bands.count)
        for name, (column, bands) in columns.items()
        if not bands.edges
        for place in range(1, bands.count)
    }
    of: dict[str, Column] = {
        "frequency": rows.orders.nullif(0),
        "order_value": rows.order_value_minor,
        "interaction": rows.interactions.nullif(0),
    }
    for name in DIMENSIONS:
        threshold = getattr(matrix, name)
        if threshold.top_share is not None:
            found[name] = _at_quantile(of[name], 1 - threshold.top_share)
    return rows.aggregate(people=rows.count(), **found)


def _at_quantile(column: Column, share: float) -> Column:
    return quantile_disc(column.cast("float64"), ibis.literal(share, "float64"))


@ibis.udf.agg.builtin(signature=(("float64", "float64"), "float64"))
def quantile_disc(value: Column, share: Column) -> Column:
    """The engine's own function: the smallest value that at least ``share`` of all lie at or below."""


def read_edges(row: dict[str, Any], rfm: RfmSpec, matrix: ValueMatrixSpec) -> Edges:
    """Edges from the answer of :func:`edges` and from the definitions."""
    lines = {}
    for name, bands in (("r", rfm.recency), ("f", rfm.frequency), ("m", rfm.money)):
        found = [row[f"{name}{place}"] for place in range(1, bands.count)] if not bands.edges else bands.edges
        lines[name] = tuple(one for one in found if one is not None)
    thresholds = {}
    for name in DIMENSIONS:
        threshold = getattr(matrix, name)
        thresholds[name] = threshold.at_least if threshold.top_share is None else row[name]
    return Edges(**lines, **thresholds)


def judged(rows: Rows, rfm: RfmSpec, matrix: ValueMatrixSpec, found: Edges, day: date) -> Rows:
    """``rows`` of :func:`facts` with bands and layer, as the contract's table ``person_value`` has them."""
    today: Column = ibis.literal(day)
    recency: Column = today.delta(rows.last_order_day, unit="day")
    bought = rows.last_order_day.notnull()
    r = ibis.literal(rfm.recency.count) - _above(recency, found.r, quantile=not rfm.recency.edges)
    f = 1 + _above(rows.frequency, found.f, quantile=not rfm.frequency.edges)
    m = 1 + _above(rows.money_minor, found.m, quantile=not rfm.money.edges)
    high = {
        "frequency": _reaches(rows.orders, found.frequency),
        "order_value": _reaches(rows.order_value_minor, found.order_value),
        "interaction": _reaches(rows.interactions, found.interaction),
    }
    none: Column = ibis.literal([], "array<string>")
    names = none
    for name in DIMENSIONS:
        names = names.concat(high[name].ifelse(ibis.array([name]), none))
    return rows.select(
        "person",
        "last_order_day",
        frequency=bought.ifelse(rows.frequency, None),
        money_minor=bought.ifelse(rows.money_minor, None),
        **{name: bought.ifelse(band, None).cast("int64") for name, band in (("r", r), ("f", f), ("m", m))},
        orders=rows.orders,
        order_value_minor=rows.order_value_minor,
        interactions=rows.interactions,
        high=names,
        layer=rows.active.ifelse(_layer(matrix, high), ibis.null("string")),
    )


def _above(column: Column, lines: tuple[float, ...], *, quantile: bool) -> Column:
    """How many edges ``column`` lies above (quantiles: strictly, so that equal values stay together)."""
    found: Column = ibis.literal(0)
    for line in lines:
        found = found + ((column > line) if quantile else (column >= line)).cast("int64")
    return found


def _reaches(column: Column, threshold: float | None) -> Column:
    return ibis.literal(False) if threshold is None else (column >= threshold).fill_null(False) & (column > 0)


def _layer(matrix: ValueMatrixSpec, high: dict[str, Column]) -> Column:
    cases = []
    for layer in matrix.layers[:-1]:
        fits = ibis.or_(*(ibis.and_(*(high[name] for name in together)) for together in layer.any_of))
        cases.append((fits, layer.name))
    return ibis.cases(*cases, else_=matrix.layers[-1].name)


def paid(period: Period) -> Rows:
    """What each buyer of a period paid, as the metric ``gmv`` counts it: ``person`` and ``paid_minor``."""
    rows = table("orders")
    rows = rows.filter(rows.day.between(period.first, period.last), rows.status == "valid", rows.person.notnull())
    return rows.group_by("person").aggregate(paid_minor=rows.paid_minor.sum().fill_null(0).cast("int64"))
