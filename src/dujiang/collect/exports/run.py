"""One import from the file to a committed batch: convert, sift, count, commit."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from sqlalchemy import Connection

from dujiang.collect.exports.convert import Chunk, Target, convert
from dujiang.collect.exports.error_file import ErrorFile
from dujiang.collect.exports.mapping import MappingSpec
from dujiang.collect.exports.records import ImportResult, insert_record
from dujiang.collect.exports.uploads import Upload
from dujiang.collect.identifiers import Ignored, Tokeniser
from dujiang.collect.ignored import add_ignored
from dujiang.collect.sift import Settled, Sieve, Sift
from dujiang.foundation.progress import Progress
from dujiang.store.audit import record
from dujiang.store.database import Database
from dujiang.store.vault import ClearValue, Vault

_CLEAR_VALUES_MAX: Final = 100_000
"""Clear values held in memory before they go to the vault."""
_SIFT_ROWS: Final = 100_000
"""Rows that are sifted together: one question to the engine and one archive file for many chunks."""


@dataclass(frozen=True)
class Parts:
    """What every import works with."""

    db: Database
    vault: Vault
    sift: Sift
    tokeniser: Callable[[], Tokeniser]
    locale: str


@dataclass
class ImportRun:
    """One run: from the file to a committed batch."""

    parts: Parts
    waiting: Upload
    path: Path
    error_path: Path
    id: str
    mapping: str
    spec: MappingSpec
    target: Target
    encoding: str
    actor: str
    rows: int = 0
    passed: int = 0
    accepted: int = 0
    facts: Counter[str] = field(default_factory=Counter)
    days: set[date] = field(default_factory=set)
    clear: list[ClearValue] = field(default_factory=list)
    waiting_chunks: list[Chunk] = field(default_factory=list)

    def run(self, progress: Progress) -> tuple[ImportResult, Settled]:
        """Import the file.

        Args:
            progress: told how far it is; may raise ``Cancelled``, which leaves nothing behind.

        Returns:
            What came of it, and what was committed.
        """
        tokeniser = self.parts.tokeniser()
        with ErrorFile(self.error_path, self.parts.locale) as errors, self.parts.sift.open(self.id) as sieve:
            for chunk in self._chunks(tokeniser, progress):
                self._take(sieve, chunk)
                errors.add(chunk.bad, chunk.header)
                self._keep_clear(tokeniser)
            self._sift(sieve)
            result = self._result(errors)
            progress("commit", 0, 0)
            ignored = tokeniser.take_ignored()
            settled = sieve.settle(lambda tx: self._commit(tx, result, ignored))
            errors.keep()
        return result, settled

    def _chunks(self, tokeniser: Tokeniser, progress: Progress) -> Iterator[Chunk]:
        target, given = self.target, self.target.given
        return convert(
            self.path,
            self.spec,
            tokeniser=tokeniser,
            source=target.source,
            channel=target.channel,
            shop=given.shop,
            received_at=target.received_at,
            zone=target.zone,
            progress=progress,
            account=given.account,
            app=given.app,
            day=given.day,
            tag=given.tag,
            encoding=self.encoding,
            file_name=self.waiting.file_name,
        )

    def _take(self, sieve: Sieve, chunk: Chunk) -> None:
        source, at = self.target.source, self.target.received_at
        sieve.reject(source, at, len(chunk.bad))
        lines = [table["line"].to_numpy() for table in chunk.facts.values()]
        stated = len(np.unique(np.concatenate(lines))) if lines else 0
        # A row that no output wanted stated nothing; it is counted as known, so that every row is counted.
        sieve.duplicate(source, at, chunk.rows - len(chunk.bad) - stated)
        self.rows += chunk.rows
        self.passed += chunk.passed
        self.days |= _days(chunk, self.target.zone)
        self.waiting_chunks.append(chunk)
        if sum(one.rows for one in self.waiting_chunks) >= _SIFT_ROWS:
            self._sift(sieve)

    def _sift(self, sieve: Sieve) -> None:
        families = dict.fromkeys(family for chunk in self.waiting_chunks for family in chunk.facts)
        together = {
            family: pa.concat_tables([one.facts[family] for one in self.waiting_chunks if family in one.facts])
            for family in families
        }
        self.waiting_chunks = []
        sifted = sieve.add(together)
        self.accepted += sifted.lines_accepted
        self.facts.update(sifted.new)

    def _keep_clear(self, tokeniser: Tokeniser) -> None:
        self.clear += tokeniser.take_clear()
        if len(self.clear) >= _CLEAR_VALUES_MAX:
            with self.parts.db.transaction() as tx:
                self.parts.vault.put(tx, self.clear)
            self.clear = []

    def _commit(self, tx: Connection, result: ImportResult, ignored: Counter[Ignored]) -> None:
        self.parts.vault.put(tx, self.clear)
        add_ignored(tx, {(result.source, result.at.date()): ignored})
        insert_record(tx, result)
        told = {"file": result.file_name, "mapping": result.mapping, "channel": result.channel, "rows": result.rows}
        record(tx, actor=self.actor, action="import.run", object=self.id, after=told, at=result.at)

    def _result(self, errors: ErrorFile) -> ImportResult:
        given, rejected = self.target.given, errors.counts.total()
        return ImportResult(
            id=self.id,
            at=self.target.received_at,
            actor=self.actor,
            file_name=self.waiting.file_name,
            bytes=self.waiting.bytes,
            sha256=self.waiting.sha256,
            mapping=self.mapping,
            group=self.spec.group,
            source=self.target.source,
            channel=self.target.channel,
            shop=given.shop,
            account=given.account,
            rows=self.rows,
            accepted=self.accepted,
            duplicate=self.rows - rejected - self.accepted,
            rejected=rejected,
            passed=self.passed,
            facts={family: count for family, count in sorted(self.facts.items()) if count},
            problems=dict(errors.counts),
            first_day=min(self.days, default=None),
            last_day=max(self.days, default=None),
            has_errors=rejected > 0,
        )


def _days(chunk: Chunk, zone: ZoneInfo) -> set[date]:
    """First and last day that the facts of a chunk are about."""
    days: set[date] = set()
    for table in chunk.facts.values():
        column = table["day"] if "day" in table.column_names else table["at"]
        ends = pc.call_function("min_max", [column]).as_py()
        found = [one for one in (ends["min"], ends["max"]) if one is not None]
        days |= {one.astimezone(zone).date() if isinstance(one, datetime) else one for one in found}
    return days
