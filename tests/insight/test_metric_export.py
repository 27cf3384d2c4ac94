"""Exported tables hold exactly what was answered."""

from __future__ import annotations

from datetime import date

import pytest

from dujiang.foundation.timewindows import Period
from dujiang.insight.answer import MetricAnswer, MetricQuery
from dujiang.insight.export import exported
from dujiang.insight.service import MetricService

WEEK = Period(date(2026, 11, 2), date(2026, 11, 8))


@pytest.fixture(scope="module")
def answer(metrics: MetricService) -> MetricAnswer:
    names = ("gmv", "visits", "dwell_per_visit")
    return metrics.query(MetricQuery(names, WEEK, "previous", "week", ("channel",), rows_of=("gmv", "visits")))


def test_totals(answer: MetricAnswer) -> None:
    table = exported(answer, "totals")
    assert table.header[:3] == ("gmv", "gmv.before", "gmv.change")
    assert table.rows == ((275.0, 40.0, 5.875, 5, 0, None, 19.2, None, None),)


def test_line(answer: MetricAnswer) -> None:
    table = exported(answer, "line")
    assert (table.header[0], table.rows[0][0], table.rows[0][1]) == ("from", date(2026, 11, 2), 275.0)


def test_rows_hold_only_the_metrics_asked_for_and_leave_undefined_numbers_empty(answer: MetricAnswer) -> None:
    table = exported(answer, "rows")
    assert table.header == ("channel", "gmv", "gmv.before", "gmv.change", "visits", "visits.before", "visits.change")
    assert table.rows[0] == ("tmall", 180.0, 40.0, 3.5, None, None, None)
    assert table.rows[1][:2] == ("app", 95.0)


def test_without_comparison_there_are_no_columns_for_it(metrics: MetricService) -> None:
    plain = metrics.query(MetricQuery(("orders",), WEEK, by=("channel",)))
    assert exported(plain, "rows").header == ("channel", "orders")
