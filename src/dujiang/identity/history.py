"""Identity quality day by day. What was measured on a past day cannot be computed again, so it is kept in the store."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, insert, select, update

from dujiang.engine.question import Answers
from dujiang.engine.refresh import RefreshReport
from dujiang.foundation.clock import Clock
from dujiang.identity.model import Resolution
from dujiang.identity.quality import ChannelMatch, Quality, quality
from dujiang.store.database import Database
from dujiang.store.tables import identity_day

MEASURED_EVERY: Final = timedelta(hours=1)
"""How old the measurement of the present day may become; measuring reads every identifier."""
_T: Final = identity_day.c


@dataclass(frozen=True)
class QualityDay:
    """Identity on one day, as it was measured last.

    Attributes:
        day: the brand's day.
        at: when it was measured last.
        ended: numbers of people that ended on the day, because the person became part of another.
        identifiers: identifiers seen until then.
        persons: people.
        shared: identifiers that belong to nobody.
        conflicts: links that a limit refused.
        recycled: numbers that had several owners.
        largest: identifiers of the person with most.
        completeness: mean filled share of the profile of known people; None where nobody was known.
        over_merge_rate: estimated share of people who are two (:attr:`Quality.over_merge_rate`); None where unknown.
        channels: how people of each channel were recognised.
    """

    day: date
    at: datetime
    ended: int
    identifiers: int
    persons: int
    shared: int
    conflicts: int
    recycled: int
    largest: int
    completeness: float | None
    over_merge_rate: float | None
    channels: tuple[ChannelMatch, ...]

    @property
    def churn(self) -> float | None:
        """Share of people whose number ended on the day; None where there was nobody."""
        before = self.persons + self.ended
        return self.ended / before if before else None


class QualityHistory:
    """Called after every refresh.

    Args:
        database: the store.
        answers: the engine.
        clock: says when.
        zone: the brand's zone.
    """

    def __init__(self, database: Database, answers: Answers, clock: Clock, zone: ZoneInfo) -> None:
        self._database, self._answers, self._clock, self._zone = database, answers, clock, zone

    def __call__(self, report: RefreshReport) -> None:
        """Count what the refresh ended, and measure if the day's measurement is old."""
        now = self._clock.now()
        day = now.astimezone(self._zone).date()
        found = report.resolution
        ended = len({one.absorbed for one in found.merges}) if isinstance(found, Resolution) else 0
        with self._database.read() as rx:
            last = rx.execute(select(_T.at).where(_T.day == day)).scalar()
        if last is not None and now - last < MEASURED_EVERY and not ended:
            return
        body = self._measured() if last is None or now - last >= MEASURED_EVERY else None
        with self._database.transaction() as tx:
            _keep(tx, day, now, ended, body)

    def days(self, first: date, last: date) -> list[QualityDay]:
        """What was measured from ``first`` to ``last``; days without a refresh are missing."""
        query = select(identity_day).where(_T.day.between(first, last)).order_by(_T.day)
        with self._database.read() as rx:
            return [_day(row.day, row.at, row.ended, row.body) for row in rx.execute(query)]

    def recent(self, days: int) -> list[QualityDay]:
        """What was measured in the last ``days`` days, the present one included."""
        today = self._clock.now().astimezone(self._zone).date()
        return self.days(today - timedelta(days - 1), today)

    def _measured(self) -> dict[str, Any]:
        with self._answers.read() as con:
            return _body(quality(con))


def _body(found: Quality) -> dict[str, Any]:
    plain = ("identifiers", "persons", "conflicts", "recycled", "completeness", "over_merge_rate")
    return {name: getattr(found, name) for name in plain} | {
        "shared": sum(found.shared.values()),
        "largest": found.largest[0][1] if found.largest else 0,
        "channels": [asdict(one) for one in found.channels],
    }


def _keep(tx: Connection, day: date, now: datetime, ended: int, body: dict[str, Any] | None) -> None:
    measured = {} if body is None else {"at": now, "body": body}
    changed = update(identity_day).where(_T.day == day).values(ended=_T.ended + ended, **measured)
    if not tx.execute(changed).rowcount:
        tx.execute(insert(identity_day).values(day=day, ended=ended, **measured))


def _day(day: date, at: datetime, ended: int, body: dict[str, Any]) -> QualityDay:
    channels = tuple(ChannelMatch(**one) for one in body["channels"])
    return QualityDay(day, at, ended, **{**body, "channels": channels})
