"""Many questions in one pass against one slow reading of each."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from dujiang.engine.columns import Columns
from dujiang.engine.kernels.tally import ANY_PAGE, DWELL, ROWS, VALUE, Kinds, Questions, in_order, runs, tallied

Row = tuple[int, int, int, int, int, int, int]
"""Person, moment, event (below -1: no event at all), channel, page, dwell time, value."""
BETWEEN = (1, 5), (0, 20), (-3, 2), (0, 1), (-1, 1), (0, 99), (-9, 9)
ROWS_ = st.lists(st.tuples(*(st.integers(*one) for one in BETWEEN)), max_size=40)


def bits(many: int, kinds: int = 1) -> st.SearchStrategy[list[int]]:
    return st.lists(st.integers(0, (1 << kinds) - 1), min_size=many, max_size=many)


def asked(kinds: int = 1) -> st.SearchStrategy[Kinds]:
    def made(event: Any, channel: Any, page: Any, first: int, last: int) -> Kinds:
        pages = ANY_PAGE if page is None else np.array(page, np.uint8)
        return Kinds(np.array(event, np.uint8), np.array(channel, np.uint8), first, last, pages)

    page = st.none() | bits(3, kinds)
    return st.builds(made, bits(4, kinds), bits(2, kinds), page, st.integers(0, 12), st.integers(8, 21))


def columns(rows: list[Row], skip: set[int]) -> Columns:
    person, at_ms, dwell, value = (np.array([row[place] for row in rows], np.int64) for place in (0, 1, 5, 6))
    event, channel, page = (np.array([row[place] for row in rows], np.int32) for place in (2, 3, 4))
    seq, gone = np.arange(len(rows)), np.array(sorted(skip), np.int64)
    return Columns(person, at_ms, event, channel, page, dwell, value, seq, gone)


def kinds_of(row: Row, one: Kinds) -> int:
    _person, at_ms, event, channel, page, *_amounts = row
    if event < -1 or not one.from_ms <= at_ms < one.to_ms:
        return 0
    of_page = 255 if not len(one.page) else int(one.page[page])
    return int(one.event[event]) & int(one.channel[channel]) & of_page


@settings(deadline=None)
@given(
    ROWS_, st.sets(st.integers(0, 6)), st.lists(st.tuples(asked(), st.sampled_from([ROWS, DWELL, VALUE])), min_size=1)
)
def test_totals_are_those_of_each_question_alone(
    rows: list[Row], skip: set[int], questions: list[tuple[Kinds, int]]
) -> None:
    rows.sort(key=lambda row: row[:2])
    part = columns(rows, skip)
    of = runs(part)
    assert of.person.tolist() == sorted({row[0] for row in rows} - skip)
    totals = tallied(
        part, of, Questions.of([one for one, _what in questions]), np.array([what for _one, what in questions])
    )
    amount = {ROWS: lambda row: 1, DWELL: lambda row: row[5], VALUE: lambda row: row[6]}
    for place, person in enumerate(of.person.tolist()):
        mine = [row for row in rows if row[0] == person]
        expected = [sum(amount[what](row) for row in mine if kinds_of(row, one)) for one, what in questions]
        assert totals[place].tolist() == expected


def done(rows: list[Row], one: Kinds, steps: int, within_ms: int) -> bool:
    """Whether any choice of rows is a way of doing all steps."""
    mine = [(row[1], kinds_of(row, one)) for row in rows]
    for places in itertools.combinations(range(len(mine)), steps):
        fits = all(mine[place][1] & (1 << step) for step, place in enumerate(places))
        near = all(mine[b][0] - mine[a][0] <= within_ms for a, b in itertools.pairwise(places))
        between = [mine[place][1] for a, b in itertools.pairwise(places) for place in range(a + 1, b)]
        if fits and near and not any(kinds >> steps for kinds in between):
            return True
    return False


@settings(deadline=None, max_examples=200)
@given(
    st.lists(st.tuples(*(st.integers(*one) for one in BETWEEN)), max_size=16),
    st.sets(st.integers(0, 6), max_size=2),
    st.lists(st.tuples(asked(4), st.integers(2, 3), st.integers(0, 20)), min_size=1, max_size=4),
)
def test_steps_in_order_are_those_of_each_question_alone(
    rows: list[Row], skip: set[int], questions: list[tuple[Kinds, int, int]]
) -> None:
    rows.sort(key=lambda row: row[:2])
    part = columns(rows, skip)
    of = runs(part)
    kinds, steps, within = zip(*questions, strict=True)
    found = in_order(part, of, Questions.of(kinds), np.array(steps), np.array(within))
    for place, person in enumerate(of.person.tolist()):
        mine = [row for row in rows if row[0] == person]
        assert found[place].tolist() == [done(mine, *one) for one in questions]
