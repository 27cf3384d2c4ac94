"""The refresh: facts come or go, identity decides who is who, and what was touched is computed again.

Loading commits facts with a note of what they touch; :meth:`Refresher.refresh` works the notes off in one transaction. A
process that dies between the two leaves the notes, and the next refresh goes on from them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import groupby
from typing import Final, Protocol, TypeVar
from zoneinfo import ZoneInfo

import duckdb
import pyarrow as pa

from dujiang.engine import changes, loading
from dujiang.engine.duck import Engine
from dujiang.engine.expressions import Scope
from dujiang.engine.graph import compute
from dujiang.engine.question import mark
from dujiang.engine.renewing import Lately
from dujiang.engine.rules import IdentifierRules
from dujiang.engine.schema import PENDING, count, keep_note, kept_note, next_mark
from dujiang.engine.timeline import Rows, Timeline
from dujiang.engine.touching import prepare, touch, touch_everything, touched_since
from dujiang.foundation.clock import SystemClock
from dujiang.foundation.progress import Progress, silent


class Resolution(Protocol):
    """What identity reports of its work; the engine hands it on."""


class Resolver(Protocol):
    """Decides who is who."""

    def resolve(self, con: duckdb.DuckDBPyConnection, *, full: bool) -> Resolution:
        """Decide again about ``touched_node`` (``full``: about all nodes).

        Reads the tables ``identifier`` and ``link`` and the temporary table ``touched_node`` (``node``), replaces the rows
        concerned of ``person_node`` and ``person_link``, and fills the temporary table ``touched_person`` (``person``) with
        every person, old or new, that changed or owns a touched node (needless when ``full``).
        """
        ...


@dataclass(frozen=True)
class Change:
    """What a refresh tells those that follow it.

    Attributes:
        full: everybody was computed again; otherwise the persons in the temporary table ``touched`` (``person``, ``since``,
            ``day``), those who are gone included.
        now: the moment that people are looked at, UTC.
        zone: the brand's time zone.
        rows: the timelines of the state that is being computed, where they are kept.
    """

    full: bool
    now: datetime
    zone: str
    rows: Rows | None = None

    @property
    def today(self) -> date:
        """The brand's day.

        >>> Change(True, datetime.fromisoformat("2026-11-10T16:30:00+00:00"), "Asia/Shanghai").today.isoformat()
        '2026-11-11'
        """
        return self.now.astimezone(ZoneInfo(self.zone)).date()


class Follower(Protocol):
    """Keeps tables of its own in step with the derived tables: what a room downstream says of persons."""

    def follow(self, con: duckdb.DuckDBPyConnection, change: Change) -> None:
        """Compute the own rows again that ``change`` concerns, in the transaction of the refresh.

        What depends on the day, or on definitions, is the follower's to watch: it keeps what it last computed for in
        ``engine_state`` and computes everybody where that is no longer so.
        """
        ...


class Part(Protocol):
    """One part of the archive, as the store's manifest describes it."""

    @property
    def family(self) -> str: ...
    @property
    def first_seq(self) -> int: ...
    @property
    def batch(self) -> str: ...


LOAD_ROWS: Final = 300_000
"""Facts of one commit: what a file of millions states is taken in bit by bit, so that memory stays bounded."""

PartType = TypeVar("PartType", bound=Part)


@dataclass(frozen=True)
class RefreshReport:
    """What one refresh did.

    Attributes:
        full: everything was computed.
        persons: persons computed.
        orders: orders computed.
        resolution: what identity reported.
        before: mark of the state before.
        after: mark of the state that is now committed.
        touched: ``person`` and ``since`` (moment from which what they did may have changed) of those computed; None when
            everything was.
        rows: the timelines of the new state, where they are kept.
    """

    full: bool
    persons: int
    orders: int
    resolution: Resolution
    before: str
    after: str
    touched: pa.Table | None
    rows: Rows | None


@dataclass(frozen=True)
class RebuildReport:
    """What a rebuild did."""

    parts: int
    facts: int
    refreshed: RefreshReport


class Refresher:
    """Keeps the engine's answers up to date.

    Args:
        engine: the answers.
        resolver: decides who is who.
        rules: types of identifiers, their ranks, and whether they join people.
        zone: the brand's time zone, in which days are counted.
        session_gap_minutes: silence that ends a visit.
        timeline: sorted event columns to keep in step.
        followers: rooms downstream that keep tables in step, in the order in which they read each other.
        now: the moment at which followers look at people, by what a connection sees; None: the computer's clock.
        note: what has to be told downstream of a resolution, as text; it is committed together with the answers, so that
            no crash can separate them (:meth:`told`). Empty: nothing.
        full_from: share of touched nodes above which computing everything is cheaper than finding out what can stay.
    """

    def __init__(
        self,
        engine: Engine,
        resolver: Resolver,
        rules: IdentifierRules,
        zone: ZoneInfo,
        session_gap_minutes: int,
        *,
        timeline: Timeline | None = None,
        followers: Sequence[Follower] = (),
        now: Callable[[duckdb.DuckDBPyConnection], datetime] | None = None,
        note: Callable[[Resolution], str] = lambda _resolution: "",
        full_from: float = 0.25,
    ) -> None:
        self.engine, self.resolver, self.rules, self.timeline = engine, resolver, rules, timeline
        self._note = note
        self._followers, self._now = tuple(followers), now or _by_the_clock
        self._zone, self._gap_seconds, self._full_from = str(zone), session_gap_minutes * 60, full_from

    def load(self, parts: Iterable[tuple[str, pa.Table]]) -> int:
        """Take in the facts of ``parts`` (family and table); how many there were.

        Answers stay as they were until :meth:`refresh`. What a crash in the middle leaves out, :meth:`missing` finds.
        """
        rows = 0
        for some in _in_turns(parts):
            with self.engine.write() as con:
                rows += loading.load(con, some, self.rules, self._zone)
        return rows

    def retract(self, batches: Sequence[str]) -> int:
        """Take away the facts of ``batches``; how many there were."""
        with self.engine.write() as con:
            return loading.retract(con, batches)

    def missing(self, parts: Iterable[PartType]) -> list[PartType]:
        """Those of ``parts`` that are not loaded."""
        with self.engine.read() as con:
            loaded = set(con.execute("SELECT family, first_seq FROM loaded_part").fetchall())
        return [part for part in parts if (part.family, part.first_seq) not in loaded]

    def surplus(self, parts: Iterable[Part]) -> list[str]:
        """Loaded batches that none of ``parts`` belongs to: undone while the engine did not hear of it."""
        known = {part.batch for part in parts}
        with self.engine.read() as con:
            loaded = con.execute("SELECT DISTINCT batch FROM loaded_part ORDER BY batch").fetchall()
        return [batch for (batch,) in loaded if batch not in known]

    def refresh(self, progress: Progress = silent, *, full: bool = False) -> RefreshReport:
        """Bring every answer up to date with the facts that are loaded.

        Args:
            progress: told of every step.
            full: compute everything, not only what was touched.

        Raises:
            EngineDamaged: the file is damaged; run :meth:`rebuild`.
        """
        with self.engine.write() as con:
            report = self._refresh(self.engine, con, progress, full=full or self._full_is_better(con))
        self.engine.checkpoint()
        self._follow(report)
        return report

    def rebuild(self, parts: Iterable[tuple[str, pa.Table]], progress: Progress = silent) -> RebuildReport:
        """Compute everything again from ``parts``, the whole archive without the batches that were undone.

        The old answers can be read until the new ones take their place. A process killed in the middle leaves the old.
        """
        reports: list[RebuildReport] = []

        def build(engine: Engine) -> None:
            with engine.write() as con:
                counted = _Counted(parts, progress)
                facts = loading.load_all(con, counted, self.rules, self._zone)
            with engine.write() as con:
                refreshed = self._refresh(engine, con, progress, full=True)
            reports.append(RebuildReport(counted.parts, facts, refreshed))

        self.engine.replace(build)
        self._follow(reports[0].refreshed)
        return reports[0]

    def told(self) -> tuple[str, str]:
        """The mark of the committed state and what has to be told of it; it stays until the next refresh."""
        with self.engine.read() as con:
            return kept_note(con)

    def _refresh(
        self, engine: Engine, con: duckdb.DuckDBPyConnection, progress: Progress, *, full: bool
    ) -> RefreshReport:
        progress("identity", 0, 0)
        prepare(con)
        resolution = self.resolver.resolve(con, full=full)
        if full:
            touch_everything(con)
        else:
            with engine.read() as before:
                touch(con, before)
        compute(con, Scope(full, self._zone, self._gap_seconds), progress)
        touched = None if full else touched_since(con)
        # The timelines of what was just computed are shown once it is committed.
        rows = self.timeline.ahead(con, before=mark(con), touched=touched) if self.timeline else None
        change = Change(full, self._now(con), self._zone, rows)
        for follower in self._followers:
            follower.follow(con, change)
        for table in PENDING:
            con.execute(f"DELETE FROM {table}")
        before, after = next_mark(con)
        changes.keep(con, after, full=full)
        keep_note(con, self._note(resolution))
        persons, orders = ("person", "orders") if full else ("touched", "touched_order")
        return RefreshReport(full, count(con, persons), count(con, orders), resolution, before, after, touched, rows)

    def _follow(self, report: RefreshReport) -> None:
        """Bring the timelines to what was just committed."""
        if self.timeline is not None and report.rows is not None:
            lately = Lately.of(self.timeline)
            self.timeline.show(report.rows, report.after)
            with self.engine.read() as con:
                lately.renew(self.timeline, con)

    def _full_is_better(self, con: duckdb.DuckDBPyConnection) -> bool:
        touched = count(con, "(SELECT DISTINCT node FROM pending_node)")
        return touched > self._full_from * max(1, count(con, "identifier"))


def _in_turns(parts: Iterable[tuple[str, pa.Table]]) -> Iterator[Iterable[tuple[str, pa.Table]]]:
    """``parts``, still read one at a time, in turns of about ``LOAD_ROWS`` facts."""
    rows = 0

    def turn(part: tuple[str, pa.Table]) -> int:
        nonlocal rows
        rows += part[1].num_rows
        return (rows - 1) // LOAD_ROWS

    return (some for _turn, some in groupby(parts, turn))


def _by_the_clock(_con: duckdb.DuckDBPyConnection) -> datetime:
    return SystemClock().now()


class _Counted:
    """Parts on their way into the engine, counted."""

    def __init__(self, parts: Iterable[tuple[str, pa.Table]], progress: Progress) -> None:
        self.parts, self._source, self._progress = 0, parts, progress

    def __iter__(self) -> Iterator[tuple[str, pa.Table]]:
        for part in self._source:
            yield part
            self.parts += 1
            self._progress("load", self.parts, 0)
