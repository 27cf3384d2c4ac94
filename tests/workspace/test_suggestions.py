"""Suggestions by similarity: what a decision does to people, what taking it back restores, and that each is one commit."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from small_kit import Small, small
from sqlalchemy import delete

from dujiang.foundation.errors import Conflict, NotAllowed, NotFound
from dujiang.identity.decisions import Wish
from dujiang.identity.linkage import tables
from dujiang.identity.linkage.pair_id import pair_id
from dujiang.identity.linkage.service import Verdict
from dujiang.store.audit import AuditEntry
from dujiang.store.command import SYSTEM, Actor
from dujiang.store.tables import linkage_pair

ANN = ["member_no:M1", "mobile:13900000011"]
BEA = ["member_no:M2", "mobile:13900000022"]
CID = ["member_no:M3", "mobile:13900000033"]
GUIDE = Actor("guide", "operator")


@pytest.fixture(scope="module")
def _brand(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Small]:
    with small(tmp_path_factory.mktemp("suggested")) as made:
        for day, names in enumerate((ANN, BEA, CID)):
            made.fact("customer", names, 300 - day, gender="female", city="苏州市")
            made.fact("order", names[:1], 30 - day)
        made.refresh()
        yield made


@pytest.fixture
def brand(_brand: Small) -> Iterator[Small]:
    """The brand as it was: what a test decided is taken back at its end."""
    yield _brand
    with _brand.workspace.db.transaction() as tx:
        tx.execute(delete(linkage_pair))
    for ruling in _brand.workspace.identity_decisions.in_force():
        _brand.workspace.identity_decisions.revoke(ruling.id, actor=SYSTEM)
    _brand.refresh()


@pytest.fixture
def pair(brand: Small, suggest_pair: Any) -> tuple[int, int]:
    """Ann and Bea are suggested."""
    return suggest_pair(brand.workspace, brand.node(ANN[0]), brand.node(BEA[0]))


def owners(brand: Small) -> dict[int, int]:
    return dict(brand.rows("SELECT DISTINCT node, person FROM person_node"))


def bought(brand: Small) -> dict[int, int]:
    return dict(brand.rows("SELECT person, count(*) FROM orders GROUP BY person"))


def audited(brand: Small, action: str) -> list[AuditEntry]:
    return [one for one in brand.workspace.audit.list(limit=50) if one.action == action]


def test_an_accepted_pair_is_one_person_and_reopened_exactly_two_again(brand: Small, pair: tuple[int, int]) -> None:
    service = brand.workspace.suggestions
    before, state = owners(brand), brand.state()
    accepted = service.decide(pair, "accept", actor=GUIDE)
    (ruling,) = brand.workspace.identity_decisions.in_force()
    assert (accepted.state, accepted.decided_by, accepted.decision) == ("accepted", "guide", ruling.id)
    assert (ruling.kind, ruling.nodes, ruling.origin) == ("join", pair, "suggestion")
    assert owners(brand) == before  # nobody changes before the refresh
    brand.refresh()
    survivor = owners(brand)[pair[0]]
    joined = {brand.node(name) for name in (*ANN, *BEA)}
    assert owners(brand) == before | dict.fromkeys(joined, survivor)
    assert bought(brand)[survivor] == 2
    reopened = service.decide(pair, "open", actor=GUIDE)
    assert (reopened.state, reopened.decided_at, reopened.decided_by, reopened.decision) == ("open", None, "", "")
    assert brand.workspace.identity_decisions.in_force() == []
    brand.refresh()
    assert owners(brand) == before
    told = brand.state()
    assert {name: told[name] for name in ("person", "orders", "person_tag", "person_link")} == {
        name: state[name] for name in ("person", "orders", "person_tag", "person_link")
    }


def test_a_rejected_pair_changes_nobody_and_is_not_asked_again(
    brand: Small, pair: tuple[int, int], suggest_pair: Any
) -> None:
    service, before = brand.workspace.suggestions, owners(brand)
    assert service.decide(pair, "reject", actor=GUIDE).state == "rejected"
    suggest_pair(brand.workspace, *pair, probability=0.97)  # a later run finds them again
    brand.refresh()
    assert owners(brand) == before
    assert service.list("open") == []
    assert brand.workspace.identity_decisions.in_force() == []
    with brand.workspace.db.read() as rx:
        assert pair in tables.decided(rx)
    service.decide(pair, "open", actor=GUIDE)
    assert [(one.a, one.b, one.probability) for one in service.list("open")] == [(*pair, 0.97)]
    with brand.workspace.db.read() as rx:
        assert pair not in tables.decided(rx)


def test_a_pair_put_off_waits_apart_and_can_still_be_accepted(brand: Small, pair: tuple[int, int]) -> None:
    service = brand.workspace.suggestions
    service.decide(pair, "later", actor=GUIDE)
    assert (service.list("open"), [(one.a, one.b) for one in service.list("later")]) == ([], [pair])
    assert service.decide(pair, "accept", actor=GUIDE).state == "accepted"
    assert service.counts() == {"accepted": 1}


def test_what_was_decided_is_decided_otherwise_only_after_it_was_reopened(brand: Small, pair: tuple[int, int]) -> None:
    service = brand.workspace.suggestions
    orders: tuple[tuple[Verdict, Verdict], ...] = (("accept", "reject"), ("reject", "accept"))
    for first, second in orders:
        service.decide(pair, first, actor=GUIDE)
        with pytest.raises(Conflict) as refused:
            service.decide(pair, second, actor=GUIDE)
        assert refused.value.code == "linkage.decided"
        service.decide(pair, "open", actor=GUIDE)


def test_the_same_verdict_twice_is_one_decision(brand: Small, pair: tuple[int, int]) -> None:
    service = brand.workspace.suggestions
    many = len(audited(brand, "linkage.accept"))
    assert service.decide(pair, "accept", actor=GUIDE) == service.decide(pair, "accept", actor=SYSTEM)
    assert len(brand.workspace.identity_decisions.in_force()) == 1
    said = audited(brand, "linkage.accept")
    assert len(said) == many + 1
    assert (said[0].actor, said[0].object) == ("guide", pair_id(*pair))


def test_decision_and_suggestion_are_one_commit(
    brand: Small, pair: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The power goes while the suggestion is marked: neither is there, and neither is gone when it is taken back."""
    service, decisions = brand.workspace.suggestions, brand.workspace.identity_decisions

    def broken(*_told: object) -> bool:
        raise OSError("no power")

    with monkeypatch.context() as patched:
        patched.setattr(tables, "mark", broken)
        with pytest.raises(OSError, match="no power"):
            service.decide(pair, "accept", actor=GUIDE)
    assert decisions.listed(nodes=pair, revoked=False) == []
    assert service.list("open")[0].state == "open"
    service.decide(pair, "accept", actor=GUIDE)
    with monkeypatch.context() as patched:
        patched.setattr(tables, "mark", broken)
        with pytest.raises(OSError, match="no power"):
            service.decide(pair, "open", actor=GUIDE)
    assert len(decisions.in_force()) == 1
    assert service.list("accepted")[0].decision == decisions.in_force()[0].id


def test_who_comes_second_is_told_and_changes_nothing(
    brand: Small, pair: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody rejects between the look of another and their acceptance."""
    service, decisions, look = brand.workspace.suggestions, brand.workspace.identity_decisions, tables.one
    service.decide(pair, "reject", actor=SYSTEM)
    monkeypatch.setattr(tables, "one", lambda rx, asked: replace(look(rx, asked), state="open"))
    with pytest.raises(Conflict) as refused:
        service.decide(pair, "accept", actor=GUIDE)
    assert refused.value.code == "linkage.decided"
    monkeypatch.undo()
    assert decisions.in_force() == []
    assert [(one.state, one.decided_by) for one in service.list(None)] == [("rejected", "system")]


def test_an_acceptance_that_was_revoked_elsewhere_can_be_reopened(brand: Small, pair: tuple[int, int]) -> None:
    service, decisions = brand.workspace.suggestions, brand.workspace.identity_decisions
    decisions.revoke(service.decide(pair, "accept", actor=GUIDE).decision, actor=GUIDE)
    assert service.decide(pair, "open", actor=GUIDE).state == "open"
    assert decisions.in_force() == []


def test_two_who_were_kept_apart_by_hand_are_not_joined(brand: Small, pair: tuple[int, int]) -> None:
    service, decisions = brand.workspace.suggestions, brand.workspace.identity_decisions
    decisions.decide(Wish("separate", *pair), actor=GUIDE)
    with pytest.raises(Conflict) as refused:
        service.decide(pair, "accept", actor=GUIDE)
    assert refused.value.code == "identity.decision_contradicts"
    assert service.list("open")[0].state == "open"


@pytest.mark.parametrize("verdict", ["accept", "reject", "later"])
def test_who_may_only_read_decides_nothing(brand: Small, pair: tuple[int, int], verdict: Any) -> None:
    with pytest.raises(NotAllowed):
        brand.workspace.suggestions.decide(pair, verdict, actor=Actor("yue", "viewer"))
    assert brand.workspace.suggestions.list("open")[0].state == "open"


def test_a_band_is_decided_at_once_and_nothing_outside_it(
    brand: Small, pair: tuple[int, int], suggest_pair: Any
) -> None:
    service = brand.workspace.suggestions
    likely = suggest_pair(brand.workspace, brand.node(BEA[0]), brand.node(CID[0]), 0.99)
    assert service.decide_all("reject", 0.95, 1.0, actor=GUIDE) == 1
    assert [(one.a, one.b) for one in service.list("rejected")] == [likely]
    assert [(one.a, one.b) for one in service.list("open")] == [pair]


def test_a_person_sees_the_suggestions_about_them(brand: Small, pair: tuple[int, int]) -> None:
    service, whose = brand.workspace.suggestions, owners(brand)
    for node in pair:
        assert [(one.a, one.b) for one in service.list(person=whose[node])] == [pair]
    assert service.list(person=whose[brand.node(CID[0])]) == []
    assert service.persons(service.list()) == {node: whose[node] for node in pair}


def test_what_identifiers_joined_meanwhile_is_asked_no_more(brand: Small, suggest_pair: Any) -> None:
    service = brand.workspace.suggestions
    bea, cid = brand.node(BEA[0]), brand.node(CID[0])
    suggest_pair(brand.workspace, bea, cid)
    joined = brand.workspace.identity_decisions.decide(Wish("join", bea, cid), actor=GUIDE)
    brand.refresh()
    assert owners(brand)[bea] == owners(brand)[cid]
    assert service.list("open") == []
    brand.workspace.identity_decisions.revoke(joined.id, actor=GUIDE)
    brand.refresh()
    assert len(service.list("open")) == 1


def test_no_such_suggestion_is_said(brand: Small) -> None:
    with pytest.raises(NotFound) as missing:
        brand.workspace.suggestions.decide((1, 2), "accept", actor=GUIDE)
    assert missing.value.code == "linkage.no_suggestion"
