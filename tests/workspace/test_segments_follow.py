"""Segments of a brand: kept by every refresh, recorded, announced once, the same after a rebuild."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from dujiang.foundation.definitions import parse
from dujiang.foundation.ids import parse_person_id
from dujiang.people.conditions import parse_condition
from dujiang.workspace import Workspace, memberships

BOUGHT: dict[str, Any] = {"type": "behaviour", "source": "orders"}
NAMES = ["bought", "looked", "group"]
"""Of these tests; the demo brand has others."""
LOOKED: dict[str, Any] = {"type": "behaviour", "source": "visits", "op": "at_least", "value": 2}


def define(workspace: Workspace, **segments: dict[str, Any]) -> None:
    wanted = [parse({"kind": "segment", "name": name, "spec": {"condition": one}}) for name, one in segments.items()]
    workspace.definitions.apply(workspace.definitions.plan(wanted), actor="test")
    workspace.refresh()


def rows(workspace: Workspace, question: str) -> list[tuple[Any, ...]]:
    with workspace.engine.read() as con:
        return con.execute(question).fetchall()


def members(workspace: Workspace) -> list[tuple[Any, ...]]:
    mine = f"list_contains({NAMES}, segment)"
    return rows(workspace, f"SELECT segment, person, since FROM segment_member WHERE {mine} ORDER BY ALL")


def recorded(workspace: Workspace) -> list[tuple[Any, ...]]:
    mine = f"list_contains({NAMES}, segment)"
    return rows(
        workspace, f"SELECT DISTINCT segment, person, since FROM ({memberships.recorded()}) WHERE {mine} ORDER BY ALL"
    )


def told(workspace: Workspace, topic: str) -> list[dict[str, Any]]:
    found = [one.payload for one in workspace.outbox.read("test", 10_000) if one.topic == topic]
    return [one for one in found if one["segment"] in NAMES]


def undo_most_orders(workspace: Workspace) -> None:
    batch = rows(workspace, "SELECT batch FROM fact_order GROUP BY batch ORDER BY count(*) DESC, batch LIMIT 1")[0][0]
    workspace.imports.undo(batch, actor="test")
    workspace.refresh()


def test_members_are_those_who_fulfil_it(opened: Callable[[], Workspace]) -> None:
    workspace = opened()
    define(workspace, bought=BOUGHT, looked=LOOKED)
    expected = rows(workspace, "SELECT 'bought', person FROM person WHERE orders > 0 ORDER BY 2")
    assert [row[:2] for row in members(workspace) if row[0] == "bought"] == expected
    assert {"segment": "bought", "entered": True, "people": len(expected)} in told(workspace, "segment.filled")
    assert told(workspace, "segment.entered") == []


def test_a_rebuild_gives_the_same_members_since_the_same_moment(opened: Callable[[], Workspace]) -> None:
    workspace = opened()
    define(workspace, bought=BOUGHT, looked=LOOKED)
    before, announced = members(workspace), len(workspace.outbox.read("test", 10_000))
    workspace.rebuild()
    assert members(workspace) == before
    assert len(workspace.outbox.read("test", 10_000)) == announced


def test_another_definition_moves_people_and_a_retired_one_keeps_nobody(opened: Callable[[], Workspace]) -> None:
    workspace = opened()
    define(workspace, group=BOUGHT)
    define(workspace, group={"type": "not", "of": BOUGHT})
    assert {row[1] for row in members(workspace)} == {
        row[0] for row in rows(workspace, "SELECT person FROM person WHERE orders = 0")
    }
    retired = workspace.definitions.get("segment", "group").model_copy(update={"status": "retired"})
    workspace.definitions.apply(workspace.definitions.plan([retired]), actor="test")
    workspace.refresh()
    assert members(workspace) == []
    assert recorded(workspace) == []


def test_who_comes_and_goes_is_announced_by_name(opened: Callable[[], Workspace]) -> None:
    workspace = opened()
    define(workspace, bought=BOUGHT)
    before = {row[1] for row in members(workspace)}
    undo_most_orders(workspace)
    without = {row[1] for row in members(workspace)}
    left = {parse_person_id(one) for message in told(workspace, "segment.left") for one in message["persons"]}
    # Whose number came with the undone file leaves under the number that is left.
    assert left
    assert len(without) < len(before)
    assert not left & without
    assert recorded(workspace) == members(workspace)


def moves(workspace: Workspace) -> tuple[int, int, int, int]:
    """Came, went, moved by the definition and there at the end, by the page's own history of one day."""
    (day,) = workspace.segments.history("group")
    summary = workspace.segments.get("group")
    assert (summary.entered, summary.left, summary.people) == (day.entered, day.left, day.people)
    return day.entered, day.left, day.redefined, day.people


def counted(workspace: Workspace, question: str) -> int:
    return rows(workspace, f"SELECT count(*) FROM ({question})")[0][0]


def test_whom_a_definition_moves_neither_came_nor_left(opened: Callable[[], Workspace]) -> None:
    workspace = opened()
    define(workspace, group=BOUGHT)
    buyers = counted(workspace, "FROM person WHERE orders > 0")
    assert moves(workspace) == (0, 0, buyers, buyers)
    twice = counted(workspace, "FROM person WHERE orders > 1")
    define(workspace, group=BOUGHT | {"value": 2})
    assert moves(workspace) == (0, 0, twice, twice)
    assert {"segment": "group", "entered": False, "people": buyers - twice} in told(workspace, "segment.filled")
    undo_most_orders(workspace)
    left = sum(len(message["persons"]) for message in told(workspace, "segment.left"))
    came = sum(len(message["persons"]) for message in told(workspace, "segment.entered"))
    here = counted(workspace, "FROM person WHERE orders > 1")
    assert left > 0
    assert moves(workspace) == (came, left, twice, here)
    assert twice + came - left == here
    workspace.rebuild()
    assert moves(workspace) == (came, left, twice, here)


def test_whom_a_tag_in_it_moves_when_defined_anew_neither_came_nor_left(opened: Callable[[], Workspace]) -> None:
    def often(times: int) -> None:
        cases = [{"when": [{"tag": "how_often", "op": "at_least", "value": times}], "value": "yes"}]
        plain = {"type": "statistic", "statistic": {"source": "orders"}}
        wanted = [
            parse({"kind": "tag", "name": "how_often", "spec": plain}),
            parse({"kind": "tag", "name": "often", "spec": {"type": "rule", "value": "text", "cases": cases}}),
        ]
        workspace.definitions.apply(workspace.definitions.plan(wanted), actor="test")

    workspace = opened()
    often(1)
    define(workspace, group={"type": "tag", "tag": "often", "op": "is", "value": "yes"})
    buyers, twice = (counted(workspace, f"FROM person WHERE orders > {times}") for times in (0, 1))
    assert moves(workspace) == (0, 0, buyers, buyers)
    often(2)
    workspace.refresh()
    assert buyers > twice
    assert moves(workspace) == (0, 0, twice, twice)
    assert told(workspace, "segment.left") == []


MANY: dict[str, dict[str, Any]] = {
    "often": {"type": "behaviour", "source": "events", "where": [{"column": "name", "op": "known"}], "value": 2},
    "silent": {"type": "behaviour", "source": "events", "op": "is", "value": 0},
    "stayed": {"type": "behaviour", "source": "events", "aggregate": "sum", "column": "dwell_ms", "value": 1},
    "mobile": {"type": "behaviour", "source": "events", "where": [{"column": "device", "value": "mobile"}]},
    "again": {
        "type": "sequence",
        "steps": [{"where": [{"column": "channel", "op": "known"}]}, {"where": [{"column": "channel", "op": "known"}]}],
    },
    "seen": {"type": "profile", "field": "visits", "op": "at_least", "value": 2},
    "recent": {"type": "tag", "tag": "days_since_seen", "op": "at_most", "value": 300},
    "bought_twice": {"type": "not", "of": {"type": "behaviour", "source": "orders", "op": "at_most", "value": 1}},
    "tenth": {"type": "sample", "percent": 10},
}


def test_who_is_computed_for_some_is_who_is_computed_for_everybody(opened: Callable[[], Workspace]) -> None:
    workspace = opened()
    workspace._refresher._full_from = 1e9  # however many are touched
    define(workspace, **MANY)
    per_batch = "SELECT batch FROM fact_event GROUP BY batch ORDER BY count(*) DESC, batch LIMIT 1"
    before = dict(rows(workspace, "SELECT segment, count(*) FROM segment_member GROUP BY 1"))
    workspace.refreshing.take_back(rows(workspace, per_batch)[0][0])
    assert not workspace.refreshing.refresh().full
    after = dict(rows(workspace, "SELECT segment, count(*) FROM segment_member GROUP BY 1"))
    assert sum(before.get(name) != after.get(name) for name in MANY) >= 3
    with workspace.engine.read() as con:
        for name, tree in MANY.items():
            everybody = workspace.segments.fulfilling(con, parse_condition(tree)).tolist()
            kept = con.execute("SELECT person FROM segment_member WHERE segment = ? ORDER BY 1", [name]).fetchall()
            assert [person for (person,) in kept] == everybody, name


@pytest.mark.parametrize("place", ["_commit", "_record"])
def test_a_process_that_dies_announces_exactly_once(
    opened: Callable[[], Workspace], monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    workspace = opened()
    real = getattr(memberships.Memberships, place)

    def dies(*given: Any) -> None:
        if place == "_record":  # after everything was committed, before the engine heard of it
            monkeypatch.setattr(workspace._refresher, "load", lambda _parts: (_ for _ in ()).throw(SystemExit))
            real(*given)
        raise SystemExit

    with monkeypatch.context() as patched:
        patched.setattr(memberships.Memberships, place, dies)
        with pytest.raises(SystemExit):
            define(workspace, bought=BOUGHT)
    workspace.close()
    again = opened()
    again.refresh()
    assert len(told(again, "segment.filled")) == 1
    assert recorded(again) == members(again) != []
    assert rows(again, "SELECT count(*) FROM segment_change") == [(0,)]
