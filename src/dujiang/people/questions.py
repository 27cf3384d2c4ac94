"""The questions that people lists and person pages ask the engine."""

from __future__ import annotations

from typing import Final

import ibis

from dujiang.engine.question import Column, Rows, table
from dujiang.people.model import PeopleQuery

ORDERS_SHOWN: Final = 100
EVIDENCE_SHOWN: Final = 200


@ibis.udf.scalar.builtin(signature=(("timestamp('UTC')",), "int64"))
def epoch_us(at: Column) -> Column:
    """The engine's own function: microseconds since 1970."""


@ibis.udf.scalar.builtin(name="timezone", signature=(("string", "timestamp"), "timestamp('UTC')"))
def moment_in(zone: Column, local: Column) -> Column:
    """The engine's own function: the moment at which clocks of a zone show ``local``."""


def listed(query: PeopleQuery, among: Rows | None, persons: list[int] | None) -> Rows:
    """The people that ``query`` is about, in no order, with their sort key as ``_key``.

    Args:
        among: only people in this table's column ``person``; None for everyone.
        persons: only these; None for everyone.
    """
    rows = table("person")
    if among is not None:
        rows = rows.semi_join(among, ["person"])
    if persons is not None:
        rows = rows.filter(rows.person.isin(persons))
    for condition in _conditions(rows, query):
        rows = rows.filter(condition)
    return rows.mutate(_key=_key(rows, query.sort))


def _conditions(rows: Rows, query: PeopleQuery) -> list[Column]:
    found = [rows[name] == wanted for name in ("province", "city", "member_level") if (wanted := getattr(query, name))]
    if query.channels:
        found.append(ibis.or_(*(rows.channels.contains(channel) for channel in query.channels)))
    if query.known is not None:
        found.append(rows.known.fill_null(False) == query.known)
    if query.bought is not None:
        found.append((rows.orders.fill_null(0) > 0) == query.bought)
    return found


def _key(rows: Rows, sort: str) -> Column:
    keys = {
        "last_seen": lambda: epoch_us(rows.last_at),
        "first_seen": lambda: epoch_us(rows.first_at),
        "orders": lambda: rows.orders,
        "paid": lambda: rows.paid_minor - rows.refunded_minor,
    }
    return ibis.coalesce(keys[sort](), ibis.literal(-(2**62), "int64"))


def paged(rows: Rows, after: tuple[int, int] | None, limit: int) -> Rows:
    """``limit`` rows in order of ``_key`` and person, both falling, after the row with this key and person."""
    if after is not None:
        key, person = after
        rows = rows.filter((rows["_key"] < key) | ((rows["_key"] == key) & (rows.person < person)))
    return rows.order_by(rows["_key"].desc(), rows.person.desc()).limit(limit)


def owners(nodes: list[int]) -> Rows:
    """Who has these nodes now, or had them last: ``node`` and ``person``."""
    rows = table("person_node")
    rows = rows.filter(rows.node.isin(nodes))
    return rows.select("node", "person", "to_at").order_by(rows.to_at.desc(nulls_first=True))


def owned(person: int) -> Rows:
    """The person's identifiers."""
    rows, seen = table("person_node"), table("identifier")
    seen = seen.select("node", "first_at", "last_at", "facts")
    found = rows.filter(rows.person == person).left_join(seen, "node")
    return found.select("node", "type", "role", "from_at", "to_at", "first_at", "last_at", "facts").order_by(
        "first_at", "node"
    )


def evidence(person: int) -> Rows:
    """Links of the person's identifiers with the decision on each, those that joined first."""
    decided, stated = table("person_link"), table("link")
    mine = table("person_node")
    nodes = mine.filter(mine.person == person).select("node").distinct()
    of_person = decided.filter(
        (decided.person == person) | decided.a.isin(nodes.node) | decided.b.isin(nodes.node)
    )  # a refused link lies between two people and is shown on both pages
    seen = table("identifier")
    found = of_person.left_join(stated.select("a", "b", "a_type", "b_type", "sources"), ["a", "b"]).drop(
        "a_right", "b_right"
    )
    one, other = seen.select(one=seen.node, one_type=seen.type), seen.select(other=seen.node, other_type=seen.type)
    found = found.left_join(one, found.a == one.one)
    found = found.left_join(other, found.b == other.other)
    # No fact need state what somebody joined by hand: then the types are those of the identifiers.
    found = found.mutate(
        a_type=ibis.coalesce(found.a_type, found.one_type), b_type=ibis.coalesce(found.b_type, found.other_type)
    )
    found = found.select("a", "b", "a_type", "b_type", "sources", "joined", "reason", "first_at", "last_at", "facts")
    return found.order_by(found.joined.desc(), found.facts.desc(), found.a, found.b).limit(EVIDENCE_SHOWN)


def channels(person: int) -> Rows:
    """What the person did, by channel."""
    rows = table("person_day")
    rows = rows.filter(rows.person == person)
    sums = ("events", "visits", "orders", "paid_minor", "refunded_minor", "conversations")
    return (
        rows.group_by("channel")
        .aggregate(
            first_day=rows.day.min(),
            last_day=rows.day.max(),
            **{name: rows[name].sum().fill_null(0) for name in sums},
        )
        .order_by(ibis.desc("events"), "channel")
    )


def orders(person: int, limit: int | None = ORDERS_SHOWN) -> Rows:
    """The person's latest orders; all of them where ``limit`` is None."""
    rows = table("orders")
    columns = ("channel", "shop", "order_no", "at", "status", "paid_minor", "refunded_minor", "units", "nth")
    return rows.filter(rows.person == person).order_by(rows.at.desc(), rows.order_no).limit(limit).select(*columns)


def consents(person: int) -> Rows:
    """What the person allows."""
    rows = table("consent")
    rows = rows.filter(rows.person == person).order_by("purpose", "medium").drop("person")
    return rows.mutate(**{name: rows[name].fill_null("") for name in ("basis", "text_version")})


def tagged(person: int) -> Rows:
    """Tags put on the person from outside."""
    rows = table("tagged")
    rows = rows.filter(rows.person == person).order_by("tag").drop("person")
    return rows.mutate(set_by=rows["set_by"].fill_null(""))


def marked(family: str, stated: tuple[str, ...]) -> str:
    """Type and node of the identifiers that a mark of ``$person`` goes to: the first, and those with the mark already."""
    assert family in ("consent", "tag")
    same = " AND ".join(f"coalesce({name}, '') = ${name}" for name in stated)
    return f"""
        SELECT DISTINCT type, node FROM person_node
        WHERE person = $person AND to_at IS NULL
            AND (node = $person OR node IN (SELECT anchor FROM fact_{family} WHERE {same}))
        ORDER BY node = $person DESC, node
    """


def first_identifiers(persons: Rows) -> Rows:
    """``type`` and ``node`` of the identifier that each of ``persons`` is named after, else of one they have now."""
    rows = table("person_node")
    rows = rows.filter(rows.to_at.isnull()).semi_join(persons, ["person"])
    rank = ibis.row_number().over(group_by=rows.person, order_by=[(rows.node == rows.person).desc(), rows.node])
    return rows.mutate(_rank=rank).filter(ibis._["_rank"] == 0).select("type", "node")


def timeline(person: int, kinds: tuple[str, ...], channels_in: tuple[str, ...], zone: str) -> Rows:
    """Everything of the person with ``us`` (microseconds since 1970), ``rank`` and ``key`` to sort it by."""
    parts = {"event": _events, "order": _orders, "refund": _refunds, "conversation": _conversations}
    rows: Rows = ibis.union(*(parts[kind](person, zone) for kind in kinds), distinct=False)
    return rows.filter(rows.channel.isin(channels_in)) if channels_in else rows


def before(rows: Rows, cursor: tuple[int, int, int] | None, limit: int) -> Rows:
    """The ``limit`` latest entries before ``cursor``."""
    if cursor is not None:
        us, rank, key = cursor
        tied = (rows["rank"] < rank) | ((rows["rank"] == rank) & (rows["key"] < key))
        rows = rows.filter((rows.us < us) | ((rows.us == us) & tied))
    return rows.order_by(*(rows[name].desc() for name in ("us", "rank", "key"))).limit(limit)


def _entry(
    rows: Rows,
    rank: int,
    kind: str,
    *,
    at: Column,
    key: Column,
    name: Column,
    detail: Column = None,
    amount: Column = None,
    status: Column = None,
) -> Rows:
    return rows.select(
        us=epoch_us(at),
        rank=ibis.literal(rank, "int64"),
        key=key,
        kind=ibis.literal(kind),
        channel=rows.channel,
        name=name,
        detail=ibis.null("string") if detail is None else detail,
        amount_minor=ibis.null("int64") if amount is None else amount,
        status=ibis.null("string") if status is None else status,
    )


def _events(person: int, _zone: str) -> Rows:
    mine = table("person_node")
    mine = mine.filter(mine.person == person).select("node", "from_at", "to_at")
    facts = table("fact_event")
    rows = facts.join(mine, facts.anchor == mine.node)
    rows = rows.filter(rows.from_at.isnull() | (rows.at >= rows.from_at), rows.to_at.isnull() | (rows.at < rows.to_at))
    versions = ibis.row_number().over(group_by=rows.key, order_by=rows.seq.desc())
    rows = rows.mutate(_version=versions)
    rows = rows.filter(rows["_version"] == 0)
    page = ibis.coalesce(rows.page, rows.content_id)
    return _entry(rows, 0, "event", at=rows.at, key=rows.seq, name=rows.name, detail=page, amount=rows.value_minor)


def _orders(person: int, _zone: str) -> Rows:
    rows = table("orders")
    rows = rows.filter(rows.person == person)
    amount, shop = rows.paid_minor, ibis.coalesce(rows.store, rows.shop)
    return _entry(
        rows,
        1,
        "order",
        at=rows.at,
        key=rows.order_key,
        name=rows.order_no,
        detail=shop,
        amount=amount,
        status=rows.status,
    )


def _refunds(person: int, zone: str) -> Rows:
    rows = table("refunds")
    rows = rows.filter(rows.person == person)
    at: Column = moment_in(zone, rows.day.cast("timestamp"))
    return _entry(rows, 2, "refund", at=at, key=rows.refund_key, name=rows.reason, amount=rows.amount_minor)


def _conversations(person: int, _zone: str) -> Rows:
    rows = table("conversation")
    rows = rows.filter(rows.person == person)
    status = rows.complaint.ifelse("complaint", ibis.null("string"))
    key, name = rows.conversation_key, rows.topic
    return _entry(rows, 3, "conversation", at=rows.at, key=key, name=name, detail=rows.agent, status=status)
