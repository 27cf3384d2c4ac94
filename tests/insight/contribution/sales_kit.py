"""A small brand by lot, and its contribution by the slow and obvious reading: order by order, touch by touch."""

from __future__ import annotations

import random
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from dujiang.collect import model as _channels  # noqa: F401  (importing makes the kind known)
from dujiang.foundation.definitions import Definition, parse
from dujiang.foundation.timewindows import Period, zone

ZONE = zone()
PERIOD = Period(date(2026, 11, 2), date(2026, 11, 22))
START, END = PERIOD.moments(ZONE)
LONG = timedelta(days=5)
CHANNELS = ("site", "mini", "store")
Rows = list[dict[str, Any]]


@dataclass(frozen=True)
class World:
    orders: Rows
    visits: Rows
    talks: Rows


def at(day: int, hour: int = 12, month: int = 11) -> datetime:
    return datetime(2026, month, day, hour, tzinfo=ZONE)


def order(key: int, person: int | None, when: datetime, channel: str, net: int | None, **said: Any) -> dict[str, Any]:
    return {
        "order_key": key, "order_no": str(key), "person": person, "at": when, "day": when.astimezone(ZONE).date(),
        "channel": channel, "status": "valid", "net_minor": net, "paid_minor": net, "nth": 1,
    } | said  # fmt: skip


def visit(person: int, when: datetime, channel: str, **said: Any) -> dict[str, Any]:
    return {"person": person, "channel": channel, "started_at": when, "day": when.astimezone(ZONE).date()} | said


def talk(key: int, person: int | None, when: datetime, **said: Any) -> dict[str, Any]:
    plain = {"conversation_key": key, "person": person, "channel": "wecom", "at": when}
    return plain | {"day": when.astimezone(ZONE).date()} | said


def made(seed: int) -> World:
    """Few people and coarse times, so that ties, edges and several orders of one person happen."""
    dice = random.Random(seed)

    def when() -> datetime:
        return START - timedelta(days=12) + timedelta(hours=6 * dice.randrange(4 * 35))

    people = [None, 1, 2, 3, 4, 5]
    return World(
        [
            order(
                key, dice.choice(people), when(), dice.choice(CHANNELS), dice.choice([500, 300, -20, None]),
                status=dice.choice(["valid", "valid", "cancelled"]), guide=dice.choice([None, "甲", "乙"]),
                promoter=dice.choice([None, None, "p"]), store=dice.choice([None, "一店"]),
            )
            for key in range(30)
        ],
        [
            visit(dice.randrange(1, 8), when(), dice.choice(CHANNELS), utm_source=dice.choice([None, "baidu"]), pages=nth)
            for nth in range(45)
        ],
        [talk(key, dice.choice([None, 1, 2, 8]), when(), agent=dice.choice([None, "客服甲"])) for key in range(8)],
    )  # fmt: skip


def filled(tables: Any, world: World) -> None:
    tables.fill("orders", world.orders)
    tables.fill("visit", world.visits)
    tables.fill("conversation", world.talks)


def till() -> dict[tuple[str, str], Definition]:
    """The definition that makes ``store`` a channel where guides sell at the till."""
    plain = {"kind": "channel", "name": "store", "title": {"en": "Stores"}, "owner": "x", "spec": {"group": "store"}}
    return {("channel", "store"): parse(plain)}


@dataclass
class Sum:
    direct: float = 0.0
    assist: float = 0.0
    direct_value: float = 0.0
    assist_value: float = 0.0
    closed: int = 0
    helped: int = 0
    people: set[int] = field(default_factory=set)


def slow(
    world: World,
    period: Period = PERIOD,
    credit: str = "channel",
    model: str = "shapley",
    days: date | None = None,
    long: timedelta = LONG,
) -> dict[str, Sum]:
    """Contribution by key: ``shapley`` halves an order between two who took part, ``linear`` counts touches.

    Args:
        world: what happened.
        period: whose orders count, and whose touches make people reached.
        credit: ``channel`` or ``guide``.
        model: how an order is shared out.
        days: only orders of this day.
        long: how far touches may lie before an order.
    """
    begin, end = period.moments(ZONE)
    free = _free(world, credit)
    found: dict[str, Sum] = defaultdict(Sum)
    for person, when, _channel, word in free:
        if begin <= when < end:
            found[word].people.add(person)
    previous: dict[int, datetime] = {}
    for row in sorted(world.orders, key=lambda row: (row["at"], row["order_key"])):
        if row["status"] != "valid" or row["person"] is None:
            continue
        since, previous[row["person"]] = previous.get(row["person"]), row["at"]
        if begin <= row["at"] < end:
            words = _words(row, since, [one for one in free if one[1] >= row["at"] - long], credit)
            for word in words:
                found[word].people.add(row["person"])
            if days in (None, row["day"]):
                _shared(found, row, words, credit, model)
    return found


def _free(world: World, credit: str) -> list[tuple[int, datetime, str, str]]:
    """Person, moment, channel and word of what happens by itself."""
    visits = [(row["person"], row["started_at"], row["channel"], ":other") for row in world.visits]
    talks = [
        (row["person"], row["at"], "wecom", row["agent"] or ":service")
        for row in world.talks
        if row["person"] is not None
    ]
    free = visits + talks
    return free if credit == "guide" else [(person, when, channel, channel) for person, when, channel, _word in free]


def _words(row: dict[str, Any], since: datetime | None, free: list[Any], credit: str) -> list[str]:
    """What touched an order, once for each touch."""
    met = [
        (channel, word)
        for person, when, channel, word in free
        if person == row["person"] and when <= row["at"] and (since is None or when > since)
    ]
    words = [word for _channel, word in met]
    if row["guide"]:
        words.append(row["guide"] if credit == "guide" else ":guide")
    if row["promoter"]:
        words.append(row["promoter"] if credit == "guide" else ":promoter")
    if row["channel"] not in {channel for channel, _word in met}:
        words.append(":other" if credit == "guide" else row["channel"])
    return words


def _shared(found: dict[str, Sum], row: dict[str, Any], words: list[str], credit: str, model: str) -> None:
    sold = (row["channel"] == "store" and row["guide"]) or ":other"
    closer, worth = (sold if credit == "guide" else row["channel"]), max(row["net_minor"] or 0, 0)
    for word in set(words):
        share = 1 / len(set(words)) if model == "shapley" else words.count(word) / len(words)
        own = found[word]
        if word == closer:
            own.closed += 1
            own.direct += share
            own.direct_value += share * worth
        else:
            own.helped += 1
            own.assist += share
            own.assist_value += share * worth


HAND_STORE = World(
    [
        order(2, 2, at(6), "mini", 600, guide="甲", store="一店"),  # online, on the word of a guide of the store
        order(3, 3, at(7), "store", 900, guide="甲", store="一店"),  # at the till, seen in the mini-program before
        order(4, 4, at(7), "site", 500),
    ],
    [visit(2, at(6, 9), "mini"), visit(3, at(5), "mini")],
    [],
)
