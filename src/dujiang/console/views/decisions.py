"""Decisions about who is who and dry runs, ready to be shown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from dujiang.console.components import Card, Tag
from dujiang.console.sheets import Column, Sheet
from dujiang.console.views.identity import reason_text
from dujiang.console.views.people import type_label
from dujiang.console.visit import Visit
from dujiang.foundation.i18n import _
from dujiang.foundation.ids import person_id
from dujiang.identity.decisions import Decided
from dujiang.identity.dry_run import DryRun
from dujiang.identity.rulings import Ruling

KINDS: Final = {
    "separate": _("kept apart for ever"),
    "join": _("one person"),
    "bar": _("joins nobody"),
    "unbind": _("unbound"),
    "distrust": _("source not believed"),
}
CHANGES: Final = {"merge": _("become one"), "split": _("leaves")}


@dataclass(frozen=True)
class DecisionView:
    """One decision in the list; ``can_revoke`` while it is in force."""

    id: str
    kind: str
    about: str
    at: str
    actor: str
    reason: str
    state: Tag
    can_revoke: bool
    can_restore: bool


@dataclass(frozen=True)
class DryRunView:
    """What a change would do."""

    cards: tuple[Card, ...]
    examples: Sheet
    largest: Sheet
    not_covered: tuple[str, ...]


def decision(visit: Visit, found: Decided) -> DecisionView:
    """One line of the list."""
    one = found.ruling
    state = Tag(visit.text(_("in force")), "good") if found.in_force else Tag(visit.text(_("revoked")))
    at = visit.show(one.at, "moment")
    return DecisionView(
        one.id,
        kind_text(visit, one.kind),
        about(visit, one),
        at,
        one.actor,
        one.reason,
        state,
        found.in_force,
        not found.in_force,
    )


def about(visit: Visit, ruling: Ruling) -> str:
    """What a decision is about: a source, or identifiers by their ids; of an unbinding also when that was."""
    when = [] if ruling.moment is None else [visit.show(ruling.moment, "moment")]
    return ruling.source or " · ".join([*map(person_id, ruling.nodes), *when])


def kind_text(visit: Visit, kind: str) -> str:
    """A kind of decision in words."""
    return visit.text(KINDS.get(kind, kind))


def sheet(visit: Visit, found: Sequence[Decided]) -> Sheet:
    """The list for export."""
    columns = (
        Column("id", visit.text(_("Number")), "code"),
        Column("kind", visit.text(_("Decision"))),
        Column("about", visit.text(_("About"))),
        Column("at", visit.text(_("When")), "moment"),
        Column("actor", visit.text(_("Who"))),
        Column("reason", visit.text(_("Why"))),
        Column("revoked", visit.text(_("Revoked")), "moment"),
    )
    rows = [
        (
            one.ruling.id,
            kind_text(visit, one.ruling.kind),
            about(visit, one.ruling),
            one.ruling.at,
            one.ruling.actor,
            one.ruling.reason,
            one.revoked_at,
        )
        for one in found
    ]
    return Sheet("identity-decisions", columns, rows)


def dry_run(visit: Visit, found: DryRun) -> DryRunView:
    """Counts as cards, examples and the largest people as tables."""
    told = (
        ("merges", _("People who become part of another"), found.merges),
        ("splits", _("Parts that leave a person"), found.splits),
        ("affected", _("People affected"), found.affected),
        ("after", _("People afterwards"), found.persons_after),
    )
    cards = tuple(Card(key, visit.text(label), visit.show(value, "count")) for key, label, value in told)
    return DryRunView(cards, _examples(visit, found), _largest(visit, found), found.not_covered)


def _examples(visit: Visit, found: DryRun) -> Sheet:
    columns = (
        Column("change", visit.text(_("What happens"))),
        Column("person", visit.text(_("Person")), "code"),
        Column("other", visit.text(_("Other person")), "code"),
        Column("identifiers", visit.text(_("Identifiers")), "count"),
        Column("link", visit.text(_("The link that decides"))),
        Column("reason", visit.text(_("Reason"))),
    )
    rows = [
        (
            visit.text(CHANGES[one.change]),
            person_id(one.person),
            person_id(one.other),
            one.identifiers,
            " · ".join(type_label(visit, type_) for type_ in (one.a_type, one.b_type) if type_),
            reason_text(visit, one.reason) if one.reason else "",
        )
        for one in found.examples
    ]
    return Sheet("identity-dry-run", columns, rows)


def _largest(visit: Visit, found: DryRun) -> Sheet:
    columns = (
        Column("person", visit.text(_("Person")), "code"),
        Column("after", visit.text(_("Identifiers afterwards")), "count"),
        Column("before", visit.text(_("Identifiers now")), "count"),
    )
    return Sheet("identity-largest", columns, [(person_id(one), after, now) for one, after, now in found.largest])
