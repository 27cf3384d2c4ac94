"""Saved questions of the demo brand, a dashboard of them, and the reports that send both."""

from __future__ import annotations

from typing import Any, Final

from dujiang.foundation.definitions import Definition
from dujiang.simulate.brand import ADVERTISING, WECOM


def _plans(channel: int) -> tuple[str, ...]:
    return next(one.plans for one in ADVERTISING if one.channel == channel)


def _event(name: str, label: str) -> dict[str, Any]:
    return {"source": "events", "where": [{"column": "name", "op": "is", "value": name}], "label": label}


_ORDERS: Final = {"source": "orders"}
_QUESTIONS: Final[tuple[tuple[str, str, str, dict[str, Any]], ...]] = (
    (
        "sales_by_channel",
        "各渠道成交",
        "Sales by channel",
        {"type": "metric", "metrics": ["gmv", "orders", "buyers", "aov"], "by": ["channel"], "grain": "day"},
    ),
    (
        "promotions",
        "双11 对 618",
        "Double 11 against 618",
        {
            "type": "metric",
            "metrics": ["gmv", "buyers", "new_customers"],
            "by": ["channel"],
            "period": {"preset": "double11"},
            "compare": {"preset": "618"},
        },
    ),
    (
        "browse_to_order",
        "浏览到下单",
        "From looking to buying",
        {
            "type": "funnel",
            "steps": [_event("product_viewed", "看商品"), _event("add_to_cart", "加购"), {**_ORDERS, "label": "下单"}],
            "by": ["channel"],
            "grain": "week",
        },
    ),
    (
        "repurchase",
        "复购同期群",
        "Repurchase by month of the first order",
        {"type": "retention", "start": _ORDERS, "step": "month", "periods": 6, "period": {"preset": "this_year"}},
    ),
    (
        "yesterday",
        "昨天",
        "Yesterday",
        {
            "type": "metric",
            "metrics": ["gmv", "orders", "buyers", "new_customers", "visits", "refund_amount", "complaint_rate"],
            "by": ["channel"],
            "period": {"preset": "yesterday"},
            "compare": "previous",
        },
    ),
    ("ways", "站内行为路径", "What visits look like", {"type": "paths", "node": "name", "steps": 4}),
    (
        "club_form",
        "茶友会报名表",
        "Form of the tea club",
        {"type": "form", "form": "tea_club", "period": {"preset": "last90"}},
    ),
    (
        "private_entry",
        "私域入口与进入成本",
        "Ways into the private domain and their cost",
        {
            "type": "private_domain",
            "period": {"preset": "last90"},
            "compare": "previous",
            "grain": "week",
            "way": "entry",
            "campaigns": {"朋友圈广告": list(_plans(WECOM))},
        },
    ),
    ("overlap", "渠道重合", "Overlap of channels", {"type": "overlap", "grain": "week"}),
)
_TILES: Final[tuple[dict[str, Any], ...]] = (
    {"question": "sales_by_channel", "number": 1, "x": 0, "y": 0, "width": 12, "height": 2},
    {"question": "sales_by_channel", "number": 2, "x": 0, "y": 2, "width": 8, "height": 4},
    {"question": "sales_by_channel", "number": 3, "x": 8, "y": 2, "width": 4, "height": 4},
    {"question": "browse_to_order", "number": 1, "x": 0, "y": 6, "width": 6, "height": 4},
    {"question": "overlap", "number": 2, "x": 6, "y": 6, "width": 6, "height": 4},
    {"question": "repurchase", "number": 2, "own_days": True, "x": 0, "y": 10, "width": 12, "height": 5},
    {"question": "club_form", "number": 1, "own_days": True, "x": 0, "y": 15, "width": 12, "height": 6},
)
_REPORTS: Final[tuple[tuple[str, str, str, str, str, dict[str, Any]], ...]] = (
    (
        "daily-flash",
        "每日快报",
        "Daily flash",
        "每天早上看一眼：昨天各渠道的成交、新客、访问、退款和投诉。",
        "Every morning: sales, new customers, visits, refunds and complaints of yesterday, by channel.",
        {
            "questions": ["yesterday"],
            "when": {"every": "day", "at": "08:30"},
            "to": {"email": ["operations@shanjian.example"], "wecom": ["operations"]},
        },
    ),
    (
        "weekly-board",
        "每周看板",
        "Weekly board",
        "周一早上，周会之前：每周看板上的全部图表。",
        "On Monday morning, before the weekly meeting: everything on the weekly dashboard.",
        {
            "dashboard": "weekly",
            "when": {"every": "week", "day": 1, "at": "09:00"},
            "to": {"email": ["board@shanjian.example"]},
        },
    ),
)


def questions(owner: str, deputy: str = "") -> list[Definition]:
    """The questions, the dashboard ``weekly``, and the reports."""
    saved = [
        Definition(kind="question", name=name, title={"zh": zh, "en": en}, owner=owner, spec={"question": question})
        for name, zh, en, question in _QUESTIONS
    ]
    board = Definition(
        kind="dashboard",
        name="weekly",
        title={"zh": "每周看板", "en": "Weekly"},
        description={"zh": "周会先看这些：成交、转化、重合、复购。", "en": "What the weekly meeting looks at first."},
        owner=owner,
        spec={"tiles": [*_TILES]},
    )
    sent = [
        Definition(
            kind="report",
            name=name,
            title={"zh": zh, "en": en},
            description={"zh": why_zh, "en": why_en},
            owner=owner,
            deputy=deputy,
            spec=spec,
        )
        for name, zh, en, why_zh, why_en, spec in _REPORTS
    ]
    return [*saved, board, *sent]
