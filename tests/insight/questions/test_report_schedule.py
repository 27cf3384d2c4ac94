"""When a report is due: expectations are days of a calendar, written by hand; and what a definition may say."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dujiang.foundation.definitions import dump_yaml, load_yaml
from dujiang.foundation.errors import InvalidInput
from dujiang.insight.questions.reports import ReportSpec, Schedule, dated

SHANGHAI, NEW_YORK = ZoneInfo("Asia/Shanghai"), ZoneInfo("America/New_York")


def local(text: str, zone: ZoneInfo = SHANGHAI) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=zone)


@pytest.mark.parametrize(
    ("schedule", "now", "last", "coming"),
    [
        (Schedule(every="day", at="09:00"), "2026-11-23 08:59", "2026-11-22 09:00", "2026-11-23 09:00"),
        (Schedule(every="day", at="09:00"), "2026-11-23 09:00", "2026-11-23 09:00", "2026-11-24 09:00"),
        (Schedule(every="day", at="00:00"), "2026-11-23 00:00", "2026-11-23 00:00", "2026-11-24 00:00"),
        (
            Schedule(every="week", day=1, at="09:00"),
            "2026-11-22 23:00",
            "2026-11-16 09:00",
            "2026-11-23 09:00",
        ),  # a Sunday
        (Schedule(every="week", day=7, at="09:00"), "2026-11-23 10:00", "2026-11-22 09:00", "2026-11-29 09:00"),
        (Schedule(every="month", day=31, at="18:30"), "2026-03-01 00:00", "2026-02-28 18:30", "2026-03-31 18:30"),
        (Schedule(every="month", day=31, at="18:30"), "2028-02-29 18:30", "2028-02-29 18:30", "2028-03-31 18:30"),
        (Schedule(every="month", day=30, at="09:00"), "2026-02-27 00:00", "2026-01-30 09:00", "2026-02-28 09:00"),
        (Schedule(every="month", day=31, at="09:00"), "2026-05-01 00:00", "2026-04-30 09:00", "2026-05-31 09:00"),
        (Schedule(every="month", day=1, at="09:00"), "2026-12-31 23:59", "2026-12-01 09:00", "2027-01-01 09:00"),
    ],
)
def test_due_in_the_brands_time_zone(schedule: Schedule, now: str, last: str, coming: str) -> None:
    assert schedule.last_due(local(now), SHANGHAI) == local(last)
    assert schedule.next_due(local(now), SHANGHAI) == local(coming)


def test_the_brands_day_counts_and_not_that_of_utc() -> None:
    """At 09:00 in Shanghai it is 01:00 in UTC, and 01:00 of a Monday is still Sunday there at half past midnight less."""
    schedule = Schedule(every="week", day=1, at="00:30")
    assert schedule.last_due(datetime(2026, 11, 22, 16, 30, tzinfo=UTC), SHANGHAI) == local("2026-11-23 00:30")
    assert schedule.last_due(datetime(2026, 11, 22, 16, 29, tzinfo=UTC), SHANGHAI) == local("2026-11-16 00:30")


def test_a_clock_that_is_put_forward_or_back_loses_and_doubles_nothing() -> None:
    """8 March 2026: 02:00 becomes 03:00; 1 November 2026: 02:00 becomes 01:00."""
    schedule = Schedule(every="day", at="02:30")
    spring = list(schedule.dues(local("2026-03-07 00:00", NEW_YORK), local("2026-03-09 23:00", NEW_YORK), NEW_YORK))
    assert [one.isoformat() for one in spring] == [
        "2026-03-07T07:30:00+00:00", "2026-03-08T07:30:00+00:00", "2026-03-09T06:30:00+00:00",
    ]  # fmt: skip
    early = Schedule(every="day", at="01:30")
    autumn = list(early.dues(local("2026-10-31 00:00", NEW_YORK), local("2026-11-02 23:00", NEW_YORK), NEW_YORK))
    assert [one.isoformat() for one in autumn] == [
        "2026-10-31T05:30:00+00:00", "2026-11-01T05:30:00+00:00", "2026-11-02T06:30:00+00:00",
    ]  # fmt: skip


@given(
    every=st.sampled_from(("day", "week", "month")),
    day=st.integers(1, 7),
    minutes=st.integers(0, 24 * 60 - 1),
    now=st.datetimes(datetime(2020, 1, 1), datetime(2032, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001
    zone=st.sampled_from((SHANGHAI, NEW_YORK, ZoneInfo("Asia/Kathmandu"))),
)
def test_last_and_next_follow_each_other(every: Any, day: int, minutes: int, now: datetime, zone: ZoneInfo) -> None:
    schedule = Schedule(every=every, day=day, at=f"{minutes // 60:02}:{minutes % 60:02}")
    last, coming = schedule.last_due(now, zone), schedule.next_due(now, zone)
    assert last <= now < coming
    assert schedule.last_due(coming, zone) == coming
    assert schedule.last_due(coming - timedelta(microseconds=1), zone) == last
    assert list(schedule.dues(last, coming, zone)) == [coming]


def test_yaml_goes_in_and_out() -> None:
    text = """
kind: report
name: weekly
title: {zh: 运营周报}
owner: 林小满
deputy: 周岚
spec:
  dashboard: week
  questions: [sales]
  when: {every: week, day: 1, at: 10:30}
  to: {email: [team@example.com], wecom: [ops-group]}
"""
    (found,) = load_yaml(text)
    spec = ReportSpec.model_validate(found.spec)
    assert spec.when.at == "10:30"  # YAML reads 10:30 as a number
    assert spec.to.channels == {"email": ("team@example.com",), "wecom": ("ops-group",)}
    assert load_yaml(dump_yaml([found])) == [found]


@pytest.mark.parametrize(
    "spec",
    [
        {},
        {"questions": ["a"], "when": {"at": "24:00"}},
        {"questions": ["a"], "when": {"at": "9"}},
        {"questions": ["a"], "when": {"every": "week", "day": 8}},
        {"questions": ["a"], "when": {"every": "month", "day": 32}},
        {"questions": ["a"], "to": {"email": ["nobody"]}},
        {"questions": ["a"], "to": {"wecom": ["https://qyapi.example.com/cgi-bin/webhook/send?key=x"]}},
        {"questions": ["a"], "to": {"wecom": ["693a91f6-7aac-4bc4-97a0-0ec2affa5aaa"]}},
        {"questions": ["a"], "to": {"dingtalk": ["566cc69da782ec33e42541b09b08551f09fbe864eb8008112e994b43887"]}},
        {"questions": ["../a"]},
    ],
)
def test_what_a_definition_must_not_say(spec: dict[str, Any]) -> None:
    (wanted,) = ({"kind": "report", "name": "r", "spec": spec},)
    with pytest.raises(InvalidInput) as refused:
        load_yaml(str(wanted).replace("'", '"'))
    assert refused.value.code == "definition.invalid"
    for secret in ("693a91f6", "566cc69d", "webhook"):
        assert secret not in refused.value.text("en")


def test_days_are_written_out_as_seen_from_the_day_it_was_due() -> None:
    plain = {"type": "metric", "metrics": ["gmv"], "period": {"preset": "last7"}, "compare": {"preset": "618"}}
    assert dated(plain, date(2026, 11, 23)) == {
        "type": "metric", "metrics": ["gmv"], "period": {"first": "2026-11-16", "last": "2026-11-22"},
        "compare": {"first": "2026-06-01", "last": "2026-06-20"},
    }  # fmt: skip
    rule = {"type": "metric", "metrics": ["gmv"], "period": {"preset": "last_month"}, "compare": "last_year"}
    assert dated(rule, date(2026, 3, 1))["period"] == {"first": "2026-02-01", "last": "2026-02-28"}
    assert dated(rule, date(2026, 3, 1))["compare"] == "last_year"
