"""Rows that metrics read and no table holds as such: events with their person, stays in stages, layers, what is foretold.

Each is an Ibis expression over tables of the contract, computed while a question is answered.
"""

from __future__ import annotations

from functools import cache
from typing import Any, Final

import ibis

from dujiang.engine.question import Column, Rows, table
from dujiang.engine.schema import ibis_table

_FORETOLD: Final = "value_365"
_SHOWN: Final = ("page", "screen")


@ibis.udf.scalar.builtin(name="json_extract_string", signature=(("string", "string"), "string"))
def stated(properties: Column, pointer: Column) -> Column:
    """The engine's own function: what an event's properties say, by JSON pointer."""


def number_stated(rows: Rows, name: str) -> Column:
    """The number that the property ``name`` of events states; null where it states none."""
    said: Any = stated(rows["properties"], f"/{name}")
    return said.try_cast("float64")


def owned(rows: Rows) -> Rows:
    """``rows`` (with ``anchor`` and ``at``) with ``person``: whoever owned the identifier at that time; null for no one."""
    owner = table("person_node").select("node", "person", "from_at", "to_at")
    moment = rows["at"]
    mine = (
        rows["anchor"] == owner["node"],
        owner["from_at"].isnull() | (moment >= owner["from_at"]),
        owner["to_at"].isnull() | (moment < owner["to_at"]),
    )
    return rows.left_join(owner, mine).drop("node", "from_at", "to_at")


def deeds() -> Rows:
    """Events with their person, and what those of some names state in numbers."""
    rows = table("fact_event")
    rows = rows.mutate(first_screen_ms=number_stated(rows, "first_screen_ms"), viewers=number_stated(rows, "viewers"))
    return owned(rows)


def stays() -> Rows:
    """Stays of people in stages of the life cycle, from ``day`` to ``until``, which is the day of the next stage."""
    rows, people = table("life_transition"), table("person").select("person", channel="first_channel")
    following = ibis.window(group_by="person", order_by="nth")
    rows = rows.mutate(until=rows["day"].lead().over(following), stage=rows["to_stage"])
    return rows.select("person", "stage", "day", "until").inner_join(people, "person")


def layers() -> Rows:
    """People with the layer of the value matrix that they are in now, and the day on which they were first seen."""
    people = table("person").select("person", channel="first_channel", day="first_day")
    value = table("person_value")
    return (
        value.select("person", "layer", "money_minor", "orders")
        .filter(value["layer"].notnull())
        .inner_join(people, "person")
    )


def foretold() -> Rows:
    """Customers with what they are predicted to spend within a year, and the day and channel of their first order."""
    people = table("person")
    people = people.select("person", channel="first_order_channel", day="first_order_day")
    predicted = table("prediction")
    predicted = predicted.filter(predicted["model"] == _FORETOLD).select("person", value_minor="value")
    return predicted.inner_join(people, "person")


def customers() -> Rows:
    """Customers with what those whom they brought have paid so far.

    Whoever was led to the brand by a link belongs to the person who shared it, if the link led to their very first event.
    """
    people = table("person")
    brought = referrals()
    worth = people.select(brought="person", net_minor=people["paid_minor"] - people["refunded_minor"])
    led = brought.inner_join(worth, brought["person"] == worth["brought"])
    sums = led.group_by("sharer").aggregate(referred=led.count(), referred_minor=led["net_minor"].sum().cast("int64"))
    own = people.select("person", channel="first_order_channel", day="first_order_day")
    joined = own.left_join(sums, own["person"] == sums["sharer"]).drop("sharer")
    return joined.mutate(referred=joined["referred"].fill_null(0), referred_minor=joined["referred_minor"].fill_null(0))


def referrals() -> Rows:
    """Who brought whom: ``person`` came by a link of ``sharer`` on the ``day`` they were first seen, in ``channel``."""
    rows = table("fact_event")
    rows = owned(rows.filter(rows["shared_by"].notnull(), rows["kind"].isin(_SHOWN)))
    led = rows.filter(rows["person"].notnull()).select("person", "shared_by", "at", "day", "seq", "channel")
    owner = table("person_node").select(shared_by="node", sharer="person", since="from_at", until="to_at")
    at = led["at"]
    known = led.inner_join(
        owner,
        (
            led["shared_by"] == owner["shared_by"],
            owner["since"].isnull() | (at >= owner["since"]),
            owner["until"].isnull() | (at < owner["until"]),
        ),
    )
    people = table("person").select("person", first_day="first_day")
    met = known.inner_join(people, "person")
    met = met.filter(met["day"] == met["first_day"], met["person"] != met["sharer"])
    return met.group_by("person").aggregate(
        sharer=met["sharer"].first(order_by=[met["at"], met["seq"]]),
        channel=met["channel"].first(order_by=[met["at"], met["seq"]]),
        day=met["day"].min(),
    )


VIEWS: Final = {
    "deed": deeds,
    "stage_stay": stays,
    "value_layer": layers,
    "foretold": foretold,
    "customer": customers,
    "referral": referrals,
}


@cache
def source(name: str) -> Rows:
    """The view, or the table of the contract, called ``name``."""
    return VIEWS[name]() if name in VIEWS else ibis_table(name)


@cache
def columns(name: str) -> ibis.Schema:
    """What the view or the table called ``name`` holds."""
    return source(name).schema()
