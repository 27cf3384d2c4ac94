"""The metric layer: every number of every page, rule and report is asked here."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date, timedelta
from zoneinfo import ZoneInfo

import duckdb
import ibis

from dujiang.engine.question import Answers, Persons, Rows, ask, bounded, given
from dujiang.foundation.clock import Clock
from dujiang.foundation.definitions import Definition
from dujiang.foundation.errors import InvalidInput
from dujiang.foundation.i18n import _
from dujiang.foundation.timewindows import Comparison, Period, day_of
from dujiang.insight import compile as queries
from dujiang.insight.answer import Freshness, MetricAnswer, MetricQuery, Row
from dujiang.insight.assembly import Assembly, ranked
from dujiang.insight.catalogue import Catalogue, catalogue, channel_groups
from dujiang.insight.currents import channel_names, currents, unknown_orders, ways
from dujiang.insight.daily import DailyRows, asked_of, is_by_day, missing
from dujiang.insight.dashboard import DashboardQuery, GrowthDashboard, dashboard, question
from dujiang.insight.dimensions import SHAPES
from dujiang.insight.freshness import freshness
from dujiang.insight.horizon import sources, spans, untils
from dujiang.insight.measure import Measures, Measuring, Spans
from dujiang.insight.memory import Memory
from dujiang.insight.model import BandSpec, Condition, GoalSpec, RiverSpec
from dujiang.insight.plan import Ask, Level, Need, needs, scan_of
from dujiang.insight.reading import Reading, Wanted
from dujiang.insight.river import River, drawn, picked
from dujiang.insight.selection import check_dimensions
from dujiang.insight.standing import BandStanding, GoalStanding, Held, goal_standing

Definitions = Callable[[], Mapping[tuple[str, str], Definition]]
Revision = Callable[[duckdb.DuckDBPyConnection], Hashable]


class MetricService:
    """Answers questions about metrics.

    Args:
        answers: the engine.
        definitions: the brand's definitions in force, asked for at every question.
        zone: the brand's time zone.
        clock: tells which days have passed.
        revision: something that changes whenever the engine's tables do, such as :func:`dujiang.engine.question.mark`;
            None: nothing is remembered between questions.
    """

    def __init__(
        self, answers: Answers, definitions: Definitions, zone: ZoneInfo, clock: Clock, revision: Revision | None = None
    ) -> None:
        self._answers, self._definitions, self._zone, self._clock = answers, definitions, zone, clock
        self._revision = revision
        self._memory, self._daily = Memory(), DailyRows()
        self._generation, self._own, self._catalogue = 0, None, None

    def catalogue(self) -> Catalogue:
        """Every metric in force."""
        own = self._definitions()
        if self._catalogue is None or (own is not self._own and own != self._own):
            self._catalogue, self._own = catalogue(own), own
            self._generation += 1
        return self._catalogue

    def today(self) -> date:
        """The day it is, in the brand's time zone."""
        return day_of(self._clock.now(), self._zone)

    def query(self, query: MetricQuery, people: Persons | None = None) -> MetricAnswer:
        """The numbers asked for, with comparison, line and rows.

        Args:
            people: only what these sorted persons did; None for everybody.

        Raises:
            NotFound: ``metric.unknown``.
            InvalidInput: ``metric.none``, ``metric.order``, ``metric.no_dimension``, ``metric.condition``, or
                ``metric.not_of_people`` where people are given and a metric is not about people.
        """
        metrics = self.catalogue()
        _check(metrics, query)
        if people is not None:
            _check_of_people(metrics, query.metrics)
        with bounded(self._answers) as con:
            if people is not None:
                given(con, people)
                return self._answer(con, metrics, query, limited=True)
            return self._remembered(con, metrics, query)

    def bands(self, metric: str) -> dict[str, BandSpec]:
        """Where the metric is healthy: bands by name."""
        found = (
            (name, one.typed()) for (kind, name), one in self._definitions().items() if _in_force(one, kind, "band")
        )
        return {name: spec for name, spec in found if isinstance(spec, BandSpec) and spec.metric == metric}

    def goals(self, metric: str) -> dict[str, GoalSpec]:
        """What the metric is to come to: goals by name."""
        found = (
            (name, one.typed()) for (kind, name), one in self._definitions().items() if _in_force(one, kind, "goal")
        )
        return {name: spec for name, spec in found if isinstance(spec, GoalSpec) and spec.metric == metric}

    def standings(self, metric: str, period: Period) -> list[BandStanding]:
        """The metric's bands, each with the total of the period, or every value of its dimension, held against it.

        Raises:
            NotFound: ``metric.unknown``.
        """
        self.catalogue().get(metric)
        return [self._held(name, band, period) for name, band in self.bands(metric).items()]

    def progress(self, metric: str) -> list[GoalStanding]:
        """The metric's goals, each with how far it has come by the end of yesterday.

        Raises:
            NotFound: ``metric.unknown``.
        """
        metrics, today = self.catalogue(), self.today()
        direction, adds_up = metrics.get(metric).spec.direction, "time" in metrics.additive_over(metric)
        return [
            goal_standing(name, goal, self._so_far(goal, today), today, direction, adds_up=adds_up)
            for name, goal in self.goals(metric).items()
        ]

    def _held(self, name: str, band: BandSpec, period: Period) -> BandStanding:
        by = (band.by,) if band.by else ()
        answer = self.query(MetricQuery((band.metric,), period, band.against, by=by, where=band.where))
        rows = [(one.keys[0], one.figures) for one in answer.rows] if by else [(None, answer.totals)]
        found = ((key, figures[band.metric].value, figures[band.metric].change) for key, figures in rows)
        return BandStanding(name, band, tuple(Held(*one, band.judge(*one[1:])) for one in found))

    def _so_far(self, goal: GoalSpec, today: date) -> float | None:
        if today <= goal.first:
            return None
        period = Period(goal.first, min(goal.last, today - timedelta(1)))
        return self.query(MetricQuery((goal.metric,), period, where=goal.where)).totals[goal.metric].value

    def channels_of(self, group: str) -> tuple[str, ...]:
        """The names of the brand's channels of a group, such as ``private``."""
        return channel_groups(self._definitions()).get(group, ())

    def prepare(self) -> None:
        """Find out how far the data reach, which the dashboard of any period asks first after a refresh."""
        metrics = self.catalogue()
        asked = question(DashboardQuery(Period(self.today(), self.today())))
        with bounded(self._answers) as con:
            self._horizon(con, metrics, needs(metrics, asked.metrics, ()))
            self._fresh(con)

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
        return dashboard(query, self.query(question(query)), self._definitions().values())

    def river(self, period: Period, compare: Comparison | Period = "none", channels: tuple[str, ...] = ()) -> River:
        """The river of a period; see :mod:`dujiang.insight.river`.

        Args:
            period: the days.
            compare: what branches are held against to mark those that weaken.
            channels: only what happened in these; empty for all.
        """
        comparison = compare if isinstance(compare, Period) else period.compared(compare)
        with bounded(self._answers) as con:
            key = ("river", period, comparison, channels)
            return self._memory.recall(self._state(con), key, lambda: self._drawn(con, period, comparison, channels))

    def river_people(self, period: Period, stops: tuple[str, ...], channels: tuple[str, ...] = ()) -> Rows:
        """The people at stops of the river, as a question with the one column ``person``; two stops of a band: both.

        Args:
            stops: keys of stops; several of one reach mean any of them.
        """
        with bounded(self._answers) as con:
            rows = ways(period, channels, channel_names(con, period))
        for reach, names in picked(stops).items():
            rows = rows.filter(rows[reach].isin(sorted(names)))
        return rows.select("person")

    def _drawn(
        self, con: duckdb.DuckDBPyConnection, period: Period, comparison: Period | None, channels: tuple[str, ...]
    ) -> River:
        now = currents(con, period, channels)
        before = currents(con, comparison, channels) if comparison else None
        unknown = unknown_orders(con, period, channels)
        return drawn(period, now, unknown, self._river_rules(), comparison, before)

    def _river_rules(self) -> RiverSpec:
        """The brand's own rules of the river (definition ``default``), else those that come with Dujiang."""
        own = self._definitions().get(("river", "default"))
        spec = own.typed() if own is not None and own.status == "active" else RiverSpec()
        assert isinstance(spec, RiverSpec)
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
        wanted = [Need(metric)]
        until = untils(metrics, wanted, self._horizon(con, metrics, wanted), self.today())[name]
        scan = scan_of((metric,), metrics.get(spec.start), asked, False)
        goal = queries.goal_scan(scan, metrics.get(spec.goal))
        return queries.behind(scan, goal, until or date.min)

    def _remembered(self, con: duckdb.DuckDBPyConnection, metrics: Catalogue, query: MetricQuery) -> MetricAnswer:
        state = self._state(con)
        by_day = state is not None and is_by_day(metrics, query)
        work = self._day_by_day if by_day else self._answer
        return self._memory.recall(state, query, lambda: work(con, metrics, query))

    def _day_by_day(self, con: duckdb.DuckDBPyConnection, metrics: Catalogue, query: MetricQuery) -> MetricAnswer:
        """The answer with the rows of those days asked that earlier answers do not know."""
        today = self.today()
        reach = self._horizon(con, metrics, needs(metrics, query.in_rows, query.where))
        firsts = {key: {channel: span.first for channel, span in spans.items()} for key, spans in reach.items()}
        known = self._daily.known(con, metrics, query, firsts, today)
        days = missing(query.period, known)
        if days:
            known |= {day: [] for day in days}
            for row in self._rows_of(con, metrics, query, days):
                known[date.fromisoformat(str(row.keys[query.by.index("day")]))].append(row)
            self._daily.keep(con, metrics, query, firsts, today, known)
        whole = self._remembered(con, metrics, replace(query, by=(), rows_of=(), order_by=""))
        inside = (row for day, rows in known.items() if query.period.first <= day <= query.period.last for row in rows)
        rows = ranked(list(inside), query)
        left_out = max(0, len(rows) - query.rows_max)
        return replace(whole, query=query, rows=tuple(rows[: query.rows_max]), rows_left_out=left_out)

    def _rows_of(
        self, con: duckdb.DuckDBPyConnection, metrics: Catalogue, query: MetricQuery, days: list[date]
    ) -> list[Row]:
        wanted = needs(metrics, query.in_rows, query.where)
        measures = Measures(spans=self._horizon(con, metrics, wanted))
        Measuring(con, metrics, measures, "rows", asked_of(con, query, days, self._zone.key)).run(wanted)
        return Assembly(metrics, query, measures, self.today()).rows()

    def _answer(
        self, con: duckdb.DuckDBPyConnection, metrics: Catalogue, query: MetricQuery, *, limited: bool = False
    ) -> MetricAnswer:
        wanted = needs(metrics, query.metrics, query.where)
        reach = self._horizon(con, metrics, wanted)
        measures = Measures(spans=reach, untils=untils(metrics, wanted, reach, self.today()))
        comparison = query.comparison
        periods = ((0, query.period), *(((1, comparison),) if comparison else ()))
        zone, where = self._zone.key, query.where
        levels: list[tuple[Level, Ask, tuple[str, ...]]] = [
            ("total", Ask(periods, None, (), where, zone, limited), query.metrics),
            ("line", Ask(periods, query.grain, (), where, zone, limited), query.in_line),
            ("rows", Ask(periods, None, query.by, where, zone, limited), query.in_rows),
        ]
        asked = [Wanted(level, ask_, self._chosen(metrics, names, where, level)) for level, ask_, names in levels]
        with ThreadPoolExecutor() as pool:
            read = Reading(con, asked, pool)
            for one in asked:
                rest = [need for need in one.needs if need not in read.answered]
                Measuring(con, metrics, measures, one.level, one.ask).run(rest)
            read.note(measures)
        fresh = self._fresh(con)
        return Assembly(metrics, query, measures, self.today()).answer(fresh)

    @staticmethod
    def _chosen(metrics: Catalogue, names: tuple[str, ...], where: tuple[Condition, ...], level: Level) -> list[Need]:
        # What a row is a share of lies in the totals.
        return [need for need in needs(metrics, names, where) if not (level == "rows" and need.everywhere)]

    def _horizon(
        self, con: duckdb.DuckDBPyConnection, metrics: Catalogue, wanted: list[Need]
    ) -> dict[tuple[str, str, str], Spans]:
        state, zone = self._state(con), self._zone.key
        return {
            key: self._memory.recall(state, key, lambda metric=metric: spans(con, metric, zone))
            for key, metric in sources(metrics, wanted).items()
        }

    def _fresh(self, con: duckdb.DuckDBPyConnection) -> Freshness:
        return self._memory.recall(self._state(con), "freshness", lambda: freshness(con, self.today()))

    def _state(self, con: duckdb.DuckDBPyConnection) -> Hashable | None:
        """What answers depend on, beside the question: tables, definitions and the day; None: do not remember any."""
        if self._revision is None:
            return None
        self.catalogue()
        return self._revision(con), self._generation, self.today()


def check_wanted(definitions: Mapping[tuple[str, str], Definition]) -> None:
    """Refuse bands and goals of metrics, or by dimensions, that are not there.

    Raises:
        NotFound: ``metric.unknown``.
        InvalidInput: ``metric.no_dimension``.
    """
    wanted = [one.typed() for (kind, _name), one in definitions.items() if kind in ("band", "goal")]
    if not wanted:
        return
    metrics = catalogue(definitions)
    for spec in wanted:
        assert isinstance(spec, BandSpec | GoalSpec)
        by = (spec.by,) if isinstance(spec, BandSpec) and spec.by else ()
        asked = (*by, *(one.column for one in spec.where))
        check_dimensions(spec.metric, metrics.dimensions(spec.metric), asked)


def _in_force(one: Definition, kind: str, wanted: str) -> bool:
    return kind == wanted and one.status == "active"


def _check_of_people(metrics: Catalogue, names: tuple[str, ...]) -> None:
    for name in names:
        for leaf in metrics.leaves(name):
            if not SHAPES[leaf.spec.table].person:
                sentence = _(
                    "“{metric}” cannot be limited to people: its part “{part}” is not counted person by person."
                )
                raise InvalidInput("metric.not_of_people", sentence, metric=name, part=leaf.name)


def _check(metrics: Catalogue, query: MetricQuery) -> None:
    if not query.metrics:
        raise InvalidInput("metric.none", _("The question names no metric. Name at least one."))
    if query.order_by and query.order_by not in (query.in_rows or query.metrics):
        sentence = _("Rows can be sorted by a metric that is asked for; “{name}” is not.")
        raise InvalidInput("metric.order", sentence, name=query.order_by[:80])
    for name in query.metrics:
        asked = (*query.by, *(condition.column for condition in query.where))
        check_dimensions(name, metrics.dimensions(name), asked)
