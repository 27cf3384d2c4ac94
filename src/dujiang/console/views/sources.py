"""Sources and completeness, ready to be shown."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from dujiang.collect.completeness import TotalCheck
from dujiang.collect.service import SourceState
from dujiang.console.components import Card, Chart, Line, Tag
from dujiang.console.sheets import Column, Sheet
from dujiang.console.visit import Visit
from dujiang.foundation.i18n import _
from dujiang.store.manifest import Count

_HOURLY: Final = timedelta(days=8)
_MANY_GAPS: Final = 6
_FAR: Final = 0.02
"""A difference to the platform's own total beyond which a day is marked."""


@dataclass(frozen=True)
class GapView:
    """A silence, in words."""

    title: str
    sentence: str


@dataclass(frozen=True)
class SourcesView:
    """The page."""

    fresh_at: datetime | None
    cards: tuple[Card, ...]
    gaps: tuple[GapView, ...]
    chart: Chart | None
    source: str


def title(visit: Visit, state: SourceState) -> str:
    """What people call a source."""
    return visit.own(state.title, state.source)


def sources_sheet(visit: Visit, states: Sequence[SourceState]) -> Sheet:
    """One row for each source; counts may be added up."""
    columns = (
        Column("source", visit.text(_("Source"))),
        Column("channel", visit.text(_("Channel")), "channel"),
        Column("state", visit.text(_("State")), "tag"),
        Column("received", visit.text(_("Received")), "count"),
        Column("accepted", visit.text(_("Accepted")), "count"),
        Column("rejected", visit.text(_("Rejected")), "count"),
        Column("duplicate", visit.text(_("Duplicate")), "count"),
        Column("conflict", visit.text(_("Conflicts")), "count"),
        Column("gaps", visit.text(_("Silences")), "count"),
        Column("last", visit.text(_("Last received")), "moment"),
    )
    rows = [
        (
            title(visit, one),
            one.channel or None,
            _state(visit, one),
            one.received,
            one.accepted,
            one.rejected,
            one.duplicate,
            one.conflict,
            len(one.gaps),
            one.last_received,
        )
        for one in states
    ]
    links = [visit.with_query(source=one.source) for one in states]
    counted = [(one.received, one.accepted, one.rejected, one.duplicate, one.conflict, len(one.gaps)) for one in states]
    sums = tuple(map(sum, zip(*counted, strict=True)))
    totals = (visit.text(_("All sources")), None, None, *sums, None) if len(states) > 1 else None
    return Sheet("sources", columns, rows, links, totals)


def _state(visit: Visit, state: SourceState) -> Tag:
    if state.last_received is None:
        return Tag(visit.text(_("nothing yet")))
    if state.silent:
        return Tag(visit.text(_("silent")), "bad")
    return Tag(visit.text(_("had silences")), "warn") if state.gaps else Tag(visit.text(_("as expected")), "good")


def cards(visit: Visit, states: Sequence[SourceState]) -> tuple[Card, ...]:
    """The sums: received = accepted + rejected + duplicate."""
    received = sum(one.received for one in states)
    kept = "/dead-letters" if visit.may("dead_letter.read") else ""
    parts = (
        ("accepted", _("Accepted"), sum(one.accepted for one in states), ""),
        ("rejected", _("Rejected"), sum(one.rejected for one in states), kept),
        ("duplicate", _("Duplicate"), sum(one.duplicate for one in states), ""),
    )
    basis = visit.text(_("= accepted + rejected + duplicate"))
    first = Card("received", visit.text(_("Received")), visit.show(received, "count"), basis=basis)
    return first, *(_part_card(visit, *part, received) for part in parts)


def _part_card(visit: Visit, key: str, label: str, value: int, href: str, received: int) -> Card:
    share = visit.show(value / received, "percent") if received else ""
    basis = visit.text(_("{share} of received"), share=share) if share else ""
    return Card(key, visit.text(label), visit.show(value, "count"), basis=basis, href=href)


def gaps(visit: Visit, states: Sequence[SourceState]) -> tuple[GapView, ...]:
    """Silences, the newest first."""
    found = sorted(((gap, one) for one in states for gap in one.gaps), key=lambda pair: pair[0].last, reverse=True)
    sentence = _("From {first} to {last} came {received} instead of about {expected}.")
    return tuple(
        GapView(
            visit.text(_("{source} was silent for {n} h."), source=title(visit, one), n=gap.hours),
            visit.text(
                sentence,
                first=visit.show(gap.first, "moment"),
                last=visit.show(gap.last, "moment"),
                received=visit.show(gap.received, "count"),
                expected=visit.show(round(gap.expected), "count"),
            ),
        )
        for gap, one in found[:_MANY_GAPS]
    )


@dataclass
class _Sums:
    accepted: int = 0
    rejected: int = 0
    duplicate: int = 0


def chart(
    visit: Visit, counts: Sequence[Count], expected: Mapping[datetime, float | None], first: datetime, last: datetime
) -> tuple[Chart, Sheet]:
    """What arrived and what became of it: by hour up to eight days, by day beyond."""
    step = timedelta(hours=1) if last - first <= _HOURLY else timedelta(days=1)
    sums: dict[str, _Sums] = defaultdict(_Sums)
    for one in counts:
        place = sums[_label(visit, one.hour, step)]
        place.accepted += one.accepted
        place.rejected += one.rejected
        place.duplicate += one.duplicate
    labels = _labels(visit, first, last, step)
    hoped = {_label(visit, hour, step): value for hour, value in expected.items()} if step < timedelta(days=1) else {}
    lines = (
        Line(
            visit.text(_("Accepted")),
            [sums[one].accepted for one in labels],
            0,
            [hoped.get(one) for one in labels] if hoped else (),
            visit.text(_("expected")),
        ),
        Line(visit.text(_("Duplicate")), [sums[one].duplicate for one in labels], 5),
        Line(visit.text(_("Rejected")), [sums[one].rejected for one in labels], 2),
    )
    question = _("What arrived each hour?") if step < timedelta(days=1) else _("What arrived each day?")
    picture = Chart(visit.text(question), labels, lines, type="bar", stacked=True)
    columns = (
        Column("time", visit.text(_("Time"))),
        *(Column(f"n{i}", line.name, "count") for i, line in enumerate(lines)),
    )
    rows = [(label, sums[label].accepted, sums[label].duplicate, sums[label].rejected) for label in labels]
    return picture, Sheet("hours", columns, rows)


def _labels(visit: Visit, first: datetime, last: datetime, step: timedelta) -> list[str]:
    labels, moment = [], first
    while moment < last:
        labels.append(_label(visit, moment, step))
        moment += step
    return list(dict.fromkeys(labels))


def _label(visit: Visit, moment: datetime, step: timedelta) -> str:
    local = moment.astimezone(visit.workspace.zone)
    return local.strftime("%m-%d %H:00" if step < timedelta(days=1) else "%Y-%m-%d")


def totals_sheet(visit: Visit, checks: Sequence[TotalCheck]) -> Sheet:
    """Our orders and GMV against the platforms' own."""
    columns = (
        Column("day", visit.text(_("Day")), "day"),
        Column("channel", visit.text(_("Channel")), "channel"),
        Column("shop", visit.text(_("Shop"))),
        Column("orders", visit.text(_("Orders, ours")), "count"),
        Column("platform_orders", visit.text(_("Orders, platform")), "count"),
        Column("gmv", visit.text(_("GMV, ours")), "money"),
        Column("platform_gmv", visit.text(_("GMV, platform")), "money"),
        Column("difference", visit.text(_("Difference")), "percent"),
        Column("state", visit.text(_("State")), "tag"),
    )
    rows = [
        (
            one.day,
            one.channel,
            one.shop,
            one.orders,
            one.platform_orders,
            one.gmv_minor,
            one.platform_gmv_minor,
            one.difference,
            _agreement(visit, one),
        )
        for one in checks
    ]
    return Sheet("totals", columns, rows)


def _agreement(visit: Visit, check: TotalCheck) -> Tag:
    if check.difference is None:
        return Tag(visit.text(_("no total of theirs")))
    far = abs(check.difference) > _FAR
    return Tag(visit.text(_("differs")), "warn") if far else Tag(visit.text(_("agrees")), "good")
