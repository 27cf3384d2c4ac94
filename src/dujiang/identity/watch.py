"""Watches what each source joins, as its facts arrive, and holds one that trips the circuit breaker.

What arrives is counted and judged once, before identity decides; a hold is a decision in the store with the first fact it
concerns. A rebuild therefore finds the same decisions and judges nothing again. What was counted is history and stays in the
store as well.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Final

import duckdb
import pyarrow as pa
from sqlalchemy import Connection, Row, delete, insert, select

from dujiang.engine.contract import FACTS
from dujiang.foundation.clock import Clock
from dujiang.identity.breaker import HISTORY_BLOCKS, Block, BreakerSpec, Verdict, judge
from dujiang.identity.decisions import Decided, IdentityDecisions, Wish, hold_in_force
from dujiang.store.command import SYSTEM
from dujiang.store.database import Database
from dujiang.store.manifest_cursor import WATCH_CURSOR, cursor_value, set_cursor_value
from dujiang.store.tables import source_flow

_T = source_flow.c

_PAIRS: Final = " UNION ALL ".join(
    f"SELECT seq, source FROM {table.name} WHERE seq > $since AND len(identifiers) > 1" for table in FACTS.values()
)
# Each new fact with the joins it brings, cut into blocks that go on where the last one of its source ended.
_ARRIVED: Final = f"""
    WITH joining AS (
        SELECT l.first_seq AS seq, count(*) AS merges
        FROM (FROM link WHERE first_seq > $since) AS l
        JOIN identifier one ON one.node = l.a JOIN identifier other ON other.node = l.b
        WHERE one.first_seq < l.first_seq AND other.first_seq < l.first_seq
            AND one.type NOT IN (SELECT type FROM identifier_rule WHERE NOT joins)
            AND other.type NOT IN (SELECT type FROM identifier_rule WHERE NOT joins)
        GROUP BY 1
    ), counted AS (
        SELECT source, seq, coalesce(merges, 0) AS merges,
            (row_number() OVER (PARTITION BY source ORDER BY seq) - 1 + coalesce(begun.facts, 0)) // $size AS nth
        FROM ({_PAIRS}) LEFT JOIN joining USING (seq) LEFT JOIN begun USING (source)
    )
    SELECT source, min(seq) AS first_seq, max(seq) AS last_seq, count(*) AS facts, CAST(sum(merges) AS BIGINT) AS merges
    FROM counted GROUP BY source, nth ORDER BY source, nth
"""
_HELD_LINKS: Final = """
    SELECT count(*) FROM person_link JOIN link USING (a, b) WHERE reason = 'distrusted' AND list_contains(sources, ?)
"""


@dataclass(frozen=True)
class Held:
    """A source that is held.

    Attributes:
        decision: the decision that holds it.
        links: links that are not believed because of it.
    """

    decision: Decided
    links: int


class Watch:
    """Counts what arrives and trips the breaker.

    Args:
        database: the store.
        decisions: where a hold is written.
        spec: gives the thresholds in force.
        clock: says when.
    """

    def __init__(
        self, database: Database, decisions: IdentityDecisions, spec: Callable[[], BreakerSpec], clock: Clock
    ) -> None:
        self._database, self._decisions, self._spec, self._clock = database, decisions, spec, clock

    def __call__(self, con: duckdb.DuckDBPyConnection) -> None:
        """Count and judge the facts that arrived since the last time.

        Args:
            con: the engine's connection; it has the facts, and ``identifier`` and ``link`` follow from them.
        """
        spec = self._spec()
        with self._database.read() as rx:
            since = cursor_value(rx, WATCH_CURSOR)
            known = [_block(row) for row in rx.execute(select(source_flow).order_by(_T.source, _T.first_seq))]
        last = _last_seq(con)
        if last <= since:
            return
        decided = [one for one in self._decisions.listed() if one.ruling.kind == "distrust"]
        flows = {name: [one for one in known if one.source == name] for name in {one.source for one in known}}
        begun = [one for name, flow in flows.items() if (one := _begun(flow, _of(decided, name), spec))]
        arrived = self._arrived(con, since, begun, spec)
        names = sorted({one.source for one in arrived})
        for name in names:
            fresh = [one for one in arrived if one.source == name]
            tripped = self._tripped(flows.get(name, []), fresh, _of(decided, name), spec)
            if tripped:  # before what was counted is kept: after a crash in between it is counted and judged again
                self._hold(*tripped)
            flows[name] = _newest([*flows.get(name, []), *fresh])
        with self._database.transaction() as tx:
            for name in names:
                _keep(tx, flows[name])
            set_cursor_value(tx, WATCH_CURSOR, last)

    def held(self, con: duckdb.DuckDBPyConnection) -> list[Held]:
        """The sources that are held now, the latest first."""
        holds = [one for one in self._decisions.listed(revoked=False) if one.ruling.origin == "hold"]
        return [_held(con, one) for one in holds[::-1]]

    def one_held(self, con: duckdb.DuckDBPyConnection, id: str) -> Held:  # noqa: A002
        """One source that is held.

        Raises:
            NotFound: ``identity.no_decision``.
            Conflict: ``identity.not_a_hold`` if the decision holds no source any more.
        """
        return _held(con, hold_in_force(self._decisions.get(id)))

    def _arrived(
        self, con: duckdb.DuckDBPyConnection, since: int, begun: Sequence[Block], spec: BreakerSpec
    ) -> list[Block]:
        """The blocks that facts arrived in, those that were begun before among them."""
        known = {"source": [one.source for one in begun], "facts": [one.facts for one in begun]}
        con.register("begun", pa.table(known, pa.schema([("source", pa.string()), ("facts", pa.int64())])))
        found = con.execute(_ARRIVED, {"since": since, "size": spec.facts_per_block}).fetchall()
        con.unregister("begun")
        now, open_ = self._clock.now(), {one.source: one for one in begun}
        blocks = []
        for row in found:
            block = Block(*row, at=now)
            before = open_.pop(block.source, None)
            blocks.append(_continued(before, block) if before else block)
        return blocks

    def _tripped(
        self, known: Sequence[Block], fresh: Sequence[Block], decided: Sequence[Decided], spec: BreakerSpec
    ) -> tuple[Block, Verdict] | None:
        """The first of the fresh blocks of one source that has it held."""
        if not spec.enabled or any(one.in_force and one.ruling.origin == "hold" for one in decided):
            return None
        renewed = {one.first_seq for one in fresh}
        past: deque[Block] = deque(maxlen=HISTORY_BLOCKS)
        for block in [*(one for one in known if one.first_seq not in renewed), *fresh]:
            if not _believed(block, decided):
                continue
            if block.first_seq in renewed and block.merges >= spec.merges_min:
                verdict = judge(block, past, spec)
                if verdict and verdict.tripped:
                    return block, verdict
            if block.facts >= spec.facts_per_block:
                past.append(block)
        return None

    def _hold(self, block: Block, verdict: Verdict) -> None:
        evidence = {"facts": block.facts, "merges": block.merges, **asdict(verdict)}
        wish = Wish("distrust", source=block.source, from_seq=block.first_seq, origin="hold", evidence=evidence)
        self._decisions.decide(wish, actor=SYSTEM)


def _held(con: duckdb.DuckDBPyConnection, decided: Decided) -> Held:
    return Held(decided, con.execute(_HELD_LINKS, [decided.ruling.source]).fetchall()[0][0])


def _of(decided: Iterable[Decided], source: str) -> list[Decided]:
    return [one for one in decided if one.ruling.source == source]


def _last_seq(con: duckdb.DuckDBPyConnection) -> int:
    return con.execute("SELECT coalesce(max(last_seq), 0) FROM loaded_part").fetchall()[0][0]


def _begun(flow: Sequence[Block], decided: Sequence[Decided], spec: BreakerSpec) -> Block | None:
    """The last block of a source if more facts belong into it: it is incomplete, and nobody ruled on it since."""
    last = flow[-1]
    ruled: list[datetime] = [one.revoked_at for one in decided if one.revoked_at is not None]
    ruled += [one.ruling.at for one in decided if one.in_force]
    if last.facts >= spec.facts_per_block or any(at >= last.at for at in ruled):
        return None
    return last


def _believed(block: Block, decided: Sequence[Decided]) -> bool:
    return not any(
        one.in_force and (one.ruling.from_seq or 0) <= block.last_seq and _until(one) >= block.first_seq
        for one in decided
    )


def _until(decided: Decided) -> int:
    return (1 << 63) - 1 if decided.ruling.to_seq is None else decided.ruling.to_seq


def _continued(before: Block, more: Block) -> Block:
    facts, merges = before.facts + more.facts, before.merges + more.merges
    return replace(before, last_seq=more.last_seq, facts=facts, merges=merges, at=more.at)


def _newest(flow: Sequence[Block]) -> list[Block]:
    """The newest blocks of a source, each as it was counted last: twice as many as are compared, for those not believed."""
    latest = {one.first_seq: one for one in flow}
    return [latest[seq] for seq in sorted(latest)][-2 * HISTORY_BLOCKS :]


def _keep(tx: Connection, flow: Sequence[Block]) -> None:
    tx.execute(delete(source_flow).where(_T.source == flow[0].source))
    tx.execute(insert(source_flow), [asdict(one) for one in flow])


def _block(row: Row[tuple[object, ...]]) -> Block:
    return Block(**row._mapping)
