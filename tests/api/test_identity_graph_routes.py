"""The graph of a person over the API, and taking a person apart: tried, done, undone."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from dujiang.foundation.ids import person_id


@pytest.fixture(scope="module")
def person(api: Any) -> str:
    """Somebody with identifiers of several kinds."""
    people = api.ask("GET", "/people", params={"known": True, "limit": 100})["people"]
    return max(people, key=lambda one: one["profile"]["identifiers"])["id"]


def test_the_graph_holds_the_persons_identifiers_and_links(api: Any, person: str) -> None:
    told, page = api.ask("GET", f"/people/{person}/graph", "viewer"), api.ask("GET", f"/people/{person}")["page"]
    own = [one for one in told["nodes"] if one["kind"] == "identifier"]
    assert own[0]["id"] == told["id"] == person
    assert len(own) == page["profile"]["identifiers"]
    assert {one["shown"] for one in own} == {one["shown"] for one in page["identifiers"]}
    assert len(told["links"]) == len(page["evidence"])
    known = {one["id"] for one in told["nodes"]}
    assert all({link["a"], link["b"]} <= known and link["sentence"]["zh"] for link in told["links"])


def test_relations_say_why(api: Any) -> None:
    with api.workspace.engine.read() as con:
        rows = con.execute(
            "SELECT person, other, kind FROM person_relation WHERE part = 'pair' ORDER BY ALL"
        ).fetchall()
    assert rows
    person, other, kind = rows[0]
    found = api.ask("GET", f"/people/{person_id(person)}/relations", "viewer")["relations"]
    (one,) = [one for one in found if (one["other"], one["kind"]) == (person_id(other), kind)]
    assert one["part"] == "pair"
    assert 0 < one["strength"] <= 1
    assert "条记录" in one["sentence"]["zh"]
    assert "records" in one["sentence"]["en"]
    assert all("1390000" not in thing["shown"] for thing in one["things"])


def test_the_overview_counts_people_and_a_thing_leads_to_them(api: Any) -> None:
    told = api.ask("GET", "/relations", "viewer")
    with api.workspace.engine.read() as con:
        rows = con.execute(
            "SELECT kind, count(DISTINCT person) FROM person_relation WHERE part <> 'hub' GROUP BY kind ORDER BY kind"
        ).fetchall()
        people = con.execute(
            "SELECT thing, count(DISTINCT person) FROM person_relation WHERE part <> 'hub' GROUP BY thing"
        )
        of_thing = {person_id(thing): many for thing, many in people.fetchall()}
    assert sorted((one["kind"], one["people"]) for one in told["kinds"]) == rows
    assert rows
    for thing, many in of_thing.items():
        assert len(api.ask("GET", f"/relations/{thing}", "viewer", params={"limit": 1000})) == many
    assert api.ask("GET", "/relations/u0000000000000", "viewer") == []


def test_taking_out_is_tried_done_and_undone(api: Any, person: str) -> None:
    before = api.ask("GET", f"/people/{person}/graph")
    leaving = next(one["id"] for one in before["nodes"] if one["kind"] == "identifier" and one["id"] != person)
    wanted = {"identifier": leaving, "reason": "a guide typed it"}
    tried = api.ask("POST", f"/people/{person}/take-out/dry-run", "viewer", json=wanted)
    assert tried["splits"] >= 1
    assert api.ask("GET", f"/people/{person}/graph") == before
    assert api.problem("POST", f"/people/{person}/take-out", "viewer", json=wanted)[:2] == (403, "access.not_allowed")
    made = api.ask("POST", f"/people/{person}/take-out", "operator", json=wanted)
    assert {(one["kind"], one["reason"], one["revoked_at"]) for one in made} == {("separate", "a guide typed it", None)}
    api.ask("POST", "/refresh", "operator")
    assert leaving not in {
        one["id"] for one in api.ask("GET", f"/people/{person}/graph")["nodes"] if one["kind"] == "identifier"
    }
    api.ask("POST", f"/identity/decisions/{made[0]['id']}/revoke", "operator", json={"reason": "it was hers"})
    api.ask("POST", "/refresh", "operator")
    assert api.ask("GET", f"/people/{person}/graph") == before


def test_a_merge_by_hand_is_a_seam_and_is_taken_back(api: Any, person: str) -> None:
    people = api.ask("GET", "/people", params={"known": True, "limit": 100})["people"]
    other = next(one["id"] for one in people if one["id"] != person)
    made = api.ask("POST", "/identity/decisions", json={"kind": "join", "a": person, "b": other, "reason": "test"})
    api.ask("POST", "/refresh", "operator")
    survivor = api.ask("GET", f"/people/{other}")["id"]
    assert survivor == api.ask("GET", f"/people/{person}")["id"]
    (seam,) = [one for one in api.ask("GET", f"/people/{survivor}/seams", "viewer") if one["decision"] == made["id"]]
    absorbed = other if survivor == person else person
    assert absorbed in seam["part"]
    tried = api.ask("POST", f"/people/{survivor}/unmerge/dry-run", "viewer", json={"former": absorbed})
    assert (tried["splits"], tried["affected"]) == (1, 1)
    (done,) = api.ask("POST", f"/people/{survivor}/unmerge", json={"former": absorbed})
    assert done["id"] == made["id"]
    assert done["revoked_at"]
    api.ask("POST", "/refresh", "operator")
    assert api.ask("GET", f"/people/{other}")["id"] == other


def test_somebody_elses_identifier_is_refused(api: Any, person: str) -> None:
    people = api.ask("GET", "/people", params={"known": True, "limit": 100})["people"]
    other = next(one["id"] for one in people if one["id"] != person)
    asked = {"identifier": other}
    assert api.problem("POST", f"/people/{person}/take-out/dry-run", json=asked)[:2] == (404, "identity.not_theirs")


def test_an_identifier_is_unbound_and_bound_again(api: Any, person: str) -> None:
    graph = api.ask("GET", f"/people/{person}/graph")
    node = next(one["id"] for one in graph["nodes"] if one["kind"] == "identifier" and one["id"] != person)
    wanted = {"kind": "unbind", "a": node, "moment": "2026-01-01T00:00:00Z"}
    assert api.problem("POST", "/identity/decisions", "viewer", json=wanted)[:2] == (403, "access.not_allowed")
    made = api.ask("POST", "/identity/decisions", "operator", json=wanted)
    assert datetime.fromisoformat(made["moment"]) == datetime(2026, 1, 1, tzinfo=UTC)
    revoked = api.ask("POST", f"/identity/decisions/{made['id']}/revoke", "operator", json={})
    assert revoked["revoked_at"]
    assert api.problem("POST", f"/identity/decisions/{made['id']}/restore", "viewer", json={})[0] == 403
    restored = api.ask("POST", f"/identity/decisions/{made['id']}/restore", "operator", json={})
    assert (restored["a"], restored["moment"], restored["revoked_at"]) == (node, made["moment"], None)
    found = api.problem("POST", f"/identity/decisions/{restored['id']}/restore", "operator", json={})
    assert found[:2] == (409, "identity.decision_in_force")
    api.ask("POST", f"/identity/decisions/{restored['id']}/revoke", "operator", json={})
