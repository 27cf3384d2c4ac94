"""Days, periods, channels and whole numbers as callers send them, kept within what calendars and answers can hold."""

from __future__ import annotations

import re
from datetime import date, datetime
from typing import Annotated, Final

from fastapi import Query
from pydantic import BeforeValidator, Field

from dujiang.foundation.errors import InvalidInput
from dujiang.foundation.i18n import _
from dujiang.foundation.timewindows import Period

PERIOD_DAYS_MAX: Final = 3_660
"""Ten years."""
_DAY: Final = re.compile(r"\d{4}-\d{2}-\d{2}")
_MOMENT: Final = re.compile(_DAY.pattern + "[Tt ]")


def _is_day(value: object) -> object:
    if not isinstance(value, str) or not _DAY.fullmatch(value):
        raise ValueError("a day is written YYYY-MM-DD")
    return value


def _is_moment(value: object) -> object:
    if not isinstance(value, str) or not _MOMENT.match(value):
        raise ValueError("a moment is written YYYY-MM-DDThh:mm:ssZ")
    return value


def _is_whole(value: object) -> object:
    if isinstance(value, bool | str):
        raise ValueError("a whole number is expected")
    return value


def _is_number(value: object) -> object:
    if isinstance(value, bool | str):
        raise ValueError("a number is expected")
    return value


IsWhole: Final = BeforeValidator(_is_whole)
"""In a body only a number is a number: neither a text nor a truth value that could be read as one."""

IsNumber: Final = BeforeValidator(_is_number)
"""The same for numbers with a fraction."""

Day = Annotated[date, BeforeValidator(_is_day)]
"""A day, and not a moment or a number of seconds that could be read as one."""


Moment = Annotated[datetime, BeforeValidator(_is_moment)]
"""A moment, and not a number of seconds that could be read as one."""

Channels = Annotated[list[Annotated[str, Field(min_length=1, max_length=80)]] | None, Query(max_length=50)]
"""Channels in an address, one ``channel=`` each."""


def asked_period(first: date, last: date, days_max: int = PERIOD_DAYS_MAX) -> Period:
    """The period from ``first`` to ``last``, both included.

    Raises:
        InvalidInput: ``time.out_of_range``, ``time.period_backwards`` or ``time.period_too_long``.
    """
    period = Period(first, last)
    if period.days > days_max:
        sentence = _("{days} days are more than {bound}. Ask for a shorter period.")
        raise InvalidInput("time.period_too_long", sentence, days=period.days, bound=days_max)
    return period


def checked_day(day: date) -> date:
    """``day``, if something can have happened on it.

    Raises:
        InvalidInput: ``time.out_of_range``.
    """
    return Period(day, day).first


def checked_moment(moment: datetime) -> datetime:
    """``moment``, if something can have happened then; errors as :func:`checked_day`."""
    checked_day(moment.date())
    return moment
