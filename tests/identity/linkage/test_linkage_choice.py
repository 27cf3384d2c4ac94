"""What may be joined without asking."""

from __future__ import annotations

import duckdb
import pytest

from dujiang.collect.identifier_types import IdentifierTypes
from dujiang.identity.linkage.choose import obstacle, within_limits
from dujiang.identity.linkage.model import FieldEvidence


def told(**levels):
    return [FieldEvidence(field, level, 1.0) for field, level in levels.items()]


@pytest.mark.parametrize(
    ("levels", "single", "code"),
    [
        ({"name": "equal", "birthday": "unknown", "address": "same_door", "gender": "equal"}, True, ""),
        ({"name": "same_sound", "birthday": "equal"}, True, ""),
        ({"name": "one_character", "birthday": "equal", "address": "same_door"}, True, "name"),
        ({"name": "same_surname", "birthday": "equal", "address": "same_door"}, True, "name"),
        ({"name": "equal", "gender": "different"}, True, "gender"),
        ({"name": "equal", "birthday": "same_year"}, True, "birthday"),
        ({"name": "equal", "birthday": "different"}, True, "birthday"),
        ({"name": "equal"}, False, "several_names"),
    ],
)
def test_twins_households_and_givers_are_never_joined_unasked(levels, single, code):
    assert obstacle(told(**levels), single=single) == code


@pytest.fixture
def con():
    con = duckdb.connect()
    con.sql("CREATE TABLE person_node (node BIGINT, type VARCHAR, person BIGINT)")
    rows = [(1, "member_no", 1), (2, "mobile", 1), (3, "member_no", 3), (4, "taobao_buyer", 4), (5, "taobao_buyer", 5)]
    con.executemany("INSERT INTO person_node VALUES (?, ?, ?)", rows)
    return con


def test_two_member_numbers_are_two_people(con):
    types = IdentifierTypes.of()
    assert types.limit("member_no") == 1
    assert within_limits(con, types, [(1, 3)]) == [False]


def test_a_limit_holds_for_all_joins_together(con):
    assert within_limits(con, IdentifierTypes.of(), [(1, 4), (3, 4), (3, 5)]) == [True, False, True]


def test_somebody_who_is_gone_is_not_joined(con):
    assert within_limits(con, IdentifierTypes.of(), [(1, 99)]) == [False]
    assert within_limits(con, IdentifierTypes.of(), []) == []
