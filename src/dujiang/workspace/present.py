"""The brand's present: the day that is *today* for its figures.

A brand whose files end last month, or in 2017, has no “last 30 days” as of the real today. Its figures, stages, predictions
and segments then look from an earlier day. Everything that is about the system itself (sessions, leases, jobs, audit log,
journal, outbox, completeness) goes by the real clock always.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Final, Literal
from zoneinfo import ZoneInfo

from duckdb import DuckDBPyConnection

from dujiang.engine.question import Answers
from dujiang.foundation.clock import Clock
from dujiang.foundation.definitions import Definition, Spec, register
from dujiang.foundation.errors import InvalidInput
from dujiang.foundation.i18n import _
from dujiang.foundation.timewindows import FIRST_DAY, LAST_DAY, day_of

KIND: Final = "present"
NAME: Final = "brand"

_NEWEST: Final = """
    SELECT max(day) FROM (
        SELECT day FROM person_day UNION ALL SELECT day FROM orders
        UNION ALL SELECT day FROM spend_day UNION ALL SELECT day FROM traffic_day
    ) WHERE day <= $today
"""


class PresentSpec(Spec):
    """Which day is today for the figures; definition kind ``present``, name ``brand``.

    Attributes:
        day: ``today``: the calendar's. ``newest``: the newest day of which there are data. Or a day of its own, to whose end
            the figures look. Days that have not come yet count as today.
    """

    day: date | Literal["today", "newest"] = "today"


register(KIND, PresentSpec)


def presets() -> tuple[Definition, ...]:
    """The present that comes with Dujiang."""
    title = {"zh": "数据的“今天”", "en": "Today of the figures"}
    told = {
        "zh": "看板、生命周期、价值、预测和人群以哪一天为“今天”。数据在过去结束的品牌可设为 newest（最新数据那天）或某个日期。",
        "en": "The day that dashboard, life cycle, value, predictions and segments take for today. A brand whose data end in"
        " the past sets newest (the day of the newest data) or a day.",
    }
    return (Definition(kind=KIND, name=NAME, title=title, description=told, spec=PresentSpec().model_dump()),)


@dataclass(frozen=True)
class Presence:
    """Which day is today for the figures.

    Attributes:
        today: the day.
        chosen: ``today``, ``newest``, or the day that was set.
        calendar: the day by the calendar.
    """

    today: date
    chosen: date | Literal["today", "newest"]
    calendar: date

    @property
    def elsewhere(self) -> date | None:
        """The day if it is another than the calendar's, else None."""
        return None if self.today == self.calendar else self.today


def changed(before: Definition, day: str) -> Definition:
    """The definition with another day, to be applied.

    Args:
        before: what is in force.
        day: ``today``, ``newest`` or a day as YYYY-MM-DD.

    Raises:
        InvalidInput: ``present.bad_day``.
    """
    if day not in ("today", "newest") and not _is_day(day):
        sentence = _("“{value}” is no present. Say today, newest, or a day such as 2026-11-11.")
        raise InvalidInput("present.bad_day", sentence, value=day[:40])
    return before.model_copy(update={"spec": {"day": day}, "status": "active"})


def _is_day(text: str) -> bool:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return False
    return text == day.isoformat() and FIRST_DAY <= day <= LAST_DAY


class Present:
    """A clock that shows the brand's present; for figures only.

    Args:
        clock: the real one.
        zone: the brand's time zone.
        spec: what is defined, asked for at every look.
        answers: the engine, which knows the newest day.
    """

    def __init__(self, clock: Clock, zone: ZoneInfo, spec: Callable[[], PresentSpec], answers: Answers) -> None:
        self._clock, self._zone, self._spec, self._answers = clock, zone, spec, answers
        self._generation = 0
        self._newest: tuple[int, date | None] | None = None

    def now(self) -> datetime:
        """The present moment: the real one, or the end of an earlier day."""
        chosen = self._spec().day
        return self._moment(self._remembered() if chosen == "newest" else chosen)

    def at(self, con: DuckDBPyConnection) -> datetime:
        """The present moment by what ``con`` sees: a refresh asks in its own transaction."""
        chosen = self._spec().day
        return self._moment(self._newest_of(con) if chosen == "newest" else chosen)

    def monotonic(self) -> float:
        """Seconds on a clock that never goes back."""
        return self._clock.monotonic()

    def day(self) -> date:
        """The day that is today for the figures."""
        return day_of(self.now(), self._zone)

    def state(self) -> Presence:
        """The same, with what was chosen and the calendar's day."""
        return Presence(self.day(), self._spec().day, day_of(self._clock.now(), self._zone))

    def forget(self, _report: object = None) -> None:
        """Facts came or went: find the newest day out again when asked."""
        self._generation += 1

    def _remembered(self) -> date | None:
        known, generation = self._newest, self._generation
        if known is None or known[0] != generation:
            with self._answers.read() as con:
                known = self._newest = generation, self._newest_of(con)
        return known[1]

    def _newest_of(self, con: DuckDBPyConnection) -> date | None:
        today = day_of(self._clock.now(), self._zone)
        return con.execute(_NEWEST, {"today": today}).fetchall()[0][0]

    def _moment(self, day: date | str | None) -> datetime:
        now = self._clock.now()
        if isinstance(day, date) and day < day_of(now, self._zone):
            return _end(day, self._zone)
        return now


def _end(day: date, zone: ZoneInfo) -> datetime:
    """The last moment of ``day``.

    >>> _end(date(2017, 12, 30), ZoneInfo("America/New_York")).isoformat()
    '2017-12-31T04:59:59.999999+00:00'
    """
    return datetime.combine(day + timedelta(1), time(), zone).astimezone(UTC) - timedelta(microseconds=1)
