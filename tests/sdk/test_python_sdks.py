"""The real, unmodified Python trackers, pointed at Dujiang by changing the host."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable
from typing import Any

import posthog
import pytest
import rudderstack.analytics.client as rudder
import segment.analytics.client as segment
import sensorsanalytics as sensors

KEY = "dc_5dK2mZ8vQ1wX7yB4nT6rE3uH9jL0pSaF"
PHONE = "13871654023"
Sender = Callable[[str, int], list[Any]]


def send_segment(url: str, events: int, **more: Any) -> list[Any]:
    failed: list[Any] = []
    client = segment.Client(
        KEY, host=url, on_error=lambda error, _batch: failed.append(error), upload_interval=0.1, timeout=3, max_retries=5,
        **more,
    )  # fmt: skip
    client.identify("u1", {"phone": PHONE})
    for number in range(events):
        client.track("u1", "Tea Poured", {"n": number})
    client.shutdown()
    return failed


def send_rudder(url: str, events: int) -> list[Any]:
    failed: list[Any] = []
    client = rudder.Client(
        KEY,
        host=url,
        on_error=lambda error, _batch: failed.append(error),
        upload_interval=0.1,
        timeout=3,
        max_retries=5,
    )
    client.identify("u1", {"phone": PHONE})
    for number in range(events):
        client.track("u1", "Tea Poured", {"n": number})
    client.shutdown()
    return failed


def send_posthog(url: str, events: int, **more: Any) -> list[Any]:
    failed: list[Any] = []
    client = posthog.Posthog(
        KEY, host=url, on_error=lambda error, _batch: failed.append(error), flush_interval=0.1, timeout=3, max_retries=5,
        enable_exception_autocapture=False, **more,
    )  # fmt: skip
    client.capture("$identify", distinct_id="u1", properties={"$set": {"phone": PHONE}})
    for number in range(events):
        client.capture("Tea Poured", distinct_id="u1", properties={"n": number})
    client.shutdown()
    return failed


def send_sensors(url: str, events: int) -> list[Any]:
    failed: list[Any] = []
    consumer = sensors.BatchConsumer(f"{url}/sa?project=default&token={KEY}", max_size=4, request_timeout=3)
    client = sensors.SensorsAnalytics(consumer)
    client.profile_set("u1", {"phone": PHONE}, is_login_id=True)
    for number in range(events):
        # The consumer keeps its buffer when a request fails; the next event sends it again.
        with contextlib.suppress(sensors.SensorsAnalyticsNetworkException, OSError):
            client.track("u1", "TeaPoured", {"n": number}, is_login_id=True)
    for _attempt in range(6):
        try:
            client.flush()
            return []
        except (sensors.SensorsAnalyticsNetworkException, OSError) as error:
            failed.append(error)
    return failed


RARER = ("500", "429", "500 after", "hang")
SENDERS: dict[str, Sender] = {
    "segment": send_segment,
    "segment gzip": lambda url, events: send_segment(url, events, gzip=True),
    "rudder": send_rudder,
    "posthog": send_posthog,
    "posthog gzip": lambda url, events: send_posthog(url, events, gzip=True),
    "posthog v1": lambda url, events: send_posthog(url, events, capture_mode="v1"),
    "sensors": send_sensors,
}


@pytest.mark.parametrize("name", SENDERS)
def test_an_unmodified_sdk_delivers_everything_in_one_go(live: Any, name: str) -> None:
    assert SENDERS[name](live.url, 12) == []
    facts = live.facts()
    assert sorted(numbers(facts)) == list(range(12))
    assert len(facts) == len(live.received()) == 13
    identify = next(fact for fact in facts if fact.kind == "identify")
    assert {one.type: one.node for one in identify.identifiers} == {
        "user_id": live.node("user_id", "u1"),
        "mobile": live.node("mobile", PHONE),
    }
    assert {fact.name for fact in facts} == {"tea_poured", "identified"}


@pytest.mark.parametrize("name", ["segment", "rudder", "posthog", "sensors"])
@pytest.mark.parametrize("fault", ["lost", *(pytest.param(one, marks=pytest.mark.slow) for one in RARER)])
def test_nothing_is_lost_or_counted_twice_when_the_wire_fails(live: Any, name: str, fault: Any) -> None:
    live.wire.faults = [fault, fault]
    assert SENDERS[name](live.url, 6) == []
    assert live.wire.faults == []
    assert sorted(numbers(live.facts())) == list(range(6))


@pytest.mark.parametrize("name", ["segment", "rudder", "posthog"])
def test_a_refused_request_is_not_sent_again(live: Any, name: str) -> None:
    live.wire.app._intake.keys = lambda _key: None
    errors = SENDERS[name](live.url, 3)
    assert len(errors) == 1
    assert live.wire.requests == 1
    assert live.received() == []


def test_sensors_bindings_carry_their_identities(live: Any) -> None:
    client = sensors.SensorsAnalytics(sensors.DefaultConsumer(f"{live.url}/sa?project=default&token={KEY}"))
    identity = sensors.SensorsAnalyticsIdentity
    client.bind(identity(identity.LOGIN_ID, "u7"), identity(identity.MOBILE, PHONE))
    client.track_by_id("Tea", {"n": 1}, identity("$identity_mp_wx77_openid", "oOpen_123456"))
    bound, tracked = live.received()
    assert {one.type: one.node for one in bound.identifiers} == {
        "user_id": live.node("user_id", "u7"),
        "mobile": live.node("mobile", PHONE),
    }
    assert [one.type for one in tracked.identifiers] == ["wechat_openid@wx77"]


def test_posthog_asks_for_flags_and_hears_that_there_are_none(live: Any) -> None:
    client = posthog.Posthog(KEY, host=live.url, sync_mode=True)
    assert not client.evaluate_flags("u1").is_enabled("new-tea")
    client.shutdown()
    assert [event.name for event in live.received()] == ["$feature_flag_called"]


def numbers(facts: list[Any]) -> list[int]:

    return [json.loads(fact.properties)["n"] for fact in facts if fact.name == "tea_poured"]
