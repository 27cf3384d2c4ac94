"""What is answered about segments, on a small brand."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from dujiang.foundation.definitions import parse
from dujiang.foundation.errors import Conflict, InvalidInput, NotFound
from dujiang.people.conditions import parse_condition
from dujiang.workspace import Workspace

BOUGHT: dict[str, Any] = {"type": "behaviour", "source": "orders"}
TWICE: dict[str, Any] = {"type": "behaviour", "source": "orders", "value": 2}


@pytest.fixture
def workspace(opened: Callable[[], Workspace]) -> Workspace:
    made = opened()
    define(made, bought=BOUGHT, twice=TWICE)
    made.refresh()
    return made


def define(workspace: Workspace, **segments: dict[str, Any]) -> None:
    wanted = [parse({"kind": "segment", "name": name, "spec": {"condition": one}}) for name, one in segments.items()]
    workspace.definitions.apply(workspace.definitions.plan(wanted), actor="test")


def number(workspace: Workspace, question: str) -> int:
    with workspace.engine.read() as con:
        return con.execute(question).fetchall()[0][0]


def test_everything_about_a_segment(workspace: Workspace) -> None:
    segments = workspace.segments
    buyers = number(workspace, "SELECT count(*) FROM person WHERE orders > 0")
    twice = number(workspace, "SELECT count(*) FROM person WHERE orders > 1")
    counted = segments.count(parse_condition({"type": "all", "of": [BOUGHT, {"type": "not", "of": TWICE}]}), "zh")
    assert counted.people == buyers - twice
    assert counted.parts == (buyers - twice, buyers, counted.everybody - twice, twice)
    assert counted.sentence == "符合以下条件的用户：有订单，且非（订单的次数至少 2）。"
    listed = {one.name: one for one in segments.list("en")}
    assert (listed["bought"].people, listed["bought"].entered, listed["bought"].left) == (buyers, 0, 0)
    assert sum(one.people for one in segments.overlap(("bought", "twice"))) == buyers
    assert segments.history("twice")[-1].people == twice
    assert len(list(segments.members("twice"))) == twice
    assert {one.person for one in segments.sample(parse_condition(TWICE), 5)} <= {
        one.person for one in segments.members("twice")
    }
    known = number(workspace, "SELECT count(*) FROM person WHERE orders > 0 AND city IS NOT NULL")
    city = [one for one in segments.differences("bought", "twice") if one.field == "city"]
    assert all(one.a is not None and 0 < one.a <= 1 for one in city)
    assert bool(city) == bool(known)
    orders = next(one for one in segments.differences("twice") if one.field == "orders")
    assert orders.clear
    assert orders.effect > 1
    assert all(one.address <= buyers for one in segments.reach("bought"))


def test_what_others_name_cannot_be_taken_away(workspace: Workspace) -> None:
    define(workspace, outer={"type": "segment", "segment": "bought"})
    assert workspace.segments.get("bought").used_by == (("segment", "outer"),)
    retired = workspace.definitions.get("segment", "bought").model_copy(update={"status": "retired"})
    with pytest.raises(Conflict):
        workspace.definitions.apply(workspace.definitions.plan([retired]), actor="test")
    with pytest.raises(InvalidInput):
        define(workspace, bought={"type": "segment", "segment": "outer"})
    with pytest.raises(NotFound):
        workspace.segments.get("nobody")
