"""Period, comparison and channels are read from the address."""

from __future__ import annotations

from datetime import date

import pytest
from starlette.datastructures import QueryParams

from dujiang.console.filters import read_scope
from dujiang.foundation.errors import InvalidInput
from dujiang.foundation.timewindows import Period

TODAY = date(2026, 11, 23)


def test_nothing_said_is_the_last_thirty_days_against_the_thirty_before() -> None:
    scope = read_scope(QueryParams(""), TODAY)
    assert scope.period == Period(date(2026, 10, 24), date(2026, 11, 22))
    assert scope.compared == Period(date(2026, 9, 24), date(2026, 10, 23))
    assert (scope.channels, scope.grain) == ((), "day")


def test_days_win_over_a_preset() -> None:
    scope = read_scope(
        QueryParams("period=last7&from=2026-11-01&to=2026-11-11&channel=tmall&channel=jd&channel=tmall"), TODAY
    )
    assert (scope.name, scope.period) == ("", Period(date(2026, 11, 1), date(2026, 11, 11)))
    assert scope.channels == ("tmall", "jd")


def test_a_promotion_is_held_against_its_last_run() -> None:
    scope = read_scope(QueryParams("period=double11"), TODAY)
    assert scope.compared == Period(date(2025, 10, 20), date(2025, 11, 11))


def test_long_periods_are_drawn_in_weeks_and_months() -> None:
    assert read_scope(QueryParams("from=2026-01-01&to=2026-11-01"), TODAY).grain == "week"
    assert read_scope(QueryParams("from=2023-01-01&to=2026-11-01"), TODAY).grain == "month"


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("period=someday", "time.unknown_preset"),
        ("compare=mars", "time.unknown_comparison"),
        ("from=2026-13-01&to=2026-11-01", "time.not_a_day"),
        ("from=2026-11-02&to=2026-11-01", "time.period_backwards"),
    ],
)
def test_nonsense_is_named(query: str, code: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        read_scope(QueryParams(query), TODAY)
    assert caught.value.code == code
