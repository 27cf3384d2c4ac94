"""What other systems document for their own rules, and what ours makes of the same facts; every partition by hand.

``same`` says whether the other system ends with the same persons. Where it does not, ``why`` says what we do instead.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest


@dataclass(frozen=True)
class Case:
    """Facts as (names, day), the persons that have to come out, and how that compares with the system it is taken from."""

    facts: list[tuple[str, float]]
    persons: list[str]
    same: bool = True
    why: str = ""


PHONE = "mobile:1"

CASES = {
    "Segment: one email under two user ids": Case(
        [("user_id:u1 email:e", 0), ("user_id:u2 email:e", 1)], ["user_id:u1 email:e", "user_id:u2"]
    ),
    "Segment: a new user id on a known browser": Case(
        [("user_id:u1 anonymous_id:a", 0), ("user_id:u2 anonymous_id:a", 1)],
        ["user_id:u1", "user_id:u2", "anonymous_id:a"],
        same=False,
        why="Segment leaves the browser with the first user. We say that two people use it and give it to neither.",
    ),
    "Segment: a sixth browser": Case(
        [(f"user_id:u1 anonymous_id:{n}", n) for n in range(6)],
        ["user_id:u1 " + " ".join(f"anonymous_id:{n}" for n in range(6))],
        same=False,
        why="Segment counts five of each. Browsers that a single person uses harm nobody, however many.",
    ),
    "Snowplow: two people on one device, then nobody signed in": Case(
        [("user_id:u1 device_id:d", 0), ("user_id:u2 device_id:d", 1), ("device_id:d", 2)],
        ["user_id:u1", "user_id:u2", "device_id:d"],
    ),
    "Adobe: the last login takes the shared device": Case(
        [("user_id:u1 device_id:d", 0), ("user_id:u2 device_id:d", 1)],
        ["user_id:u1", "user_id:u2", "device_id:d"],
        same=False,
        why="Adobe gives the device to the last login. A rule by the last event depends on the order of arrival.",
    ),
    "Adobe: of conflicting links the one of lowest priority is dropped": Case(
        [("member_no:m email:e", 0), ("email:e user_id:u", 1), ("user_id:u member_no:n", 2)],
        ["user_id:u member_no:n email:e", "member_no:m"],
    ),
    "Jiguang: conflicting stronger identifiers keep people apart": Case(
        [(f"user_id:u1 {PHONE}", 0), (f"user_id:u2 {PHONE}", 1)], [f"user_id:u1 {PHONE}", "user_id:u2"]
    ),
    "Jiguang: an empty place is filled": Case(
        [("anonymous_id:a email:e", 0), ("email:e user_id:u", 1)], ["anonymous_id:a email:e user_id:u"]
    ),
    "Sensors: OpenIDs go with their UnionID": Case(
        [
            ("wechat_openid@wx1:o1 wechat_unionid:w1", 0),
            ("wechat_openid@wx2:o2 wechat_unionid:w1", 1),
            ("wechat_openid@wx1:o1 user_id:u", 2),
            ("wechat_unionid:w2 user_id:u", 3),
        ],
        ["wechat_openid@wx1:o1 wechat_openid@wx2:o2 wechat_unionid:w1", "wechat_unionid:w2 user_id:u"],
    ),
    "Douyin: a phone is bound anew": Case(
        [
            ("douyin_openid@shop:o mobile:old", 0),
            ("!mobile:old", 30),
            ("douyin_openid@shop:o mobile:new", 30),
            ("mobile:old member_no:m", 200),
        ],
        ["douyin_openid@shop:o mobile:old mobile:new", "mobile:old member_no:m"],
    ),
    "Douyin: a phone is bound anew, and nobody says that the old one is free": Case(
        [
            ("douyin_openid@shop:o mobile:old", 0),
            ("douyin_openid@shop:o mobile:new", 30),
            ("mobile:old member_no:m", 200),
        ],
        ["douyin_openid@shop:o mobile:old mobile:new member_no:m"],
        same=False,
        why="A second phone alone does not say that the first is given up: most people who have two keep both.",
    ),
    "Sensors: unbinding the parent unbinds the children": Case(
        [
            ("wechat_unionid:w user_id:u1", 0),
            ("wechat_openid@wx1:o1 wechat_unionid:w", 1),
            ("wechat_openid@wx1:o1 email:e", 2),
            ("!wechat_unionid:w", 10),
            ("wechat_openid@wx1:o1 user_id:u2", 20),
        ],
        [
            "wechat_unionid:w wechat_openid@wx1:o1 user_id:u1 email:e",
            "wechat_unionid:w wechat_openid@wx1:o1 user_id:u2",
        ],
    ),
    "Sensors: a child that is unbound alone leaves its parent": Case(
        [
            ("wechat_openid@wx1:o1 wechat_unionid:w", 0),
            ("wechat_unionid:w user_id:u1", 1),
            ("!wechat_openid@wx1:o1", 10),
            ("wechat_openid@wx1:o1 mobile:1", 20),
        ],
        ["wechat_openid@wx1:o1 wechat_unionid:w user_id:u1", "wechat_openid@wx1:o1 mobile:1"],
    ),
    "Sensors: a parent and its child are bound to the same person again": Case(
        [
            ("wechat_openid@wx1:o1 wechat_unionid:w user_id:u1", 0),
            ("!wechat_unionid:w", 10),
            ("wechat_openid@wx1:o1 user_id:u1", 20),
        ],
        ["wechat_openid@wx1:o1 wechat_unionid:w user_id:u1"],
    ),
    "a card that was given back and is used again, with a phone that changed as well": Case(
        [
            (f"member_no:m {PHONE}", 0),
            ("!member_no:m", 10),
            (f"member_no:m {PHONE}", 20),
            (f"!{PHONE}", 30),
            (f"{PHONE} member_no:m", 40),
        ],
        [f"member_no:m {PHONE}"],
    ),
    "Sensors: unbound, and bound to somebody else": Case(
        [(f"user_id:u1 {PHONE}", 0), (f"!{PHONE}", 10), (f"user_id:u2 {PHONE}", 11)],
        [f"user_id:u1 {PHONE}", f"user_id:u2 {PHONE}"],
    ),
    "Sensors: unbound, and bound to the same person again": Case(
        [(f"user_id:u1 {PHONE}", 0), (f"!{PHONE}", 10), (f"user_id:u1 {PHONE}", 20)], [f"user_id:u1 {PHONE}"]
    ),
    "a phone goes from one to another and back": Case(
        [
            (f"taobao_ouid@a:1 {PHONE}", 0),
            (f"!{PHONE}", 10),
            (f"douyin_openid@b:2 {PHONE}", 15),
            (f"!{PHONE}", 20),
            (f"taobao_ouid@a:1 {PHONE}", 30),
        ],
        [f"taobao_ouid@a:1 {PHONE}", f"douyin_openid@b:2 {PHONE}"],
    ),
    "an unbinding of what was never seen before": Case(
        [(f"!{PHONE}", 0), (f"user_id:u1 {PHONE}", 5), ("!email:never", 5)], [f"user_id:u1 {PHONE}"]
    ),
    "two sources report one unbinding at different times": Case(
        [(f"user_id:u1 {PHONE}", 0), (f"!{PHONE}", 10), (f"!{PHONE}", 10.5), (f"email:e {PHONE}", 20)],
        [f"user_id:u1 {PHONE}", f"email:e {PHONE}"],
    ),
    "the phone of a shop is nobody's, unbound or not": Case(
        [(f"member_no:{n} {PHONE}", n) for n in range(12)] + [(f"!{PHONE}", 5)],
        [PHONE, *(f"member_no:{n}" for n in range(12))],
    ),
    "WeCom: a pending id ends after 90 days": Case(
        [
            ("wecom_pending_id@corp:p wechat_unionid:w1", 0),
            ("wecom_pending_id@corp:p wecom_external_id@corp:x", 95),
        ],
        ["wecom_pending_id@corp:p wechat_unionid:w1", "wecom_pending_id@corp:p wecom_external_id@corp:x"],
    ),
    "Douyin: the old phone comes back with a stranger": Case(
        [
            ("douyin_openid@shop:o1 mobile:old", 0),
            ("douyin_openid@shop:o1 mobile:new", 30),
            ("douyin_openid@shop:o2 mobile:old", 200),
        ],
        ["douyin_openid@shop:o1 mobile:old mobile:new", "douyin_openid@shop:o2 mobile:old"],
    ),
    "WeCom: a pending id leads to the contact": Case(
        [
            ("wecom_pending_id@corp:p wechat_unionid:w", 0),
            ("wecom_pending_id@corp:p wecom_external_id@corp:x", 40),
            (f"wecom_external_id@corp:x {PHONE}", 41),
        ],
        [f"wecom_pending_id@corp:p wechat_unionid:w wecom_external_id@corp:x {PHONE}"],
    ),
    "WeCom: several pending ids of one contact": Case(
        [(f"wecom_pending_id@corp:p{n} wecom_external_id@corp:x", 100 * n) for n in range(4)],
        ["wecom_external_id@corp:x " + " ".join(f"wecom_pending_id@corp:p{n}" for n in range(4))],
    ),
    "Taobao: a virtual number in two orders": Case(
        [("taobao_ouid@shop:b1 virtual_mobile:v", 0), ("taobao_ouid@shop:b2 virtual_mobile:v", 20)],
        ["taobao_ouid@shop:b1", "taobao_ouid@shop:b2", "virtual_mobile:v"],
    ),
    "Taobao: one member in two shops": Case(
        [("taobao_ouid@one:b1 taobao_omid:m", 0), ("taobao_ouid@two:b2 taobao_omid:m", 1)],
        ["taobao_ouid@one:b1 taobao_ouid@two:b2 taobao_omid:m"],
    ),
    "a flood of one made-up number": Case(
        [(f"member_no:{n} mobile:flood email:{n}", n) for n in range(50)],
        ["mobile:flood", *(f"member_no:{n} email:{n}" for n in range(50))],
    ),
    "a household with two phones and three cards": Case(
        [
            ("member_no:1 mobile:a", 0),
            ("member_no:2 mobile:a", 1),
            ("member_no:2 mobile:b", 2),
            ("member_no:3 mobile:b", 3),
        ],
        ["member_no:1 mobile:a", "member_no:2 mobile:b", "member_no:3"],
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_case_in_a_hundred_orders(name: str, new_world: Callable[[], Any], fact: Callable[..., Any]) -> None:
    case, rng, world = CASES[name], random.Random(name), new_world()
    facts = [fact(*each) for each in case.facts]
    persons = {frozenset(world.decide(rng.sample(facts, len(facts)))) for _ in range(100)}
    assert persons == {frozenset(frozenset(person.split()) for person in case.persons)}


def test_a_difference_is_explained() -> None:
    assert all(case.same or case.why for case in CASES.values())
