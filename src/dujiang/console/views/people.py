"""People lists, person pages and timelines, ready to be shown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

from dujiang.console import formats
from dujiang.console.components import Action, Card, Tag
from dujiang.console.sheets import Column, Sheet
from dujiang.console.visit import Visit
from dujiang.foundation.i18n import _
from dujiang.foundation.ids import person_id
from dujiang.foundation.timewindows import day_of
from dujiang.identity.evidence import Evidence
from dujiang.people.event_names import EVENT_LABELS
from dujiang.people.model import (
    EntryKind,
    OwnedIdentifier,
    PeoplePage,
    PersonOrder,
    PersonPage,
    Profile,
    Sort,
    TimelineEntry,
    TimelinePage,
)

KNOWN: Final = {"": _("Known and anonymous"), "yes": _("Known only"), "no": _("Anonymous only")}
BOUGHT: Final = {"": _("With and without orders"), "yes": _("Bought"), "no": _("Never bought")}
SORTS: Final[dict[Sort, str]] = {
    "last_seen": _("Last seen"),
    "first_seen": _("First seen"),
    "orders": _("Orders"),
    "paid": _("Amount paid"),
}
FIELDS: Final = {
    "gender": _("Gender"),
    "birth_year": _("Year of birth"),
    "province": _("Province"),
    "city": _("City"),
    "member_level": _("Member level"),
    "tags": _("Tags"),
}
GENDERS: Final = {"female": _("female"), "male": _("male")}
ROLES: Final = {
    "owner": (_("belongs to this person"), "good"),
    "shared": (_("shared by several"), "warn"),
    "alone": (_("alone"), ""),
    "barred": (_("joins nobody, by hand"), "warn"),
}
STATUSES: Final = {
    "valid": (_("valid"), "good"),
    "cancelled": (_("cancelled"), ""),
    "unpaid": (_("unpaid"), "warn"),
}


@dataclass(frozen=True)
class PeopleView:
    """The list's frame."""

    q: str
    channel: str
    known: str
    bought: str
    city: str
    sort: str
    known_choices: tuple[tuple[str, str], ...]
    bought_choices: tuple[tuple[str, str], ...]
    sort_choices: tuple[tuple[str, str], ...]
    behind: str
    question: str
    pick: str
    count: str
    first: str
    next: str
    is_filtered: bool
    fresh_at: datetime | None = None


@dataclass(frozen=True)
class PersonView:
    """One person's page."""

    id: str
    sentence: str
    cards: tuple[Card, ...]
    profile: tuple[tuple[str, str], ...]
    completeness: str
    missing: tuple[str, ...]
    channels: tuple[str, ...]
    identifiers: Sheet
    can_reveal: bool
    revealed: bool
    as_of: str
    take_out: tuple[Action, ...]


@dataclass(frozen=True)
class EntryView:
    """A line of a timeline."""

    time: str
    channel: str
    title: str
    detail: str


@dataclass(frozen=True)
class DayView:
    """A day of a timeline."""

    label: str
    entries: tuple[EntryView, ...]


@dataclass(frozen=True)
class TimelineView:
    """A part of a timeline, and where older entries are."""

    days: tuple[DayView, ...]
    older: str


def choices(visit: Visit, labels: Mapping[Any, str]) -> tuple[tuple[str, str], ...]:
    """Options of a menu."""
    return tuple((key, visit.text(label)) for key, label in labels.items())


def people_sheet(visit: Visit, page: PeoplePage) -> Sheet:
    """One row for each person; no personal data."""
    columns = (
        Column("person", visit.text(_("Person")), "code"),
        Column("known", visit.text(_("Known")), "tag"),
        Column("channels", visit.text(_("Seen in"))),
        Column("orders", visit.text(_("Orders")), "count"),
        Column("paid", visit.text(_("Amount paid")), "money"),
        Column("net", visit.text(_("Net of refunds")), "money"),
        Column("first", visit.text(_("First seen")), "moment"),
        Column("last", visit.text(_("Last seen")), "moment"),
        Column("city", visit.text(_("City"))),
        Column("level", visit.text(_("Member level"))),
    )
    rows = [person_row(visit, one) for one in page.people]
    return Sheet("people", columns, rows, [f"/people/{person_id(one.person)}" for one in page.people])


def person_row(visit: Visit, one: Profile) -> tuple[Any, ...]:
    """A person's row of the list."""
    known = Tag(visit.text(_("known")), "good") if one.known else Tag(visit.text(_("anonymous")))
    channels = " · ".join(visit.channel_label(name) for name in one.channels)
    return (
        person_id(one.person),
        known,
        channels,
        one.orders,
        one.paid_minor,
        one.net_minor,
        one.first_at,
        one.last_at,
        one.city,
        one.member_level,
    )


def person(visit: Visit, page: PersonPage, clear: Mapping[int, str] | None, as_of: date | None = None) -> PersonView:
    """A person's page; with ``clear`` values where the reader asked for them and may see them."""
    who = page.profile
    return PersonView(
        id=person_id(who.person),
        sentence=_sentence(visit, page),
        cards=_cards(visit, who),
        profile=_profile(visit, who),
        completeness=visit.text(_("{share} of the profile is filled."), share=visit.show(who.completeness, "percent")),
        missing=tuple(visit.text(FIELDS[name]) for name in who.missing),
        channels=who.channels,
        identifiers=_identifiers_sheet(visit, page.identifiers, clear),
        can_reveal=any(one.kept for one in page.identifiers),
        revealed=clear is not None,
        as_of="" if as_of is None else as_of.isoformat(),
        take_out=_take_out(visit, page) if as_of is None and len({one.node for one in page.identifiers}) > 1 else (),
    )


def _sentence(visit: Visit, page: PersonPage) -> str:
    if page.asked != page.profile.person:
        return visit.text(_("{id} was found to be the same person and leads here."), id=person_id(page.asked))
    if page.profile.first_at is None:
        return visit.text(_("Known by name only: nothing has happened yet."))
    channel = visit.channel_label(page.profile.first_channel)
    return visit.text(
        _("First seen {when} in {channel}."), when=visit.show(page.profile.first_at, "moment"), channel=channel
    )


def _cards(visit: Visit, who: Profile) -> tuple[Card, ...]:
    return (
        Card("orders", visit.text(_("Orders")), visit.show(who.orders, "count"), basis=_days(visit, who)),
        Card("paid", visit.text(_("Amount paid")), visit.show(who.paid_minor, "money"), basis=_refunds(visit, who)),
        Card("visits", visit.text(_("Visits")), visit.show(who.visits, "count")),
        Card("channels", visit.text(_("Channels")), visit.show(len(who.channels), "count")),
        Card("last", visit.text(_("Last seen")), _day(visit, who.last_at)),
    )


def _day(visit: Visit, moment: datetime | None) -> str:
    return formats.NOTHING if moment is None else day_of(moment, visit.workspace.zone).isoformat()


def _days(visit: Visit, who: Profile) -> str:
    if who.first_order_day is None or who.last_order_day is None:
        return ""
    return visit.text(_("{first} to {last}"), first=who.first_order_day, last=who.last_order_day)


def _refunds(visit: Visit, who: Profile) -> str:
    if not who.refunded_minor:
        return ""
    return visit.text(_("{amount} given back"), amount=visit.show(who.refunded_minor, "money"))


def _profile(visit: Visit, who: Profile) -> tuple[tuple[str, str], ...]:
    found = (
        (_("Gender"), visit.text(GENDERS[who.gender]) if who.gender in GENDERS else who.gender),
        (_("Year of birth"), who.birth_year),
        (_("Province"), who.province),
        (_("City"), who.city),
        (_("Member level"), who.member_level),
        (_("Points"), visit.show(who.points, "count") if who.points is not None else None),
        (_("Member since"), visit.show(who.joined_at, "moment") if who.joined_at else None),
        (_("Contact since"), visit.show(who.added_at, "moment") if who.added_at else None),
        (_("Tags"), " · ".join(who.tags)),
    )
    return tuple((visit.text(label), str(value)) for label, value in found if value)


def _take_out(visit: Visit, page: PersonPage) -> tuple[Action, ...]:
    """For each identifier where it can be taken out of the person, after a look at what that would do."""
    who = person_id(page.profile.person)
    return tuple(
        Action(
            href=f"/identity/decide?kind=take_out&a={person_id(one.node)}&person={who}",
            label=visit.text(_("Take out…")),
            say=visit.text(
                _("Take {identifier} out of this person…"), identifier=f"{type_label(visit, one.type)} {one.shown}"
            ),
        )
        for one in page.identifiers
    )


def _identifiers_sheet(visit: Visit, found: Sequence[OwnedIdentifier], clear: Mapping[int, str] | None) -> Sheet:
    columns = (
        Column("type", visit.text(_("Type"))),
        Column("value", visit.text(_("Value")), "code"),
        Column("role", visit.text(_("Role")), "tag"),
        Column("facts", visit.text(_("Stated")), "count"),
        Column("first", visit.text(_("First seen"))),
        Column("last", visit.text(_("Last seen"))),
    )
    rows = []
    for one in found:
        label, tone = ROLES.get(one.role, (one.role, ""))
        value = (clear or {}).get(one.node) or one.shown
        rows.append(
            (
                type_label(visit, one.type),
                value,
                Tag(visit.text(label), tone),
                one.facts,
                _day(visit, one.first_at),
                _day(visit, one.last_at),
            )
        )
    return Sheet("identifiers", columns, rows)


def type_label(visit: Visit, type_: str) -> str:
    """What people call a type of identifier, with its scope."""
    return visit.workspace.identifier_types.label(type_, visit.locale)


KINDS: Final[dict[str, str]] = {
    "": _("Everything"),
    "order": _("Orders"),
    "refund": _("Refunds"),
    "conversation": _("Service"),
    "event": _("Tracking"),
}
PART: Final = 20
"""So many orders and entries of a timeline are shown at first, and are added by each click."""


def channel_choices(visit: Visit, names: Sequence[str]) -> tuple[tuple[str, str], ...]:
    """The channels that a person's doings can be narrowed to."""
    return (("", visit.text(_("All channels"))), *((name, visit.channel_label(name)) for name in names))


def orders_sheet(visit: Visit, orders: Sequence[PersonOrder], shown: int) -> Sheet:
    """The first ``shown`` of a person's orders; an export has all."""
    columns = (
        Column("order", visit.text(_("Order")), "code"),
        Column("at", visit.text(_("When")), "moment"),
        Column("channel", visit.text(_("Channel")), "channel"),
        Column("shop", visit.text(_("Shop"))),
        Column("status", visit.text(_("State")), "tag"),
        Column("paid", visit.text(_("Amount paid")), "money"),
        Column("refunded", visit.text(_("Given back")), "money"),
        Column("nth", visit.text(_("Which order")), "number"),
    )
    rows = []
    for one in orders:
        label, tone = STATUSES.get(one.status, (one.status, ""))
        state = Tag(visit.text(label), tone)
        rows.append(
            (one.order_no, one.at, one.channel, one.shop, state, one.paid_minor, one.refunded_minor or None, one.nth)
        )
    return Sheet("orders", columns, rows[:shown], every=lambda: iter(rows), count=len(rows))


def channels_sheet(visit: Visit, page: PersonPage) -> Sheet:
    """First and last of everything, by channel."""
    columns = (
        Column("channel", visit.text(_("Channel")), "channel"),
        Column("first", visit.text(_("First seen")), "day"),
        Column("last", visit.text(_("Last seen")), "day"),
        Column("visits", visit.text(_("Visits")), "count"),
        Column("orders", visit.text(_("Orders")), "count"),
        Column("paid", visit.text(_("Amount paid")), "money"),
        Column("refunded", visit.text(_("Given back")), "money"),
        Column("conversations", visit.text(_("Service")), "count"),
    )
    rows = [
        (
            one.channel,
            one.first_day,
            one.last_day,
            one.visits,
            one.orders,
            one.paid_minor,
            one.refunded_minor or None,
            one.conversations,
        )
        for one in page.channels
    ]
    return Sheet("channels", columns, rows)


def timeline(visit: Visit, page: TimelinePage, path: str) -> TimelineView:
    """Entries by day, latest first; older ones follow at ``path``, the person's page."""
    zone = visit.workspace.zone
    days: dict[str, list[EntryView]] = {}
    for entry in page.entries:
        local = entry.at.astimezone(zone)
        days.setdefault(formats.day(local.date(), visit.locale), []).append(_entry(visit, entry, local))
    query = visit.with_query(before=page.next).partition("?")[2]
    older = f"{path}?{query}" if page.next else ""
    return TimelineView(tuple(DayView(label, tuple(entries)) for label, entries in days.items()), older)


def _entry(visit: Visit, entry: TimelineEntry, local: datetime) -> EntryView:
    amount = visit.show(entry.amount_minor, "money") if entry.amount_minor is not None else ""
    status = visit.text(STATUSES[entry.status][0]) if entry.status in STATUSES else ""
    detail = " · ".join(part for part in (entry.detail, amount, status) if part)
    return EntryView(
        "" if entry.whole_day else local.strftime("%H:%M"), entry.channel or "", _title(visit, entry), detail
    )


_TITLES: Final[dict[EntryKind, str]] = {
    "order": _("Order {name}"),
    "refund": _("Money given back {name}"),
    "conversation": _("Asked the service {name}"),
}


def _title(visit: Visit, entry: TimelineEntry) -> str:
    name = entry.name or ""
    if entry.kind == "event":
        return visit.text(EVENT_LABELS[name]) if name in EVENT_LABELS else name
    if entry.kind == "conversation" and entry.status == "complaint":
        return visit.text(_("Complained {name}"), name=name).strip()
    return visit.text(_TITLES[entry.kind], name=name).strip()


@dataclass(frozen=True)
class EvidenceView:
    """A decision about two identifiers, in words."""

    label: str
    tone: str
    sentence: str
    detail: str
    joined: bool
    href: str
    """Where the opposite can be decided."""


def evidence(visit: Visit, page: PersonPage, found: Sequence[Evidence]) -> list[EvidenceView]:
    """Every decision about a person, with the identifiers as anyone may see them."""
    shown = {one.a: one.a_shown for one in page.evidence} | {one.b: one.b_shown for one in page.evidence}
    types = visit.workspace.identifier_types
    return [
        EvidenceView(
            label=visit.text(_("joined") if one.joined else _("kept apart")),
            tone="good" if one.joined else "warn",
            sentence=one.text(types, visit.locale),
            detail=" · ".join(shown[node] for node in (one.a, one.b) if node in shown),
            joined=one.joined,
            href=f"/identity/decide?kind={'separate' if one.joined else 'join'}&a={person_id(one.a)}&b={person_id(one.b)}",
        )
        for one in found
    ]
