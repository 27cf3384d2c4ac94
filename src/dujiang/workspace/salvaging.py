"""Taking a damaged journal up again, and telling the store and the audit log so."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from dujiang.foundation.i18n import _
from dujiang.store.audit import record
from dujiang.store.journal import JournalCheck, JournalRow, Salvaged
from dujiang.store.manifest import JOURNAL_CURSOR
from dujiang.store.problems import Problem

if TYPE_CHECKING:
    from dujiang.workspace.workspace import Workspace


def salvage(workspace: Workspace, actor: str) -> Salvaged | None:
    """Salvage the journal of ``workspace``; None when nothing is wrong with it."""
    problems = look(workspace).problems
    if not problems:
        return None
    passed = _passed(workspace)
    now = workspace.now()
    file = workspace.layout.salvaged / f"journal-{now:%Y%m%dT%H%M%S%f}.jsonl"
    done = workspace.journal.salvage(file, passed=passed, loadable=lambda row: _loadable(workspace, row))
    # The journal first: cut off in between, the salvage is done again and finds the same entries behind the new anchor.
    told = {name: getattr(done, name) for name in ("kept", "restored", "aside", "missing", "begins_after")}
    told |= {"problems": [one.code for one in problems], "file": done.file.name if done.file else ""}
    with workspace.db.transaction() as tx:
        workspace.manifest.set_cursor(tx, JOURNAL_CURSOR, done.begins_after)
        record(tx, actor=actor, action="journal.salvage", object="journal", after=told, at=now)
    return done


def look(workspace: Workspace) -> JournalCheck:
    """What is wrong with the journal, by itself and for the store that loads from it."""
    passed = _passed(workspace)
    found = workspace.journal.verify(passed)
    begins_after = workspace.journal.begins_after()
    if found.problems or begins_after <= passed:
        return found
    sentence = _("The journal begins after entry {begin}, but the store has loaded only up to {passed}.")
    late = Problem("journal.begins_late", sentence, {"begin": begins_after, "passed": passed})
    return replace(found, problems=(late,))


def _passed(workspace: Workspace) -> int:
    with workspace.db.read() as rx:
        return workspace.manifest.cursor(rx, JOURNAL_CURSOR)


def _loadable(workspace: Workspace, row: JournalRow) -> bool:
    decoded = workspace.judge(row)
    return len(decoded.events) + len(decoded.rejected) == row.events
