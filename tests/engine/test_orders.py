"""Orders and refunds, computed by hand."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from engine_kit import Fact, answers, at, line, node, only, order, refund, rows

from dujiang.engine.duck import Engine


def test_later_rows_win_field_by_field(engine: Engine) -> None:
    answers(
        engine,
        order("A", "user:1", moment=at(), status="unpaid", gross_minor=900, paid_minor=None, city="Hangzhou"),
        order("A", moment=None, status="valid", paid_minor=800, paid_at=at(days=1), city=None),
    )
    found = only(engine, "orders")
    assert (found["status"], found["gross_minor"], found["paid_minor"], found["city"]) == (
        "valid",
        900,
        800,
        "Hangzhou",
    )
    assert (found["at"], found["day"], found["paid_day"]) == (at(), date(2026, 3, 1), date(2026, 3, 2))
    assert found["person"] == node("user:1")


def test_days_are_days_of_the_brand(engine: Engine) -> None:
    answers(engine, order("A", moment=at(11 * 60 + 59)), order("B", moment=at(12 * 60)))
    assert [row["day"] for row in sorted(rows(engine, "orders"), key=lambda row: row["order_no"])] == [
        date(2026, 3, 1),
        date(2026, 3, 2),
    ]


def test_lines_fill_what_the_order_row_leaves_open(engine: Engine) -> None:
    answers(
        engine,
        order("A", moment=at(), paid_minor=1000, status="valid"),
        line("A", "1", "user:1", moment=at(), gross_minor=700, paid_minor=1, units=2, status="valid"),
        line("A", "2", moment=at(), gross_minor=500, paid_minor=2, units=1, status="valid"),
    )
    assert only(engine, "orders", "gross_minor", "paid_minor", "units", "lines", "person") == (
        1200,
        1000,
        3,
        2,
        node("user:1"),
    )


def test_an_order_may_be_told_by_its_lines_alone(engine: Engine) -> None:
    answers(
        engine,
        line("A", "1", "user:1", moment=at(5), paid_minor=300, units=1, status="valid"),
        line("A", "2", moment=at(3), paid_minor=200, units=1, status="cancelled"),
        line("A", "2", moment=at(3), paid_minor=250, units=1, status=None),
    )
    found = only(
        engine, "orders", "at", "status", "paid_minor", "units", "lines", "net_minor", "gross_minor", "order_no"
    )
    assert found == (at(3), "valid", 300, 1, 2, 300, None, "A")


@pytest.mark.parametrize(
    ("stated", "status"),
    [
        ({"status": "cancelled", "paid_minor": 5}, "cancelled"),
        ({"paid_minor": 5}, "valid"),
        ({"paid_at": at()}, "valid"),
        ({"paid_minor": 0}, "unpaid"),
        ({}, "unpaid"),
    ],
)
def test_without_a_status_an_order_is_valid_if_it_was_paid(engine: Engine, stated: dict[str, Any], status: str) -> None:
    answers(engine, order("A", moment=at(), **stated))
    assert only(engine, "orders", "status") == (status,)


def test_lines_of_a_cancelled_order_still_tell_its_amounts(engine: Engine) -> None:
    answers(engine, line("A", "1", moment=at(), gross_minor=300, status="cancelled"))
    assert only(engine, "orders", "status", "gross_minor") == ("cancelled", 300)


@pytest.mark.parametrize(
    ("facts", "refunded", "by_day"),
    [
        ([], 0, {}),
        ([refund("A", "1", moment=at(days=2), amount_minor=300)], 300, {date(2026, 3, 3): 300}),
        ([refund("A", "1", moment=at(days=2), amount_minor=300, status="open")], 0, {}),
        ([order("A", moment=None, refunded_minor=500)], 500, {date(2026, 3, 1): 500}),
        ([line("A", "1", moment=at(), refunded_minor=400)], 400, {date(2026, 3, 1): 400}),
        (
            [order("A", moment=None, refunded_minor=500), refund("A", "1", moment=at(days=2), amount_minor=300)],
            500,
            {date(2026, 3, 3): 300, date(2026, 3, 1): 200},
        ),
        (
            [
                order("A", moment=None, refunded_minor=300),
                refund("A", "1", moment=at(days=2), amount_minor=300),
                refund("A", "2", moment=at(days=3), amount_minor=100),
            ],
            400,
            {date(2026, 3, 3): 300, date(2026, 3, 4): 100},
        ),
        (
            [refund("A", "1", moment=at(days=2), amount_minor=300), refund("A", "1", moment=None, amount_minor=350)],
            350,
            {date(2026, 3, 3): 350},
        ),
        ([refund("A", "1", moment=None, amount_minor=300)], 300, {date(2026, 3, 1): 300}),
    ],
)
def test_refunds_count_once(engine: Engine, facts: list[Fact], refunded: int, by_day: dict[date, int]) -> None:
    answers(engine, order("A", "user:1", moment=at(), paid_minor=1000, status="valid"), *facts)
    assert only(engine, "orders", "refunded_minor", "net_minor") == (refunded, 1000 - refunded)
    found = rows(engine, "refunds")
    assert {row["day"]: row["amount_minor"] for row in found} == by_day
    assert {row["person"] for row in found} <= {node("user:1")}


def test_a_refund_of_an_unknown_order_makes_no_order(engine: Engine) -> None:
    answers(engine, refund("Z", "1", "user:3", moment=at(), amount_minor=300))
    assert rows(engine, "orders") == []
    assert only(engine, "refunds", "person", "amount_minor", "day") == (node("user:3"), 300, date(2026, 3, 1))


def test_a_persons_valid_orders_are_numbered_over_all_channels(engine: Engine) -> None:
    answers(
        engine,
        order("A", "user:1", moment=at(days=1), channel="shop", status="valid"),
        order("B", "user:1", moment=at(days=3), channel="site", status="valid"),
        order("C", "user:1", moment=at(days=2), channel="site", status="cancelled"),
        order("D", "user:2", moment=at(), channel="site", status="valid"),
        order("E", moment=at(), channel="site", status="valid"),
    )
    found = {row["order_no"]: (row["nth"], row["previous_day"]) for row in rows(engine, "orders")}
    assert found == {"A": (1, None), "B": (2, date(2026, 3, 2)), "C": (None, None), "D": (1, None), "E": (None, None)}


def test_orders_of_two_shops_with_one_number_are_two(engine: Engine) -> None:
    answers(engine, order("A", moment=at(), shop="east"), order("A", moment=at(), shop="west"), order("A", moment=at()))
    assert sorted(row["shop"] or "" for row in rows(engine, "orders")) == ["", "east", "west"]


def test_an_order_belongs_to_who_owned_the_number_then(engine: Engine) -> None:
    answers(engine, order("A", "recycled:1", moment=at(days=1)), order("B", "recycled:1", moment=at(days=3)))
    owner = node("recycled:1")
    assert {row["order_no"]: row["person"] for row in rows(engine, "orders")} == {"A": owner, "B": owner + 1_000_000}


def test_the_latest_buyer_on_an_order_row_goes_before_one_on_a_line(engine: Engine) -> None:
    answers(
        engine,
        order("A", "user:1", moment=at()),
        order("A", "user:2", moment=at()),
        line("A", "1", "user:3", moment=at()),
        refund("A", "1", "user:4", moment=at(), amount_minor=1),
    )
    assert only(engine, "orders", "person") == (node("user:2"),)
