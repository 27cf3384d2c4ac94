"""A damaged journal is taken up again, and what can be read of it counts once."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from sqlalchemy import update

from dujiang.store.journal import Entry
from dujiang.store.tables import journal_entry
from dujiang.workspace import Workspace


def _event(number: int) -> bytes:
    event = {"type": "track", "event": "a", "userId": f"u{number}", "messageId": f"m{number}"}
    return json.dumps({"batch": [event]}).encode()


def _send(workspace: Workspace, numbers: Sequence[int]) -> None:
    now = workspace.now()
    entries = [Entry("site_web", "key_1", now, "/v1/batch", "application/json", _event(n), 1) for n in numbers]
    workspace.journal.append_many(entries)


def _events(workspace: Workspace) -> int:
    return workspace.status().facts["event"]


def test_what_can_be_read_is_loaded_and_the_rest_is_put_aside(brand: Path) -> None:
    with Workspace.open(brand) as workspace:
        before = _events(workspace)
        _send(workspace, range(5))
        with workspace.journal._log.writing() as tx:
            head = workspace.journal.head()
            for back, change in ((0, {"hash": b"x"}), (2, {"body": b"x"}), (3, {"events": 7})):
                tx.execute(update(journal_entry).where(journal_entry.c.sequence == head - back).values(change))
    with Workspace.open(brand) as workspace:
        assert not workspace.journal.accepts
        done = workspace.salvage("wang")
        assert done is not None
        assert (done.kept, done.restored, done.aside, done.missing) == (2, 1, 2, 0)
        assert done.file is not None
        assert done.file.parent == workspace.layout.salvaged
        _send(workspace, [5])
        workspace.refresh()
        assert _events(workspace) == before + 4
        assert all(one.good for one in workspace.doctor())
        (entry, *_older) = workspace.audit.list(1)
        assert (entry.action, entry.actor, entry.after["aside"]) == ("journal.salvage", "wang", 2)
        assert entry.after["file"] == done.file.name
        assert workspace.salvage("wang") is None


def test_a_salvage_cut_off_before_the_store_knew_is_done_again(brand: Path) -> None:
    with Workspace.open(brand) as workspace:
        before = _events(workspace)
        _send(workspace, range(3))
        with workspace.db.read() as rx:
            passed = workspace.manifest.cursor(rx, "journal")
        workspace.journal.salvage(workspace.layout.salvaged / "x", passed=passed, loadable=lambda _row: True)
    with Workspace.open(brand) as workspace:
        workspace.salvage("wang")
        workspace.refresh()
        assert _events(workspace) == before + 3
