"""Metrics as the answer to a question."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from dujiang.console.components import Cards, Chart, Line
from dujiang.console.sheets import Column, Sheet
from dujiang.console.views import figures
from dujiang.console.views.asked.view import Behind, Picture, View
from dujiang.console.visit import Visit
from dujiang.foundation.errors import DujiangError
from dujiang.foundation.i18n import _
from dujiang.insight.answer import MetricAnswer
from dujiang.insight.catalogue import Metric
from dujiang.insight.questions.answer import Answer, Table

_BARS_MAX = 12
_LINES_MAX = 8


class MetricView(View):
    """Lines over time for metrics of one unit each, bars by the first dimension."""

    icon = "gauge"
    about: ClassVar[str] = _("Any metrics over time, divided by up to three dimensions, against an earlier period.")
    fields: ClassVar[Mapping[str, str]] = {
        "metrics": _("Metrics"),
        "only": _("Only where"),
        "rows_max": _("Rows at most"),
    }
    hidden = frozenset({"where", "time_zone"})
    rare = frozenset({"rows_max"})
    editors: ClassVar[Mapping[str, str]] = {"metrics": "metrics", "only": "dimensions"}

    def start(self, visit: Visit) -> dict[str, Any]:  # noqa: ARG002
        """Sales and buyers by channel."""
        return {"metrics": ["gmv", "buyers"], "by": ["channel"], "grain": "day", "compare": "previous"}

    def pictures(self, visit: Visit, answer: Answer, behind: Behind) -> Sequence[Picture]:
        """The numbers large, then a chart over time and ordered bars for each metric: units do not share an axis."""
        found: MetricAnswer = answer.result
        grain = found.query.grain
        drawn: list[Picture] = [_cards(visit, found, behind)]
        for metric in found.metrics[:_LINES_MAX]:
            name = metric.label(visit.locale)
            if grain and len(found.line) > 1:
                drawn.append(figures.trend(visit, found.line, metric, visit.text(_("{metric} over time"), metric=name)))
            if found.query.by and found.rows:
                drawn.append(_bars(visit, found, metric))
        return drawn

    def sheets(self, visit: Visit, answer: Answer, behind: Behind) -> Sequence[Sheet]:
        """Totals, rows and line in the words of the metrics."""
        found: MetricAnswer = answer.result
        return [
            self._named(visit, found, self.sheet(visit, answer, table, _only_people(visit, behind)), table)
            for table in answer.tables
        ]

    def told(self, visit: Visit, pick: Mapping[str, Any]) -> str:
        """The metric by its title."""
        metric = visit.workspace.metrics.catalogue().get(str(pick.get("metric", "")))
        return " · ".join([metric.label(visit.locale), *self.keys_told(visit, pick)])

    def _named(self, visit: Visit, found: MetricAnswer, sheet: Sheet, table: Table) -> Sheet:
        metrics = {one.name: one for one in found.metrics}
        if table.name == "totals":
            return _totals(visit, found, sheet)
        columns = tuple(
            Column(one.name, metrics[one.name].label(visit.locale), one.kind) if one.name in metrics else one
            for one in sheet.columns
        )
        return Sheet(sheet.name, columns, sheet.rows, sheet.links, caption=sheet.caption)


def _only_people(visit: Visit, behind: Behind) -> Behind:
    """The same, but empty for metrics that are not counted person by person."""
    metrics = visit.workspace.metrics.catalogue()

    def of(pick: Mapping[str, Any] | None) -> str:
        try:
            metrics.people_of(pick["metric"] if pick else "")
        except DujiangError:
            return ""
        return behind(pick)

    return of


def _cards(visit: Visit, found: MetricAnswer, behind: Behind) -> Cards:
    people = _only_people(visit, behind)
    cards = (
        figures.card(visit, one, found.totals[one.name], found.line, people({"metric": one.name}))
        for one in found.metrics
    )
    return Cards(visit.text(_("In all")), tuple(cards), "totals")


def _totals(visit: Visit, found: MetricAnswer, sheet: Sheet) -> Sheet:
    """Each metric in its own unit, written out."""
    columns = [Column("metric", visit.text(_("Metric"))), Column("now", visit.text(_("Now")))]
    if found.comparison:
        columns += [
            Column("before", visit.text(_("Before"))),
            Column("change", visit.text(_("Relative change")), "change"),
        ]
    rows = []
    for one in found.metrics:
        figure = found.totals[one.name]
        row: list[Any] = [one.label(visit.locale), figures.shown(visit, one, figure.value)]
        if found.comparison:
            row += [figures.shown(visit, one, figure.before.value if figure.before else None), figure.change]
        rows.append(tuple(row))
    return Sheet(sheet.name, tuple(columns), rows, sheet.links, caption=sheet.caption)


def _bars(visit: Visit, found: MetricAnswer, metric: Metric) -> Chart:
    by = found.query.by
    rows = sorted(found.rows, key=lambda row: -(row.figures[metric.name].value or 0))[:_BARS_MAX]
    labels = [" · ".join(figures.value_label(visit, *pair) for pair in zip(by, row.keys, strict=True)) for row in rows]
    dimension = " · ".join(figures.dimension_label(visit, one) for one in by)
    title = visit.text(_("{metric} by {dimension}"), metric=metric.label(visit.locale), dimension=dimension)
    line = Line(metric.label(visit.locale), [row.figures[metric.name].value for row in rows])
    return Chart(title, labels, (line,), metric.spec.unit, visit.currency, type="bar", lying=True, sheet="rows")
