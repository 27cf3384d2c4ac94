"""Decisions in the store: who may write them, what they say, and that revoking leaves them on record."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from dujiang.foundation.clock import SystemClock
from dujiang.foundation.errors import Conflict, InvalidInput, NotAllowed, NotFound
from dujiang.identity.decisions import IdentityDecisions, Wish
from dujiang.store.audit import Audit
from dujiang.store.command import Actor, Commands
from dujiang.store.database import Database
from dujiang.store.outbox import Outbox
from dujiang.workspace import actions  # noqa: F401  (importing makes them known)

HAN, LI = Actor("han", "operator"), Actor("li", "viewer")


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    opened = Database.open(f"sqlite:///{tmp_path / 'store.db'}")
    yield opened
    opened.close()


@pytest.fixture
def told() -> list[str]:
    return []


@pytest.fixture
def decisions(database: Database, told: list[str]) -> IdentityDecisions:
    clock = SystemClock()
    return IdentityDecisions(database, clock, Commands(database, clock), after=lambda: told.append("after"))


def test_a_decision_is_in_force_until_it_is_revoked(decisions: IdentityDecisions) -> None:
    made = decisions.decide(Wish("separate", 9, 3, reason="two brothers"), actor=HAN)
    assert decisions.in_force() == [made]
    assert (made.a, made.b, made.reason, made.actor) == (3, 9, "two brothers", "han")
    revoked = decisions.revoke(made.id, actor=HAN, reason="a mistake")
    assert decisions.in_force() == []
    assert decisions.listed() == [revoked]
    assert (revoked.revoked_by, revoked.revoke_reason) == ("han", "a mistake")


def test_undoing_the_undoing(decisions: IdentityDecisions) -> None:
    first = decisions.decide(Wish("join", 1, 2), actor=HAN)
    decisions.revoke(first.id, actor=HAN)
    again = decisions.decide(Wish("join", 1, 2), actor=HAN)
    assert [one.id for one in decisions.in_force()] == [again.id] != [first.id]


def test_the_same_is_not_written_twice(decisions: IdentityDecisions) -> None:
    first = decisions.decide(Wish("bar", 5), actor=HAN)
    assert decisions.decide(Wish("bar", 5, reason="once more"), actor=HAN) == first


def test_it_is_audited_and_announced(decisions: IdentityDecisions, database: Database, told: list[str]) -> None:
    made = decisions.decide(Wish("distrust", source="flood", reason="test data"), actor=HAN)
    decisions.revoke(made.id, actor=HAN)
    assert [(one.action, one.actor, one.reason) for one in Audit(database).list()][::-1] == [
        ("identity.decide", "han", "test data"),
        ("identity.decide", "han", ""),
    ]
    assert [one.topic for one in Outbox(database).read("reader")] == ["identity.decided", "identity.revoked"]
    assert told == ["after", "after"]


def test_a_contradiction_is_refused(decisions: IdentityDecisions) -> None:
    decisions.decide(Wish("join", 1, 2), actor=HAN)
    with pytest.raises(Conflict, match="Revoke that decision first"):
        decisions.decide(Wish("separate", 2, 1), actor=HAN)


def test_a_viewer_may_not(decisions: IdentityDecisions) -> None:
    with pytest.raises(NotAllowed):
        decisions.decide(Wish("bar", 1), actor=LI)
    assert decisions.listed() == []


@pytest.mark.parametrize(
    "wish", [Wish("join", 1), Wish("join", 1, 1), Wish("bar"), Wish("distrust"), Wish("bar", 1, 2)]
)
def test_nothing_half_said(decisions: IdentityDecisions, wish: Wish) -> None:
    with pytest.raises(InvalidInput, match="needs two different identifiers"):
        decisions.decide(wish, actor=HAN)


def test_what_is_not_there_cannot_be_revoked(decisions: IdentityDecisions) -> None:
    with pytest.raises(NotFound):
        decisions.revoke("idd_none", actor=HAN)
    made = decisions.decide(Wish("bar", 1), actor=HAN)
    decisions.revoke(made.id, actor=HAN)
    with pytest.raises(Conflict):
        decisions.revoke(made.id, actor=HAN)


def test_only_those_about_some_identifiers(decisions: IdentityDecisions) -> None:
    decisions.decide(Wish("bar", 1), actor=HAN)
    wanted = decisions.decide(Wish("separate", 2, 7), actor=HAN)
    assert [one.ruling for one in decisions.listed(nodes=[7, 8])] == [wanted]
