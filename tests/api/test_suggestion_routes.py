"""Suggestions by similarity over the API: listed, decided one by one and in bands, and who may."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import delete

from dujiang.foundation.ids import parse_person_id
from dujiang.identity.linkage.pair_id import pair_id
from dujiang.store.command import SYSTEM
from dujiang.store.tables import linkage_pair


@pytest.fixture
def pair(api: Any, suggest_pair: Any) -> Iterator[tuple[str, list[str]]]:
    """A suggestion to review: its id, and the two people."""
    people = [one["id"] for one in api.ask("GET", "/people", params={"known": True, "limit": 2})["people"]]
    one, other = (parse_person_id(person) for person in people)
    found = suggest_pair(api.workspace, one, other)
    yield pair_id(*found), people
    if api.workspace.suggestions.list("accepted"):
        api.workspace.suggestions.decide(found, "open", actor=SYSTEM)
    with api.workspace.db.transaction() as tx:
        tx.execute(delete(linkage_pair))


def test_a_suggestion_is_shown_side_by_side_and_masked(api: Any, pair: Any) -> None:
    id_, people = pair
    (one,) = api.ask("GET", "/suggestions", "viewer")
    assert (one["id"], one["state"], one["probability"], one["obstacle"]) == (id_, "open", 0.93, "gender")
    assert sorted(one["persons"]) == sorted(people)
    assert one["evidence"][0] == {"field": "name", "level": "equal", "weight": 9.4, "a": "演*一", "b": "演*一"}
    assert [part["field"] for part in one["evidence"]] == ["name", "birthday", "address", "gender"]
    assert api.ask("GET", "/suggestions", params={"low": 0.95}) == []
    assert api.ask("GET", "/suggestions", params={"state": "rejected"}) == []


def test_suggestions_about_one_person(api: Any, pair: Any) -> None:
    id_, people = pair
    others = api.ask("GET", "/people", params={"known": True, "limit": 3})["people"]
    stranger = next(one["id"] for one in others if one["id"] not in people)
    assert [one["id"] for one in api.ask("GET", "/suggestions", params={"person": people[1]})] == [id_]
    assert api.ask("GET", "/suggestions", params={"person": stranger}) == []
    assert api.problem("GET", "/suggestions", params={"person": "nobody"})[:2] == (404, "people.bad_id")


def test_accept_reject_and_both_taken_back(api: Any, pair: Any) -> None:
    id_, _people = pair
    path = f"/suggestions/{id_}/decide"
    accepted = api.ask("POST", path, "operator", json={"verdict": "accept"})
    assert (accepted["state"], len(api.workspace.identity_decisions.in_force())) == ("accepted", 1)
    assert accepted["decided_by"]
    assert api.problem("POST", path, json={"verdict": "reject"})[:2] == (409, "linkage.decided")
    assert api.ask("POST", path, "operator", json={"verdict": "open"})["state"] == "open"
    assert api.workspace.identity_decisions.in_force() == []
    assert api.ask("POST", path, "operator", json={"verdict": "reject"})["state"] == "rejected"
    assert api.ask("GET", "/suggestions") == []
    assert api.ask("POST", path, "operator", json={"verdict": "open"})["state"] == "open"


def test_a_band_is_decided_at_once(api: Any, pair: Any) -> None:
    assert api.ask("POST", "/suggestions/decide", json={"verdict": "reject", "low": 0.95, "high": 1}) == 0
    assert api.ask("POST", "/suggestions/decide", json={"verdict": "reject", "low": 0.9, "high": 0.95}) == 1
    assert [one["id"] for one in api.ask("GET", "/suggestions", params={"state": "rejected"})] == [pair[0]]


def test_readers_decide_nothing_and_what_is_unknown_is_said(api: Any, pair: Any) -> None:
    path = f"/suggestions/{pair[0]}/decide"
    assert api.problem("POST", path, "viewer", json={"verdict": "accept"})[:2] == (403, "access.not_allowed")
    assert api.problem("POST", path, json={"verdict": "perhaps"})[0] in (400, 422)
    assert api.problem("POST", "/suggestions/nobody/decide", json={"verdict": "accept"})[:2] == (
        404,
        "linkage.no_suggestion",
    )
