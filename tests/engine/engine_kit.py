"""Small facts by hand, simple rules, and an obvious resolver, for the engine's tests."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any, ClassVar
from zoneinfo import ZoneInfo

import duckdb
import pyarrow as pa

from dujiang.engine.contract import ALL
from dujiang.engine.duck import Engine
from dujiang.engine.refresh import Refresher
from dujiang.foundation.facts import FAMILIES
from dujiang.foundation.ids import hash64

Fact = tuple[str, dict[str, Any]]
"""Family and what the fact states."""

SHANGHAI = ZoneInfo("Asia/Shanghai")
START = datetime(2026, 3, 1, 4, tzinfo=UTC)  # noon in Shanghai
CHANGES_HANDS = START + timedelta(days=2)
"""When every identifier of type ``recycled`` gets another owner."""


def at(minutes: float = 0, *, days: float = 0) -> datetime:
    """A moment after :data:`START`, which is noon of 1 March in Shanghai."""
    return START + timedelta(days=days, minutes=minutes)


@dataclass(frozen=True)
class Kind:
    joins: bool
    kind: str
    rank: int
    relates: bool = False


class Rules:
    """user before phone before recycled before device; ``virtual`` joins no one."""

    kinds: ClassVar = {
        "user": Kind(True, "strong", 1),
        "phone": Kind(True, "strong", 2),
        "recycled": Kind(False, "strong", 3),
        "device": Kind(True, "device", 9),
        "virtual": Kind(False, "strong", 5),
    }

    def get(self, type: str, /) -> Kind:  # noqa: A002
        return self.kinds[type.partition("@")[0]]

    def priority(self, type: str, /) -> int:  # noqa: A002
        return self.get(type).rank


class Components:
    """Everything that links join is one person, numbered by its oldest node.

    It decides about all nodes each time and then names those that changed: slow, and easy to believe.
    """

    def resolve(self, con: duckdb.DuckDBPyConnection, *, full: bool) -> Resolved:
        before = set(con.execute("SELECT node, person, from_at, to_at FROM person_node").fetchall())
        nodes = con.execute("SELECT node, type, first_seq FROM identifier").fetchall()
        owner = {node: node for node, _type, _seq in nodes}
        oldest = {node: (seq, node) for node, _type, seq in nodes}
        for a, b in con.execute("SELECT a, b FROM link").fetchall():
            one, other = sorted((_root(owner, a), _root(owner, b)), key=lambda root: oldest[root])
            owner[other] = one
        rows: list[tuple[Any, ...]] = []
        for node, type_, _seq in nodes:
            if type_ == "recycled":
                rows.append((node, type_, node, None, CHANGES_HANDS, "owner"))
                rows.append((node, type_, node + 1_000_000, CHANGES_HANDS, None, "owner"))
            else:
                rows.append((node, type_, _root(owner, node), None, None, "owner"))
        con.execute("DELETE FROM person_node")
        if rows:
            con.executemany("INSERT INTO person_node VALUES (?, ?, ?, ?, ?, ?)", rows)
        self._name_touched(con, before)
        return Resolved()

    @staticmethod
    def _name_touched(con: duckdb.DuckDBPyConnection, before: set[tuple[Any, ...]]) -> None:
        after = set(con.execute("SELECT node, person, from_at, to_at FROM person_node").fetchall())
        touched = {node for (node,) in con.execute("SELECT node FROM touched_node").fetchall()}
        persons = {row[1] for row in before ^ after} | {row[1] for row in before | after if row[0] in touched}
        if persons:
            con.executemany("INSERT INTO touched_person VALUES (?)", [(person,) for person in sorted(persons)])


@dataclass(frozen=True)
class Resolved:
    """The simple resolver reports nothing."""


def _root(owner: dict[int, int], node: int) -> int:
    while owner[node] != node:
        node = owner[node]
    return node


@dataclass
class Archive:
    """Facts in batches, numbered as the loader numbers them."""

    seq: int = 0
    parts: dict[str, list[tuple[str, pa.Table]]] = field(default_factory=dict)

    def batch(self, name: str, *facts: Fact) -> list[tuple[str, pa.Table]]:
        """Parts of ``facts`` (family and what it states), kept under ``name``."""
        families: dict[str, list[dict[str, Any]]] = {}
        for family, stated in facts:
            self.seq += 1
            row = {"seq": self.seq, "batch": name, "content": self.seq, "received_at": at(days=30), **stated}
            families.setdefault(family, []).append(row)
        made = [(family, pa.Table.from_pylist(rows, FAMILIES[family])) for family, rows in families.items()]
        self.parts[name] = made
        return made

    def left(self, without: Iterable[str] = ()) -> list[tuple[str, pa.Table]]:
        """All parts except those of the batches ``without``."""
        gone = set(without)
        return [part for name, parts in self.parts.items() if name not in gone for part in parts]


def _who(*names: str) -> list[dict[str, Any]]:
    # "user:7" is node 7 of type user; the types have ranges of their own.
    ranges = {"user": 100, "phone": 200, "recycled": 300, "device": 400, "virtual": 500}
    pairs = [name.split(":") for name in names]
    return [{"type": type_, "node": ranges[type_] + int(number)} for type_, number in pairs]


def node(name: str) -> int:
    """The node behind a name such as ``user:7``."""
    return int(_who(name)[0]["node"])


def event(*who: str, moment: datetime, channel: str = "site", kind: str = "page", **stated: Any) -> Fact:
    """An event; a page view unless told otherwise."""
    name = "page_viewed" if kind == "page" else "searched"
    key = hash64(repr((who, moment, channel, kind, sorted(stated.items()))))
    row = {"key": key, "source": channel, "channel": channel, "at": moment, "kind": kind, "name": name}
    return "event", {**row, "identifiers": _who(*who), **stated}


def order(number: str, *who: str, moment: datetime | None, channel: str = "shop", **stated: Any) -> Fact:
    """One order row."""
    row = {"key": hash64("order", channel, number), "source": channel, "channel": channel, "at": moment}
    return "order", {**row, "order_no": number, "identifiers": _who(*who), **stated}


def line(number: str, item: str, *who: str, moment: datetime | None, channel: str = "shop", **stated: Any) -> Fact:
    """One line of an order."""
    row = {"key": hash64("line", channel, number, item), "source": channel, "channel": channel, "at": moment}
    return "order_line", {**row, "order_no": number, "line_no": item, "identifiers": _who(*who), **stated}


def refund(number: str, case: str, *who: str, moment: datetime | None, channel: str = "shop", **stated: Any) -> Fact:
    """Money given back."""
    row = {"key": hash64("refund", channel, case), "source": channel, "channel": channel, "at": moment}
    return "refund", {**row, "order_no": number, "refund_no": case, "identifiers": _who(*who), **stated}


def customer(record: str, *who: str, moment: datetime, channel: str = "members", **stated: Any) -> Fact:
    """What a source knows of a person."""
    row = {"key": hash64("customer", channel, record), "source": channel, "channel": channel, "at": moment}
    return "customer", {**row, "identifiers": _who(*who), **stated}


def conversation(name: str, *who: str, moment: datetime | None, channel: str = "service", **stated: Any) -> Fact:
    """A service conversation."""
    row = {"key": hash64("conversation", channel, name), "source": channel, "channel": channel, "at": moment}
    return "conversation", {**row, "conversation_id": name, "identifiers": _who(*who), **stated}


def spend(level: str, unit_id: str, day: date, channel: str = "shop", window: str = "", **stated: Any) -> Fact:
    """One row of an advertising report."""
    key = hash64("spend", channel, str(stated.get("account")), level, unit_id, str(day), window)
    row = {
        "key": key,
        "source": channel,
        "channel": channel,
        "level": level,
        "unit_id": unit_id,
        "day": day,
        "window": window,
    }
    return "spend", {**row, "at": START, "identifiers": [], **stated}


def traffic(level: str, unit: str, day: date, channel: str = "shop", **stated: Any) -> Fact:
    """One row of a traffic report."""
    row = {"key": hash64("traffic", channel, level, unit, str(day)), "source": channel, "channel": channel}
    return "traffic", {**row, "level": level, "unit": unit, "day": day, "at": START, "identifiers": [], **stated}


def refresher(engine: Engine) -> Refresher:
    """One with the simple rules and resolver, days of Shanghai, visits of 30 minutes; it computes only what was touched."""
    return Refresher(engine, Components(), Rules(), SHANGHAI, 30, full_from=1e9)


def answers(engine: Engine, *facts: Fact) -> None:
    """Load ``facts`` into ``engine`` and refresh."""
    keeper = refresher(engine)
    keeper.load(Archive().batch("all", *facts))
    keeper.refresh()


def rows(engine: Engine, table: str) -> list[dict[str, Any]]:
    """All rows of ``table``, ordered by its key."""
    order_by = ", ".join(f'"{column}"' for column in ALL[table].key)
    with engine.read() as con:
        return con.sql(f"FROM {table} ORDER BY {order_by}").to_arrow_table().to_pylist()


def only(engine: Engine, table: str, *columns: str) -> Any:
    """The single row of ``table``, or of it only ``columns``."""
    (row,) = rows(engine, table)
    return tuple(row[column] for column in columns) if columns else row


def mark(family: str, *who: str, moment: datetime, source: str = "by-hand", **stated: Any) -> Fact:
    """A consent or a tag."""
    key = hash64(repr((family, who, moment, source, sorted(stated.items()))))
    row = {"key": key, "source": source, "channel": "", "at": moment}
    return family, {**row, "identifiers": _who(*who), **stated}
