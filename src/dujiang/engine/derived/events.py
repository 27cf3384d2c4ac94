"""Which events are what a person did, and what kind of doing it was."""

from __future__ import annotations

from typing import Final

import ibis

from dujiang.engine.expressions import TOUCHED, Rows, Scope, fact, with_owner

SAYS_WHO: Final = ("identify", "group", "alias")
"""Kinds of events that say who somebody is: nothing that the person did."""

PASSIVE: Final = ("page_left", "screen_left", "app_hidden", "app_shown", "page_scrolled", "page_pinged")
"""Measures of something done before: they lengthen a visit, but are not counted as doing something more."""

SHARES: Final = ("share", "shared", "product_shared", "content_shared", "page_shared", "cart_shared")

INTERACTIONS: Final = (
    *SHARES,
    "like", "liked", "content_liked", "comment", "commented", "content_commented", "favourite", "favourited", "favorite",
    "favorited", "content_favourited", "product_added_to_wishlist", "follow", "followed", "channel_followed",
)  # fmt: skip

_COLUMNS: Final = (
    "seq", "channel", "at", "anchor", "day", "kind", "name", "page", "referrer", "utm_source", "utm_medium", "utm_campaign",
    "device", "dwell_ms", "scroll_pct",
)  # fmt: skip

TOUCHED_EVENT: Final[Rows] = ibis.table(
    {
        **{name: type_ for name, type_ in fact("event").schema().items() if name in _COLUMNS and name != "anchor"},
        "person": "int64",
    },
    name="touched_event",
)
"""What the touched persons did from their touched day on."""


def touched_events() -> Rows:
    """The expression behind :data:`TOUCHED_EVENT`."""
    rows = owned_events()
    rows = rows.inner_join(TOUCHED, "person", rname="touched_{name}")
    return rows.filter(rows["day"] >= rows["touched_day"]).select(*TOUCHED_EVENT.columns)


def owned_events() -> Rows:
    """What persons did, with ``person``."""
    rows = fact("event")
    return with_owner(rows.filter(rows["kind"].notin(SAYS_WHO)).select(*_COLUMNS))


def done(scope: Scope) -> Rows:
    """What persons did, as far as ``scope`` asks for it."""
    return owned_events() if scope.full else TOUCHED_EVENT
