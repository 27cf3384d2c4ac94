"""Timelines: what persons did, sorted by person and time, as memory-mapped columns for single-pass kernels.

Persons are spread over buckets. A bucket is a sorted *base* and a small sorted *delta*: what a touched person did is written
anew into the delta, and the person's rows in the base are skipped from then on. A delta that outgrows a tenth of its base is
folded into it. Everything here can be deleted; :meth:`Timeline.follow` builds it again when it does not fit the engine.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import duckdb
import numpy as np
import pyarrow as pa

from dujiang.engine.columns import EMPTY, NOBODY, Columns, Whole, among, map_columns, write_columns
from dujiang.engine.remembered import Remembered
from dujiang.engine.timeline_facts import BUCKETS, Codes, all_rows, touched_rows

FOLD_FROM: Final = 0.1
"""Share of its base above which a delta is folded into it."""

_EVER: Final = np.iinfo(np.int64).max
_META: Final = "timeline.json"
_LAYOUT: Final = 4
"""What files hold: another number whenever that changes, so that older ones are built anew."""


@dataclass(frozen=True)
class _Bucket:
    """The files of one bucket, mapped."""

    files: tuple[str, str, str]
    base: Columns
    delta: Columns
    dead: Whole

    def rows_before(self, persons: Whole, since_ms: Whole) -> Columns:
        """The rows of ``persons`` that lie before each one's ``since_ms``."""
        alive = ~among(persons, self.dead)
        kept = self.base.before(persons[alive], since_ms[alive])
        return Columns.join([kept, self.delta.before(persons, since_ms)])


@dataclass(frozen=True)
class Rows:
    """The rows of one state of the engine.

    Attributes:
        codes: the words behind the codes of events, channels and pages.
    """

    codes: Codes
    buckets: tuple[_Bucket, ...] = ()

    def columns(self) -> list[Columns]:
        """All rows as sets of columns, each sorted by person and time; no person has rows that count in two of them."""
        return [columns for _file, columns in self._stored()]

    def files(self) -> list[str]:
        """The files of :meth:`columns`, in their order; what lies in a file of some name never changes."""
        return [file for file, _columns in self._stored()]

    def _stored(self) -> list[tuple[str, Columns]]:
        found = [(bucket.files[0], bucket.base._replace(skip=bucket.dead)) for bucket in self.buckets]
        found += [(bucket.files[1], bucket.delta) for bucket in self.buckets]
        return [(file, columns) for file, columns in found if len(columns.person)]

    def of(self, persons: Whole) -> list[Columns]:
        """The rows of the sorted ``persons`` alone as sets of columns; those of one person lie together, in order."""
        found = []
        for number, bucket in enumerate(self.buckets):
            here = persons[persons & (BUCKETS - 1) == number]
            found.append(bucket.rows_before(here, np.full(len(here), _EVER)))
        return [columns for columns in found if len(columns.person)]


class Timeline:
    """The sorted events below a folder. One thread follows the engine; any number read.

    Attributes:
        mark: the state of the engine that they show; empty for none.
        remembered: what other columns of the engine say of the rows.
    """

    def __init__(self, folder: Path) -> None:
        self._folder, self.remembered = folder, Remembered(folder / "columns")
        self._forget()

    @property
    def codes(self) -> Codes:
        """The words behind the codes of events, channels and pages."""
        return self._rows.codes

    @classmethod
    def open(cls, folder: Path) -> Timeline:
        """The timelines in ``folder``; empty where there are none, or none that can be read."""
        folder.mkdir(parents=True, exist_ok=True)
        timeline = cls(folder)
        try:
            timeline._read()
        except (OSError, ValueError, KeyError, IndexError):
            timeline._forget()
        return timeline

    def rows(self, mark: str) -> Rows | None:
        """The rows of the state ``mark``; None while another one is shown."""
        rows = self._rows if self.mark == mark else None
        # Marks never come back: the same one before and after means that nothing changed in between.
        return rows if mark and self.mark == mark else None

    def columns(self) -> list[Columns]:
        """All rows, as :meth:`Rows.columns` has them."""
        return self._rows.columns()

    def files(self) -> list[str]:
        """The files that they lie in, as :meth:`Rows.files` has them."""
        return self._rows.files()

    def of_person(self, person: int) -> Columns:
        """What ``person`` did, in order; no rows for a person of whom nothing is known."""
        return Columns.join(self._rows.of(np.array([person], np.int64)))

    def follow(self, con: duckdb.DuckDBPyConnection, *, before: str, after: str, touched: pa.Table | None) -> None:
        """Bring the timelines from the engine's state ``before`` to ``after``.

        Args:
            con: a connection that reads the state ``after``.
            before: mark of the state that ``touched`` is relative to; everything is built anew if ours is another.
            after: mark of the new state.
            touched: ``person`` and ``since``, the moment from which their events may have changed; None for everything.
        """
        self.show(self.ahead(con, before=before, touched=touched), after)

    def ahead(self, con: duckdb.DuckDBPyConnection, *, before: str, touched: pa.Table | None) -> Rows:
        """The rows of a state that is not committed yet, for :meth:`show`; what is shown stays as it is.

        Args:
            con: a connection that reads that state.
            before, touched: as in :meth:`follow`.
        """
        self._generation += 1
        if touched is None or before != self.mark or not self._rows.buckets:
            return self._built(con)
        return Rows(self.codes, self._merged(con, touched)) if touched.num_rows else self._rows

    def show(self, rows: Rows, mark: str) -> None:
        """Show ``rows``, which are those of the state ``mark``, from now on."""
        self._rows, self.mark = rows, mark
        self._write()
        self.remembered.clear()

    def _built(self, con: duckdb.DuckDBPyConnection) -> Rows:
        codes = Codes()
        bases = enumerate(all_rows(con, codes))
        return Rows(codes, tuple(self._stored(number, base, EMPTY, NOBODY) for number, base in bases))

    def _merged(self, con: duckdb.DuckDBPyConnection, touched: pa.Table) -> tuple[_Bucket, ...]:
        fresh = touched_rows(con, self.codes, touched)
        persons = touched["person"].to_numpy()
        order = np.argsort(persons)
        persons, since_ms = persons[order], _milliseconds(touched["since"])[order]
        buckets = []
        for number, bucket in enumerate(self._rows.buckets):
            inside = persons & (BUCKETS - 1) == number
            here = fresh.take(fresh.person & (BUCKETS - 1) == number)
            buckets.append(self._renewed(number, bucket, persons[inside], since_ms[inside], here))
        return tuple(buckets)

    def _renewed(self, number: int, bucket: _Bucket, persons: Whole, since_ms: Whole, fresh: Columns) -> _Bucket:
        """``bucket`` with what ``persons`` did replaced by ``fresh``, but for their events before ``since_ms``."""
        if not len(persons):
            return bucket
        kept = bucket.rows_before(persons, since_ms)
        kept = kept.take(kept.event >= -1)
        delta = Columns.join([bucket.delta.without(persons), kept, fresh]).ordered()
        dead = np.union1d(bucket.dead, persons)
        if len(delta.person) <= FOLD_FROM * len(bucket.base.person):
            return self._stored(number, bucket.base, delta, dead, base_file=bucket.files[0])
        base = Columns.join([bucket.base.without(dead), delta])
        return self._stored(number, base.take(np.argsort(base.person, kind="stable")), EMPTY, NOBODY)

    def _stored(self, number: int, base: Columns, delta: Columns, dead: Whole, base_file: str = "") -> _Bucket:
        """The bucket written to new files; the base stays where it is if ``base_file`` says where."""
        files = [f"{name}-{number:02d}-{self._generation}.arrow" for name in ("base", "delta", "dead")]
        if base_file:
            files[0] = base_file
        else:
            self._store(files[0], base)
        self._store(files[1], delta)
        write_columns(self._folder / files[2], {"person": dead})
        return self._mapped((files[0], files[1], files[2]))

    def _store(self, file: str, columns: Columns) -> None:
        write_columns(self._folder / file, columns.stored())

    def _mapped(self, files: tuple[str, str, str]) -> _Bucket:
        base, delta, dead = (map_columns(self._folder / file) for file in files)
        return _Bucket(files, Columns.of(base), Columns.of(delta), dead["person"])

    def _write(self) -> None:
        """Name the files that hold now, in one step, and remove the others; whoever has them mapped keeps them."""
        buckets = [bucket.files for bucket in self._rows.buckets]
        meta = {
            "layout": _LAYOUT,
            "mark": self.mark,
            "generation": self._generation,
            "buckets": buckets,
            **self.codes.as_lists(),
        }
        draft = self._folder / (_META + ".new")
        with draft.open("w", encoding="utf-8") as stream:
            json.dump(meta, stream)
            stream.flush()
            os.fsync(stream.fileno())
        draft.replace(self._folder / _META)
        named = {file for files in buckets for file in files}
        for file in self._folder.glob("*.arrow"):
            if file.name not in named:
                file.unlink()

    def _read(self) -> None:
        meta: dict[str, Any] = json.loads((self._folder / _META).read_text("utf-8"))
        if meta["layout"] != _LAYOUT:
            raise ValueError("written by another version")
        buckets = tuple(self._mapped((base, delta, dead)) for base, delta, dead in meta["buckets"])
        self._rows = Rows(Codes.from_lists(meta["events"], meta["channels"], meta["pages"]), buckets)
        self._generation, self.mark = int(meta["generation"]), str(meta["mark"])

    def _forget(self) -> None:
        self.mark, self._rows = "", Rows(Codes())
        self._generation = 0


def _milliseconds(moments: pa.ChunkedArray) -> Whole:
    return moments.cast(pa.int64()).to_numpy() // 1000
