"""Sentences of segments, written by hand in both languages."""

from __future__ import annotations

from typing import Any

import pytest

from dujiang.people.conditions import parse_condition
from dujiang.people.segments.sentence import sentence

ORDERS: dict[str, Any] = {"type": "behaviour", "source": "orders"}
EVENTS: dict[str, Any] = {"type": "behaviour", "source": "events"}
SAID = {
    "a bound of hours is a time of day": (
        ORDERS | {"where": [{"column": "hour", "op": "at_least", "value": 21}]},
        "符合以下条件的用户：有时段在21:00或之后的订单。",
        "People who have orders whose hour is 21:00 or later.",
    ),
    "a weekday has its name": (
        ORDERS | {"where": [{"column": "weekday", "op": "among", "value": [6, 7]}]},
        "符合以下条件的用户：有星期是 周六、周日 之一的订单。",
        "People who have orders whose weekday is one of Sat, Sun.",
    ),
    "yes is a word": (
        {"type": "behaviour", "source": "conversations", "window": {"days": 180}}
        | {"where": [{"column": "complaint", "op": "is", "value": True}]},
        "符合以下条件的用户：有投诉为“是”的客服会话（近 180 天）。",
        "People who have service conversations whose complaint is “yes” (in the last 180 days).",
    ),
    "different values are counted and are no values": (
        ORDERS | {"aggregate": "distinct", "column": "channel", "op": "at_least", "value": 2},
        "符合以下条件的用户：订单的不同渠道数至少 2。",
        "People whose number of different values of channel in orders is at least 2.",
    ),
    "an event that has only a name was done or not": (
        EVENTS
        | {"where": [{"column": "name", "op": "is", "value": "order_paid"}], "op": "is", "value": 0}
        | {"window": {"days": 7}},
        "符合以下条件的用户：没有做过“支付订单”（近 7 天）。",
        "People who did not do “Paid an order” (in the last 7 days).",
    ),
    "what is not": (
        {"type": "all", "of": [ORDERS, {"type": "not", "of": {"type": "any", "of": [ORDERS, EVENTS]}}]},
        "符合以下条件的用户：有订单，且非（有订单 或 有行为）。",
        "People who have orders and not those (who have orders or who have events).",
    ),
}


@pytest.mark.parametrize("case", SAID)
def test_a_segment_in_words(case: str) -> None:
    tree, chinese, english = SAID[case]
    assert sentence(parse_condition(tree), "zh") == chinese
    assert sentence(parse_condition(tree), "en") == english
