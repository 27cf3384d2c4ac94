"""A phone that is taken off one person and bound to another, through calls, refreshes and a rebuild."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from dujiang.engine.contract import DERIVED
from dujiang.engine.schema import fingerprint
from dujiang.identity.decisions import Wish
from dujiang.store.command import Actor
from dujiang.store.journal import Entry
from dujiang.workspace import Workspace

PHONE = "+8613911112222"
HAN = Actor("han", "operator")
MAY = datetime(2026, 5, 1, tzinfo=UTC)


def send(workspace: Workspace, path: str, *events: Mapping[str, Any]) -> None:
    body = json.dumps({"batch": events} if path == "/v1/batch" else list(events)).encode()
    at = workspace.clock.now()
    workspace.journal.append_many([Entry("site_web", "test", at, path, "application/json", body, len(events))])
    workspace.refresh()


def identified(login: str, days: int) -> dict[str, Any]:
    moment = (MAY + timedelta(days)).isoformat()
    traits = {"phone": PHONE}
    return {"type": "identify", "messageId": f"{login}-{days}", "userId": login, "traits": traits, "timestamp": moment}


def unbound(login: str, days: int) -> dict[str, Any]:
    moment = (MAY + timedelta(days)).isoformat()
    ids = [{"id": PHONE, "type": "mobile", "collection": "users", "encoding": "none"}]
    told = {"type": "track", "event": "Id Unbound", "messageId": f"unbound-{days}", "userId": login}
    return told | {"timestamp": moment, "context": {"externalIds": ids}}


def owners(workspace: Workspace) -> list[tuple[str, int | None]]:
    """Logins of the phone's owners, each with the day until which."""
    node = workspace.tokeniser().identifier("mobile", PHONE)
    assert node is not None
    question = """
        SELECT p.person, p.to_at FROM person_node p WHERE p.node = ? ORDER BY p.from_at NULLS FIRST
    """
    with workspace.engine.read() as con:
        rows = con.execute(question, [node.node]).fetchall()
    logins = {workspace.people.find(login)[0]: login for login in ("lin-first", "lin-second")}
    return [(logins[person], until and (until - MAY).days) for person, until in rows]


def prints(workspace: Workspace) -> dict[str, tuple[int, int]]:
    with workspace.engine.read() as con:
        return fingerprint(con, tuple(DERIVED))


def test_an_event_unbinds_and_a_rebuild_says_the_same(opened: Callable[[], Workspace]) -> None:
    workspace = opened()
    send(workspace, "/v1/batch", identified("lin-first", 0))
    send(workspace, "/v1/batch", identified("lin-second", 20))
    send(workspace, "/v1/batch", unbound("lin-first", 10))  # comes late
    assert owners(workspace) == [("lin-first", 10), ("lin-second", None)]
    before = prints(workspace)
    workspace.rebuild()
    assert prints(workspace) == before


def test_a_sensors_tracker_unbinds(opened: Callable[[], Workspace]) -> None:
    workspace = opened()
    moment = round((MAY + timedelta(10)).timestamp() * 1000)
    record = {"type": "track_id_unbind", "event": "$UnbindID", "time": moment, "distinct_id": "lin-first"}
    send(workspace, "/v1/batch", identified("lin-first", 0), identified("lin-second", 20))
    send(workspace, "/sa", {**record, "properties": {"$is_login_id": True}, "identities": {"$identity_mobile": PHONE}})
    assert owners(workspace) == [("lin-first", 10), ("lin-second", None)]


def test_somebody_unbinds_by_hand(opened: Callable[[], Workspace]) -> None:
    workspace = opened()
    send(workspace, "/v1/batch", identified("lin-first", 0), identified("lin-second", 20))
    node = workspace.tokeniser().identifier("mobile", PHONE)
    assert node is not None
    before, wish, desk = (
        prints(workspace),
        Wish("unbind", node.node, moment=MAY + timedelta(10)),
        workspace.identity_desk,
    )
    assert desk.dry_run(wishes=[wish]).affected == 2  # one loses the phone, the other gets it
    made = workspace.identity_decisions.decide(wish, actor=HAN)
    assert workspace.identity_decisions.decide(wish, actor=HAN).id == made.id
    workspace.refresh()
    assert owners(workspace) == [("lin-first", 10), ("lin-second", None)]
    after = prints(workspace)
    workspace.rebuild()
    assert prints(workspace) == after
    desk.revoke(made.id, actor=HAN)
    workspace.refresh()
    assert prints(workspace) == before
    assert desk.restore(made.id, actor=HAN).ruling.moment == MAY + timedelta(10)
    workspace.refresh()
    assert owners(workspace) == [("lin-first", 10), ("lin-second", None)]


def test_what_is_unbound_without_a_moment_or_later_than_now_is_unbound_now(opened: Callable[[], Workspace]) -> None:
    workspace = opened()
    now = workspace.clock.now()
    for number, moment in enumerate((None, now + timedelta(days=400))):
        made = workspace.identity_decisions.decide(Wish("unbind", number, moment=moment), actor=HAN)
        assert made.moment is not None
        assert made.moment < now + timedelta(days=1)
