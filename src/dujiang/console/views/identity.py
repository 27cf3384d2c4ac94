"""Identity quality, ready to be shown."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from dujiang.collect import junk
from dujiang.collect.ignored import IgnoredCount
from dujiang.console.charts.spark import spark
from dujiang.console.components import Card, Chart, Line
from dujiang.console.formats import Kind
from dujiang.console.sheets import Column, Sheet
from dujiang.console.visit import Visit
from dujiang.foundation.i18n import _
from dujiang.foundation.ids import person_id
from dujiang.identity import wording
from dujiang.identity.history import QualityDay
from dujiang.identity.quality import ChannelMatch, Quality

CHANNELS_MAX: Final = 8
IGNORED: Final = {
    "junk": _("Means nobody"),
    "masked": _("Masked"),
    "invalid": _("Not a value of this type"),
    "landline": _("A landline"),
    "too_long": _("Too long"),
    "unknown_type": _("A type that nobody defined"),
    "too_many": _("More identifiers in one record than are kept"),
}


@dataclass(frozen=True)
class IdentityView:
    """The page: cards, tables with title and note, and lines over days with the sheet behind each."""

    cards: tuple[Card, ...]
    tables: tuple[tuple[str, str, Sheet], ...]
    charts: tuple[tuple[Chart, Sheet], ...] = ()


def view(visit: Visit, found: Quality, ignored: Sequence[IgnoredCount], days: Sequence[QualityDay]) -> IdentityView:
    """The page; without cards while there is nobody."""
    if not found.persons:
        return IdentityView((), ())
    tables = (
        (_("By channel"), _("Known people have more than a device or cookie."), channels_sheet(visit, found)),
        (_("Kept apart"), _("Two identifiers stood together and still do not join."), refused_sheet(visit, found)),
        (_("Shared identifiers"), _("They belong to nobody and join no one."), shared_sheet(visit, found)),
        (_("Ignored values"), _("Values that name nobody, in the last 30 days."), ignored_sheet(visit, ignored)),
        (_("Seen with most others"), _("Made-up values, shop phones, devices of a store."), hubs_sheet(visit, found)),
        (_("Largest people"), _("Many identifiers in one person deserve a look."), largest_sheet(visit, found)),
    )
    told = tuple((visit.text(a), visit.text(b), sheet) for a, b, sheet in tables)
    charts = (
        by_channel(visit, days, "known", _("Known people by channel"), lambda one: one.known_rate),
        by_channel(visit, days, "filled", _("Profile filled by channel"), lambda one: one.completeness),
    )
    return IdentityView(_cards(visit, found, days), told, charts if len(days) > 1 else ())


def _cards(visit: Visit, found: Quality, days: Sequence[QualityDay]) -> tuple[Card, ...]:
    def card(key: str, label: str, value: float | None, unit: Kind, missing: str = "", href: str = "") -> Card:
        then = [getattr(one, key) for one in days]
        shown = visit.show(value, unit)
        return Card(key, visit.text(label), shown, missing=visit.text(missing), href=href, spark=spark(then))

    churn = days[-1].churn if days else None
    too_few = _("Too few people state their year of birth twice") if found.over_merge_rate is None else ""
    return (
        card("identifiers", _("Identifiers"), found.identifiers, "count"),
        card("persons", _("People"), found.persons, "count", href="/people"),
        card("conflicts", _("Contradictions"), found.conflicts, "count"),
        card("shared", _("Shared identifiers"), sum(found.shared.values()), "count"),
        card("recycled", _("Numbers with several owners"), found.recycled, "count"),
        card("over_merge_rate", _("Joined wrongly, estimated"), found.over_merge_rate, "percent", too_few),
        card("churn", _("Numbers of people that ended today"), churn, "percent"),
        card("completeness", _("Profile filled"), found.completeness, "percent"),
    )


def by_channel(
    visit: Visit, days: Sequence[QualityDay], name: str, title: str, value: Callable[[ChannelMatch], float | None]
) -> tuple[Chart, Sheet]:
    """A line for each channel over the days that were measured."""
    of_day = [{one.channel: value(one) for one in day.channels} for day in days]
    channels = list(dict.fromkeys(one.channel for day in reversed(days) for one in day.channels))[:CHANNELS_MAX]
    lines = [
        Line(visit.channel_label(one), [found.get(one) for found in of_day], visit.series(one)) for one in channels
    ]
    labels = [day.day.isoformat() for day in days]
    columns = (
        Column("day", visit.text(_("Day"))),
        *(Column(one, visit.channel_label(one), "percent") for one in channels),
    )
    rows = [(label, *(found.get(one) for one in channels)) for label, found in zip(labels, of_day, strict=True)]
    return Chart(visit.text(title), labels, lines, unit="percent"), Sheet(f"identity-{name}", columns, rows)


def channels_sheet(visit: Visit, found: Quality) -> Sheet:
    """How the people of each channel are recognised."""
    columns = (
        Column("channel", visit.text(_("Channel")), "channel"),
        Column("persons", visit.text(_("Number of people")), "count"),
        Column("known", visit.text(_("Known")), "percent", bar=True),
        Column("elsewhere", visit.text(_("Also seen elsewhere")), "percent", bar=True),
        Column("filled", visit.text(_("Profile filled")), "percent", bar=True),
    )
    rows = [(one.channel, one.persons, one.known_rate, one.elsewhere_rate, one.completeness) for one in found.channels]
    return Sheet("identity-channels", columns, rows)


def refused_sheet(visit: Visit, found: Quality) -> Sheet:
    """Links that do not join, by reason."""
    columns = (Column("reason", visit.text(_("Reason"))), Column("links", visit.text(_("Links")), "count"))
    rows = [(reason_text(visit, reason), many) for reason, many in found.refused.items()]
    return Sheet("identity-refused", columns, rows)


def reason_text(visit: Visit, reason: str) -> str:
    """Why a link joins or does not, in words."""
    return wording.reason_text(reason, visit.workspace.identifier_types, visit.locale)


def shared_sheet(visit: Visit, found: Quality) -> Sheet:
    """Identifiers that belong to nobody, by type."""
    return _by_type(visit, "identity-shared", found.shared)


def hubs_sheet(visit: Visit, found: Quality) -> Sheet:
    """Identifiers of nobody, by what they were seen with most."""
    columns = (
        Column("person", visit.text(_("Number")), "code"),
        Column("type", visit.text(_("Type"))),
        Column("with", visit.text(_("Seen with"))),
        Column("many", visit.text(_("How many")), "count"),
    )
    label = visit.workspace.identifier_types.label
    rows = [
        (person_id(one.person), label(one.type, visit.locale), label(one.with_type, visit.locale), one.many)
        for one in found.hubs
    ]
    return Sheet("identity-hubs", columns, rows, [f"/people/{row[0]}/why" for row in rows])


def ignored_sheet(visit: Visit, ignored: Sequence[IgnoredCount]) -> Sheet:
    """What named nobody, by source, type and reason."""
    columns = (
        Column("source", visit.text(_("Source"))),
        Column("type", visit.text(_("Type"))),
        Column("reason", visit.text(_("Reason"))),
        Column("values", visit.text(_("Values")), "count"),
    )
    types = visit.workspace.identifier_types
    lists = visit.workspace.definitions.current(junk.KIND, retired=True)
    rows = []
    for one in ignored:
        why = visit.text(IGNORED[one.reason])
        listed = lists.get((junk.KIND, one.rule))
        if one.rule:
            why = visit.text(_("{why}: {list}"), why=why, list=listed.label(visit.locale) if listed else one.rule)
        type_ = types.label(one.type, visit.locale) if one.type else visit.text(_("Unknown type"))
        rows.append((visit.source_label(one.source), type_, why, one.count))
    return Sheet("identity-ignored", columns, rows)


def _by_type(visit: Visit, name: str, counts: Mapping[str, int]) -> Sheet:
    columns = (Column("type", visit.text(_("Type"))), Column("identifiers", visit.text(_("Identifiers")), "count"))
    label = visit.workspace.identifier_types.label
    return Sheet(name, columns, [(label(type_, visit.locale), many) for type_, many in counts.items()])


def largest_sheet(visit: Visit, found: Quality) -> Sheet:
    """The people with most identifiers."""
    columns = (
        Column("person", visit.text(_("Person")), "code"),
        Column("identifiers", visit.text(_("Identifiers")), "count"),
    )
    rows = [(person_id(person), many) for person, many in found.largest]
    return Sheet("identity-largest", columns, rows, [f"/people/{person}/why" for person, _many in rows])
