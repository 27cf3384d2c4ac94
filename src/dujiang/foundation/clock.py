"""The one clock. Everything that needs the time is handed a :class:`Clock`; nothing else calls ``datetime.now``."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    """What tells the time."""

    def now(self) -> datetime:
        """The present moment, timezone-aware, in UTC."""
        ...

    def monotonic(self) -> float:
        """Seconds on a clock that never goes back, for measuring how long something takes."""
        ...


class SystemClock:
    """The computer's own clock."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return time.monotonic()


@dataclass
class FixedClock:
    """A clock that moves only when told to.

    >>> clock = FixedClock(datetime(2026, 11, 11, tzinfo=UTC))
    >>> clock.advance(timedelta(hours=2))
    >>> clock.now().isoformat()
    '2026-11-11T02:00:00+00:00'
    """

    moment: datetime

    def now(self) -> datetime:
        return self.moment

    def monotonic(self) -> float:
        return self.moment.timestamp()

    def advance(self, by: timedelta) -> None:
        """Move the clock on by ``by``."""
        self.moment += by
