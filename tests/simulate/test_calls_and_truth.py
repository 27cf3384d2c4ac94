"""The calls are what the trackers send: decoded the ordinary way they give the true numbers of events, each once."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

import pandas as pd
import pytest

from dujiang.collect.decode import Decoded, decode
from dujiang.collect.identifiers import IdentifierTypes, Tokeniser
from dujiang.collect.model import SourceSpec
from dujiang.collect.protocols.routes import ROUTES, read
from dujiang.foundation.bounds import BOUNDS
from dujiang.foundation.definitions import Definition
from dujiang.foundation.ids import hash64
from dujiang.simulate import Simulated
from dujiang.store.journal import JournalRow

Truth = Callable[[str], pd.DataFrame]
Decodings = list[tuple[str, datetime, Decoded]]


@pytest.fixture(scope="module")
def decoded(definitions: list[Definition], requests: list[dict[str, Any]]) -> Decodings:
    sources = {one.name: SourceSpec.model_validate(one.spec) for one in definitions if one.kind == "source"}
    tokeniser = Tokeniser(hash64, IdentifierTypes.of())
    found: Decodings = []
    for number, one in enumerate(requests):
        payload = read(ROUTES[one["path"].rstrip("/")], {}, "", one["body"].encode(), BOUNDS)
        at = datetime.fromisoformat(one["received_at"])
        row = JournalRow(
            source=one["key"], key_id="k", received_at=at, path=payload.path, content_type="application/json",
            body=payload.body, events=payload.events, sequence=number,
        )  # fmt: skip
        found.append((one["key"], at, decode(row, tokeniser=tokeniser, source=sources[one["key"]])))
    return found


def _hour(at: datetime) -> pd.Timestamp:
    return pd.Timestamp(at.replace(minute=0, second=0, microsecond=0))


def test_requests_are_as_many_and_as_big_as_stated(brand: Simulated, decoded: Decodings) -> None:
    sizes = [len(one.events) + len(one.rejected) for _source, _at, one in decoded]
    assert len(sizes) == sum(file.requests for file in brand.calls)
    assert sum(sizes) == brand.events > 20_000
    assert max(sizes) <= 100


def test_received_is_accepted_and_rejected_and_duplicate_as_the_truth_counts_them(
    truth: Truth, decoded: Decodings
) -> None:
    received, accepted, rejected, duplicate = (Counter[tuple[str, pd.Timestamp]]() for _ in range(4))
    seen: set[int] = set()
    for source, at, one in decoded:
        cell = source, _hour(at)
        received[cell] += len(one.events) + len(one.rejected)
        rejected[cell] += len(one.rejected)
        for event in one.events:
            (duplicate if event.key in seen else accepted)[cell] += 1
            seen.add(event.key)
    counted = truth("event_count").set_index(["source", "hour"])
    for name, counts in (
        ("received", received),
        ("accepted", accepted),
        ("rejected", rejected),
        ("duplicate", duplicate),
    ):
        assert {cell: n for cell, n in counted[name].items() if n} == dict(+counts), name
    assert sum(duplicate.values()) > 0
    assert sum(rejected.values()) > 0


def test_what_is_rejected_is_the_bad_release(brand: Simulated, decoded: Decodings) -> None:
    codes = {(source, letter.code) for source, _at, one in decoded for letter in one.rejected}
    assert codes == {("site_web", "event.timestamp_unreadable")}
    days = {(at + timedelta(hours=8)).date() for _source, at, one in decoded if one.rejected}
    assert days <= {brand.spec.end - timedelta(20), brand.spec.end - timedelta(19)}


def test_every_accepted_event_names_somebody_and_lies_within_the_days(brand: Simulated, decoded: Decodings) -> None:
    for source, received, one in decoded:
        for event in one.events:
            assert event.identifiers or source == "site_web"  # a visitor whose id is "null" names nobody
            assert event.at <= received
            assert received - event.at < timedelta(hours=1, seconds=60)
            assert brand.spec.start <= (event.at + timedelta(hours=8)).date() <= brand.spec.end


def test_the_app_is_silent_for_nine_hours(brand: Simulated, decoded: Decodings) -> None:
    start = datetime.fromisoformat(f"{brand.spec.end - timedelta(12)}T10:00:00+08:00")
    app = sorted(event.at for source, _at, one in decoded if source == "app" for event in one.events)
    before = max(at for at in app if at < start)
    after = min(at for at in app if at >= start)
    assert after - before >= timedelta(hours=9)
    assert not [at for at in app if start <= at < start + timedelta(hours=9)]


def test_paid_orders_are_events_with_their_amounts(truth: Truth, decoded: Decodings) -> None:
    paid = {
        event.key: event.value_minor
        for _source, _at, one in decoded
        for event in one.events
        if event.name == "order_paid"
    }
    true = truth("order").query("status == 'valid' and channel in ('wechat_mini', 'site') and shop != '山见视频号小店'")
    lost = len(true) - len(paid)
    assert 0 <= lost < 0.02 * len(true)  # those that the silent app and the bad release never told
    assert set(paid.values()) <= set(true["due_minor"])


def test_three_ways_of_speaking_are_used(requests: list[dict[str, Any]]) -> None:
    paths = {one["key"]: one["path"] for one in requests}
    assert paths == {
        "site_web": "/v1/batch", "mini_program": "/v1/batch", "community": "/v1/batch",
        "app": "/sa", "store_tablet": "/batch/",
    }  # fmt: skip


def test_lines_come_in_the_order_of_arrival_and_hold_no_key(requests: list[dict[str, Any]]) -> None:
    for one in requests:
        assert set(one) == {"received_at", "path", "headers", "key", "body"}
        assert "authorization" not in {name.lower() for name in one["headers"]}
        assert "writeKey" not in one["body"]
    moments = [one["received_at"] for one in requests]
    late = sum(before > after for before, after in pairwise(moments))
    assert late < 0.01 * len(moments)


def test_identify_calls_bind_phone_and_card(decoded: Decodings) -> None:
    kinds = Counter(
        (source, one.type.partition("@")[0])
        for source, _at, request in decoded for event in request.events if event.kind == "identify" for one in event.identifiers
    )  # fmt: skip
    for source in ("site_web", "mini_program", "app"):
        assert kinds[source, "mobile"] > 0
        assert kinds[source, "member_no"] > 0
    assert kinds["mini_program", "wechat_openid"] > 0
    assert kinds["store_tablet", "member_no"] > 0


def test_shares_name_the_sharer(decoded: Decodings) -> None:
    shared = [event for _source, _at, one in decoded for event in one.events if event.shared_by is not None]
    known = {
        name.node
        for source, _at, one in decoded
        if source == "mini_program"
        for e in one.events
        for name in e.identifiers
    }
    assert len(shared) > 50
    assert sum(event.shared_by in known for event in shared) > 0.8 * len(shared)
    assert all(event.shared_by not in {name.node for name in event.identifiers} for event in shared)


def test_bodies_are_json_or_the_sensors_form(requests: list[dict[str, Any]]) -> None:
    for one in requests:
        if one["path"] == "/sa":
            assert one["body"].startswith("data_list=")
            assert one["body"].endswith("&gzip=1")
        else:
            assert json.loads(one["body"])["batch"]


def test_modules_cover_the_home_page_and_hold_what_is_clicked(requests: list[dict[str, Any]]) -> None:
    told = [
        event.get("properties", {})
        for one in requests
        if one["key"] == "site_web"
        for event in json.loads(one["body"])["batch"]
    ]
    clicks = [one for one in told if "y_px" in one]
    (places,) = {json.dumps(one["places"]) for one in told if "places" in one}
    ends = [(one["top"], one["top"] + one["height"]) for one in json.loads(places).values()]
    assert [top for top, _end in ends] == [0, *(end for _top, end in ends[:-1])]
    assert {one["page_px"] for one in clicks} == {ends[-1][1]}
    for one in clicks:
        place = json.loads(places)[one["module"]]
        assert place["top"] <= one["y_px"] < place["top"] + place["height"]
