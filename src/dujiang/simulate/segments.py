"""Ready-made segments of the demo brand."""

from __future__ import annotations

from typing import Any, Final

from dujiang.foundation.definitions import Definition


def _did(source: str, value: int = 1, op: str = "at_least", **more: Any) -> dict[str, Any]:
    return {"type": "behaviour", "source": source, "op": op, "value": value, **more}


def _all(*parts: dict[str, Any]) -> dict[str, Any]:
    return {"type": "all", "of": list(parts)}


def _field(field: str, op: str, value: Any = None) -> dict[str, Any]:
    return {"type": "profile", "field": field, "op": op} | ({} if value is None else {"value": value})


_PAID: Final = {"aggregate": "sum", "column": "paid_minor"}
_NO_ORDER_90: Final = _did("orders", 0, "is", window={"days": 90})

_EXAMPLES: Final[tuple[tuple[str, str, str, dict[str, Any]], ...]] = (
    ("buyers", "买过的人", "Everybody who bought", _did("orders")),
    ("new_buyers", "近 30 天新客", "First order in the last 30 days", _field("first_order_day", "within_days", 30)),
    ("repeat_buyers", "复购客户", "Bought at least twice", _did("orders", 2)),
    ("loyal_buyers", "忠实客户", "Three orders in a year", _did("orders", 3, window={"days": 365})),
    ("big_spenders", "高消费客户", "Paid 1,000 or more", _did("orders", 100_000, **_PAID)),
    ("lapsed_buyers", "沉睡客户", "Bought, but not for 90 days", _all(_did("orders"), _NO_ORDER_90)),
    (
        "good_but_gone",
        "流失的高价值客户",
        "Big spenders who fell asleep",
        _all({"type": "segment", "segment": "big_spenders"}, _NO_ORDER_90),
    ),
    (
        "browsing_not_buying",
        "只逛不买",
        "Three visits this month, no order ever",
        _all(_did("visits", 3, window={"days": 30}), _did("orders", 0, "is")),
    ),
    ("returned_goods", "退过货", "Had a refund in 90 days", _did("refunds", window={"days": 90})),
    (
        "complained",
        "投诉过的客户",
        "Complained in 180 days",
        _did("conversations", where=[{"column": "complaint", "value": True}], window={"days": 180}),
    ),
    (
        "weekend_buyers",
        "周末下单",
        "Bought on a weekend",
        _did("orders", where=[{"column": "weekday", "op": "at_least", "value": 6}]),
    ),
    (
        "night_buyers",
        "夜间下单",
        "Bought after nine in the evening",
        _did("orders", where=[{"column": "hour", "op": "at_least", "value": 21}]),
    ),
    ("double11_buyers", "双11 买家", "Bought during the last Double 11", _did("orders", window={"period": "double11"})),
    (
        "across_channels",
        "跨渠道客户",
        "Bought in two channels",
        _did("orders", 2, aggregate="distinct", column="channel"),
    ),
    ("members", "会员", "Members", _field("joined_at", "known")),
    (
        "members_never_bought",
        "从未下单的会员",
        "Members who never bought",
        _all(_field("joined_at", "known"), _did("orders", 0, "is")),
    ),
    (
        "looked_again",
        "三天内回访",
        "Looked, and came back to a page within three days",
        {
            "type": "sequence",
            "steps": [{"where": [{"column": "name", "value": "page_viewed"}]}] * 2,
            "within_minutes": 3 * 24 * 60,
            "window": {"days": 30},
        },
    ),
    ("test_group", "固定抽样 10%", "A fixed tenth of everybody", {"type": "sample", "percent": 10, "seed": "demo"}),
)


def segments() -> list[Definition]:
    """The definitions."""
    return [
        Definition(
            kind="segment",
            name=name,
            title={"zh": zh, "en": en},
            owner="growth",
            deputy="data",
            spec={"condition": condition},
        )
        for name, zh, en, condition in _EXAMPLES
    ]
