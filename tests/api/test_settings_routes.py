"""Definitions, keys, accounts, the audit log and the state of the workspace over the API."""

from __future__ import annotations

from typing import Any

import pytest

from dujiang.store.access import ROLES

CHANNEL = "kind: channel\nname: popup\ntitle: {{zh: 快闪店}}\nowner: {owner}\nspec: {{group: store}}\n"


def test_a_definition_is_planned_applied_and_kept_in_versions(api: Any) -> None:
    first, second = CHANNEL.format(owner="lin"), CHANNEL.format(owner="zhou")
    planned = api.ask("POST", "/definitions/plan", "viewer", json={"yaml": first})
    assert [(one["name"], one["change"]) for one in planned] == [("popup", "create")]
    assert api.problem("GET", "/definitions/channel/popup")[:2] == (404, "definition.unknown")

    assert api.problem("POST", "/definitions/apply", "analyst", json={"yaml": first})[0] == 403
    api.ask("POST", "/definitions/apply", "operator", json={"yaml": first, "note": "opened"})
    planned = api.ask("POST", "/definitions/plan", "viewer", json={"yaml": second})[0]
    assert planned["change"] == "update"
    assert "-owner: lin" in planned["diff"]
    assert "+owner: zhou" in planned["diff"]

    api.ask("POST", "/definitions/apply", "operator", json={"yaml": second})
    assert api.ask("POST", "/definitions/apply", "operator", json={"yaml": second}) == []
    assert api.ask("GET", "/definitions/channel/popup")["owner"] == "zhou"
    versions = api.ask("GET", "/definitions/channel/popup/versions")
    assert [(one["number"], one["definition"]["owner"]) for one in versions] == [(2, "zhou"), (1, "lin")]
    assert versions[1]["note"] == "opened"
    own = {
        one["definition"]["name"] for one in api.ask("GET", "/definitions", params={"kind": "channel"}) if one["own"]
    }
    assert "popup" in own


def test_somebody_elses_change_in_between_is_not_overwritten(api: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    definitions = api.workspace.definitions
    planned_by = definitions.plan
    mine, theirs = CHANNEL.format(owner="mine"), CHANNEL.format(owner="theirs")

    def slow_plan(wanted: Any) -> Any:
        changes = planned_by(wanted)
        monkeypatch.undo()
        api.ask("POST", "/definitions/apply", "operator", json={"yaml": theirs})
        return changes

    monkeypatch.setattr(definitions, "plan", slow_plan)
    status, code, _sentence = api.problem("POST", "/definitions/apply", "operator", json={"yaml": mine})
    assert (status, code) == (409, "definition.changed_meanwhile")
    assert api.ask("GET", "/definitions/channel/popup")["owner"] == "theirs"


def test_a_key_acts_in_its_role_until_it_is_revoked(api: Any) -> None:
    made = api.ask("POST", "/keys", json={"kind": "api", "name": "report", "role": "analyst"})
    headers = {"authorization": f"Bearer {made['secret']}"}
    assert api.client.get("/api/v1/status", headers=headers).status_code == 200
    assert api.client.get("/api/v1/keys", headers=headers).status_code == 403
    listed = api.ask("GET", "/keys")
    assert made["key"]["id"] in {one["id"] for one in listed}
    assert made["secret"] not in str(listed)
    api.ask("POST", f"/keys/{made['key']['id']}/revoke")
    assert api.client.get("/api/v1/status", headers=headers).status_code == 401
    assert api.problem("POST", f"/keys/{made['key']['id']}/revoke")[:2] == (409, "access.key_revoked")
    assert made["secret"] not in str(api.ask("GET", "/audit"))


def test_a_rotated_key_overlaps_with_the_old_one(api: Any) -> None:
    old = api.ask("POST", "/keys", json={"kind": "api", "name": "app", "role": "viewer"})
    new = api.ask("POST", f"/keys/{old['key']['id']}/rotate", json={"overlap_hours": 1})
    for secret in (old["secret"], new["secret"]):
        headers = {"authorization": f"Bearer {secret}"}
        assert api.client.get("/api/v1/status", headers=headers).status_code == 200
    assert (new["key"]["replaces"], new["key"]["role"]) == (old["key"]["id"], "viewer")


def test_a_rotation_without_overlap_ends_the_old_key(api: Any) -> None:
    old = api.ask("POST", "/keys", json={"kind": "api", "name": "app", "role": "viewer"})
    api.ask("POST", f"/keys/{old['key']['id']}/rotate", json={"overlap_hours": 0})
    headers = {"authorization": f"Bearer {old['secret']}"}
    assert api.client.get("/api/v1/status", headers=headers).status_code == 401


def test_an_account_signs_in_and_can_be_changed(api: Any) -> None:
    wanted = {"name": "temp.one", "password": "long enough indeed", "role": "viewer"}
    made = api.ask("POST", "/accounts", json=wanted)
    assert api.problem("POST", "/accounts", json=wanted)[:2] == (409, "access.name_taken")
    signed_in = api.workspace.access.accounts.sign_in("temp.one", "long enough indeed")
    cookie = {"cookie": f"dj_session={signed_in.token}"}
    assert api.client.get("/api/v1/status", headers=cookie).status_code == 200
    assert api.ask("POST", f"/accounts/{made['id']}", json={"role": "analyst"})["role"] == "analyst"
    assert api.client.get("/api/v1/status", headers=cookie).status_code == 401
    assert not api.ask("POST", f"/accounts/{made['id']}", json={"active": False})["active"]
    assert "long enough" not in str(api.ask("GET", "/audit", params={"limit": 10}))


def test_the_last_administrator_stays(api: Any) -> None:
    admin = next(one for one in api.ask("GET", "/accounts") if one["role"] == "admin")
    told = api.problem("POST", f"/accounts/{admin['id']}", json={"role": "viewer"})
    assert told[:2] == (409, "access.last_admin")


def test_pages_of_the_audit_log(api: Any) -> None:
    first = api.ask("GET", "/audit", params={"limit": 3})
    second = api.ask("GET", "/audit", params={"limit": 3, "before": first[-1]["sequence"]})
    numbers = [one["sequence"] for one in first + second]
    assert numbers == list(range(numbers[0], numbers[0] - 6, -1))


def test_status_and_doctor(api: Any) -> None:
    status = api.ask("GET", "/status", "viewer")
    with api.workspace.engine.read() as con:
        found = {
            family: con.execute(f"select count(*) from fact_{family}").fetchall()[0][0] for family in status["facts"]
        }
    assert status["facts"] == found
    assert all(one["good"] for one in api.ask("GET", "/doctor"))


def test_a_rebuild_gives_the_same_answers(api: Any) -> None:
    question = {"metrics": ["gmv", "buyers", "visits"], "first": "2026-10-20", "last": "2026-11-15", "by": ["channel"]}
    before = api.ask("POST", "/metrics/query", json=question)
    job = api.ask("POST", "/rebuild")
    api.work()
    assert api.ask("GET", f"/jobs/{job['id']}")["state"] == "done"
    assert api.ask("POST", "/metrics/query", json=question) == before


@pytest.mark.parametrize("role", ROLES)
def test_a_browser_asks_with_its_session(api: Any, role: str) -> None:
    with api.browser(role) as browser:
        assert browser.get("/api/v1/status").status_code == 200


def test_figures_look_from_the_day_that_was_chosen(api: Any) -> None:
    calendar = api.ask("GET", "/present", "viewer")
    assert calendar == {"today": "2026-11-16", "chosen": "today", "calendar": "2026-11-16"}
    assert api.problem("PUT", "/present", "analyst", json={"day": "2026-11-01"})[0] == 403
    assert api.problem("PUT", "/present", "operator", json={"day": "soon"})[:2] == (400, "present.bad_day")
    chosen = api.ask("PUT", "/present", "operator", json={"day": "2026-11-01"})
    assert chosen == {"today": "2026-11-01", "chosen": "2026-11-01", "calendar": "2026-11-16"}
    assert api.ask("GET", "/status")["today"] == "2026-11-01"
    asked = {"metrics": ["orders"], "first": "2026-10-20", "last": "2026-11-01"}
    assert api.ask("POST", "/metrics/query", "viewer", json=asked)["today"] == "2026-11-01"
    api.ask("PUT", "/present", "operator", json={"day": "today"})
