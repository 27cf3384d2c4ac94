"""Definitions as lists, versions and differences."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from dujiang.console.components import Tag
from dujiang.console.sheets import Column, Sheet
from dujiang.console.visit import Visit
from dujiang.foundation.definitions import Change, Definition, PlannedChange, dump_yaml
from dujiang.foundation.i18n import _
from dujiang.store.definitions import Version
from dujiang.workspace.definitions import Listed

_STATES: Final = {
    "draft": (_("draft"), "info"),
    "active": (_("active"), "good"),
    "paused": (_("paused"), "warn"),
    "retired": (_("retired"), ""),
}
_CHANGES: Final[dict[Change, str]] = {
    "create": _("added"),
    "update": _("changed"),
    "unchanged": _("unchanged"),
    "retire": _("retired"),
}


@dataclass(frozen=True)
class DiffLine:
    """A line of a difference; ``kind`` is ``add``, ``del``, ``hunk`` or empty."""

    text: str
    kind: str


@dataclass(frozen=True)
class VersionView:
    """A version and what it changed."""

    number: int
    at: datetime
    actor: str
    note: str
    lines: tuple[DiffLine, ...]


@dataclass(frozen=True)
class ChangeView:
    """What applying would do to one definition."""

    change: Change
    label: str
    key: tuple[str, str]
    lines: tuple[DiffLine, ...]


def status(visit: Visit, definition: Definition) -> Tag:
    """The status as a tag."""
    label, tone = _STATES[definition.status]
    return Tag(visit.text(label), tone)


def sheet(visit: Visit, found: Sequence[Listed]) -> Sheet:
    """The list of definitions."""
    columns = (
        Column("title", visit.text(_("Title"))),
        Column("kind", visit.text(_("Kind")), "code"),
        Column("name", visit.text(_("Name")), "code"),
        Column("status", visit.text(_("Status")), "tag"),
        Column("owner", visit.text(_("Owner"))),
        Column("deputy", visit.text(_("Deputy"))),
        Column("whose", visit.text(_("Whose"))),
    )
    rows, links = [], []
    for one in found:
        definition = one.definition
        whose = visit.text(_("own") if one.own else _("built in"))
        rows.append(
            (
                definition.label(visit.locale),
                definition.kind,
                definition.name,
                status(visit, definition),
                definition.owner,
                definition.deputy,
                whose,
            )
        )
        links.append(f"/definitions/{definition.kind}/{definition.name}")
    return Sheet("definitions", columns, rows, links)


def fits(one: Listed, words: str, locale: str) -> bool:
    """Whether a definition's name, title or owner holds ``words``."""
    definition = one.definition
    text = f"{definition.name} {definition.label(locale)} {definition.owner} {definition.deputy}".lower()
    return words.lower() in text


def versions(found: Sequence[Version]) -> list[VersionView]:
    """Versions, newest first, each with its difference from the one before."""
    before = [one.definition for one in found[1:]]
    return [
        VersionView(one.number, one.at, one.actor, one.note, _diff(earlier, one.definition))
        for one, earlier in zip(found, [*before, None], strict=True)
    ]


def changes(visit: Visit, planned: Iterable[PlannedChange]) -> list[ChangeView]:
    """A plan, ready to be read."""
    return [
        ChangeView(one.change, visit.text(_CHANGES[one.change]), one.key, _diff(one.before, one.after))
        for one in planned
    ]


def _diff(before: Definition | None, after: Definition | None) -> tuple[DiffLine, ...]:
    old = dump_yaml([before]).splitlines() if before else []
    new = dump_yaml([after]).splitlines() if after else []
    lines = list(difflib.unified_diff(old, new, lineterm=""))[2:]
    return tuple(DiffLine(line, {"+": "add", "-": "del", "@": "hunk"}.get(line[:1], "")) for line in lines)
