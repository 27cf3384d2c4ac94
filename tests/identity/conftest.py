"""A small world of facts for identity tests, kept in plain Python and written to the engine's tables from scratch."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import combinations
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pytest

from dujiang.collect.identifier_types import IdentifierTypes
from dujiang.engine.contract import FACTS, IDENTIFIER, IDENTITY_DECISION, LINK, PERSON_LINK, PERSON_NODE
from dujiang.engine.schema import create_tables
from dujiang.identity.model import Graph, Resolution, Rules
from dujiang.identity.resolve import resolve, shared_identifiers
from dujiang.identity.rulings import Kind, Ruling
from dujiang.identity.service import Resolver

UNBINDING = FACTS["unbinding"]
START = datetime(2026, 1, 1, tzinfo=UTC)


def node_of(name: str) -> int:
    """Number of an identifier written ``type:value``."""
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big", signed=True)


@dataclass(frozen=True)
class Fact:
    """Who was named together, or was unbound, on which day after the start; ``source`` says by whom."""

    names: tuple[str, ...]
    day: float = 0
    source: str = "shop"
    unbinds: bool = False


@dataclass
class World:
    """Facts, and the engine tables that follow from them."""

    types: IdentifierTypes
    con: duckdb.DuckDBPyConnection = field(default_factory=lambda: duckdb.connect(":memory:"))
    facts: dict[int, Fact] = field(default_factory=dict)
    last_seq: int = 0
    ruled: int = 0
    step_share: float = 1.0
    rulings: list[Ruling] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.con.execute("SET TimeZone = 'UTC'")
        create_tables(self.con, (IDENTIFIER, LINK, PERSON_NODE, PERSON_LINK, IDENTITY_DECISION, UNBINDING))

    def load(self, facts: Iterable[Fact]) -> Resolution:
        """Take in facts and decide about what they touch."""
        touched = set()
        for fact in facts:
            self.last_seq += 1
            self.facts[self.last_seq] = fact
            touched |= set(fact.names)
        return self.resolve(touched)

    def retract(self, seqs: Iterable[int]) -> Resolution:
        """Take facts back and decide about what they touched."""
        return self.resolve({name for seq in seqs for name in self.facts.pop(seq).names})

    def rule(self, kind: Kind, *names: str, source: str = "", seqs: tuple[int, int] | None = None) -> Ruling:
        """Put a decision into force; :meth:`resolve` then heeds it."""
        a, b = (*map(node_of, names), None, None)[:2]
        from_seq, to_seq = seqs or (None, None)
        at = START + timedelta(500, len(self.rulings))
        ruling = Ruling(f"ruling{self.ruled}", kind, a, b, source, from_seq, to_seq, at, "han", "seen both")
        self.ruled += 1
        self.rulings.append(ruling)
        return ruling

    def resolve(self, touched: Iterable[str] = (), *, full: bool = False) -> Resolution:
        self.con.execute("DELETE FROM identifier")
        self.con.execute("DELETE FROM link")
        self._insert("identifier", self._identifiers(), IDENTIFIER.columns)
        self._insert("link", self._links(), LINK.columns)
        self.con.execute("DELETE FROM fact_unbinding")
        self._insert("fact_unbinding", [{"node": node, "at": at} for node, at in self._unbound()], UNBINDING.columns)
        self.con.register("touched", pa.table({"node": pa.array([node_of(one) for one in touched], pa.int64())}))
        self.con.execute("CREATE OR REPLACE TEMP TABLE touched_node AS SELECT node, now() AS since FROM touched")
        self.con.execute("CREATE OR REPLACE TEMP TABLE touched_person (person BIGINT)")
        return Resolver(self.types, lambda: self.rulings, step_share=self.step_share).resolve(self.con, full=full)

    def _insert(self, table: str, rows: list[dict[str, Any]], columns: pa.Schema) -> None:
        self.con.register("rows", pa.Table.from_pylist(rows, columns))
        self.con.execute(f"INSERT INTO {table} BY NAME FROM rows")

    def _seen_together(self) -> dict[int, Fact]:
        return {seq: fact for seq, fact in self.facts.items() if not fact.unbinds}

    def _unbound(self) -> list[tuple[int, datetime]]:
        unbinding = [fact for fact in self.facts.values() if fact.unbinds]
        return [(node_of(name), START + timedelta(fact.day)) for fact in unbinding for name in fact.names]

    def _identifiers(self) -> list[dict[str, Any]]:
        return [
            {"node": node_of(name), "type": name.partition(":")[0], **_seen(seqs, self.facts)}
            for name, seqs in _gather(
                (name, seq) for seq, fact in self._seen_together().items() for name in fact.names
            ).items()
        ]

    def _links(self) -> list[dict[str, Any]]:
        def joins(name: str) -> bool:
            return self.types.get(name.partition(":")[0]).joins

        pairs = (
            (tuple(sorted(pair, key=node_of)), seq)
            for seq, fact in self._seen_together().items()
            for pair in combinations(filter(joins, fact.names), 2)
        )
        return [
            {
                "a": node_of(a),
                "b": node_of(b),
                "a_type": a.partition(":")[0],
                "b_type": b.partition(":")[0],
                "sources": sorted({self.facts[seq].source for seq in seqs}),
                **_seen(seqs, self.facts),
            }
            for (a, b), seqs in _gather(pairs).items()
        ]

    def decide(self, facts: Iterable[Fact]) -> set[frozenset[str]]:
        """The persons that follow from ``facts`` alone, by the pure algorithm without an engine."""
        self.facts = dict(enumerate(facts, 1))
        nodes = sorted(self._identifiers(), key=lambda row: row["node"])
        place = {row["node"]: index for index, row in enumerate(nodes)}
        rules = Rules.of((row["type"] for row in nodes), self.types)
        links, unbound = self._links(), [(node, at) for node, at in self._unbound() if node in place]
        graph = Graph(
            node=np.array([row["node"] for row in nodes], np.int64),
            type=np.array([rules.names.index(row["type"]) for row in nodes], np.int32),
            first_seq=np.array([row["first_seq"] for row in nodes], np.int64),
            a=np.array([place[row["a"]] for row in links], np.int32),
            b=np.array([place[row["b"]] for row in links], np.int32),
            facts=np.array([row["facts"] for row in links], np.int64),
            first_at=np.array([row["first_at"].timestamp() * 1e6 for row in links], np.int64),
            last_at=np.array([row["last_at"].timestamp() * 1e6 for row in links], np.int64),
            trusted=np.ones(len(links), np.bool_),
            seen_from=np.array([row["first_at"].timestamp() * 1e6 for row in nodes], np.int64),
            seen_to=np.array([row["last_at"].timestamp() * 1e6 for row in nodes], np.int64),
            unbound=np.array([place[node] for node, _at in unbound], np.int32),
            unbound_at=np.array([at.timestamp() * 1e6 for _node, at in unbound], np.int64),
        )
        decision = resolve(graph, rules, shared_identifiers(graph, rules))
        names = self.names()
        persons = [(names[row["node"]], person) for row, person in zip(nodes, decision.person.tolist(), strict=True)]
        several = {names[nodes[span.index]["node"]] for span in decision.spans}
        persons = [(name, person) for name, person in persons if name not in several]
        persons += [(names[nodes[span.index]["node"]], span.person) for span in decision.spans]
        return {frozenset(name for name, one in persons if one == person) for _name, person in persons}

    def names(self) -> dict[int, str]:
        return {node_of(name): name for fact in self.facts.values() for name in fact.names}

    def rows(self, table: str) -> list[tuple[Any, ...]]:
        """All rows of a table, sorted: to compare two worlds."""
        return sorted(self.con.execute(f"FROM {table}").fetchall(), key=repr)

    def partition(self) -> set[frozenset[str]]:
        """The persons as sets of names."""
        names, persons = self.names(), {}
        for node, person in self.con.execute("SELECT node, person FROM person_node").fetchall():
            persons.setdefault(person, set()).add(names[node])
        return {frozenset(members) for members in persons.values()}

    def roles(self) -> dict[str, str]:
        names = self.names()
        return {names[node]: role for node, role in self.con.execute("SELECT node, role FROM person_node").fetchall()}

    def reason(self, one: str, other: str) -> tuple[bool, str]:
        """Whether the link between two names joins, and why."""
        a, b = sorted((node_of(one), node_of(other)))
        found = self.con.execute("SELECT joined, reason FROM person_link WHERE a = ? AND b = ?", [a, b]).fetchone()
        assert found is not None
        return found

    def person(self, name: str) -> str:
        """The name whose node is the number of a name's (first) person."""
        question = "SELECT person FROM person_node WHERE node = ? AND from_at IS NULL"
        found = self.con.execute(question, [node_of(name)]).fetchone()
        assert found is not None
        return self.names()[found[0]]

    def touched(self) -> set[int]:
        """Persons reported as touched by the last run."""
        return {person for (person,) in self.con.execute("FROM touched_person").fetchall()}


def _gather(pairs: Iterable[tuple[Any, int]]) -> dict[Any, list[int]]:
    gathered: dict[Any, list[int]] = {}
    for key, seq in pairs:
        gathered.setdefault(key, []).append(seq)
    return gathered


def _seen(seqs: list[int], facts: dict[int, Fact]) -> dict[str, Any]:
    moments = [START + timedelta(facts[seq].day) for seq in seqs]
    return {"first_seq": min(seqs), "first_at": min(moments), "last_at": max(moments), "facts": len(seqs)}


@pytest.fixture
def new_world() -> Iterator[Callable[..., World]]:
    """Makes worlds with the ready-made identifier types."""
    worlds: list[World] = []

    def make(types: IdentifierTypes | None = None, **options: Any) -> World:
        worlds.append(World(types or IdentifierTypes.of(), **options))
        return worlds[-1]

    yield make
    for world in worlds:
        world.con.close()


@pytest.fixture
def fact() -> Callable[..., Fact]:
    """Makes a fact: names separated by blanks, then the day; with a ``!`` in front the names are unbound."""

    def make(names: str, day: float = 0, source: str = "shop") -> Fact:
        return Fact(tuple(names.removeprefix("!").split()), day, source, names.startswith("!"))

    return make


@pytest.fixture(name="node_of")
def _node_of() -> Callable[[str], int]:
    return node_of


@pytest.fixture
def start() -> datetime:
    """The moment that days are counted from."""
    return START
