"""Answers of the metric layer in plain form."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from pydantic import BaseModel

from dujiang.insight.answer import Compared, MetricAnswer


class Number(BaseModel):
    """A number; ``value`` is null where it is undefined, with the reason."""

    value: float | None
    reason: str | None
    before: float | None = None
    change: float | None = None

    @classmethod
    def of(cls, figure: Compared) -> Number:
        """The plain form of a number and its earlier self."""
        now, before = figure.now, figure.before
        return cls(value=now.value, reason=now.reason, before=before.value if before else None, change=figure.change)


class Step(BaseModel):
    """One step of a line."""

    start: date
    numbers: Mapping[str, Number]


class DimensionRow(BaseModel):
    """One combination of dimension values."""

    keys: list[str | None]
    numbers: Mapping[str, Number]


class Answer(BaseModel):
    """The answer to a question."""

    totals: Mapping[str, Number]
    line: list[Step]
    rows: list[DimensionRow]
    rows_left_out: int
    comparison_first: date | None
    comparison_last: date | None
    fresh_until: str | None
    today: date | None

    @classmethod
    def of(cls, answer: MetricAnswer) -> Answer:
        """The plain form of an answer."""
        received = answer.freshness.received_at
        return cls(
            totals=_numbers(answer.totals),
            line=[Step(start=point.start, numbers=_numbers(point.figures)) for point in answer.line],
            rows=[DimensionRow(keys=list(row.keys), numbers=_numbers(row.figures)) for row in answer.rows],
            rows_left_out=answer.rows_left_out,
            comparison_first=answer.comparison.first if answer.comparison else None,
            comparison_last=answer.comparison.last if answer.comparison else None,
            fresh_until=received.isoformat() if received else None,
            today=answer.freshness.today,
        )


def _numbers(figures: Mapping[str, Compared]) -> dict[str, Number]:
    return {name: Number.of(one) for name, one in figures.items()}
