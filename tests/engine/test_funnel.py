"""Funnels against making every chain, for every rule and their combinations."""

from __future__ import annotations

from itertools import groupby

import numpy as np
import pytest
from chain_kit import Result, Row, furthest
from hypothesis import given, settings
from hypothesis import strategies as st

from dujiang.engine.kernels.funnel import EVER, STEPS_MAX, Chains, Exclusion, Funnel, Order, Ties, funnel
from dujiang.foundation.errors import InvalidInput

DAYS = [-1, 7, 13, 22]
"""Days of unequal length, as they are where clocks change."""
Rows = list[tuple[int, int, int, int]]
"""Person, moment, bits and code of a property."""


@st.composite
def funnels(draw: st.DrawFn) -> Funnel:
    steps = draw(st.integers(1, 4))
    orders: list[Order] = ["ordered", "ordered", "strict", "any"]
    every: list[Ties] = ["rows", "steps", "either", "never"]
    order = draw(st.sampled_from(orders))
    ties = draw(st.sampled_from(every[:2] if order == "any" else every))
    free = order != "any"
    optional = frozenset(step for step in range(1, steps - 1) if free and draw(st.booleans()))
    firm = [step for step in range(steps) if step not in optional]
    spans = [Exclusion(a, b) for a in firm for b in firm if a < b] if free else [Exclusion(0, steps - 1)] * (steps > 1)
    return Funnel(
        steps,
        order,
        ties,
        once=free and draw(st.booleans()),
        optional=optional,
        window_ms=draw(st.sampled_from([EVER, 4, 9])),
        step_ms=tuple(draw(st.sampled_from([EVER, 0, 3, 6])) for _ in range(steps)) if draw(st.booleans()) else (),
        days=draw(st.sampled_from([None, None, 1, 2])),
        exclusions=tuple(draw(st.lists(st.sampled_from(spans), max_size=2))) if spans else (),
        reentry=draw(st.booleans()),
    )


ROWS = st.lists(
    st.tuples(st.integers(1, 3), st.integers(0, 18), st.integers(0, 63), st.integers(-1, 1)), min_size=1, max_size=16
)
PLAIN_ROWS = st.lists(
    st.tuples(st.integers(1, 2), st.integers(0, 6), st.sampled_from([1, 1, 2, 2, 4, 8, 16]), st.just(0)),
    min_size=1,
    max_size=16,
)
"""One step a row, and many of the same moment."""


def found(rows: Rows, of: Funnel, held: bool = False) -> Chains:
    columns = [np.array(column) for column in zip(*rows, strict=True)]
    codes = columns[3].astype(np.int32) if held else np.empty(0, np.int32)
    bits = (columns[2] & ((1 << (of.steps + len(of.exclusions))) - 1)).astype(np.uint32)
    return funnel(columns[0], columns[1], bits, of, codes, np.array(DAYS))


def slowly(rows: Rows, of: Funnel, held: bool = False) -> list[tuple[int, Result]]:
    keep = (1 << (of.steps + len(of.exclusions))) - 1
    made: dict[tuple[int, int], list[Row]] = {}
    for place, (person, at_ms, bits, code) in enumerate(rows):
        if bits & keep and (code >= 0 or not held):
            made.setdefault((person, code if held else 0), []).append(Row(place, at_ms, bits & keep))
    results = [(person, furthest(own, of, DAYS)) for (person, _code), own in sorted(made.items())]
    return [(person, result) for person, result in results if result.reached]


def as_results(chains: Chains) -> list[tuple[int, Result]]:
    columns = (column.tolist() for column in chains)
    return [(person, Result(reached, tuple(rows), done)) for person, reached, rows, done in zip(*columns, strict=True)]


def moments(results: list[tuple[int, Result]], rows: Rows) -> list[tuple[int, int, int, int, int, int]]:
    """How many rows there are, and the first and last moment, in place of rows: those of one moment are equally good."""
    taken = [[rows[place][1] for place in one.rows if place >= 0] for _person, one in results]
    return [
        (person, one.reached, one.completed, len(at), at[0], at[-1])
        for (person, one), at in zip(results, taken, strict=True)
    ]


@settings(deadline=None, max_examples=250)
@given(ROWS | PLAIN_ROWS, funnels(), st.booleans())
def test_every_rule_agrees_with_making_every_chain(rows: Rows, of: Funnel, held: bool) -> None:
    rows = [
        one for _who, own in groupby(sorted(rows, key=lambda one: one[:2]), lambda one: one[0]) for one in list(own)[:7]
    ]
    fast, slow = as_results(found(rows, of, held)), slowly(rows, of, held)
    if of.ties == "either":
        assert moments(fast, rows) == moments(slow, rows)
    else:
        assert fast == slow


A, B, C, X = 1, 2, 4, 8


@pytest.mark.parametrize(
    ("rows", "of", "reached", "completed"),
    [
        ([(0, A), (5, B), (9, C)], Funnel(3), 3, 1),
        ([(0, A), (5, C), (9, B)], Funnel(3), 2, 0),
        ([(0, A), (10, B)], Funnel(2, window_ms=10), 2, 1),  # the end of the window belongs to it
        ([(0, A), (11, B)], Funnel(2, window_ms=10), 1, 0),
        ([(0, A), (8, A), (11, B)], Funnel(2, window_ms=10), 2, 1),  # a later start counts
        ([(0, A | B)], Funnel(2), 1, 0),  # one row is not two steps
        ([(0, A | B), (1, A | B)], Funnel(2), 2, 1),
        ([(0, B), (0, A)], Funnel(2), 1, 0),
        ([(0, B), (0, A)], Funnel(2, ties="steps"), 2, 1),
        ([(0, B), (0, A)], Funnel(2, ties="either"), 2, 1),
        ([(0, A), (0, B)], Funnel(2, ties="never"), 1, 0),
        ([(0, A), (0, B), (1, B)], Funnel(2, ties="never"), 2, 1),  # ClickHouse's strict_increase loses such chains
        ([(0, A | B), (0, A)], Funnel(2, ties="steps"), 1, 0),  # both are read as step 1 first
        ([(0, A | B), (0, A)], Funnel(2, ties="either"), 2, 1),
        ([(0, A), (1, C), (2, B), (3, C)], Funnel(3, "strict"), 1, 0),
        ([(0, A), (1, C), (2, A), (3, B), (4, C)], Funnel(3, "strict"), 3, 1),  # it is tried again after a break
        ([(0, A), (1, A), (2, B), (3, B), (4, C)], Funnel(3, "strict"), 3, 1),  # repeats are no break
        ([(0, A), (1, B), (2, A), (3, C)], Funnel(3, once=True), 2, 0),
        ([(0, A), (1, B), (2, A), (3, B), (4, C)], Funnel(3, once=True), 3, 1),
        ([(0, C), (1, A), (2, B)], Funnel(3, "any", window_ms=2), 3, 1),
        ([(0, C), (1, A), (3, B)], Funnel(3, "any", window_ms=2), 2, 0),
        ([(0, A | B), (1, A | B)], Funnel(3, "any"), 2, 0),
        (
            [(0, C), (4, A), (9, B)],
            Funnel(3, "any", step_ms=(4, 5, 0)),
            3,
            1,
        ),  # the first of them has no step before it
        ([(0, C), (5, A), (9, B)], Funnel(3, "any", step_ms=(4, 5, 0)), 2, 0),
        ([(0, A), (1, B), (9, B), (10, C)], Funnel(3, "any", step_ms=(0, 9, 1)), 3, 1),  # the later of two, too
        ([(0, A), (1, B), (9, B), (10, C)], Funnel(3, "any", step_ms=(0, 8, 1)), 2, 0),
        ([(0, A), (1, X | B), (2, C)], Funnel(3, "any", step_ms=(9, 9, 9), exclusions=(Exclusion(0, 2),)), 2, 0),
        ([(0, C), (0, A), (0, B)], Funnel(3, ties="either", optional=frozenset({1})), 3, 1),
        ([(0, B), (5, C), (5, B | A), (5, A)], Funnel(3, ties="either", optional=frozenset({1})), 3, 1),
        ([(0, A), (1, X), (2, B)], Funnel(3, exclusions=(Exclusion(0, 1),)), 1, 0),
        ([(0, A), (1, X), (2, A), (3, B)], Funnel(3, exclusions=(Exclusion(0, 1),)), 2, 0),
        ([(0, A), (2, B), (3, X), (4, C)], Funnel(3, exclusions=(Exclusion(0, 1),)), 3, 1),
        ([(0, A), (2, B), (3, X), (4, C)], Funnel(3, exclusions=(Exclusion(0, 2),)), 2, 0),
        ([(0, A), (1, B), (1, C | X)], Funnel(3, ties="either", exclusions=(Exclusion(0, 2),)), 3, 1),
        ([(0, A), (2, C)], Funnel(3, optional=frozenset({1})), 3, 1),
        ([(0, A), (1, B), (2, A), (3, C)], Funnel(3, optional=frozenset({1})), 3, 1),
        ([(0, A), (9, B), (11, C)], Funnel(3, step_ms=(0, 9, 1)), 2, 0),
        ([(0, A), (9, B), (10, C)], Funnel(3, step_ms=(0, 9, 1)), 3, 1),
        ([(6, A), (7, B)], Funnel(2, days=1), 1, 0),  # a day begins at 7
        ([(7, A), (12, B)], Funnel(2, days=1), 2, 1),
        ([(6, A), (12, B)], Funnel(2, days=2), 2, 1),
        ([(0, A), (1, B), (2, A), (3, A), (4, B), (5, B)], Funnel(2, reentry=True), 2, 2),
        ([(0, A), (1, B), (2, A), (4, B)], Funnel(2), 2, 1),
    ],
)
def test_by_hand(rows: list[tuple[int, int]], of: Funnel, reached: int, completed: int) -> None:
    chains = found([(1, at_ms, bits, 0) for at_ms, bits in rows], of)
    assert (chains.reached.tolist(), chains.completed.tolist()) == ([reached], [completed])


def test_the_optional_step_is_taken_where_it_was_done() -> None:
    rows: Rows = [(1, 0, A, 0), (1, 1, B, 0), (1, 2, A, 0), (1, 3, C, 0)]
    assert found(rows, Funnel(3, optional=frozenset({1}))).rows.tolist() == [[0, 1, 3]]
    assert found(rows, Funnel(3, optional=frozenset({1}), window_ms=2)).rows.tolist() == [[2, -1, 3]]


def test_of_rows_of_one_moment_as_many_optional_steps_are_taken_as_there_are_rows_for() -> None:
    rows: Rows = [(1, 3, C, 0), (1, 3, B | C, 0), (1, 3, A | B, 0), (1, 3, 8, 0)]
    taken = found(rows, Funnel(4, ties="either", optional=frozenset({1, 2}))).rows
    assert sorted(taken[0]) == [0, 1, 2, 3] and taken[0][0] == 2 and taken[0][3] == 3
    limited = found(
        [(1, 0, A, 0), (1, 5, B, 0), (1, 5, C, 0)], Funnel(3, ties="either", optional=frozenset({1}), step_ms=(0, 4, 9))
    )
    assert limited.rows.tolist() == [[0, -1, 2]]  # too late for the step that may be left out


def test_in_any_order_the_chain_that_starts_last_is_told() -> None:
    rows: Rows = [(1, 0, A, 0), (1, 2, B, 0), (1, 3, A, 0), (1, 5, B, 0), (1, 6, C, 0)]
    assert found(rows, Funnel(3, "any", step_ms=(9, 9, 9))).rows.tolist() == [[2, 3, 4]]
    assert found(rows, Funnel(3, "any", step_ms=(9, 1, 9))).rows.tolist() == [[1, 2, 4]]


def test_a_property_that_is_held_makes_chains_of_its_values() -> None:
    rows: Rows = [(1, 0, A, 5), (1, 1, A, 6), (1, 2, B, 6), (1, 3, B, -1), (2, 0, A, -1), (2, 1, B, 5)]
    chains = found(rows, Funnel(2), held=True)
    assert (chains.person.tolist(), chains.reached.tolist()) == ([1, 1], [1, 2])
    assert chains.rows.tolist() == [[0, -1], [1, 2]]


@pytest.mark.parametrize("of", [Funnel(3), Funnel(3, "strict"), Funnel(3, step_ms=(0, 40, 40), window_ms=70)])
def test_many_rows_of_many_people(of: Funnel) -> None:
    """Nothing is lost where room has to be made: the same person again and again gives the same again and again."""
    rng = np.random.default_rng(3)
    own = [
        (1, int(at), int(bit), 0)
        for at, bit in zip(np.sort(rng.integers(0, 900, 700)), rng.integers(1, 8, 700), strict=True)
    ]
    one = found(own, of)
    people = 3000
    rows = np.array(own)
    bits = np.tile(rows[:, 2], people).astype(np.uint32)
    many = funnel(np.repeat(np.arange(people), 700), np.tile(rows[:, 1], people), bits, of)
    assert len(many.person) == people
    assert (many.rows == one.rows + np.arange(people)[:, None] * 700).all()


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"steps": 0}, "funnel.steps"),
        ({"steps": STEPS_MAX + 1}, "funnel.steps"),
        ({"steps": 3, "optional": frozenset({2})}, "funnel.optional"),
        ({"steps": 3, "step_ms": (1, 2)}, "funnel.step_windows"),
        ({"steps": 3, "exclusions": (Exclusion(1, 1),)}, "funnel.exclusion"),
        ({"steps": 3, "exclusions": (Exclusion(0, 1),), "optional": frozenset({1})}, "funnel.exclusion"),
        ({"steps": 3, "order": "any", "once": True}, "funnel.any_order"),
        ({"steps": 3, "order": "any", "exclusions": (Exclusion(0, 1),)}, "funnel.any_order"),
        ({"steps": 3, "order": "any", "optional": frozenset({1}), "step_ms": (1, 1, 1)}, "funnel.any_order"),
    ],
)
def test_what_does_not_fit_together_is_refused(wrong: dict[str, object], code: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        Funnel(**wrong)  # pyright: ignore[reportArgumentType]
    assert refused.value.code == code
