"""Every question is asked here: by the console, the API, the command line, dashboards and notebooks."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date
from functools import partial
from typing import Any, Final
from zoneinfo import ZoneInfo

import duckdb

from dujiang.engine.columns import Whole
from dujiang.engine.question import Answers, bounded, mark
from dujiang.engine.timeline import Timeline
from dujiang.foundation.definitions import Definition
from dujiang.foundation.errors import NotFound
from dujiang.foundation.i18n import _
from dujiang.foundation.timewindows import zone
from dujiang.insight.freshness import freshness
from dujiang.insight.memory import Memory
from dujiang.insight.questions import words as suggested
from dujiang.insight.questions.analysis import no_people
from dujiang.insight.questions.answer import Answer
from dujiang.insight.questions.model import Asked, Doing, Pick
from dujiang.insight.questions.registry import analysis_of, parse_question
from dujiang.insight.questions.saved import KIND, QuestionSpec
from dujiang.insight.questions.scene import Scene
from dujiang.insight.questions.words import Counted, Words
from dujiang.insight.service import MetricService
from dujiang.people.comparison import Kind
from dujiang.people.conditions import Condition
from dujiang.people.segments.compare import differences_of
from dujiang.people.segments.model import Difference

SECONDS_MAX: Final = 120.0
Among = Callable[[duckdb.DuckDBPyConnection, Condition], Whole]
Definitions = Callable[[], Mapping[tuple[str, str], Definition]]


class QuestionService:
    """Answers questions.

    Args:
        answers: the engine.
        timeline: the sorted events.
        metrics: the metric layer.
        among: the sorted persons who fulfil a tree of conditions now.
        tags: the tags in force, by name.
        definitions: those in force, for saved questions.
        brand_zone: the brand's time zone.
    """

    def __init__(
        self,
        answers: Answers,
        timeline: Timeline,
        metrics: MetricService,
        among: Among,
        tags: Callable[[], Mapping[str, Kind]],
        definitions: Definitions,
        brand_zone: ZoneInfo,
    ) -> None:
        self._answers, self._timeline, self._metrics = answers, timeline, metrics
        self._among, self._tags = among, tags
        self._definitions, self._zone = definitions, brand_zone
        self._memory = Memory()
        self._known, self._generation = definitions(), 0

    def ask(self, question: Asked | Mapping[str, Any]) -> Answer:
        """The answer to ``question`` (a plain mapping will do); the same until the next refresh.

        Raises:
            InvalidInput: a period, zone, metric or column that is not there.
            Unavailable: ``engine.too_long``.
        """
        question = question if isinstance(question, Asked) else parse_question(question)
        with bounded(self._answers, SECONDS_MAX) as con:
            return self._memory.recall(
                self._state(con), question.model_dump_json(), lambda: self._answer(con, question)
            )

    def people(self, question: Asked, pick: Pick) -> Whole:
        """The sorted persons behind one number of the answer to ``question``.

        Raises:
            InvalidInput: ``question.no_people``, or as :meth:`ask`.
        """
        with bounded(self._answers, SECONDS_MAX) as con:
            scene = self._scene(con, question)
            days = question.compared(scene.period, scene.today) if pick.earlier else scene.period
            if days is None:
                raise no_people()
            return analysis_of(question).people(replace(scene, period=days), question, pick)

    def differences(self, question: Asked, pick: Pick, other: Pick) -> list[Difference]:
        """What makes the people of one number different from those of another, the clear differences first.

        Shares and means of every profile field and tag, as :mod:`dujiang.people.segments.compare` compares them: adjusted for
        having asked so often, and clear only where the effect is one that can be acted upon.

        Raises:
            InvalidInput: as :meth:`people`.
        """
        one, two = self.people(question, pick), self.people(question, other)
        with bounded(self._answers, SECONDS_MAX) as con:
            return differences_of(con, one, two, self._tags())

    def saved(self, name: str) -> Asked:
        """A saved question.

        Raises:
            NotFound: ``question.unknown``.
        """
        found = self._definitions().get((KIND, name))
        if found is None or found.status == "retired":
            sentence = _("There is no saved question “{name}”. The list of questions shows all of them.")
            raise NotFound("question.unknown", sentence, name=name[:80])
        return QuestionSpec.model_validate(found.spec).asked

    def list(self) -> list[Definition]:
        """Every saved question, by name."""
        return [
            one for (kind, _name), one in sorted(self._definitions().items()) if kind == KIND and one.status == "active"
        ]

    def words(self) -> Words:
        """What a builder can suggest, the same until the next refresh."""
        with bounded(self._answers, SECONDS_MAX) as con:
            return self._memory.recall(self._state(con), "words", lambda: suggested.words(con))

    def values(self, source: Doing, column: str) -> tuple[Counted, ...]:
        """The most frequent values of a column, the same until the next refresh.

        Raises:
            InvalidInput: ``question.unknown_column``.
        """
        with bounded(self._answers, SECONDS_MAX) as con:
            key = ("values", source, column)
            return self._memory.recall(self._state(con), key, lambda: suggested.values(con, source, column))

    def today(self) -> date:
        """The brand's day."""
        return self._metrics.today()

    def _answer(self, con: duckdb.DuckDBPyConnection, question: Asked) -> Answer:
        analysis = analysis_of(question)
        scene = self._scene(con, question)
        earlier = question.compared(scene.period, scene.today)
        now = analysis.answer(scene, question)
        compares = earlier is not None and analysis.compares
        before = analysis.answer(replace(scene, period=earlier), question).result if compares else None
        return Answer(
            question=question,
            period=scene.period,
            comparison=earlier,
            result=now.result,
            before=before,
            tables=analysis.tables(question, now.result, before),
            freshness=self._memory.recall(self._state(con), "freshness", lambda: freshness(con, scene.today)),
            rows=now.rows,
            people=now.people,
            notes=now.notes,
        )

    def _scene(self, con: duckdb.DuckDBPyConnection, question: Asked) -> Scene:
        today, remember = self.today(), partial(self._memory.recall, self._state(con))
        return Scene(
            con=con,
            timeline=self._timeline,
            metrics=self._metrics,
            zone=zone(question.time_zone) if question.time_zone else self._zone,
            today=today,
            period=question.period.period(today),
            people=None if question.people is None else self._among(con, question.people),
            tags=remember("tags", self._tags),
            definitions=self._definitions(),
            remember=remember,
        )

    def _state(self, con: duckdb.DuckDBPyConnection) -> tuple[str, date, int]:
        """What answers depend on beside the question: tables, the day, and definitions."""
        known = self._definitions()
        if known != self._known:
            self._known, self._generation = known, self._generation + 1
        return mark(con), self.today(), self._generation
