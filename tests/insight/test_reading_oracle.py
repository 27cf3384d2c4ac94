"""People in channels on days: one reading for all levels, against counting by hand and against level by level."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import date, timedelta
from typing import Any, NamedTuple

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dujiang.foundation.timewindows import Period, bucket_start
from dujiang.insight import reading
from dujiang.insight.answer import MetricAnswer, MetricQuery
from dujiang.insight.model import Condition

PERIOD = Period(date(2026, 11, 4), date(2026, 11, 15))
METRICS = ("active_users", "visit_conversion", "known_user_share", "cross_channel_share", "visits", "visitors")
KNOWN = (1, 2, 5)


class Day(NamedTuple):
    """What the oracle knows of a person's day in a channel."""

    person: int
    day: date
    channel: str
    visits: int
    orders: int


some_days = st.lists(
    st.builds(
        Day,
        st.integers(1, 6),
        st.integers(0, 40).map(lambda n: date(2026, 10, 20) + timedelta(n)),
        st.sampled_from("abc"),
        st.integers(0, 3),
        st.integers(0, 2),
    ),
    max_size=50,
    unique_by=lambda one: one[:3],
)


def fill(tables: Any, days: list[Day]) -> None:
    tables.clear("person_day", "person", "visit")
    plain = dict.fromkeys(
        ("events", "bounces", "pages", "dwell_ms", "shares", "interactions", "paid_minor", "refunded_minor",
         "conversations", "complaints"), 0,
    )  # fmt: skip
    tables.fill("person_day", [plain | one._asdict() for one in days])
    tables.fill("person", [{"person": who, "known": who in KNOWN, "first_channel": "a"} for who in range(1, 7)])
    tables.fill("visit", [{"person": one.person, "day": one.day, "channel": one.channel} for one in days if one.visits])


def people(days: Iterable[Day]) -> int:
    return len({one.person for one in days})


def active(days: list[Day], within: Iterable[date], channel: str | None) -> tuple[int, int]:
    """Active people of some days and a channel, and those of them who were in several channels on these days."""
    wanted = set(within)
    inside = [one for one in days if one.day in wanted]
    channels: dict[int, set[str]] = defaultdict(set)
    for one in inside:
        channels[one.person].add(one.channel)
    mine = [one for one in inside if channel in (None, one.channel)]
    return people(mine), people(one for one in mine if len(channels[one.person]) > 1)


def every_day(period: Period) -> list[date]:
    return [period.first + timedelta(n) for n in range(period.days)]


def values(answer: MetricAnswer) -> list[Any]:
    rows = sorted(answer.rows, key=lambda row: row.keys)
    return [answer.totals, [(one.start, one.figures) for one in answer.line], [(row.keys, row.figures) for row in rows]]


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(some_days)
def test_people_of_totals_line_and_rows_equal_counting_by_hand(tables: Any, make_service: Any, days: list[Day]) -> None:
    fill(tables, days)
    answer = make_service(tables).query(MetricQuery(METRICS, PERIOD, "previous", "week", ("channel",)))
    now, several = active(days, every_day(PERIOD), None)
    assert (answer.totals["active_users"].value or 0) == now
    assert (answer.totals["cross_channel_share"].value or 0) == (several / now if now else 0)
    for point in answer.line:
        inside = [day for day in every_day(PERIOD) if bucket_start(day, "week") == point.start]
        assert (point.figures["active_users"].value or 0) == active(days, inside, None)[0]
    for row in answer.rows:
        mine, several = active(days, every_day(PERIOD), row.keys[0])
        assert (row.figures["active_users"].value or 0) == mine
        assert (row.figures["cross_channel_share"].value or 0) == (several / mine if mine else 0)


@pytest.mark.parametrize("compare", ["none", "previous", Period(date(2026, 11, 1), date(2026, 11, 6))])
@pytest.mark.parametrize("where", [(), (Condition(column="channel", op="among", value=("a", "b")),)])
@settings(max_examples=4, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(days=some_days)
def test_one_reading_says_what_every_level_says_for_itself(
    tables: Any, make_service: Any, days: list[Day], compare: Any, where: tuple[Condition, ...]
) -> None:
    fill(tables, days)
    service = make_service(tables)
    query = MetricQuery(METRICS, PERIOD, compare, "day", ("channel",), where)
    at_once = values(service.query(query))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(reading, "ROWS_MAX", -1)
        assert values(service.query(query)) == at_once
        patch.setattr(reading, "_TABLES", ())
        assert values(service.query(query)) == at_once
