"""Money and visits as platforms report them, counted once; computed by hand."""

from __future__ import annotations

from datetime import date

import pytest
from engine_kit import Fact, answers, only, rows, spend, traffic

from dujiang.engine.duck import Engine

DAY, NEXT = date(2026, 3, 1), date(2026, 3, 2)


def test_the_same_money_over_two_windows_counts_once(engine: Engine) -> None:
    answers(
        engine,
        spend("plan", "1", DAY, window="1d", cost_minor=500, clicks=9, unit="Spring"),
        spend("plan", "1", DAY, window="15d", cost_minor=520, impressions=80),
    )
    found = only(engine, "spend_day")
    assert (found["campaign"], found["campaign_name"], found["account"]) == ("1", "Spring", "")
    assert (found["cost_minor"], found["clicks"], found["impressions"]) == (520, 9, 80)


@pytest.mark.parametrize(
    ("facts", "campaigns"),
    [
        ([spend("material", "m", DAY, cost_minor=5), spend("plan", "p", DAY, cost_minor=6)], ["p"]),
        ([spend("group", "g", DAY, cost_minor=5), spend("account", "", DAY, cost_minor=6)], [""]),
        ([spend("product", "x", DAY, cost_minor=5), spend("material", "m", DAY, cost_minor=6)], ["m"]),
        ([spend("plan", "p", DAY), spend("group", "g", DAY, cost_minor=5)], ["g"]),  # a report without costs
        ([spend("plan", "p", DAY, cost_minor=0), spend("group", "g", DAY, cost_minor=5)], ["p"]),  # nothing was spent
        ([spend("plan", "p", DAY, cost_minor=1), spend("plan", "q", DAY, cost_minor=2)], ["p", "q"]),
        (
            [spend("plan", "p", DAY, account="a", cost_minor=1), spend("group", "g", DAY, account="b", cost_minor=2)],
            ["p", "g"],
        ),
        ([spend("plan", "p", DAY, cost_minor=1), spend("group", "g", NEXT, cost_minor=2)], ["p", "g"]),
    ],
)
def test_one_level_of_reports_is_taken_for_each_account_and_day(
    engine: Engine, facts: list[Fact], campaigns: list[str]
) -> None:
    answers(engine, *facts)
    assert {row["campaign"] for row in rows(engine, "spend_day")} == set(campaigns)


def test_a_later_export_replaces_an_earlier_one(engine: Engine) -> None:
    answers(engine, spend("plan", "1", DAY, cost_minor=500), spend("plan", "1", DAY, cost_minor=450))
    assert only(engine, "spend_day", "cost_minor") == (450,)


@pytest.mark.parametrize(
    ("facts", "visitors"),
    [
        ([traffic("shop", "", DAY, visitors=100), traffic("source", "a", DAY, visitors=70)], 100),
        ([traffic("source", "a", DAY, visitors=70), traffic("source", "b", DAY, visitors=20)], 90),
        ([traffic("source", "a", DAY, visitors=70), traffic("source", "a/x", DAY, visitors=30)], 70),
        ([traffic("source", "a/x", DAY, visitors=30), traffic("source", "b/y", DAY, visitors=5)], 35),
        ([traffic("shop", "", DAY, visitors=100), traffic("shop", "", DAY, visitors=110)], 110),
        ([traffic("shop", "", DAY, visitors=9), traffic("product", "p", DAY, visitors=70)], 9),
        ([traffic("shop", "", DAY, page_views=9)], None),
    ],
)
def test_visitors_count_once(engine: Engine, facts: list[Fact], visitors: int | None) -> None:
    answers(engine, *facts)
    assert only(engine, "traffic_day", "visitors", "shop") == (visitors, "")


def test_products_alone_are_no_traffic_of_a_shop(engine: Engine) -> None:
    answers(engine, traffic("product", "p", DAY, visitors=70))
    assert rows(engine, "traffic_day") == []
