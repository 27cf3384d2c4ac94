"""What a change of rules would do to people, before it is made."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import duckdb
import numpy as np
import pyarrow as pa

from dujiang.collect.identifier_types import IdentifierTypes, base_type
from dujiang.identity.model import Decision, Graph, Ints, Resolution, Rules
from dujiang.identity.reading import read_graph
from dujiang.identity.resolve import resolve, shared_identifiers
from dujiang.identity.rulings import Ruling, Rulings, trust
from dujiang.identity.service import owners, person_nodes, report
from dujiang.identity.sets import distinct

EXAMPLES: Final = 10
_LARGEST: Final = 5
_OWNED: Final = "SELECT node, person, from_at, to_at FROM"
_AFFECTED: Final = f"""
    SELECT count(DISTINCT person) FROM (
        ({_OWNED} person_node EXCEPT {_OWNED} tried) UNION ALL ({_OWNED} tried EXCEPT {_OWNED} person_node)
    ) WHERE person IN (SELECT person FROM person_node)
"""
_AT_LOADING: Final = ("normalise", "pattern", "junk", "virtual_prefixes", "scope", "keep_clear")
"""What a type says about values: it is heeded when facts are loaded, and no dry run over loaded facts can show it."""


@dataclass(frozen=True)
class Example:
    """One person that would change.

    Attributes:
        change: ``merge`` (``other`` becomes part of ``person``) or ``split`` (``other`` leaves ``person``).
        person: who goes on.
        other: who is absorbed or separated.
        identifiers: how many identifiers move.
        a_type: type of one identifier of the link that decides; empty where no single link does.
        b_type: type of the other.
        reason: what would be decided about that link; empty where no single link decides.
        facts: how many records state it.
    """

    change: str
    person: int
    other: int
    identifiers: int
    a_type: str
    b_type: str
    reason: str
    facts: int


@dataclass(frozen=True)
class DryRun:
    """What would happen.

    Attributes:
        persons_before: people now.
        persons_after: people afterwards.
        merges: people who would become part of another.
        splits: groups of identifiers that would leave a person.
        affected: people, as they are now, who would have other identifiers, or the same for another time.
        largest: the five people with most identifiers afterwards, as (person, identifiers, identifiers now).
        examples: a few of the merges and splits, those that move most identifiers first.
        not_covered: what was changed and cannot be tried on facts that are loaded, as ``type.setting``.
    """

    persons_before: int
    persons_after: int
    merges: int
    splits: int
    affected: int
    largest: tuple[tuple[int, int, int], ...]
    examples: tuple[Example, ...]
    not_covered: tuple[str, ...]


def dry_run(
    con: duckdb.DuckDBPyConnection,
    now: IdentifierTypes,
    types: IdentifierTypes,
    rulings: Sequence[Ruling],
    *,
    examples: int = EXAMPLES,
) -> DryRun:
    """Decide about everybody by other rules, in memory, and compare with how it is.

    Args:
        con: a connection of the engine that nobody else uses; it gets a temporary table.
        now: the types in force.
        types: the types to try.
        rulings: the decisions to try.
        examples: how many examples to give.
    """
    trust(con, rulings)
    graph, rules = read_graph(con, types)
    in_pairs = Rulings.of(rulings)
    closed = in_pairs.closed(graph.node, shared_identifiers(graph, rules))
    graph, imposed = in_pairs.impose(graph)
    decision = resolve(graph, rules, closed, imposed)
    before, everything = owners(con), np.ones(len(graph.node), np.bool_)
    found = report(graph, decision, before, everything, full=True)
    first = before.filter(before["from_at"].is_null())
    old = dict(zip(first["node"].to_pylist(), first["person"].to_pylist(), strict=True))
    old_person = np.array([old.get(node, node) for node in graph.node.tolist()], np.int64)
    return DryRun(
        persons_before=len(distinct(old_person)),
        persons_after=found.persons,
        merges=len(found.merges),
        splits=len(found.splits),
        affected=_affected(con, person_nodes(graph, rules, decision, everything)),
        largest=_largest(decision.person, old_person),
        examples=_examples(graph, rules, decision, found, old_person, examples),
        not_covered=_not_covered(now, types),
    )


def _affected(con: duckdb.DuckDBPyConnection, tried: pa.Table) -> int:
    con.register("tried", tried)
    ((people,),) = con.execute(_AFFECTED).fetchall()
    con.unregister("tried")
    return people


def _largest(after: Ints, before: Ints) -> tuple[tuple[int, int, int], ...]:
    persons, sizes = np.unique(after, return_counts=True)
    order = np.lexsort((persons, -sizes))[:_LARGEST]
    return tuple((int(persons[one]), int(sizes[one]), int((before == persons[one]).sum())) for one in order)


def _examples(
    graph: Graph, rules: Rules, decision: Decision, found: Resolution, before: Ints, limit: int
) -> tuple[Example, ...]:
    moved = {(one.survivor, one.absorbed, "merge"): int((before == one.absorbed).sum()) for one in found.merges}
    moved |= {(one.remaining, one.separated, "split"): one.nodes for one in found.splits}
    most = sorted(moved, key=lambda key: (-moved[key], key))[:limit]
    return tuple(_example(graph, rules, decision, before, key, moved[key]) for key in most)


def _example(
    graph: Graph, rules: Rules, decision: Decision, before: Ints, key: tuple[int, int, str], many: int
) -> Example:
    person, other, change = key
    side = before if change == "merge" else decision.person
    a, b = side[graph.a], side[graph.b]
    between = ((a == person) & (b == other)) | ((a == other) & (b == person))
    links = np.flatnonzero(between & (decision.joined == (change == "merge")))
    if not len(links):
        return Example(change, person, other, many, "", "", "", 0)
    link = links[np.argmax(graph.facts[links])]
    a_type, b_type = rules.names[graph.type[graph.a[link]]], rules.names[graph.type[graph.b[link]]]
    reason = rules.reasons()[decision.reason[link]]
    return Example(change, person, other, many, a_type, b_type, reason, int(graph.facts[link]))


def _not_covered(now: IdentifierTypes, then: IdentifierTypes) -> tuple[str, ...]:
    found = []
    for name in sorted({*now.names(), *then.names()}):
        old, new = now.get(base_type(name)), then.get(base_type(name))
        found += [f"{name}.{field}" for field in _AT_LOADING if getattr(old, field) != getattr(new, field)]
        found += [f"{name}.joins"] if new.joins and not old.joins else []
    return tuple(found)
