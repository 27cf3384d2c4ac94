"""A source that begins to send wrong pairs is held: what that costs before, with and after the breaker, against the truth."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from itertools import count

import numpy as np
import pytest

from dujiang.engine.contract import DERIVED
from dujiang.engine.schema import fingerprint
from dujiang.foundation.definitions import Definition
from dujiang.foundation.errors import Conflict
from dujiang.identity.breaker import KIND, NAME
from dujiang.identity.evaluate import Evaluation, evaluate
from dujiang.store.command import Actor
from dujiang.store.journal import Entry
from dujiang.workspace import Workspace

HAN = Actor("han", "operator")
AT = datetime(2026, 11, 16, 2, tzinfo=UTC)
SMALL = {"facts_per_block": 50, "merges_min": 10}
"""The test has few facts, so that fewer of them are judged together."""
PEOPLE = 60
_sent = count()

TRUTH: dict[tuple[str, str], int] = {}
for _n in range(PEOPLE):
    TRUTH |= {("taobao_buyer", f"flood-tb-{_n}"): _n, ("mobile", f"137{_n:03}51{_n:03}"): _n}
    TRUTH |= {("email", f"flood{_n}@maple-tea.cn"): PEOPLE + _n, ("douyin_buyer", f"flood-dy-{_n}"): PEOPLE + _n}
"""Whose each identifier is: sixty people of Taobao with phones, sixty of Douyin with email addresses."""


def _call(*names: tuple[str, str]) -> dict[str, object]:
    sent = next(_sent)
    traits = {{"mobile": "phone"}.get(kind, kind): value for kind, value in names}
    when = (AT + timedelta(seconds=sent)).isoformat()
    return {"type": "identify", "messageId": f"flood{sent}", "userId": "null", "timestamp": when, "traits": traits}


def _send(workspace: Workspace, calls: Sequence[dict[str, object]]) -> None:
    body = json.dumps({"batch": calls}).encode()
    entry = Entry("site_web", "test", AT, "/v1/batch", "application/json", body, len(calls))
    workspace.journal.append_many([entry])
    workspace.refresh()


def _right(rounds: int) -> list[dict[str, object]]:
    people: dict[int, list[tuple[str, str]]] = {}
    for name, person in TRUTH.items():
        people.setdefault(person, []).append(name)
    return [_call(*names) for _ in range(rounds) for names in people.values()]


def _wrong(seed: int, many: int = 60) -> list[dict[str, object]]:
    """A buyer of Taobao and the email address of somebody else, in one record."""
    rng = random.Random(seed)
    buyers, emails = ([name for name in TRUTH if name[0] == kind] for kind in ("taobao_buyer", "email"))
    return [_call(rng.choice(buyers), rng.choice(emails)) for _ in range(many)]


def _quality(workspace: Workspace) -> Evaluation:
    tokeniser = workspace.tokeniser()
    nodes = {one.node: person for name, person in TRUTH.items() if (one := tokeniser.identifier(*name))}
    assert len(nodes) == 4 * PEOPLE
    with workspace.engine.read() as con:
        owner = dict(con.execute("SELECT node, person FROM person_node WHERE to_at IS NULL").fetchall())
    return evaluate(np.array([owner[node] for node in nodes]), np.array(list(nodes.values())))


@pytest.fixture
def watched(opened: Callable[[], Workspace]) -> Callable[..., Workspace]:
    """The brand with small blocks, after the source has said only what is true."""

    def make(**changed: object) -> Workspace:
        workspace = opened()
        definition = Definition(kind=KIND, name=NAME, spec={**SMALL, **changed})
        workspace.definitions.apply(workspace.definitions.plan([definition]), actor="han")
        _send(workspace, _right(5))
        assert (_quality(workspace).precision, _quality(workspace).recall) == (1.0, 1.0)
        return workspace

    return make


def _is_rebuilt(workspace: Workspace) -> bool:
    def prints() -> dict[str, tuple[int, int]]:
        with workspace.engine.read() as con:
            return fingerprint(con, tuple(DERIVED))

    before, decisions = prints(), workspace.identity_decisions.listed()
    workspace.rebuild()
    return prints() == before and workspace.identity_decisions.listed() == decisions


def test_without_the_breaker_a_flood_of_wrong_pairs_joins_strangers(watched: Callable[..., Workspace]) -> None:
    workspace = watched(enabled=False)
    _send(workspace, _wrong(1))
    assert (_quality(workspace).precision or 0) < 0.6
    assert workspace.identity_decisions.listed() == []


def test_with_the_breaker_it_joins_nobody(watched: Callable[..., Workspace]) -> None:
    workspace = watched()
    _send(workspace, _wrong(1))
    assert (_quality(workspace).precision, _quality(workspace).recall) == (1.0, 1.0)
    (held,) = workspace.identity_decisions.listed()
    assert (held.ruling.source, held.ruling.origin, held.ruling.actor) == ("site_web", "hold", "system")
    assert held.evidence["merges"] >= SMALL["merges_min"]
    assert held.evidence["rate"] > held.evidence["bound"] >= 8 * held.evidence["usual"]
    (told,) = [one.payload for one in workspace.outbox.read("test", 10_000) if one.topic == "identity.held"]
    assert (told["source"], told["merges"]) == ("site_web", held.evidence["merges"])
    assert workspace.audit.list(1)[0].actor == "system"
    with workspace.engine.read() as con:
        (shown,) = workspace.identity_watch.held(con)
    assert shown.links > 40
    assert _is_rebuilt(workspace)


def test_why_a_link_waits_is_told(watched: Callable[..., Workspace]) -> None:
    workspace = watched()
    _send(workspace, _wrong(1))
    with workspace.engine.read() as con:
        person = con.execute("SELECT person FROM person_link WHERE reason = 'distrusted' LIMIT 1").fetchall()[0][0]
        waits = [one for one in workspace.identity.explain(con, person) if one.held]
    assert waits and "It is held until somebody has looked" in waits[0].text(workspace.identifier_types, "en")
    assert "已暂停采信" in waits[0].text(workspace.identifier_types, "zh")


def test_what_comes_while_it_is_held_waits_too(watched: Callable[..., Workspace]) -> None:
    workspace = watched()
    _send(workspace, _wrong(1))
    _send(workspace, _wrong(2))
    assert _quality(workspace).precision == 1.0
    assert len(workspace.identity_decisions.listed()) == 1


def test_released_it_is_as_if_nothing_had_been_held(watched: Callable[..., Workspace]) -> None:
    workspace = watched()
    _send(workspace, _wrong(1))
    (held,) = workspace.identity_decisions.listed()
    trial = workspace.identity_desk.dry_run(revoke=[held.ruling.id])
    workspace.identity_decisions.release(held.ruling.id, actor=HAN, reason="a campaign")
    workspace.refresh()
    assert (_quality(workspace).precision or 0) < 0.6
    with workspace.engine.read() as con:
        persons = con.execute("SELECT count(DISTINCT person) FROM person_node").fetchall()[0][0]
    assert trial.persons_after == persons
    assert _is_rebuilt(workspace)
    with pytest.raises(Conflict, match="no more"):
        workspace.identity_decisions.release(held.ruling.id, actor=HAN)


def test_rejected_it_joins_nobody_and_what_comes_later_is_watched_anew(watched: Callable[..., Workspace]) -> None:
    workspace = watched()
    _send(workspace, _wrong(1))
    (held,) = workspace.identity_decisions.listed()
    distrust = workspace.identity_decisions.reject(held.ruling.id, actor=HAN, reason="a broken form")
    workspace.refresh()
    assert (distrust.origin, distrust.from_seq) == ("hand", held.ruling.from_seq)
    assert distrust.to_seq is not None
    assert (_quality(workspace).precision, _quality(workspace).recall) == (1.0, 1.0)
    _send(workspace, [_call(("taobao_buyer", "flood-tb-0"), ("member_no", "flood-member-0"))])
    with workspace.engine.read() as con:
        owner = dict(con.execute("SELECT node, person FROM person_node").fetchall())
    token = workspace.tokeniser()
    one, other = (token.identifier(*name) for name in (("taobao_buyer", "flood-tb-0"), ("member_no", "flood-member-0")))
    assert one and other
    assert owner[one.node] == owner[other.node]
    _send(workspace, _wrong(3))
    assert _quality(workspace).precision == 1.0
    assert [one.in_force for one in workspace.identity_decisions.listed()] == [False, True, True]
    assert _is_rebuilt(workspace)


def test_rejecting_can_be_taken_back(watched: Callable[..., Workspace]) -> None:
    workspace = watched()
    _send(workspace, _wrong(1))
    (held,) = workspace.identity_decisions.listed()
    distrust = workspace.identity_decisions.reject(held.ruling.id, actor=HAN)
    workspace.identity_decisions.revoke(distrust.id, actor=HAN)
    workspace.refresh()
    assert (_quality(workspace).precision or 0) < 0.6
    workspace.refresh()
    assert workspace.identity_decisions.in_force() == []
