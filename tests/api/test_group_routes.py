"""Groups over the API."""

from __future__ import annotations

from typing import Any


def test_before_a_fit_there_are_no_groups(api: Any) -> None:
    told = api.ask("GET", "/groups")
    assert (told["run"], told["groups"]) == (None, [])
    assert api.problem("GET", "/groups/g1/people")[:2] == (404, "groups.unknown")
    assert api.problem("PUT", "/groups/g1/title", json={"title": {"zh": "老茶客"}})[:2] == (404, "groups.unknown")
    assert api.problem("POST", "/groups/g1/segment")[:2] == (404, "groups.unknown")
    person = api.ask("GET", "/people", params={"limit": 1})["people"][0]["id"]
    assert api.ask("GET", f"/groups/people/{person}") is None


def test_only_operators_find_groups_anew(api: Any) -> None:
    assert api.problem("POST", "/groups/fit", "viewer", json={})[:2] == (403, "access.not_allowed")


def test_too_few_people_are_told_how_many_it_takes(api: Any) -> None:
    run = api.workspace.groups.fit()
    told = api.ask("GET", "/groups")
    assert told["latest"]["id"] == run.id == api.ask("GET", "/groups/fits")[0]["id"]
    assert (told["latest"]["state"], told["latest"]["body"]["needed"]) == ("too_little", 500)
