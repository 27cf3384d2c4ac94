"""Conditions that cannot be are refused in the language of the reader, whichever part of them is wrong."""

from __future__ import annotations

import re
from typing import Any, Final

import pytest

from dujiang.foundation.errors import InvalidInput
from dujiang.people.conditions import parse_condition

ENGLISH: Final = re.compile(r"[A-Za-z]{2,} [a-z]{2,} [a-z]{2,}")


def behaviour(**more: Any) -> dict[str, Any]:
    return {"type": "behaviour", "source": "orders", **more}


def profile(**more: Any) -> dict[str, Any]:
    return {"type": "profile", "field": "city", "op": "is", "value": "杭州", **more}


WRONG: Final[dict[str, tuple[dict[str, Any], str]]] = {
    "field": (profile(field="shoe_size"), "没有“shoe_size”这个字段"),
    "operator": (profile(op="above"), "这里不能用比较方式 above"),
    "one value": (profile(value=["杭州", "苏州"]), "比较方式 is 需要一个值"),
    "text": (profile(value=5), "“5”不是文本"),
    "list": (profile(op="among", value=[]), "比较方式 among 需要一个列表"),
    "long text": (profile(value="长" * 501), "文本最多 500 个字"),
    "days": (
        profile(field="last_order_day", op="within_days", value=-1),
        "比较方式 within_days 需要一个 0 到 36500 的天数",
    ),
    "day": (profile(field="last_order_day", op="at_least", value="tomorrow"), "“tomorrow”不是日期"),
    "yes": (profile(field="known", value="yes"), "“yes”既不是 true 也不是 false"),
    "number": (behaviour(value="two"), "“two”不是数字"),
    "two values": (behaviour(op="between", value=[5, 2]), "between 需要两个值，小的在前"),
    "column": (behaviour(where=[{"column": "colour", "value": "red"}]), "orders 里没有“colour”这一列"),
    "aggregate": (behaviour(aggregate="sum"), "汇总方式 sum 需要指定一列"),
    "plain aggregate": (behaviour(aggregate="count", column="paid_minor"), "汇总方式 count 不需要指定列"),
    "aggregate of a text": (behaviour(aggregate="sum", column="channel"), "汇总方式 sum 不能用于 channel"),
    "window": (behaviour(window={"days": 3, "period": "last_month"}), "请只选一种"),
    "window backwards": (behaviour(window={"days": 3, "until_days": 9}), "请让 until_days 小于 days"),
    "property": ({**behaviour(where=[{"column": "properties.", "value": "x"}]), "source": "events"}, "属性名长度"),
    "unknown kind": ({"type": "dream"}, "没有“dream”这种类型"),
}


@pytest.mark.parametrize(("wrong", "said"), WRONG.values(), ids=WRONG)
def test_what_is_wrong_is_said_in_chinese(wrong: dict[str, Any], said: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        parse_condition({"type": "all", "of": [wrong]})
    told = refused.value.text("zh")
    assert said in told
    assert not ENGLISH.search(told.replace(", ", "，"))
    assert ENGLISH.search(refused.value.text("en"))
