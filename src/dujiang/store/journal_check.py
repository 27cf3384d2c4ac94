"""Checks of the journal, and the witness that tells when its end was lost.

The witness is a small file beside the journal that names the newest committed place. It is written after each commit and
never synced: after a power cut it may be old, but it never names an entry that was not on disk. So a journal that ends
before its witness has lost entries that were acknowledged, such as those that SQLite drops without a word behind a
flipped bit in its log.
"""

from __future__ import annotations

import os
import struct
import zlib
from pathlib import Path
from typing import Final

from dujiang.foundation.errors import InvariantBroken
from dujiang.foundation.i18n import _
from dujiang.store.journal_log import JournalLog, Place, Survey
from dujiang.store.journal_model import JournalCheck
from dujiang.store.problems import Problem

_WITNESS: Final = struct.Struct(">Q32sI")
_TAIL_ROWS: Final = 1_000


class Witness:
    """The newest committed place, in a file that survives the process."""

    def __init__(self, file: Path) -> None:
        self._handle = os.open(file, os.O_RDWR | os.O_CREAT, 0o600)

    def write(self, place: Place) -> None:
        """Remember ``place``."""
        body = struct.pack(">Q32s", place.sequence, place.hash)
        os.pwrite(self._handle, body + struct.pack(">I", zlib.crc32(body)), 0)

    def read(self) -> Place | None:
        """The place remembered; None when there is none, or it was torn."""
        data = os.pread(self._handle, _WITNESS.size, 0)
        if len(data) != _WITNESS.size:
            return None
        sequence, hash_, checksum = _WITNESS.unpack(data)
        return Place(sequence, hash_) if checksum == zlib.crc32(data[:-4]) else None

    def close(self) -> None:
        """Close the file."""
        os.close(self._handle)


def check(log: JournalLog, *, passed: int, witness: Place | None, full: bool) -> JournalCheck:
    """Read the journal and say what is wrong with it.

    Args:
        log: the journal's rows.
        passed: how far the store says that it was loaded.
        witness: the newest place that was committed, as far as is known.
        full: compare every entry with its hash, not only the last thousand.
    """
    try:
        survey = log.survey()
        start = survey.anchor.sequence if full else max(survey.anchor.sequence, survey.head.sequence - _TAIL_ROWS)
        problems = _missing(survey) + _cut_off(log, survey.head, passed, witness)
        entries, broken = _follow(log, start)
    except InvariantBroken as error:
        return JournalCheck(0, None, 0, (Problem(error.code, error.sentence, error.values),))
    return JournalCheck(entries, survey.first, survey.head.sequence, tuple(problems + broken))


def _missing(survey: Survey) -> list[Problem]:
    if survey.first is None or survey.last is None:
        return []
    lost = survey.last - survey.anchor.sequence - survey.total
    if lost == 0 and survey.first == survey.anchor.sequence + 1:
        return []
    sentence = _("{lost} entries are missing in the middle of the journal.")
    return [Problem("journal.entries_missing", sentence, {"lost": lost})]


def _cut_off(log: JournalLog, head: Place, passed: int, witness: Place | None) -> list[Problem]:
    if passed > head.sequence:
        sentence = _("The journal ends at entry {head}, but the store has loaded up to {passed}: its end was lost.")
        return [Problem("journal.behind_store", sentence, {"head": head.sequence, "passed": passed})]
    if witness is None:
        return []
    if witness.sequence > head.sequence:
        sentence = _("The journal ends at entry {head}, but {witness} were acknowledged: {lost} entries were lost.")
        values = {"head": head.sequence, "witness": witness.sequence, "lost": witness.sequence - head.sequence}
        return [Problem("journal.end_lost", sentence, values)]
    place = log.place(witness.sequence)
    if place is not None and place.hash != witness.hash:
        sentence = _("Entry {sequence} of the journal is not the one that was acknowledged.")
        return [Problem("journal.entry_replaced", sentence, {"sequence": witness.sequence})]
    return []


def _follow(log: JournalLog, start: int) -> tuple[int, list[Problem]]:
    entries, broken = _follow_once(log, start)
    # What is missing may have been pruned while this was reading: then the journal begins later now.
    while broken is not None and (anchor := log.anchor().sequence) >= broken:
        entries, broken = _follow_once(log, anchor)
    return entries, [] if broken is None else [broken_at(broken)]


def _follow_once(log: JournalLog, start: int) -> tuple[int, int | None]:
    previous, entries = log.place(start), 0
    if previous is None:
        return 0, start
    for row in log.rows(start):
        if row.sequence != previous.sequence + 1 or not row.follows(previous.hash):
            return entries, previous.sequence + 1
        previous = Place(row.sequence, row.hash)
        entries += 1
    return entries, None


def broken_at(sequence: int) -> Problem:
    """The problem that the chain breaks at ``sequence``."""
    sentence = _("The journal is damaged at entry {sequence}: its content does not match its hash.")
    return Problem("journal.damaged", sentence, {"sequence": sequence})
