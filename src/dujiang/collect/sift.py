"""The sift: what is new, what is a newer version, and what was here before.

One rule for events: within the duplicate window a key is one event; the same key with other content is a *conflict*, counted
among the duplicates and reported. One rule for every other family: content that some version of the key already stated is
a *duplicate*, so that importing a file again, or an older overlapping one, changes nothing; anything else is a new version.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import duckdb
import numpy as np
import pyarrow as pa
from sqlalchemy import Connection

from dujiang.collect.archive import Archive
from dujiang.engine.duck import Engine
from dujiang.foundation.clock import Clock
from dujiang.foundation.facts import FAMILIES, MOMENT
from dujiang.store.database import Database
from dujiang.store.manifest import Count, Manifest, Part

NEW, DUPLICATE, CONFLICT = 0, 1, 2
_HOUR_US = 3_600_000_000


@dataclass(frozen=True)
class Sifted:
    """What became of the facts of one :meth:`Sieve.add`.

    Attributes:
        new: facts kept, by family.
        duplicate: facts that stated nothing new, by family.
        conflicts: keys of events that came again with another body.
        lines_accepted: rows of the source (column ``line``) of which at least one fact was kept.
    """

    new: Mapping[str, int]
    duplicate: Mapping[str, int]
    conflicts: tuple[int, ...]
    lines_accepted: int


@dataclass(frozen=True)
class Settled:
    """What a batch came to once it was committed."""

    batch: str
    parts: tuple[Part, ...]
    new: Mapping[str, int]
    duplicate: Mapping[str, int]
    counts: tuple[Count, ...]

    @property
    def facts(self) -> int:
        """Facts kept over all families."""
        return sum(self.new.values())


class Sift:
    """Opens a :class:`Sieve` for each batch. The engine has to hold every committed part when a sieve is used."""

    def __init__(
        self, engine: Engine, archive: Archive, manifest: Manifest, db: Database, clock: Clock, window_days: int
    ) -> None:
        self.engine, self.archive, self.manifest, self.db, self.clock = engine, archive, manifest, db, clock
        self.window = timedelta(window_days)

    def open(self, batch: str) -> Sieve:
        """A sieve for the facts of ``batch``."""
        return Sieve(self, batch)


@dataclass
class _Tally:
    accepted: int = 0
    rejected: int = 0
    duplicate: int = 0
    conflict: int = 0

    @property
    def received(self) -> int:
        return self.accepted + self.rejected + self.duplicate


@dataclass
class Sieve:
    """Takes a batch's facts in chunks; nothing is true before :meth:`settle`.

    Use it as a context manager: leaving it unsettled removes the files it wrote.
    """

    sift: Sift
    batch: str
    _parts: list[Part] = field(default_factory=list)
    _new: Counter[str] = field(default_factory=Counter)
    _duplicate: Counter[str] = field(default_factory=Counter)
    _tallies: dict[tuple[str, datetime], _Tally] = field(default_factory=dict)
    _seen: duckdb.DuckDBPyConnection | None = None
    _families: set[str] = field(default_factory=set)
    _settled: bool = False

    def __enter__(self) -> Sieve:
        spill = self.sift.engine.file.with_name("sieve.spill")
        self._seen = duckdb.connect(config={"threads": 1, "temp_directory": str(spill)})
        return self

    def __exit__(self, *_: object) -> None:
        assert self._seen is not None
        self._seen.close()
        if not self._settled:
            self.sift.archive.discard(self._parts)

    def add(self, facts: Mapping[str, pa.Table]) -> Sifted:
        """Sift one chunk and write what is new.

        Args:
            facts: for each family a table with the family's columns except ``seq`` and ``batch``, and ``line``: the row of
                the source that stated it (int64). A row that states facts of several families counts once.

        Returns:
            How the chunk fared.
        """
        chunk = {family: table for family, table in facts.items() if table.num_rows}
        verdicts = {family: self._verdicts(family, table) for family, table in chunk.items()}
        self._tally(chunk, verdicts)
        kept: dict[str, int] = {}
        for family, table in chunk.items():
            new = verdicts[family] == NEW
            kept[family] = int(new.sum())
            self._new[family] += kept[family]
            self._duplicate[family] += table.num_rows - kept[family]
            if kept[family]:
                self._keep(family, table.filter(pa.array(new)))
        conflicts = [
            key
            for family, table in chunk.items()
            for key in table["key"].filter(pa.array(verdicts[family] == CONFLICT)).to_pylist()
        ]
        lines = [table["line"].filter(pa.array(verdicts[family] == NEW)).to_numpy() for family, table in chunk.items()]
        accepted = len(np.unique(np.concatenate(lines))) if lines else 0
        doubles = {family: table.num_rows - kept[family] for family, table in chunk.items()}
        return Sifted(kept, doubles, tuple(conflicts), accepted)

    def reject(self, source: str, received_at: datetime, rows: int = 1) -> None:
        """Count rows that could not become facts."""
        if rows:
            self._tally_of(source, _hour(received_at)).rejected += rows

    def duplicate(self, source: str, received_at: datetime, rows: int = 1) -> None:
        """Count rows that were known before they were decoded, such as an empty line of facts."""
        if rows:
            self._tally_of(source, _hour(received_at)).duplicate += rows

    def settle(self, also: Callable[[Connection], None] | None = None) -> Settled:
        """Make everything true in one commit: parts, counts, and whatever ``also`` does."""
        counts = tuple(
            Count(source, hour, tally.received, tally.accepted, tally.rejected, tally.duplicate, tally.conflict)
            for (source, hour), tally in sorted(self._tallies.items())
        )
        with self.sift.db.transaction() as tx:
            if self._parts:
                self.sift.manifest.add_parts(tx, self._parts)
            if counts:
                self.sift.manifest.add_counts(tx, list(counts))
            if also:
                also(tx)
        self._settled = True
        return Settled(self.batch, tuple(self._parts), dict(self._new), dict(self._duplicate), counts)

    def _verdicts(self, family: str, table: pa.Table) -> np.ndarray:
        keys = pa.table({"n": pa.array(np.arange(table.num_rows)), "key": table["key"], "content": table["content"]})
        since = self.sift.clock.now() - self.sift.window if family == "event" else datetime(1970, 1, 1, tzinfo=UTC)
        with self.sift.engine.read() as con:
            con.register("sifting", keys)
            question = f"select key, content from fact_{family} semi join sifting using (key) where received_at >= ?"
            known = con.sql(question, params=[since]).to_arrow_table()
            con.unregister("sifting")
        assert self._seen is not None
        if family not in self._families:
            self._families.add(family)
            self._seen.execute(f"create table seen_{family} (key bigint, content bigint)")
        self._seen.register("sifting", keys)
        self._seen.register("known", known)
        rule = _EVENT_RULE if family == "event" else _VERSION_RULE
        verdicts = self._seen.execute(rule.format(family=family)).fetchnumpy()["verdict"].astype(np.int8)
        self._seen.execute(f"insert into seen_{family} select key, content from sifting")
        self._seen.unregister("sifting")
        self._seen.unregister("known")
        return np.asarray(verdicts)

    def _keep(self, family: str, table: pa.Table) -> None:
        with self.sift.db.transaction() as tx:
            first = self.sift.manifest.next_seq(tx, table.num_rows)
        columns = {
            **{name: table[name] for name in table.column_names if name != "line"},
            "seq": pa.array(np.arange(first, first + table.num_rows, dtype=np.int64)),
            "batch": pa.array([self.batch] * table.num_rows, pa.string()),
        }
        schema = FAMILIES[family]
        whole = pa.table([columns[name].cast(schema.field(name).type) for name in schema.names], schema=schema)
        today = self.sift.clock.now().astimezone(UTC).date()
        self._parts.append(self.sift.archive.write(family, whole, day=today, batch=self.batch))

    def _tally(self, chunk: Mapping[str, pa.Table], verdicts: Mapping[str, np.ndarray]) -> None:
        if not chunk:
            return
        line = np.concatenate([table["line"].to_numpy() for table in chunk.values()])
        verdict = np.concatenate([verdicts[family] for family in chunk])
        order = np.lexsort((verdict, line))
        first = np.unique(line[order], return_index=True)[1]
        best = order[first]  # of each line the fact with the best verdict
        source = pa.concat_arrays([table["source"].combine_chunks() for table in chunk.values()])
        hour = pa.concat_arrays([_hours(table["received_at"]) for table in chunk.values()])
        rows = pa.table({"source": source, "hour": hour, "verdict": verdict}).take(best)
        grouped = rows.group_by(["source", "hour", "verdict"]).aggregate([([], "count_all")]).to_pylist()
        for row in grouped:
            tally = self._tally_of(row["source"], row["hour"])
            if row["verdict"] == NEW:
                tally.accepted += row["count_all"]
            else:
                tally.duplicate += row["count_all"]
                tally.conflict += row["count_all"] if row["verdict"] == CONFLICT else 0

    def _tally_of(self, source: str, hour: datetime) -> _Tally:
        return self._tallies.setdefault((source, hour), _Tally())


_EVENT_RULE = """
with before as (
    select key, any_value(content) content from (select * from known union all from seen_{family}) group by key
), here as (
    select n, key, content, first_value(content) over w as first_content, row_number() over w as nth
    from sifting window w as (partition by key order by n)
)
select case when before.key is null and nth = 1 then 0
            when here.content = coalesce(before.content, first_content) then 1 else 2 end as verdict
from here left join before using (key) order by n
"""

_VERSION_RULE = """
with before as (select distinct key, content from (select * from known union all from seen_{family})),
here as (select n, key, content, row_number() over (partition by key, content order by n) as nth from sifting)
select case when before.key is null and nth = 1 then 0 else 1 end as verdict
from here left join before using (key, content) order by n
"""


def _hour(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(minute=0, second=0, microsecond=0)


def _hours(moments: pa.ChunkedArray) -> pa.Array:
    whole = moments.combine_chunks().cast(pa.int64()).to_numpy() // _HOUR_US * _HOUR_US
    return pa.array(whole, pa.int64()).cast(MOMENT)
