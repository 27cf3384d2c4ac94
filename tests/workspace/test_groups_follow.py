"""Groups of a brand: found in a job, kept by every refresh, in tags and segments, the same after a rebuild, named by people."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from dujiang.engine.schema import fingerprint
from dujiang.foundation.clock import FixedClock
from dujiang.foundation.definitions import parse
from dujiang.foundation.errors import InvalidInput, NotFound
from dujiang.people.model import PeopleQuery
from dujiang.workspace import Workspace
from dujiang.workspace.handlers import HANDLERS

LOOSE = {
    "least_people": 100, "sample_people": 1000, "resamples": 5, "starts": 4, "groups_max": 4, "least_share": 0.01,
    "prediction_strength": 0.01, "jaccard": 0.01, "least_occasions": 2,
}  # fmt: skip
"""Three hundred people over two months show no group that the default rules would call stable."""


def define(workspace: Workspace, **one: Any) -> None:
    workspace.definitions.apply(workspace.definitions.plan([parse(one)]), actor="test")


def rows(workspace: Workspace, question: str) -> list[tuple[Any, ...]]:
    with workspace.engine.read() as con:
        return con.execute(question).fetchall()


def answers(workspace: Workspace) -> tuple[Any, ...]:
    """Groups, every tag of everybody, and the members of every segment."""
    with workspace.engine.read() as con:
        kept = fingerprint(con, ("person_group", "segment_member"))
    return kept, rows(workspace, "FROM person_tag ORDER BY person")


@pytest.fixture
def workspace(opened: Callable[[], Workspace]) -> Workspace:
    workspace = opened()
    define(workspace, kind="group_rules", name="default", spec=LOOSE)
    job = workspace.jobs.create("groups", {}, "test")
    assert HANDLERS["groups"](workspace, job, lambda *_told: None) == {
        "state": "fitted",
        "groups": len(workspace.groups.now().groups),
    }
    return workspace


def test_the_page_adds_up(workspace: Workspace) -> None:
    now = workspace.groups.now()
    assert now.computed
    assert now.run == now.latest
    grouped = rows(workspace, "SELECT count(*) FROM person_group WHERE moment = 'now'")[0][0]
    assert sum(one.people for one in now.groups) == grouped > 100
    assert sum(one.share or 0 for one in now.groups) == pytest.approx(1)
    within = "status = 'valid' AND person IS NOT NULL AND day < (SELECT max(as_of) FROM person_group)"
    paid = rows(workspace, f"SELECT sum(paid_minor) FROM orders SEMI JOIN person_group USING (person) WHERE {within}")
    assert sum(one.paid_minor for one in now.groups) == paid[0][0]
    assert sum(one.people for one in now.flow) == grouped
    assert all(one.before == one.after for one in now.flow)  # fitted today
    for one in now.groups:
        assert workspace.people.list(PeopleQuery(), workspace.groups.people_in(one.id)).count == one.people


def test_step_by_step_in_full_and_after_a_rebuild_the_groups_are_the_same(workspace: Workspace) -> None:
    define(workspace, kind="segment", name="first_group", spec={"condition": _tag("g1")})
    workspace.refresh()
    before = answers(workspace)
    members = rows(workspace, "SELECT person FROM segment_member WHERE segment = 'first_group' ORDER BY 1")
    assert members == rows(workspace, "SELECT person FROM person_tag WHERE behaviour_group = 'g1' ORDER BY 1")
    assert members == rows(
        workspace, "SELECT person FROM person_group WHERE moment = 'now' AND group_id = 'g1' ORDER BY 1"
    )
    known = "SELECT batch FROM fact_order WHERE anchor IS NOT NULL GROUP BY batch ORDER BY count(*) DESC, batch LIMIT 1"
    workspace.imports.undo(rows(workspace, known)[0][0], actor="test")
    assert workspace.refresh().persons
    step = answers(workspace)
    assert step != before
    workspace._refresher.refresh(full=True)
    assert answers(workspace) == step
    workspace.rebuild()
    assert answers(workspace) == step


def _tag(group: str) -> dict[str, Any]:
    return {"type": "tag", "tag": "behaviour_group", "op": "is", "value": group}


def test_a_new_day_moves_people_and_the_flow_says_whither(brand: Any) -> None:
    with Workspace.open(brand) as workspace:
        clock = FixedClock(workspace.now())
    with Workspace.open(brand, clock=clock) as workspace:
        define(workspace, kind="group_rules", name="default", spec={**LOOSE, "window_days": 45})
        assert workspace.groups.fit().state == "fitted"
        workspace.refresh()
        at_fit = rows(workspace, "SELECT person, group_id FROM person_group WHERE moment = 'fit' ORDER BY 1")
        clock.advance(timedelta(days=20))
        workspace.refresh()
        assert rows(workspace, "SELECT person, group_id FROM person_group WHERE moment = 'fit' ORDER BY 1") == at_fit
        now = workspace.groups.now()
        gone = sum(one.people for one in now.flow if one.after is None)
        assert gone > 0  # whose two occasions lie too long ago by now
        assert sum(one.people for one in now.flow if one.before is not None) == len(at_fit)
        kept = answers(workspace)
        workspace.rebuild()
        assert answers(workspace) == kept


def test_one_person_is_told_why(workspace: Workspace) -> None:
    ((person, own, margin),) = rows(
        workspace,
        "SELECT person, group_id, margin FROM person_group WHERE moment = 'now' ORDER BY margin DESC, person LIMIT 1",
    )
    found = workspace.groups.of_person(person, most=100)
    assert found is not None
    assert (found.group, found.margin) == (own, margin)
    assert found.next_group != own
    assert sum(one.share for one in found.reasons) == pytest.approx(1)
    assert found.history[-1].group == own
    assert workspace.groups.of_person(-1) is None


def test_a_name_given_by_people_stays_over_fits_and_can_be_taken_back(workspace: Workspace) -> None:
    own = workspace.groups.labels("zh")["g1"]
    workspace.definitions.apply(
        workspace.definitions.plan([workspace.groups.renamed("g1", {"zh": "老茶客"})]), actor="test"
    )
    workspace.groups.fit()
    workspace.refresh()
    assert workspace.groups.labels("zh")["g1"] == "老茶客"
    assert {one.id: one.renamed for one in workspace.groups.now().groups}["g1"]
    workspace.definitions.apply(workspace.definitions.plan([workspace.groups.renamed("g1", {"zh": ""})]), actor="test")
    assert workspace.groups.labels("zh")["g1"] == own
    with pytest.raises(NotFound, match="g77"):
        workspace.groups.renamed("g77", {})
    with pytest.raises(InvalidInput):
        workspace.groups.renamed("g1", {"zh": "名" * 41})


def test_a_fit_that_finds_nothing_leaves_the_groups_in_use(workspace: Workspace) -> None:
    before = answers(workspace)
    define(workspace, kind="group_rules", name="default", spec={**LOOSE, "least_people": 1000})
    assert workspace.groups.fit().state == "too_little"
    workspace.refresh()
    assert answers(workspace) == before
    now = workspace.groups.now()
    assert now.latest is not None
    assert now.run != now.latest
    with pytest.raises(InvalidInput):
        workspace.groups.fit(as_of=workspace.now().date() + timedelta(3))
