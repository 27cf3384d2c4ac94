"""What links make of people: every expected relation is written by hand."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

import duckdb
import pytest

from dujiang.collect.identifier_types import IdentifierTypes
from dujiang.engine.rules import rule_table
from dujiang.engine.schema import create_own_tables, create_tables
from dujiang.people.relations import presets
from dujiang.people.relations.compute import in_turn, relate
from dujiang.people.relations.model import RelationSpec, Rule

TYPES = IdentifierTypes.of()
RULES = [Rule(one.name, RelationSpec.model_validate(one.spec)) for one in presets()]
START = datetime(2026, 3, 1, tzinfo=UTC)


class World:
    """Persons with one member number each, and things that they were seen with."""

    def __init__(self) -> None:
        self.con = duckdb.connect()
        self.con.execute("SET TimeZone = 'UTC'")
        create_tables(self.con)
        create_own_tables(self.con)
        names = ["member_no", "mobile", "device_id", "address"]
        self.con.register("rules", rule_table(names, TYPES))
        self.con.execute("INSERT INTO identifier_rule BY NAME FROM rules")
        self.con.unregister("rules")

    def person(self, number: int, *, orders: int = 0) -> None:
        """Person ``number``, whose member number is the node of the same number."""
        self._node(number, "member_no", number, "owner")
        self.con.execute("INSERT INTO person (person, orders) VALUES (?, ?)", [number, orders])

    def thing(self, node: int, type_: str, owner: int | None = None, role: str = "shared") -> None:
        self._node(node, type_, node if owner is None else owner, role)

    def _node(self, node: int, type_: str, person: int, role: str) -> None:
        self.con.execute("INSERT INTO person_node VALUES (?, ?, ?, NULL, NULL, ?)", [node, type_, person, role])

    def seen(self, thing: int, person: int, days: Iterable[int], reason: str = "shared") -> None:
        """Person ``person`` was seen with ``thing`` on ``days``, one record each."""
        moments = [START + timedelta(days=day) for day in days]
        a, b = sorted((thing, person))
        self.con.execute(
            "INSERT INTO person_link VALUES (?, ?, ?, false, ?, ?, ?, ?)",
            [a, b, person, reason, min(moments), max(moments), len(moments)],
        )

    def found(self, rules: list[Rule] = RULES) -> set[tuple[Any, ...]]:
        """Every relation as (person, kind, part, other)."""
        self.con.execute("DELETE FROM person_relation")
        relate(self.con, rules, TYPES, "person_relation")
        return set(self.con.execute("SELECT person, kind, part, other FROM person_relation").fetchall())


@pytest.fixture
def world() -> World:
    return World()


def test_people_behind_one_door_are_a_household(world: World) -> None:
    for person in (1, 2, 3):
        world.person(person)
        world.seen(90, person, [person, 30], reason="not_joining")
    world.thing(90, "address", role="alone")
    pairs = {(one, "household", "pair", other) for one in (1, 2, 3) for other in (1, 2, 3) if one != other}
    assert world.found() == pairs
    rows = world.con.execute(
        "SELECT people, facts, first_at, last_at, strength FROM person_relation WHERE person = 1 AND other = 2"
    ).fetchall()
    # Two records of either, half the doubt left by each, shared by two others.
    assert rows == [(3, 4, START + timedelta(days=1), START + timedelta(days=30), 0.375)]


def test_a_phone_in_one_period_is_shared_and_a_new_owner_is_no_relation(world: World) -> None:
    for person in (1, 2, 3, 4):
        world.person(person)
    world.thing(90, "mobile", owner=1, role="owner")
    world.seen(90, 1, [0, 50], reason="same_record")
    world.seen(90, 2, [20, 80], reason="limit:member_no")
    world.thing(91, "mobile", owner=3, role="owner")
    world.seen(91, 3, [0, 50], reason="same_record")
    world.seen(91, 4, [60, 90], reason="limit:member_no")
    assert world.found() == {(1, "shared_phone", "pair", 2), (2, "shared_phone", "pair", 1)}


def test_of_three_only_those_whose_periods_meet_share_a_device(world: World) -> None:
    for person, days in ((1, [0, 30]), (2, [10, 70]), (3, [60, 90])):
        world.person(person)
        world.seen(90, person, days, reason="shared_device")
    world.thing(90, "device_id")
    assert world.found() == {(one, "shared_device", "pair", other) for one, other in ((1, 2), (2, 1), (2, 3), (3, 2))}


def test_a_tablet_of_many_is_a_hub_and_not_all_their_pairs(world: World) -> None:
    many = range(1, 201)
    for person in many:
        world.person(person, orders=1)
        world.seen(900, person, [person], reason="shared_device")
    world.thing(900, "device_id")
    assert world.found() == {(person, "store_device", "spoke", 900) for person in many} | {
        (900, "store_device", "hub", None)
    }


@pytest.mark.parametrize(
    ("days", "orders", "kind"), [(1, 1, "scalper"), (30, 1, "store_device"), (1, 0, "store_device")]
)
def test_accounts_that_turn_up_within_days_and_buy_are_suspected(
    world: World, days: int, orders: int, kind: str
) -> None:
    for person in range(1, 11):
        world.person(person, orders=orders)
        world.seen(900, person, [person * days], reason="shared_device")
    world.thing(900, "device_id")
    assert {row[1] for row in world.found()} == {kind}


def test_a_card_with_many_customers_is_staff_and_its_owner_the_hub(world: World) -> None:
    for person in range(1, 13):
        world.person(person)
    world.thing(900, "member_no", owner=1, role="owner")
    for person in range(1, 13):
        world._node(100 + person, "mobile", person, "owner")
        world.seen(900, 100 + person, [person * 20], reason="limit:mobile")
    assert world.found() == {(person, "staff", "spoke", 1) for person in range(2, 13)} | {(1, "staff", "hub", None)}


@pytest.mark.parametrize(("own_records", "kinds"), [(1, {"staff"}), (4, set())])
def test_a_card_that_is_mostly_its_owners_is_no_staffs(world: World, own_records: int, kinds: set[str]) -> None:
    for person in (1, 2, 3):
        world.person(person)
        world._node(100 + person, "mobile", person, "owner")
        days = [person + 10 * number for number in range(own_records if person == 1 else 1)]
        world.seen(900, 100 + person, days, reason="limit:mobile")
    world.thing(900, "member_no", owner=1, role="owner")
    assert {row[1] for row in world.found()} == kinds


@pytest.mark.parametrize(("most", "kind"), [(2, "store_device"), (9, "shared_device")])
def test_a_device_that_nobody_has_most_of_the_time_is_a_stores(world: World, most: int, kind: str) -> None:
    for person in (1, 2, 3, 4):
        world.person(person)
        world.seen(900, person, range(most if person == 1 else 2), reason="shared_device")
    world.thing(900, "device_id")
    assert {row[1] for row in world.found()} == {kind}


def test_a_thing_of_one_person_a_distrusted_link_and_a_device_beside_it_say_nothing(world: World) -> None:
    for person in (1, 2):
        world.person(person)
    world.thing(90, "device_id", owner=1, role="owner")
    world.seen(90, 1, [0, 9], reason="same_record")
    world.seen(90, 2, [3], reason="distrusted")
    world.thing(91, "device_id", role="alone")
    world.seen(90, 91, [3], reason="same_record")
    assert world.found() == set()


def test_a_number_that_changed_hands_is_each_owners_at_their_time(world: World) -> None:
    world.person(1)
    world.person(2)
    world.thing(91, "device_id")
    split = START + timedelta(days=40)
    world.con.execute("INSERT INTO person_node VALUES (90, 'mobile', 1, NULL, ?, 'owner')", [split])
    world.con.execute("INSERT INTO person_node VALUES (90, 'mobile', 2, ?, NULL, 'owner')", [split])
    world.seen(91, 90, [10, 60], reason="shared_device")
    world.seen(91, 2, [50], reason="shared_device")
    # The number's records with the device began while it was the first owner's.
    assert world.found() == {(1, "shared_device", "pair", 2), (2, "shared_device", "pair", 1)}


def test_thresholds_are_the_definitions(world: World) -> None:
    for person in (1, 2, 3):
        world.person(person)
        world.seen(90, person, [person, 30], reason="not_joining")
    world.thing(90, "address", role="alone")
    own = RelationSpec(through=("address",), people_from=3, pairs_to=2, facts_from=2)
    assert world.found([Rule("flat", own)]) == {(one, "flat", "spoke", 90) for one in (1, 2, 3)} | {
        (90, "flat", "hub", None)
    }
    assert world.found([Rule("flat", own.model_copy(update={"facts_from": 3}))]) == set()
    assert world.found([Rule("flat", own.model_copy(update={"people_from": 4}))]) == set()


def test_one_thing_has_one_kind_and_the_lower_rank_comes_first() -> None:
    assert [rule.name for rule in in_turn(RULES)] == [
        "scalper", "shared_phone", "staff", "store_device", "household", "shared_device",
    ]  # fmt: skip


def test_rows_through_a_thing_grow_with_its_people(world: World) -> None:
    for person in range(1, 1001):
        world.person(person)
        world.seen(5000, person, [person % 300], reason="not_joining")
    world.thing(5000, "address", role="alone")
    own = RelationSpec(through=("address",), pairs_to=20)
    assert len(world.found([Rule("block", own)])) == 1001


def test_a_range_that_holds_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="below people_from"):
        RelationSpec(through=("mobile",), people_from=5, people_to=4)
