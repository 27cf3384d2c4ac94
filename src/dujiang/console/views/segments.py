"""Segment lists and pages, ready to be shown."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from dujiang.console.components import Card, Chart, Line, Tag
from dujiang.console.sheets import Column, Sheet
from dujiang.console.views.people import GENDERS
from dujiang.console.views.tags import word as tag_word
from dujiang.console.visit import Visit
from dujiang.foundation.i18n import _
from dujiang.foundation.ids import person_id
from dujiang.people.model import Profile
from dujiang.people.segments.model import Difference, Overlap, Reach, SegmentSummary, SizeDay
from dujiang.people.segments.sentence import CHANNEL_FIELDS, FIELD_LABELS
from dujiang.people.tags.catalogue import Tag as CataloguedTag

MEDIA: Final = {
    "sms": _("Text message"),
    "email": _("E-mail"),
    "wecom": _("WeCom"),
    "wechat": _("WeChat"),
    "app_push": _("App push"),
}
OPERATOR_LABELS: Final = {
    "is": _("is"), "is_not": _("is not"), "among": _("is one of"), "not_among": _("is none of"),
    "at_least": _("at least"), "at_most": _("at most"), "above": _("more than"), "below": _("less than"),
    "between": _("between"), "contains": _("contains"), "begins": _("begins with"),
    "within_days": _("at most so many days ago"), "over_days": _("more than so many days ago"),
    "includes": _("includes any of"), "excludes": _("includes none of"), "known": _("is stated"),
    "unknown": _("is not stated"),
}  # fmt: skip
AGGREGATE_LABELS: Final = {
    "count": _("how often"), "sum": _("total"), "avg": _("average"), "min": _("smallest"), "max": _("largest"),
    "first": _("first value"), "last": _("latest value"), "distinct": _("different values"),
    "mode": _("most frequent value"), "days_since_first": _("days since the first"),
    "days_since_last": _("days since the latest"),
}  # fmt: skip
DIFFERENCES_SHOWN: Final = 20


@dataclass(frozen=True)
class SegmentView:
    """One segment's frame."""

    name: str
    label: str
    sentence: str
    cards: tuple[Card, ...]
    chart: Chart | None
    used_by: tuple[tuple[str, str], ...]
    other: str
    others: tuple[tuple[str, str], ...]


def listing(visit: Visit, found: Sequence[SegmentSummary]) -> Sheet:
    """One row for each segment."""
    columns = (
        Column("segment", visit.text(_("Segment"))),
        Column("who", visit.text(_("Who"))),
        Column("people", visit.text(_("People")), "count"),
        Column("entered", visit.text(_("Came (7 days)")), "count"),
        Column("left", visit.text(_("Left (7 days)")), "count"),
        Column("owner", visit.text(_("Owner"))),
    )
    rows = [(label(visit, one), one.sentence, one.people, one.entered, one.left, one.owner) for one in found]
    return Sheet("segments", columns, rows, [f"/segments/{one.name}" for one in found])


def label(visit: Visit, one: SegmentSummary) -> str:
    """A segment's title in the reader's language."""
    return visit.own(one.title, one.name)


def single(
    visit: Visit, one: SegmentSummary, history: Sequence[SizeDay], every: Sequence[SegmentSummary]
) -> SegmentView:
    """A segment's page."""
    week = visit.text(_("in 7 days"))
    cards = (
        Card("people", visit.text(_("People")), visit.show(one.people, "count")),
        Card("entered", visit.text(_("Came")), visit.show(one.entered, "count"), basis=week),
        Card("left", visit.text(_("Left")), visit.show(one.left, "count"), basis=week),
    )
    lines = [
        Line(visit.text(_("People")), [day.people for day in history]),
        Line(visit.text(_("Came")), [day.entered for day in history], slot=1),
        Line(visit.text(_("Left")), [day.left for day in history], slot=2),
    ]
    chart = Chart(visit.text(_("Size over time")), [day.day for day in history], lines) if len(history) > 1 else None
    return SegmentView(
        name=one.name,
        label=label(visit, one),
        sentence=one.sentence,
        cards=cards,
        chart=chart,
        used_by=tuple(("/".join(key), f"/definitions/{key[0]}/{key[1]}") for key in one.used_by),
        other=visit.query.get("other", ""),
        others=tuple((each.name, label(visit, each)) for each in every if each.name != one.name),
    )


def history_sheet(visit: Visit, history: Sequence[SizeDay]) -> Sheet:
    """Who came and went, the latest day first."""
    columns = (
        Column("day", visit.text(_("Day"))),
        Column("entered", visit.text(_("Came")), "count"),
        Column("left", visit.text(_("Left")), "count"),
        Column("redefined", visit.text(_("Moved by the definition")), "count"),
        Column("people", visit.text(_("People")), "count"),
    )
    rows = [(day.day, day.entered, day.left, day.redefined, day.people) for day in reversed(history)]
    return Sheet("history", columns, rows)


def reach_sheet(visit: Visit, found: Sequence[Reach]) -> Sheet:
    """Who can be reached."""
    columns = (
        Column("channel", visit.text(_("Channel"))),
        Column("address", visit.text(_("With an address")), "count"),
        Column("consented", visit.text(_("Agreed")), "count"),
        Column("refused", visit.text(_("Refused")), "count"),
    )
    return Sheet(
        "reach", columns, [(visit.text(MEDIA[one.medium]), one.address, one.consented, one.refused) for one in found]
    )


def overlap_sheet(visit: Visit, found: Sequence[Overlap], every: Sequence[SegmentSummary]) -> Sheet:
    """How members are in other segments as well: a mark for each they are in, the largest group first."""
    names = sorted({name for one in found for name in one.segments})
    labels = {one.name: label(visit, one) for one in every}
    columns = (
        *(Column(name, labels.get(name, name)) for name in names),
        Column("people", visit.text(_("People")), "count"),
    )
    rows = [(*("●" if name in one.segments else "" for name in names), one.people) for one in found]
    return Sheet("overlap", columns, rows)


def differences_sheet(
    visit: Visit, found: Sequence[Difference], here: str = "", there: str = "", most: int = DIFFERENCES_SHOWN
) -> Sheet:
    """What makes the members different; ``here`` and ``there`` are what the two groups are called."""
    columns = (
        Column("field", visit.text(_("Field"))),
        Column("value", visit.text(_("Value"))),
        Column("here", here or visit.text(_("Here"))),
        Column("there", there or visit.text(_("There"))),
        Column("effect", visit.text(_("Effect")), "ratio"),
        Column("p", visit.text(_("p (adjusted)"))),
        Column("clear", visit.text(_("Clear")), "tag"),
    )
    tags = {tag.name: tag for tag in visit.workspace.tags.catalogue()}
    rows = [_difference(visit, one, tags.get(one.field)) for one in found[:most]]
    return Sheet("differences", columns, rows)


def field_label(visit: Visit, field: str, tag: CataloguedTag | None) -> str:
    """What people call a profile field or a tag."""
    known = visit.text(FIELD_LABELS[field]) if field in FIELD_LABELS else field
    return tag.label(visit.locale) if tag else known


def _difference(visit: Visit, one: Difference, tag: CataloguedTag | None) -> tuple[object, ...]:
    def figure(value: float | None) -> str:
        if value is None:
            return "–"
        if one.value:
            return visit.show(value, "percent")
        is_money = one.field.endswith("_minor") or (tag is not None and tag.spec.value == "money")
        return visit.show(round(value), "money") if is_money else f"{value:,.3g}"

    name = field_label(visit, one.field, tag)
    clear = Tag(visit.text(_("clear")), "good") if one.clear else Tag(visit.text(_("not clear")))
    p = "<0.001" if one.p < 0.001 else f"{one.p:.3f}"
    return (name, difference_value(visit, one, tag), figure(one.a), figure(one.b), round(one.effect, 2), p, clear)


def difference_value(visit: Visit, one: Difference, tag: CataloguedTag | None) -> str:
    """Whose share is compared, as people see it; empty where means are."""
    if tag is not None and one.value and tag.spec.value != "yes":
        return tag_word(visit, tag, one.value)
    if one.value in ("yes", "no") and (tag is not None or one.field == "known"):
        return visit.text(_("yes") if one.value == "yes" else _("no"))
    if one.field in CHANNEL_FIELDS:
        return visit.channel_label(one.value)
    return visit.text(GENDERS[one.value]) if one.field == "gender" and one.value in GENDERS else one.value


def members_sheet(visit: Visit, found: Iterator[Profile], count: int) -> Sheet:
    """Every member, for an export: read one after the other while the file is written."""
    columns = (
        Column("person", visit.text(_("Person")), "code"),
        Column("orders", visit.text(_("Orders")), "count"),
        Column("paid", visit.text(_("Amount paid")), "money"),
        Column("last", visit.text(_("Last seen")), "moment"),
        Column("city", visit.text(_("City"))),
        Column("level", visit.text(_("Member level"))),
    )
    every = lambda: (  # noqa: E731
        (person_id(one.person), one.orders, one.paid_minor, one.last_at, one.city, one.member_level) for one in found
    )
    return Sheet("members", columns, [], every=every, count=count)
