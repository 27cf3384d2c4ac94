"""From calls to facts, against hand-written expectations."""

from __future__ import annotations

import base64
import gzip
import json
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

import pytest

from dujiang.collect.decode import StagedEvent
from dujiang.collect.identifiers import Tokeniser
from dujiang.collect.model import SourceSpec
from dujiang.collect.protocols.measures import measure
from dujiang.foundation.facts import FAMILIES

NOW = datetime(2026, 11, 11, 2, tzinfo=UTC)
PHONE = "13871654023"
OTHER = "13871654024"


def call(**more: Any) -> dict[str, Any]:
    return {"type": "track", "event": "Tea Poured", "messageId": "m1", "anonymousId": "anon-1", **more}


def one(decoded: Any) -> StagedEvent:
    assert [rejected.code for rejected in decoded.rejected] == []
    (event,) = decoded.events
    return event


def sensors(record: dict[str, Any]) -> bytes:
    packed = base64.b64encode(gzip.compress(json.dumps(record).encode()))
    return urlencode({"data": packed, "gzip": 1}).encode()


def types(event: StagedEvent) -> dict[str, int]:
    return {identifier.type: identifier.node for identifier in event.identifiers}


def test_a_staged_event_has_the_columns_of_the_family() -> None:
    columns = [name for name in FAMILIES["event"].names if name not in ("seq", "batch")]
    assert list(StagedEvent._fields) == columns


def test_a_call_fills_every_column(house: Any) -> None:
    page = {
        "url": "https://shop.test/tea/1?utm_source=xhs&utm_medium=note&utm_campaign=spring&dj_share=s1",
        "title": "明前龙井",
        "referrer": "https://www.xiaohongshu.test/note/5",
    }
    context = {"page": page, "userAgent": "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0) Mobile", "os": {"name": "iOS"}}
    properties = {"product_id": "sku-1", "dwell_ms": 4200, "scroll_pct": 80, "revenue": "12.50", "colour": "green"}
    event = one(house.sent("/v1/track", call(properties=properties, context=context, userId="u1")))
    assert (event.source, event.channel, event.kind, event.name) == ("web", "site", "track", "tea_poured")
    assert (event.page, event.page_title, event.referrer) == ("/tea/1", "明前龙井", "www.xiaohongshu.test")
    assert (event.utm_source, event.utm_medium, event.utm_campaign) == ("xhs", "note", "spring")
    assert (event.device, event.content_id, event.dwell_ms, event.scroll_pct) == ("mobile", "sku-1", 4200, 80.0)
    assert (event.value_minor, event.flagged, event.message_id) == (1250, "", "m1")
    assert event.shared_by == house.node("anonymous_id", "s1")
    assert types(event) == {
        "user_id": house.node("user_id", "u1"),
        "anonymous_id": house.node("anonymous_id", "anon-1"),
    }
    assert json.loads(event.properties) == {
        **properties, "context": {"os": {"name": "iOS"}}, "original_name": "Tea Poured",
    }  # fmt: skip


def test_what_is_not_said_is_none(house: Any) -> None:
    event = one(house.sent("/v1/track", call()))
    said = event._asdict()
    empty = ["page", "page_title", "referrer", "utm_source", "utm_medium", "utm_campaign", "device", "content_id"]
    empty += ["dwell_ms", "scroll_pct", "shared_by", "value_minor"]
    assert {name: said[name] for name in empty} == dict.fromkeys(empty)
    assert event.at == event.received_at == NOW


@pytest.mark.parametrize(
    ("timestamp", "sent_at", "expected"),
    [
        (None, None, NOW),
        ("2026-11-11T01:59:00Z", None, NOW - timedelta(minutes=1)),
        ("2026-11-11T09:59:00+08:00", None, NOW - timedelta(minutes=1)),
        (1794362340, None, NOW - timedelta(minutes=1)),
        (1794362340000, None, NOW - timedelta(minutes=1)),
        # The sender's clock is an hour fast: it says 03:00 when we receive at 02:00.
        ("2026-11-11T02:59:00Z", "2026-11-11T03:00:00Z", NOW - timedelta(minutes=1)),
        # … or a year slow.
        ("2025-11-11T01:59:00Z", "2025-11-11T02:00:00Z", NOW - timedelta(minutes=1)),
        # Kept offline for two days with a right clock.
        ("2026-11-09T02:00:00Z", "2026-11-11T02:00:00Z", NOW - timedelta(days=2)),
        # Nothing happens after it was received.
        ("2027-01-01T00:00:00Z", None, NOW),
        ("2026-11-11T03:00:00Z", "2026-11-11T02:00:00Z", NOW),
        # A sent-at that cannot be read is as good as none.
        ("2026-11-11T01:59:00Z", "soon", NOW - timedelta(minutes=1)),
        ("2026-11-11T01:59:00Z", "", NOW - timedelta(minutes=1)),
    ],
)
def test_when_it_happened(house: Any, timestamp: Any, sent_at: Any, expected: datetime) -> None:
    body = {"batch": [call(timestamp=timestamp)], "sentAt": sent_at}
    assert one(house.sent("/v1/batch", body)).at == expected


def test_the_original_timestamp_comes_before_a_corrected_one(house: Any) -> None:
    sent = call(originalTimestamp="2026-11-11T01:00:00Z", timestamp="2026-11-11T01:30:00Z")
    assert one(house.sent("/v1/track", sent)).at == NOW - timedelta(hours=1)


@pytest.mark.parametrize(
    ("sent", "code", "field"),
    [
        (call(timestamp="yesterday"), "event.timestamp_unreadable", "/timestamp"),
        (call(timestamp=True), "event.timestamp_unreadable", "/timestamp"),
        (call(timestamp=1e300), "event.timestamp_unreadable", "/timestamp"),
        (call(timestamp="1970-01-01T00:00:05Z"), "event.timestamp_too_old", "/timestamp"),
        (call(event=""), "event.no_name", "/event"),
        (call(type="explode"), "event.unknown_type", "/type"),
        (call(type=None), "event.unknown_type", "/type"),
        ([1], "event.not_an_object", ""),
        ("text", "event.not_an_object", ""),
        ({"type": "identify", "messageId": "m"}, "event.no_identifier", ""),
        ({"type": "identify", "userId": "null"}, "event.no_identifier", ""),
        (call(properties={"x": "y" * 70_000}), "event.too_large", ""),
        (call(properties={str(number): 1 for number in range(600)}), "event.too_many_keys", ""),
        (call(properties={"a": [[[[[[[[[[[[1]]]]]]]]]]]]}), "event.too_deep", ""),
    ],
)
def test_what_cannot_be_accepted_names_its_reason_and_spares_the_others(
    house: Any, sent: Any, code: str, field: str
) -> None:
    decoded = house.sent("/v1/batch", {"batch": [call(messageId="good"), sent]})
    assert [event.message_id for event in decoded.events] == ["good"]
    (rejected,) = decoded.rejected
    assert (rejected.index, rejected.code, rejected.field) == (1, code, field)


def test_the_reason_holds_no_personal_data(house: Any) -> None:
    (rejected,) = house.sent("/v1/track", call(timestamp=PHONE + " at noon")).rejected
    assert PHONE not in json.dumps(dict(rejected.values))
    assert PHONE.encode() in rejected.original


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        ("page", "page_viewed"),
        ("screen", "screen_viewed"),
        ("identify", "identified"),
        ("group", "grouped"),
        ("alias", "aliased"),
    ],
)
def test_calls_without_a_name_have_a_common_one(house: Any, kind: str, name: str) -> None:
    event = one(house.sent(f"/v1/{kind}", {"anonymousId": "a1", "userId": "u1", "messageId": "m"}))
    assert (event.kind, event.name) == (kind, name)


@pytest.mark.parametrize(
    ("sent", "expected"),
    [
        ({"userId": "u1"}, {"user_id": "u1"}),
        ({"userId": 42}, {"user_id": "42"}),
        ({"traits": {"phone": f"+86 {PHONE}"}, "type": "identify"}, {"mobile": PHONE}),
        ({"context": {"traits": {"mobile": PHONE}}}, {"mobile": PHONE}),
        ({"traits": {"email": "A.Nobody@Example.test"}, "type": "identify"}, {"email": "a.nobody@example.test"}),
        ({"traits": {"unionid": "oUnion_123456"}, "type": "identify"}, {"wechat_unionid": "oUnion_123456"}),
        ({"traits": {"openid": "oOpen_123456"}, "type": "identify"}, {"wechat_openid@wx0123": "oOpen_123456"}),
        ({"properties": {"member_no": "M0077"}}, {"member_no": "M0077"}),
        ({"context": {"device": {"id": "8a1f22c4-0d1e-4f6a"}}}, {"device_id": "8a1f22c4-0d1e-4f6a"}),
        (
            {"context": {"externalIds": [{"type": "wechat_openid", "id": "oOpen_654321", "scope": "wx9"}]}},
            {"wechat_openid@wx9": "oOpen_654321"},
        ),
        ({"context": {"externalIds": [{"type": "card_no", "id": "C-5"}, 7]}}, {"card_no": "C-5"}),
        ({"userId": "u2", "previousId": "anon-9", "type": "alias", "anonymousId": None}, {
            "user_id": "u2", "anonymous_id": "anon-9"}),
    ],
)  # fmt: skip
def test_whom_a_segment_call_is_about(house: Any, sent: dict[str, Any], expected: dict[str, str]) -> None:
    event = one(house.sent("/v1/batch", {"batch": [call(**{"anonymousId": None, **sent})]}))
    assert types(event) == {name: house.node(name, raw) for name, raw in expected.items()}


def test_a_phone_number_in_an_event_is_kept_as_a_token_and_links_no_one(house: Any) -> None:
    event = one(house.sent("/v1/track", call(properties={"phone": PHONE, "invited": {"mobile": OTHER}})))
    said = json.loads(event.properties)
    assert list(types(event)) == ["anonymous_id"]
    assert said["phone"].startswith("‹mobile:")
    assert said["phone"] != said["invited"]["mobile"]


CANARIES = [
    PHONE,
    "nobody@example.test",
    "Zhang Weiwuren",
    "张未某",
    "虚构路 12 号",
    "11010519491231002X",
    "203.0.113.9",
]


def test_no_personal_data_reaches_a_fact(house: Any) -> None:
    phone, email, name, hanzi, street, card, address = CANARIES
    traits = {"name": name, "phone": phone, "email": email, "address": {"street": street}, "birthday": "1990-05-06"}
    properties = {
        "receiver_name": hanzi, "收货人": hanzi, "shipping_address": street, "note": f"call {phone} or {email}",
        "list": [f"id {card}", {"contact": phone}], phone: "as a key", "id_card": card, "number": int(phone),
    }  # fmt: skip
    context = {
        "ip": address, "traits": traits, "page": {"url": f"https://a.test/u/{phone}?x={email}", "title": f"给{phone}"},
        "campaign": {"name": email},
    }  # fmt: skip
    sent = call(properties=properties, context=context, traits=traits, userId=phone, event=f"Called {phone}")
    identify = {**sent, "type": "identify", "messageId": f"{phone}-1"}
    decoded = house.sent("/v1/batch", {"batch": [sent, identify]})
    shown = repr(decoded.events)
    assert len(decoded.events) == 2
    assert [canary for canary in CANARIES if canary in shown] == []
    assert json.loads(decoded.events[1].properties)["birth_year"] == 1990


def test_product_names_are_no_personal_data(house: Any) -> None:
    properties = {"name": "龙井", "product_name": "龙井", "page_name": "home", "page_address": "x"}
    assert (
        json.loads(one(house.sent("/v1/track", call(properties=properties))).properties).items() >= properties.items()
    )


def test_a_message_id_is_the_same_event_however_often_it_is_sent(house: Any) -> None:
    first = one(house.sent("/v1/batch", {"batch": [call()], "sentAt": "2026-11-11T02:00:00Z"}))
    again = one(house.sent("/v1/track", {**call(), "sentAt": "2026-11-11T02:00:09Z", "writeKey": "dc_web"}))
    other = one(house.sent("/v1/track", call(event="Other")))
    assert (first.key, first.content) == (again.key, again.content)
    assert other.key == first.key
    assert other.content != first.content


def test_the_same_message_id_of_two_sources_is_two_events(house: Any) -> None:
    one(house.sent("/v1/track", call()))
    house.ask("/v1/track", call(), {"x-write-key": "dc_app"})
    keys = {one(house.decoded(row)).key for row in house.journal.rows}
    assert len(keys) == 2


def test_long_message_ids_are_told_apart_though_only_their_beginning_is_kept(house: Any) -> None:
    events = [one(house.sent("/v1/track", call(messageId="m" * 150 + end))) for end in "ab"]
    assert events[0].key != events[1].key
    assert [event.message_id for event in events] == ["m" * 100] * 2


def test_content_is_no_open_hash(house: Any) -> None:

    before = one(house.sent("/v1/track", call()))
    house.tokeniser = Tokeniser(lambda _kind, value: len(value), house.tokeniser.types)
    after = one(house.decoded(house.journal.rows[-1]))
    assert before.content != after.content


POSTHOG = {"uuid": "u-1", "distinct_id": "d1", "timestamp": "2026-11-11T01:59:00Z"}


@pytest.mark.parametrize(
    ("sent", "kind", "name", "expected"),
    [
        ({"event": "$pageview", "properties": {"$device_id": "d1"}}, "page", "page_viewed", {"anonymous_id": "d1"}),
        ({"event": "Order Paid"}, "track", "order_paid", {"user_id": "d1"}),
        (
            {"event": "$identify", "properties": {"$anon_distinct_id": "a9", "$set": {"phone": PHONE}}},
            "identify", "identified", {"user_id": "d1", "anonymous_id": "a9", "mobile": PHONE},
        ),
        (
            {"event": "$create_alias", "properties": {"alias": "a9"}},
            "alias", "aliased", {"user_id": "d1", "anonymous_id": "a9"},
        ),
        ({"event": "$set", "$set": {"email": "x@example.test"}}, "identify", "identified",
         {"user_id": "d1", "email": "x@example.test"}),
        ({"event": "$screen", "properties": {"$screen_name": "Cart", "$is_identified": False}}, "screen", "screen_viewed",
         {"anonymous_id": "d1"}),
    ],
)  # fmt: skip
def test_posthog_events(house: Any, sent: dict[str, Any], kind: str, name: str, expected: dict[str, str]) -> None:
    event = one(house.sent("/batch/", {"batch": [{**POSTHOG, **sent}], "sent_at": "2026-11-11T02:00:00Z"}))
    assert (event.kind, event.name, event.message_id) == (kind, name, "u-1")
    assert event.at == NOW - timedelta(minutes=1)
    assert types(event) == {kind: house.node(kind, raw) for kind, raw in expected.items()}


def test_where_a_posthog_event_happened(house: Any) -> None:
    properties = {
        "$current_url": "https://shop.test/tea?utm_source=wb", "$pathname": "/tea", "$referrer": "https://a.test/",
        "$device_type": "Tablet", "title": "茶", "$prev_pageview_duration": 3.5,
        "$prev_pageview_max_scroll_percentage": 0.25,
    }  # fmt: skip
    event = one(house.sent("/batch/", {"batch": [{**POSTHOG, "event": "$pageleave", "properties": properties}]}))
    assert (event.name, event.page, event.referrer, event.device) == ("page_left", "/tea", "a.test", "tablet")
    assert (event.utm_source, event.page_title, event.dwell_ms, event.scroll_pct) == ("wb", "茶", 3500, 25.0)


RECORD = {"type": "track", "event": "BuyTea", "time": 1794362340000, "distinct_id": "d1", "properties": {}}


@pytest.mark.parametrize(
    ("sent", "kind", "name", "expected"),
    [
        ({}, "track", "buy_tea", {"anonymous_id": "d1"}),
        ({"properties": {"$is_login_id": True}}, "track", "buy_tea", {"user_id": "d1"}),
        ({"event": "$MPViewScreen"}, "screen", "screen_viewed", {"anonymous_id": "d1"}),
        ({"event": "$pageview"}, "page", "page_viewed", {"anonymous_id": "d1"}),
        ({"type": "track_signup", "event": "$SignUp", "original_id": "a9"}, "identify", "identified",
         {"user_id": "d1", "anonymous_id": "a9"}),
        (
            {"type": "track_id_bind", "event": "$BindID", "distinct_id": "$identity_login_id+u7",
             "identities": {"$identity_login_id": "u7", "$identity_mobile": PHONE}},
            "identify", "identified", {"user_id": "u7", "mobile": PHONE},
        ),
        (
            {"identities": {"$identity_mp_wx77_openid": "oOpen_123456", "$identity_mp_unionid": "oUnion_123456",
                            "$identity_cookie_id": "c-1"}, "distinct_id": "$identity_cookie_id+c-1"},
            "track", "buy_tea",
            {"wechat_openid@wx77": "oOpen_123456", "wechat_unionid": "oUnion_123456", "anonymous_id": "c-1"},
        ),
        ({"type": "profile_set", "event": None, "properties": {"phone": PHONE, "level": "gold", "$is_login_id": True}},
         "identify", "identified", {"user_id": "d1", "mobile": PHONE}),
        ({"type": "track_id_unbind", "event": "$UnbindID", "distinct_id": "x", "identities": {"$identity_mobile": PHONE}},
         "track", "id_unbound", {"mobile": PHONE}),
        ({"login_id": "u7", "anonymous_id": "a9", "distinct_id": "u7"}, "track", "buy_tea",
         {"user_id": "u7", "anonymous_id": "a9"}),
        ({"type": "item_set", "event": None, "item_type": "tea", "item_id": "5", "distinct_id": None}, "track", "item_set",
         {}),
    ],
)  # fmt: skip
def test_sensors_records(house: Any, sent: dict[str, Any], kind: str, name: str, expected: dict[str, str]) -> None:
    record = {key: value for key, value in {**RECORD, **sent}.items() if value is not None}
    event = one(house.sent("/sa", sensors(record), query={"project": "default"}))
    assert (event.kind, event.name, event.message_id) == (kind, name, None)
    assert event.at == NOW - timedelta(minutes=1)
    assert types(event) == {kind: house.node(kind, raw) for kind, raw in expected.items()}


def test_sensors_records_are_known_by_their_content(house: Any) -> None:
    records = [RECORD, {**RECORD, "_flush_time": 1794362399000}, {**RECORD, "time": 1794362340001}]
    same, flushed, later = (one(house.sent("/sa", sensors(record))) for record in records)
    assert same.key == flushed.key
    assert same.content == flushed.content
    assert same.key != later.key


def test_a_profile_keeps_what_it_says_of_the_person(house: Any) -> None:
    record = {**RECORD, "type": "profile_set", "properties": {"phone": PHONE, "level": "gold", "name": "张未某"}}
    event = one(house.sent("/sa", sensors(record)))
    assert json.loads(event.properties) == {"level": "gold"}


def test_a_broken_rule_flags_or_rejects_as_the_plan_says(house: Any) -> None:
    rule = {"events": {"tea_poured": {"properties": {"cups": {"type": "whole", "required": True}}}}}
    house.planned(rule)
    assert one(house.sent("/v1/track", call())).flagged == "cups:missing"
    assert one(house.sent("/v1/track", call(properties={"cups": 2}))).flagged == ""
    house.planned({**rule, "on_violation": "accept"})
    assert one(house.sent("/v1/track", call())).flagged == ""
    house.planned({**rule, "on_violation": "reject"})
    (rejected,) = house.sent("/v1/track", call(properties={"cups": "two"})).rejected
    assert (rejected.code, rejected.field) == ("event.against_plan", "/properties/cups")
    assert rejected.values["violations"] == "cups:wrong_type"


def test_a_plan_sees_phone_numbers_as_they_came(house: Any) -> None:
    house.planned(
        {"events": {"tea_poured": {"properties": {"phone": {"pattern": r"1\d{10}"}}}}, "on_violation": "reject"}
    )
    assert one(house.sent("/v1/track", call(properties={"phone": PHONE})))
    assert house.sent("/v1/track", call(properties={"phone": "5"})).rejected


@pytest.mark.parametrize(
    ("properties", "currency", "expected"),
    [
        ({"revenue": 12.345}, "CNY", 1235),
        ({"revenue": "¥1,299.00"}, "CNY", 129900),
        ({"value_minor": 7, "revenue": 100}, "CNY", 7),
        ({"total": 5, "currency": "rmb"}, "CNY", 500),
        ({"total": 5, "currency": "USD"}, "CNY", None),
        ({"revenue": "many"}, "CNY", None),
        ({"revenue": True}, "CNY", None),
        ({"revenue": 1e200}, "CNY", None),
        ({"value_minor": 10**17}, "CNY", None),
        ({}, "CNY", None),
    ],
)
def test_money_that_an_event_states(properties: dict[str, Any], currency: str, expected: int | None) -> None:

    assert measure(properties, currency).value_minor == expected


@pytest.mark.parametrize(
    ("context", "device", "expected"),
    [
        ({"userAgent": "Mozilla/5.0 (Windows NT 10.0) Chrome/140"}, "", "desktop"),
        ({"userAgent": "Mozilla/5.0 (Linux; Android 15; Pixel) Mobile Safari"}, "", "mobile"),
        ({"userAgent": "Mozilla/5.0 (Linux; Android 15; Tab) Safari"}, "", "tablet"),
        ({"userAgent": "Mozilla/5.0 (iPhone) MicroMessenger/8 miniProgram/wx1"}, "", "mini_program"),
        ({"device": {"type": "ios"}}, "", "app"),
        ({}, "store", "store"),
        ({"userAgent": "python-requests/2"}, "app", "app"),
    ],
)
def test_what_device_it_was(house: Any, context: dict[str, Any], device: str, expected: str) -> None:
    house.source = SourceSpec(channel="site", device=device)
    assert one(house.sent("/v1/track", call(context=context))).device == expected


def test_an_event_may_name_another_channel(house: Any) -> None:
    event = one(house.sent("/v1/track", call(properties={"dj_channel": "douyin"})))
    assert (event.channel, json.loads(event.properties)) == ("douyin", {"original_name": "Tea Poured"})


@pytest.mark.parametrize(
    ("said", "kind", "raw"),
    [("s1", "anonymous_id", "s1"), ("user_id:u5", "user_id", "u5"), ("member_no:M1", "member_no", "M1")],
)
def test_who_shared_the_link(house: Any, said: str, kind: str, raw: str) -> None:
    event = one(house.sent("/v1/track", call(properties={"shared_by": said})))
    assert event.shared_by == house.node(kind, raw)
    assert raw not in event.properties


def test_a_sharer_of_a_type_that_nobody_defined_is_no_one(house: Any) -> None:
    assert one(house.sent("/v1/track", call(properties={"shared_by": "ghost:1"}))).shared_by is None


def test_the_page_itself_is_no_referrer(house: Any) -> None:
    page = {"url": "https://shop.test/b", "referrer": "https://shop.test/a"}
    assert one(house.sent("/v1/page", call(type="page", context={"page": page}))).referrer is None


@pytest.mark.parametrize("number", [10**30, -(10**30), 2**64])
def test_numbers_beyond_64_bits_do_no_harm(house: Any, number: int) -> None:
    body = {"batch": [call(properties={"n": number}), call(event=""), call(timestamp=number)], "sentAt": number}
    decoded = house.sent("/v1/batch", body)
    assert json.loads(decoded.events[0].properties)["n"] == number
    assert len(decoded.rejected) == 2
