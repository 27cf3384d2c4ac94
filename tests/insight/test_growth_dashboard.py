"""The growth dashboard: cards, lines, channels and notes."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from dujiang.foundation.definitions import parse
from dujiang.foundation.timewindows import Period
from dujiang.insight.dashboard import CHANNEL_COLUMNS, HEADLINES, DashboardQuery, GrowthDashboard, notes_within
from dujiang.insight.service import MetricService

WEEK = Period(date(2026, 11, 2), date(2026, 11, 8))


@pytest.fixture(scope="module")
def shown(metrics: MetricService) -> GrowthDashboard:
    return metrics.dashboard(DashboardQuery(WEEK))


def test_a_card_has_number_change_course_and_judgement(shown: GrowthDashboard) -> None:
    card = shown.cards[HEADLINES.index("gmv")]
    assert (card.figure.value, card.good) == (27500, True)
    assert [value for _day, value in card.course] == [10000, 6000, 5000, 2000, 0, 1500, 3000]


def test_a_card_whose_change_is_undefined_is_neither_good_nor_bad(shown: GrowthDashboard) -> None:
    card = shown.cards[HEADLINES.index("cac")]
    assert (card.figure.value, card.figure.change, card.good) == (2000, None, None)


def test_every_channel_has_a_row_with_every_column(shown: GrowthDashboard) -> None:
    assert {row.keys for row in shown.channels.rows} == {("tmall",), ("app",), ("wecom",)}
    assert all(set(row.figures) == set(CHANNEL_COLUMNS) for row in shown.channels.rows)


def test_new_and_returning_customers_make_up_the_buyers(shown: GrowthDashboard) -> None:
    totals = shown.headline.totals
    assert totals["new_customers"].value == 3
    assert totals["returning_customers"].value == 1
    assert totals["buyers"].value == 4


def test_the_dashboard_of_one_channel(metrics: MetricService) -> None:
    found = metrics.dashboard(DashboardQuery(WEEK, channels=("app",)))
    assert found.headline.totals["gmv"].value == 9500
    assert [row.keys for row in found.channels.rows] == [("app",)]


def note(name: str, **spec: Any) -> Any:
    return parse({"kind": "annotation", "name": name, "title": {"zh": "涨价", "en": "Price"}, "spec": spec})


def test_notes_are_promotions_and_the_brands_own_in_order_of_time() -> None:
    own = [note("price", first="2026-11-03"), note("old", first="2026-01-01", last="2026-01-05")]
    assert [(one.source, one.name) for one in notes_within(WEEK, (), own)] == [
        ("promotion", "double11"),
        ("annotation", "price"),
    ]


def test_a_note_on_other_channels_is_left_out() -> None:
    own = [note("price", first="2026-11-03", channels=["tmall"])]
    assert "price" in [one.name for one in notes_within(WEEK, ("tmall",), own)]
    assert "price" not in [one.name for one in notes_within(WEEK, ("app",), own)]
