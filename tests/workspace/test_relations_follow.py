"""Relations of a brand: what a refresh leaves is what a rebuild would."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from dujiang.foundation.definitions import parse
from dujiang.workspace import Workspace


def rows(workspace: Workspace, question: str) -> list[tuple[Any, ...]]:
    with workspace.engine.read() as con:
        return con.execute(question).fetchall()


def related(workspace: Workspace) -> list[tuple[Any, ...]]:
    return rows(workspace, "FROM person_relation ORDER BY ALL")


def tagged(workspace: Workspace) -> list[tuple[Any, ...]]:
    names = (
        "has_household, household_size, related_people, shares_phone, uses_shared_device, suspected_scalper, is_staff"
    )
    return rows(workspace, f"SELECT person, {names}, uses_store_device FROM person_tag ORDER BY person")


def test_an_undone_import_leaves_what_a_rebuild_finds(opened: Callable[[], Workspace]) -> None:
    workspace = opened()
    before = related(workspace)
    assert {row[1] for row in before} >= {"household", "shared_device"}
    batches = rows(workspace, "SELECT batch FROM fact_customer GROUP BY batch ORDER BY count(*) DESC, batch")
    workspace.imports.undo(batches[0][0], actor="test")
    workspace.refresh()
    after, tags = related(workspace), tagged(workspace)
    assert after != before
    workspace.rebuild()
    assert related(workspace) == after
    assert tagged(workspace) == tags


def test_a_changed_definition_is_heeded_by_the_next_refresh(opened: Callable[[], Workspace]) -> None:
    workspace = opened()
    own = {"through": ["address"], "people_from": 2, "pairs_to": 1, "rank": 1}
    wanted = [parse({"kind": "relation", "name": "household", "spec": own})]
    workspace.definitions.apply(workspace.definitions.plan(wanted), actor="test")
    workspace.refresh()
    assert {row[2] for row in related(workspace) if row[1] == "household"} == {"spoke", "hub"}
    tags = tagged(workspace)
    after = related(workspace)
    workspace.rebuild()
    assert related(workspace) == after
    assert tagged(workspace) == tags


def test_a_decision_moves_relations_along_and_back(opened: Callable[[], Workspace]) -> None:
    from dujiang.identity.decisions import Wish
    from dujiang.store.command import SYSTEM

    workspace = opened()
    before = related(workspace), tagged(workspace)
    person, other = rows(
        workspace, "SELECT person, other FROM person_relation WHERE part = 'pair' ORDER BY ALL LIMIT 1"
    )[0]
    made = workspace.identity_decisions.decide(Wish("join", person, other, reason="test"), actor=SYSTEM)
    workspace.refresh()
    joined = related(workspace)
    assert (person, other) not in {(row[0], row[3]) for row in joined}
    workspace.rebuild()
    assert related(workspace) == joined
    workspace.identity_decisions.revoke(made.id, actor=SYSTEM)
    workspace.refresh()
    assert (related(workspace), tagged(workspace)) == before
