"""The measures of one query, laid out as its answer."""

from __future__ import annotations

from datetime import date

from dujiang.foundation.timewindows import Period
from dujiang.insight.answer import Compared, Freshness, MetricAnswer, MetricQuery, Point, Row, compared
from dujiang.insight.catalogue import Catalogue
from dujiang.insight.evaluate import Evaluator, Place, channels_of
from dujiang.insight.measure import Cell, Measures, clip
from dujiang.insight.plan import Level, narrowed


class Assembly:
    """Lays the measures of one query out as its answer."""

    def __init__(self, metrics: Catalogue, query: MetricQuery, measures: Measures, today: date) -> None:
        self._query, self._measures, self._metrics = query, measures, metrics
        self._evaluator = Evaluator(metrics, measures, today, narrowed(query.where))
        self._periods = (query.period, query.comparison)

    def answer(self, fresh: Freshness) -> MetricAnswer:
        """The answer."""
        rows = ranked(self.rows(), self._query) if self._query.by else []
        return MetricAnswer(
            query=self._query,
            comparison=self._query.comparison,
            metrics=tuple(self._metrics.get(name) for name in self._query.metrics),
            totals=self._figures(self._query.metrics, "total", (), ()),
            line=tuple(self._line()),
            rows=tuple(rows[: self._query.rows_max]),
            rows_left_out=max(0, len(rows) - self._query.rows_max),
            complete_until=self._complete_until(),
            freshness=fresh,
        )

    def _figures(
        self, names: tuple[str, ...], level: Level, now: tuple[object, ...], before: tuple[object, ...] | None
    ) -> dict[str, Compared]:
        places = [self._place(level, 0, now)]
        if self._periods[1] is not None and before is not None:
            places.append(self._place(level, 1, before))
        found = {}
        for name in names:
            figures = [self._evaluator.figure(name, place) for place in places]
            found[name] = compared(figures[0], figures[1] if len(figures) == 2 else None)
        return found

    def _place(self, level: Level, of: int, key: tuple[object, ...]) -> Place:
        days = self._periods[of]
        assert days is not None
        if level == "line":
            assert self._query.grain is not None and isinstance(key[0], date)
            days = clip(key[0], self._query.grain, days)
        by = self._query.by if level == "rows" else ()
        if "day" in by:
            day = date.fromisoformat(str(key[by.index("day")]))
            days = Period(day, day)
        return Place(Cell(level, of, key), days.first, days.last, channels_of(by, key, self._query.where))

    def _line(self) -> list[Point]:
        grain, (period, comparison) = self._query.grain, self._periods
        if grain is None:
            return []
        earlier = comparison.buckets(grain) if comparison else []
        points = []
        for position, start in enumerate(period.buckets(grain)):
            before = (earlier[position],) if position < len(earlier) else None
            figures = self._figures(self._query.in_line, "line", (start,), before)
            points.append(Point(start, clip(start, grain, period), figures))
        return points

    def rows(self) -> list[Row]:
        """One row for each combination of dimension values that something was measured for, in no order."""
        names = self._query.in_rows
        keys = {cell.key for measured in self._measures.raw.values() for cell in measured if cell.level == "rows"}
        return [Row(key, self._figures(names, "rows", key, key)) for key in keys]

    def _complete_until(self) -> date | None:
        untils = [until for until in self._measures.untils.values() if until is not None]
        until = min(untils, default=None)
        return until if until is not None and until < self._query.period.last else None


def ranked(rows: list[Row], query: MetricQuery) -> list[Row]:
    """The rows as the query wants them sorted."""
    order = query.order_by or query.in_rows[0]
    return sorted(rows, key=lambda row: _rank(row, order))


def _rank(row: Row, order: str) -> tuple[bool, float, tuple[str, ...]]:
    value = row.figures[order].value
    return value is None, -(value or 0), tuple("" if key is None else key for key in row.keys)
