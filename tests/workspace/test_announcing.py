"""What is decided about people is told downstream exactly once, wherever the process dies."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from dujiang.store.journal import Entry
from dujiang.workspace import Workspace

AT = datetime(2026, 11, 16, 2, tzinfo=UTC)
DIES = """
import os, signal, sys
from pathlib import Path
from dujiang.workspace import Workspace, announcing

def die(*_args, **_values):
    os.kill(os.getpid(), signal.SIGKILL)

with Workspace.open(Path(sys.argv[1])) as workspace:
    setattr(announcing, sys.argv[2], die)
    workspace.refresh()
"""


def seen(workspace: Workspace, name: str, **who: str) -> None:
    event = {"type": "track", "event": "Seen", "messageId": name, "timestamp": AT.isoformat()} | who
    body = json.dumps({"batch": [event]}).encode()
    workspace.journal.append_many([Entry("site_web", "test", AT, "/v1/batch", "application/json", body, 1)])


def merges(workspace: Workspace) -> list[str]:
    return [one.key for one in workspace.outbox.read("test", 1000) if one.topic == "person.merged"]


@pytest.mark.parametrize("where", ["newest", "publish", "record"])
def test_a_merge_is_told_although_the_process_died_after_the_answers_were_committed(brand: Path, where: str) -> None:
    with Workspace.open(brand) as workspace:
        for name, who in (("a1", {"anonymousId": "twice-seen"}), ("a2", {"userId": "reader-twice"})):
            seen(workspace, name, **who)
            workspace.refresh()
        seen(workspace, "a3", anonymousId="twice-seen", userId="reader-twice")
        absorbed = len(merges(workspace))
    died = subprocess.run([sys.executable, "-c", DIES, str(brand), where], check=False)
    assert died.returncode == -signal.SIGKILL
    with Workspace.open(brand) as workspace:
        assert len(merges(workspace)) == absorbed + 1
        assert workspace.people.find("twice-seen") == workspace.people.find("reader-twice")
    with Workspace.open(brand) as workspace:
        workspace.refresh()
        assert len(merges(workspace)) == absorbed + 1
        assert workspace.audit.verify().ok


def test_what_was_told_is_not_told_again_at_the_next_start(opened: Callable[[], Workspace]) -> None:
    workspace = opened()
    for name, who in (
        ("b1", {"anonymousId": "x-1"}),
        ("b2", {"userId": "y-1"}),
        ("b3", {"anonymousId": "x-1", "userId": "y-1"}),
    ):
        seen(workspace, name, **who)
        workspace.refresh()
    told = merges(workspace)
    assert len(told) == 1
    workspace.refreshing.catch_up()
    workspace.rebuild()
    assert merges(workspace) == told
