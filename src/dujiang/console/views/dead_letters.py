"""Dead letters, ready to be shown."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlencode

from dujiang.collect.dead_letters import Mended
from dujiang.console.sheets import Column, Sheet
from dujiang.console.visit import Visit
from dujiang.foundation.i18n import _
from dujiang.store.dead_letters import DeadLetterRow, LetterGroup, LetterState

STATES: Final[dict[LetterState, str]] = {"open": _("Open"), "fixed": _("Repaired"), "discarded": _("Discarded")}


@dataclass(frozen=True)
class LettersView:
    """The list's frame: its state, how many letters each state has, and where older ones are."""

    state: LetterState
    states: tuple[tuple[LetterState, str, int], ...]
    next: str


@dataclass(frozen=True)
class MendedView:
    """One letter before and after a rule."""

    id: int
    before: str
    after: str
    problem: str


def reason(visit: Visit, row: DeadLetterRow) -> str:
    """Why a letter was rejected, in words."""
    return visit.text(row.letter.sentence, **row.letter.values)


def states(visit: Visit, groups: Sequence[LetterGroup]) -> tuple[tuple[LetterState, str, int], ...]:
    """Every state with its number of letters."""
    return tuple(
        (state, visit.text(label), sum(one.letters for one in groups if one.state == state))
        for state, label in STATES.items()
    )


def groups_sheet(visit: Visit, groups: Sequence[LetterGroup], state: LetterState) -> Sheet:
    """Letters by source, reason and field, the most frequent first."""
    columns = (
        Column("reason", visit.text(_("Reason")), "code"),
        Column("field", visit.text(_("Field")), "code"),
        Column("source", visit.text(_("Source"))),
        Column("letters", visit.text(_("Events")), "count"),
    )
    chosen = [one for one in groups if one.state == state]
    rows = [(one.reason_code, one.field, visit.source_label(one.source), one.letters) for one in chosen]
    links = [
        "/dead-letters/repair?" + urlencode({"reason": one.reason_code, "field": one.field, "source": one.source})
        for one in chosen
    ]
    return Sheet("groups", columns, rows, links if state == "open" else ())


def letters_sheet(visit: Visit, rows: Sequence[DeadLetterRow]) -> Sheet:
    """Single letters."""
    columns = (
        Column("number", visit.text(_("Number"))),
        Column("received", visit.text(_("Received")), "moment"),
        Column("source", visit.text(_("Source"))),
        Column("field", visit.text(_("Field")), "code"),
        Column("reason", visit.text(_("Reason"))),
        Column("note", visit.text(_("Note"))),
    )
    told = [
        (
            one.id,
            one.letter.received_at,
            visit.source_label(one.letter.source),
            one.letter.field,
            reason(visit, one),
            one.note,
        )
        for one in rows
    ]
    return Sheet("letters", columns, told, [f"/dead-letters/{one.id}" for one in rows])


def pretty(event: Any) -> str:
    """An event as text to be read."""
    return event if isinstance(event, str) else json.dumps(event, ensure_ascii=False, indent=2)


def mended(visit: Visit, found: Sequence[Mended]) -> list[MendedView]:
    """What a rule makes of letters."""
    return [
        MendedView(
            one.id,
            pretty(one.before),
            "" if one.after is None else pretty(one.after),
            visit.text(one.sentence, **one.values) if one.code else "",
        )
        for one in found
    ]
