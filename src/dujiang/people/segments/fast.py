"""Conditions that timelines answer: how often somebody did something, sums of it, and sequences, where only names, channels
and pages are asked.

Every other condition, and these too while the timelines are behind the engine, is answered by the engine itself.
"""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final

import duckdb
import numpy as np
import pyarrow as pa

from dujiang.engine.columns import NOBODY, OTHERS, Columns, Whole
from dujiang.engine.kernels.marking import ANY_PAGE, Bits, Kinds, counted, marked, picked, summed
from dujiang.engine.kernels.sequence import NO_LIMIT, WITHOUT, followed
from dujiang.engine.timeline import Timeline
from dujiang.engine.timeline_facts import Codes
from dujiang.people.behaviour import AsOf, Window
from dujiang.people.bound import Binder
from dujiang.people.comparison import Comparison, Where, tested
from dujiang.people.conditions import Behaviour, Condition, Sequence

THREADS: Final = 2
_EVER: Final = np.iinfo(np.int64).max
_CODED: Final = ("name", "channel", "page")
_AMOUNTS: Final = (("count", ""), ("sum", "dwell_ms"), ("sum", "value_minor"))


@dataclass(frozen=True)
class Found:
    """Persons, each once, and whether everybody else fulfils the condition too, or they alone."""

    persons: Whole
    others: bool


class Timelines:
    """The rows of one state of the engine.

    Args:
        parts: columns of :meth:`dujiang.engine.timeline.Timeline.columns`.
        codes: what their codes mean.
    """

    def __init__(self, parts: list[Columns], codes: Codes) -> None:
        self._parts, self._codes = parts, codes

    @classmethod
    def of(cls, timeline: Timeline, mark: str) -> Timelines | None:
        """What ``timeline`` shows of the state ``mark``; None while it shows another."""
        codes, parts = timeline.codes, timeline.columns() if timeline.mark == mark else []
        # Marks never come back: the same one before and after means that nothing changed in between.
        return cls(parts, codes) if mark and timeline.mark == mark else None

    def answer(self, con: duckdb.DuckDBPyConnection, one: Condition, as_of: AsOf) -> Found | None:
        """Who fulfils ``one``; None where it asks for more than timelines know.

        Args:
            con: compares words and numbers as the engine does.
            one: a single condition.
            as_of: a moment of whole milliseconds.
        """
        if isinstance(one, Sequence):
            return self._sequence(con, one, as_of)
        if isinstance(one, Behaviour) and one.source == "events" and (one.aggregate, one.column) in _AMOUNTS:
            return self._amount(con, one, as_of)
        return None

    def _amount(self, con: duckdb.DuckDBPyConnection, one: Behaviour, as_of: AsOf) -> Found | None:
        kinds = self._kinds(con, [one.where], one.window, as_of)
        if kinds is None:
            return None

        def work(rows: Columns) -> tuple[Whole, Whole]:
            bits = marked(rows, kinds)
            return summed(rows.person, bits, getattr(rows, one.column)) if one.column else counted(rows.person, bits)

        found = self._each(work)
        persons, amounts = (np.concatenate([NOBODY, *(part[side] for part in found)]) for side in (0, 1))
        fits = _fitting(con, amounts, one.comparison, as_of.today)
        others = bool(_fitting(con, np.zeros(1, np.int64), one.comparison, as_of.today)[0])
        return Found(persons[fits != others], others)

    def _sequence(self, con: duckdb.DuckDBPyConnection, one: Sequence, as_of: AsOf) -> Found | None:
        kinds = self._kinds(con, [step.where for step in (*one.steps, *one.without)], one.window, as_of)
        if kinds is None:
            return None
        steps = len(one.steps)
        within = NO_LIMIT if one.within_minutes is None else one.within_minutes * 60_000

        def work(rows: Columns) -> Whole:
            person, at_ms, bits = picked(rows, kinds)
            return followed(person, at_ms, _folded(bits, steps), steps=steps, within_ms=within)

        return Found(np.concatenate([NOBODY, *self._each(work)]), others=False)

    def _kinds(
        self, con: duckdb.DuckDBPyConnection, wheres: list[tuple[Where, ...]], window: Window, as_of: AsOf
    ) -> Kinds | None:
        """What each of ``wheres`` asks for as a kind of its own; None where one asks for other columns than codes."""
        words: dict[str, list[str | None]] = {
            "name": self._codes.names,
            "channel": [*self._codes.channels, None],
        }
        if any(one.column == "page" for where in wheres for one in where):
            pages = self._codes.pages
            if pages is None:
                return None
            words["page"] = [*pages, None]
        bits = {column: np.zeros(len(known), np.uint8) for column, known in words.items()}
        for place, where in enumerate(wheres):
            if any(one.column not in _CODED for one in where):
                return None
            for column, known in words.items():
                asked = [one for one in where if one.column == column]
                fits = _words_fitting(con, known, asked, as_of.today)
                bits[column] |= fits.astype(np.uint8) << np.uint8(place)
        bits["name"][list(OTHERS.values())] = 0
        first, last = window.bounds(as_of.today)
        end = as_of.at if last is None else min(as_of.at, _start(last + timedelta(1), as_of))
        start = -_EVER if first is None else _ms(_start(first, as_of))
        return Kinds(bits["name"], bits["channel"][:-1], start, _ms(end), bits.get("page", ANY_PAGE))

    def _each(self, work: Any) -> list[Any]:
        with ThreadPoolExecutor(THREADS) as pool:
            return list(pool.map(work, self._parts))


def _folded(bits: Bits, steps: int) -> Bits:
    """Steps as they are; whatever may not lie in between as the one bit that the kernel knows for it."""
    own = np.arange(256)
    table = (own & ((1 << steps) - 1)) | np.where(own >> steps, WITHOUT, 0)
    return table.astype(np.uint8)[bits]


def _fitting(con: duckdb.DuckDBPyConnection, amounts: Whole, comparison: Comparison, today: date) -> np.ndarray:
    """Which of ``amounts`` fulfil ``comparison``; asked once for each different one."""
    different, place = np.unique(amounts, return_inverse=True)
    return _asked(con, pa.array(different), "number", [comparison], today)[place]


def _words_fitting(
    con: duckdb.DuckDBPyConnection, words: list[str | None], asked: Iterable[Comparison], today: date
) -> np.ndarray:
    return _asked(con, pa.array(words, pa.string()), "text", asked, today)


def _asked(
    con: duckdb.DuckDBPyConnection, values: pa.Array, kind: Any, comparisons: Iterable[Comparison], today: date
) -> np.ndarray:
    """Which of ``values`` fulfil all ``comparisons``, by the engine's own way of comparing."""
    binder = Binder()
    tests = [tested('"value"', kind, one, today, binder) for one in comparisons]
    if not tests:
        return np.ones(len(values), np.bool_)
    con.register("compared", pa.table({"place": np.arange(len(values)), "value": values}))
    question = binder.question(f"SELECT place FROM compared WHERE {' AND '.join(tests)}")
    places = question.answer(con)["place"].to_numpy()
    con.unregister("compared")
    fits = np.zeros(len(values), np.bool_)
    fits[places] = True
    return fits


def _start(day: date, as_of: AsOf) -> datetime:
    return datetime.combine(day, time(), as_of.zone)


def _ms(moment: datetime) -> int:
    """Milliseconds since 1970, the fraction cut off."""
    return (moment.astimezone(UTC) - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)
