"""What a number may be divided by: the dimensions of each table, and how each is read from its rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import ibis

from dujiang.engine.question import Column, Rows, table
from dujiang.insight.views import columns, source

TIME: Final = ("day", "week", "month", "weekday")
DAY: Final = "_day"
PLACE_IN_LIFE: Final = "nth"
"""Of an order: which of its person's valid orders it is."""
_PERSONAL: Final = ("gender", "province", "city", "member_level", "known", "first_channel")


@dataclass(frozen=True)
class Shape:
    """A table as the metric layer sees it.

    Attributes:
        name: name in the contract, or of a view (:mod:`dujiang.insight.views`).
        own: dimensions that are columns of the table.
        person: the column that holds the person; empty where rows are about no one.
    """

    name: str
    own: tuple[str, ...]
    person: str = "person"

    @property
    def dimensions(self) -> tuple[str, ...]:
        """Every dimension, its own first, then those of the person behind a row, then those of time."""
        personal = _PERSONAL if self.person else ()
        special = ("new_or_returning",) if self.name == "orders" else ()
        return tuple(dict.fromkeys(("channel", *self.own, *special, *personal, *TIME)))

    def of_person(self, dimension: str) -> bool:
        """Whether the dimension has to be fetched from the person behind the row."""
        return self.name != "person" and dimension in _PERSONAL and dimension not in self.own


_UTM: Final = ("device", "referrer", "utm_source", "utm_medium", "utm_campaign")

SHAPES: Final[dict[str, Shape]] = {
    shape.name: shape
    for shape in (
        Shape("orders", ("shop", "province", "city", "store", "guide", "promoter", "traffic_source", "coupon")),
        Shape("refunds", ("shop", "reason")),
        Shape("visit", (*_UTM, "entry_page", "exit_page")),
        Shape("person_day", ()),
        Shape("person", ("first_order_channel",)),
        Shape("spend_day", ("account", "campaign", "campaign_name"), person=""),
        Shape("traffic_day", ("shop",), person=""),
        Shape("conversation", ("agent", "topic")),
        Shape("fact_event", (*_UTM, "page", "content_id", "name"), person=""),
        Shape("deed", (*_UTM, "page", "content_id", "name")),
        Shape("stage_stay", ("stage",)),
        Shape("value_layer", ("layer",)),
        Shape("foretold", ()),
        Shape("customer", ()),
        Shape("referral", ()),
        Shape("contribution", ("part", "guide", "promoter", "store")),
    )
}


@ibis.udf.scalar.builtin(signature=(("string", "timestamp('UTC')"), "timestamp"))
def timezone(zone: Column, at: Column) -> Column:
    """The engine's own function: a moment on the clocks of a zone."""


@ibis.udf.scalar.builtin(name="getvariable", signature=(("string",), "date"))
def told(variable: Column) -> Column:
    """The engine's own function: a day that is told when the question is asked."""


@ibis.udf.scalar.builtin(name="date_trunc", signature=(("string", "date"), "timestamp"))
def _truncated(step: Column, day: Column) -> Column:
    """The engine's own function: the beginning of the step, as a moment without zone."""


def step_of(day: Column, grain: str) -> Column:
    """First day of the ``day``, ``week`` (from Monday) or ``month`` that ``day`` lies in."""
    # Ibis takes the engine's answer for a date already and would not cast it.
    start: Column = _truncated(grain, day)
    return day if grain == "day" else start.date()


def column_type(table_name: str, column: str) -> Column | None:
    """Type of a column, also of ``person.<column>``; None where there is none."""
    owner, _dot, name = column.rpartition(".")
    if owner not in ("", "person") or (owner and not SHAPES[table_name].person):
        return None
    return columns(owner or table_name).get(name)


def joined(shape: Shape) -> Rows:
    """The table with the columns of each row's person beside its own, as ``person.<column>``."""
    rows, people = source(shape.name), table("person")
    chosen = people.select(_person=people.person, **{f"person.{name}": people[name] for name in people.columns})
    return rows.left_join(chosen, rows[shape.person] == chosen["_person"]).drop("_person")


def with_day(rows: Rows, date_column: str, zone: str) -> Rows:
    """The rows with the day (in the brand's zone) that decides their period, as :data:`DAY`."""
    column: Column = rows[date_column]
    if column.type().is_timestamp():
        local: Column = timezone(zone, column)
        column = local.date()
    return rows.mutate(**{DAY: column})


def reading(rows: Rows, shape: Shape, dimension: str, channel: str) -> Column:
    """The value of ``dimension`` in each row; ``channel`` is the column that means the channel."""
    if dimension == "channel":
        return rows[channel]
    if dimension in TIME:
        return _time(rows[DAY], dimension)
    if dimension == "new_or_returning":
        cases = (rows.nth == 1, "new"), (rows.previous_day.notnull(), "returning")
        return ibis.cases(*cases, else_=ibis.null("string"))
    value = rows[f"person.{dimension}" if shape.of_person(dimension) else dimension]
    return value.ifelse("known", "anonymous") if dimension == "known" else value


def _time(day: Column, dimension: str) -> Column:
    if dimension == "weekday":
        return day.day_of_week.index() + 1
    return step_of(day, dimension)


def channel_column(shape: Shape, chosen: str) -> str:
    """The column that means the channel in this table, unless a metric chose another."""
    return chosen or ("first_channel" if shape.name == "person" else "channel")
