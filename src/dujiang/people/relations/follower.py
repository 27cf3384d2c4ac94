"""Keeps ``person_relation`` in step with every refresh.

What is said through a thing depends on everybody who was seen with it. A refresh therefore looks at the things of touched
people, and adds to the touched whoever is related otherwise than before, so that tags and segments hear of it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from typing import Final

import duckdb

from dujiang.collect.identifier_types import IdentifierTypes
from dujiang.engine.contract import PERSON_RELATION
from dujiang.engine.refresh import Change
from dujiang.engine.touching import NEVER
from dujiang.people.following import remember, remembered
from dujiang.people.relations.compute import in_turn, relate
from dujiang.people.relations.model import Rule

TABLE: Final = PERSON_RELATION.name
_STATE: Final = "relations"
_AFFECTED: Final = f"""
    CREATE OR REPLACE TEMP TABLE relation_affected AS
    WITH mine AS (SELECT DISTINCT node FROM person_node SEMI JOIN touched USING (person))
    SELECT node AS thing FROM mine
    UNION SELECT a FROM person_link SEMI JOIN mine ON b = node
    UNION SELECT b FROM person_link SEMI JOIN mine ON a = node
    UNION SELECT thing FROM {TABLE} SEMI JOIN touched USING (person)
    UNION SELECT thing FROM {TABLE} SEMI JOIN touched ON other = touched.person
"""
_NEW: Final = f"CREATE OR REPLACE TEMP TABLE relation_new AS FROM {TABLE} LIMIT 0"
_OLD: Final = f"CREATE OR REPLACE TEMP TABLE relation_old AS FROM {TABLE} {{only}}"
_TOUCH: Final = f"""
    INSERT INTO touched (person, since, day)
    SELECT DISTINCT person, {NEVER}, CAST({NEVER} AS DATE) FROM (
        (FROM relation_old EXCEPT FROM relation_new) UNION ALL (FROM relation_new EXCEPT FROM relation_old)
    ) ANTI JOIN touched USING (person)
"""


class RelationFollower:
    """Computes the relations through things of touched people; through all where a definition changed.

    Args:
        rules: the kinds of relation in force, asked for at every refresh.
        types: the types of identifiers in force.
    """

    def __init__(self, rules: Callable[[], Sequence[Rule]], types: Callable[[], IdentifierTypes]) -> None:
        self._rules, self._types = rules, types

    def follow(self, con: duckdb.DuckDBPyConnection, change: Change) -> None:
        """See :class:`dujiang.engine.refresh.Follower`."""
        rules, types = self._rules(), self._types()
        told = "".join(f"{rule.name}{rule.spec.model_dump_json()}" for rule in in_turn(rules))
        mark = hashlib.sha256(told.encode()).hexdigest()[:16]
        everything = change.full or remembered(con, _STATE) != mark
        con.execute(_NEW)
        if not everything:
            con.execute(_AFFECTED)
        relate(con, rules, types, "relation_new", among="" if everything else "relation_affected")
        con.execute(_OLD.format(only="" if everything else "SEMI JOIN relation_affected USING (thing)"))
        con.execute(
            f"DELETE FROM {TABLE} {'' if everything else 'WHERE thing IN (SELECT thing FROM relation_affected)'}"
        )
        con.execute(f"INSERT INTO {TABLE} BY NAME FROM relation_new")
        if not change.full:
            con.execute(_TOUCH)
        remember(con, _STATE, mark)
