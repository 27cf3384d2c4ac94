"""The metric layer: every number of every page, rule and report is asked here."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from datetime import date, timedelta
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

import duckdb
import ibis

from dujiang.engine.question import Answers, Rows, ask, bounded
from dujiang.foundation.clock import Clock
from dujiang.foundation.definitions import Definition
from dujiang.foundation.errors import InvalidInput
from dujiang.foundation.i18n import _
from dujiang.foundation.timewindows import Comparison, Period, day_of
from dujiang.insight import compile as queries
from dujiang.insight.answer import Compared, Freshness, MetricAnswer, MetricQuery, Point, Row, compared
from dujiang.insight.catalogue import Catalogue, catalogue
from dujiang.insight.currents import channel_names, currents, unknown_orders, ways
from dujiang.insight.dashboard import DashboardQuery, GrowthDashboard, channel_query, dashboard, headline_query
from dujiang.insight.evaluate import Evaluator, Place, channels_of
from dujiang.insight.freshness import freshness
from dujiang.insight.measure import Cell, Measures, Measuring, clip, simple_parts, source_key, spans
from dujiang.insight.model import Condition, LifecycleSpec, RiverSpec
from dujiang.insight.plan import Ask, Level, Need, needs, scan_of
from dujiang.insight.river import River, drawn, picked
from dujiang.insight.selection import check_dimensions

T = TypeVar("T")
Rules = TypeVar("Rules", LifecycleSpec, RiverSpec)
Definitions = Callable[[], Mapping[tuple[str, str], Definition]]
Revision = Callable[[duckdb.DuckDBPyConnection], Hashable]


class MetricService:
    """Answers questions about metrics.

    Args:
        answers: the engine.
        definitions: the brand's definitions in force, asked for at every question.
        zone: the brand's time zone.
        clock: tells which days have passed.
        revision: something that changes whenever the engine's tables do; None: nothing is remembered between questions.
    """

    def __init__(
        self, answers: Answers, definitions: Definitions, zone: ZoneInfo, clock: Clock, revision: Revision | None = None
    ) -> None:
        self._answers, self._definitions, self._zone, self._clock = answers, definitions, zone, clock
        self._revision = revision
        self._remembered: tuple[Hashable, dict[object, Any]] = (None, {})

    def catalogue(self) -> Catalogue:
        """Every metric in force."""
        return catalogue(self._definitions())

    def today(self) -> date:
        """The day it is, in the brand's time zone."""
        return day_of(self._clock.now(), self._zone)

    def query(self, query: MetricQuery) -> MetricAnswer:
        """The numbers asked for, with comparison, line and rows.

        Raises:
            NotFound: ``metric.unknown``.
            InvalidInput: ``metric.none``, ``metric.order``, ``metric.no_dimension`` or ``metric.condition``.
        """
        metrics = self.catalogue()
        _check(metrics, query)
        wanted = needs(metrics, query.metrics)
        with bounded(self._answers) as con:
            measures = self._measured(con, metrics, query, wanted)
            fresh = self._remember(con, "freshness", lambda: freshness(con))
        return _Assembly(metrics, query, measures, self.today()).answer(fresh)

    def people(self, metric: str, period: Period, where: tuple[Condition, ...] = ()) -> Rows:
        """The people behind a number, as a question with the one column ``person``, each person once.

        It can be asked with :func:`dujiang.engine.question.ask` or handed to
        :meth:`dujiang.people.service.PeopleService.list`, which filters, sorts and pages.

        Args:
            metric: name of the metric; for a ratio the people of its numerator.
            period: the days of the number.
            where: the conditions of the number, and one for each dimension value of its row.

        Raises:
            InvalidInput: ``metric.no_people`` or ``metric.no_dimension``.
        """
        metrics = self.catalogue()
        of, without = metrics.people_of(metric)
        check_dimensions(metric, metrics.dimensions(of), (one.column for one in where))
        with bounded(self._answers) as con:
            found = self._behind(con, metrics, of, period, where)
            if without:
                found = found.anti_join(self._behind(con, metrics, without, period, where), ["person"])
        return found

    def persons(self, metric: str, period: Period, where: tuple[Condition, ...] = (), limit: int = 1000) -> list[int]:
        """The first ``limit`` people behind a number, by person number; see :meth:`people`."""
        question = self.people(metric, period, where).order_by("person").limit(limit)
        with bounded(self._answers) as con:
            return ask(con, question)["person"].to_pylist()

    def count_people(self, metric: str, period: Period, where: tuple[Condition, ...] = ()) -> int:
        """How many people stand behind a number."""
        question = self.people(metric, period, where).aggregate(people=ibis._.count())
        with bounded(self._answers) as con:
            return ask(con, question)["people"][0].as_py()

    def dashboard(self, query: DashboardQuery) -> GrowthDashboard:
        """The growth dashboard."""
        headline, channels = self.query(headline_query(query)), self.query(channel_query(query))
        return dashboard(query, headline, channels, self._definitions().values())

    def river(self, period: Period, compare: Comparison | Period = "none", channels: tuple[str, ...] = ()) -> River:
        """The river of a period; see :mod:`dujiang.insight.river`.

        Args:
            period: the days.
            compare: what branches are held against to mark those that weaken.
            channels: only what happened in these; empty for all.
        """
        comparison = compare if isinstance(compare, Period) else period.compared(compare)
        with bounded(self._answers) as con:
            now = currents(con, self._ways(con, period, channels))
            before = currents(con, self._ways(con, comparison, channels)) if comparison else None
            lost = ask(con, unknown_orders(period, channels)).to_pylist()[0]
        unknown = lost["orders"], lost["value_minor"]
        return drawn(period, now, unknown, self._rules("river", RiverSpec()), comparison, before)

    def river_people(self, period: Period, stops: tuple[str, ...], channels: tuple[str, ...] = ()) -> Rows:
        """The people at stops of the river, as a question with the one column ``person``; two stops of a band: both.

        Args:
            stops: keys of stops; several of one reach mean any of them.
        """
        with bounded(self._answers) as con:
            rows = self._ways(con, period, channels)
        for reach, names in picked(stops).items():
            rows = rows.filter(rows[reach].isin(sorted(names)))
        return rows.select("person")

    def _ways(self, con: duckdb.DuckDBPyConnection, period: Period, channels: tuple[str, ...]) -> Rows:
        return ways(period, channels, channel_names(con, period), self._rules("lifecycle", LifecycleSpec()))

    def _rules(self, kind: str, default: Rules) -> Rules:
        """The brand's own rules of a kind (definition ``default``), else those that come with Dujiang."""
        own = self._definitions().get((kind, "default"))
        spec = own.typed() if own is not None and own.status == "active" else default
        assert isinstance(spec, type(default))
        return spec

    def _behind(
        self,
        con: duckdb.DuckDBPyConnection,
        metrics: Catalogue,
        name: str,
        period: Period,
        where: tuple[Condition, ...],
    ) -> Rows:
        metric = metrics.get(name)
        spec = metric.spec
        asked = Ask(((0, period),), None, (), where, self._zone.key)
        if spec.type != "conversion":
            rows_of = metrics.get(spec.of) if spec.type == "cumulative" else metric
            return queries.behind(scan_of((metric,), rows_of, asked, False))
        measures = Measures()
        self._learn(con, metrics, [Need(metric)], measures)
        scan = scan_of((metric,), metrics.get(spec.start), asked, False)
        goal = queries.goal_scan(scan, metrics.get(spec.goal))
        return queries.behind(scan, goal, measures.untils[name] or date.min)

    def _measured(
        self, con: duckdb.DuckDBPyConnection, metrics: Catalogue, query: MetricQuery, wanted: list[Need]
    ) -> Measures:
        measures = Measures()
        self._learn(con, metrics, wanted, measures)
        comparison = query.comparison
        periods = ((0, query.period), *(((1, comparison),) if comparison else ()))
        total = Ask(periods, None, (), query.where, self._zone.key)
        levels: list[tuple[Level, Ask]] = [("total", total)]
        if query.grain:
            levels.append(("line", Ask(periods, query.grain, (), query.where, self._zone.key)))
        if query.by:
            levels.append(("rows", Ask(periods, None, query.by, query.where, self._zone.key)))
        for level, asked in levels:
            Measuring(con, metrics, measures, level, asked).run(wanted)
        return measures

    def _learn(
        self, con: duckdb.DuckDBPyConnection, metrics: Catalogue, wanted: list[Need], measures: Measures
    ) -> None:
        """Which days there are rows for, and until when conversions can be judged."""
        for metric in simple_parts(metrics, wanted):
            key = source_key(metric)
            if key not in measures.spans:
                measures.spans[key] = self._remember(con, key, lambda metric=metric: spans(con, metric, self._zone.key))
        for need in wanted:
            spec = need.metric.spec
            if spec.type == "conversion":
                seen = measures.spans[source_key(metrics.get(spec.goal))].values()
                last = min(max((span.last for span in seen), default=date.min), self.today() - timedelta(1))
                over = last > date.min + timedelta(spec.within_days)
                measures.untils[need.metric.name] = last - timedelta(spec.within_days) if over else None

    def _remember(self, con: duckdb.DuckDBPyConnection, key: object, work: Callable[[], T]) -> T:
        if self._revision is None:
            return work()
        revision = self._revision(con)
        if self._remembered[0] != revision:
            self._remembered = (revision, {})
        known = self._remembered[1]
        if key not in known:
            known[key] = work()
        return known[key]


class _Assembly:
    """Lays the measures of one query out as its answer."""

    def __init__(self, metrics: Catalogue, query: MetricQuery, measures: Measures, today: date) -> None:
        self._query, self._measures, self._metrics = query, measures, metrics
        self._evaluator = Evaluator(metrics, measures, today)
        self._periods = (query.period, query.comparison)

    def answer(self, fresh: Freshness) -> MetricAnswer:
        rows = self._rows() if self._query.by else []
        return MetricAnswer(
            query=self._query,
            comparison=self._query.comparison,
            metrics=tuple(self._metrics.get(name) for name in self._query.metrics),
            totals=self._figures("total", (), ()),
            line=tuple(self._line()),
            rows=tuple(rows[: self._query.rows_max]),
            rows_left_out=max(0, len(rows) - self._query.rows_max),
            complete_until=self._complete_until(),
            freshness=fresh,
        )

    def _figures(self, level: Level, now: tuple[object, ...], before: tuple[object, ...] | None) -> dict[str, Compared]:
        places = [self._place(level, 0, now)]
        if self._periods[1] is not None and before is not None:
            places.append(self._place(level, 1, before))
        found = {}
        for name in self._query.metrics:
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
        return Place(Cell(level, of, key), days.first, days.last, channels_of(by, key, self._query.where))

    def _line(self) -> list[Point]:
        grain, (period, comparison) = self._query.grain, self._periods
        if grain is None:
            return []
        earlier = comparison.buckets(grain) if comparison else []
        points = []
        for position, start in enumerate(period.buckets(grain)):
            before = (earlier[position],) if position < len(earlier) else None
            points.append(Point(start, clip(start, grain, period), self._figures("line", (start,), before)))
        return points

    def _rows(self) -> list[Row]:
        # What is measured everywhere is there to divide by, and makes no rows outside the query's conditions.
        inside = (measured for need, measured in self._measures.raw.items() if not need.everywhere)
        keys = {cell.key for measured in inside for cell in measured if cell.level == "rows"}
        rows = [Row(key, self._figures("rows", key, key)) for key in keys]
        order = self._query.order_by or self._query.metrics[0]
        return sorted(rows, key=lambda row: _rank(row, order))

    def _complete_until(self) -> date | None:
        untils = [until for until in self._measures.untils.values() if until is not None]
        until = min(untils, default=None)
        return until if until is not None and until < self._query.period.last else None


def _rank(row: Row, order: str) -> tuple[bool, float, tuple[str, ...]]:
    value = row.figures[order].value
    return value is None, -(value or 0), tuple("" if key is None else key for key in row.keys)


def _check(metrics: Catalogue, query: MetricQuery) -> None:
    if not query.metrics:
        raise InvalidInput("metric.none", _("The question names no metric. Name at least one."))
    if query.order_by and query.order_by not in query.metrics:
        sentence = _("Rows can be sorted by a metric that is asked for; “{name}” is not.")
        raise InvalidInput("metric.order", sentence, name=query.order_by[:80])
    for name in query.metrics:
        asked = (*query.by, *(condition.column for condition in query.where))
        check_dimensions(name, metrics.dimensions(name), asked)
