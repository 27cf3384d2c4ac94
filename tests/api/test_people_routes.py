"""People over the API: lists, pages, timelines, and looking at personal data."""

from __future__ import annotations

from typing import Any

import pyarrow.parquet as pq
import pytest

from dujiang.foundation.ids import parse_person_id


@pytest.fixture(scope="module")
def phone(api: Any, simulated: Any) -> str:
    """A phone of the made-up brand that belongs to somebody known."""
    values = pq.read_table(simulated.folder / "truth" / "identifier.parquet").to_pylist()
    phones = sorted(row["value"] for row in values if row["type"] == "mobile")
    return next(one for one in phones if api.workspace.people.find(one))


def test_pages_of_the_list_hold_everybody_once(api: Any) -> None:
    first = api.ask("GET", "/people", "viewer", params={"limit": 40})
    seen, page = [one["id"] for one in first["people"]], first
    while page["next"]:
        page = api.ask("GET", "/people", "viewer", params={"limit": 40, "after": page["next"]})
        seen += [one["id"] for one in page["people"]]
    assert len(seen) == len(set(seen)) == first["count"] == api.ask("GET", "/status")["persons"]


def test_filters(api: Any) -> None:
    told = api.ask("GET", "/people", params={"channel": ["tmall"], "bought": True, "limit": 1000})
    with api.workspace.engine.read() as con:
        query = "select person from person where orders > 0 and list_contains(channels, 'tmall')"
        expected = {person for (person,) in con.execute(query).fetchall()}
    assert {parse_person_id(one["id"]) for one in told["people"]} == expected
    assert expected


def test_a_phone_leads_to_its_person_and_is_not_repeated(api: Any, phone: str) -> None:
    told = api.ask("GET", "/people", params={"words": phone})
    assert told["count"] == 1
    page = api.ask("GET", f"/people/{told['people'][0]['id']}")
    assert page["id"] == told["people"][0]["id"]
    assert phone not in str(told) + str(page)
    assert {"mobile"} <= {one["type"] for one in page["page"]["identifiers"]}


def test_only_operators_look_at_personal_data_and_the_log_says_who(api: Any, phone: str) -> None:
    person = api.ask("GET", "/people", params={"words": phone})["people"][0]["id"]
    assert api.problem("POST", f"/people/{person}/reveal", "analyst")[:2] == (403, "access.not_allowed")
    clear = api.ask("POST", f"/people/{person}/reveal", "operator")
    assert f"+86{phone}" in {one["value"] for one in clear if one["type"] == "mobile"}
    last = api.ask("GET", "/audit", params={"limit": 1})[0]
    assert (last["action"], last["object"]) == ("person.reveal", person)
    assert phone not in str(last)


def test_the_timeline_goes_back_page_by_page(api: Any) -> None:
    person = api.ask("GET", "/people", params={"sort": "orders", "limit": 1})["people"][0]["id"]
    whole = api.ask("GET", f"/people/{person}/timeline", params={"limit": 1000})
    pages, before = [], ""
    while True:
        page = api.ask("GET", f"/people/{person}/timeline", params={"limit": 2, "before": before})
        pages += page["entries"]
        before = page["next"]
        if not before:
            break
    assert pages == whole["entries"]
    assert [one["at"] for one in pages] == sorted((one["at"] for one in pages), reverse=True)
    orders = api.ask("GET", f"/people/{person}/timeline", params={"limit": 1000, "kind": "order"})
    assert orders["entries"] == [one for one in pages if one["kind"] == "order"] != []


def test_a_tree_alone_is_counted_as_one_with_its_envelope(api: Any) -> None:
    tree = {"type": "all", "of": [{"type": "behaviour", "source": "orders"}]}
    alone = api.ask("POST", "/segments/count", json=tree)
    assert alone == api.ask("POST", "/segments/count", json={"condition": tree})
    assert 0 < alone["people"] < alone["everybody"]
    some = api.ask("POST", "/segments/count", json={"condition": tree, "sample": 3})
    assert len(some["sample"]) == 3
    assert api.problem("POST", "/segments/count", json={"type": "al"})[:2] == (400, "segment.invalid")
