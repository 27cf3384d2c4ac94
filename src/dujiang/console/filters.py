"""What a reader chose to look at: period, comparison and channels. It lives in the address and nowhere else."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final, cast, get_args

from starlette.datastructures import QueryParams

from dujiang.foundation.errors import InvalidInput
from dujiang.foundation.i18n import _
from dujiang.foundation.timewindows import PRESETS, Comparison, Grain, Period, check_day, preset

PERIOD_NAMES: Final[Mapping[str, str]] = {
    "yesterday": _("Yesterday"),
    "last7": _("Last 7 days"),
    "last30": _("Last 30 days"),
    "last90": _("Last 90 days"),
    "last365": _("Last 365 days"),
    "this_month": _("This month"),
    "last_month": _("Last month"),
    "this_year": _("This year"),
    "618": _("618"),
    "double11": _("Double 11"),
}
COMPARISON_NAMES: Final[Mapping[str, str]] = {
    "previous": _("the period before"),
    "weekday": _("the same weekdays a year ago"),
    "last_year": _("the same dates last year"),
    "none": _("no comparison"),
}
DEFAULT_PERIOD: Final = "last30"
_DIGITS_MAX: Final = 18
"""Of a whole number: what fits into 64 bits, as stores hold numbers."""


@dataclass(frozen=True)
class Scope:
    """The reader's choice.

    Attributes:
        name: preset's name; empty for a period given by dates.
        period: the days.
        comparison: what it is held against.
        channels: definition names; empty for all.
        against: days of their own that it is held against, such as another promotion; None: what ``comparison`` says.
    """

    name: str
    period: Period
    comparison: Comparison
    channels: tuple[str, ...]
    against: Period | None = None

    @property
    def compared(self) -> Period | None:
        """The earlier period, if any."""
        return self.against or self.period.compared(self.comparison)

    @property
    def grain(self) -> Grain:
        """How fine a trend is drawn: days up to four months, then weeks, then months."""
        if self.period.days <= 124:
            return "day"
        return "week" if self.period.days <= 550 else "month"


def read_scope(query: QueryParams, today: date, default: str = DEFAULT_PERIOD) -> Scope:
    """The choice that an address states; the ``default`` period against the one before where it says nothing.

    Raises:
        InvalidInput: ``time.unknown_preset``, ``time.not_a_day``, ``time.period_backwards`` or
            ``time.unknown_comparison``.
    """
    name, period = _period(query, today, default)
    return Scope(name, period, _comparison(query, name), tuple(dict.fromkeys(filter(None, query.getlist("channel")))))


def _period(query: QueryParams, today: date, default: str) -> tuple[str, Period]:
    if query.get("from") or query.get("to"):
        first = read_day(query.get("from") or query["to"])
        return "", Period(first, read_day(query.get("to") or query["from"]))
    name = query.get("period") or default
    return name, preset(name, today)


def _comparison(query: QueryParams, period_name: str) -> Comparison:
    # A promotion is held against its own last run: nothing else is like it.
    wanted = query.get("compare") or ("last_year" if period_name in ("618", "double11") else "previous")
    if wanted not in get_args(Comparison):
        sentence = _("“{value}” is not a comparison. Choose one of {known}.")
        raise InvalidInput("time.unknown_comparison", sentence, value=wanted, known=", ".join(get_args(Comparison)))
    return cast(Comparison, wanted)


def read_day(text: str) -> date:
    """A day written as 2026-11-11.

    Raises:
        InvalidInput: ``time.not_a_day``, or ``time.out_of_range``.
    """
    try:
        day = date.fromisoformat(text)
    except ValueError:
        sentence = _("“{value}” is not a day. Write it as 2026-11-11.")
        raise InvalidInput("time.not_a_day", sentence, value=text[:20]) from None
    check_day(day)
    return day


def read_whole(text: str) -> int | None:
    """A whole number as somebody types it, full-width digits included; None for all else, and for more than 18 digits.

    >>> read_whole("31"), read_whole("３１"), read_whole("-1"), read_whole("9" * 19)
    (31, 31, None, None)
    """
    return int(text) if text.isdecimal() and len(text) <= _DIGITS_MAX else None


def read_json(text: str) -> Any:
    """What a JSON text holds; None where it is none, or nested too deep.

    >>> read_json("[1]"), read_json("{"), read_json("9" * 5_000)
    ([1], None, None)
    """
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


assert set(PERIOD_NAMES) == set(PRESETS)
