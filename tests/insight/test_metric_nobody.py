"""Orders that name nobody: money is counted, people are not, and the answer says why instead of 0."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from dujiang.foundation.timewindows import Period
from dujiang.insight.answer import MetricQuery

DAYS = Period(date(2026, 11, 2), date(2026, 11, 8))
ORDER = {
    "status": "valid",
    "day": date(2026, 11, 3),
    "paid_minor": 100,
    "net_minor": 100,
    "gross_minor": 100,
    "units": 1,
}
METRICS = ("gmv", "orders", "buyers", "new_customers", "returning_customers", "known_orders", "spend_per_buyer", "cac")


@pytest.fixture
def answers(tables: Any, make_service: Any) -> Any:
    def filled(*orders: dict[str, Any]) -> Any:
        tables.fill("orders", [{"order_key": key, **ORDER, **one} for key, one in enumerate(orders)])
        return make_service(tables)

    return filled


def test_people_are_not_counted_where_no_order_names_one(answers: Any) -> None:
    service = answers({"channel": "douyin"}, {"channel": "tmall", "person": 7, "nth": 1})
    answer = service.query(MetricQuery(METRICS, DAYS, "previous", by=("channel",)))
    found = {row.keys[0]: {name: one.now for name, one in row.figures.items()} for row in answer.rows}
    douyin, tmall = found["douyin"], found["tmall"]
    assert (douyin["gmv"].value, douyin["orders"].value, douyin["known_orders"].value) == (100, 1, 0)
    for name in ("buyers", "new_customers", "returning_customers", "spend_per_buyer"):
        assert (douyin[name].value, douyin[name].reason) == (None, "nobody_named"), name
    assert (tmall["buyers"].value, tmall["new_customers"].value, tmall["returning_customers"].value) == (1, 1, 0)
    assert answer.totals["buyers"].value == 1


def test_before_the_first_order_that_names_somebody_people_are_unknown_afterwards_none_is_0(answers: Any) -> None:
    service = answers({"channel": "pos"}, {"channel": "pos", "person": 7, "nth": 1, "day": date(2026, 11, 5)})
    line = service.query(MetricQuery(("buyers",), DAYS, grain="day")).line
    day = {point.start: point.figures["buyers"].now for point in line}
    assert day[DAYS.first].reason == "not_collected"
    assert day[date(2026, 11, 3)].reason == "nobody_named"
    assert [day[date(2026, 11, 5) + timedelta(n)].value for n in range(3)] == [1, 0, 0]
