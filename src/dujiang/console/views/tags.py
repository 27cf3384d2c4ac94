"""Tags, ready to be shown: the catalogue, one tag, and the tags and consents of a person."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from dujiang.console import formats
from dujiang.console.components import Card, Chart, Line
from dujiang.console.components import Tag as Word
from dujiang.console.formats import Kind
from dujiang.console.sheets import Column, Sheet
from dujiang.console.visit import Visit
from dujiang.foundation.i18n import _
from dujiang.people.model import PersonConsent
from dujiang.people.tags.catalogue import Tag
from dujiang.people.tags.distribution import Bar
from dujiang.people.tags.fields import MEDIA
from dujiang.people.tags.service import Coverage, TagPage, TagValue

GROUPS: Final = {
    "value": _("Spending"),
    "recency": _("Recency"),
    "frequency": _("Frequency"),
    "category": _("Goods"),
    "price": _("Price and discounts"),
    "channel": _("Channels"),
    "content": _("Content"),
    "community": _("Interaction and community"),
    "service": _("Service"),
    "lifecycle": _("Life cycle"),
    "promotion": _("Promotions"),
    "place": _("Place"),
    "device": _("Devices"),
    "referral": _("Referral"),
    "relation": _("Relations"),
    "returns": _("Returns"),
    "time": _("Time of day"),
    "reach": _("Reachability and consent"),
    "profile": _("Profile"),
    "prediction": _("Foretold by models"),
    "brand": _("The brand's own"),
}
TYPES: Final = {
    "statistic": _("counted from behaviour"),
    "field": _("from the profile"),
    "formula": _("formula"),
    "rule": _("rule"),
    "model": _("model"),
    "given": _("put on by hand or import"),
}
VALUES: Final = {
    "yes": _("yes or no"),
    "number": _("number"),
    "money": _("money"),
    "percent": _("percent"),
    "day": _("day"),
    "text": _("text"),
    "list": _("list"),
}
MEDIUM_LABELS: Final = {
    "": _("every way"),
    "sms": _("text message"),
    "phone": _("phone call"),
    "email": _("email"),
    "wecom": _("WeCom"),
    "wechat": _("WeChat"),
    "app_push": _("app push"),
}
STATES: Final = {
    "granted": (_("allowed"), "good"),
    "withdrawn": (_("withdrawn"), "bad"),
    "unknown": (_("not asked"), ""),
}
_KINDS: Final[dict[str, Kind]] = {"number": "number", "money": "money", "percent": "percent", "day": "day"}


@dataclass(frozen=True)
class Part:
    """A definition that a page leads to."""

    label: str
    href: str


@dataclass(frozen=True)
class TagView:
    """One tag's page."""

    name: str
    label: str
    description: str
    cards: tuple[Card, ...]
    facts: tuple[tuple[str, str], ...]
    reads: tuple[Part, ...]
    used_by: tuple[Part, ...]
    chart: Chart | None
    fresh_at: datetime | None


@dataclass(frozen=True)
class PersonTagView:
    """A tag of a person; ``why`` says how it comes about."""

    label: str
    value: str
    why: str
    href: str


@dataclass(frozen=True)
class GroupView:
    """The tags of one subject."""

    label: str
    tags: tuple[PersonTagView, ...]


@dataclass(frozen=True)
class ReachView:
    """One way of reaching a person."""

    label: str
    sentence: str
    tone: str


def labels(visit: Visit, texts: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    """Options of a menu."""
    return tuple((key, visit.text(text)) for key, text in texts.items())


def catalogue_sheet(
    visit: Visit, tags: Iterable[Tag], coverage: Mapping[str, Coverage], words: str, group: str
) -> Sheet:
    """The catalogue as a table."""
    tags = list(tags)
    readers: dict[str, int] = {}
    for one in tags:
        for part in one.spec.names():
            readers[part] = readers.get(part, 0) + 1
    columns = (
        Column("title", visit.text(_("Tag"))),
        Column("group", visit.text(_("Subject"))),
        Column("about", visit.text(_("What it says"))),
        Column("share", visit.text(_("Share of people")), "percent", bar=True),
        Column("people", visit.text(_("How many people")), "count"),
        Column("type", visit.text(_("Comes from"))),
        Column("value", visit.text(_("Value type"))),
        Column("used", visit.text(_("Read by tags")), "count"),
        Column("name", visit.text(_("Name")), "code"),
    )
    rows: list[tuple[Any, ...]] = []
    links = []
    for one in tags:
        told = f"{one.name} {one.label('zh')} {one.label('en')} {one.about(visit.locale)}".lower()
        if words.lower() in told and group in ("", one.spec.group):
            has = coverage.get(one.name, Coverage(0, None))
            rows.append(
                (
                    one.label(visit.locale),
                    visit.text(GROUPS[one.spec.group]),
                    one.about(visit.locale),
                    has.share,
                    has.people if has.share is not None else None,
                    visit.text(TYPES[one.spec.type]),
                    visit.text(VALUES[one.spec.value]),
                    readers.get(one.name, 0),
                    one.name,
                )
            )
            links.append(f"/tags/{one.name}")
    return Sheet("tags", columns, rows, links, caption=visit.text(_("Tag catalogue")))


def tag(visit: Visit, page: TagPage) -> TagView:
    """A tag's page."""
    one, spec = page.tag, page.tag.spec
    has = visit.show(page.coverage.share, "percent")
    cards = (
        Card("people", visit.text(_("People who have it")), visit.show(page.coverage.people, "count")),
        Card("share", visit.text(_("Share of people")), has),
    )
    facts = (
        (_("Subject"), visit.text(GROUPS[spec.group])),
        (_("Comes from"), visit.text(TYPES[spec.type])),
        (_("Value type"), visit.text(VALUES[spec.value]) + (f" ({spec.unit})" if spec.unit else "")),
        (_("How"), how(visit, one)),
        (_("Tables behind it"), " · ".join(page.lineage.tables)),
        (_("Name"), one.name),
    )
    tags = visit.workspace.tags.catalogue()
    return TagView(
        name=one.name,
        label=one.label(visit.locale),
        description=one.about(visit.locale),
        cards=cards,
        facts=tuple((visit.text(label), value) for label, value in facts if value),
        reads=tuple(Part(tags.get(name).label(visit.locale), f"/tags/{name}") for name in page.lineage.reads),
        used_by=tuple(_user(visit, *key) for key in page.lineage.used_by),
        chart=_chart(visit, page),
        fresh_at=page.fresh.at if page.fresh else None,
    )


def _user(visit: Visit, kind: str, name: str) -> Part:
    label = visit.workspace.definitions.get(kind, name).label(visit.locale)
    return Part(label, f"/tags/{name}" if kind == "tag" else f"/definitions/{kind}/{name}")


def distribution_sheet(visit: Visit, page: TagPage) -> Sheet:
    """How values are distributed."""
    columns = (
        Column("value", visit.text(_("Value"))),
        Column("people", visit.text(_("How many people")), "count"),
    )
    rows = [(_bar_label(visit, page.tag, bar), bar.people) for bar in page.distribution]
    return Sheet("distribution", columns, rows, caption=page.tag.label(visit.locale))


def _chart(visit: Visit, page: TagPage) -> Chart | None:
    if not page.distribution:
        return None
    names = [_bar_label(visit, page.tag, bar) for bar in page.distribution]
    people = [float(bar.people) for bar in page.distribution]
    title = visit.text(_("How many people have which value"))
    lying = page.tag.spec.value in ("text", "list", "yes")
    return Chart(title, names, [Line(visit.text(_("How many people")), people)], "count", type="bar", lying=lying)


def _bar_label(visit: Visit, one: Tag, bar: Bar) -> str:
    if bar.low is None:
        return value_text(visit, one, bar.label == "true" if one.spec.value == "yes" else bar.label)
    low, high = (value_text(visit, one, side) for side in (bar.low, bar.high))
    return low if low == high else f"{low} – {high}"


def how(visit: Visit, one: Tag) -> str:
    """How a tag comes about, in one line."""
    spec = one.spec
    if spec.statistic:
        parts = [spec.statistic.source, spec.statistic.aggregate, spec.statistic.column]
        return " · ".join(part for part in parts if part)
    if spec.expression:
        return spec.expression
    if spec.cases:
        return visit.text(_("{count} cases over {tags}"), count=len(spec.cases), tags=", ".join(spec.names()))
    return spec.field or (spec.model.model if spec.model else visit.text(TYPES["given"]))


def value_text(visit: Visit, one: Tag, value: Any) -> str:
    """A value as a person reads it."""
    if value is None or value == []:
        return formats.NOTHING
    if one.spec.value == "yes":
        return visit.text(_("yes") if value else _("no"))
    if one.spec.value == "list" and isinstance(value, list):
        return " · ".join(word(visit, one, item) for item in value)
    kind = _KINDS.get(one.spec.value)
    if kind is None:
        return word(visit, one, str(value))
    if one.spec.unit == "ms":
        return visit.show(value, "duration")
    if kind == "number" and isinstance(value, float):
        value = int(value) if value.is_integer() else round(value, 2)
        return str(value) if one.spec.unit == "year" else visit.show(value, kind)
    return visit.show(value, kind)


def word(visit: Visit, one: Tag, value: str) -> str:
    """A word that a tag says, as people see it."""
    if one.spec.group == "channel" and any(part in one.name for part in ("channel",)):
        return visit.channel_label(value)
    if one.spec.model and one.spec.model.model == "group":
        return visit.workspace.groups.labels(visit.locale).get(value, value)
    label = _WORDS.get(value)
    return visit.text(label) if label else value


_WORDS: Final = {
    "high": _("high"), "middle": _("middle"), "low": _("low"), "none": _("none"), "female": _("female"), "male": _("male"),
    "granted": _("allowed"), "withdrawn": _("withdrawn"), "unknown": _("not asked"),
}  # fmt: skip


def of_person(visit: Visit, found: Sequence[TagValue]) -> tuple[GroupView, ...]:
    """What tags say of a person, by subject; tags that say nothing are left out."""
    views = []
    for group, label in GROUPS.items():
        tags = tuple(
            PersonTagView(
                label=one.tag.label(visit.locale),
                value=value_text(visit, one.tag, one.value),
                why=f"{one.tag.about(visit.locale)} {how(visit, one.tag)}",
                href=f"/tags/{one.tag.name}",
            )
            for one in found
            if one.tag.spec.group == group and group != "reach" and one.value not in (None, False, 0, [])
        )
        if tags:
            views.append(GroupView(visit.text(label), tags))
    return tuple(views)


def reach(visit: Visit, found: Sequence[TagValue]) -> tuple[ReachView, ...]:
    """By which ways a person can be reached, and what stands in the way."""
    values = {one.tag.name: one.value for one in found}
    views = []
    for medium in MEDIA:
        state = values.get(f"consent_{medium}") or "unknown"
        if values.get(f"reach_{medium}"):
            sentence, tone = _("can be reached"), "good"
        elif state == "withdrawn":
            sentence, tone = _("does not want it"), "bad"
        elif state == "granted":
            sentence, tone = _("allowed, but there is no address"), "warn"
        else:
            sentence, tone = _("not asked"), ""
        views.append(ReachView(visit.text(MEDIUM_LABELS[medium]), visit.text(sentence), tone))
    return tuple(views)


def consents_sheet(visit: Visit, found: Sequence[PersonConsent]) -> Sheet:
    """What a person allowed or withdrew, with where it was said."""
    columns = (
        Column("purpose", visit.text(_("Purpose"))),
        Column("medium", visit.text(_("Way of contact"))),
        Column("state", visit.text(_("State")), "tag"),
        Column("at", visit.text(_("When")), "moment"),
        Column("source", visit.text(_("Said in"))),
    )
    rows = []
    for one in found:
        label, tone = STATES.get(one.state, (one.state, ""))
        medium = visit.text(MEDIUM_LABELS[one.medium]) if one.medium in MEDIUM_LABELS else one.medium
        told = " · ".join(part for part in (one.source, one.text_version) if part)
        rows.append((one.purpose, medium, Word(visit.text(label), tone), one.at, told))
    return Sheet("consents", columns, rows, caption=visit.text(_("Consents")))
