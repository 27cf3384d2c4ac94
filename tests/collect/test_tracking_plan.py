"""The tracking plan against hand-made events."""

from __future__ import annotations

from typing import Any

import pytest

from dujiang.collect.tracking_plan import TrackingPlan, TrackingPlanSpec
from dujiang.foundation.definitions import parse
from dujiang.foundation.errors import InvalidInput


def plan(rule: dict[str, Any], **more: Any) -> TrackingPlan:
    spec = {"events": {"Order Paid": {"properties": {"x": rule}}}, **more}
    return TrackingPlan(TrackingPlanSpec.model_validate(spec))


@pytest.mark.parametrize(
    ("rule", "value", "code"),
    [
        ({"required": True}, None, "missing"),
        ({"required": True}, "", "missing"),
        ({"required": True}, 0, None),
        ({"required": True}, False, None),
        ({"type": "text"}, None, None),
        ({"type": "text"}, 5, "wrong_type"),
        ({"type": "whole"}, 5, None),
        ({"type": "whole"}, 5.0, None),
        ({"type": "whole"}, 5.5, "wrong_type"),
        ({"type": "whole"}, True, "wrong_type"),
        ({"type": "whole"}, "5", "wrong_type"),
        ({"type": "number"}, 5.5, None),
        ({"type": "number"}, True, "wrong_type"),
        ({"type": "boolean"}, True, None),
        ({"type": "boolean"}, 1, "wrong_type"),
        ({"type": "moment"}, "2026-11-11T00:00:00Z", None),
        ({"type": "moment"}, "gestern", "wrong_type"),
        ({"type": "list"}, [], None),
        ({"type": "object"}, [], "wrong_type"),
        ({"allowed": ["a", 1]}, 1, None),
        ({"allowed": ["a", 1]}, True, "not_allowed"),
        ({"allowed": ["a", 1]}, "b", "not_allowed"),
        ({"pattern": r"SKU-\d+"}, "SKU-12", None),
        ({"pattern": r"SKU-\d+"}, "xSKU-12", "pattern"),
        ({"pattern": r"a*"}, "a" * 5_000, "pattern"),
        ({"minimum": 1}, 0, "below_minimum"),
        ({"minimum": 1, "maximum": 3}, 3, None),
        ({"maximum": 3}, 4, "above_maximum"),
        ({"maximum": 3}, "four", "above_maximum"),
        ({"minimum": 1}, [], "below_minimum"),
    ],
)
def test_one_rule_one_value(rule: dict[str, Any], value: Any, code: str | None) -> None:
    verdict = plan(rule).check("order_paid", {"x": value})
    assert [violation.code for violation in verdict.violations] == ([code] if code else [])
    assert verdict.action == ("flag" if code else "accept")


def test_the_event_says_what_happens_else_the_plan() -> None:
    strict = {
        "events": {"a": {"properties": {"x": {"required": True}}, "on_violation": "accept"}},
        "on_violation": "reject",
    }
    assert TrackingPlan(TrackingPlanSpec.model_validate(strict)).check("a", {}).action == "accept"
    assert plan({"required": True}, on_violation="reject").check("order_paid", {}).action == "reject"


def test_unknown_events_follow_the_plan_but_page_views_are_never_unknown() -> None:
    strict = plan({}, unknown_events="reject")
    assert strict.check("other", {}).action == "reject"
    assert str(strict.check("other", {}).violations[0]) == "unknown_event"
    assert strict.check("page_viewed", {}, named=False).action == "accept"


@pytest.mark.parametrize(
    "spec",
    [
        {"events": {"a": {"properties": {"x": {"pattern": "("}}}}},
        {"events": {"a": {"properties": {"x": {"typ": "text"}}}}},
        {"on_violation": "explode"},
    ],
)
def test_a_wrong_plan_is_an_error_that_names_the_field(spec: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput) as error:
        parse({"kind": "tracking_plan", "name": "web", "spec": spec})
    assert error.value.code == "definition.invalid"
