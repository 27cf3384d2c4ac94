"""Imports, ready to be shown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from dujiang.collect.exports.drafting import RECORD, Draft
from dujiang.collect.exports.preview import Preview
from dujiang.collect.exports.records import ImportResult
from dujiang.collect.exports.statuses import STATES
from dujiang.collect.exports.uploads import Upload
from dujiang.console import formats
from dujiang.console.components import Card, Tag
from dujiang.console.sheets import Column, Sheet
from dujiang.console.views import fact_fields
from dujiang.console.visit import Visit
from dujiang.foundation.i18n import _

FAMILIES: Final = {
    "event": _("Events"),
    "order": _("Order"),
    "order_line": _("Order lines"),
    "refund": _("Refunds"),
    "spend": _("Spend"),
    "traffic": _("Traffic"),
    "customer": _("Customers"),
    "conversation": _("Conversations"),
    "platform_total": _("Platform totals"),
    "consent": _("Consents"),
    "tag": _("Tags"),
}


@dataclass(frozen=True)
class Note:
    """Something to know before importing."""

    tone: str
    title: str
    text: str


FIELDS: Final = {"day": _("Day"), "at": _("Time"), "tag": _("Tag")}
"""Fields that may be said at import, as people call them."""


@dataclass(frozen=True)
class NewImportView:
    """An upload that is looked at before it is imported."""

    upload: str
    name: str
    sentence: str
    detected: str
    problem: str
    mapping: str
    mappings: tuple[tuple[str, str], ...]
    encoding: str
    encodings: tuple[tuple[str, str], ...]
    channel: str
    channels: tuple[tuple[str, str], ...]
    cards: tuple[Card, ...]
    notes: tuple[Note, ...]
    converted: tuple[Sheet, ...]
    raw: Sheet | None
    chosen: str
    is_ready: bool
    needs_day: bool
    needs_tag: bool


@dataclass(frozen=True)
class ImportView:
    """What an import brought."""

    id: str
    name: str
    sentence: str
    cards: tuple[Card, ...]
    facts: tuple[tuple[str, str], ...]
    errors: bool
    is_undone: bool
    can_undo: bool
    undo: str


def mapping_label(visit: Visit, name: str) -> str:
    """What people call a mapping."""
    found = visit.workspace.definitions.current("mapping").get(("mapping", name))
    return found.label(visit.locale) if found else name


@dataclass(frozen=True)
class WaitingView:
    """An upload that was not imported yet."""

    href: str
    name: str
    size: str


@dataclass(frozen=True)
class ImportsView:
    """The list's frame: the largest file that is taken, and what waits."""

    most: str
    pending: tuple[WaitingView, ...]


def waiting(found: Sequence[Upload]) -> tuple[WaitingView, ...]:
    """Uploads that wait."""
    return tuple(WaitingView(f"/imports/new/{one.id}", one.file_name, formats.size(one.bytes)) for one in found)


def imports_sheet(visit: Visit, records: Sequence[ImportResult]) -> Sheet:
    """One row for each import, newest first."""
    columns = (
        Column("file", visit.text(_("File"))),
        Column("mapping", visit.text(_("Mapping"))),
        Column("channel", visit.text(_("Channel")), "channel"),
        Column("state", visit.text(_("State")), "tag"),
        Column("rows", visit.text(_("Rows")), "count"),
        Column("accepted", visit.text(_("New")), "count"),
        Column("duplicate", visit.text(_("Known already")), "count"),
        Column("rejected", visit.text(_("Bad")), "count"),
        Column("first", visit.text(_("First day")), "day"),
        Column("last", visit.text(_("Last day")), "day"),
        Column("at", visit.text(_("When")), "moment"),
        Column("actor", visit.text(_("Who"))),
    )
    rows = [
        (
            one.file_name,
            mapping_label(visit, one.mapping),
            one.channel,
            _state(visit, one),
            one.rows,
            one.accepted,
            one.duplicate,
            one.rejected,
            one.first_day,
            one.last_day,
            one.at,
            one.actor,
        )
        for one in records
    ]
    return Sheet("imports", columns, rows, [f"/imports/{one.id}" for one in records])


def _state(visit: Visit, one: ImportResult) -> Tag:
    if one.undone:
        return Tag(visit.text(_("undone")), "warn")
    return Tag(visit.text(_("with bad rows")), "warn") if one.rejected else Tag(visit.text(_("in")), "good")


def single(visit: Visit, result: ImportResult) -> ImportView:
    """What an import brought, and what undoing it would take."""
    new = ", ".join(f"{visit.text(FAMILIES.get(key, key))} {n:,}" for key, n in result.facts.items() if n)
    days = f"{result.first_day} – {result.last_day}" if result.first_day else formats.NOTHING
    return ImportView(
        id=result.id,
        name=result.file_name,
        sentence=visit.text(_("Undone: its facts are in no answer.")) if result.undone else _sentence(visit, result),
        cards=_cards(visit, result),
        facts=(
            (visit.text(_("Mapping")), mapping_label(visit, result.mapping)),
            (visit.text(_("Channel")), visit.channel_label(result.channel)),
            (visit.text(_("Shop")), result.shop or formats.NOTHING),
            (visit.text(_("Days")), days),
            (visit.text(_("New facts")), new or formats.NOTHING),
            (visit.text(_("Rows that are no records")), visit.show(result.passed, "count")),
            (
                visit.text(_("Bad rows by reason")),
                " · ".join(f"{code} {n:,}" for code, n in result.problems.items()) or formats.NOTHING,
            ),
            (visit.text(_("Size")), formats.size(result.bytes)),
            ("SHA-256", result.sha256),
            (visit.text(_("When")), visit.show(result.at, "moment")),
            (visit.text(_("Who")), result.actor),
        ),
        errors=result.has_errors,
        is_undone=result.undone,
        can_undo=bool(new),
        undo=visit.text(_("Every answer loses these facts: {facts}. You can bring them back."), facts=new),
    )


def _sentence(visit: Visit, result: ImportResult) -> str:
    if not result.accepted and not result.rejected:
        return visit.text(_("Everything in the file was known already, so nothing changed."))
    return visit.text(_("Rows = new + known already + bad."))


def _cards(visit: Visit, result: ImportResult) -> tuple[Card, ...]:
    told = (
        ("rows", _("Rows"), result.rows),
        ("accepted", _("New"), result.accepted),
        ("duplicate", _("Known already"), result.duplicate),
        ("rejected", _("Bad"), result.rejected),
    )
    return tuple(Card(key, visit.text(label), visit.show(value, "count")) for key, label, value in told)


ENCODINGS: Final = {"": _("found out by itself"), "utf-8": "UTF-8", "gb18030": "GB18030"}
_CONVERTED_ROWS: Final = 8


def unreadable(visit: Visit, upload: str, name: str, mapping: str, encoding: str, problem: str) -> NewImportView:
    """An upload that cannot be read as it is."""
    return _view(visit, upload, name, mapping="", chosen=mapping, encoding=encoding, problem=problem)


def new_import(visit: Visit, upload: str, name: str, found: Preview, encoding: str) -> NewImportView:
    """An upload with what would become of its first rows."""
    return _view(
        visit,
        upload,
        name,
        mapping=found.mapping,
        chosen=found.mapping,
        encoding=encoding,
        detected=_detected(visit, found),
        channel=found.channel,
        cards=_preview_cards(visit, found),
        notes=_preview_notes(visit, found),
        converted=tuple(_facts_sheet(visit, family, facts) for family, facts in found.facts.items() if facts),
        raw=_raw_sheet(visit, found),
        is_ready=bool(found.mapping) and not found.missing_columns,
        needs_day="day" in found.missing_fields or "at" in found.missing_fields,
        needs_tag="tag" in found.missing_fields,
    )


def _view(
    visit: Visit,
    upload: str,
    name: str,
    *,
    mapping: str,
    chosen: str,
    encoding: str,
    problem: str = "",
    detected: str = "",
    channel: str = "",
    cards: tuple[Card, ...] = (),
    notes: tuple[Note, ...] = (),
    converted: tuple[Sheet, ...] = (),
    raw: Sheet | None = None,
    is_ready: bool = False,
    needs_day: bool = False,
    needs_tag: bool = False,
) -> NewImportView:
    every = visit.workspace.definitions.current("mapping").values()
    known = sorted((one.name, one.label(visit.locale)) for one in every)
    return NewImportView(
        upload=upload,
        name=name,
        sentence=visit.text(_("Nothing is kept yet. Look at what was recognised, then import.")),
        detected=detected,
        problem=problem,
        mapping=mapping,
        mappings=(("", visit.text(_("recognise by itself"))), *known),
        chosen=chosen,
        encoding=encoding,
        encodings=tuple((key, visit.text(label)) for key, label in ENCODINGS.items()),
        channel=channel,
        channels=_channels(visit),
        cards=cards,
        notes=notes,
        converted=converted,
        raw=raw,
        is_ready=is_ready,
        needs_day=needs_day,
        needs_tag=needs_tag,
    )


def _channels(visit: Visit) -> tuple[tuple[str, str], ...]:
    every = ((one.name, one.label(visit.locale)) for one in visit.channels)
    return ("", visit.text(_("as the mapping says"))), *every


def _detected(visit: Visit, found: Preview) -> str:
    if not found.mapping:
        return visit.text(_("No mapping fits this header. Choose one, or define one of your own (kind mapping)."))
    best = next((one for one in found.detections if one.mapping == found.mapping), None)
    told = _("{mapping}: {n} columns recognised; header on line {line}; {form} {encoding}.")
    return (
        visit.text(
            told,
            mapping=mapping_label(visit, found.mapping),
            n=len(best.matched) if best else len(found.used),
            line=found.header_line,
            form=found.form.upper(),
            encoding=found.encoding,
        )
        .replace(" .", ".")
        .replace(" 。", "。")
    )


def _preview_cards(visit: Visit, found: Preview) -> tuple[Card, ...]:
    bad = sum(found.problems.values())
    cards = [
        Card("checked", visit.text(_("Rows looked at")), visit.show(found.checked, "count")),
        Card("good", visit.text(_("Good")), visit.show(found.good, "count")),
        Card("bad", visit.text(_("Bad")), visit.show(bad, "count")),
    ]
    if found.identified is not None and found.good:
        share = visit.show(found.identified / found.good, "percent")
        cards.append(Card("identified", visit.text(_("Rows that name a person")), share))
    return tuple(cards)


def _field(visit: Visit, name: str) -> str:
    return visit.text(FIELDS[name]) if name in FIELDS else name


def _preview_notes(visit: Visit, found: Preview) -> tuple[Note, ...]:
    told = (
        ("bad", _("Columns that the mapping needs and the file lacks:"), found.missing_columns),
        (
            "warn",
            _("Not in the file, to be said at import:"),
            tuple(_field(visit, one) for one in found.missing_fields),
        ),
        ("info", _("Personal data, not kept:"), found.dropped),
        ("info", _("Ratios, computed again instead of kept:"), found.ratios),
        ("info", _("Kept as properties:"), found.kept),
    )
    notes = [Note(tone, visit.text(title), " · ".join(names)) for tone, title, names in told if names]
    problems = [f"{visit.text(one.sentence, **one.values)} ({one.line})" for one in found.bad[:3]]
    if problems:
        notes.insert(0, Note("warn", visit.text(_("Bad rows, with their line:")), " · ".join(problems)))
    if found.states:
        told_states = " · ".join(f"{visit.text(STATES[one])} {n:,}" for one, n in found.states.items())
        tone = "info" if found.states.get("valid") else "warn"
        notes.append(Note(tone, visit.text(_("Orders by state; only paid ones count:")), told_states))
    if found.imported_before:
        before = visit.text(_("The same file was imported before; importing it again changes nothing."))
        notes.insert(0, Note("warn", before, ""))
    return tuple(notes)


def _raw_sheet(visit: Visit, found: Preview) -> Sheet:
    columns = tuple(Column(f"c{place}", name) for place, name in enumerate(found.header))
    width = len(columns)
    rows = [tuple((*row, *("",) * width)[:width]) for row in found.rows]
    return Sheet("raw", columns, rows, caption=visit.text(_("The first rows as they stand in the file")))


def _facts_sheet(visit: Visit, family: str, facts: Sequence[Mapping[str, Any]]) -> Sheet:
    names = list(dict.fromkeys(name for fact in facts for name in fact if name not in ("properties", "channel")))
    columns = tuple(Column(name, _field_label(visit, name), _fact_kind(name)) for name in names)
    rows = [tuple(_fact_value(visit, name, fact.get(name)) for name in names) for fact in facts[:_CONVERTED_ROWS]]
    return Sheet(f"facts-{family}", columns, rows, caption=visit.text(FAMILIES.get(family, family)))


def _fact_kind(name: str) -> formats.Kind:
    if name.endswith("_minor"):
        return "money"
    if name == "at" or name.endswith("_at"):
        return "moment"
    return "text"


def _field_label(visit: Visit, name: str) -> str:
    return visit.text(fact_fields.FIELDS[name]) if name in fact_fields.FIELDS else name


def _fact_value(visit: Visit, name: str, value: Any) -> Any:
    if name == "identifiers":
        value = [_type_label(visit, one) for one in value or ()]
    if name == "status" and value in STATES:
        return visit.text(STATES[value])
    return "、".join(map(str, value)) or None if isinstance(value, list | tuple) else value


# ── a mapping for a file that none knows ─────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class WantedView:
    """A column of the template, and the file's column that is taken for it."""

    field: str
    name: str
    fields: str
    needed: bool
    column: str


@dataclass(frozen=True)
class DraftView:
    """The form in which somebody says what the file's columns are."""

    upload: str
    name: str
    likes: tuple[tuple[str, str], ...]
    like: str
    description: str
    columns: tuple[tuple[str, str], ...]
    wanted: tuple[WantedView, ...]
    channel: str
    channels: tuple[tuple[str, str], ...]
    raw: Sheet


def drafting(visit: Visit, upload: str, name: str, found: Draft, likes: Sequence[str], channel: str) -> DraftView:
    """A template's columns beside the file's."""
    templates = visit.workspace.definitions.current("mapping")
    template = templates["mapping", found.like]
    columns = (("", visit.text(_("not in this file"))), *((one, _column_label(found, one)) for one in found.header))
    return DraftView(
        upload=upload,
        name=name,
        likes=tuple((one, templates["mapping", one].label(visit.locale)) for one in likes),
        like=found.like,
        description=visit.own(template.description),
        columns=columns,
        wanted=tuple(
            WantedView(f"column.{place}", one.name, _purpose(visit, one.fields), one.needed, one.column)
            for place, one in enumerate(found.wanted)
        ),
        channel=channel or str(template.spec.get("channel") or ""),
        channels=_channels(visit),
        raw=_samples_sheet(visit, found),
    )


def _purpose(visit: Visit, fields: Sequence[str]) -> str:
    """What a column of the template fills, as people call it."""
    told = [one.partition(".")[2] for one in fields if "." in one]
    types = [one for one in fields if "." not in one and one != RECORD]
    names = [*(_field_label(visit, one) for one in told), *(_type_label(visit, one) for one in types)]
    if RECORD in fields:
        names.append(visit.text(_("only in the vault, encrypted, to find the same person elsewhere")))
    return " · ".join(dict.fromkeys(names))


def _type_label(visit: Visit, name: str) -> str:
    return visit.workspace.identifier_types.label(name, visit.locale)


def _column_label(found: Draft, name: str) -> str:
    samples = "、".join(found.samples.get(name, ()))
    return f"{name}（{samples[:40]}）" if samples else name


def _samples_sheet(visit: Visit, found: Draft) -> Sheet:
    columns = (Column("column", visit.text(_("Column"))), Column("samples", visit.text(_("Examples"))))
    rows = [(name, "、".join(found.samples.get(name, ())) or None) for name in found.header]
    return Sheet("samples", columns, rows, caption=visit.text(_("Columns of the file")))
