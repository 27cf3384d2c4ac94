"""From links to relations: whom each thing was seen with, what that makes of it, and who is related through it.

Everything is said thing by thing, and of a thing the number of rows grows with its people, never with their pairs: more
than a few people are related to the thing and not to each other.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import duckdb

from dujiang.collect.identifier_types import IdentifierTypes
from dujiang.people.relations.model import DEVICES, Rule

# Whom the links of a thing name: owners of the strong identifiers it was stated with, at the time.
_SEEN: Final = """
    CREATE OR REPLACE TEMP TABLE relation_seen AS
    WITH thing AS (
        SELECT DISTINCT node AS thing, split_part(type, '@', 1) AS type FROM person_node
        WHERE list_contains($types, split_part(type, '@', 1)) {only}
    ), stated AS (
        SELECT a AS thing, b AS node, facts, first_at, last_at FROM person_link
        SEMI JOIN thing ON a = thing WHERE facts > 0 AND reason <> 'distrusted'
        UNION ALL
        SELECT b, a, facts, first_at, last_at FROM person_link
        SEMI JOIN thing ON b = thing WHERE facts > 0 AND reason <> 'distrusted'
    )
    SELECT thing, any_value(thing.type) AS type, person, sum(facts)::BIGINT AS facts,
        min(first_at) AS first_at, max(last_at) AS last_at
    FROM stated JOIN thing USING (thing)
    JOIN person_node AS n ON n.node = stated.node AND n.role IN ('owner', 'alone')
        AND (n.from_at IS NULL OR stated.first_at >= n.from_at) AND (n.to_at IS NULL OR stated.first_at < n.to_at)
    JOIN identifier_rule AS r ON r.type = n.type AND r.joins AND NOT r.device
    GROUP BY thing, person
"""
_KINDS: Final = """
    CREATE OR REPLACE TEMP TABLE relation_kind (thing BIGINT, kind VARCHAR, people BIGINT)
"""
_OF_KIND: Final = """
    INSERT INTO relation_kind
    SELECT thing, $kind, count(*)
    FROM relation_seen LEFT JOIN (SELECT person, orders FROM person) AS p USING (person)
    WHERE list_contains($types, type) AND facts >= $facts_from
        AND thing NOT IN (SELECT thing FROM relation_kind)
    GROUP BY thing
    HAVING count(*) >= $people_from AND ($people_to IS NULL OR count(*) <= $people_to)
        AND ($within_us IS NULL OR $within_us >= epoch_us(quantile_disc(first_at, $late))
            - epoch_us(quantile_disc(first_at, $early)))
        AND count(*) FILTER (orders > 0) >= $buyers_from * count(*)
        AND max(facts) <= $largest_share * sum(facts)
"""
_PAIRS: Final = """
    INSERT INTO {table} BY NAME
    SELECT one.person, $kind AS kind, 'pair' AS part, other.person AS other, thing, one.type AS type, people,
        one.facts + other.facts AS facts, least(one.first_at, other.first_at) AS first_at,
        greatest(one.last_at, other.last_at) AS last_at,
        (1 - pow($doubt, least(one.facts, other.facts))) / (people - 1) AS strength
    FROM relation_kind JOIN relation_seen AS one USING (thing) JOIN relation_seen AS other USING (thing)
    WHERE kind = $kind AND people <= $pairs_to AND one.person <> other.person
        AND one.facts >= $facts_from AND other.facts >= $facts_from
        AND (NOT $overlapping OR (one.first_at <= other.last_at AND other.first_at <= one.last_at))
"""
_HUBS: Final = """
    INSERT INTO {table} BY NAME
    WITH hub AS (
        SELECT thing, any_value(people) AS people, arg_min(n.person, n.from_at IS NOT NULL) AS hub
        FROM relation_kind JOIN person_node AS n ON n.node = thing
        WHERE kind = $kind AND people > $pairs_to GROUP BY thing
    )
    SELECT person, $kind AS kind, 'spoke' AS part, hub AS other, thing, type, people, facts, first_at, last_at,
        1 - pow($doubt, facts) AS strength
    FROM hub JOIN relation_seen USING (thing) WHERE person <> hub AND facts >= $facts_from
    UNION ALL BY NAME
    SELECT any_value(hub) AS person, $kind AS kind, 'hub' AS part, CAST(NULL AS BIGINT) AS other, thing,
        any_value(type) AS type, any_value(people) AS people, sum(facts)::BIGINT AS facts, min(first_at) AS first_at,
        max(last_at) AS last_at, 1 - pow($doubt, sum(facts)) AS strength
    FROM hub JOIN relation_seen USING (thing) WHERE facts >= $facts_from GROUP BY thing
"""
_DAY_US: Final = 86_400_000_000


def relate(
    con: duckdb.DuckDBPyConnection,
    rules: Sequence[Rule],
    types: IdentifierTypes,
    into: str,
    *,
    among: str = "",
) -> None:
    """Add the relations through every thing to the table ``into``, which has the columns of ``person_relation``.

    Args:
        con: the engine's connection, after identity has decided and the table ``person`` is computed.
        rules: the kinds of relation in force.
        types: the types of identifiers in force.
        into: a table.
        among: a table with the column ``thing``: only through these; empty for all.
    """
    through = {rule.name: _types(rule, types) for rule in rules}
    every = sorted({name for names in through.values() for name in names})
    only = f'AND node IN (SELECT thing FROM "{among}")' if among else ""
    con.execute(_SEEN.format(only=only), {"types": every})
    con.execute(_KINDS)
    for rule in in_turn(rules):
        con.execute(_OF_KIND, _bounds(rule, through[rule.name]))
        spec = rule.spec
        values = {"kind": rule.name, "doubt": spec.doubt, "pairs_to": spec.pairs_to, "facts_from": spec.facts_from}
        con.execute(_PAIRS.format(table=into), {**values, "overlapping": spec.overlapping})
        con.execute(_HUBS.format(table=into), values)


def in_turn(rules: Iterable[Rule]) -> list[Rule]:
    """The kinds in the order in which they may claim a thing."""
    return sorted(rules, key=lambda rule: (rule.spec.rank, rule.name))


def _types(rule: Rule, types: IdentifierTypes) -> list[str]:
    devices = [name for name in types.names() if types.get(name).kind == "device"]
    return sorted({one for name in rule.spec.through for one in (devices if name == DEVICES else [name])})


def _bounds(rule: Rule, types: list[str]) -> Mapping[str, Any]:
    spec = rule.spec
    tail = (1 - spec.within_share) / 2
    return {
        "kind": rule.name,
        "types": types,
        "facts_from": spec.facts_from,
        "people_from": spec.people_from,
        "people_to": spec.people_to,
        "within_us": None if spec.within_days is None else spec.within_days * _DAY_US,
        "early": tail,
        "late": 1 - tail,
        "buyers_from": spec.buyers_from,
        "largest_share": spec.largest_share,
    }
