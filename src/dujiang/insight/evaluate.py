"""Numbers from measures: ratios from their parts at each level, arithmetic, and the reason where there is no number."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from math import floor

from dujiang.foundation import expression
from dujiang.insight.answer import Figure, Reason
from dujiang.insight.catalogue import Catalogue, Metric
from dujiang.insight.dimensions import PLACE_IN_LIFE, SHAPES
from dujiang.insight.measure import Cell, Measures, Raw, source_key
from dujiang.insight.model import Condition, Unit
from dujiang.insight.plan import Need


@dataclass(frozen=True)
class Place:
    """A cell with what has to be known in order to judge what is missing in it.

    Attributes:
        cell: where.
        first: first day of the cell.
        last: last day of the cell.
        channels: the channels it is about; None for all.
    """

    cell: Cell
    first: date
    last: date
    channels: tuple[str | None, ...] | None


def channels_of(
    by: tuple[str, ...], key: tuple[object, ...], where: tuple[Condition, ...]
) -> tuple[str | None, ...] | None:
    """The channels that a row with ``key``, or a query with ``where``, is about; None for all.

    >>> channels_of((), (), (Condition(column="channel", op="is", value="tmall"),))
    ('tmall',)
    """
    if "channel" in by:
        return (str(value) if (value := key[by.index("channel")]) is not None else None,)
    for one in where:
        if one.column == "channel" and one.op in ("is", "among"):
            return tuple(map(str, one.value)) if isinstance(one.value, tuple) else (str(one.value),)
    return None


class Evaluator:
    """Computes figures of one answer."""

    def __init__(self, catalogue: Catalogue, measures: Measures, today: date, narrowed: bool) -> None:
        self._catalogue, self._measures, self._today, self._narrowed = catalogue, measures, today, narrowed

    def figure(self, name: str, place: Place) -> Figure:
        """The metric ``name`` at ``place``, as shown: whole minor units, whole counts."""
        metric = self._catalogue.get(name)
        raw = self._value(metric, place, False)
        return Figure(shown(raw.value, metric.spec.unit), raw.reason, raw.rows)

    def _value(self, metric: Metric, place: Place, everywhere: bool) -> Figure:
        if metric.spec.type == "ratio":
            return self._ratio(metric, place, everywhere)
        if metric.spec.type == "derived":
            return self._derived(metric, place, everywhere)
        need = Need(metric, everywhere and self._narrowed)
        raw = self._measures.raw.get(need, {}).get(place.cell)
        if metric.spec.type == "conversion":
            return self._converted(metric, raw, place)
        return self._plain(metric, raw, place, everywhere)

    def _plain(self, metric: Metric, raw: Raw | None, place: Place, everywhere: bool) -> Figure:
        simple = self._catalogue.get(metric.spec.of) if metric.spec.type == "cumulative" else metric
        rows = (raw.rows or 0) if raw else 0
        if raw is not None and rows and (raw.value or not _counts_people(simple)):
            return Figure(raw.value, "no_values" if raw.value is None else None, rows)
        reason = self._absent(simple, place, everywhere)
        if reason is None and simple.spec.aggregate in ("sum", "count", "count_distinct"):
            return Figure(0, None, rows)
        return Figure(None, reason or "no_rows", rows)

    def _converted(self, metric: Metric, raw: Raw | None, place: Place) -> Figure:
        if raw is not None and raw.rows and raw.value is not None:
            return Figure(raw.value / raw.rows, None, raw.rows)
        reason = self._absent(self._catalogue.get(metric.spec.start), place, False)
        until = self._measures.untils.get(metric.name)
        if reason is None and (until is None or until < place.first):
            reason = "window_open"
        return Figure(None, reason or "zero_denominator")

    def _ratio(self, metric: Metric, place: Place, everywhere: bool) -> Figure:
        spec = metric.spec
        above = self._value(self._catalogue.get(spec.numerator), place, everywhere)
        whole = self._whole(place) if spec.of_total else place
        below = self._value(self._catalogue.get(spec.denominator), whole, everywhere or spec.of_total)
        reason = above.reason or below.reason
        if above.value is None or below.value is None:
            return Figure(None, reason, above.rows)
        if below.value == 0:
            return Figure(None, "zero_denominator", above.rows)
        return Figure(above.value / below.value, None, above.rows)

    def _derived(self, metric: Metric, place: Place, everywhere: bool) -> Figure:
        parts = {name: self._value(self._catalogue.get(name), place, everywhere) for name in metric.spec.parts()}
        rows = sum(part.rows for part in parts.values())
        for part in parts.values():
            if part.value is None:
                return Figure(None, part.reason, rows)
        values = {name: part.value for name, part in parts.items() if part.value is not None}
        try:
            return Figure(expression.parse(metric.spec.expression).value(values), None, rows)
        except ZeroDivisionError:
            return Figure(None, "zero_denominator", rows)

    @staticmethod
    def _whole(place: Place) -> Place:
        """The same time over all rows: what a share is a share of."""
        cell = Cell("total", place.cell.of) if place.cell.level == "rows" else place.cell
        return Place(cell, place.first, place.last, None)

    def _absent(self, metric: Metric, place: Place, everywhere: bool) -> Reason | None:
        """Why there can be no rows; None where there could be, and nothing happened."""
        if place.first > self._today:
            return "not_yet"
        spans = self._measures.spans.get(source_key(metric), {})
        wanted = None if everywhere else place.channels
        reached = [span for channel, span in spans.items() if wanted is None or channel in wanted]
        if not any(span.first <= place.last for span in reached):
            return "not_collected"
        if _counts_people(metric) and not any(span.named and span.named <= place.last for span in reached):
            return "nobody_named"
        return None


def _counts_people(metric: Metric) -> bool:
    """Whether the number stands for people, so that rows which name nobody say nothing of it."""
    spec = metric.spec
    is_distinct = spec.aggregate == "count_distinct" and spec.column == SHAPES[spec.table].person
    return is_distinct or any(condition.column == PLACE_IN_LIFE for condition in spec.where)


def shown(value: int | float | None, unit: Unit) -> int | float | None:
    """A value as it is shown: money rounded half up to whole minor units, whole numbers as such.

    >>> shown(12.5, "money"), shown(12.499999999, "money"), shown(3.0, "count"), shown(0.25, "percent")
    (13, 13, 3, 0.25)
    """
    if value is None:
        return None
    if unit == "money":
        # Shares of a sum are added up in any order: half a unit is half a unit, whatever the last bits say.
        return floor(round(value + 0.5, 6))
    return int(value) if unit == "count" and float(value).is_integer() else float(value) if unit != "count" else value
