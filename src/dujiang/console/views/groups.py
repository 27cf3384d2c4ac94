"""Groups, ready to be shown: cards with what sets them apart, stability, flow, and the group of one person."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from dujiang.console.components import Chart, Line, Tag
from dujiang.console.formats import NOTHING
from dujiang.console.sheets import Column, Sheet
from dujiang.console.visit import Visit
from dujiang.foundation.i18n import _
from dujiang.people.groups.features import FEATURES
from dujiang.people.groups.model import Difference, GroupNow, GroupRun, GroupsNow, Move, PersonGroup, Reason
from dujiang.people.groups.naming import LABELS, title

SHOWN: Final = 5
"""Differences on a card."""
_FULL: Final = 2.0
"""A difference of so many standard deviations fills a bar."""


@dataclass(frozen=True)
class BarView:
    """A feature against everybody: ``start`` and ``width`` of the bar in percent of the whole, and the numbers in words."""

    label: str
    start: float
    width: float
    own: str
    everybody: str
    higher: bool


@dataclass(frozen=True)
class GroupView:
    """One group's card."""

    id: str
    label: str
    renamed: bool
    people: str
    share: float
    sentence: str
    paid_share: float
    sales: str
    bars: tuple[BarView, ...]
    steady: str
    href: str


@dataclass(frozen=True)
class GroupsView:
    """The page; ``missing`` says why there are no groups, and ``note`` what the newest fit found where it is not in use."""

    groups: tuple[GroupView, ...]
    found: str
    missing: str
    note: str
    curve: Chart | None
    left_out: str
    ungrouped: str
    moved: str
    waiting: bool


def groups(visit: Visit, now: GroupsNow) -> GroupsView:
    """The page."""
    run, latest = now.run, now.latest
    told = ""
    if run is not None:
        sentence = _("{groups} groups among {people} people, found as of {day}.")
        told = visit.text(
            sentence, groups=len(run.body.groups), people=visit.show(run.body.people, "count"), day=run.as_of
        )
    failed = latest if latest is not None and latest.state != "fitted" else None
    return GroupsView(
        groups=tuple(_group(visit, one) for one in now.groups),
        found=told,
        missing=_missing(visit, failed) if run is None else "",
        note=_missing(visit, failed) if run is not None and failed is not None else "",
        curve=_curve(visit, latest),
        left_out=_left_out(visit, latest),
        ungrouped=visit.text(
            _("{people} people did too little within the window to be grouped."),
            people=visit.show(now.ungrouped, "count"),
        )
        if now.ungrouped > 0
        else "",
        moved=_moved(visit, run) if run is not None else "",
        waiting=run is not None and not now.computed,
    )


def _missing(visit: Visit, run: GroupRun | None) -> str:
    if run is None:
        return ""
    if run.state == "too_little":
        sentence = _("Too few people: {people} are known well enough, {needed} are needed.")
        return visit.text(sentence, people=run.body.people, needed=run.body.needed)
    return visit.text(_("No number of groups is stable: in other samples of the same people other groups come out."))


def _group(visit: Visit, one: GroupNow) -> GroupView:
    sentence = _("{people} of the people, {money} of the sales")
    return GroupView(
        id=one.id,
        label=one.label(visit.locale),
        renamed=one.renamed,
        people=visit.show(one.people, "count"),
        share=one.share or 0.0,
        sentence=visit.text(
            sentence, people=visit.show(one.share, "percent"), money=visit.show(one.paid_share, "percent")
        ),
        paid_share=one.paid_share or 0.0,
        sales=visit.show(one.paid_minor, "money"),
        bars=tuple(_bar(visit, found) for found in one.found.differences[:SHOWN]),
        steady=visit.text(
            _("Found again in resampled data: {share}. Near the boundary to another group: {near}."),
            share=visit.show(one.found.jaccard, "percent"),
            near=visit.show(one.near, "percent"),
        ),
        href=visit.address("/people", group=one.id),
    )


def _bar(visit: Visit, one: Difference) -> BarView:
    reach = min(1.0, abs(one.effect) / _FULL) * 50
    return BarView(
        label=visit.text(LABELS[one.feature]),
        start=50.0 if one.effect > 0 else 50.0 - reach,
        width=reach,
        own=feature_text(visit, one.feature, one.own),
        everybody=feature_text(visit, one.feature, one.everybody),
        higher=one.effect > 0,
    )


def feature_text(visit: Visit, name: str, value: float | None) -> str:
    """A feature as a person reads it."""
    if value is None:
        return NOTHING
    one = FEATURES[name]
    if one.form == "share":
        return visit.show(value, "percent")
    if one.money:
        return visit.show(round(value), "money")
    if name == "dwell":
        return visit.show(value, "duration")
    return f"{value:,.1f}" if value >= 1 or value == 0 else f"{value:,.2f}"


def _curve(visit: Visit, run: GroupRun | None) -> Chart | None:
    if run is None or not run.body.curve:
        return None
    curve = run.body.curve
    lines = (
        Line(visit.text(_("Prediction strength")), [one.strength for one in curve]),
        Line(visit.text(_("Weakest overlap")), [one.jaccard for one in curve], 2),
    )
    stable = [one.groups for one in curve if one.stable]
    heading = (
        visit.text(_("{n} groups: the most that are stable"), n=max(stable))
        if stable
        else visit.text(_("No number of groups is stable"))
    )
    note = visit.text(_("Of the weakest group, by number of groups; 100% is always found again."))
    return Chart(heading, [str(one.groups) for one in curve], lines, "percent", note=note)


def _left_out(visit: Visit, run: GroupRun | None) -> str:
    if run is None or not run.body.left_out or not run.body.features:
        return ""
    names = " · ".join(visit.text(LABELS[name]) for name in run.body.left_out)
    return visit.text(_("Not used, because people do not differ in it beyond chance: {names}."), names=names)


def _moved(visit: Visit, run: GroupRun) -> str:
    both = [one for one in run.body.moves if one.before is not None]
    if not both:
        return ""
    moved = sum(one.people for one in both if one.before != one.after)
    total = sum(one.people for one in both)
    return visit.text(
        _("The last fit moved {moved} of {people} people ({share}) into another group."),
        moved=visit.show(moved, "count"),
        people=visit.show(total, "count"),
        share=visit.show(moved / total, "percent"),
    )


def groups_sheet(visit: Visit, now: GroupsNow) -> Sheet:
    """The groups as a table."""
    columns = (
        Column("group", visit.text(_("Group"))),
        Column("people", visit.text(_("People")), "count"),
        Column("share", visit.text(_("Share of people")), "percent", bar=True),
        Column("paid", visit.text(_("Paid")), "money"),
        Column("paid_share", visit.text(_("Share of the sales")), "percent", bar=True),
        Column("again", visit.text(_("Found again")), "percent"),
        Column("near", visit.text(_("Near the boundary")), "percent"),
        Column("id", visit.text(_("Id")), "code"),
    )
    rows = [
        (
            one.label(visit.locale),
            one.people,
            one.share,
            one.paid_minor,
            one.paid_share,
            one.found.jaccard,
            one.near,
            one.id,
        )
        for one in now.groups
    ]
    links = [visit.address("/people", group=one.id) for one in now.groups]
    return Sheet("groups", columns, rows, links, caption=visit.text(_("Groups by behaviour")))


def differences_sheet(visit: Visit, now: GroupsNow) -> Sheet:
    """Every feature of every group against everybody."""
    columns = (
        Column("group", visit.text(_("Group"))),
        Column("feature", visit.text(_("Feature"))),
        Column("effect", visit.text(_("Difference in standard deviations")), "text"),
        Column("own", visit.text(_("The group"))),
        Column("everybody", visit.text(_("Everybody"))),
    )
    rows = [
        (
            one.label(visit.locale),
            visit.text(LABELS[found.feature]),
            f"{found.effect:+.2f}",
            feature_text(visit, found.feature, found.own),
            feature_text(visit, found.feature, found.everybody),
        )
        for one in now.groups
        for found in one.found.differences
    ]
    return Sheet("group-differences", columns, rows, caption=visit.text(_("What sets the groups apart")))


def stability_sheet(visit: Visit, run: GroupRun | None) -> Sheet:
    """The curve as a table."""
    columns = (
        Column("groups", visit.text(_("Groups")), "number"),
        Column("strength", visit.text(_("Prediction strength")), "text"),
        Column("error", visit.text(_("Standard error")), "text"),
        Column("jaccard", visit.text(_("Weakest overlap")), "text"),
        Column("rand", visit.text(_("Adjusted Rand")), "text"),
        Column("smallest", visit.text(_("Smallest group")), "percent"),
        Column("stable", visit.text(_("Stable")), "tag"),
    )
    rows: list[tuple[Any, ...]] = [
        (
            one.groups,
            f"{one.strength:.2f}",
            f"{one.strength_error:.2f}",
            f"{one.jaccard:.2f}",
            f"{one.rand:.2f}",
            one.smallest,
            Tag(visit.text(_("yes")), "good") if one.stable else Tag(visit.text(_("no"))),
        )
        for one in (run.body.curve if run else ())
    ]
    return Sheet("group-stability", columns, rows, caption=visit.text(_("Stability by number of groups")))


def flow_sheet(visit: Visit, flow: tuple[Move, ...]) -> Sheet:
    """From which group into which since the day of the fit, without those who stayed."""
    labels = visit.workspace.groups.labels(visit.locale)
    moved = sorted((one for one in flow if one.before != one.after), key=lambda one: -one.people)
    links = [
        visit.address("/people", group_flow="moved", group_from=one.before or "", group_to=one.after or "")
        for one in moved
    ]
    return _moves_sheet(visit, "group-flow", moved, labels, labels, links)


def moves_sheet(visit: Visit, run: GroupRun | None) -> Sheet:
    """Whom the last fit moved: groups of the fit before by those of this one."""
    moved = sorted(
        (one for one in (run.body.moves if run else ()) if one.before != one.after), key=lambda one: -one.people
    )
    labels = visit.workspace.groups.labels(visit.locale)
    return _moves_sheet(visit, "group-moves", moved, _labels_before(visit) | labels, labels)


def _labels_before(visit: Visit) -> dict[str, str]:
    """Names of groups of earlier fits."""
    found: dict[str, str] = {}
    for run in reversed(visit.workspace.groups.runs.history()):
        found |= {one.id: title(one.names)[visit.locale] for one in run.body.groups}
    return found


def _moves_sheet(
    visit: Visit,
    name: str,
    moved: list[Move],
    before: Mapping[str, str],
    after: Mapping[str, str],
    links: list[str] | None = None,
) -> Sheet:
    columns = (
        Column("from", visit.text(_("From group"))),
        Column("to", visit.text(_("To group"))),
        Column("people", visit.text(_("People")), "count"),
    )
    none = visit.text(_("in no group"))
    rows = [
        (
            none if one.before is None else before.get(one.before, one.before),
            none if one.after is None else after.get(one.after, one.after),
            one.people,
        )
        for one in moved
    ]
    return Sheet(name, columns, rows, links or (), caption=visit.text(_("Flow between groups")))


# ── one person ──────────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class PersonGroupView:
    """The block on a person's page."""

    label: str
    sentence: str
    reasons: tuple[tuple[str, str], ...]
    history: tuple[tuple[str, str], ...]
    href: str


def person(visit: Visit, found: PersonGroup | None) -> PersonGroupView | None:
    """The block; None for who is in no group."""
    if found is None:
        return None
    labels = visit.workspace.groups.labels(visit.locale)
    place = _("Near the boundary") if found.margin < 0.1 else _("Well inside") if found.margin > 0.7 else _("Inside")
    sentence = _("{place}; the next-nearest group is {other}.")
    none = visit.text(_("in no group"))
    return PersonGroupView(
        label=labels[found.group],
        sentence=visit.text(sentence, place=visit.text(place), other=labels[found.next_group]),
        reasons=tuple(_reason(visit, one) for one in found.reasons if one.share > 0),
        history=tuple((str(one.day), none if one.group is None else labels[one.group]) for one in found.history),
        href=visit.address("/people", group=found.group),
    )


def _reason(visit: Visit, one: Reason) -> tuple[str, str]:
    value, here, there = (feature_text(visit, one.feature, number) for number in (one.value, one.group, one.next_group))
    sentence = _("{value} (this group {group}, the next {other}); {share} of the reason")
    told = visit.text(sentence, value=value, group=here, other=there, share=visit.show(one.share, "percent"))
    return visit.text(LABELS[one.feature]), told
