"""Marks count people exactly as sets do."""

from __future__ import annotations

from datetime import date
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dujiang.insight import marks
from dujiang.insight.marks import People, coded, counted, in_several

rows = st.lists(st.tuples(st.integers(0, 4), st.integers(-3, 5), st.sampled_from("abc"), st.booleans()), max_size=60)


@settings(deadline=None)
@given(rows)
def test_people_and_rows_of_a_place_are_those_of_sets(stated: list[tuple[int, int, str, bool]]) -> None:
    place, person, which = columns(stated)
    people, behind = counted(place, 5, person, which)
    for number in range(5):
        mine = [who for where, who, _channel, counts in stated if where == number and counts]
        assert (people[number], behind[number]) == (len(set(mine)), len(mine))


@settings(deadline=None)
@given(rows)
def test_sorting_gives_what_marks_give(stated: list[tuple[int, int, str, bool]]) -> None:
    place, person, which = columns(stated)
    with pytest.MonkeyPatch.context() as patch:
        expected = np.array(counted(place, 5, person, which)).tolist()
        patch.setattr(marks, "_BITS_MAX", 0)
        assert np.array(counted(place, 5, person, which)).tolist() == expected


@settings(deadline=None)
@given(rows)
def test_who_was_in_several_channels_of_a_scope(stated: list[tuple[int, int, str, bool]]) -> None:
    scope, person, which = columns(stated)
    channel = coded(pa.chunked_array([pa.array([row[2] for row in stated], pa.string())]))
    found = in_several(scope, person, channel, which).tolist()
    for row, several in zip(stated, found, strict=True):
        mine = {other[2] for other in stated if other[:2] == row[:2] and other[3]}
        assert several == (row[3] and len(mine) > 1)


def columns(stated: list[tuple[int, int, str, bool]]) -> tuple[Any, Any, Any]:
    person = People.of(pa.chunked_array([pa.array([row[1] for row in stated], pa.int64())]))
    return np.array([row[0] for row in stated], np.int64), person, np.array([row[3] for row in stated], np.bool_)


@settings(deadline=None)
@given(st.lists(st.integers(-(2**63), 2**63 - 1)), st.lists(st.integers(-(2**63), 2**63 - 1)))
def test_people_have_one_number_each_and_are_found_again(persons: list[int], others: list[int]) -> None:
    people = People.of(pa.chunked_array([pa.array(persons, pa.int64())]))
    order = list(dict.fromkeys(persons))
    assert people.code.tolist() == [order.index(one) for one in persons]
    chosen = others + persons[::2]
    found = people.among(pa.chunked_array([pa.array(chosen, pa.int64())])).tolist()
    assert found == [one in chosen for one in order]


def test_many_people_outgrow_the_first_table() -> None:
    persons = np.arange(20_000, dtype=np.int64) * 4096
    people = People.of(pa.chunked_array([pa.array(np.tile(persons, 2))]))
    assert people.size == 20_000
    assert people.code.tolist() == list(range(20_000)) * 2


@settings(deadline=None)
@given(
    st.one_of(
        st.lists(st.integers(-3, 200_000).filter(lambda n: n % 7 == 0), max_size=40),
        st.lists(st.dates(date(1900, 1, 1), date(2199, 12, 31)), max_size=40),
        st.lists(st.integers(-(2**62), 2**62), max_size=40),
        st.lists(st.sampled_from(["", "a", "b"]), max_size=40),
    )
)
def test_codes_stand_for_the_values_of_the_rows(values: list[Any]) -> None:
    kind = pa.array(values).type if values else pa.int32()
    half = len(values) // 2
    found = coded(pa.chunked_array([pa.array(values[:half], kind), pa.array(values[half:], kind)]))
    assert [found.values[code] for code in found.code] == values
    assert set(found.values) == set(values)
