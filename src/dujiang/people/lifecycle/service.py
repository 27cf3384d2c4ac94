"""Answers about the life cycle: flows, sizes, changes with reasons, one person's history, and the map."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from datetime import date, timedelta
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

import duckdb
import ibis

from dujiang.engine.question import Answers, Rows, ask, bounded, table
from dujiang.foundation.clock import Clock
from dujiang.foundation.definitions import Definition, Spec
from dujiang.foundation.errors import NotFound
from dujiang.foundation.i18n import _
from dujiang.foundation.timewindows import Period, day_of
from dujiang.people.lifecycle import mapping, presets, questions
from dujiang.people.lifecycle.model import (
    Flow,
    LifeCycleSpec,
    LifeMapSpec,
    LifePage,
    MapColumn,
    PersonLife,
    Reason,
    StageSizes,
    Transition,
)

Definitions = Callable[[], Mapping[tuple[str, str], Definition]]
SpecType = TypeVar("SpecType", bound=Spec)


def life_cycle(definitions: Mapping[tuple[str, str], Definition]) -> LifeCycleSpec:
    """The life cycle in force: the brand's own, else the one that comes with Dujiang."""
    own = definitions.get(("life_cycle", "default"))
    spec = (own if own is not None and own.status == "active" else presets()[0]).typed()
    assert isinstance(spec, LifeCycleSpec)
    return spec


class LifeCycleService:
    """Answers questions about the life cycle.

    Args:
        answers: the engine.
        definitions: the brand's definitions in force, asked for at every question.
        zone: the brand's time zone.
        clock: tells which days have passed.
    """

    def __init__(self, answers: Answers, definitions: Definitions, zone: ZoneInfo, clock: Clock) -> None:
        self._answers, self._definitions, self._zone, self._clock = answers, definitions, zone, clock

    def spec(self) -> LifeCycleSpec:
        """The life cycle in force."""
        return life_cycle(self._definitions())

    def page(self, period: Period) -> LifePage:
        """Flows, changes and sizes of a period."""
        spec = self.spec()
        with bounded(self._answers) as con:
            flows = _flows(ask(con, questions.flows(period)).to_pylist(), spec)
            changes = _flows(ask(con, questions.changes(period)).to_pylist(), spec)
            daily = ask(con, questions.daily(period)).to_pylist()
        return LifePage(spec.stages, flows, changes, _sizes(daily, period, spec))

    def sizes(self, day: date) -> dict[str, int]:
        """People in each stage at the end of ``day``, stages in order."""
        sizes = self.page(Period(day, day)).sizes
        return {stage: counts[0] for stage, counts in sizes.people.items()}

    def changes(
        self, period: Period, start: str | None = None, end: str | None = None, limit: int = 100
    ) -> tuple[Transition, ...]:
        """The latest changes of stage within a period, with reasons.

        Args:
            period: the days.
            start: only from this stage; "" for those who were met; None for any.
            end: only to this stage; None for any.
            limit: at most so many.
        """
        with bounded(self._answers) as con:
            return _transitions(ask(con, questions.latest(period, start, end, limit)).to_pylist())

    def people_in(self, stage: str, day: date) -> Rows:
        """Who was in a stage at the end of ``day``, as a question with the column ``person``.

        Raises:
            NotFound: ``life.no_stage``.
        """
        self._known(stage)
        rows = questions.stages_at(day)
        return rows.filter(rows.stage == stage).select("person")

    def people_moved(self, period: Period, start: str | None, end: str | None) -> Rows:
        """The people of a flow (see :attr:`LifePage.flows`); ``start`` "" for those not met before."""
        return questions.who_moved(period, start, end)

    def people_changed(self, period: Period, start: str | None, end: str | None) -> Rows:
        """The people behind a number of :attr:`LifePage.changes`."""
        return questions.who_changed(period, start, end)

    def person(self, person: int) -> PersonLife | None:
        """Where one person stands and how they came there; None for who has not been met."""
        rows = table("life_stage")
        with bounded(self._answers) as con:
            found = ask(con, rows.filter(rows.person == person)).to_pylist()
            history = ask(con, questions.history(person)).to_pylist()
        if not found:
            return None
        now = found[0]
        return PersonLife(now["stage"], now["since"], now["next_day"], now["next_stage"], _transitions(history))

    def map(self) -> tuple[MapColumn, ...]:
        """Goals and resources of each stage against what came of them; empty where the brand has no ``life_map``."""
        own = self._definitions().get(("life_map", "default"))
        if own is None or own.status != "active":
            return ()
        plan = own.typed()
        assert isinstance(plan, LifeMapSpec)
        today = day_of(self._clock.now(), self._zone)
        with bounded(self._answers) as con:
            return tuple(_column(con, self.spec(), plan, place, today) for place in range(len(plan.spans)))

    def _known(self, stage: str) -> None:
        names = self.spec().names
        if stage not in names:
            sentence = _("There is no stage “{stage}”. The stages are {known}.")
            raise NotFound("life.no_stage", sentence, stage=stage[:80], known=", ".join(names))


def _column(
    con: duckdb.DuckDBPyConnection, spec: LifeCycleSpec, plan: LifeMapSpec, place: int, today: date
) -> MapColumn:
    span = plan.spans[place]
    if span.first > today:
        return mapping.column(spec, plan, span, today, None)
    period = Period(span.first, min(span.last, today))
    sizes = ask(con, questions.stages_at(period.last).group_by("stage").aggregate(people=ibis._.count())).to_pylist()
    money = ask(con, questions.stage_money(period)).to_pylist()
    spend_from = ask(con, questions.first_spend_day())["day"][0].as_py()
    actual = mapping.Actual(
        people={row["stage"]: row["people"] for row in sizes},
        gmv_minor={row["stage"]: row["gmv_minor"] for row in money},
        ways=_ways(con, period),
        spend={row["campaign"]: row["cost_minor"] for row in ask(con, questions.spend(period)).to_pylist()},
        has_spend=spend_from is not None and spend_from <= period.last,
    )
    return mapping.column(spec, plan, span, today, actual)


def _ways(con: duckdb.DuckDBPyConnection, period: Period) -> Counter[tuple[str, ...]]:
    """How many people went which way through the stages within the period."""
    rows = questions.ways(period)
    ways = rows.group_by("person").aggregate(way=rows.stage.collect(order_by=rows.nth))
    counted = ask(con, ways.group_by("way").aggregate(people=ways.count())).to_pylist()
    return Counter({tuple(row["way"]): row["people"] for row in counted})


def _flows(rows: Iterable[Mapping[str, Any]], spec: LifeCycleSpec) -> tuple[Flow, ...]:
    place = {name: position for position, name in enumerate(spec.names)}
    flows = [Flow(row["start"], row["end"], row["people"]) for row in rows]
    return tuple(sorted(flows, key=lambda flow: (place.get(flow.start or "", -1), place.get(flow.end, -1))))


def _sizes(rows: Iterable[Mapping[str, Any]], period: Period, spec: LifeCycleSpec) -> StageSizes:
    """Sizes by day from daily changes: whoever leaves one stage comes into another."""
    turned: Counter[tuple[date, str]] = Counter()
    for row in rows:
        turned[row["day"], row["end"]] += row["people"]
        if row["start"] is not None:
            turned[row["day"], row["start"]] -= row["people"]
    days = [period.first + timedelta(place) for place in range(period.days)]
    people = {}
    for name in spec.names:
        size, line = turned[period.first - timedelta(1), name], []
        for day in days:
            size += turned[day, name]
            line.append(size)
        people[name] = tuple(line)
    return StageSizes(tuple(days), people)


def _transitions(rows: Iterable[Mapping[str, Any]]) -> tuple[Transition, ...]:
    return tuple(
        Transition(
            row["person"],
            row["day"],
            row["from_stage"],
            row["to_stage"],
            Reason(row["fact"], row["op"], row["bound"], row["within_days"], row["holds"], row["value"]),
        )
        for row in rows
    )
