"""What a person did, as one number, text or day: the statistic that tags, segments and models are made of.

>>> bought = Statistic(source="orders", aggregate="sum", column="paid_minor", window=Window(days=90))
>>> bought.kind, bought.absent
('number', 0)

:mod:`dujiang.people.counting` computes many of them in one pass.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cached_property
from typing import Final, Literal, Self
from zoneinfo import ZoneInfo

from pydantic import Field, model_validator

from dujiang.foundation.definitions import Spec
from dujiang.foundation.errors import InvalidInput
from dujiang.foundation.i18n import _
from dujiang.foundation.timewindows import Period, bucket_start, day_of, promotion
from dujiang.people.comparison import Kind, Where

Source = Literal["events", "orders", "order_lines", "visits", "refunds", "conversations"]
Aggregate = Literal[
    "count", "sum", "avg", "min", "max", "first", "last", "distinct", "mode", "days_since_first", "days_since_last"
]
Named = Literal[
    "today", "yesterday", "this_week", "last_week", "this_month", "last_month", "this_year", "last_year", "618",
    "double11",
]  # fmt: skip

PROPERTY: Final = "properties."
_PROPERTY_NAME: Final = re.compile(r"[^\x00]{1,100}")
WHERE_MAX: Final = 10
WINDOW_DAYS_MAX: Final = 3_650

_CLOCK: Final[dict[str, Kind]] = {"hour": "number", "weekday": "number"}
"""Hour (0–23) and weekday (1 Monday – 7 Sunday), as the brand's clocks and calendars show it."""

COLUMNS: Final[dict[Source, dict[str, Kind]]] = {
    "events": {
        "name": "text", "kind": "text", "channel": "text", "source": "text", "page": "text", "page_title": "text",
        "content_id": "text", "referrer": "text", "utm_source": "text", "utm_medium": "text", "utm_campaign": "text",
        "device": "text", "dwell_ms": "number", "scroll_pct": "number", "value_minor": "number", "day": "day", **_CLOCK,
    },
    "orders": {
        "channel": "text", "shop": "text", "status": "text", "gross_minor": "number", "freight_minor": "number",
        "discount_minor": "number", "paid_minor": "number", "lines": "number", "units": "number", "store": "text",
        "guide": "text", "promoter": "text", "traffic_source": "text", "coupon": "text", "province": "text",
        "city": "text", "nth": "number", "day": "day", **_CLOCK,
    },
    "order_lines": {
        "channel": "text", "shop": "text", "status": "text", "product_id": "text", "sku_id": "text", "product": "text",
        "category": "text", "units": "number", "gross_minor": "number", "discount_minor": "number",
        "paid_minor": "number", "day": "day", **_CLOCK,
    },
    "visits": {
        "channel": "text", "events": "number", "pages": "number", "dwell_ms": "number", "scroll_pct": "number",
        "entry_page": "text", "exit_page": "text", "device": "text", "referrer": "text", "utm_source": "text",
        "utm_medium": "text", "utm_campaign": "text", "bounced": "yes", "day": "day", **_CLOCK,
    },
    "refunds": {"channel": "text", "shop": "text", "amount_minor": "number", "reason": "text", "day": "day"},
    "conversations": {
        "channel": "text", "agent": "text", "topic": "text", "first_response_ms": "number", "resolution_ms": "number",
        "complaint": "yes", "rating": "number", "day": "day", **_CLOCK,
    },
}  # fmt: skip
"""The columns of each source that may be compared and aggregated, and their kinds; money is in minor units.

Orders count when they are valid; a statistic whose ``where`` names ``status`` says itself which. What was given back is
in ``refunds``, on its own day, so that looking back at an earlier day does not see it too early.
"""

_PLAIN: Final = ("count", "days_since_first", "days_since_last")
_ADDED: Final = ("sum", "avg")
_ORDERED: Final = ("min", "max")


class Window(Spec):
    """Which days count; all of them where nothing is given. Days are the brand's, and today counts as far as it has come.

    Attributes:
        days: today and so many days before it.
        until_days: the days end so many days ago: ``days: 60, until_days: 30`` is the month before the last.
        first: the first day.
        last: the last day, included.
        period: a period by its name; ``618`` and ``double11`` are the last ones that have begun.
    """

    days: int | None = Field(default=None, ge=0, le=WINDOW_DAYS_MAX)
    until_days: int = Field(default=0, ge=0, le=WINDOW_DAYS_MAX)
    first: date | None = None
    last: date | None = None
    period: Named | None = None

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        ways = (self.days is not None or self.until_days > 0, bool(self.first or self.last), self.period is not None)
        if sum(ways) > 1:
            raise ValueError(_("a window has days, or first and last, or a period; choose one of them"))
        if self.days is not None and self.until_days > self.days:
            raise ValueError(_("the window ends before it begins; make until_days smaller than days"))
        if self.first and self.last:
            Period(self.first, self.last)
        return self

    @property
    def moves(self) -> bool:
        """Whether the same window means other days tomorrow."""
        return self.days is not None or self.until_days > 0 or self.period is not None

    def bounds(self, today: date) -> tuple[date | None, date | None]:
        """First and last day, both included; None where it is open.

        >>> Window(days=7).bounds(date(2026, 11, 11))
        (datetime.date(2026, 11, 4), None)
        >>> Window(period="last_month").bounds(date(2026, 11, 11))
        (datetime.date(2026, 10, 1), datetime.date(2026, 10, 31))
        """
        if self.period is not None:
            named = _named(self.period, today)
            return named.first, named.last
        if self.days is None and not self.until_days:
            return self.first, self.last
        first = None if self.days is None else today - timedelta(self.days)
        return first, today - timedelta(self.until_days) if self.until_days else None


class Statistic(Spec):
    """One statistic of what a person did.

    Attributes:
        source: which doings.
        where: conditions on their columns; all of them hold. Of events also ``properties.<name>``.
        window: on which days.
        aggregate: what is made of them. ``first``, ``last`` and ``mode`` give a value of ``column``, ``distinct`` how many
            different ones there are; ``days_since_…`` count from the brand's day of the moment asked for.
        column: what is aggregated; none for ``count`` and ``days_since_…``.
    """

    source: Source
    where: tuple[Where, ...] = Field(default=(), max_length=WHERE_MAX)
    window: Window = Window()
    aggregate: Aggregate = "count"
    column: str = ""

    @model_validator(mode="after")
    def _sound(self) -> Self:
        for one in self.where:
            one.fits(column_kind(self.source, one.column))
        if (self.aggregate in _PLAIN) == bool(self.column):
            sentence = (
                _("the aggregate {name} needs no column") if self.column else _("the aggregate {name} needs a column")
            )
            raise InvalidInput("condition.aggregate", sentence, name=self.aggregate)
        if self.column:
            _aggregable(self.aggregate, self.column, column_kind(self.source, self.column))
        return self

    @cached_property
    def kind(self) -> Kind:
        """What its value is."""
        if self.aggregate in (*_PLAIN, *_ADDED, "distinct"):
            return "number"
        kind = column_kind(self.source, self.column)
        if kind == "any":
            return "number" if self.aggregate in _ORDERED else "text"
        return kind

    @property
    def absent(self) -> int | None:
        """Its value for a person who did nothing of the sort: 0 for what is counted or summed, else none."""
        return 0 if self.aggregate in ("count", "sum", "distinct") else None


@dataclass(frozen=True)
class AsOf:
    """The moment at which people are looked at: only what happened before ``at`` counts.

    Attributes:
        at: an aware moment, excluded.
        zone: the brand's time zone.
    """

    at: datetime
    zone: ZoneInfo

    @cached_property
    def today(self) -> date:
        """The brand's day of that moment."""
        return day_of(self.at, self.zone)

    @property
    def whole_milliseconds(self) -> AsOf:
        """The moment without its fraction of a millisecond, which is how far timelines tell moments apart."""
        return AsOf(self.at.replace(microsecond=self.at.microsecond // 1000 * 1000), self.zone)


def column_kind(source: Source, column: str) -> Kind:
    """What a source's column holds.

    Raises:
        ValueError: the source has no such column.
    """
    if source == "events" and column.startswith(PROPERTY):
        if not _PROPERTY_NAME.fullmatch(column.removeprefix(PROPERTY)):
            raise ValueError(_("the name of a property has 1 to 100 characters"))
        return "any"
    known = COLUMNS[source]
    if column not in known:
        sentence = _("{source} have no column “{column}”; they have {known}")
        raise InvalidInput("condition.column", sentence, source=source, column=column[:80], known=", ".join(known))
    return known[column]


def _aggregable(aggregate: Aggregate, column: str, kind: Kind) -> None:
    fits = {**dict.fromkeys(_ADDED, ("number", "any")), **dict.fromkeys(_ORDERED, ("number", "any", "day"))}
    if kind not in fits.get(aggregate, (kind,)):
        sentence = _("the aggregate {name} does not go with {column}")
        raise InvalidInput("condition.aggregate", sentence, name=aggregate, column=column)


def _named(name: Named, today: date) -> Period:
    week, month = bucket_start(today, "week"), bucket_start(today, "month")
    month_before = bucket_start(month - timedelta(1), "month")
    if name in ("618", "double11"):
        return promotion(name, today)
    return {
        "today": lambda: Period(today, today),
        "yesterday": lambda: Period(today - timedelta(1), today - timedelta(1)),
        "this_week": lambda: Period(week, today),
        "last_week": lambda: Period(week - timedelta(7), week - timedelta(1)),
        "this_month": lambda: Period(month, today),
        "last_month": lambda: Period(month_before, month - timedelta(1)),
        "this_year": lambda: Period(date(today.year, 1, 1), today),
        "last_year": lambda: Period(date(today.year - 1, 1, 1), date(today.year - 1, 12, 31)),
    }[name]()
