"""A held source is on the identity page with what believing it would do, and somebody decides."""

from __future__ import annotations

import httpx
import pytest

from dujiang.identity.decisions import Wish
from dujiang.identity.rulings import Ruling
from dujiang.store.command import SYSTEM
from dujiang.workspace import Workspace

SEEN = {"facts": 200, "merges": 150, "rate": 0.75, "usual": 0.01, "bound": 0.05, "blocks": 9, "tripped": True}


@pytest.fixture
def held(workspace: Workspace) -> Ruling:
    wish = Wish("distrust", source="flooded", from_seq=5, origin="hold", evidence=SEEN)
    return workspace.identity_decisions.decide(wish, actor=SYSTEM)


def test_it_is_shown_and_believed(admin: httpx.Client, workspace: Workspace, held: Ruling) -> None:
    assert f'href="/identity/holds/{held.id}"' in admin.get("/identity").text
    shown = admin.get(f"/identity/holds/{held.id}").text
    assert "flooded" in shown and "75%" in shown.replace("75.0%", "75%")
    answer = admin.post(f"/identity/holds/{held.id}", data={"reason": "a campaign", "verdict": "release"})
    assert answer.headers["location"] == "/identity/decisions"
    assert workspace.identity_decisions.get(held.id).revoke_reason == "a campaign"
    assert "flooded" not in admin.get("/identity").text
    assert admin.get(f"/identity/holds/{held.id}").status_code == 409


def test_what_was_believed_is_held_again(admin: httpx.Client, workspace: Workspace, held: Ruling) -> None:
    workspace.identity_decisions.release(held.id, actor=SYSTEM)
    assert f"/identity/decisions/{held.id}/restore" in admin.get("/identity/decisions").text
    admin.post(f"/identity/decisions/{held.id}/restore")
    (again,) = [one for one in workspace.identity_decisions.in_force() if one.source == "flooded"]
    assert (again.origin, again.from_seq, again.to_seq) == ("hold", held.from_seq, None)
    assert f'href="/identity/holds/{again.id}"' in admin.get("/identity").text
    workspace.identity_decisions.release(again.id, actor=SYSTEM)


def test_it_is_rejected(admin: httpx.Client, workspace: Workspace, held: Ruling) -> None:
    admin.post(f"/identity/holds/{held.id}", data={"reason": "a broken form", "verdict": "reject"})
    (made,) = [one for one in workspace.identity_decisions.in_force() if one.source == "flooded"]
    assert (made.origin, made.from_seq, made.reason) == ("hand", 5, "a broken form")
    workspace.identity_decisions.revoke(made.id, actor=SYSTEM)


def test_a_viewer_may_look_and_not_decide(viewer: httpx.Client, workspace: Workspace, held: Ruling) -> None:
    assert "<form" not in viewer.get(f"/identity/holds/{held.id}").text.partition("<main")[2].partition("</main>")[0]
    assert viewer.post(f"/identity/holds/{held.id}", data={"verdict": "release"}).status_code == 403
    workspace.identity_decisions.release(held.id, actor=SYSTEM)
