"""Days and periods as callers send them, kept within what calendars and answers can hold."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Final

from pydantic import Field

from dujiang.foundation.errors import InvalidInput
from dujiang.foundation.i18n import _
from dujiang.foundation.timewindows import Period

PERIOD_DAYS_MAX: Final = 3_660
"""Ten years."""
_FIRST, _LAST = date(1970, 1, 2), date(2199, 12, 30)

Day = Annotated[date, Field(ge=_FIRST, le=_LAST)]
"""A day on which something can have happened."""


def asked_period(first: date, last: date, days_max: int = PERIOD_DAYS_MAX) -> Period:
    """The period from ``first`` to ``last``, both included.

    Raises:
        InvalidInput: ``time.period_backwards`` or ``time.period_too_long``.
    """
    period = Period(first, last)
    if period.days > days_max:
        sentence = _("{days} days are more than {bound}. Ask for a shorter period.")
        raise InvalidInput("time.period_too_long", sentence, days=period.days, bound=days_max)
    return period


def checked_moment(moment: datetime) -> datetime:
    """``moment``, if it lies on a :data:`Day`."""
    if not _FIRST <= moment.date() <= _LAST:
        raise ValueError(f"has to lie between {_FIRST} and {_LAST}")
    return moment
