"""The private domain as the answer to a question."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, ClassVar, Final

from dujiang.console import formats
from dujiang.console.components import Card, Cards, Chart, Line, Tag
from dujiang.console.sheets import Column, Sheet
from dujiang.console.views import figures
from dujiang.console.views.asked.view import Behind, Picture, View
from dujiang.console.visit import Visit
from dujiang.foundation.i18n import _
from dujiang.insight.answer import REASONS
from dujiang.insight.private.analysis import TREND, Health, Private
from dujiang.insight.questions.answer import Answer

WAYS: Final = {"campaign": _("Campaign before entering"), "entry": _("Way in, as the list states")}
_WAYS_MAX: Final = 10
_DUE_MIN: Final = 10
"""The share of fewer people is in the table, with its interval, and not among the bars."""
_STANDING: Final = {"below": _("too low"), "above": _("too high"), "within": _("healthy"), "unknown": _("no band")}
_TONE: Final = {"below": "bad", "above": "bad", "within": "good", "unknown": ""}
_STEPS: Final = {
    "entered": _("Entered"), "active": _("Active in a community"), "bought": _("Bought"), "again": _("Bought again"),
}  # fmt: skip


class PrivateView(View):
    """Health as cards, size over time, the loop as bars, ways of entry side by side."""

    icon = "people"
    about: ClassVar[str] = _(
        "How healthy the private domain is, and the way from advertisement over the community to a purchase."
    )
    fields: ClassVar[Mapping[str, str]] = {
        "way": _("Ways told apart by"),
        "within_days": _("Days after entering"),
        "ad_days": _("Days of the advertisement before"),
        "campaigns": _("Campaigns that lead to a way"),
    }
    hidden = frozenset({"where", "by", "people"})
    rare = frozenset({"campaigns"})
    choices = WAYS
    titles: ClassVar[Mapping[str, str]] = {
        "loop": _("From entry to purchase, by way in"), "health": _("Health"), "trend": _("Over time"),
    }  # fmt: skip

    def start(self, visit: Visit) -> dict[str, Any]:  # noqa: ARG002
        """The last 90 days, week by week."""
        return {"period": {"preset": "last90"}, "compare": "previous", "grain": "week"}

    def pictures(self, visit: Visit, answer: Answer, behind: Behind) -> Sequence[Picture]:
        """Sizes, health, sizes over time, the loop, ways of entry."""
        found: Private = answer.result
        drawn: list[Picture] = [_sizes(visit, found, behind), _health(visit, found, behind)]
        drawn += [*_trends(visit, answer, found), _loop(visit, found)]
        rated = [one for one in found.ways if one.due >= _DUE_MIN][:_WAYS_MAX]
        if len(rated) > 1:
            line = Line(visit.text(_("Bought, share")), [one.bought / one.due for one in rated])
            labels = [one.way or visit.text(_("not stated")) for one in rated]
            title = visit.text(_("Share who bought, by way in"))
            drawn.append(Chart(title, labels, (line,), "percent", type="bar", lying=True, sheet="loop"))
        costly = [one for one in found.ways if one.cost_each.value is not None][:_WAYS_MAX]
        if len(costly) > 1:
            line = Line(visit.text(_("Cost per entrant")), [one.cost_each.value for one in costly])
            labels, title = [one.way or "" for one in costly], visit.text(_("Cost per entrant, by way in"))
            drawn.append(Chart(title, labels, (line,), "money", visit.currency, type="bar", lying=True, sheet="loop"))
        return drawn

    def sheets(self, visit: Visit, answer: Answer, behind: Behind) -> Sequence[Sheet]:
        """The loop, health in the units of its metrics, and the lines over time."""
        loop, _health_plain, *trend = (self.sheet(visit, answer, one, behind) for one in answer.tables)
        all_, *rows = loop.rows
        named = [(visit.text(_("All ways")), "", *all_[2:]), *(
            (row[0] or visit.text(_("not stated")), self._known_from(visit, *row[:2]), *row[2:]) for row in rows
        )]  # fmt: skip
        columns = tuple(
            replace(one, label=visit.text(_("Known from"))) if one.name == "by_ad" else one for one in loop.columns
        )
        told = Sheet(loop.name, columns, named, loop.links, caption=loop.caption, cells=loop.cells)
        return [told, _health_sheet(visit, answer.result, behind, self.title(visit, "health")), *trend]

    @staticmethod
    def _known_from(visit: Visit, way: str | None, by_ad: bool) -> str:
        if way is None:
            return ""
        return visit.text(_("a visit with its campaign") if by_ad else _("the contact list"))

    def told(self, visit: Visit, pick: Mapping[str, Any]) -> str:
        """The metric and since when, or the step and the way."""
        if pick.get("metric"):
            metric = visit.workspace.metrics.catalogue().get(str(pick["metric"])).label(visit.locale)
            start = pick.get("start")
            return visit.text(_("{what}, from {day}"), what=metric, day=start) if start else metric
        way = "" if pick.get("every_way", True) else pick.get("way") or visit.text(_("not stated"))
        return " · ".join(filter(None, [way, visit.text(_STEPS[pick.get("step", "entered")])]))


def _sizes(visit: Visit, found: Private, behind: Behind) -> Cards:
    metrics = visit.workspace.metrics.catalogue()
    cards = [
        figures.card(visit, metrics.get(name), figure, (), behind({"metric": name}))
        for name, figure in found.sizes.items()
    ]
    return Cards(visit.text(_("Size and worth")), (*cards, _entry_cost(visit, found, behind)), "health")


def _entry_cost(visit: Visit, found: Private, behind: Behind) -> Card:
    """What one entrant cost, or why that is not known."""
    cost, label = found.entry_cost, visit.text(_("Cost per entrant"))
    if cost.value is None:
        return Card(
            "entry_cost", label, visit.show(None, "money"), missing=visit.text(REASONS[cost.now.reason or "no_cost"])
        )
    spent = visit.text(_("advertising of private channels: {cost}"), cost=visit.show(found.loop.cost.value, "money"))
    change = formats.change(cost.change) if cost.change is not None else ""
    basis = figures.basis(visit) if change else ""
    return Card(
        "entry_cost", label, visit.show(cost.value, "money"), change, formats.tone(cost.change, "down"), basis,
        definition=spent, href=behind({}),
    )  # fmt: skip


def _trends(visit: Visit, answer: Answer, found: Private) -> list[Chart]:
    """A line for each size: units and heights differ too much to share an axis."""
    if answer.question.grain is None or len(found.line) < 2:
        return []
    metrics = visit.workspace.metrics.catalogue()
    drawn = []
    for name in TREND:
        metric = metrics.get(name)
        title = visit.text(_("{metric} over time"), metric=metric.label(visit.locale))
        drawn.append(replace(figures.trend(visit, found.line, metric, title), sheet="trend"))
    return drawn


def _health(visit: Visit, found: Private, behind: Behind) -> Cards:
    return Cards(visit.text(_("Health")), tuple(_healthy(visit, one, behind) for one in found.health), "health")


def _healthy(visit: Visit, one: Health, behind: Behind) -> Card:
    metric = visit.workspace.metrics.catalogue().get(one.metric)
    card = figures.card(visit, metric, one.figure, (), behind({"metric": one.metric}))
    if one.band is None or card.missing:
        return card
    bound = visit.show(one.band.at_least, metric.spec.unit)
    basis = visit.text(_("healthy from {value}"), value=bound)
    tone = {"bad": "bad", "good": "good"}.get(_TONE[one.standing], "flat")
    return Card(
        card.key,
        card.label,
        card.value,
        visit.text(_STANDING[one.standing]),
        tone,
        basis,
        "",
        card.definition,
        card.href,
    )


def _health_sheet(visit: Visit, found: Private, behind: Behind, title: str) -> Sheet:
    columns = (
        Column("metric", visit.text(_("Metric"))), Column("now", visit.text(_("Now"))),
        Column("before", visit.text(_("Before"))), Column("at_least", visit.text(_("Healthy from"))),
        Column("standing", visit.text(_("Standing")), "tag"),
    )  # fmt: skip
    rows, links = [], []
    for one in found.health:
        metric = visit.workspace.metrics.catalogue().get(one.metric)
        values = one.figure.value, one.figure.before and one.figure.before.value, one.band and one.band.at_least
        standing = Tag(visit.text(_STANDING[one.standing]), _TONE[one.standing])
        rows.append((metric.label(visit.locale), *(visit.show(value, metric.spec.unit) for value in values), standing))
        links.append(behind({"metric": one.metric}))
    return Sheet("health", columns, rows, links, caption=title)


def _loop(visit: Visit, found: Private) -> Chart:
    one = found.loop
    values = [one.due, one.active, one.bought, one.again]
    labels = [
        visit.text(_("Entered, days over")),
        *(visit.text(_STEPS[name]) for name in ("active", "bought", "again")),
    ]
    line = Line(visit.text(_("People")), values)
    title = visit.text(_("From entry to purchase"))
    note = visit.text(_("Of {n} who entered, those whose days are over; each step stands for itself."), n=one.entered)
    return Chart(title, labels, (line,), "count", type="bar", lying=True, note=note, sheet="loop")
