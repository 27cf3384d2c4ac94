"""Active hours, ready to be shown: the heat of the week and the best hours to send."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from dujiang.console.components import Heat, HeatCell
from dujiang.console.sheets import Column, Sheet
from dujiang.console.visit import Visit
from dujiang.foundation.i18n import _
from dujiang.people.hours.model import Basis, HoursOf, Prior

_WEEKDAYS: Final = (_("Mon"), _("Tue"), _("Wed"), _("Thu"), _("Fri"), _("Sat"), _("Sun"))
_BASES: Final[dict[Basis, str]] = {
    "own": _("Mostly from their own {n} active hours ({own})."),
    "mixed": _("From their own {n} active hours ({own}) and from what everybody does."),
    "others": _("Their own {n} active hours say little that differs: nearly all of this is what everybody does."),
}
_GROUP_BASES: Final[dict[Basis, str]] = {
    "own": _("Mostly from their own {n} active hours ({own})."),
    "mixed": _("From their own {n} active hours ({own}) and from what the group “{group}” does."),
    "others": _(
        "Their own {n} active hours say little that differs: nearly all of this is what the group “{group}” does."
    ),
}


@dataclass(frozen=True)
class BestView:
    """An hour to send, with how sure it is."""

    hours: str
    sentence: str


@dataclass(frozen=True)
class HoursView:
    """A heat of the week; ``basis`` says where it comes from. ``heat`` is None where nobody was ever active."""

    heat: Heat | None
    best: tuple[BestView, ...]
    basis: str
    note: str = ""


def everybody(visit: Visit, found: HoursOf, prior: Prior) -> HoursView:
    """The page of everybody."""
    told = visit.text(
        _("{people} people were active in {hours} hours."),
        people=visit.show(prior.people, "count"),
        hours=visit.show(prior.hours, "count"),
    )
    if prior.strength is None:
        note = visit.text(_("Too few people were active twice to say how much people differ."))
    elif prior.alike:
        note = visit.text(_("People do not differ in their hours: the best hours are the same for everybody."))
    else:
        note = visit.text(
            _(
                "What everybody does counts as {n} active hours of a person: with more of their own, their own habit prevails."
            ),
            n=f"{prior.strength:,.1f}",
        )
    heat = _heat(visit, found, leads=True) if prior.hours else None
    return HoursView(heat, _best(visit, found), told, note)


def some(visit: Visit, found: HoursOf) -> HoursView:
    """The page of a group or segment."""
    if not found.hours:
        return HoursView(None, (), "")
    told = visit.text(
        _("{n} active hours of these people; {own} of what is shown is their own habit, the rest everybody's."),
        n=visit.show(found.hours, "count"),
        own=visit.show(found.own, "percent"),
    )
    return HoursView(_heat(visit, found, leads=False), _best(visit, found), told)


def whose(visit: Visit) -> tuple[tuple[str, str], ...]:
    """Whose hours can be seen: everybody's, each group's and each segment's."""
    groups = ((f"group:{id_}", title) for id_, title in visit.workspace.groups.labels(visit.locale).items())
    segments = (
        (f"segment:{one.name}", one.label(visit.locale))
        for one in visit.workspace.definitions.current("segment").values()
    )
    return ("", visit.text(_("Everybody"))), *groups, *segments


def person(visit: Visit, found: HoursOf) -> HoursView | None:
    """The block of a person's page; None for who was never active."""
    if not found.hours:
        return None
    own = visit.show(found.own, "percent")
    group = visit.workspace.groups.labels(visit.locale).get(found.group, "")
    bases = _GROUP_BASES if group else _BASES
    basis = visit.text(bases[found.basis], n=visit.show(found.hours, "count"), own=own, group=group)
    return HoursView(_heat(visit, found, leads=False), _best(visit, found), basis)


def _best(visit: Visit, found: HoursOf) -> tuple[BestView, ...]:
    sentence = _("{share} of the activity (90% between {low} and {high}); {likely} sure that it is above average")
    return tuple(
        BestView(
            f"{one.hour:02d}:00–{one.hour + 1:02d}:00",
            visit.text(
                sentence,
                share=visit.show(one.share, "percent"),
                low=visit.show(one.low, "percent"),
                high=visit.show(one.high, "percent"),
                likely=f"{one.likely:.0%}",
            ),
        )
        for one in found.best
    )


def _heat(visit: Visit, found: HoursOf, *, leads: bool) -> Heat:
    most = max(found.share)
    rows = []
    for place, name in enumerate(_WEEKDAYS):
        day = visit.text(name)
        cells = []
        for hour in range(24):
            share = found.share[place * 24 + hour]
            title = visit.text(_("{day} {hour}:00: {share} of the week"), day=day, hour=hour, share=f"{share:.2%}")
            href = visit.address("/people", hour=str(place * 24 + hour)) if leads else ""
            cells.append(HeatCell("", share / most, title, href))
        rows.append((day, tuple(cells)))
    heads = tuple(str(hour) if hour % 3 == 0 else "" for hour in range(24))
    return Heat(heads, tuple(rows), visit.text(_("Activity by hour of the week")))


def week_sheet(visit: Visit, found: HoursOf) -> Sheet:
    """The week as a table."""
    columns = (
        Column("day", visit.text(_("Weekday"))),
        Column("hour", visit.text(_("Hour")), "number"),
        Column("share", visit.text(_("Share of the week")), "percent", bar=False),
    )
    rows = [(visit.text(_WEEKDAYS[slot // 24]), slot % 24, share) for slot, share in enumerate(found.share)]
    return Sheet("week", columns, rows, caption=visit.text(_("Activity by hour of the week")))


def hour_label(visit: Visit, slot: int) -> str:
    """An hour of the week in words."""
    return f"{visit.text(_WEEKDAYS[slot // 24])} {slot % 24:02d}:00"
