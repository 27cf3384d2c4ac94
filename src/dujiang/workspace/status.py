"""What a workspace holds, how fresh it is, and whether all of it is sound."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime

from dujiang.foundation.i18n import _


@dataclass(frozen=True)
class Status:
    """A workspace at a glance.

    Attributes:
        facts: facts in the archive, by family.
        waiting: requests on disk that are not loaded yet.
        today: the day that is today for figures.
        last_received: when the last fact arrived; None when nothing has.
        last_refresh: when the answers were last brought up to date; None before the first time.
    """

    brand: str
    version: str
    store: str
    facts: Mapping[str, int]
    persons: int
    identifiers: int
    orders: int
    waiting: int
    dead_letters: int
    today: date
    last_received: datetime | None
    last_refresh: datetime | None
    archive_bytes: int
    engine_bytes: int

    def lines(self) -> list[tuple[str, object]]:
        """Label and value of each line, for people."""
        return [
            (_("Brand"), self.brand),
            (_("Version"), self.version),
            (_("Store"), self.store),
            (_("Facts in the archive"), sum(self.facts.values())),
            (_("People"), self.persons),
            (_("Identifiers"), self.identifiers),
            (_("Orders"), self.orders),
            (_("Requests waiting to be loaded"), self.waiting),
            (_("Open dead letters"), self.dead_letters),
            (_("Today of the figures"), self.today),
            (_("Last fact received"), self.last_received),
            (_("Last refresh"), self.last_refresh),
            (_("Archive, bytes"), self.archive_bytes),
            (_("Engine, bytes"), self.engine_bytes),
        ]


@dataclass(frozen=True)
class Finding:
    """One thing the doctor looked at."""

    check: str
    good: bool
    sentence: str
    values: Mapping[str, object] = field(default_factory=dict)
