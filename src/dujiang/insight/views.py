"""Rows that metrics read and no table holds as such: events with their person, stays in stages, layers, what is foretold.

Each is an Ibis expression over tables of the contract, computed while a question is answered.
"""

from __future__ import annotations

from functools import cache
from typing import Any, Final

import ibis

from dujiang.engine.question import Column, Rows, table
from dujiang.engine.schema import ibis_table
from dujiang.insight.attribution.question import GUIDE, PROMOTER

_FORETOLD: Final = "value_365"
_SHOWN: Final = ("page", "screen")
LOOK_BACK_DAYS: Final = 30


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


def contributions() -> Rows:
    """Shares of valid orders of known people by who took part in them, as a row of ``channel``, each once for an order.

    An order is shared out evenly (``orders``, and ``value_minor`` of what was paid less refunds) among the channel it was
    made in (``part`` direct), the channels of visits and conversations in the :data:`LOOK_BACK_DAYS` before it and since the
    person's order before, and whoever recommended it, ``:guide`` and ``:promoter`` (``part`` assist). ``guide``, ``promoter``
    and ``store`` are stated where the share is theirs: of a recommendation, and of an order's own channel that of its store.
    It is the contribution of :mod:`dujiang.insight.contribution` as it is asked unless told otherwise.
    """
    sold = _sold()
    own = sold.select("order_key", "day", key="sold_in")
    guided = sold.filter(sold["guide"].notnull()).select("order_key", "day", key=ibis.literal(GUIDE))
    promoted = sold.filter(sold["promoter"].notnull()).select("order_key", "day", key=ibis.literal(PROMOTER))
    took_part = ibis.union(own, _met(sold), guided, promoted, distinct=True)
    # Divided by the day too, so that the engine reads only the days that are asked for.
    parties = took_part.count().over(ibis.window(group_by=["order_key", "day"]))
    rows = took_part.mutate(orders=1.0 / parties).inner_join(sold.drop("day"), "order_key")
    share: Any = rows["orders"]
    is_own, is_guide = rows["key"] == rows["sold_in"], rows["key"] == GUIDE
    return rows.select(
        "person", "order_key", "day", "orders",
        channel="key",
        part=ibis.ifelse(is_own, "direct", "assist"),
        value_minor=share * rows["worth"],
        guide=ibis.ifelse(is_guide, rows["guide"], ibis.null("string")),
        promoter=ibis.ifelse(rows["key"] == PROMOTER, rows["promoter"], ibis.null("string")),
        store=ibis.ifelse(is_own | is_guide, rows["store"], ibis.null("string")),
    )  # fmt: skip


def _sold() -> Rows:
    """Valid orders of known people, each with the moment of the person's order before."""
    rows = table("orders")
    rows = rows.filter(rows["status"] == "valid", rows["person"].notnull())
    by_time = ibis.window(group_by="person", order_by=["at", "order_key"])
    return rows.select(
        "person", "order_key", "day", "guide", "promoter", "store",
        moment="at",
        since=rows["at"].lag().over(by_time),
        sold_in="channel",
        worth=ibis.greatest(rows["net_minor"].fill_null(0), 0),
    )  # fmt: skip


def _met(sold: Rows) -> Rows:
    """The channels of visits and conversations before each order."""
    visits, talks = table("visit"), table("conversation")
    touches = ibis.union(
        visits.select("person", touched="started_at", key="channel"),
        talks.filter(talks["person"].notnull()).select("person", touched="at", key="channel"),
    )
    rows = sold.select("person", "order_key", "day", "moment", "since").inner_join(touches, "person")
    touched, moment = rows["touched"], rows["moment"]
    rows = rows.filter(
        touched <= moment,
        touched >= moment - ibis.interval(days=LOOK_BACK_DAYS),
        rows["since"].isnull() | (touched > rows["since"]),
    )
    return rows.select("order_key", "day", "key")


VIEWS: Final = {
    "deed": deeds,
    "stage_stay": stays,
    "value_layer": layers,
    "foretold": foretold,
    "customer": customers,
    "referral": referrals,
    "contribution": contributions,
}


@cache
def source(name: str) -> Rows:
    """The view, or the table of the contract, called ``name``."""
    return VIEWS[name]() if name in VIEWS else ibis_table(name)


@cache
def columns(name: str) -> ibis.Schema:
    """What the view or the table called ``name`` holds."""
    return source(name).schema()
