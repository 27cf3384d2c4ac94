"""Which address speaks which protocol, and one request read into what the journal keeps."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import msgspec

from dujiang.collect.protocols.body import inflate, tidy_json
from dujiang.collect.protocols.common import Items, Protocol, malformed, too_many
from dujiang.collect.protocols.posthog import POSTHOG
from dujiang.collect.protocols.segment import SEGMENT
from dujiang.collect.protocols.sensors import SENSORS
from dujiang.foundation.bounds import Bounds
from dujiang.foundation.i18n import _

_SEGMENT_TYPES: Final = ("track", "identify", "page", "screen", "group", "alias")
_SHORT: Final = {name[0]: name for name in _SEGMENT_TYPES}
REPLAY: Final = "/replay"
"""Path of a corrected event in the journal; no request from outside has it."""


@dataclass(frozen=True)
class Route:
    """An address that takes events.

    Attributes:
        protocol: how its callers speak.
        path: the one path under which the journal keeps its requests.
        answer: what the caller wants to hear: ``success``, ``results`` (PostHog's newer form) or ``picture``.
    """

    protocol: Protocol
    path: str
    answer: str = "success"


def _routes() -> dict[str, Route]:
    found = {f"/v1/{name}": Route(SEGMENT, f"/v1/{name}") for name in _SEGMENT_TYPES}
    found |= {f"/v1/{short}": Route(SEGMENT, f"/v1/{name}") for short, name in _SHORT.items()}
    found |= {f"/v1/{name}": Route(SEGMENT, "/v1/batch") for name in ("batch", "import", "b")}
    found |= {
        f"/api/s/{prefix}{name}": Route(SEGMENT, f"/v1/{name}") for prefix in ("", "s2s/") for name in _SEGMENT_TYPES
    }
    found |= {f"/api/s/{prefix}batch": Route(SEGMENT, "/v1/batch") for prefix in ("", "s2s/")}
    found |= {f"/api/s/{prefix}event": Route(SEGMENT, "/v1/track") for prefix in ("", "s2s/")}
    captures = ("/batch", "/capture", "/e", "/i/v0/e", "/i/v0/ai/batch", "/track", "/engage")
    found |= {path: Route(POSTHOG, "/batch") for path in captures}
    found["/i/v1/analytics/events"] = Route(POSTHOG, "/batch", "results")
    found["/sa"] = Route(SENSORS, "/sa")
    found["/sa.gif"] = Route(SENSORS, "/sa", "picture")
    return found


ROUTES: Final[dict[str, Route]] = _routes()
PROTOCOLS: Final[dict[str, Protocol]] = {route.path: route.protocol for route in ROUTES.values()}
_ROOMS: Final = ("/api/", "/console/", "/static/")
_BASIC: Final = re.compile(r"basic\s+", re.IGNORECASE)
_BEARER: Final = re.compile(r"bearer\s+", re.IGNORECASE)


def find(method: str, path: str, query: Mapping[str, str]) -> Route | None:
    """The route of a request; None if it is no tracking call.

    Sensors trackers can be given any address; ``project`` in its query is how they are known.

    >>> find("POST", "/batch/", {}).protocol.name, find("POST", "/people", {})
    ('posthog', None)
    """
    route = ROUTES.get(path if len(path) == 1 else path.rstrip("/"))
    if route is None and method == "POST" and "project" in query and not path.startswith(_ROOMS):
        return ROUTES["/sa"]
    return route


@dataclass(frozen=True)
class Payload:
    """What a request carries, ready for the journal.

    Attributes:
        path: path to keep it under.
        body: its events as plain JSON.
        events: how many.
        keys: collection keys that the body names.
        items: the events as JSON texts.
    """

    path: str
    body: bytes
    events: int
    keys: tuple[str, ...]
    items: list[msgspec.Raw]


def read(route: Route, query: Mapping[str, str], encoding: str, body: bytes, bounds: Bounds) -> Payload:
    """A request's body as plain JSON, with its number of events.

    Args:
        route: as :func:`find` gave it.
        query: its query.
        encoding: its Content-Encoding header, or empty.
        body: as received.
        bounds: limits of one request.

    Raises:
        InvalidInput: ``intake.malformed``, ``intake.encoding``.
        TooLarge: ``intake.too_large``, ``intake.too_many_events``.
    """
    plain = route.protocol.plain(inflate(body, encoding, bounds), query, bounds)
    plain, found = _items(route.protocol, plain)
    if len(found.items) > bounds.request_events_max:
        raise too_many(len(found.items), bounds)
    return Payload(route.path, plain, len(found.items), found.keys, found.items)


def _items(protocol: Protocol, plain: bytes) -> tuple[bytes, Items]:
    try:
        return plain, protocol.items(plain)
    except msgspec.ValidationError:
        raise malformed(
            _("The JSON has another shape than this address expects. Compare it with the tracking guide.")
        ) from None
    except RecursionError:
        raise malformed(_("The JSON is nested too deeply.")) from None
    except (msgspec.DecodeError, UnicodeDecodeError):
        tidy = tidy_json(plain)
    try:
        return tidy, protocol.items(tidy)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        raise malformed(
            _("The JSON has another shape than this address expects. Compare it with the tracking guide.")
        ) from None


def keys_outside(headers: Mapping[str, str], query: Mapping[str, str]) -> Iterator[str]:
    """Collection keys that headers and query name, as far as they name any.

    Args:
        headers: with names in lower case.
        query: the decoded query.
    """
    if authorization := headers.get("authorization"):
        yield from _authorized(authorization) if len(authorization) <= _REMEMBERED_MAX else _named(authorization)
    for value in (headers.get("x-write-key"), *(query.get(name) for name in _QUERY_NAMES)):
        if value:
            yield value
            yield from (part for part in value.split(":") if part != value)


def _named(authorization: str) -> tuple[str, ...]:
    if (rest := _BASIC.sub("", authorization, count=1)) != authorization:
        return tuple(_basic(rest))
    if (rest := _BEARER.sub("", authorization, count=1)) != authorization:
        return (rest.strip(),)
    return ()


# A sender's header is the same in every request; what it names is read once. Longer ones hold no key.
_REMEMBERED_MAX: Final = 600
_authorized: Final = lru_cache(maxsize=2_000)(_named)

_QUERY_NAMES: Final = ("writeKey", "write_key", "api_key", "key", "token", "project")


def _basic(encoded: str) -> Iterator[str]:
    try:
        user, _colon, password = base64.b64decode(encoded, validate=True).decode().partition(":")
    except (binascii.Error, ValueError):
        return
    yield from (part for part in (user, password) if part)
