"""What people did, as a question reads it: rows of the timelines, of which kinds they are, and whose they are."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, time, timedelta
from functools import cached_property
from typing import Any, Final

import numpy as np
import pyarrow as pa

from dujiang.engine.columns import OTHERS, Whole
from dujiang.engine.kernels.steps import Flags
from dujiang.engine.view import Choice, Kind, Mask, Table, View
from dujiang.foundation.errors import NotFound, Unavailable
from dujiang.foundation.i18n import _
from dujiang.foundation.timewindows import Period
from dujiang.insight.questions.model import Doing, What
from dujiang.insight.questions.scene import Scene
from dujiang.people.behaviour import AsOf, column_kind
from dujiang.people.bound import Binder
from dujiang.people.comparison import Comparison, Where, tested
from dujiang.people.counting import row_value
from dujiang.people.matching import matches

_TABLES: Final[dict[Doing, tuple[Table, str, str]]] = {
    "events": ("fact_event", "seq", ""),
    "orders": ("orders", "order_key", "@order"),
    "refunds": ("refunds", "refund_key", "@refund"),
    "conversations": ("conversation", "conversation_key", "@conversation"),
}
"""The engine's table behind each source, its key, and the word that stands for it in timelines."""


class Doings:
    """The rows that a question is about.

    Args:
        scene: the state looked at.
        where: conditions that every event has to fulfil.

    Raises:
        Unavailable: ``question.behind`` while timelines follow a refresh.
    """

    def __init__(self, scene: Scene, where: tuple[Where, ...] = ()) -> None:
        view = View.of(scene.timeline, scene.con)
        if view is None:
            sentence = _("Answers are being refreshed at this moment. Ask again in a few seconds.")
            raise Unavailable("question.behind", sentence)
        self.view = view
        self._scene, self._where = scene, where
        now = datetime.combine(scene.today, time(), scene.zone)
        self._as_of = AsOf(now, scene.zone)
        self._choices: dict[tuple[Doing, Where], Choice | None] = {}

    @property
    def rows(self) -> int:
        """How many rows there are."""
        return self.view.rows

    def bits(self, whats: Sequence[tuple[What, int, int]]) -> Any:
        """For each part of the view and row the kinds it is of: the bit ``1 << k`` for the ``k``-th of ``whats``.

        Args:
            whats: things done, each from a moment (included) to another (excluded), in milliseconds since 1970.
        """
        return self.view.bits([self._kind(*one) for one in whats], self._scene.people)

    def _kind(self, what: What, from_ms: int, to_ms: int) -> Kind:
        table, _key, word = _TABLES[what.source]
        asked = (*what.where, *(self._where if what.source == "events" else ()))
        coded = self._coded if what.source == "events" else ("channel",)
        names = self._names(word, [one for one in asked if one.column == "name" and "name" in coded])
        channels = self._flags("channel", [one for one in asked if one.column == "channel"])
        pages = self._flags("page", [one for one in asked if one.column == "page" and "page" in coded])
        rest = {one: self._choice(what.source, table, one) for one in asked if one.column not in coded}
        choices = tuple(choice for choice in rest.values() if choice is not None)
        many = [one for one, choice in rest.items() if choice is None]
        masks = (self._mask(what.source, table, many, from_ms, to_ms),) if many else ()
        return Kind(names, channels, pages, choices, masks, from_ms, to_ms)

    @cached_property
    def _coded(self) -> tuple[str, ...]:
        """The columns of events whose words timelines know by code."""
        try:
            self.view.words("page")
        except NotFound:
            return "name", "channel"
        return "name", "channel", "page"

    def _names(self, word: str, asked: list[Where]) -> Flags | None:
        if word:
            return self.view.among("name", [word])
        flags = self._flags("name", asked)
        if flags is not None:
            flags[list(OTHERS.values())] = False
        return flags

    def _flags(self, column: str, asked: Sequence[Comparison]) -> Flags | None:
        if not asked:
            return None
        words = pa.array(self.view.words(column), pa.string())
        return np.logical_and.reduce([matches(words, "text", one, self._scene.today) for one in asked])

    def _choice(self, source: Doing, table: Table, one: Where) -> Choice | None:
        """The rows that fulfil a condition, from what is remembered of its column; None where that says too much."""
        if (source, one) not in self._choices:
            column, test = Binder(), Binder()
            text = row_value(source, one.column, self._as_of, column)
            kind = column_kind(source, one.column)
            passes = test.question(tested("word", kind, one, self._as_of.today, test))
            self._choices[source, one] = self.view.chosen(column.question(text), passes, table)
        return self._choices[source, one]

    def _mask(self, source: Doing, table: Table, asked: Iterable[Where], from_ms: int, to_ms: int) -> Mask:
        binder = Binder()
        tests = [
            tested(
                row_value(source, one.column, self._as_of, binder),
                column_kind(source, one.column),
                one,
                self._as_of.today,
                binder,
            )
            for one in asked
        ]
        if table == "fact_event":
            first, last = (datetime.fromtimestamp(max(ms, 0) / 1000, UTC) for ms in (from_ms, min(to_ms, FAR)))
            tests += [f'"at" >= {binder.bind(first)}', f'"at" < {binder.bind(last)}']
        question = binder.question(f"SELECT {_TABLES[source][1]} FROM {table} WHERE {' AND '.join(tests)}")
        return self.view.mask(question.text, question.values, table)


FAR: Final = 4_102_444_800_000
"""The year 2100, in milliseconds since 1970."""


def moments(period: Period, scene: Scene) -> tuple[int, int]:
    """Start (included) and end (excluded) of ``period`` in milliseconds since 1970."""
    first, last = period.moments(scene.zone)
    return round(first.timestamp() * 1000), round(last.timestamp() * 1000)


def day_starts(scene: Scene, from_ms: int, to_ms: int) -> Whole:
    """Moments at which the days between two moments begin on the clocks of the scene, the first not after ``from_ms``."""
    first, last = (datetime.fromtimestamp(ms / 1000, UTC).astimezone(scene.zone).date() for ms in (from_ms, to_ms))
    days = ((first + timedelta(n)) for n in range((last - first).days + 2))
    starts = (datetime.combine(day, time(), scene.zone).timestamp() for day in days)
    return np.array([round(one * 1000) for one in starts], np.int64)
