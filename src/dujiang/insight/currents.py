"""The questions behind the river: each person's one way through the reaches."""

from __future__ import annotations

from datetime import date
from functools import lru_cache
from typing import Final, NamedTuple

import duckdb
import ibis

from dujiang.engine.question import Column, Query, Rows, ask, table
from dujiang.foundation.timewindows import Period
from dujiang.insight.dimensions import told
from dujiang.insight.river import REACHES, Current
from dujiang.people.lifecycle.questions import stages_at

FIRST_STAGE: Final = "prospect"
"""Where people are who have no stage yet, which is only so between two refreshes."""
_CHANNELS_MAX: Final = 100_000


class Days(NamedTuple):
    """First and last day of a period, as columns or days."""

    first: Column
    last: Column


_TOLD: Final = Days(told("first0"), told("last0"))
"""The days that are told when a question is asked, so that it is written once for all periods."""


def _days_told(period: Period) -> dict[str, date]:
    return {"first0": period.first, "last0": period.last}


def channel_names(con: duckdb.DuckDBPyConnection, period: Period) -> list[str]:
    """The channels that anyone was active in, sorted."""
    return sorted(ask(con, _channels(), _days_told(period))["channel"].to_pylist())


@lru_cache
def _channels() -> Query:
    return Query(_active(_TOLD, ()).select("channel").distinct())


def ways(period: Period | Days, channels: tuple[str, ...], names: list[str]) -> Rows:
    """One row for each person active in the period: ``person``, the four reaches, and ``value_minor``.

    Args:
        channels: only what happened in these; empty for all.
        names: every channel there is (:func:`channel_names`).
    """
    people = _active(period, channels)
    people = people.mutate(_last=_recency(people, names))
    people = people.group_by("person").aggregate(
        _last=people["_last"].max(), value_minor=(people.paid_minor - people.refunded_minor).sum()
    )
    people = people.left_join(_known(), "person").drop("person_right")
    people = people.left_join(_history(period.last), "person").drop("person_right")
    people = people.left_join(stages_at(period.last), "person").drop("person_right")
    return people.select(
        "person",
        "value_minor",
        channel=ibis.array(names)[_CHANNELS_MAX - 1 - people["_last"] % _CHANNELS_MAX] if names else ibis.literal(""),
        identity=people.known.fill_null(False).ifelse("known", "anonymous"),
        stage=people.stage.fill_null(FIRST_STAGE),
        outcome=_outcome(people, period),
    )


def cube(rows: Rows) -> Rows:
    """How many people took each way, and their value."""
    return rows.group_by(list(REACHES)).aggregate(people=rows.count(), value_minor=rows.value_minor.sum().fill_null(0))


def currents(con: duckdb.DuckDBPyConnection, period: Period, channels: tuple[str, ...]) -> list[Current]:
    """The answer of :func:`cube` for the :func:`ways` of a period."""
    names = tuple(channel_names(con, period))
    return [Current(**row) for row in ask(con, _cube(channels, names), _days_told(period)).to_pylist()]


@lru_cache(maxsize=64)
def _cube(channels: tuple[str, ...], names: tuple[str, ...]) -> Query:
    return Query(cube(ways(_TOLD, channels, [*names])))


def unknown_orders(con: duckdb.DuckDBPyConnection, period: Period, channels: tuple[str, ...]) -> tuple[int, int]:
    """Number and value of the period's valid orders that belong to no one."""
    (found,) = ask(con, _unknown(channels), _days_told(period)).to_pylist()
    return found["orders"], found["value_minor"]


@lru_cache(maxsize=64)
def _unknown(channels: tuple[str, ...]) -> Query:
    rows = table("orders")
    rows = rows.filter(rows.day.between(*_TOLD), rows.status == "valid", rows.person.isnull())
    rows = rows.filter(rows.channel.isin(channels)) if channels else rows
    return Query(rows.aggregate(orders=rows.count(), value_minor=rows.net_minor.sum().fill_null(0)))


def _active(period: Period | Days, channels: tuple[str, ...]) -> Rows:
    rows = table("person_day")
    rows = rows.filter(rows.day.between(period.first, period.last))
    return rows.filter(rows.channel.isin(channels)) if channels else rows


def _recency(rows: Rows, names: list[str]) -> Column:
    """A number whose largest is the person's channel: day, orders, events and the channel's place, from left to right."""
    place: Column = ibis.literal(0)
    if names:
        place = ibis.cases(*((rows.channel == name, position) for position, name in enumerate(names)), else_=0)
    day = rows.day.delta(date(1970, 1, 1), unit="day").cast("int64")
    orders = ibis.least(rows.orders.fill_null(0), 9)
    events = ibis.least(rows.events.fill_null(0), 9_999)
    return ((day * 10 + orders) * 10_000 + events) * _CHANNELS_MAX + (_CHANNELS_MAX - 1 - place)


def _known() -> Rows:
    people = table("person")
    return people.select("person", "known")


def _history(until: Column) -> Rows:
    """What each person had ordered by the end of the day ``until``, in any channel."""
    rows = table("orders")
    rows = rows.filter(rows.status == "valid", rows.person.notnull(), rows.day <= until)
    return rows.group_by("person").aggregate(
        _orders=rows.count(), _first_order=rows.day.min(), _last_order=rows.day.max()
    )


def _outcome(people: Rows, period: Period | Days) -> Column:
    return ibis.cases(
        (people["_first_order"] >= period.first, "first_order"),
        (people["_last_order"] >= period.first, "repeat_order"),
        else_="no_order",
    )
