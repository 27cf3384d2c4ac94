"""Many questions in one pass: for each person, how many rows each question finds, how much they come to, and in what order.

A question is asked of the rows of some events, channels and pages within a time. Rows are looked up by their event, so that a
pass costs what the rows cost that some question asks for, not their number times the number of questions.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from dujiang.engine.columns import Columns, Whole
from dujiang.engine.kernels.compiled import inner, kernel, read_only

Bits = npt.NDArray[np.uint8]
ANY_PAGE: Final[Bits] = np.empty(0, np.uint8)

ROWS, DWELL, VALUE = range(3)
"""What is added up: rows themselves, their dwell time, or their value."""


@dataclass(frozen=True)
class Runs:
    """Where the rows of each person lie.

    Attributes:
        person: persons whose rows count, each once.
        first, end: the first row of each, and the one after the last.
    """

    person: Whole
    first: Whole
    end: Whole


@dataclass(frozen=True)
class Kinds:
    """Up to eight kinds of rows; a row is of kind ``k`` where the bit ``1 << k`` is set for its event, channel and page.

    Attributes:
        event: bits by code of the event, those of rows without a name last; what is no event is of no kind.
        channel: bits by code of the channel.
        from_ms: only rows from this moment on, in milliseconds since 1970.
        to_ms: only rows before this moment.
        page: bits by code of the page, those of rows without a page last; empty where pages are all the same.
    """

    event: Bits
    channel: Bits
    from_ms: int
    to_ms: int
    page: Bits = field(default_factory=lambda: ANY_PAGE)


@dataclass(frozen=True)
class Questions:
    """Several :class:`Kinds`, turned round: for each event the questions that ask for it.

    Attributes:
        start: for each code of an event (no name last) where its questions begin, and where the last one's end.
        which: those questions.
        bits: for each of them the kinds that rows of the event may be.
        channel: kinds by question and channel.
        page: kinds by table and page, no page last.
        table: the table of pages of each question; -1 where pages are all the same.
        from_ms, to_ms: the time of each question.
    """

    start: Whole
    which: Whole
    bits: Bits
    channel: Bits
    page: Bits
    table: Whole
    from_ms: Whole
    to_ms: Whole

    @classmethod
    def of(cls, kinds: Sequence[Kinds]) -> Questions:
        """All of ``kinds``, at least one, in their order."""
        event = np.array([one.event for one in kinds], np.uint8)
        codes, which = np.nonzero(event.T)
        paged = [place for place, one in enumerate(kinds) if len(one.page)]
        table = np.full(len(kinds), -1, np.int64)
        table[paged] = np.arange(len(paged))
        return cls(
            np.searchsorted(codes, np.arange(event.shape[1] + 1)),
            which,
            event[which, codes],
            np.array([one.channel for one in kinds], np.uint8),
            np.array([kinds[place].page for place in paged] or [[0]], np.uint8),
            table,
            np.array([one.from_ms for one in kinds], np.int64),
            np.array([one.to_ms for one in kinds], np.int64),
        )

    def arrays(self) -> tuple[npt.NDArray[Any], ...]:
        """What passes are given, in their order."""
        return self.start, self.which, self.bits, self.channel, self.page, self.table, self.from_ms, self.to_ms


def runs(rows: Columns) -> Runs:
    """The runs of everybody in ``rows`` who is not to be passed over.

    >>> whole, code = np.array([4, 4, 9]), np.zeros(3, np.int32)
    >>> runs(Columns(whole, whole, code, code, code, whole, whole, whole)).end.tolist()
    [2, 3]
    """
    person, first, end = _runs(*read_only(rows.person))
    if len(rows.skip):
        place = np.minimum(np.searchsorted(rows.skip, person), len(rows.skip) - 1)
        alive = rows.skip[place] != person
        person, first, end = person[alive], first[alive], end[alive]
    return Runs(person, first, end)


def tallied(rows: Columns, of: Runs, questions: Questions, amounts: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """For each person of ``of`` (a row) and each of ``questions`` (a column), what its rows add up to.

    Args:
        rows: sorted by time within a person.
        of: the persons.
        questions: each of one kind.
        amounts: what each question adds up: :data:`ROWS`, :data:`DWELL` or :data:`VALUE`.
    """
    columns = read_only(rows.at_ms, rows.event, rows.channel, rows.page, rows.dwell_ms, rows.value_minor)
    return _tallied(of.first, of.end, *columns, *questions.arrays(), amounts)


def in_order(rows: Columns, of: Runs, questions: Questions, steps: Whole, within_ms: Whole) -> npt.NDArray[np.bool_]:
    """For each person of ``of`` (a row) and each of ``questions`` (a column), whether all steps were done in order.

    What that means is said at :func:`dujiang.engine.kernels.sequence.followed`.

    Args:
        rows: sorted by time within a person.
        of: the persons.
        questions: the steps as kinds, and then kinds of rows that may not lie between two of them.
        steps: how many steps each question has, from 2 to 8.
        within_ms: milliseconds between two steps at most, for each question.
    """
    columns = read_only(rows.at_ms, rows.event, rows.channel, rows.page)
    return _in_order(of.first, of.end, *columns, *questions.arrays(), steps, within_ms)


@kernel
def _runs(person: Any) -> Any:  # pragma: no cover - compiled
    many = 1 if len(person) else 0
    for row in range(1, len(person)):
        many += person[row] != person[row - 1]
    who, first, end = np.empty(many, np.int64), np.empty(many, np.int64), np.empty(many, np.int64)
    found = -1
    for row in range(len(person)):
        if row == 0 or person[row] != person[row - 1]:
            found += 1
            who[found], first[found] = person[row], row
        end[found] = row + 1
    return who, first, end


@inner
def _kinds(
    bits: Any, asked: Any, channel: Any, page: Any, of_channel: Any, of_page: Any, table: Any
) -> Any:  # pragma: no cover - compiled
    """The kinds of a row by one question, given those that its event may be."""
    what = bits & of_channel[asked, channel]
    if what and table[asked] >= 0:
        what &= of_page[table[asked], page]
    return what


@kernel
def _tallied(
    first: Any,
    end: Any,
    at_ms: Any,
    event: Any,
    channel: Any,
    page: Any,
    dwell_ms: Any,
    value_minor: Any,
    start: Any,
    which: Any,
    bits: Any,
    of_channel: Any,
    of_page: Any,
    table: Any,
    from_ms: Any,
    to_ms: Any,
    amounts: Any,
) -> Any:  # pragma: no cover - compiled
    total = np.zeros((len(first), len(from_ms)), np.int64)
    nameless, earliest, latest = len(start) - 2, from_ms.min(), to_ms.max()
    for who in range(len(first)):
        for row in range(end[who] - 1, first[who] - 1, -1):
            at, name = at_ms[row], event[row]
            if at < earliest:
                break  # everything before it is earlier still
            if at >= latest or name < -1:
                continue
            if name < 0:
                name = nameless
            for place in range(start[name], start[name + 1]):
                asked = which[place]
                if from_ms[asked] <= at < to_ms[asked] and _kinds(
                    bits[place], asked, channel[row], page[row], of_channel, of_page, table
                ):
                    what = amounts[asked]
                    total[who, asked] += 1 if what == ROWS else dwell_ms[row] if what == DWELL else value_minor[row]
    return total


@inner
def _advanced(
    what: Any, at: Any, asked: Any, steps: Any, within_ms: Any, reached: Any, alive: Any
) -> Any:  # pragma: no cover - compiled
    """Take in a row of the kinds ``what`` for one question; whether it is the last step."""
    blocked = what >> steps
    done = False
    # From the last step to the first, so that a row which is several of them advances each but once.
    for step in range(steps - 1, 0, -1):
        if what & (1 << step) and alive[asked, step - 1] and at - reached[asked, step - 1] <= within_ms:
            reached[asked, step] = at
            alive[asked, step] = True
            done |= step == steps - 1
        elif blocked:
            alive[asked, step] = False
    if what & 1:
        reached[asked, 0] = at
        alive[asked, 0] = True
    elif blocked:
        alive[asked, 0] = False
    return done


@kernel
def _in_order(
    first: Any,
    end: Any,
    at_ms: Any,
    event: Any,
    channel: Any,
    page: Any,
    start: Any,
    which: Any,
    bits: Any,
    of_channel: Any,
    of_page: Any,
    table: Any,
    from_ms: Any,
    to_ms: Any,
    steps: Any,
    within_ms: Any,
) -> Any:  # pragma: no cover - compiled
    many = len(from_ms)
    done = np.zeros((len(first), many), np.bool_)
    # Of each step the latest moment at which it and all before it were done: none earlier reaches further.
    reached = np.zeros((many, 8), np.int64)
    alive = np.zeros((many, 8), np.bool_)
    owner = np.full(many, -1, np.int64)  # whose those are
    nameless = len(start) - 2
    for who in range(len(first)):
        for row in range(first[who], end[who]):
            at, name = at_ms[row], event[row]
            if name < -1:
                continue
            if name < 0:
                name = nameless
            for place in range(start[name], start[name + 1]):
                asked = which[place]
                if done[who, asked] or not from_ms[asked] <= at < to_ms[asked]:
                    continue
                what = _kinds(bits[place], asked, channel[row], page[row], of_channel, of_page, table)
                if what:
                    if owner[asked] != who:
                        owner[asked] = who
                        for step in range(8):
                            alive[asked, step] = False
                    # Whole arrays and a place in them: a slice for each row would cost more than the row.
                    done[who, asked] = _advanced(what, at, asked, steps[asked], within_ms[asked], reached, alive)
    return done
