"""Touch lists, visits and combinations against slow readings of the same rows."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from dujiang.engine.kernels.touches import touch_lists
from dujiang.engine.kernels.visits import combinations, visits

Rows = list[tuple[int, int, int, int]]
ROWS: st.SearchStrategy[Rows] = st.lists(
    st.tuples(st.integers(1, 3), st.integers(0, 20), st.integers(0, 3), st.integers(-1, 2)), min_size=1, max_size=24
).map(lambda rows: sorted(rows, key=lambda one: one[:2]))
"""Person, moment, bits and code."""


def columns(rows: Rows) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    person, at_ms, bits, code = (np.array(column) for column in zip(*rows, strict=True))
    return person, at_ms, bits.astype(np.uint32), code.astype(np.int32)


def collapsed(rows: Rows, touches: list[int], collapse: int) -> list[int]:
    kept: list[int] = []
    for row in touches:
        if kept and rows[kept[-1]][3] == rows[row][3] and rows[row][1] - rows[kept[-1]][1] <= collapse:
            kept.pop()
        kept.append(row)
    return kept


def slowly(
    rows: Rows, start: int, end: int, look_back: int, restart: bool, collapse: int, limit: int
) -> list[tuple[int, int, list[int]]]:
    lists = []
    for person in sorted({one[0] for one in rows}):
        own = [row for row, one in enumerate(rows) if one[0] == person]
        touches = [row for row in own if rows[row][2] & 1 and rows[row][3] >= 0]
        conversions = [row for row in own if rows[row][2] & 2]
        for nth, conversion in enumerate(conversions):
            at = rows[conversion][1]
            earlier = rows[conversions[nth - 1]][1] if nth and restart else -99
            found = [row for row in touches if at - look_back <= rows[row][1] <= at and rows[row][1] > earlier]
            if start <= at < end:
                lists.append((person, conversion, collapsed(rows, found, collapse)[-limit:]))
        latest = max((rows[row][1] for row in conversions), default=-99)
        found = [row for row in touches if end - look_back <= rows[row][1] < end and rows[row][1] > latest]
        if found:
            lists.append((person, -1, collapsed(rows, found, collapse)[-limit:]))
    return lists


@settings(deadline=None, max_examples=400)
@given(
    ROWS,
    st.integers(0, 8),
    st.integers(9, 22),
    st.integers(0, 12),
    st.booleans(),
    st.integers(-1, 4),
    st.integers(1, 4),
    st.integers(1, 9),
)
def test_touch_lists_are_those_that_one_would_write_down(
    rows: Rows, start: int, end: int, look_back: int, restart: bool, collapse: int, limit: int, at_once: int
) -> None:
    turns = touch_lists(
        *columns(rows),
        from_ms=start,
        to_ms=end,
        look_back_ms=look_back,
        restart=restart,
        collapse_ms=collapse,
        limit=limit,
        at_once=at_once,
    )
    longest = max(sum(one[2] & 1 for one in rows if one[0] == who) for who in {one[0] for one in rows})
    lists: list[tuple[int, int, list[int]]] = []
    for found in turns:
        assert len(found.rows) <= max(at_once, longest)
        parts = [part.tolist() for part in np.split(found.rows, found.offsets[1:-1])] if len(found.person) else []
        lists += zip(found.person.tolist(), found.conversion.tolist(), parts, strict=True)
    assert lists == slowly(rows, start, end, look_back, restart, collapse, limit)


def test_room_is_made_for_many_lists() -> None:
    people, each = 3_000, 9
    person, at_ms = np.repeat(np.arange(people), each), np.tile(np.arange(each), people)
    bits, code = np.tile([1] * (each - 1) + [2], people).astype(np.uint32), np.zeros(people * each, np.int32)
    (found,) = touch_lists(person, at_ms, bits, code, from_ms=0, to_ms=each, look_back_ms=each)
    assert found.offsets.tolist() == list(range(0, people * (each - 1) + 1, each - 1))
    assert found.rows.tolist() == [row for row in range(people * each) if row % each != each - 1]


@settings(deadline=None, max_examples=200)
@given(ROWS, st.integers(0, 6))
def test_visits_end_where_a_pause_is_too_long(rows: Rows, gap: int) -> None:
    expected: list[list[int]] = []
    for row, (person, at, bits, _code) in enumerate(rows):
        if not bits:
            continue
        last = rows[expected[-1][-1]] if expected else (0, 0, 0, 0)
        if expected and last[0] == person and at - last[1] <= gap:
            expected[-1].append(row)
        else:
            expected.append([row])
    found = visits(*columns(rows)[:3], gap)
    assert found.first.tolist() == [one[0] for one in expected]
    assert found.last.tolist() == [one[-1] for one in expected]
    assert found.rows.tolist() == [len(one) for one in expected]


@settings(deadline=None, max_examples=200)
@given(ROWS)
def test_combinations_name_every_code_of_a_person(rows: Rows) -> None:
    person, _at, bits, code = columns(rows)
    persons, sets = combinations(person, bits, code * 30)
    expected: dict[int, int] = {}
    for who, _moment, kinds, of in rows:
        if kinds and of >= 0:
            expected[who] = expected.get(who, 0) | 1 << of * 30
    assert dict(zip(persons.tolist(), sets.tolist(), strict=True)) == expected
