"""Overlap as the answer to a question: an UpSet picture, and the share over time against the healthy band."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from dujiang.console.components import Card, Cards, Chart, Combination, Combinations, Line
from dujiang.console.sheets import Sheet
from dujiang.console.views.asked.view import Behind, Picture, View
from dujiang.console.visit import Visit
from dujiang.foundation.i18n import _
from dujiang.insight.questions.answer import Answer, Table
from dujiang.insight.questions.overlap import Overlap

_ROWS_MAX = 20


class OverlapView(View):
    """Who is in several channels or segments at once."""

    icon = "people"
    about: ClassVar[str] = _(
        "Who is in several channels or segments at once, what they pay, and who crosses from one to another."
    )
    fields: ClassVar[Mapping[str, str]] = {
        "of": _("What overlaps"),
        "sets": _("Only these"),
        "within_days": _("Days to cross over"),
        "healthy": _("Healthy share"),
        "channels": _("Channels"),
        "segments": _("Segments"),
    }
    hidden = frozenset({"where", "by"})
    rare = frozenset({"healthy", "sets"})
    titles: ClassVar[Mapping[str, str]] = {
        "intersections": _("Exactly in these"),
        "pairs": _("Each with each"),
        "crossings": _("Who crosses over"),
        "trend": _("In two or more over time"),
    }

    def start(self, visit: Visit) -> dict[str, Any]:  # noqa: ARG002
        """Channels, week by week."""
        return {"of": "channels", "grain": "week"}

    def pictures(self, visit: Visit, answer: Answer, behind: Behind) -> Sequence[Picture]:
        """The share, the combinations, and the share over time."""
        found: Overlap = answer.result
        drawn: list[Picture] = [_share(visit, found, answer.before, behind)]
        if found.intersections:
            drawn.append(_combinations(visit, answer, found, behind))
        if len(found.trend) > 1:
            drawn.append(_trend(visit, found))
        return drawn

    def sheet(self, visit: Visit, answer: Answer, table: Table, behind: Behind) -> Sheet:
        """Sets by the names that people see."""
        shown = super().sheet(visit, answer, table, behind)
        if table.name != "intersections":
            return shown
        names = (" + ".join(_name(visit, answer, one) for one in row.sets) for row in answer.result.intersections)
        rows = [(name, *row[1:]) for name, row in zip(names, shown.rows, strict=True)]
        return Sheet(shown.name, shown.columns, rows, shown.links, caption=shown.caption)

    def told(self, visit: Visit, pick: Mapping[str, Any]) -> str:
        """The sets by their names."""
        if pick.get("several"):
            return visit.text(_("in two or more"))
        joint = " → " if pick.get("crossed") else " + "
        return joint.join(_segment(visit, one) or visit.channel_label(one) for one in pick.get("sets") or ())


def _name(visit: Visit, answer: Answer, name: str) -> str:
    return (
        visit.channel_label(name) if answer.question.model_dump()["of"] == "channels" else _segment(visit, name) or name
    )


def _segment(visit: Visit, name: str) -> str:
    found = visit.workspace.definitions.current("segment").get(("segment", name))
    return found.label(visit.locale) if found else ""


def _share(visit: Visit, found: Overlap, before: Overlap | None, behind: Behind) -> Cards:
    low, high = found.healthy
    band = visit.text(_("healthy: {low} to {high}"), low=visit.show(low, "percent"), high=visit.show(high, "percent"))
    then = None if before is None else before.share
    told = [band] if then is None else [band, visit.text(_("before: {value}"), value=visit.show(then, "percent"))]
    several, share = behind({"several": True}), visit.show(found.share, "percent")
    cards = (
        Card("share", visit.text(_("In two or more")), share, basis=" · ".join(told), href=several),
        Card("several", visit.text(_("People in two or more")), visit.show(found.several, "count"), href=several),
        Card("people", visit.text(_("People in any")), visit.show(found.people, "count")),
    )
    return Cards(visit.text(_("In two or more")), cards, "intersections")


def _combinations(visit: Visit, answer: Answer, found: Overlap, behind: Behind) -> Combinations:
    largest = max(one.people for one in found.intersections)
    names = [one.name for one in found.sets]
    rows = [
        Combination(
            marks=tuple(name in one.sets for name in names),
            share=one.people / largest,
            value=visit.show(one.people, "count"),
            more=visit.show(one.money_minor, "money"),
            href=behind({"sets": [*one.sets], "exact": True}),
            said=f"{' + '.join(_name(visit, answer, each) for each in one.sets)}: {visit.show(one.people, 'count')}",
        )
        for one in found.intersections[:_ROWS_MAX]
    ]
    return Combinations(
        title=visit.text(_("How they overlap")),
        sets=tuple((_name(visit, answer, one.name), visit.show(one.people, "count")) for one in found.sets),
        rows=tuple(rows),
        sheet="intersections",
        heads=(visit.text(_("People")), visit.text(_("Paid, less refunds"))),
        note=visit.text(_("Each row: people who are in exactly the marked ones.")),
    )


def _trend(visit: Visit, found: Overlap) -> Chart:
    shares = [one.several / one.people if one.people else None for one in found.trend]
    low, high = found.healthy
    count = len(shares)
    line = Line(visit.text(_("In two or more")), shares, low=[low] * count, high=[high] * count)
    title = visit.text(_("In two or more over time"))
    labels = [one.start.isoformat() for one in found.trend]
    note = visit.text(_("The band is the healthy share."))
    return Chart(title, labels, (line,), "percent", note=note, sheet="trend")
