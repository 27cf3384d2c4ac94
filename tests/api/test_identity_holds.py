"""Held sources over the API."""

from __future__ import annotations

from typing import Any

from dujiang.identity.decisions import Wish
from dujiang.store.command import SYSTEM

SEEN = {"facts": 200, "merges": 150, "rate": 0.75, "usual": 0.01, "bound": 0.05, "blocks": 9, "tripped": True}


def _hold(api: Any) -> str:
    wish = Wish("distrust", source="flooded", from_seq=5, origin="hold", evidence=SEEN)
    return api.workspace.identity_decisions.decide(wish, actor=SYSTEM).id


def test_a_hold_is_listed_and_released(api: Any) -> None:
    id_ = _hold(api)
    (told,) = api.ask("GET", "/identity/holds", "viewer")
    assert (told["id"], told["source"], told["merges"], told["usual"], told["links"]) == (id_, "flooded", 150, 0.01, 0)
    released = api.ask("POST", f"/identity/holds/{id_}/release", "operator", json={"reason": "a campaign"})
    assert (released["origin"], released["revoke_reason"]) == ("hold", "a campaign")
    assert api.ask("GET", "/identity/holds", "viewer") == []


def test_a_hold_is_rejected_and_the_rejection_taken_back(api: Any) -> None:
    id_ = _hold(api)
    made = api.ask("POST", f"/identity/holds/{id_}/reject", "operator", json={"reason": "a broken form"})
    assert (made["kind"], made["source"], made["origin"], made["revoked_at"]) == ("distrust", "flooded", "hand", None)
    assert api.ask("GET", "/identity/holds", "viewer") == []
    api.ask("POST", f"/identity/decisions/{made['id']}/revoke", "operator", json={"reason": "it was right"})
