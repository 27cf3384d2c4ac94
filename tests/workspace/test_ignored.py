"""What named nobody is counted by calls and files alike, and own lists are heeded from the next fact on."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime

from dujiang.collect.junk import KIND
from dujiang.foundation.definitions import parse
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
    assert len(workspace.jobs.list()) == jobs
