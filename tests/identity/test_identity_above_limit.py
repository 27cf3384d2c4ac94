"""What gives way above a limit: the join, or the identifier with the least evidence; every partition by hand."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from dujiang.collect.identifier_types import KIND, IdentifierTypes, presets
from dujiang.foundation.definitions import Definition
from dujiang.identity.dry_run import dry_run
from dujiang.identity.evidence import explain

PHONE = "mobile:1"
HALVES = [
    ("member_no:1 card_no:1", 0),
    ("member_no:1 card_no:1", 1),
    ("wechat_unionid:w card_no:2", 2),
    ("wechat_unionid:w card_no:2", 3),
    ("wechat_unionid:w card_no:3", 4),
    ("wechat_unionid:w card_no:3", 5),
    ("wechat_unionid:w card_no:4", 6),
    (f"member_no:1 {PHONE}", 7),
    (f"wechat_unionid:w {PHONE}", 8),
]
"""Two halves of a person with four cards, of which three are allowed; the fourth was seen once."""


def _types(*demoting: str) -> IdentifierTypes:
    ready = {one.name: one for one in presets()}
    return IdentifierTypes.of(
        Definition(kind=KIND, name=name, title=ready[name].title, spec={**ready[name].spec, "above_limit": "demote"})
        for name in demoting
    )


def _persons(*names: str) -> set[frozenset[str]]:
    return {frozenset(one.split()) for one in names}


CASES: dict[str, tuple[Sequence[str], Sequence[tuple[str, float]], set[frozenset[str]]]] = {
    "the join is refused": (
        (),
        HALVES,
        _persons(f"member_no:1 card_no:1 {PHONE}", "wechat_unionid:w card_no:2 card_no:3 card_no:4"),
    ),
    "the card with the least evidence gives way": (
        ("card_no",),
        HALVES,
        _persons(f"member_no:1 wechat_unionid:w {PHONE} card_no:1 card_no:2 card_no:3", "card_no:4"),
    ),
    "a limit that refuses wins over one that gives way": (
        ("card_no",),
        [*HALVES, ("wechat_unionid:w member_no:2", 9)],
        _persons(f"member_no:1 card_no:1 {PHONE}", "member_no:2 wechat_unionid:w card_no:2 card_no:3 card_no:4"),
    ),
    "what gives way keeps those who only it ties": (
        ("card_no",),
        [*HALVES, ("card_no:4 email:e", 9)],
        _persons(f"member_no:1 wechat_unionid:w {PHONE} card_no:1 card_no:2 card_no:3", "card_no:4 email:e"),
    ),
    "a fifth email is only one email": (
        ("email",),
        [(f"user_id:u email:{n}", n) for n in range(6)],
        _persons("user_id:u " + " ".join(f"email:{n}" for n in range(5)), "email:5"),
    ),
    "a single identifier that gives way leaves the phone to both halves": (
        ("taobao_omid",),
        [
            ("member_no:1 taobao_omid:a", 0),
            ("member_no:1 taobao_omid:a", 1),
            ("wechat_unionid:w taobao_omid:b", 2),
            (f"member_no:1 {PHONE}", 3),
            (f"wechat_unionid:w {PHONE}", 4),
        ],
        _persons(f"member_no:1 taobao_omid:a {PHONE} wechat_unionid:w", "taobao_omid:b"),
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_case_in_a_hundred_orders(name: str, new_world: Callable[..., Any], fact: Callable[..., Any]) -> None:
    demoting, given, persons = CASES[name]
    facts, rng, world = [fact(*each) for each in given], random.Random(name), new_world(_types(*demoting))
    assert {frozenset(world.decide(rng.sample(facts, len(facts)))) for _ in range(100)} == {frozenset(persons)}


def test_what_gave_way_is_told(new_world: Callable[..., Any], fact: Callable[..., Any]) -> None:
    types = _types("card_no")
    world = new_world(types)
    world.load(fact(*each) for each in HALVES)
    assert world.reason("card_no:4", "wechat_unionid:w") == (False, "demoted:card_no")
    number = world.con.execute("SELECT person FROM person_link WHERE reason LIKE 'demoted:%'").fetchall()[0][0]
    told = [one for one in explain(world.con, number, types) if one.reason == "demoted:card_no"]
    assert [(one.limit, one.joined) for one in told] == [(3, False)]
    assert "already has 3 of the kind “Card number”" in told[0].text(types, "en")
    assert "已有 3 个证据更多的“会员卡号”" in told[0].text(types, "zh")


def test_what_was_given_by_hand_never_gives_way(new_world: Callable[..., Any], fact: Callable[..., Any]) -> None:
    world = new_world(_types("card_no"))
    world.rule("join", "wechat_unionid:w", "card_no:4")
    world.load(fact(*each) for each in HALVES)
    everything = " ".join(sorted({name for names, _day in HALVES for name in names.split()}))
    assert world.partition() == _persons(everything)
    assert world.reason("card_no:4", "wechat_unionid:w") == (True, "by_hand")


def test_it_can_be_tried_beforehand(new_world: Callable[..., Any], fact: Callable[..., Any]) -> None:
    world = new_world()
    world.load(fact(*each) for each in HALVES)
    found = dry_run(world.con, world.types, _types("card_no"), [])
    assert (found.persons_before, found.persons_after, found.not_covered) == (2, 2, ())
    assert [after for _person, after, _before in found.largest] == [6, 1]
