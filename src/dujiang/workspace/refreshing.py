"""From committed parts to answers: take in, take back, catch up, refresh, rebuild."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

import pyarrow as pa

from dujiang.collect.archive import Archive
from dujiang.collect.sift import Settled
from dujiang.engine.duck import Engine, EngineDamaged
from dujiang.engine.refresh import RebuildReport, Refresher, RefreshReport
from dujiang.foundation.clock import Clock
from dujiang.foundation.progress import Progress, silent
from dujiang.store.manifest import Manifest, Part


@dataclass(frozen=True)
class Refreshed:
    """What one refresh did.

    Attributes:
        facts: facts loaded from the journal before it.
        persons: people computed again.
        orders: orders computed again.
        full: everything was computed, not only what was touched.
        seconds: how long it took.
    """

    facts: int
    persons: int
    orders: int
    full: bool
    seconds: float


@dataclass(frozen=True)
class Rebuilt:
    """What a rebuild did."""

    parts: int
    facts: int
    persons: int
    orders: int
    seconds: float


class Refreshing:
    """Keeps the engine in step with the archive. Safe to use from several threads."""

    def __init__(
        self,
        refresher: Refresher,
        archive: Archive,
        manifest: Manifest,
        engine: Engine,
        clock: Clock,
        announce: Callable[[], None],
    ) -> None:
        self._refresher, self._archive, self._manifest, self._engine = refresher, archive, manifest, engine
        self._announce = announce
        self._clock = clock
        self._lock = threading.RLock()
        self._news = True
        self._listeners: list[Callable[[RefreshReport], None]] = []
        self.last: datetime | None = None
        """When the answers were last brought up to date in this process."""
        self.revision = 0
        """Counts refreshes, so that whoever remembers answers knows when to forget them."""

    @property
    def news(self) -> bool:
        """Whether facts came or went since the last refresh."""
        return self._news

    def day_passed(self, zone: ZoneInfo) -> bool:
        """Whether the day in ``zone`` is another one than at the last refresh of this process."""
        if self.last is None:
            return False
        return self._clock.now().astimezone(zone).date() != self.last.astimezone(zone).date()

    def renew(self) -> None:
        """Something that answers depend on changed: refresh soon, although no facts came."""
        self._news = True

    def on_refresh(self, listener: Callable[[RefreshReport], None]) -> None:
        """Call ``listener`` with the report of every refresh."""
        self._listeners.append(listener)

    def note_news(self) -> None:
        """Something besides facts changed that the next refresh has to heed."""
        self._news = True

    def take_in(self, settled: Settled) -> None:
        """Load the parts of a batch that was just committed."""
        with self._lock:
            self._refresher.load(self._tables(settled.parts))
            self._news = self._news or bool(settled.parts)

    def take_back(self, batch: str) -> None:
        """Take the facts of an undone batch out of the answers at the next refresh."""
        with self._lock:
            self._refresher.retract([batch])
            self._news = True

    def catch_up(self, progress: Progress = silent) -> int:
        """Load committed parts that the engine does not have, and drop what was undone: what a crash left out.

        Answers that are new, damaged or of another version are rebuilt instead. Returns the number of parts loaded.
        """
        with self._lock:
            self._announce()
            parts = self._manifest.parts()
            if self._engine.rebuild_reason is not None:
                return self.rebuild(progress).parts if parts else 0
            try:
                return self._load_missing(parts)
            except EngineDamaged:
                return self.rebuild(progress).parts

    def _load_missing(self, parts: list[Part]) -> int:
        surplus = self._refresher.surplus(parts)
        if surplus:
            self._refresher.retract(surplus)
        missing = self._refresher.missing(parts)
        if missing:
            self._refresher.load(self._tables(missing))
        self._news = True  # notes of an unfinished refresh may be waiting
        return len(missing)

    def refresh(self, facts: int = 0, progress: Progress = silent) -> Refreshed:
        """Bring every answer up to date with what is loaded."""
        with self._lock:
            start = self._clock.monotonic()
            self._announce()  # before the note of the last refresh is replaced
            report = self._refresher.refresh(progress)
            self._done(report)
            seconds = self._clock.monotonic() - start
            return Refreshed(facts, report.persons, report.orders, report.full, seconds)

    def rebuild(self, progress: Progress = silent) -> Rebuilt:
        """Compute everything again from the archive; each part is checked against its hash on the way."""
        with self._lock:
            start = self._clock.monotonic()
            self._announce()
            built: RebuildReport = self._refresher.rebuild(self._tables(self._manifest.parts()), progress)
            self._done(built.refreshed)
            seconds = self._clock.monotonic() - start
            return Rebuilt(built.parts, built.facts, built.refreshed.persons, built.refreshed.orders, seconds)

    def _done(self, report: RefreshReport) -> None:
        self._announce()
        self._news = False
        self.last = self._clock.now()
        self.revision += 1
        for listener in self._listeners:
            listener(report)

    def _tables(self, parts: Iterable[Part]) -> Iterator[tuple[str, pa.Table]]:
        return ((part.family, table) for part, table in self._archive.read_all(parts))
