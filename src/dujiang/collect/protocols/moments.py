"""When something happened, said by a clock that may be wrong."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any, Final

from dujiang.collect.protocols.common import Refused
from dujiang.foundation.i18n import _

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_EARLIEST: Final = datetime(2000, 1, 1, tzinfo=UTC)
_MILLISECONDS_FROM: Final = 100_000_000_000
"""Numbers from here on are milliseconds, below it seconds: as seconds it would be the year 5138."""


@lru_cache(maxsize=4096, typed=True)
def _from_text(value: str) -> datetime:
    moment = datetime.fromisoformat(value)
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def read_moment(value: Any) -> datetime | None:
    """A moment in UTC from ISO text, seconds or milliseconds; None where nothing was said. Text without a zone is UTC.

    Raises:
        ValueError: it says something that is no moment.

    >>> read_moment("2026-11-11T08:00:00+08:00") == read_moment(1794355200) == read_moment("1794355200000")
    True
    """
    if value is None or value == "":
        return None
    if isinstance(value, str):
        if value.isdigit():
            return _from_number(int(value))
        return _from_text(value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError("no moment")
    return _from_number(value)


def _from_number(number: float) -> datetime:
    if number >= _MILLISECONDS_FROM:
        return _EPOCH + timedelta(milliseconds=number)
    return _EPOCH + timedelta(seconds=number)


def happened_at(timestamp: Any, sent_at: Any, received_at: datetime) -> datetime:
    """When it happened by our clock.

    The sender's clock was off by ``sent_at − received_at``, so that much is taken from its timestamp. Nothing can have
    happened after it was received. A ``sent_at`` that cannot be read is as good as none.

    Raises:
        Refused: ``event.timestamp_unreadable``, ``event.timestamp_too_old`` (before 2000).
    """
    try:
        stated = read_moment(timestamp)
    except (ValueError, OverflowError):
        sentence = _(
            "The timestamp “{value}” cannot be read. Send ISO 8601 text, or seconds or milliseconds since 1970."
        )
        raise Refused("event.timestamp_unreadable", sentence, "/timestamp", value=str(timestamp)[:40]) from None
    if stated is None:
        return received_at
    corrected = _corrected(stated, sent_at, received_at)
    if corrected < _EARLIEST:
        sentence = _("The timestamp {value} lies before the year 2000. The sender's clock was not set.")
        raise Refused("event.timestamp_too_old", sentence, "/timestamp", value=stated.isoformat(timespec="seconds"))
    return min(corrected, received_at)


def _corrected(stated: datetime, sent_at: Any, received_at: datetime) -> datetime:
    try:
        sent = read_moment(sent_at)
        return stated if sent is None else stated - (sent - received_at)
    except (ValueError, OverflowError):
        return stated
