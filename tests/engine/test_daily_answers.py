"""Rows by day that are remembered, against asking everything again: after whatever comes, late, corrected or undone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from engine_kit import SHANGHAI, Archive, at, event, refresher
from histories_kit import FACTS, empty
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dujiang.engine.changes import days_since
from dujiang.engine.duck import Engine
from dujiang.engine.question import mark
from dujiang.foundation.clock import FixedClock
from dujiang.foundation.timewindows import Period
from dujiang.insight import service as metric_service
from dujiang.insight.answer import MetricAnswer, MetricQuery
from dujiang.insight.daily import is_by_day
from dujiang.insight.service import MetricService

FIRST = date(2026, 2, 26)
PERIOD = Period(FIRST, FIRST + timedelta(12))
METRICS = (
    "gmv", "net_sales", "buyers", "aov", "refund_rate", "new_customers", "active_users", "visits", "visit_conversion", "cost",
    "complaint_rate", "first_response_p90",
)  # fmt: skip
"""At least one of each table, and of each kind of number."""
NOW = at(60 * 24 * 6)
_STEPS = st.lists(st.tuples(FACTS, st.none() | st.integers(0, 5)), min_size=2, max_size=4)


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    engine = Engine.open(tmp_path_factory.mktemp("engine") / "dujiang.duckdb", memory_mb=512, threads=1)
    yield engine
    engine.close()


def service(engine: Engine, *, remembers: bool) -> MetricService:
    return MetricService(engine, dict, SHANGHAI, FixedClock(NOW), mark if remembers else None)


def question(metrics: MetricService, by: tuple[str, ...] = ("channel", "day")) -> MetricQuery:
    every = metrics.catalogue()
    fitting = [one.name for one in every if set(by) <= set(every.dimensions(one.name))]
    asked = (MetricQuery((name,), PERIOD, by=by) for name in fitting)
    return MetricQuery(tuple(one.metrics[0] for one in asked if is_by_day(every, one)), PERIOD, by=by)


def content(answer: MetricAnswer) -> tuple[Any, ...]:
    return answer.totals, sorted(answer.rows, key=lambda row: tuple(map(str, row.keys))), answer.rows_left_out


def test_more_than_fifty_metrics_are_asked_day_by_day(engine: Engine) -> None:
    assert len(question(service(engine, remembers=False)).metrics) >= 50


@settings(max_examples=3, deadline=None, suppress_health_check=list(HealthCheck))
@given(steps=_STEPS)
def test_rows_by_day_follow_every_refresh(engine: Engine, steps: list[Any]) -> None:
    _follows(engine, steps)


@pytest.mark.slow
@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(steps=_STEPS)
def test_the_same_over_many_more_histories(engine: Engine, steps: list[Any]) -> None:
    _follows(engine, steps)


def _follows(engine: Engine, steps: list[Any]) -> None:
    empty(engine)
    keeper, archive, undone = refresher(engine), Archive(), set[str]()
    keeper.refresh()
    metrics = service(engine, remembers=True)
    asked = replace(question(metrics), metrics=METRICS)
    for number, (facts, undo) in enumerate(steps):
        keeper.load(archive.batch(f"batch{number}", *facts))
        if undo is not None and undo <= number and f"batch{undo}" not in undone:
            keeper.retract([f"batch{undo}"])
            undone.add(f"batch{undo}")
        keeper.refresh()
        assert content(metrics.query(asked)) == content(service(engine, remembers=False).query(asked))


def test_only_days_that_changed_are_asked_again(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    empty(engine)
    keeper, archive = refresher(engine), Archive()
    keeper.load(archive.batch("early", *(event("user:1", moment=at(60 * 24 * day)) for day in range(4))))
    keeper.refresh(full=True)
    metrics = service(engine, remembers=True)
    asked = MetricQuery(("active_users", "visits"), PERIOD, by=("channel", "day"))
    metrics.query(asked)
    again: list[list[date]] = []
    plain = metric_service.asked_of
    monkeypatch.setattr(
        metric_service, "asked_of", lambda con, query, days, zone: again.append(days) or plain(con, query, days, zone)
    )
    keeper.load(archive.batch("late", event("user:2", moment=at(60 * 24))))
    keeper.refresh()
    metrics.query(asked)
    assert again == [[at(60 * 24).astimezone(SHANGHAI).date()]]


def test_days_are_told_from_a_known_state_only(engine: Engine) -> None:
    empty(engine)
    keeper, archive = refresher(engine), Archive()
    keeper.refresh(full=True)
    with engine.read() as con:
        begun = mark(con)
    keeper.load(archive.batch("one", event("user:1", moment=at(0))))
    keeper.refresh()
    with engine.read() as con:
        changed = days_since(con, begun)
        assert changed is not None
        assert changed["person_day", "day"] == {at(0).astimezone(SHANGHAI).date()}
        assert days_since(con, mark(con)) == {}
        assert days_since(con, "another") is None
    keeper.refresh(full=True)
    with engine.read() as con:
        assert days_since(con, begun) is None
