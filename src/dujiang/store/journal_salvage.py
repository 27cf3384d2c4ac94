"""A way on for a damaged journal: what can be read is kept, what cannot is put aside, and a new chain begins.

Entries that were loaded already are in the archive, so they are let go. Those that were not are chained anew behind an anchor
beyond every sequence that was ever given away, so that no number means two entries.
"""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import IO

from sqlalchemy import Connection, delete, insert, select, update

from dujiang.store.chain import link
from dujiang.store.journal_log import COLUMNS, JournalLog, Place
from dujiang.store.journal_model import StoredRow, row_hash
from dujiang.store.tables import journal_anchor, journal_entry

_PAGE_ROWS = 500

Readable = Callable[[StoredRow], bool]
"""Whether a row that its hash does not vouch for can be loaded nevertheless: its body opens and is what its columns say."""


@dataclass(frozen=True)
class Salvaged:
    """What a salvage did.

    Attributes:
        kept: entries whose hashes vouched for them.
        restored: entries whose hashes did not, but whose sealed bodies opened.
        aside: entries that cannot be read; they lie in ``file``.
        missing: entries that were acknowledged and are nowhere.
        file: what was put aside, one JSON object a line with the body as sealed; None when nothing was.
        begins_after: the sequence that the new chain follows.
    """

    kept: int
    restored: int
    aside: int
    missing: int
    file: Path | None
    begins_after: int


def salvage(log: JournalLog, file: Path, *, passed: int, witness: Place | None, readable: Readable) -> Salvaged:
    """Chain what was not loaded yet anew, and put aside what cannot be read. Cut off anywhere, it can be done again.

    Args:
        log: the journal's rows.
        file: where unreadable rows go.
        passed: how far the store has loaded.
        witness: the newest place known to have been acknowledged.
        readable: judges a row whose hash does not fit.
    """
    with log.writing() as tx:
        last = tx.execute(select(journal_entry.c.sequence).order_by(journal_entry.c.sequence.desc()).limit(1)).scalar()
        anchor = tx.execute(select(journal_anchor.c.sequence)).scalar() or 0
        newest = max(last or 0, anchor, passed, witness.sequence if witness else 0)
        start = Place(newest, link(b"salvaged", [newest, anchor]))
        with _Aside(file) as aside:
            kept, restored = _rechain(tx, start, passed, readable, aside)
        if tx.execute(update(journal_anchor).values(sequence=start.sequence, hash=start.hash)).rowcount == 0:
            tx.execute(insert(journal_anchor).values(id=1, format=1, sequence=start.sequence, hash=start.hash))
        tx.execute(delete(journal_entry).where(journal_entry.c.sequence <= start.sequence))
    missing = max(0, newest - max(passed, anchor) - kept - restored - aside.rows)
    return Salvaged(kept, restored, aside.rows, missing, file if aside.rows else None, start.sequence)


def _rechain(tx: Connection, start: Place, passed: int, readable: Readable, aside: _Aside) -> tuple[int, int]:
    kept = restored = 0
    head = start
    for sound, page in _judged(tx, passed, start.sequence):
        fresh: list[StoredRow] = []
        for is_sound, row in zip(sound, page, strict=True):
            if not is_sound and not readable(row):
                aside.put(row)
                continue
            kept, restored = kept + is_sound, restored + (not is_sound)
            moved = replace(row, sequence=head.sequence + 1)
            moved = replace(moved, hash=row_hash(head.hash, moved))
            head = Place(moved.sequence, moved.hash)
            fresh.append(moved)
        if fresh:
            tx.execute(insert(journal_entry), [asdict(row) for row in fresh])
    return kept, restored


def _judged(tx: Connection, after: int, last: int) -> Iterator[tuple[list[bool], list[StoredRow]]]:
    """The rows after a sequence, page by page, and whether the chain vouches for each.

    A row counts as sound when it follows what the row before it says, or what that row would say were its hash right.
    """
    previous = tx.execute(select(journal_entry.c.hash).where(journal_entry.c.sequence == after)).scalar()
    anchor = tx.execute(select(journal_anchor.c.sequence, journal_anchor.c.hash)).first()
    hashes: list[bytes] = [one for one in (previous, anchor.hash if anchor else None) if one is not None]
    while True:
        place = (journal_entry.c.sequence > after) & (journal_entry.c.sequence <= last)
        query = select(*COLUMNS).where(place).order_by(journal_entry.c.sequence).limit(_PAGE_ROWS)
        page = [StoredRow(*row) for row in tx.execute(query)]
        if not page:
            return
        sound: list[bool] = []
        for row in page:
            sound.append(any(row.follows(one) for one in hashes))
            hashes = [row.hash, *(row_hash(one, row) for one in hashes[:1])]
        yield sound, page
        after = page[-1].sequence


class _Aside:
    """The file of what cannot be read. It is on disk before the journal lets go of anything."""

    def __init__(self, file: Path) -> None:
        self.rows = 0
        self._file = file
        self._stream: IO[str] | None = None

    def put(self, row: StoredRow) -> None:
        if self._stream is None:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            handle = os.open(self._file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            self._stream = os.fdopen(handle, "w", encoding="utf-8")
        self.rows += 1
        plain = asdict(row) | {name: base64.b64encode(getattr(row, name)).decode() for name in ("body", "hash")}
        self._stream.write(json.dumps(plain, ensure_ascii=False) + "\n")

    def __enter__(self) -> _Aside:
        return self

    def __exit__(self, *_: object) -> None:
        if self._stream is not None:
            self._stream.flush()
            os.fsync(self._stream.fileno())
            self._stream.close()
