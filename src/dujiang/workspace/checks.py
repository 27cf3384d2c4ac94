"""Looking a workspace over: its status, and the doctor's round."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Final

from dujiang.engine.contract import ALL
from dujiang.foundation.facts import FAMILIES
from dujiang.foundation.i18n import _
from dujiang.foundation.progress import Progress
from dujiang.store.problems import Problem
from dujiang.workspace.salvaging import look
from dujiang.workspace.status import Finding, Status

if TYPE_CHECKING:
    from dujiang.workspace.workspace import Workspace

FREE_DISK_MIN: Final = 0.05
_GOOD: Final = _("in order ({count} checked)")


def status(workspace: Workspace, version: str) -> Status:
    """What is in ``workspace`` now."""
    facts: dict[str, int] = dict.fromkeys(FAMILIES, 0)
    for part in workspace.manifest.parts():
        facts[part.family] += part.rows
    with workspace.engine.read() as con:
        persons, identifiers, orders = (_count(con, table) for table in ("person", "identifier", "orders"))
    counts = workspace.manifest.counts()
    letters = sum(group.letters for group in workspace.manifest.dead_letters.groups() if group.state == "open")
    return Status(
        brand=workspace.settings.brand.name,
        version=version,
        store=workspace.db.dialect,
        facts=facts,
        persons=persons,
        identifiers=identifiers,
        orders=orders,
        waiting=workspace.loader.waiting(),
        dead_letters=letters,
        today=workspace.present.day(),
        last_received=max((one.hour for one in counts), default=None),
        last_refresh=workspace.refreshing.last,
        archive_bytes=_bytes(workspace.layout.archive),
        engine_bytes=_bytes(workspace.layout.engine),
    )


def doctor(workspace: Workspace, progress: Progress) -> list[Finding]:
    """Every check, in the order truth first."""
    checks: list[tuple[str, Callable[[Workspace], Iterator[Finding]]]] = [
        (_("Journal"), _journal),
        (_("Archive"), _archive),
        (_("Audit log"), _audit),
        (_("Answers"), _answers),
        (_("Counts"), _counts),
        (_("Definitions"), _owners),
        (_("Disk"), _disk),
    ]
    findings: list[Finding] = []
    for number, (_name, check) in enumerate(checks):
        progress(_("check"), number, len(checks))
        findings += check(workspace)
    progress(_("check"), len(checks), len(checks))
    return findings


def _journal(workspace: Workspace) -> Iterator[Finding]:
    found = look(workspace)
    yield from _problems(_("Journal"), found.problems, found.entries)


def _archive(workspace: Workspace) -> Iterator[Finding]:
    found = workspace.manifest.verify(workspace.layout.archive)
    yield from _problems(_("Archive"), found.problems, found.parts)


def _audit(workspace: Workspace) -> Iterator[Finding]:
    found = workspace.audit.verify()
    yield from _problems(_("Audit log"), found.problems, found.entries)


def _answers(workspace: Workspace) -> Iterator[Finding]:
    """Whether the engine holds exactly the archive's facts."""
    expected: dict[str, int] = dict.fromkeys(FAMILIES, 0)
    for part in workspace.manifest.parts():
        expected[part.family] += part.rows
    with workspace.engine.read() as con:
        found = {family: _count(con, f"fact_{family}") for family in FAMILIES}
    wrong = [family for family in FAMILIES if found[family] != expected[family]]
    if wrong:
        sentence = _("The engine holds {found} facts of “{family}”, the archive {expected}. Run dujiang rebuild.")
        values = {"family": wrong[0], "found": found[wrong[0]], "expected": expected[wrong[0]]}
        yield Finding(_("Answers"), False, sentence, values)
    else:
        yield Finding(_("Answers"), True, _GOOD, {"count": sum(found.values())})


def _counts(workspace: Workspace) -> Iterator[Finding]:
    """received = accepted + rejected + duplicate, for every source and hour."""
    counts = workspace.manifest.counts()
    for one in counts:
        if one.received != one.accepted + one.rejected + one.duplicate:
            sentence = _("{source}, {hour}: {received} received, but {sum} accounted for.")
            total = one.accepted + one.rejected + one.duplicate
            values = {"source": one.source, "hour": one.hour.isoformat(), "received": one.received, "sum": total}
            yield Finding(_("Counts"), False, sentence, values)
            return
    yield Finding(_("Counts"), True, _GOOD, {"count": len(counts)})


def _owners(workspace: Workspace) -> Iterator[Finding]:
    """Whether everything essential has somebody who answers for it, and a deputy."""
    own = [one.definition for one in workspace.definitions.listed() if one.own]
    for one in own:
        if one.essential and one.status == "active" and not (one.owner and one.deputy):
            sentence = _("{kind} “{name}” is essential, but has no owner or no deputy. Name both.")
            yield Finding(_("Definitions"), False, sentence, {"kind": one.kind, "name": one.name})
            return
    yield Finding(_("Definitions"), True, _GOOD, {"count": len(own)})


def _disk(workspace: Workspace) -> Iterator[Finding]:
    usage = shutil.disk_usage(workspace.layout.folder)
    share = usage.free / usage.total
    sentence = _("{percent} % of the disk is free. Below 5 % Dujiang stops taking data in: make room.")
    good = share >= FREE_DISK_MIN
    yield Finding(_("Disk"), good, sentence if not good else _("{percent} % free"), {"percent": round(share * 100)})


def _problems(check: str, problems: tuple[Problem, ...], count: int) -> Iterator[Finding]:
    if not problems:
        yield Finding(check, True, _GOOD, {"count": count})
    for problem in problems:
        yield Finding(check, False, problem.sentence, problem.values)


def _count(con: object, table: str) -> int:
    assert table in ALL
    row = con.execute(f"select count(*) from {table}").fetchone()  # type: ignore[attr-defined]
    return int(row[0])


def _bytes(folder: Path) -> int:
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
