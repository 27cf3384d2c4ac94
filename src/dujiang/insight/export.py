"""An answer as a plain table, for CSV and XLSX: exactly what was answered, in the units that people calculate in."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Literal

from dujiang.insight.answer import Compared, MetricAnswer
from dujiang.insight.catalogue import Metric
from dujiang.insight.model import Unit

Cell = str | int | float | date | None


@dataclass(frozen=True)
class ExportTable:
    """Column names (each once) and rows of equal length; None for an undefined number."""

    header: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]


def exported(answer: MetricAnswer, part: Literal["totals", "line", "rows"]) -> ExportTable:
    """One part of an answer.

    Money is in major units, a percent a fraction, a duration in seconds. Where there is a comparison, ``<metric>.before`` and
    ``<metric>.change`` follow each metric.
    """
    if part == "totals":
        names, keyed = answer.query.metrics, [((), answer.totals)]
        keys: tuple[str, ...] = ()
    elif part == "line":
        names, keyed = answer.query.in_line, [((one.start,), one.figures) for one in answer.line]
        keys = ("from",)
    else:
        names, keyed = answer.query.in_rows, [(one.keys, one.figures) for one in answer.rows]
        keys = answer.query.by
    metrics = [metric for metric in answer.metrics if metric.name in names]
    compares = answer.comparison is not None
    header = (*keys, *(column for metric in metrics for column in _columns(metric, compares)))
    return ExportTable(header, tuple((*key, *_cells(metrics, figures, compares)) for key, figures in keyed))


def _columns(metric: Metric, compares: bool) -> tuple[str, ...]:
    return (metric.name, f"{metric.name}.before", f"{metric.name}.change") if compares else (metric.name,)


def _cells(metrics: list[Metric], figures: Mapping[str, Compared], compares: bool) -> Iterator[Cell]:
    for metric in metrics:
        figure, unit = figures[metric.name], metric.spec.unit
        yield plain(figure.value, unit)
        if compares:
            yield plain(figure.before.value if figure.before else None, unit)
            yield figure.change


def plain(value: int | float | None, unit: Unit) -> int | float | None:
    """A value in the unit that people calculate in.

    >>> plain(12345, "money"), plain(1500, "duration"), plain(7, "count"), plain(None, "money")
    (123.45, 1.5, 7, None)
    """
    if value is None:
        return None
    return {"money": value / 100, "duration": value / 1000}.get(unit, value)
