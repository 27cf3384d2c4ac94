"""Answers are remembered as long as nothing that they depend on has changed, and not longer."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from dujiang.engine.question import mark
from dujiang.engine.schema import create_own_tables
from dujiang.foundation.clock import FixedClock
from dujiang.foundation.definitions import parse
from dujiang.foundation.timewindows import Period, zone
from dujiang.insight.answer import MetricQuery
from dujiang.insight.service import MetricService

WEEK = Period(date(2026, 11, 2), date(2026, 11, 8))
ORDER = {"channel": "app", "day": date(2026, 11, 3), "status": "valid", "paid_minor": 100}


@pytest.fixture
def marked(tables: Any) -> Any:
    """Tables whose state carries a mark, as a refresh leaves it."""
    create_own_tables(tables.con)
    tables.fill("orders", [ORDER | {"order_key": 1}])
    set_mark(tables, "one")
    return tables


def set_mark(tables: Any, value: str) -> None:
    tables.con.execute("DELETE FROM engine_state")
    tables.con.execute("INSERT INTO engine_state VALUES ('mark', ?)", [value])


def gmv(service: MetricService) -> Any:
    return service.query(MetricQuery(("gmv",), WEEK)).totals["gmv"].value


def test_an_answer_is_new_after_a_refresh_and_remembered_until_then(marked: Any) -> None:
    service = MetricService(marked, dict, zone(), FixedClock(datetime(2026, 12, 1, tzinfo=UTC)), mark)
    assert gmv(service) == 100
    marked.fill("orders", [ORDER | {"order_key": 2}])
    assert gmv(service) == 100  # the refresh that brought the order has not been committed
    set_mark(marked, "two")
    assert gmv(service) == 200


def test_without_a_revision_nothing_is_remembered(marked: Any, make_service: Any) -> None:
    service = make_service(marked)
    assert gmv(service) == 100
    marked.fill("orders", [ORDER | {"order_key": 2}])
    assert gmv(service) == 200


def test_a_changed_definition_changes_the_answer_at_once(marked: Any) -> None:
    own: dict[Any, Any] = {}
    clock = FixedClock(datetime(2026, 12, 1, tzinfo=UTC))
    service = MetricService(marked, lambda: dict(own), zone(), clock, mark)
    assert gmv(service) == 100
    spec = {"group": "sales", "unit": "money", "table": "orders", "formula": {}}
    own["metric", "gmv"] = parse({"kind": "metric", "name": "gmv", "spec": spec})
    assert gmv(service) == 1


def test_a_new_day_is_a_new_answer(marked: Any) -> None:
    clock = FixedClock(datetime(2026, 10, 1, tzinfo=UTC))
    service = MetricService(marked, dict, zone(), clock, mark)
    query = MetricQuery(("refunds",), WEEK)
    assert service.query(query).totals["refunds"].now.reason == "not_yet"
    clock.advance(timedelta(60))
    assert service.query(query).totals["refunds"].now.reason == "not_collected"
