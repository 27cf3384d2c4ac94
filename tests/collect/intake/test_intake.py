"""What the intake answers, and that 200 means on disk."""

from __future__ import annotations

import base64
import gzip
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dujiang.foundation.bounds import BOUNDS
from dujiang.foundation.errors import TooMany, Unavailable

TRACK = {"type": "track", "event": "a", "anonymousId": "anon-1", "messageId": "m1"}
BATCH = {"batch": [TRACK], "writeKey": "dc_web"}
BASIC = {"authorization": "Basic " + base64.b64encode(b"dc_web:").decode()}


def told(answer: Any) -> dict[str, Any]:
    return json.loads(answer.body)


@pytest.mark.parametrize(
    ("path", "body", "headers"),
    [
        ("/v1/batch", BATCH, {}),
        ("/v1/batch", {"batch": [TRACK]}, BASIC),
        ("/v1/batch", {"batch": [TRACK]}, {"x-write-key": "id:dc_web"}),
        ("/v1/batch", BATCH, {"content-type": "text/plain"}),
        (
            "/v1/batch",
            gzip.compress(json.dumps(BATCH).encode(), mtime=0),
            {"content-type": "application/x-www-form-urlencoded"},
        ),
        ("/v1/track", {**TRACK, "writeKey": "dc_web"}, {}),
        ("/batch/", {"api_key": "dc_web", "batch": [{"event": "a", "distinct_id": "u"}]}, {}),
        ("/i/v0/e/", {"token": "dc_web", "event": "a", "distinct_id": "u"}, {}),
        ("/api/s/s2s/track", {**TRACK, "writeKey": "id:***"}, {"x-write-key": "dc_web"}),
    ],
)
def test_every_form_is_answered_with_exactly_200_once_it_is_on_disk(
    house: Any, path: str, body: Any, headers: dict[str, str]
) -> None:
    answer = house.ask(path, body, headers)
    assert (answer.status, answer.body) == (200, b'{"success":true}')
    (row,) = house.journal.rows
    assert (row.source, row.key_id, row.events, row.received_at) == ("web", "key_1", 1, house.clock.now())


@pytest.mark.parametrize(
    ("body", "headers", "status", "code"),
    [
        ({"batch": [TRACK]}, {}, 401, "intake.unknown_key"),
        ({"batch": [TRACK], "writeKey": "dc_other"}, {}, 401, "intake.unknown_key"),
        ({"batch": [TRACK], "writeKey": "d" * 201}, {}, 401, "intake.unknown_key"),
        (b"{", BASIC, 400, "intake.malformed"),
        (b'{"batch":[', BASIC, 400, "intake.malformed"),
        (b"{}", {**BASIC, "content-encoding": "br"}, 400, "intake.encoding"),
        (b" " * (BOUNDS.request_bytes_max + 1), BASIC, 413, "intake.too_large"),
    ],
)
def test_refusals_say_what_is_wrong_in_the_words_of_every_sdk(
    house: Any, body: Any, headers: dict[str, str], status: int, code: str
) -> None:
    answer = house.ask("/v1/batch", body, {**headers, "accept-language": "en"})
    said = told(answer)
    assert (answer.status, said["code"], said["success"]) == (status, code, False)
    assert said["message"] == said["detail"] != ""
    assert house.journal.rows == []


@pytest.mark.parametrize(
    ("failure", "status", "retry"),
    [
        (TooMany("journal.busy", "Busy."), 429, "1"),
        (Unavailable("journal.stopped", "Stopped."), 503, "10"),
    ],
)
def test_what_is_not_on_disk_is_not_acknowledged(house: Any, failure: Exception, status: int, retry: str) -> None:
    house.journal.failure = failure
    answer = house.ask("/v1/batch", BATCH)
    assert (answer.status, dict(answer.headers)["retry-after"]) == (status, retry)


def test_messages_are_chinese_unless_asked_otherwise(house: Any) -> None:
    assert "密钥" in told(house.ask("/v1/batch", {"batch": []}))["message"]
    assert "key" in told(house.ask("/v1/batch", {"batch": []}, {"accept-language": "en"}))["message"]


def test_one_key_cannot_ask_without_end(make_house: Callable[..., Any]) -> None:
    house = make_house(requests_per_second=2.0)
    assert [house.ask("/v1/batch", BATCH).status for _ in range(3)] == [200, 200, 429]
    house.clock.advance(timedelta(seconds=0.5))
    assert [house.ask("/v1/batch", BATCH).status for _ in range(2)] == [200, 429]
    other = {**BATCH, "writeKey": "dc_app"}
    assert house.ask("/v1/batch", other).status == 200


def test_a_revoked_key_is_refused_at_once(make_house: Callable[..., Any]) -> None:
    house = make_house()
    known = dict.fromkeys(["dc_web"], type("Key", (), {"source": "web", "key_id": "k"}))
    house.intake.keys = known.get
    assert house.ask("/v1/batch", BATCH).status == 200
    known.clear()
    assert house.ask("/v1/batch", BATCH).status == 401


def test_browsers_may_ask_first(house: Any) -> None:
    headers = {"origin": "https://shop.test", "access-control-request-headers": "content-type,x-write-key"}
    answer = house.ask("/v1/batch", None, headers, method="OPTIONS")
    said = dict(answer.headers)
    assert answer.status == 204
    assert said["access-control-allow-origin"] == "https://shop.test"
    assert said["access-control-allow-headers"] == "content-type,x-write-key"
    assert "POST" in said["access-control-allow-methods"]


def test_answers_to_browsers_name_their_origin_also_when_refusing(house: Any) -> None:
    for body in (BATCH, {"batch": []}):
        said = dict(house.ask("/v1/batch", body, {"origin": "https://shop.test"}).headers)
        assert (said["access-control-allow-origin"], said["vary"]) == ("https://shop.test", "origin")


def test_other_sites_are_turned_away_where_sites_are_listed(make_house: Callable[..., Any]) -> None:
    house = make_house(allowed_origins=("https://shop.test",))
    answer = house.ask("/v1/batch", BATCH, {"origin": "https://evil.test"})
    assert (answer.status, told(answer)["code"]) == (403, "intake.origin")
    assert "access-control-allow-origin" not in dict(answer.headers)
    assert house.ask("/v1/batch", BATCH, {"origin": "https://shop.test"}).status == 200
    assert house.ask("/v1/batch", BATCH).status == 200


def test_verdicts_name_every_event_with_its_reason(house: Any) -> None:
    bad = {"type": "track", "anonymousId": "a"}
    late = {**TRACK, "timestamp": "never"}
    body = {"batch": [TRACK, bad, late, TRACK], "writeKey": "dc_web"}
    said = told(house.ask("/v1/batch", body, {"accept-language": "en"}, {"verdicts": "1"}))
    assert [(one["index"], one["verdict"], one.get("code"), one.get("field")) for one in said["verdicts"]] == [
        (0, "accepted", None, None),
        (1, "rejected", "event.no_name", "/event"),
        (2, "rejected", "event.timestamp_unreadable", "/timestamp"),
        (3, "accepted", None, None),
    ]
    assert house.journal.rows[0].events == 4


def test_a_bad_event_does_not_fail_its_batch(house: Any) -> None:
    assert house.ask("/v1/batch", {"batch": [TRACK, 5, "x", {}], "writeKey": "dc_web"}).status == 200


@pytest.mark.parametrize("path", ["/flags/", "/decide/", "/flags"])
def test_feature_flags_get_a_sane_answer(house: Any, path: str) -> None:
    answer = house.ask(path, {"token": "x"}, query={"v": "4"})
    assert answer.status == 200
    assert told(answer)["errorsWhileComputingFlags"] is False
    assert house.journal.rows == []


def test_the_newer_posthog_form_hears_about_each_event(house: Any) -> None:
    batch = {"batch": [{"uuid": "u1", "event": "a", "distinct_id": "d"}, {"uuid": "u2", "event": "b"}, 5]}
    answer = house.ask("/i/v1/analytics/events", batch, {"authorization": "Bearer dc_web"})
    assert told(answer) == {"results": {"u1": {"result": "ok"}, "u2": {"result": "ok"}}}


def test_a_picture_request_gets_a_picture(house: Any) -> None:
    event = {"type": "track", "event": "a", "time": 1794355200000, "distinct_id": "x", "properties": {}}
    data = base64.b64encode(json.dumps(event).encode()).decode()
    answer = house.ask("/sa.gif", None, {}, {"data": data, "token": "dc_web"}, method="GET")
    assert (answer.status, dict(answer.headers)["content-type"], answer.body[:6]) == (200, "image/gif", b"GIF89a")
    assert house.journal.rows[0].path == "/sa"


def test_an_empty_batch_is_fine_and_leaves_nothing(house: Any) -> None:
    assert house.ask("/v1/batch", {"batch": [], "writeKey": "dc_web"}).status == 200
    assert house.journal.rows == []


def test_too_many_events_are_refused_as_too_large(make_house: Callable[..., Any]) -> None:
    house = make_house(bounds=replace(BOUNDS, request_events_max=1))
    assert house.ask("/v1/batch", {"batch": [TRACK, TRACK], "writeKey": "dc_web"}).status == 413


def test_an_unknown_address_is_not_found(house: Any) -> None:
    assert house.ask("/v1/nothing", BATCH).status == 404


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=15,
)
fields = st.sampled_from(
    ["type", "event", "userId", "anonymousId", "messageId", "timestamp", "originalTimestamp", "sentAt", "properties",
     "traits", "context", "page", "externalIds", "identities", "distinct_id", "time", "uuid", "$set", "previousId"]
)  # fmt: skip
kinds = st.sampled_from(["track", "page", "identify", "alias", "profile_set", "track_id_bind", "item_set", "$identify"])
events = st.builds(
    lambda kind, more, inner: {"type": kind, "event": kind, **more, "properties": inner, "context": inner},
    kinds,
    st.dictionaries(fields, json_values, max_size=6),
    st.dictionaries(fields | st.text(max_size=8), json_values, max_size=4),
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=150)
@given(st.sampled_from(["/v1/batch", "/batch"]), st.lists(events | json_values, min_size=1, max_size=4))
def test_whatever_comes_every_event_is_accepted_or_rejected_with_a_reason(house: Any, path: str, sent: list) -> None:
    house.sent(path, {"batch": sent})


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=100)
@given(st.lists(events | json_values, min_size=1, max_size=4))
def test_whatever_sensors_send_is_accepted_or_rejected_with_a_reason(house: Any, sent: list) -> None:
    house.sent("/sa", sent)
