"""What an event unbinds, and what is left of the event."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from dujiang.collect.decode import StagedEvent
from dujiang.collect.identifiers import Identifier
from dujiang.collect.unbinding import unbound

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
LOGIN, COOKIE = Identifier("user_id", 1), Identifier("anonymous_id", 2)
PHONE, OPENID = Identifier("mobile", 3), Identifier("wechat_openid@wx1", 4)


@pytest.fixture
def event() -> Callable[..., StagedEvent]:
    """Makes a staged event of a name that names identifiers."""

    def make(name: str, *identifiers: Identifier) -> StagedEvent:
        stated: dict[str, Any] = dict.fromkeys(StagedEvent._fields)
        stated |= {"source": "app", "channel": "site", "at": NOON, "received_at": NOON + timedelta(seconds=1)}
        return StagedEvent(**{**stated, "kind": "track", "name": name, "identifiers": list(identifiers)})

    return make


@pytest.mark.parametrize(
    ("named", "left", "taken"),
    [
        ([LOGIN, COOKIE, PHONE], [LOGIN, COOKIE], [3]),
        ([PHONE, OPENID], [], [3, 4]),
        ([COOKIE], [], [2]),
        ([LOGIN, COOKIE], [LOGIN, COOKIE], []),
        ([], [], []),
    ],
)
def test_what_an_event_unbinds(
    event: Callable[..., StagedEvent], named: list[Identifier], left: list[Identifier], taken: list[int]
) -> None:
    (kept,), tables = unbound([event("id_unbound", *named)])
    assert kept.identifiers == left
    assert [row["node"] for table in tables.values() for row in table.to_pylist()] == taken


def test_other_events_unbind_nothing(event: Callable[..., StagedEvent]) -> None:
    bought = event("order_paid", LOGIN, PHONE)
    assert unbound([bought]) == ([bought], {})


def test_an_unbinding_names_nobody_and_is_the_events(event: Callable[..., StagedEvent]) -> None:
    _kept, tables = unbound([event("order_paid", LOGIN), event("id_unbound", LOGIN, PHONE)])
    (row,) = tables["unbinding"].to_pylist()
    assert (row["identifiers"], row["source"], row["channel"], row["at"], row["line"]) == ([], "app", "site", NOON, 1)


def test_one_moment_has_one_key(event: Callable[..., StagedEvent]) -> None:
    twice = [event("id_unbound", LOGIN, PHONE), event("id_unbound", PHONE)]
    _kept, tables = unbound(twice)
    assert len(set(tables["unbinding"]["key"].to_pylist())) == 1
