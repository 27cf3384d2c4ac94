"""What somebody decided wins over the rules, and can be taken back without a trace."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dujiang.collect.identifier_types import KIND, IdentifierTypes, presets
from dujiang.foundation.definitions import Definition

M1, M2, M3 = "member_no:M1", "member_no:M2", "member_no:M3"
PHONE, MAIL, COOKIE, TABLET = "mobile:1", "email:a@b.cn", "anonymous_id:c1", "device_id:tablet"

NAMES = [
    *(f"member_no:{number}" for number in range(3)),
    *(f"wechat_unionid:{number}" for number in range(2)),
    *(f"mobile:{number}" for number in range(4)),
    "email:1",
    *(f"device_id:{number}" for number in range(2)),
    *(f"anonymous_id:{number}" for number in range(4)),
]


def _names(*persons: str) -> set[frozenset[str]]:
    return {frozenset(person.split()) for person in persons}


@pytest.fixture
def world(new_world: Callable[..., Any]) -> Any:
    return new_world()


class TestSeparate:
    """Two identifiers that are never one person."""

    def test_the_weaker_links_give_way(self, world: Any, fact: Callable[..., Any]) -> None:
        world.load([fact(f"{M1} {PHONE}"), fact(f"{PHONE} {MAIL}", 1), fact(f"{M1} {MAIL}", 2)])
        world.rule("separate", M1, PHONE)
        world.resolve()
        assert world.partition() == _names(f"{M1} {MAIL}", PHONE)
        assert world.reason(M1, PHONE) == (False, "separated")
        assert world.reason(PHONE, MAIL) == (False, "separated")

    def test_a_merge_is_taken_back_whole(self, world: Any, fact: Callable[..., Any]) -> None:
        world.load([fact(f"{M1} {PHONE} {COOKIE}"), fact(f"wechat_unionid:w {MAIL}", 1)])
        before = world.rows("person_node")
        world.load([fact(f"{MAIL} {PHONE}", 2)])
        assert world.partition() == _names(f"{M1} {PHONE} {COOKIE} wechat_unionid:w {MAIL}")
        world.rule("separate", MAIL, PHONE)
        world.resolve()
        assert world.rows("person_node") == before

    def test_a_device_goes_to_neither_that_it_is_separated_from(self, world: Any, fact: Callable[..., Any]) -> None:
        world.load([fact(f"{M1} {TABLET}"), fact(f"{TABLET} {COOKIE}", 1)])
        world.rule("separate", M1, TABLET)
        world.resolve()
        assert world.partition() == _names(M1, TABLET, COOKIE)
        assert world.reason(M1, TABLET) == (False, "separated")

    def test_two_devices_of_one_person(self, world: Any, fact: Callable[..., Any]) -> None:
        world.load([fact(f"{M1} {TABLET}"), fact(f"{M1} {COOKIE}", 1)])
        world.rule("separate", TABLET, COOKIE)
        world.resolve()
        assert len(world.partition()) == 2
        assert sorted([world.reason(M1, TABLET), world.reason(M1, COOKIE)]) == [
            (False, "separated"),
            (True, "same_record"),
        ]

    def test_a_recycled_number_does_not_come_back(self, world: Any, fact: Callable[..., Any]) -> None:
        world.load([fact(f"{M1} {PHONE}"), fact(f"{M1} {PHONE}", 3), fact(f"{M2} {PHONE}", 200)])
        world.rule("separate", M2, PHONE)
        world.resolve()
        assert world.partition() == _names(f"{M1} {PHONE}", M2)


class TestJoin:
    """Two identifiers that are one person, whatever the rules say."""

    def test_no_fact_needs_to_name_both(self, world: Any, fact: Callable[..., Any]) -> None:
        world.load([fact(f"{M1} {PHONE}"), fact(MAIL, 1)])
        world.rule("join", M1, MAIL)
        world.resolve()
        assert world.partition() == _names(f"{M1} {PHONE} {MAIL}")
        assert world.reason(M1, MAIL) == (True, "by_hand")

    def test_it_heeds_no_limit(self, world: Any, fact: Callable[..., Any]) -> None:
        world.load([fact(f"{M1} {PHONE}"), fact(f"{M2} {MAIL}", 1)])
        world.rule("join", M1, M2)
        world.resolve()
        assert world.partition() == _names(f"{M1} {PHONE} {M2} {MAIL}")

    def test_a_shared_number_given_to_one_is_shared_no_more(self, world: Any, fact: Callable[..., Any]) -> None:
        world.load([fact(f"member_no:{number} {PHONE}", number) for number in range(12)])
        world.rule("join", "member_no:7", PHONE)
        world.resolve()
        assert frozenset({"member_no:7", PHONE}) in world.partition()
        assert world.reason("member_no:3", PHONE) == (False, "limit:member_no")

    def test_a_tablet_given_to_one_of_its_users(self, world: Any, fact: Callable[..., Any]) -> None:
        world.load([fact(f"{M1} {TABLET}"), fact(f"{M2} {TABLET}", 1), fact(f"{TABLET} {COOKIE}", 2)])
        world.rule("join", M2, TABLET)
        world.resolve()
        assert world.partition() == _names(M1, f"{M2} {TABLET} {COOKIE}")
        assert world.reason(M1, TABLET) == (False, "shared_device")

    def test_devices_joined_by_hand_go_to_one_person(self, world: Any, fact: Callable[..., Any]) -> None:
        world.load([fact(TABLET), fact(COOKIE, 1)])
        world.rule("join", TABLET, COOKIE)
        world.resolve()
        assert world.partition() == _names(f"{TABLET} {COOKIE}")
        world.load([fact(f"{M1} {COOKIE}", 2)])
        assert world.partition() == _names(f"{M1} {TABLET} {COOKIE}")

    def test_separating_wins_over_joining(self, world: Any, fact: Callable[..., Any]) -> None:
        world.load([fact(M1), fact(M2, 1), fact(M3, 2)])
        world.rule("join", M1, M2)
        world.rule("join", M2, M3)
        world.rule("separate", M1, M3)
        world.resolve()
        assert world.partition() == _names(f"{M1} {M2}", M3)
        assert world.reason(M2, M3) == (False, "separated")

    def test_it_waits_for_an_identifier_to_come_back(self, world: Any, fact: Callable[..., Any]) -> None:
        world.load([fact(M1), fact(MAIL, 1)])
        world.rule("join", M1, MAIL)
        world.resolve()
        world.retract([2])
        assert world.partition() == _names(M1)
        world.load([fact(MAIL, 3)])
        assert world.partition() == _names(f"{M1} {MAIL}")


class TestBarAndDistrust:
    """Identifiers and sources that join no one."""

    def test_a_barred_identifier_stands_alone(self, world: Any, fact: Callable[..., Any]) -> None:
        world.load([fact(f"{M1} {PHONE}"), fact(f"{PHONE} {MAIL}", 1)])
        world.rule("bar", PHONE)
        world.resolve()
        assert world.partition() == _names(M1, PHONE, MAIL)
        assert (world.reason(M1, PHONE), world.roles()[PHONE]) == ((False, "barred"), "barred")

    def test_a_distrusted_source_joins_no_one(self, world: Any, fact: Callable[..., Any]) -> None:
        world.load(
            [fact(f"{M1} {PHONE}", 0, "shop"), fact(f"{M1} {MAIL}", 1, "flood"), fact(f"{M1} {PHONE}", 2, "flood")]
        )
        world.rule("distrust", source="flood")
        world.resolve()
        assert world.partition() == _names(f"{M1} {PHONE}", MAIL)
        assert world.reason(M1, MAIL) == (False, "distrusted")

    def test_only_what_came_between_is_not_believed(self, world: Any, fact: Callable[..., Any]) -> None:
        world.load(
            [fact(f"{M1} {PHONE}", 0, "flood"), fact(f"{M1} {MAIL}", 1, "flood"), fact(f"{M1} {COOKIE}", 2, "flood")]
        )
        world.rule("distrust", source="flood", seqs=(2, 2))
        world.resolve()
        assert world.partition() == _names(f"{M1} {PHONE} {COOKIE}", MAIL)

    def test_a_number_that_only_a_distrusted_source_spread_is_not_shared(
        self, world: Any, fact: Callable[..., Any]
    ) -> None:
        world.load([fact(f"{M1} {PHONE}"), *(fact(f"member_no:{n} {PHONE}", n, "flood") for n in range(20))])
        assert world.roles()[PHONE] == "shared"
        world.rule("distrust", source="flood")
        world.resolve()
        assert frozenset({M1, PHONE}) in world.partition()


# ── any sequence ────────────────────────────────────────────────────────────────────────────────────────────────────


def _types() -> IdentifierTypes:
    ready = {one.name: one for one in presets()}
    low = {"mobile": {"limit": 2, "shared_above": 2}, "anonymous_id": {"shared_above": 3}}
    return IdentifierTypes.of(
        Definition(kind=KIND, name=name, spec={**ready[name].spec, **changed}) for name, changed in low.items()
    )


def _step(world: Any, fact: Callable[..., Any], rng: random.Random) -> None:
    """Load, take back, decide or revoke, at random."""
    match rng.randrange(8):
        case 0 | 1:
            many = rng.randint(1, 6)
            world.load(
                fact(" ".join(rng.sample(NAMES, rng.randint(1, 3))), rng.choice([0, 1, 100, 210]), rng.choice("xyz"))
                for _ in range(many)
            )
        case 2 if world.facts:
            world.retract([rng.choice(sorted(world.facts))])
        case 3 | 4:
            world.rule(rng.choice(["separate", "join"]), *rng.sample(NAMES, 2))
            world.resolve()
        case 5:
            world.rule("bar", rng.choice(NAMES))
            world.resolve()
        case 6:
            seqs = (world.last_seq // 3, world.last_seq // 2) if rng.random() < 0.5 else None
            world.rule("distrust", source=rng.choice("xy"), seqs=seqs)
            world.resolve()
        case _ if world.rulings:
            world.rulings.pop(rng.randrange(len(world.rulings)))
            world.resolve()


def _check_what_was_decided(world: Any, node_of: Callable[[str], int]) -> None:
    """Separated is never joined; joined is, unless something else was decided about it; barred stands alone."""
    persons: dict[int, set[int]] = {}
    for node, person in world.con.execute("SELECT node, person FROM person_node").fetchall():
        persons.setdefault(node, set()).add(person)
    members = [person for one in persons.values() for person in one]
    barred = {one.a for one in world.rulings if one.kind == "bar"} & persons.keys()
    apart = any(one.kind == "separate" for one in world.rulings)
    for node in barred:
        assert len(persons[node]) == 1 and members.count(next(iter(persons[node]))) == 1
    for one in world.rulings:
        if one.kind not in ("separate", "join") or not {one.a, one.b} <= persons.keys():
            continue
        if one.kind == "separate":
            assert not persons[one.a] & persons[one.b]
        elif not apart and not {one.a, one.b} & barred:
            assert persons[one.a] & persons[one.b]


def _run(seed: int, share: float, new_world: Callable[..., Any], fact: Any, node_of: Any) -> None:
    rng = random.Random(seed)
    world, again = new_world(_types(), step_share=share), new_world(_types())
    try:
        for _ in range(rng.randint(2, 14)):
            _step(world, fact, rng)
        again.facts, again.rulings = world.facts, world.rulings
        again.resolve(full=True)
        for table in ("person_node", "person_link", "identity_decision"):
            assert world.rows(table) == again.rows(table)
        _check_what_was_decided(again, node_of)
    finally:
        world.con.close()
        again.con.close()


FIXED = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow]


@settings(max_examples=12, deadline=None, suppress_health_check=FIXED)
@given(seed=st.integers(0, 1 << 40), share=st.sampled_from([0.0, 1.0]))
def test_incremental_equals_from_scratch_with_decisions(
    seed: int, share: float, new_world: Any, fact: Any, node_of: Any
) -> None:
    _run(seed, share, new_world, fact, node_of)


@pytest.mark.slow
@settings(max_examples=150, deadline=None, suppress_health_check=FIXED)
@given(seed=st.integers(0, 1 << 40), share=st.sampled_from([0.0, 0.3, 1.0]))
def test_incremental_equals_from_scratch_with_decisions_often(
    seed: int, share: float, new_world: Any, fact: Any, node_of: Any
) -> None:
    _run(seed, share, new_world, fact, node_of)
