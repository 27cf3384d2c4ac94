"""Conditions that timelines answer: how often somebody did something, sums of it, and sequences, where only names, channels
and pages are asked. All that are asked together are one pass over the rows.

Every other condition, and these too while the timelines are behind the engine, is answered by the engine itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property
from typing import Final, TypeVar

import numpy as np
import pyarrow as pa

from dujiang.engine.columns import Columns, Whole, among
from dujiang.engine.kernels.sequence import NO_LIMIT
from dujiang.engine.kernels.tally import ANY_PAGE, DWELL, ROWS, VALUE, Kinds, Questions, Runs, in_order, runs, tallied
from dujiang.engine.timeline import Rows
from dujiang.people.behaviour import AsOf, Window
from dujiang.people.comparison import Where
from dujiang.people.conditions import Behaviour, Condition, Sequence
from dujiang.people.matching import Mask, matches

THREADS: Final = 2
_EVER: Final = np.iinfo(np.int64).max
_CODED: Final = ("name", "channel", "page")
_Part = TypeVar("_Part")
_Made = TypeVar("_Made")
_AMOUNTS: Final = {("count", ""): ROWS, ("sum", "dwell_ms"): DWELL, ("sum", "value_minor"): VALUE}


class Timelines:
    """The rows of some persons.

    Args:
        parts: sets of columns, the rows of each person together and in order.
        rows: the state they are of.
        persons: whom masks are about, sorted.
    """

    def __init__(self, parts: list[Columns], rows: Rows, persons: Whole) -> None:
        self._parts, self._codes, self._persons = parts, rows.codes, persons

    def knows(self, one: Condition) -> bool:
        """Whether ``one``, a single condition, asks for nothing but what timelines hold."""
        if isinstance(one, Sequence):
            return all(self._coded(step.where) for step in (*one.steps, *one.without))
        return (
            isinstance(one, Behaviour)
            and one.source == "events"
            and (one.aggregate, one.column) in _AMOUNTS
            and self._coded(one.where)
        )

    def masks(self, asked: Mapping[str, Condition], as_of: AsOf) -> dict[str, Mask]:
        """Who fulfils each of ``asked``, all of which are known.

        Args:
            asked: single conditions by names of any kind.
            as_of: a moment of whole milliseconds.
        """
        amounts = {name: one for name, one in asked.items() if isinstance(one, Behaviour)}
        sequences = {name: one for name, one in asked.items() if isinstance(one, Sequence)}
        found = self._amounts(amounts, as_of) if amounts else {}
        return found | (self._sequences(sequences, as_of) if sequences else {})

    def _coded(self, where: Iterable[Where]) -> bool:
        pages = self._codes.pages is not None
        return all(one.column in _CODED and (pages or one.column != "page") for one in where)

    def _amounts(self, asked: Mapping[str, Behaviour], as_of: AsOf) -> dict[str, Mask]:
        questions = Questions.of([self._kinds([one.where], one.window, as_of) for one in asked.values()])
        what = np.array([_AMOUNTS[one.aggregate, one.column] for one in asked.values()], np.int64)
        nothing = {name: _fitting(np.zeros(1, np.int64), one, as_of.today)[0] for name, one in asked.items()}
        found = {name: np.full(len(self._persons), nothing[name]) for name in asked}

        def work(rows: Columns, of: Runs, place: Whole) -> None:
            totals = tallied(rows, of, questions, what)
            for column, (name, one) in enumerate(asked.items()):
                found[name][place] = _fitting(totals[:, column], one, as_of.today)

        self._each(work)
        return found

    def _sequences(self, asked: Mapping[str, Sequence], as_of: AsOf) -> dict[str, Mask]:
        every = [([step.where for step in (*one.steps, *one.without)], one.window) for one in asked.values()]
        questions = Questions.of([self._kinds(*one, as_of) for one in every])
        steps = np.array([len(one.steps) for one in asked.values()], np.int64)
        minutes = [one.within_minutes for one in asked.values()]
        within = np.array([NO_LIMIT if one is None else one * 60_000 for one in minutes], np.int64)
        found = {name: np.zeros(len(self._persons), np.bool_) for name in asked}

        def work(rows: Columns, of: Runs, place: Whole) -> None:
            done = in_order(rows, of, questions, steps, within)
            for column, name in enumerate(asked):
                found[name][place] = done[:, column]

        self._each(work)
        return found

    def _kinds(self, wheres: list[tuple[Where, ...]], window: Window, as_of: AsOf) -> Kinds:
        """What each of ``wheres`` asks for as a kind of its own."""
        words: dict[str, list[str | None]] = {"name": [*self._codes.events, None], "channel": [*self._codes.channels]}
        if any(one.column == "page" for where in wheres for one in where):
            words["page"] = [*(self._codes.pages or {}), None]
        bits = {column: np.zeros(len(known), np.uint8) for column, known in words.items()}
        for column, known in words.items():
            values = pa.array(known, pa.string())
            for place, where in enumerate(wheres):
                fits = np.ones(len(known), np.bool_)
                for one in where:
                    if one.column == column:
                        fits &= matches(values, "text", one, as_of.today)
                bits[column] |= fits.astype(np.uint8) << np.uint8(place)
        first, last = window.bounds(as_of.today)
        end = as_of.at if last is None else min(as_of.at, _start(last + timedelta(1), as_of))
        start = -_EVER if first is None else _ms(_start(first, as_of))
        return Kinds(bits["name"], bits["channel"], start, _ms(end), bits.get("page", ANY_PAGE))

    @cached_property
    def _runs(self) -> list[tuple[Columns, Runs, Whole]]:
        """Each part with its persons, and the places of those among all."""
        return _pooled(self._found, self._parts)

    def _found(self, rows: Columns) -> tuple[Columns, Runs, Whole]:
        of = runs(rows)
        known = among(of.person, self._persons)
        of = Runs(of.person[known], of.first[known], of.end[known])
        return rows, of, np.searchsorted(self._persons, of.person)

    def _each(self, work: Callable[[Columns, Runs, Whole], None]) -> None:
        _pooled(lambda part: work(*part), self._runs)


def _pooled(work: Callable[[_Part], _Made], parts: Iterable[_Part]) -> list[_Made]:
    with ThreadPoolExecutor(THREADS) as pool:
        return list(pool.map(work, parts))


def _fitting(amounts: Whole, one: Behaviour, today: date) -> Mask:
    return matches(pa.array(amounts), "number", one.comparison, today)


def _start(day: date, as_of: AsOf) -> datetime:
    return datetime.combine(day, time(), as_of.zone)


def _ms(moment: datetime) -> int:
    """Milliseconds since 1970, the fraction cut off."""
    return (moment.astimezone(UTC) - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)
