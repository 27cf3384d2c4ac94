"""How far the data reach: since when there are rows of a kind, and until when conversions can be judged."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta
from functools import lru_cache

import duckdb
import ibis

from dujiang.engine.question import Query, ask
from dujiang.foundation.timewindows import FIRST_DAY, Period
from dujiang.insight import compile as queries
from dujiang.insight.catalogue import Catalogue, Metric
from dujiang.insight.dimensions import DAY, SHAPES
from dujiang.insight.measure import Span, Spans, source_key
from dujiang.insight.plan import Need
from dujiang.insight.selection import sourced


def spans(con: duckdb.DuckDBPyConnection, metric: Metric, zone: str) -> Spans:
    """The days that the metric's table has rows for, by channel."""
    answer = ask(con, _reach(metric, zone)).to_pylist()
    return {row["channel"]: Span(row["first"], row["last"], row["named"]) for row in answer}


@lru_cache(maxsize=64)
def _reach(metric: Metric, zone: str) -> Query:
    rows = sourced(queries.one_period(metric, metric, Period(FIRST_DAY, FIRST_DAY), zone))
    rows = rows.filter(rows[DAY].notnull())
    channel = rows[source_key(metric)[2]].name("channel")
    person = SHAPES[metric.spec.table].person
    named = rows[DAY].min(where=rows[person].notnull()) if person else ibis.null("date")
    return Query(rows.group_by(channel).aggregate(first=rows[DAY].min(), last=rows[DAY].max(), named=named))


def sources(catalogue: Catalogue, wanted: Iterable[Need]) -> dict[tuple[str, str, str], Metric]:
    """What the needs read, by table, day column and channel column, each with one of the metrics that read it."""
    return {source_key(leaf): leaf for need in wanted for leaf in catalogue.leaves(need.metric.name)}


def untils(
    catalogue: Catalogue, wanted: Iterable[Need], reach: dict[tuple[str, str, str], Spans], today: date
) -> dict[str, date | None]:
    """For each conversion the last day of a start whose time is over; None where there is none.

    Time is over when both the calendar and the data have passed it.
    """
    found: dict[str, date | None] = {}
    for need in wanted:
        spec = need.metric.spec
        if spec.type == "conversion":
            seen = reach[source_key(catalogue.get(spec.goal))].values()
            last = min(max((span.last for span in seen), default=date.min), today - timedelta(1))
            is_over = last > date.min + timedelta(spec.within_days)
            found[need.metric.name] = last - timedelta(spec.within_days) if is_over else None
    return found
