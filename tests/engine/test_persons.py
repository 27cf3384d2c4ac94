"""Visits, days, persons and conversations, computed by hand."""

from __future__ import annotations

from datetime import date

from engine_kit import answers, at, conversation, customer, event, node, only, order, rows

from dujiang.engine.duck import Engine

ONE = node("user:1")


def test_a_pause_longer_than_the_gap_ends_a_visit(engine: Engine) -> None:
    answers(engine, *(event("user:1", moment=at(minute)) for minute in (0, 30, 60.01, 91)))
    assert [(row["started_at"], row["ended_at"], row["events"]) for row in rows(engine, "visit")] == [
        (at(0), at(30), 2),
        (at(60.01), at(60.01), 1),
        (at(91), at(91), 1),
    ]


def test_what_a_visit_tells(engine: Engine) -> None:
    answers(
        engine,
        event("user:1", moment=at(0), page="/a", device="mobile", utm_source="weibo", dwell_ms=None),
        event("user:1", moment=at(1), kind="track", name="page_left", dwell_ms=4000, scroll_pct=80.0, page="/x"),
        event("user:1", moment=at(2), page="/b", utm_source="later", referrer="example.com"),
        event("user:1", moment=at(3), kind="track", name="share", scroll_pct=10.0),
        event("user:1", moment=at(4), kind="identify", name="identified"),
    )
    found = only(engine, "visit")
    assert (found["events"], found["pages"], found["dwell_ms"], found["scroll_pct"]) == (3, 2, 4000, 80.0)
    assert (found["entry_page"], found["exit_page"], found["bounced"]) == ("/a", "/b", False)
    assert (found["device"], found["utm_source"], found["referrer"]) == ("mobile", "weibo", "example.com")
    assert (found["started_at"], found["ended_at"], found["day"]) == (at(0), at(3), date(2026, 3, 1))
    assert only(engine, "person_day", "events", "pages", "shares", "interactions") == (3, 2, 1, 1)


def test_one_page_and_nothing_but_leaving_it_is_a_bounce(engine: Engine) -> None:
    answers(
        engine,
        event("user:1", moment=at(0)),
        event("user:1", moment=at(1), kind="track", name="page_left", dwell_ms=60_000),
        event("user:2", moment=at(0)),
        event("user:2", moment=at(1), kind="track", name="liked"),
    )
    assert {row["person"]: (row["bounced"], row["dwell_ms"]) for row in rows(engine, "visit")} == {
        ONE: (True, 60_000),
        node("user:2"): (False, None),
    }


def test_channels_have_visits_of_their_own(engine: Engine) -> None:
    answers(engine, event("user:1", moment=at(0)), event("user:1", moment=at(1), channel="app"))
    assert [row["channel"] for row in rows(engine, "visit")] == ["app", "site"]


def test_events_of_no_one_are_in_no_visit(engine: Engine) -> None:
    answers(engine, event(moment=at(0)), event("device:1", moment=at(0)))
    assert only(engine, "visit", "person") == (node("device:1"),)


def test_a_day_adds_up_what_a_person_did_in_a_channel(engine: Engine) -> None:
    answers(
        engine,
        event("user:1", moment=at(0), dwell_ms=10),
        event("user:1", moment=at(60), kind="track", name="favourite"),
        event("user:1", moment=at(12 * 60)),
        order("A", "user:1", moment=at(5), channel="site", status="valid", paid_minor=700, refunded_minor=100),
        order("B", "user:1", moment=at(6), channel="site", status="cancelled", paid_minor=900),
        conversation("c", "user:1", moment=at(90), channel="site", complaint=True),
    )
    first, second = rows(engine, "person_day")
    assert first == {
        "person": ONE, "day": date(2026, 3, 1), "channel": "site", "first_at": at(0), "last_at": at(90),
        "events": 2, "visits": 2, "bounces": 1, "pages": 1, "dwell_ms": 10, "shares": 0, "interactions": 1,
        "orders": 1, "paid_minor": 700, "refunded_minor": 100, "conversations": 1, "complaints": 1,
    }  # fmt: skip
    assert (second["day"], second["events"], second["visits"], second["orders"]) == (date(2026, 3, 2), 1, 1, 0)


def test_a_visit_over_midnight_counts_on_the_day_it_began(engine: Engine) -> None:
    answers(engine, event("user:1", moment=at(719)), event("user:1", moment=at(721)))
    assert [(row["events"], row["visits"]) for row in rows(engine, "person_day")] == [(1, 1), (1, 0)]


def test_a_person_over_all_channels(engine: Engine) -> None:
    answers(
        engine,
        event("device:1", moment=at(0), channel="site"),
        event("user:1", "device:1", moment=at(5), channel="app"),
        order(
            "A",
            "user:1",
            moment=at(days=1),
            channel="shop",
            status="valid",
            paid_minor=500,
            province="Fujian",
            city="Fuzhou",
        ),
        order("B", "user:1", moment=at(days=2), channel="app", status="valid", paid_minor=300, province="Zhejiang"),
        customer(
            "m", "user:1", moment=at(days=9), gender="female", points=7, joined_at=at(days=3), tags=["tea", "vip"]
        ),
        customer("m", "user:1", moment=at(days=9), points=9, tags=["tea"]),
        customer("n", "user:1", moment=at(days=9), channel="wecom", added_at=at(days=4), tags=["new"]),
    )
    found = only(engine, "person")
    assert (found["person"], found["identifiers"], found["known"]) == (node("device:1"), 2, True)
    assert (found["first_at"], found["first_channel"], found["last_at"]) == (at(0), "site", at(days=4))
    assert found["channels"] == ["app", "members", "shop", "site", "wecom"]
    assert (found["events"], found["visits"], found["orders"], found["paid_minor"]) == (2, 2, 2, 800)
    assert (found["first_order_day"], found["last_order_day"]) == (date(2026, 3, 2), date(2026, 3, 3))
    assert (found["first_order_channel"], found["order_channels"]) == ("shop", ["app", "shop"])
    assert (found["gender"], found["points"], found["tags"]) == ("female", 9, ["new", "tea"])
    assert (found["joined_at"], found["added_at"]) == (at(days=3), at(days=4))
    assert (found["province"], found["city"]) == ("Zhejiang", None)


def test_who_only_has_a_device_is_not_known(engine: Engine) -> None:
    answers(engine, event("device:1", moment=at()))
    assert only(engine, "person", "known", "identifiers", "orders", "gender") == (False, 1, 0, None)


def test_who_was_only_identified_is_a_person_who_did_nothing(engine: Engine) -> None:
    answers(engine, event("user:1", moment=at(), kind="identify", name="identified"))
    assert only(engine, "person", "events", "visits", "first_day", "channels") == (0, 0, date(2026, 3, 1), ["site"])
    assert rows(engine, "person_day") == []


def test_a_conversation_in_its_latest_state(engine: Engine) -> None:
    answers(
        engine,
        conversation("c", "user:1", moment=at(0), first_response_ms=500, topic="delivery"),
        conversation("c", moment=at(0), resolved_at=at(10), rating=4, complaint=False),
    )
    found = only(engine, "conversation")
    assert (found["person"], found["topic"], found["first_response_ms"], found["rating"]) == (ONE, "delivery", 500, 4)
    assert (found["resolution_ms"], found["complaint"], found["day"]) == (600_000, False, date(2026, 3, 1))
