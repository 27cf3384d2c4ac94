"""What travels: compression, forms, base64, broken JSON."""

from __future__ import annotations

import base64
import gzip
import json
import zlib
from dataclasses import replace
from urllib.parse import quote, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dujiang.collect.protocols.body import inflate, tidy_json, unbase64
from dujiang.collect.protocols.routes import find, keys_outside, read
from dujiang.foundation.bounds import BOUNDS
from dujiang.foundation.errors import DujiangError, InvalidInput, TooLarge

SMALL = replace(BOUNDS, request_bytes_max=1_000, request_bytes_inflated_max=10_000, request_events_max=3)


@given(st.binary(max_size=2_000).filter(lambda body: not body.startswith((b"\x1f\x8b", b"x"))))
def test_what_went_in_comes_out_whatever_the_wrapping(body: bytes) -> None:
    half = len(body) // 2
    members = gzip.compress(body[:half]) + gzip.compress(body[half:])
    for wrapped in (body, gzip.compress(body), zlib.compress(body), members):
        assert inflate(wrapped, "", BOUNDS) == body


@pytest.mark.parametrize("said", ["", "identity", "gzip", "deflate"])
def test_the_first_bytes_decide_not_the_header(said: str) -> None:
    assert inflate(gzip.compress(b"{}"), said, BOUNDS) == b"{}"
    assert inflate(b"{}", said, BOUNDS) == b"{}"


def test_a_bomb_stops_at_the_bound() -> None:
    bomb = gzip.compress(b"0" * 10_001)
    assert len(bomb) < SMALL.request_bytes_max
    with pytest.raises(TooLarge):
        inflate(bomb, "", SMALL)
    assert len(inflate(gzip.compress(b"0" * 10_000), "", SMALL)) == 10_000


def test_a_bomb_in_many_members_stops_at_the_bound() -> None:
    with pytest.raises(TooLarge):
        inflate(gzip.compress(b"0" * 6_000) * 2, "", SMALL)


def test_a_body_over_the_bound_is_refused_before_it_is_opened() -> None:
    with pytest.raises(TooLarge):
        inflate(b"{" + b" " * 1_000, "", SMALL)


@pytest.mark.parametrize("damaged", [gzip.compress(b"hello" * 50, mtime=0)[:-9], b"\x1f\x8bnonsense", b"\x78\x9c!!!!"])
def test_damaged_compression_is_an_error(damaged: bytes) -> None:
    with pytest.raises(InvalidInput) as error:
        inflate(damaged, "", BOUNDS)
    assert error.value.code == "intake.malformed"


def test_a_compression_we_do_not_speak_is_named() -> None:
    with pytest.raises(InvalidInput) as error:
        inflate(b"{}", "br", BOUNDS)
    assert (error.value.code, error.value.values["encoding"]) == ("intake.encoding", "br")


@pytest.mark.parametrize(
    ("sent", "meant"),
    [
        (b'{"a":NaN,"b":[Infinity,-Infinity]}', {"a": None, "b": [None, None]}),
        (b'\xef\xbb\xbf{"a":1}', {"a": 1}),
        (b'{"a":1e999}', {"a": None}),
        (rb'{"a":"cut \ud83d"}', {"a": "cut ?"}),
    ],
)
def test_json_that_is_nearly_json_is_made_json(sent: bytes, meant: object) -> None:
    assert json.loads(tidy_json(sent)) == meant


@pytest.mark.parametrize("broken", [b"", b"{", b"hello", b'{"a":"\xff"}', b"[" * 100_000])
def test_what_is_no_json_is_an_error(broken: bytes) -> None:
    with pytest.raises(InvalidInput):
        tidy_json(broken)


@given(st.binary(max_size=300))
def test_base64_survives_a_form_that_turned_plus_into_space(data: bytes) -> None:
    packed = gzip.compress(data, mtime=0)
    encoded = base64.b64encode(packed).decode()
    for form in (encoded, encoded.replace("+", " "), encoded.rstrip("="), encoded.replace("+", "-").replace("/", "_")):
        assert unbase64(form, BOUNDS) == data


BATCH = {"batch": [{"type": "track", "event": "a"}, {"type": "track", "event": "b"}], "writeKey": "dc_k"}


@pytest.mark.parametrize(
    ("path", "kept_as", "body"),
    [
        ("/v1/batch", "/v1/batch", json.dumps(BATCH).encode()),
        ("/v1/import", "/v1/batch", gzip.compress(json.dumps(BATCH).encode(), mtime=0)),
        ("/v1/b", "/v1/batch", json.dumps(BATCH).encode()),
        ("/batch/", "/batch", json.dumps({"api_key": "dc_k", "batch": [{}, {}]}).encode()),
        ("/e/", "/batch", b"data=" + quote(json.dumps([{"api_key": "dc_k"}, {}])).encode()),
        ("/e/", "/batch", b"data=" + quote(base64.b64encode(b'[{"properties":{"token":"dc_k"}},{}]')).encode()),
    ],
)
def test_every_batch_form_gives_its_events_and_its_key(path: str, kept_as: str, body: bytes) -> None:
    route = find("POST", path, {})
    assert route is not None
    payload = read(route, {}, "", body, BOUNDS)
    assert (payload.path, payload.events, payload.keys) == (kept_as, 2, ("dc_k",))


@pytest.mark.parametrize("packed", [gzip.compress, bytes])
@pytest.mark.parametrize(("field", "events"), [("data", 1), ("data_list", 2)])
def test_the_sensors_form_becomes_json(packed: object, field: str, events: int) -> None:
    one = {"type": "track", "event": "a", "time": 1, "distinct_id": "x"}
    said = json.dumps(one if events == 1 else [one] * events).encode()
    value = base64.b64encode(packed(said))  # type: ignore[operator]
    route = find("POST", "/anything", {"project": "default"})
    assert route is not None
    payload = read(route, {}, "", urlencode({field: value, "gzip": "1"}).encode(), BOUNDS)
    assert (payload.path, payload.events, payload.body) == ("/sa", events, said)


def test_a_picture_request_carries_its_event_in_the_query() -> None:
    value = base64.b64encode(b'{"type":"track"}').decode()
    route = find("GET", "/sa.gif", {})
    assert route is not None
    payload = read(route, {"data": value}, "", b"", BOUNDS)
    assert (payload.events, payload.body) == (1, b'{"type":"track"}')


@pytest.mark.parametrize("path", ["/v1/track", "/v1/t", "/api/s/track", "/api/s/s2s/track", "/api/s/event"])
def test_single_calls_share_one_form(path: str) -> None:
    route = find("POST", path, {})
    assert route is not None
    payload = read(route, {}, "", b'{"event":"a"}', BOUNDS)
    assert (payload.path, payload.events) == ("/v1/track", 1)


@pytest.mark.parametrize("body", [b"[]", b"5", b'"text"', b'{"batch":{}}', b'{"batch":5}', b"", b'{"batch":[}'])
def test_other_shapes_are_malformed(body: bytes) -> None:
    route = find("POST", "/v1/batch", {})
    assert route is not None
    with pytest.raises(InvalidInput) as error:
        read(route, {}, "", body, BOUNDS)
    assert error.value.code == "intake.malformed"


def test_too_many_events_are_refused_with_the_bound() -> None:
    route = find("POST", "/v1/batch", {})
    assert route is not None
    with pytest.raises(TooLarge) as error:
        read(route, {}, "", b'{"batch":[{},{},{},{}]}', SMALL)
    assert (error.value.code, error.value.values) == ("intake.too_many_events", {"count": 4, "bound": 3})


@given(st.sampled_from(["/v1/batch", "/v1/track", "/batch", "/e", "/sa", "/i/v1/analytics/events"]), st.binary())
def test_no_body_breaks_the_reader(path: str, body: bytes) -> None:
    route = find("POST", path, {})
    assert route is not None
    try:
        read(route, {}, "", body, SMALL)
    except DujiangError as error:
        assert error.status in (400, 413)


def _basic(text: str) -> dict[str, str]:
    return {"authorization": "Basic " + base64.b64encode(text.encode()).decode()}


@pytest.mark.parametrize(
    ("headers", "query", "keys"),
    [
        (_basic("dc_a:"), {}, ["dc_a"]),
        (_basic("me:dc_a"), {}, ["me", "dc_a"]),
        ({"authorization": "Bearer dc_a"}, {}, ["dc_a"]),
        ({"authorization": "bearer  dc_a"}, {}, ["dc_a"]),
        ({"authorization": "Basic !!!"}, {}, []),
        ({"authorization": "Digest x"}, {}, []),
        ({"x-write-key": "dc_a"}, {}, ["dc_a"]),
        ({"x-write-key": "id:dc_a"}, {}, ["id:dc_a", "id", "dc_a"]),
        ({}, {"writeKey": "dc_a", "token": "dc_b"}, ["dc_a", "dc_b"]),
        ({}, {"project": "default", "token": "dc_b"}, ["dc_b", "default"]),
    ],
)
def test_keys_are_found_wherever_sdks_put_them(headers: dict, query: dict, keys: list[str]) -> None:
    assert list(keys_outside(headers, query)) == keys


@pytest.mark.parametrize(
    ("method", "path", "query"),
    [
        ("GET", "/", {}),
        ("POST", "/people", {}),
        ("POST", "/api/v1/x", {"project": "a"}),
        ("GET", "/x", {"project": "a"}),
    ],
)
def test_pages_and_api_are_no_tracking_calls(method: str, path: str, query: dict[str, str]) -> None:
    assert find(method, path, query) is None
