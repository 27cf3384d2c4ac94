"""Metrics as questions: any numbers of the metric layer over time and by dimensions."""

from __future__ import annotations

from typing import Any, Final, Literal

import numpy as np
from pydantic import Field

from dujiang.engine.columns import Whole
from dujiang.engine.question import ask
from dujiang.foundation.bounds import BOUNDS
from dujiang.foundation.i18n import _
from dujiang.foundation.timewindows import Period
from dujiang.insight.answer import Compared, MetricAnswer, MetricQuery
from dujiang.insight.model import Condition
from dujiang.insight.questions.analysis import Analysis, Found
from dujiang.insight.questions.answer import Column, Table, Unit
from dujiang.insight.questions.model import Asked, Pick
from dujiang.insight.questions.scene import Scene

METRICS_MAX: Final = 20


class MetricQuestion(Asked):
    """Metrics of the metric layer; ``by`` and ``only`` name dimensions of theirs, ``people`` limits them to a segment.

    Attributes:
        metrics: names of metrics.
        only: conditions on dimensions.
        rows_max: rows at most, the largest first.
    """

    type: Literal["metric"] = "metric"
    metrics: tuple[str, ...] = Field(min_length=1, max_length=METRICS_MAX)
    only: tuple[Condition, ...] = Field(default=(), max_length=20)
    rows_max: int = Field(default=1000, ge=1, le=BOUNDS.answer_rows_max)

    def _check_where(self) -> None:
        if self.where:
            raise ValueError(_("metrics are limited by `only`, which names dimensions"))

    def _check_by(self) -> None:
        """Dimensions are known where metrics are."""


class MetricPick(Pick):
    """A metric's number: of the whole, or of the row with ``keys``."""

    metric: str


class MetricAnalysis(Analysis[MetricQuestion, MetricPick]):
    """Asks the metric layer."""

    title = _("Metrics")
    question = MetricQuestion
    pick = MetricPick
    compares = False

    def answer(self, scene: Scene, question: MetricQuestion) -> Found:
        """The metric layer's own answer, with its comparison in it."""
        comparison = question.compared(scene.period, scene.today)
        query = MetricQuery(
            metrics=question.metrics,
            period=scene.period,
            compare=comparison or "none",
            grain=question.grain,
            by=question.by,
            where=question.only,
            rows_max=question.rows_max,
        )
        answer = scene.metrics.query(query, scene.people)
        rows = sum(one.now.rows for one in answer.totals.values())
        notes = ("rows_left_out",) if answer.rows_left_out else ()
        return Found(answer, rows, None if scene.people is None else len(scene.people), notes)

    def tables(self, question: MetricQuestion, result: MetricAnswer, before: Any) -> tuple[Table, ...]:  # noqa: ARG002
        """Totals, rows by dimension, and the line."""
        tables = [_totals(result)]
        if question.by:
            tables.append(_rows(result))
        if question.grain:
            tables.append(_line(result))
        return tuple(tables)

    def people(self, scene: Scene, question: MetricQuestion, pick: MetricPick) -> Whole:
        """Those whom the metric layer names."""
        keys = (
            Condition(column=name, op="is", value=key) if key is not None else Condition(column=name, op="unknown")
            for name, key in zip(question.by, pick.keys, strict=False)
        )
        rows = scene.metrics.people(pick.metric, scene.period, (*question.only, *keys))
        found = np.sort(ask(scene.con, rows)["person"].to_numpy())
        return found if scene.people is None else np.intersect1d(found, scene.people, assume_unique=True)


_UNITS: Final[dict[str, Unit]] = {
    "money": "money", "count": "count", "percent": "percent", "ratio": "ratio", "duration": "duration",
}  # fmt: skip


def _totals(answer: MetricAnswer) -> Table:
    columns = (Column("metric", _("Metric")), Column("unit", _("Unit")), *_now_and_before(_("Now"), "number", answer))
    rows = [
        (one.label("en"), one.spec.unit, *_values(answer.totals[one.name], answer.comparison)) for one in answer.metrics
    ]
    return Table("totals", columns, rows, [{"metric": one.name} for one in answer.metrics])


def _rows(answer: MetricAnswer) -> Table:
    keys = tuple(Column(name, name, "channel" if name == "channel" else "text") for name in answer.query.by)
    numbers = tuple(Column(one.name, one.label("en"), _UNITS[one.spec.unit]) for one in answer.metrics)
    rows = [(*row.keys, *(row.figures[one.name].value for one in answer.metrics)) for row in answer.rows]
    first = answer.metrics[0].name
    return Table("rows", (*keys, *numbers), rows, [{"metric": first, "keys": [*row.keys]} for row in answer.rows])


def _line(answer: MetricAnswer) -> Table:
    numbers = tuple(Column(one.name, one.label("en"), _UNITS[one.spec.unit]) for one in answer.metrics)
    rows = [(point.start, *(point.figures[one.name].value for one in answer.metrics)) for point in answer.line]
    return Table("line", (Column("start", _("From"), "day"), *numbers), rows)


def _now_and_before(now: str, unit: Unit, answer: MetricAnswer) -> tuple[Column, ...]:
    earlier = (Column("before", _("Before"), unit), Column("change", _("Relative change"), "percent"))
    return (Column("now", now, unit), *(earlier if answer.comparison else ()))


def _values(figure: Compared, comparison: Period | None) -> tuple[float | None, ...]:
    if comparison is None:
        return (figure.value,)
    return figure.value, figure.before.value if figure.before else None, figure.change
