"""The real, unmodified JavaScript trackers, pointed at Dujiang by changing the host."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

PHONE = "13871654023"
Node = Callable[..., list[str]]
RARER = ("500", "429", "500 after", "hang")


def numbers(facts: list[Any]) -> list[int]:
    return sorted(json.loads(fact.properties)["n"] for fact in facts if fact.name == "tea_poured")


@pytest.mark.parametrize("sdk", ["segment", "rudder", "posthog", "jitsu"])
def test_an_unmodified_sdk_delivers_everything_in_one_go(live: Any, node: Node, sdk: str) -> None:
    assert node(sdk, live.url, 12) == []
    facts = live.facts()
    assert numbers(facts) == list(range(12))
    assert len(facts) == len(live.received()) == 13
    identify = next(fact for fact in facts if fact.kind == "identify")
    told = {one.type: one.node for one in identify.identifiers}
    assert told.items() >= {"user_id": live.node("user_id", "u1"), "mobile": live.node("mobile", PHONE)}.items()


@pytest.mark.parametrize("sdk", ["segment", "rudder", "posthog"])
@pytest.mark.parametrize("fault", ["lost", *(pytest.param(one, marks=pytest.mark.slow) for one in RARER)])
def test_nothing_is_lost_or_counted_twice_when_the_wire_fails(live: Any, node: Node, sdk: str, fault: Any) -> None:
    live.wire.faults = [fault]
    node(sdk, live.url, 6)
    assert live.wire.faults == []
    assert numbers(live.facts()) == list(range(6))
