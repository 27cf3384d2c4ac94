"""Dead letters, completeness and platform totals over the API."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

HOUR = datetime(2026, 11, 16, 3, tzinfo=UTC)
RULE = """
kind: dead_letter_rule
name: drop-time
spec:
  match: {reason_code: event.timestamp_unreadable}
  steps: [{do: drop, at: /timestamp}]
"""


@pytest.fixture(scope="module")
def secret(api: Any) -> str:
    """A collect key of the site, made over the API."""
    wanted = {"kind": "collect", "name": "test", "source": "site_web"}
    return api.ask("POST", "/keys", json=wanted)["secret"]


def send(api: Any, secret: str, **event: Any) -> None:
    body = {"batch": [{"type": "track", "event": "tested", "anonymousId": "visitor-1"} | event], "writeKey": secret}
    answer = api.client.post("/v1/batch", content=json.dumps(body))
    assert answer.status_code == 200


def letters(api: Any, **params: Any) -> list[dict[str, Any]]:
    return api.ask("GET", "/dead-letters", "operator", params=params)


def counts(api: Any) -> dict[str, int]:
    told = api.ask("GET", "/sources", params={"first": "2026-11-16", "last": "2026-11-16"})
    return next(one for one in told if one["source"] == "site_web")


def _replayed(api: Any, ids: Any) -> dict[str, Any]:
    job = api.ask("POST", "/dead-letters/rules/drop-time/replay", "operator", json=ids)
    api.work()
    return api.ask("GET", f"/jobs/{job['id']}")["result"]


def test_a_letter_is_mended_by_a_rule_and_replayed_once(api: Any, secret: str) -> None:
    api.ask("POST", "/definitions/apply", "operator", json={"yaml": RULE})
    send(api, secret, messageId="m-1", timestamp="yesterday", properties={"phone": "13912345678"})
    api.ask("POST", "/refresh", "operator")
    before = counts(api)
    letter = letters(api)[0]
    assert letter["code"] == "event.timestamp_unreadable"

    shown = api.ask("GET", f"/dead-letters/{letter['id']}", "operator")
    assert "13912345678" not in str(shown)
    assert "13912345678" in str(api.ask("POST", f"/dead-letters/{letter['id']}/reveal", "operator"))
    assert api.ask("GET", "/audit", params={"limit": 1})[0]["action"] == "dead_letter.reveal"

    ids = {"ids": [letter["id"]]}
    tried = api.ask("POST", "/dead-letters/rules/drop-time/preview", "operator", json=ids)[0]
    assert "timestamp" in tried["before"]
    assert "timestamp" not in tried["after"]
    assert tried["code"] == ""

    assert [_replayed(api, ids)["fixed"] for _ in range(2)] == [1, 0]
    api.ask("POST", "/refresh", "operator")
    after = counts(api)
    assert (after["received"], after["accepted"], after["rejected"]) == (
        before["received"],
        before["accepted"] + 1,
        before["rejected"] - 1,
    )


def test_letters_are_given_up_with_a_reason_and_taken_back(api: Any, secret: str) -> None:
    send(api, secret, messageId="m-2", timestamp="tomorrow")
    api.ask("POST", "/refresh", "operator")
    id_ = letters(api)[0]["id"]
    marked = {"ids": [id_], "state": "discarded"}
    assert api.problem("PATCH", "/dead-letters", "operator", json=marked)[:2] == (400, "dead_letter.no_reason")
    assert api.ask("PATCH", "/dead-letters", "operator", json=marked | {"reason": "a test page"}) == 1
    assert id_ in {one["id"] for one in letters(api, state="discarded")}
    assert api.problem("PATCH", "/dead-letters", "operator", json=marked | {"reason": "again"})[0] == 409
    assert api.ask("PATCH", "/dead-letters", "operator", json={"ids": [id_], "state": "open"}) == 1
    assert {one["state"] for one in api.ask("GET", "/dead-letters/groups", "operator")} >= {"open"}


def test_a_rule_that_is_not_there(api: Any) -> None:
    told = api.problem("POST", "/dead-letters/rules/nothing/replay", "operator", json={"ids": [1]})
    assert told[:2] == (404, "dead_letter.unknown_rule")


def test_hours_add_up_to_the_source(api: Any, secret: str) -> None:
    send(api, secret, messageId="m-3")
    api.ask("POST", "/refresh", "operator")
    params = {"first": "2026-11-15T16:00:00Z", "count": 24}  # the day in Shanghai
    hours = api.ask("GET", "/sources/site_web/hours", params=params)
    told = counts(api)
    assert len(hours) == 24
    for name in ("received", "accepted", "rejected", "duplicate"):
        assert sum(hour[name] for hour in hours) == told[name]
    assert told["received"] == told["accepted"] + told["rejected"] + told["duplicate"] > 0
    assert datetime.fromisoformat(hours[1]["hour"]) - datetime.fromisoformat(hours[0]["hour"]) == timedelta(hours=1)


def test_a_total_that_is_entered_stands_beside_ours(api: Any) -> None:
    days = {"first": "2026-11-11", "last": "2026-11-11"}
    total = {"channel": "tmall", "shop": "另一家店", "day": "2026-11-11", "orders": 12, "gmv_minor": 345_600}
    assert api.problem("POST", "/sources/totals", "analyst", json=[total])[0] == 403
    assert api.ask("POST", "/sources/totals", "operator", json=[total]) == 1
    assert api.ask("POST", "/sources/totals", "operator", json=[total | {"orders": 13}]) == 1
    rows = api.ask("GET", "/sources/totals", params=days)
    row = next(one for one in rows if one["shop"] == "另一家店")
    assert {name: row[name] for name in ("channel", "day", "orders", "platform_orders")} == {
        "channel": "tmall",
        "day": "2026-11-11",
        "orders": 0,
        "platform_orders": 13,
    }
    assert api.ask("GET", "/audit", params={"limit": 1})[0]["action"] == "platform_total.enter"


@pytest.mark.parametrize("revenue", ["9" * 30, "-" + "9" * 35, 1e300, "1e400", "١٢٣", "²", "¥" * 10])
def test_an_amount_beyond_all_reason_stops_nothing(api: Any, secret: str, revenue: Any) -> None:
    before = counts(api)["received"]
    send(api, secret, messageId=f"odd-{revenue}", event="Order Completed", properties={"revenue": revenue})
    api.ask("POST", "/refresh", "operator")
    told = counts(api)
    assert told["received"] == before + 1
    assert told["received"] == told["accepted"] + told["rejected"] + told["duplicate"]
    assert api.ask("GET", "/status")["waiting"] == 0
