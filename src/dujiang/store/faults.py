"""What an error of the database means, without its SQL: whether to wait, to come back, or to stop."""

from __future__ import annotations

import sqlite3
from typing import Final, Literal

from sqlalchemy.exc import DataError, DBAPIError

from dujiang.foundation.errors import DujiangError, InvalidInput, InvariantBroken, Unavailable
from dujiang.foundation.i18n import _

Fault = Literal["busy", "full", "broken", "readonly", "lost", "value", "other"]

_SQLITE: Final[dict[int, Fault]] = {
    sqlite3.SQLITE_BUSY: "busy",
    sqlite3.SQLITE_LOCKED: "busy",
    sqlite3.SQLITE_FULL: "full",
    sqlite3.SQLITE_IOERR: "broken",
    sqlite3.SQLITE_CORRUPT: "broken",
    sqlite3.SQLITE_NOTADB: "broken",
    sqlite3.SQLITE_CANTOPEN: "broken",
    sqlite3.SQLITE_READONLY: "readonly",
}
_POSTGRES: Final[dict[str, Fault]] = {
    "40001": "busy",  # serialization failure
    "40P01": "busy",  # deadlock
    "55P03": "busy",  # lock not available
    "53100": "full",
    "25006": "readonly",
    "58030": "broken",  # I/O error
    "XX001": "broken",  # data corrupted
    "XX002": "broken",  # index corrupted
}


def fault_of(error: DBAPIError) -> Fault:
    """What kind of trouble ``error`` is; ``other`` is a mistake in a statement or a broken rule of a table."""
    original = error.orig
    if isinstance(error, DataError):
        return "value"
    if isinstance(original, sqlite3.Error):
        code = getattr(original, "sqlite_errorcode", None)
        return "other" if code is None else _SQLITE.get(code & 0xFF, "other")
    if error.connection_invalidated:
        return "lost"
    state = getattr(original, "sqlstate", None)
    if state is None:
        return "lost" if type(original).__name__ == "OperationalError" else "other"
    return "lost" if state[:2] in ("08", "57") else _POSTGRES.get(state, "other")


def as_error(fault: Fault) -> DujiangError:
    """The error to show for a fault other than ``other``."""
    if fault == "busy":
        sentence = _("The store is busy with another change. Try again in a moment.")
        return Unavailable("store.busy", sentence)
    if fault == "full":
        sentence = _("The disk of the store is full. Nothing of this change was kept; free some space and try again.")
        return Unavailable("store.full", sentence)
    if fault == "lost":
        sentence = _("The connection to the store's database was lost. Check that the database runs, then try again.")
        return Unavailable("store.unreachable", sentence)
    if fault == "value":
        sentence = _(
            "A text holds a character that cannot be kept, or a number is too large. Correct it and try again."
        )
        return InvalidInput("store.bad_value", sentence)
    if fault == "readonly":
        sentence = _(
            "The store cannot be written to. Check that its folder belongs to this user and the disk is writable."
        )
        return Unavailable("store.read_only", sentence)
    sentence = _("The store's disk failed to read or write. Stop, check the disk, then run “dujiang doctor”.")
    return InvariantBroken("store.broken", sentence)
