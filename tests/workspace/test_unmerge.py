"""A merge carries along everything that hangs on a person, and taking it apart restores it exactly."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from small_kit import Small, small

from dujiang.foundation.errors import Conflict, NotFound
from dujiang.identity.decisions import Wish
from dujiang.store.command import SYSTEM

FAMILIES = st.sampled_from(["order", "event", "consent", "tag", "customer"])
TOLD: dict[str, dict[str, Any]] = {
    "consent": {"purpose": "marketing", "medium": "sms", "state": "granted"},
    "tag": {"tag": "vip", "value": "1", "removed": False, "set_by": "test"},
    "customer": {"gender": "female", "city": "苏州市"},
}
NAMES = {
    "ann": ["member_no:M1", "mobile:13900000011", "device_id:aaaaaaaa01"],
    "bea": ["member_no:M2", "mobile:13900000022", "device_id:bbbbbbbb02", "address:杭州市西湖区演示路1号2幢3室"],
    "cid": ["member_no:M3", "mobile:13900000033", "address:杭州市西湖区演示路1号2幢3室"],
}
DOING = st.tuples(FAMILIES, st.sampled_from(sorted(NAMES)), st.sets(st.integers(0, 3), min_size=1), st.integers(1, 200))
# What is said of persons. Of identifiers and links the archive's order counts, which recorded memberships take part in.
ABOUT_PEOPLE = (
    "person_node", "person_link", "person_relation", "orders", "refunds", "visit", "person_day", "person", "consent",
    "tagged", "life_stage", "life_transition", "active_hour", "person_value", "prediction", "person_tag",
)  # fmt: skip


def say(brand: Small, doing: tuple[str, str, set[int], int]) -> None:
    family, who, chosen, day = doing
    names = [name for place, name in enumerate(NAMES[who]) if place in chosen or place == 0]
    told = dict(TOLD.get(family, {}))
    if family == "consent" and day % 2:
        told["state"] = "withdrawn"
    brand.fact(family, names, day, **told)


def begin(brand: Small) -> None:
    for place, names in enumerate(NAMES.values()):
        brand.fact("customer", names, 300 - place, **TOLD["customer"])
    brand.refresh()


def told(brand: Small) -> dict[str, Any]:
    state = brand.state()
    members = brand.rows("SELECT segment, person FROM segment_member ORDER BY ALL")
    return {name: state[name] for name in ABOUT_PEOPLE} | {"segment_member": members}


LISTS = {
    "before": st.lists(DOING, max_size=5),
    "between": st.lists(DOING, max_size=5),
    "after": st.lists(DOING, max_size=2),
}


@settings(max_examples=1, deadline=None, derandomize=True, database=None, suppress_health_check=[HealthCheck.too_slow])
@given(**LISTS)
def test_a_merge_undone_leaves_what_would_be_there_without_it(
    before: list[Any], between: list[Any], after: list[Any]
) -> None:
    merge_and_undo(before, between, after)


@pytest.mark.slow
@settings(max_examples=60, deadline=None, database=None, suppress_health_check=[HealthCheck.too_slow])
@given(**LISTS)
def test_any_merge_undone_leaves_what_would_be_there_without_it(
    before: list[Any], between: list[Any], after: list[Any]
) -> None:
    merge_and_undo(before, between, after)


def merge_and_undo(before: list[Any], between: list[Any], after: list[Any]) -> None:
    """Two brands hear the same; in one of them two people are joined in between."""
    with (
        tempfile.TemporaryDirectory() as one,
        tempfile.TemporaryDirectory() as other,
        small(Path(one)) as merged,
        small(Path(other)) as never,
    ):
        share_keys(merged, never)
        for brand in (merged, never):
            begin(brand)
            for doing in before:
                say(brand, doing)
            brand.refresh()
        a, b = (merged.node(NAMES[who][0]) for who in ("ann", "bea"))
        merged.workspace.identity_decisions.decide(Wish("join", a, b, reason="test"), actor=SYSTEM)
        merged.refresh()
        assert merged.rows(f"SELECT DISTINCT person FROM person_node WHERE node IN ({a}, {b})") == [(owner(merged, a),)]
        never.refresh()
        for brand in (merged, never):
            for doing in between:
                say(brand, doing)
            brand.refresh()
        desk = merged.workspace.identity_desk
        desk.part(desk.unmerging(b, owner(merged, a)), actor=SYSTEM, reason="test")
        for brand in (merged, never):
            brand.refresh()
            for doing in after:
                say(brand, doing)
            brand.refresh()
        assert told(merged) == told(never)
        merged.workspace.rebuild()
        assert told(merged) == told(never)


def share_keys(one: Small, other: Small) -> None:
    """Both brands make the same tokens, so that their people have the same numbers."""
    token = one.workspace.keyring.token
    other.workspace.keyring.token = token  # type: ignore[method-assign]
    other._tokeniser.token = token


def owner(brand: Small, node: int) -> int:
    return brand.rows(f"SELECT person FROM person_node WHERE node = {node}")[0][0]


@pytest.fixture(scope="module")
def _begun(tmp_path_factory: pytest.TempPathFactory) -> Small:
    with small(tmp_path_factory.mktemp("begun")) as made:
        begin(made)
    return made


@pytest.fixture
def brand(_begun: Small, tmp_path: Path) -> Iterator[Small]:
    with small(tmp_path, like=_begun) as made:
        yield made


def test_an_identifier_is_taken_out_and_comes_back(brand: Small) -> None:
    desk = brand.workspace.identity_desk
    names = [*NAMES["ann"], "taobao_buyer:tb01"]
    brand.fact("order", names[1:], 40)
    brand.refresh()
    member, phone, device, buyer = (brand.node(name) for name in names)
    before, person = told(brand), owner(brand, member)
    assert [owner(brand, node) for node in (phone, device, buyer)] == [person] * 3
    parting = desk.taking_out(buyer, person)
    tried = desk.try_parting(parting)
    assert (tried.splits, tried.merges, tried.affected) == (1, 0, 1)
    assert told(brand) == before
    made = desk.part(parting, actor=SYSTEM, reason="a guide typed it")
    brand.refresh()
    assert {one.ruling.nodes for one in made} == {tuple(sorted((buyer, node))) for node in (phone, device)}
    assert {one.ruling.reason for one in made} == {"a guide typed it"}
    assert owner(brand, buyer) == buyer
    assert [owner(brand, node) for node in (member, phone, device)] == [person] * 3
    desk.revoke(made[0].ruling.id, actor=SYSTEM)
    brand.refresh()
    assert brand.workspace.identity_decisions.in_force() == []
    assert told(brand) == before


def test_the_rest_of_a_person_stays_together_whatever_is_taken_out(brand: Small) -> None:
    desk = brand.workspace.identity_desk
    names = ["member_no:M9", "user_id:u9", "wechat_unionid:oUnion09", "mobile:13900000999"]
    for day in (90, 80, 70):
        brand.fact("customer", names, day, **TOLD["customer"])
    brand.refresh()
    nodes = [brand.node(name) for name in names]
    for node in nodes:
        made = desk.part(desk.taking_out(node, owner(brand, node)), actor=SYSTEM)
        brand.refresh()
        rest = {owner(brand, other) for other in nodes if other != node}
        assert len(rest) == 1
        assert owner(brand, node) not in rest
        desk.revoke(made[-1].ruling.id, actor=SYSTEM)
        brand.refresh()
        assert len({owner(brand, other) for other in nodes}) == 1


def test_an_identifier_with_very_many_links_is_better_barred(brand: Small, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dujiang.identity.desk.SEPARATED_MAX", 1)
    phone = brand.node("mobile:13900000011")
    with pytest.raises(Conflict) as refused:
        brand.workspace.identity_desk.taking_out(phone, owner(brand, phone))
    assert refused.value.code == "identity.too_many_links"


def test_a_merge_that_records_brought_about_is_undone_by_the_number_that_was(brand: Small) -> None:
    desk = brand.workspace.identity_desk
    brand.fact("order", ["taobao_buyer:tb01"], 40)
    brand.refresh()
    buyer, ann = brand.node("taobao_buyer:tb01"), owner(brand, brand.node("member_no:M1"))
    assert owner(brand, buyer) == buyer
    brand.fact("order", ["taobao_buyer:tb01", "mobile:13900000011"], 30)
    brand.refresh()
    assert owner(brand, buyer) == ann
    (seam,) = [one for one in desk.seams(ann) if buyer in (one.a, one.b)]
    assert (seam.part, seam.facts, seam.decision) == ((buyer,), 1, "")
    desk.part(desk.unmerging(buyer, ann), actor=SYSTEM, reason="a present for somebody")
    brand.refresh()
    assert owner(brand, buyer) == buyer
    # The order that named both goes with the stronger of them, the others with whom they named.
    paid = brand.rows(f"SELECT person, count(*) FROM orders WHERE person IN ({buyer}, {ann}) GROUP BY person")
    assert dict(paid) == {buyer: 2}


def test_what_was_joined_by_hand_is_a_seam_and_parting_takes_the_decision_back(brand: Small) -> None:
    desk, decisions = brand.workspace.identity_desk, brand.workspace.identity_decisions
    a, b = (brand.node(NAMES[who][0]) for who in ("ann", "bea"))
    made = decisions.decide(Wish("join", a, b, reason="sisters? no, one person"), actor=SYSTEM)
    brand.refresh()
    person = owner(brand, a)
    (seam,) = [one for one in desk.seams(person) if one.decision]
    assert (seam.decision, {seam.a, seam.b}, seam.facts) == (made.id, {a, b}, 0)
    away = b if owner(brand, a) == a else a
    assert away in seam.part
    parting = desk.unmerging(away, person)
    assert (parting.wishes, parting.revoke) == ((), (made.id,))
    assert desk.try_parting(parting).splits == 1
    desk.part(parting, actor=SYSTEM)
    brand.refresh()
    assert owner(brand, a) != owner(brand, b)
    with pytest.raises(Conflict):
        desk.part(parting, actor=SYSTEM)


def test_what_is_not_theirs_or_all_they_have_cannot_be_taken_out(brand: Small) -> None:
    desk = brand.workspace.identity_desk
    a, b = (brand.node(NAMES[who][0]) for who in ("ann", "bea"))
    brand.fact("order", ["mobile:13900000099"], 3)
    brand.refresh()
    alone = brand.node("mobile:13900000099")
    for way, node, person, code in (
        (desk.taking_out, b, owner(brand, a), "identity.not_theirs"),
        (desk.unmerging, b, owner(brand, a), "identity.not_theirs"),
        (desk.taking_out, alone, alone, "identity.alone"),
        (desk.unmerging, alone, alone, "identity.alone"),
    ):
        with pytest.raises(NotFound) as refused:
            way(node, person)
        assert refused.value.code == code
