"""What makes two groups of people different: which groups can be chosen, and what is shown of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from dujiang.console.components import Chart, Line
from dujiang.console.sheets import Sheet
from dujiang.console.views.segments import difference_value, differences_sheet, field_label
from dujiang.console.visit import Visit
from dujiang.foundation.i18n import _
from dujiang.people.segments.model import Comparison, Difference
from dujiang.people.tags.catalogue import Tag as CataloguedTag

REST: Final = "rest"
NUMBER: Final = "number"
OUTCOMES: Final[Mapping[str, str]] = {
    "converted": _("{title}: went the whole way"),
    "dropped": _("{title}: lost on the way"),
}
BARS_MAX: Final = 10
ROWS_MAX: Final = 200
LEAST_COMPARED: Final = 30
"""From so many people on a small effect can be clear at all."""

Choices = Sequence[tuple[str, Sequence[tuple[str, str]]]]
"""What can be chosen, under headings."""


@dataclass(frozen=True)
class DifferencesView:
    """The page.

    Attributes:
        one, other: keys of the groups that are chosen.
        names: what the two are called; empty before both are chosen.
        sizes: how many people each has, in words.
        notes: what a reader has to know.
        chart: the clear differences by the size of their effect; None where there are none.
    """

    one: str
    other: str
    choices: Choices
    names: tuple[str, str] = ("", "")
    sizes: tuple[str, str] = ("", "")
    notes: tuple[str, ...] = ()
    chart: Chart | None = None
    clear: int = 0
    asked: int = 0


def choices(visit: Visit, number: str) -> Choices:
    """Groups that can be chosen: the people behind the number that the address names, segments, and ends of saved funnels."""
    segments = [
        (f"segment:{one.name}", visit.own(one.title, one.name)) for one in visit.workspace.segments.list(visit.locale)
    ]
    funnels = [one for one in visit.workspace.questions.list() if one.spec["question"]["type"] == "funnel"]
    ends = [
        (f"{outcome}:{one.name}", visit.text(label, title=one.label(visit.locale)))
        for one in funnels
        for outcome, label in OUTCOMES.items()
    ]
    found = [
        ("", [(NUMBER, number)] if number else []),
        (visit.text(_("Segments")), segments),
        (visit.text(_("Funnels")), ends),
    ]
    return [(heading, options) for heading, options in found if options]


def compared(
    visit: Visit, keys: tuple[str, str], offered: Choices, names: tuple[str, str], found: Comparison
) -> tuple[DifferencesView, Sheet]:
    """The page with two groups held against each other, and its table."""
    people = _("{n} people")
    sizes = tuple(visit.text(people, n=visit.show(one, "count")) for one in (found.one, found.other))
    notes = []
    if min(found.one, found.other) < LEAST_COMPARED:
        sentence = _("A group of fewer than {n} people says little: hardly any difference can be clear.")
        notes.append(visit.text(sentence, n=LEAST_COMPARED))
    if found.both:
        sentence = _("{n} people are in both groups and count in both.")
        notes.append(visit.text(sentence, n=visit.show(found.both, "count")))
    clear = sum(1 for one in found.differences if one.clear)
    view = DifferencesView(
        keys[0],
        keys[1],
        offered,
        names,
        (sizes[0], sizes[1]),
        tuple(notes),
        _chart(visit, names, found),
        clear,
        len(found.differences),
    )
    return view, differences_sheet(visit, found.differences, *names, most=ROWS_MAX)


def _chart(visit: Visit, names: tuple[str, str], found: Comparison) -> Chart | None:
    shown = [one for one in found.differences if one.clear][:BARS_MAX]
    if not shown:
        return None
    tags = {tag.name: tag for tag in visit.workspace.tags.catalogue()}
    labels = [_label(visit, one, tags.get(one.field)) for one in shown]
    more = [round(one.effect, 2) if one.effect > 0 else None for one in shown]
    less = [round(-one.effect, 2) if one.effect < 0 else None for one in shown]
    lines = Line(names[0], more), Line(names[1], less, 2)
    title = visit.text(_("The clear differences, by the size of their effect"))
    note = visit.text(
        _("The colour says which group has more. From 0.2 on an effect is small, from 0.5 medium, from 0.8 large.")
    )
    told = {"type": "bar", "stacked": True, "lying": True, "note": note, "sheet": "differences"}
    return Chart(title, labels, lines, "ratio", visit.currency, **told)


def _label(visit: Visit, one: Difference, tag: CataloguedTag | None) -> str:
    return " · ".join(filter(None, (field_label(visit, one.field, tag), difference_value(visit, one, tag))))
