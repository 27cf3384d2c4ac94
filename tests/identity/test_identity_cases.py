"""Who is who in situations of real life; every expected partition was written by hand."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest


@dataclass(frozen=True)
class Case:
    """Facts as (names, day), the persons that have to come out, and what was decided about some links and names."""

    facts: list[tuple[str, int]]
    persons: list[str]
    links: dict[tuple[str, str], tuple[bool, str]] = field(default_factory=dict)
    roles: dict[str, str] = field(default_factory=dict)


M1, M2, M3 = "member_no:M1", "member_no:M2", "member_no:M3"
PHONE, COOKIE = "mobile:+8613900001111", "anonymous_id:c1"

CASES = {
    "one fact names everything": Case([(f"{M1} {PHONE} {COOKIE}", 0)], [f"{M1} {PHONE} {COOKIE}"]),
    "nobody is linked with nobody": Case([(M1, 0), (PHONE, 0)], [M1, PHONE], roles={M1: "alone", PHONE: "alone"}),
    "a chain of facts": Case(
        [(f"{COOKIE} user_id:u1", 0), (f"user_id:u1 {PHONE}", 1), (f"{PHONE} {M1}", 2), (f"{M1} email:a@b.cn", 3)],
        [f"{COOKIE} user_id:u1 {PHONE} {M1} email:a@b.cn"],
    ),
    # Segment's merge protection: two users with one email stay apart, and the email stays with one of them.
    "two user ids with one email": Case(
        [("user_id:u1 email:a@b.cn", 0), ("user_id:u2 email:a@b.cn", 1)],
        ["user_id:u1 email:a@b.cn", "user_id:u2"],
        {("user_id:u2", "email:a@b.cn"): (False, "limit:user_id")},
    ),
    "the email stays with whom it was seen with more often": Case(
        [("user_id:u1 email:a@b.cn", 0), ("user_id:u2 email:a@b.cn", 1), ("user_id:u2 email:a@b.cn", 2)],
        ["user_id:u1", "user_id:u2 email:a@b.cn"],
    ),
    # Segment: a profile has at most five emails; the sixth is demoted.
    "a sixth email": Case(
        [(f"user_id:u1 email:{number}@b.cn", number) for number in range(6)],
        ["user_id:u1 " + " ".join(f"email:{number}@b.cn" for number in range(5)), "email:5@b.cn"],
        {("user_id:u1", "email:5@b.cn"): (False, "limit:email")},
    ),
    "a fourth mobile": Case(
        [(f"{M1} mobile:{number}", number) for number in range(4)],
        [f"{M1} mobile:0 mobile:1 mobile:2", "mobile:3"],
        {(M1, "mobile:3"): (False, "limit:mobile")},
    ),
    # Six phones can be one family's; the limit keeps three of them.
    "a sixth mobile": Case(
        [(f"{M1} mobile:{number}", number) for number in range(6)],
        [f"{M1} mobile:0 mobile:1 mobile:2", "mobile:3", "mobile:4", "mobile:5"],
        {(M1, "mobile:5"): (False, "limit:mobile")},
    ),
    # No limit of the number's own type is broken, and its three first phones would be strangers'.
    "a member number that the till enters for everybody": Case(
        [(f"{M1} mobile:{number}", number) for number in range(7)],
        [M1, *(f"mobile:{number}" for number in range(7))],
        {(M1, "mobile:0"): (False, "shared")},
        {M1: "shared", "mobile:0": "alone"},
    ),
    # Snowplow's shared device, Adobe's and Sensors': a tablet in a store belongs to none of its users.
    "a tablet that three members use": Case(
        [(f"{M1} {COOKIE}", 0), (f"{M2} {COOKIE}", 1), (f"{M3} {COOKIE}", 2)],
        [M1, M2, M3, COOKIE],
        {(M1, COOKIE): (False, "shared_device")},
        {COOKIE: "shared", M1: "alone"},
    ),
    "two members share a tablet but each has a phone": Case(
        [(f"{M1} {COOKIE} device_id:phone-1", 0), (f"{M2} {COOKIE} device_id:phone-2", 1)],
        [f"{M1} device_id:phone-1", f"{M2} device_id:phone-2", COOKIE],
        {("device_id:phone-1", COOKIE): (False, "shared_device"), (M2, "device_id:phone-2"): (True, "same_record")},
    ),
    "a household with one mobile": Case(
        [(f"{M1} {PHONE}", 0), (f"{M1} {PHONE}", 9), (f"{M2} {PHONE}", 5), (f"{M3} {PHONE}", 6)],
        [f"{M1} {PHONE}", M2, M3],
        {(M2, PHONE): (False, "limit:member_no"), (M3, PHONE): (False, "limit:member_no")},
        {PHONE: "owner", M2: "alone"},
    ),
    "a virtual number joins no one": Case(
        [("taobao_buyer:t1 virtual_mobile:v", 0), ("douyin_buyer:d1 virtual_mobile:v", 1)],
        ["taobao_buyer:t1", "douyin_buyer:d1", "virtual_mobile:v"],
        roles={"virtual_mobile:v": "alone"},
    ),
    "a type that nobody defined joins no one": Case([(f"{M1} horoscope:leo", 0)], [M1, "horoscope:leo"]),
    "an address that ten people use is a household's": Case(
        [(f"member_no:{number} email:office@b.cn", number) for number in range(10)],
        ["member_no:0 email:office@b.cn", *(f"member_no:{number}" for number in range(1, 10))],
    ),
    "an address that eleven people use is nobody's": Case(
        [(f"member_no:{number} email:office@b.cn", number) for number in range(11)],
        ["email:office@b.cn", *(f"member_no:{number}" for number in range(11))],
        {("member_no:0", "email:office@b.cn"): (False, "shared")},
        {"email:office@b.cn": "shared"},
    ),
    "a clerk's card scanned for everybody": Case(
        [(f"{M1} wechat_unionid:w{number}", number) for number in range(11)],
        [M1, *(f"wechat_unionid:w{number}" for number in range(11))],
        roles={M1: "shared"},
    ),
    "a buyer id of eleven members still lets the rest join": Case(
        [(f"member_no:{number} taobao_buyer:t mobile:{number}", number) for number in range(11)],
        ["taobao_buyer:t", *(f"member_no:{number} mobile:{number}" for number in range(11))],
    ),
    # A member may clear cookies as often as they like.
    "a thousand cookies of one person": Case(
        [(f"user_id:u1 anonymous_id:{number}", number % 300) for number in range(1000)],
        ["user_id:u1 " + " ".join(f"anonymous_id:{number}" for number in range(1000))],
    ),
    "one UnionID and its OpenIDs in two apps": Case(
        [
            ("wechat_openid@wx1:o1 wechat_unionid:w1", 0),
            ("wechat_openid@wx2:o2 wechat_unionid:w1", 1),
            (f"wechat_openid@wx2:o2 {PHONE}", 2),
        ],
        [f"wechat_openid@wx1:o1 wechat_openid@wx2:o2 wechat_unionid:w1 {PHONE}"],
    ),
    "two OpenIDs of one app are two people": Case(
        [(f"wechat_openid@wx1:o1 {PHONE}", 0), (f"wechat_openid@wx1:o2 {PHONE}", 1)],
        [f"wechat_openid@wx1:o1 {PHONE}", "wechat_openid@wx1:o2"],
        {("wechat_openid@wx1:o2", PHONE): (False, "limit:wechat_openid")},
    ),
    # Kin wins: the OpenID goes with its UnionID although another link was seen far more often.
    "an OpenID goes with its parent first": Case(
        [("wechat_openid@wx1:o1 wechat_unionid:w1", 0), ("wechat_unionid:w2 user_id:u", 0)]
        + [("wechat_openid@wx1:o1 user_id:u", day) for day in range(5)],
        ["wechat_openid@wx1:o1 wechat_unionid:w1", "wechat_unionid:w2 user_id:u"],
        {("wechat_openid@wx1:o1", "user_id:u"): (False, "limit:wechat_unionid")},
    ),
    "one person buys on three platforms": Case(
        [(f"taobao_buyer:t {PHONE}", 0), (f"douyin_buyer:d {PHONE}", 1), (f"jd_buyer:j {PHONE}", 2)],
        [f"taobao_buyer:t douyin_buyer:d jd_buyer:j {PHONE}"],
    ),
    # Jiguang's rule: a weak identifier matches only if the strong ones do not contradict.
    "a cookie used before and after signing in": Case(
        [(COOKIE, 0), (f"{COOKIE} user_id:u1", 1), (COOKIE, 2)], [f"{COOKIE} user_id:u1"]
    ),
    "an alias joins two cookies": Case(
        [("anonymous_id:c1 anonymous_id:c2", 0), ("anonymous_id:c2 user_id:u1", 1)],
        ["anonymous_id:c1 anonymous_id:c2 user_id:u1"],
    ),
    "devices of an unknown visitor": Case(
        [("anonymous_id:c1 device_id:d1", 0), ("device_id:d1 anonymous_id:c2", 1)],
        ["anonymous_id:c1 device_id:d1 anonymous_id:c2"],
        roles={"device_id:d1": "owner"},
    ),
    "a phone that was sold with its app": Case(
        [
            ("anonymous_id:c1 device_id:d1", 0),
            ("anonymous_id:c2 device_id:d1", 50),
            ("anonymous_id:c3 device_id:d1", 60),
            ("anonymous_id:c1 user_id:u1", 1),
            ("anonymous_id:c2 user_id:u2", 51),
        ],
        ["anonymous_id:c1 user_id:u1", "anonymous_id:c2 user_id:u2", "device_id:d1", "anonymous_id:c3"],
        {("anonymous_id:c1", "device_id:d1"): (False, "shared_device")},
        {"device_id:d1": "alone", "anonymous_id:c3": "alone"},
    ),
}


def _names(persons: list[str]) -> set[frozenset[str]]:
    return {frozenset(person.split()) for person in persons}


@pytest.mark.parametrize("name", CASES)
def test_case(name: str, new_world: Callable[[], Any], fact: Callable[..., Any]) -> None:
    case, world = CASES[name], new_world()
    world.load(fact(*each) for each in case.facts)
    assert world.partition() == _names(case.persons)
    assert {ends: world.reason(*ends) for ends in case.links} == case.links
    assert {one: world.roles()[one] for one in case.roles} == case.roles


@pytest.mark.parametrize("name", [name for name, case in CASES.items() if len(case.facts) < 20])
def test_the_order_of_facts_makes_no_difference(
    name: str, new_world: Callable[[], Any], fact: Callable[..., Any]
) -> None:
    case, rng = CASES[name], random.Random(name)
    facts, world = [fact(*each) for each in case.facts], new_world()
    persons = {frozenset(world.decide(rng.sample(facts, len(facts)))) for _ in range(100)}
    assert persons == {frozenset(_names(case.persons))}


def test_a_hub_of_ten_thousand_joins_no_one(new_world: Callable[[], Any], fact: Callable[..., Any]) -> None:
    world = new_world()
    world.load(fact(f"member_no:{number} {PHONE} {COOKIE}", number % 300) for number in range(10_000))
    persons = world.partition()
    assert (len(persons), max(map(len, persons))) == (10_002, 1)
    assert (world.roles()[PHONE], world.roles()[COOKIE]) == ("shared", "shared")


class TestRecycledNumber:
    """A number that fell silent and came back with a stranger."""

    @pytest.fixture
    def world(self, new_world: Callable[[], Any], fact: Callable[..., Any]) -> Any:
        world = new_world()
        world.load([fact(f"{M1} {PHONE}", 0), fact(f"{M1} {PHONE}", 30), fact(f"{M2} {PHONE}", 120)])
        return world

    def test_it_belongs_to_both_one_after_the_other(self, world: Any) -> None:
        rows = world.con.execute(
            "SELECT person, from_at, to_at, role FROM person_node WHERE type = 'mobile' ORDER BY from_at NULLS FIRST"
        ).fetchall()
        (first, none, until, _), (second, since, open_end, _) = rows
        assert [world.names()[one] for one in (first, second)] == [M1, M2]
        assert (none, open_end, until) == (None, None, since)
        assert since.isoformat().startswith("2026-05-01")

    def test_both_links_join(self, world: Any) -> None:
        assert (world.reason(M1, PHONE), world.reason(M2, PHONE)) == ((True, "same_record"), (True, "recycled"))

    def test_the_persons_stay_apart(self, world: Any) -> None:
        assert world.partition() == _names([f"{M1} {PHONE}", f"{M2} {PHONE}"])

    def test_a_device_seen_with_it_goes_to_the_owner_of_that_time(self, world: Any, fact: Callable[..., Any]) -> None:
        world.load([fact(f"{PHONE} anonymous_id:then", 20), fact(f"{PHONE} anonymous_id:now", 130)])
        assert (world.person("anonymous_id:then"), world.person("anonymous_id:now")) == (M1, M2)

    def test_a_third_owner(self, world: Any, fact: Callable[..., Any]) -> None:
        world.load([fact(f"{M3} {PHONE}", 300)])
        assert world.partition() == _names([f"{M1} {PHONE}", f"{M2} {PHONE}", f"{M3} {PHONE}"])

    def test_seen_with_the_old_owner_again_it_is_theirs(self, world: Any, fact: Callable[..., Any]) -> None:
        world.load([fact(f"{M1} {PHONE}", 100)])
        assert world.partition() == _names([f"{M1} {PHONE}", M2])

    def test_silence_shorter_than_the_carriers_is_no_new_owner(self, new_world: Any, fact: Callable[..., Any]) -> None:
        world = new_world()
        world.load([fact(f"{M1} {PHONE}", 0), fact(f"{M2} {PHONE}", 89)])
        assert world.partition() == _names([f"{M1} {PHONE}", M2])

    def test_an_email_is_never_recycled(self, new_world: Any, fact: Callable[..., Any]) -> None:
        world = new_world()
        world.load([fact("user_id:u1 email:a@b.cn", 0), fact("user_id:u2 email:a@b.cn", 400)])
        assert world.partition() == _names(["user_id:u1 email:a@b.cn", "user_id:u2"])

    def test_a_new_owner_may_have_no_more_numbers_than_anybody(self, new_world: Any, fact: Callable[..., Any]) -> None:
        world = new_world()
        world.load([fact(f"{M1} {PHONE}", 0), *(fact(f"{M2} mobile:{number}", 200) for number in range(3))])
        world.load([fact(f"{M2} {PHONE}", 201)])
        assert world.reason(M2, PHONE) == (False, "limit:member_no")
        assert world.partition() == _names([f"{M1} {PHONE}", f"{M2} mobile:0 mobile:1 mobile:2"])


class TestPersonNumber:
    """The identifier seen first gives a person its number."""

    def test_more_facts_do_not_rename(self, new_world: Any, fact: Callable[..., Any]) -> None:
        world = new_world()
        world.load([fact(COOKIE)])
        world.load([fact(f"{COOKIE} {M1} {PHONE}", 1)])
        assert {world.person(one) for one in (COOKIE, M1, PHONE)} == {COOKIE}

    def test_a_merge_keeps_the_older(self, new_world: Any, fact: Callable[..., Any]) -> None:
        world = new_world()
        world.load([fact(f"{M1} email:a@b.cn"), fact(PHONE, 1)])
        world.load([fact(f"{PHONE} {M1}", 2)])
        assert world.person(PHONE) == M1

    def test_of_one_fact_the_strongest_identifier_counts(self, new_world: Any, fact: Callable[..., Any]) -> None:
        world = new_world()
        world.load([fact(f"{COOKIE} {PHONE} {M1}")])
        assert world.person(COOKIE) == M1
