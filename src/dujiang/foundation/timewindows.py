"""Days, weeks and periods as an operations person counts them: in the brand's time zone, weeks from Monday."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Final, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from dujiang.foundation.errors import InvalidInput
from dujiang.foundation.i18n import _

Grain = Literal["day", "week", "month"]
Comparison = Literal["previous", "last_year", "weekday", "none"]

DEFAULT_ZONE: Final = "Asia/Shanghai"
FIRST_DAY: Final = date(1900, 1, 1)
LAST_DAY: Final = date(2199, 12, 31)
"""Beyond these a date is a slip of the keyboard, and calendars begin to run over."""


def zone(name: str = DEFAULT_ZONE) -> ZoneInfo:
    """The time zone called ``name``.

    Raises:
        InvalidInput: ``time.unknown_zone``.
    """
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        sentence = _("“{value}” is not a time zone. Use a name such as Asia/Shanghai.")
        raise InvalidInput("time.unknown_zone", sentence, value=name) from None


def day_of(moment: datetime, in_zone: ZoneInfo) -> date:
    """The calendar day of a timezone-aware moment, as seen in ``in_zone``."""
    return moment.astimezone(in_zone).date()


def check_day(day: date) -> None:
    """Refuse a day that is a slip of the keyboard.

    Raises:
        InvalidInput: ``time.out_of_range``.
    """
    if not FIRST_DAY <= day <= LAST_DAY:
        sentence = _("{day} lies outside {first} to {last}. Correct the date.")
        raise InvalidInput("time.out_of_range", sentence, day=str(day), first=str(FIRST_DAY), last=str(LAST_DAY))


@dataclass(frozen=True, order=True)
class Period:
    """Whole days from ``first`` to ``last``, both included.

    >>> Period(date(2026, 11, 1), date(2026, 11, 11)).days
    11
    """

    first: date
    last: date

    def __post_init__(self) -> None:
        if self.last < self.first:
            sentence = _("The period ends ({last}) before it begins ({first}). Swap the two dates.")
            raise InvalidInput("time.period_backwards", sentence, first=str(self.first), last=str(self.last))
        for day in (self.first, self.last):
            check_day(day)

    @property
    def days(self) -> int:
        """Number of days, at least 1."""
        return (self.last - self.first).days + 1

    def shifted(self, days: int) -> Period:
        """The same length, ``days`` later (earlier if negative)."""
        return Period(self.first + timedelta(days), self.last + timedelta(days))

    def moments(self, in_zone: ZoneInfo) -> tuple[datetime, datetime]:
        """Start (included) and end (excluded) as moments in UTC."""
        start = datetime.combine(self.first, time(), in_zone)
        end = datetime.combine(self.last + timedelta(1), time(), in_zone)
        return start.astimezone(UTC), end.astimezone(UTC)

    def compared(self, comparison: Comparison) -> Period | None:
        """The earlier period to hold this one against; None for ``none``.

        ``previous`` is the same number of days just before; ``last_year`` the same dates a year ago (29 February is
        then the 28th); ``weekday`` the same weekdays 52 weeks ago.

        >>> Period(date(2026, 11, 9), date(2026, 11, 15)).compared("previous")
        Period(first=datetime.date(2026, 11, 2), last=datetime.date(2026, 11, 8))
        """
        if comparison == "none":
            return None
        if comparison == "previous":
            return self.shifted(-self.days)
        if comparison == "weekday":
            return self.shifted(-364)
        return Period(_year_before(self.first), _year_before(self.last))

    def buckets(self, grain: Grain) -> list[date]:
        """First day of every bucket that the period touches, in order.

        >>> Period(date(2026, 11, 1), date(2026, 11, 3)).buckets("week")
        [datetime.date(2026, 10, 26), datetime.date(2026, 11, 2)]
        """
        starts = [bucket_start(self.first, grain)]
        while (following := following_start(starts[-1], grain)) <= self.last:
            starts.append(following)
        return starts


def bucket_start(day: date, grain: Grain) -> date:
    """First day of the day, week (Monday) or month that ``day`` lies in."""
    if grain == "week":
        return day - timedelta(day.weekday())
    return day.replace(day=1) if grain == "month" else day


def following_start(start: date, grain: Grain) -> date:
    """First day of the bucket after the one that begins on ``start``."""
    if grain == "month":
        return (start + timedelta(32)).replace(day=1)
    return start + timedelta(7 if grain == "week" else 1)


def _year_before(day: date) -> date:
    try:
        return day.replace(year=day.year - 1)
    except ValueError:
        return day.replace(year=day.year - 1, day=28)


PRESETS: Final = (
    "yesterday", "last7", "last30", "last90", "last365", "this_month", "last_month", "this_year", "618", "double11",
)  # fmt: skip


def preset(name: str, today: date) -> Period:
    """A period by the name people give it; days up to yesterday, because today is not over.

    ``618`` is 1–20 June and ``double11`` 20 October to 11 November, each the last one that has begun.

    Raises:
        InvalidInput: ``time.unknown_preset``.

    >>> preset("last7", date(2026, 11, 23))
    Period(first=datetime.date(2026, 11, 16), last=datetime.date(2026, 11, 22))
    """
    yesterday = today - timedelta(1)
    month = today.replace(day=1)
    if name == "yesterday":
        return Period(yesterday, yesterday)
    if name.startswith("last") and name[4:].isdecimal() and len(name) <= len("last9999"):
        return Period(today - timedelta(int(name[4:])), yesterday)
    if name == "this_month":
        return Period(month, max(month, yesterday))
    if name == "last_month":
        return Period((month - timedelta(1)).replace(day=1), month - timedelta(1))
    if name == "this_year":
        return Period(today.replace(month=1, day=1), max(today.replace(month=1, day=1), yesterday))
    if name in _PROMOTIONS:
        return promotion(name, today)
    sentence = _("“{value}” is not a known period. Choose one of {known}.")
    raise InvalidInput("time.unknown_preset", sentence, value=name, known=", ".join(PRESETS))


_PROMOTIONS: Final = {"618": ((6, 1), (6, 20)), "double11": ((10, 20), (11, 11))}


def promotion(name: str, today: date) -> Period:
    """The last run of a promotion (``618`` or ``double11``) that has begun by ``today``."""
    (first_month, first_day), (last_month, last_day) = _PROMOTIONS[name]
    year = today.year if today >= date(today.year, first_month, first_day) else today.year - 1
    return Period(date(year, first_month, first_day), date(year, last_month, last_day))


def promotions_within(period: Period) -> list[tuple[str, Period]]:
    """Every promotion that overlaps ``period``, oldest first: the built-in calendar for charts."""
    found = []
    for year in range(period.first.year, period.last.year + 1):
        for name, ((first_month, first_day), (last_month, last_day)) in _PROMOTIONS.items():
            run = Period(date(year, first_month, first_day), date(year, last_month, last_day))
            if run.first <= period.last and run.last >= period.first:
                found.append((name, run))
    return found
