"""Owners by time of what was unbound; all expectations by hand."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import pytest

PHONE, A, B = "mobile:1", "taobao_ouid@a:1", "douyin_openid@b:2"


@pytest.fixture
def owners(new_world: Callable[[], Any], fact: Callable[..., Any], start: Any) -> Callable[..., Any]:
    """The owners of the phone as (name of the person, from day, to day), after some facts and decisions."""

    def ask(facts: list[tuple[str, float]], *rulings: tuple[Any, ...]) -> list[tuple[str, int | None, int | None]]:
        world = new_world()
        for one in rulings:
            world.rule(*one)
        world.load(fact(*each) for each in facts)
        question = "SELECT person, from_at, to_at FROM person_node WHERE type = 'mobile' ORDER BY from_at NULLS FIRST"
        return [
            (world.names().get(person, "?"), *(moment and (moment - start).days for moment in moments))
            for person, *moments in world.con.execute(question).fetchall()
        ]

    return ask


MOVED = [(f"{A} {PHONE}", 0), (f"!{PHONE}", 10), (f"{B} {PHONE}", 15)]


def test_it_belongs_to_one_after_the_other(owners: Callable[..., Any]) -> None:
    assert owners(MOVED) == [(A, None, 10), (B, 10, None)]


def test_it_comes_back(owners: Callable[..., Any]) -> None:
    back = [*MOVED, (f"!{PHONE}", 20), (f"{A} {PHONE}", 30)]
    assert owners(back) == [(A, None, 10), (B, 10, 20), (A, 20, None)]


def test_bound_to_the_same_person_again_nothing_shows(owners: Callable[..., Any]) -> None:
    assert owners([*MOVED[:2], (f"{A} {PHONE}", 15)]) == [(A, None, None)]


def test_not_seen_again_it_is_nobodys(owners: Callable[..., Any]) -> None:
    assert owners(MOVED[:2]) == [(A, None, 10)]


def test_seen_again_alone_it_is_a_person_of_its_own(owners: Callable[..., Any]) -> None:
    assert owners([*MOVED[:2], (PHONE, 15)]) == [(A, None, 10), ("?", 10, None)]


def test_what_happens_at_the_moment_itself_is_the_new_owners(owners: Callable[..., Any]) -> None:
    assert owners([*MOVED[:2], (f"{B} {PHONE}", 10)]) == [(A, None, 10), (B, 10, None)]


def test_a_join_by_hand_wins(owners: Callable[..., Any]) -> None:
    assert owners(MOVED, ("join", PHONE, A)) == [(A, None, None)]


def test_a_separation_by_hand_holds_in_every_era(owners: Callable[..., Any]) -> None:
    assert owners(MOVED, ("separate", PHONE, B)) == [(A, None, 10), ("?", 10, None)]


def test_taking_the_unbinding_back_leaves_what_was(new_world: Callable[[], Any], fact: Callable[..., Any]) -> None:
    world, never = new_world(), new_world()
    world.load(fact(*each) for each in MOVED)
    world.retract([2])
    never.load([fact(*MOVED[0])])
    never.last_seq += 1
    never.load([fact(*MOVED[2])])
    assert world.rows("person_node") == never.rows("person_node")
    assert world.rows("person_link") == never.rows("person_link")


PENDING: Final = "wecom_pending_id@corp:p"


def test_what_lives_for_ninety_days_is_anothers_afterwards(
    new_world: Callable[[], Any], fact: Callable[..., Any]
) -> None:
    world = new_world()
    world.load([fact(f"{PENDING} {A}", 0), fact(f"{PENDING} {A}", 89), fact(f"{PENDING} {B}", 200)])
    assert world.partition() == {frozenset({PENDING, A}), frozenset({PENDING, B})}
    assert (world.reason(PENDING, A), world.reason(PENDING, B)) == ((True, "unbound"), (True, "same_record"))


@pytest.mark.parametrize(("given_up", "phones"), [(["!mobile:1"], 4), ([], 3)])
def test_what_was_given_up_makes_room_for_another(
    new_world: Callable[[], Any], fact: Callable[..., Any], given_up: list[str], phones: int
) -> None:
    world = new_world()
    facts = [(f"member_no:m mobile:{number}", number * 10) for number in range(1, 5)]
    world.load(fact(*one) for one in [*facts, *((name, 15) for name in given_up)])
    (person,) = [one for one in world.partition() if "member_no:m" in one]
    assert len(person) == 1 + phones
