"""Questions: the list, the builder's data, and what stands beside an answer."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from urllib.parse import urlencode

from starlette.datastructures import QueryParams

from dujiang.console.filters import PERIOD_NAMES, Scope, read_scope
from dujiang.console.sheets import Column, Sheet
from dujiang.console.views.asked import Behind, Picture, View, view_of
from dujiang.console.views.asked.view import by_label
from dujiang.console.views.attribution import CREDITS
from dujiang.console.views.lift import DESIGNS, UNITS
from dujiang.console.views.lift_designs import STRATA
from dujiang.console.views.segments import AGGREGATE_LABELS, OPERATOR_LABELS
from dujiang.console.visit import Visit
from dujiang.foundation.definitions import Definition
from dujiang.foundation.i18n import _
from dujiang.insight.incrementality.analysis import OUTCOMES
from dujiang.insight.questions.answer import Answer
from dujiang.insight.questions.model import Asked, When
from dujiang.insight.questions.notes import NOTES
from dujiang.insight.questions.registry import ANALYSES, checked
from dujiang.people.event_names import EVENT_LABELS
from dujiang.people.segments.sentence import COLUMN_LABELS, FIELD_LABELS, PERIOD_LABELS, SOURCES, conditions, sentence

SCOPED: Final = ("period", "compare")
"""What the controls at the top of the page say, and the question in the address does not have to."""


@dataclass(frozen=True)
class KindView:
    """One kind of analysis in the list."""

    type: str
    title: str
    about: str
    icon: str


@dataclass(frozen=True)
class AskedView:
    """The page of a question.

    Attributes:
        plain: the question as it was asked, for the textarea.
        whole: the question with its days, to be saved.
        builder: what the builder's script reads.
        facts: what the answer is about, as pairs of words.
    """

    type: str
    title: str
    about: str
    saved: Definition | None
    plain: str
    whole: str
    builder: dict[str, Any]
    problem: str
    pictures: Sequence[Picture] = ()
    titles: Mapping[str, str] | None = None
    facts: Sequence[tuple[str, str]] = ()
    notes: Sequence[str] = ()
    fresh_at: datetime | None = None


OF_REGISTERED: Final = ("lift",)
"""Kinds that ask about what has to be registered first, on a page of their own: there is nothing to begin with here."""


def kinds(visit: Visit) -> list[KindView]:
    """Every kind of analysis that can be begun at once."""
    found = ((name, one.title, view_of(name)) for name, one in ANALYSES.items() if name not in OF_REGISTERED)
    return [KindView(name, visit.text(title), visit.text(view.about), view.icon) for name, title, view in found]


def listing(visit: Visit, saved: Sequence[Definition]) -> Sheet:
    """Saved questions, one row each."""
    columns = (
        Column("question", visit.text(_("Question"))),
        Column("kind", visit.text(_("Kind"))),
        Column("period", visit.text(_("Days"))),
        Column("owner", visit.text(_("Owner"))),
    )
    rows = [
        (one.label(visit.locale), kind_title(visit, one), _period(visit, one.spec["question"]), one.owner)
        for one in saved
    ]
    return Sheet(
        "questions", columns, rows, [saved_address(one) for one in saved], caption=visit.text(_("Saved questions"))
    )


def saved_address(one: Definition) -> str:
    """Where a saved question is answered."""
    return f"/ask/{one.spec['question']['type']}?" + urlencode({"saved": one.name})


def kind_title(visit: Visit, one: Definition) -> str:
    """The kind of a saved question."""
    return visit.text(ANALYSES[one.spec["question"]["type"]].title)


def _period(visit: Visit, plain: Mapping[str, Any]) -> str:
    said = plain.get("period") or {"preset": "last30"}
    name = said.get("preset", "")
    if name:
        return visit.text(PERIOD_NAMES[name]) if name in PERIOD_NAMES else name
    return f"{said.get('first')} – {said.get('last')}"


def scope_of(visit: Visit, plain: Mapping[str, Any], *, own: bool = False) -> Scope:
    """Period and comparison: as the address says (unless ``own``), else as the question says.

    Raises:
        InvalidInput: a period or comparison that is none.
    """
    address = QueryParams() if own else visit.request.query_params
    said, asked = dict(address), checked(Asked, {key: plain[key] for key in SCOPED if key in plain})
    if not {"period", "from", "to"} & set(said):
        said |= _address_of(asked.period)
    days = asked.compare if isinstance(asked.compare, When) and "compare" not in said else None
    if "compare" not in said:
        said["compare"] = "none" if isinstance(asked.compare, When) else asked.compare
    channels = [("channel", one) for one in address.getlist("channel")]
    wanted = QueryParams([*((key, value) for key, value in said.items() if key != "channel"), *channels])
    scope = read_scope(wanted, visit.today)
    against = days.period(visit.today) if days else None
    return Scope(scope.name, scope.period, scope.comparison, scope.channels, against)


def _address_of(when: When) -> dict[str, str]:
    return {"period": when.preset} if when.preset else {"from": str(when.first), "to": str(when.last)}


def scoped(plain: Mapping[str, Any], scope: Scope) -> dict[str, Any]:
    """The question with the period, comparison and channels of the page."""
    dated = {"first": str(scope.period.first), "last": str(scope.period.last)}
    whole = {**plain, "period": {"preset": scope.name} if scope.name else dated}
    if not scope.against:
        whole["compare"] = scope.comparison
    if scope.channels:
        whole |= _in_channels(whole, scope.channels)
    return whole


def _in_channels(plain: Mapping[str, Any], channels: Sequence[str]) -> dict[str, Any]:
    """How a question of this kind says that only these channels count; nothing where it cannot say so."""
    kind = str(plain.get("type"))
    if "channels" in ANALYSES[kind].question.model_fields:
        return {"channels": [*channels]}
    key = "only" if kind == "metric" else "where"
    if key in view_of(kind).hidden:
        return {}
    return {key: [*plain.get(key, ()), {"column": "channel", "op": "among", "value": [*channels]}]}


def compact(plain: Mapping[str, Any]) -> str:
    """As it stands in an address."""
    return json.dumps(plain, ensure_ascii=False, separators=(",", ":"))


def unscoped(plain: Mapping[str, Any]) -> dict[str, Any]:
    """Without what the page's controls say; a comparison with days of its own stays."""
    return {
        key: value
        for key, value in plain.items()
        if key != "period" and (key != "compare" or not isinstance(value, str))
    }


def behind(visit: Visit, answer: Answer) -> Behind:
    """How picks of this answer become addresses; its days are written out, so that they stay the same."""
    if not visit.may("person.read"):
        return lambda _pick: ""
    asked, then = answer.question.model_dump(mode="json", exclude_defaults=True), answer.comparison
    asked |= {"type": answer.question.model_dump()["type"]}
    asked["period"] = {"first": str(answer.period.first), "last": str(answer.period.last)}
    asked["compare"] = {"first": str(then.first), "last": str(then.last)} if then else "none"
    question = compact(asked)
    return lambda pick: "" if pick is None else "/people?" + urlencode({"q": question, "pick": compact(pick)})


def builder(visit: Visit, kind: str, plain: Mapping[str, Any]) -> dict[str, Any]:
    """What the builder's script reads: the question, the schema of its kind, and what everything is called."""
    view = view_of(kind)
    labels = {
        "sources": SOURCES, "columns": COLUMN_LABELS, "fields": FIELD_LABELS, "operators": OPERATOR_LABELS,
        "aggregates": AGGREGATE_LABELS, "periods": PERIOD_LABELS, "rows": {**ROWS, **view.fields},
        "choices": {**CHOICES, **view.choices},
        "events": EVENT_LABELS,
    }  # fmt: skip
    named = {key: _named(visit, texts) for key, texts in labels.items()}
    segments = visit.workspace.definitions.current("segment").values()
    dimensions = visit.workspace.metrics.catalogue()
    every = {name for metric in dimensions for name in dimensions.dimensions(metric.name)} if kind == "metric" else ()
    return {
        "question": {**unscoped(plain), "type": kind},
        "schema": ANALYSES[kind].question.model_json_schema(),
        "order": [*view.fields],
        "hidden": sorted(view.hidden),
        "rare": sorted({*view.rare, "time_zone"}),
        "editors": {**view.editors},
        "suggests": {**view.suggests},
        "labels": {
            **named,
            "segments": {one.name: one.label(visit.locale) for one in segments if one.kind == "segment"},
            "dimensions": {name: by_label(visit, name) for name in sorted(every)},
        },
    }


def _named(visit: Visit, texts: Mapping[str, str]) -> dict[str, str]:
    return {key: visit.text(text) if text else "" for key, text in texts.items()}


def facts(visit: Visit, answer: Answer) -> list[tuple[str, str]]:
    """What the answer is about: days, filters, how much was read."""
    asked, label = answer.question, _labels(visit)
    told = [(visit.text(_("Days")), f"{answer.period.first} – {answer.period.last}")]
    if answer.comparison:
        told.append((visit.text(_("Held against")), f"{answer.comparison.first} – {answer.comparison.last}"))
    if asked.people is not None:
        told.append((visit.text(_("Whose doings")), sentence(asked.people, visit.locale, label)))
    if asked.where:
        told.append((visit.text(_("Only events")), conditions(asked.where, visit.locale, label)))
    told += [(visit.text(_("Only where")), _only(visit, one)) for one in getattr(asked, "only", ())]
    if asked.by:
        told.append((visit.text(_("Divided by")), " · ".join(by_label(visit, one) for one in asked.by)))
    told.append((visit.text(_("Time zone")), asked.time_zone or visit.workspace.zone.key))
    told.append((visit.text(_("Rows read")), visit.show(answer.rows, "count")))
    if answer.people is not None:
        told.append((visit.text(_("People")), visit.show(answer.people, "count")))
    return told


def _only(visit: Visit, one: Any) -> str:
    values = one.value if isinstance(one.value, tuple) else () if one.value is None else (one.value,)
    shown = visit.text(_(", ")).join(
        visit.channel_label(str(value)) if one.column == "channel" else str(value) for value in values
    )
    return f"{by_label(visit, one.column)} {visit.text(OPERATOR_LABELS[one.op])} {shown}".rstrip()


def _labels(visit: Visit) -> Any:
    named = visit.workspace.definitions.current()

    def label(kind: str, name: str) -> str:
        found = named.get((kind, name))
        return found.label(visit.locale) if found else name

    return label


def answered(visit: Visit, answer: Answer) -> tuple[list[Sheet], dict[str, Any]]:
    """The tables of an answer, and what the page shows of it."""
    view: View = view_of(answer.question.model_dump()["type"])
    links = behind(visit, answer)
    sheets = [*view.sheets(visit, answer, links)]
    pictures = [*view.pictures(visit, answer, links)]
    twins = {one.sheet for one in pictures if one.shape == "chart"}  # a chart has its table behind it
    said = {one.sheet for one in pictures if one.shape == "heat"}  # a heat map is its table
    shown = {
        "pictures": pictures,
        "titles": {
            one.name: one.caption
            for one in sheets
            if one.name not in said and (any(one.links) or one.name not in twins)
        },
        "facts": facts(visit, answer),
        "notes": [visit.text(NOTES[one]) if one in NOTES else one for one in answer.notes],
        "fresh_at": answer.freshness.received_at,
    }
    return sheets, shown


ROWS: Final[Mapping[str, str]] = {
    "where": _("Only events"), "people": _("Whose doings"), "by": _("Divided by"), "grain": _("Steps of time"),
    "compare": _("Held against"), "time_zone": _("Time zone"),
}  # fmt: skip
CHOICES: Final[Mapping[str, str]] = {
    "day": _("day"), "week": _("week"), "month": _("month"), "hours": _("hours"), "days": _("days"),
    "minutes": _("minutes"), "all": _("all of these"), "any": _("any of these"), "first": _("the first"), "last": _("the last"),
    **OUTCOMES, **UNITS, **DESIGNS, **CREDITS, **STRATA,
}  # fmt: skip
