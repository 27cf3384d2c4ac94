"""What named nobody is counted by calls and files alike, and own lists are heeded from the next fact on."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from small_kit import Small, small

from dujiang.collect.junk import KIND
from dujiang.foundation.definitions import parse
from dujiang.identity.evidence import explain
from dujiang.store.command import Actor
from dujiang.store.journal import Entry
from dujiang.workspace import Workspace


def _send(workspace: Workspace, *logins: str) -> None:
    at = workspace.clock.now()
    moment = datetime(2026, 11, 16, tzinfo=UTC).isoformat()
    batch = [
        {"type": "track", "event": "Seen", "messageId": f"{login}{at}", "userId": login, "timestamp": moment}
        for login in logins
    ]
    body = json.dumps({"batch": batch}).encode()
    workspace.journal.append_many([Entry("site_web", "test", at, "/v1/batch", "application/json", body, len(batch))])
    workspace.refresh()


def _junk(workspace: Workspace, source: str = "site_web") -> dict[str, int]:
    found = [one for one in workspace.ignored_identifiers(3650) if one.source == source and one.type == "user_id"]
    return {one.rule: one.count for one in found if one.reason == "junk"}


def test_files_are_counted(opened: Callable[[], Workspace]) -> None:
    counted = {one.source for one in opened().ignored_identifiers(3650)}
    assert any(source.endswith("_files") for source in counted)


def test_calls_are_counted_and_an_own_list_is_heeded_at_once(opened: Callable[[], Workspace]) -> None:
    workspace = opened()
    before = _junk(workspace)
    _send(workspace, "undefined", "undefined", "123456", "tester-one")
    assert _junk(workspace) == before | {
        "program_words": before.get("program_words", 0) + 2,
        "made_up_logins": before.get("made_up_logins", 0) + 1,
    }
    assert workspace.people.find("tester-one")
    own = parse({"kind": KIND, "name": "testers", "spec": {"types": ["user_id"], "patterns": ["tester-.*"]}})
    jobs = len(workspace.jobs.list())
    workspace.definitions.apply(workspace.definitions.plan([own]), actor="test")
    _send(workspace, "tester-two")
    assert _junk(workspace)["testers"] == 1
    assert not workspace.people.find("tester-two")
    assert [one.kind for one in workspace.jobs.list()[: len(workspace.jobs.list()) - jobs]] == ["junk"]


def _people(brand: Small, *names: str) -> int:
    """How many people these identifiers belong to."""
    nodes = ", ".join(str(brand.node(name)) for name in names)
    ((people,),) = brand.rows(f"SELECT count(DISTINCT person) FROM person_node WHERE node IN ({nodes})")
    return people


def test_a_list_reaches_what_was_known_before_it(tmp_path: Path) -> None:
    with small(tmp_path) as brand:
        workspace = brand.workspace
        for names in (["user_id:desk", "mobile:13922220001"], ["user_id:desk", "mobile:13922220002"],
                      ["member_no:M1", "mobile:13911110001"], ["email:a@b.cn", "mobile:13911110001"]):  # fmt: skip
            brand.fact("order", names, 9)
        brand.refresh()
        before = brand.state()
        desk, ours = ("mobile:13922220001", "mobile:13922220002"), ("member_no:M1", "email:a@b.cn")
        assert (_people(brand, *desk), _people(brand, *ours)) == (1, 1)
        lists = [
            parse({"kind": KIND, "name": "desks", "spec": {"types": ["user_id"], "values": ["DESK"]}}),
            parse({"kind": KIND, "name": "phones", "spec": {"types": ["mobile"], "patterns": ["1391111000."]}}),
        ]
        workspace.definitions.apply(workspace.definitions.plan(lists), actor="test")
        assert workspace.bar_known_junk() == 2
        assert workspace.bar_known_junk() == 0
        brand.refresh()
        assert (_people(brand, *desk), _people(brand, *ours)) == (2, 2)
        after = brand.state()
        workspace.rebuild()
        assert brand.state() == after
        with workspace.engine.read() as con:
            told = [
                one.text(workspace.identifier_types, "en")
                for one in explain(con, brand.node("member_no:M1"), workspace.identifier_types)
            ]
        assert any("a value that means nobody: the list “phones” names it" in one for one in told)
        paused = [one.model_copy(update={"status": "paused"}) for one in lists]
        workspace.definitions.apply(workspace.definitions.plan(paused), actor="test")
        assert workspace.bar_known_junk() == 2
        brand.refresh()
        # Who entered and left a segment is history, and stays.
        assert {**brand.state(), "segment_member": 0} == {**before, "segment_member": 0}


def test_what_somebody_believes_all_the_same_is_not_barred_again(tmp_path: Path) -> None:
    with small(tmp_path) as brand:
        workspace = brand.workspace
        brand.fact("order", ["user_id:desk", "mobile:13922220001"], 9)
        brand.refresh()
        desks = parse({"kind": KIND, "name": "desks", "spec": {"values": ["desk"]}})
        workspace.definitions.apply(workspace.definitions.plan([desks]), actor="test")
        assert workspace.bar_known_junk() == 1
        (barred,) = workspace.identity_decisions.in_force()
        workspace.identity_decisions.revoke(barred.id, actor=Actor("han", "operator"))
        assert workspace.bar_known_junk() == 0
