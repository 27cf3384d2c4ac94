"""Entries into segments and exits from them: recorded in the archive and announced in the outbox, in one commit, once."""

from __future__ import annotations

from typing import Final

import numpy as np
import pyarrow as pa
from sqlalchemy import Connection

from dujiang.collect.archive import Archive
from dujiang.engine.duck import Engine
from dujiang.engine.refresh import Refresher, RefreshReport
from dujiang.foundation.clock import Clock
from dujiang.foundation.facts import FAMILIES
from dujiang.foundation.ids import new_id, person_id
from dujiang.people.segments.members import recorded
from dujiang.store.database import Database
from dujiang.store.manifest import Manifest, Part
from dujiang.store.outbox import publish

ROWS_AT_ONCE: Final = 500_000
PERSONS_AT_ONCE: Final = 1_000
"""Persons of one message."""

_HASH: Final = "CAST(CAST(md5_number_lower(concat_ws(chr(31), {0})) AS HUGEINT) - 9223372036854775808 AS BIGINT)"

# What waits is compared with what is recorded once more: a process that died between recording and forgetting has
# recorded it already. Who leaves, leaves with every node that is recorded inside.
_WAITING: Final = f"""
    WITH recorded AS ({recorded("segment_change")}), here AS (
        SELECT person, coalesce(max(node) FILTER (WHERE node = person), min(node)) AS node
        FROM person_node WHERE to_at IS NULL GROUP BY person
    ), told AS (
        SELECT segment, c.person, coalesce(here.node, c.person) AS node, entered, c.since, filled
        FROM (FROM segment_change WHERE entered) AS c ANTI JOIN recorded USING (segment, person)
        LEFT JOIN here ON here.person = c.person
        UNION ALL
        SELECT segment, c.person, recorded.node, entered, c.since, filled
        FROM (FROM segment_change WHERE NOT entered) AS c JOIN recorded USING (segment, person)
    )
    SELECT {_HASH.format("segment, node")} AS key, {_HASH.format("segment, node, entered, since")} AS content,
        segment, person, node, entered, since AS "at", filled
    FROM told ORDER BY segment, entered, person, node
"""


class Memberships:
    """Called after every refresh.

    Args:
        engine, refresher: hold what is computed.
        archive, manifest, db: hold what is recorded.
    """

    def __init__(
        self, engine: Engine, refresher: Refresher, archive: Archive, manifest: Manifest, db: Database, clock: Clock
    ) -> None:
        self._engine, self._refresher = engine, refresher
        self._archive, self._manifest, self._db, self._clock = archive, manifest, db, clock

    def __call__(self, _report: RefreshReport) -> None:
        """Record and announce what waits."""
        with self._engine.read() as con:
            waits = bool(con.execute("SELECT 1 FROM segment_change LIMIT 1").fetchall())
            waiting = con.sql(_WAITING).to_arrow_table() if waits else None
        if waiting is None:
            return
        if waiting.num_rows:
            self._record(waiting)
        with self._engine.write() as con:
            con.execute("DELETE FROM segment_change")

    def _record(self, waiting: pa.Table) -> None:
        batch = new_id("seg")
        parts, tables = [], []
        for first in range(0, waiting.num_rows, ROWS_AT_ONCE):
            facts = self._facts(waiting.slice(first, ROWS_AT_ONCE), batch)
            parts.append(self._archive.write("membership", facts, day=self._clock.now().date(), batch=batch))
            tables.append(("membership", facts))
        try:
            self._commit(waiting, parts)
        except BaseException:
            self._archive.discard(parts)
            raise
        self._refresher.load(tables)

    def _commit(self, waiting: pa.Table, parts: list[Part]) -> None:
        with self._db.transaction() as tx:
            self._manifest.add_parts(tx, parts)
            _announce(tx, waiting)

    def _facts(self, waiting: pa.Table, batch: str) -> pa.Table:
        rows, now = waiting.num_rows, self._clock.now()
        with self._db.transaction() as tx:
            first = self._manifest.next_seq(tx, rows)
        schema = FAMILIES["membership"]
        given = {
            "seq": pa.array(np.arange(first, first + rows, dtype=np.int64)),
            "batch": pa.repeat(batch, rows),
            "source": pa.repeat("segments", rows),
            "received_at": pa.array([now], schema.field("received_at").type).take(pa.array(np.zeros(rows, np.int64))),
            "identifiers": pa.array([[]], schema.field("identifiers").type).take(pa.array(np.zeros(rows, np.int64))),
            "properties": pa.repeat("{}", rows),
            **{name: waiting[name] for name in ("key", "content", "at", "segment", "node", "entered", "filled")},
        }
        columns = [
            given[field.name].cast(field.type) if field.name in given else pa.nulls(rows, field.type)
            for field in schema
        ]
        return pa.table(columns, schema=schema)


def _announce(tx: Connection, waiting: pa.Table) -> None:
    """``segment.entered`` and ``segment.left`` with the persons; ``segment.filled`` for what a new definition moved."""
    groups = waiting.group_by(["segment", "entered", "filled"], use_threads=False).aggregate([("person", "distinct")])
    for row in groups.to_pylist():
        persons = sorted(row["person_distinct"])
        if row["filled"]:
            counts = {"segment": row["segment"], "entered": row["entered"], "people": len(persons)}
            publish(tx, "segment.filled", counts, row["segment"])
            continue
        topic = "segment.entered" if row["entered"] else "segment.left"
        for first in range(0, len(persons), PERSONS_AT_ONCE):
            some = [person_id(person) for person in persons[first : first + PERSONS_AT_ONCE]]
            publish(tx, topic, {"segment": row["segment"], "persons": some}, row["segment"])
