"""The PostHog form: ``distinct_id``, ``$``-properties, one event or many."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

import msgspec

from dujiang.collect.protocols.body import form, unbase64
from dujiang.collect.protocols.common import (
    Fields,
    Items,
    Kind,
    Pair,
    Protocol,
    RawEvent,
    Refused,
    Where,
    first,
    mapping,
    pairs,
    text,
)
from dujiang.collect.protocols.personal import DIRECT_TYPES, TRAIT_TYPES
from dujiang.foundation.bounds import Bounds
from dujiang.foundation.i18n import _

_KINDS: Final[dict[str, Kind]] = {
    "$pageview": "page",
    "$screen": "screen",
    "$identify": "identify",
    "$set": "identify",
    "$create_alias": "alias",
    "$merge_dangerously": "alias",
    "$groupidentify": "group",
}
_USED: Final = frozenset(
    {"$current_url", "$pathname", "$referrer", "$referring_domain", "$raw_user_agent", "$user_agent", "$ip", "token"}
    | {"distinct_id", "$anon_distinct_id", "$device_id", "$user_id", "$set", "$set_once", "$session_id", "$window_id"}
    | {
        "$host",
        "$insert_id",
        "$lib",
        "$lib_version",
        "$sdk_debug",
        "alias",
        "$is_identified",
        "$process_person_profile",
    }
    | {"$time", "$device_type", "title", "utm_source", "utm_medium", "utm_campaign", "$screen_name"}
)


class _Named(msgspec.Struct):
    uuid: Any = None


class _Envelope(msgspec.Struct):
    batch: list[msgspec.Raw] | None = None
    data: list[msgspec.Raw] | None = None
    sent_at: Any = None
    api_key: Any = None
    token: Any = None
    properties: Any = None


_envelope = msgspec.json.Decoder(_Envelope)
_list = msgspec.json.Decoder(list[msgspec.Raw])
_named = msgspec.json.Decoder(_Named)


def plain(body: bytes, query: Mapping[str, str], bounds: Bounds) -> bytes:
    """Browsers send JSON, or a form with ``data`` as JSON or base64, or bare base64."""
    if body.startswith(b"data="):
        value = form(body).get("data", "")
        return value.encode() if value[:1] in ("{", "[") else unbase64(value, bounds)
    if query.get("compression") == "base64" and body[:1] not in (b"{", b"["):
        return unbase64(body.decode("ascii", "replace"), bounds)
    return body


def items(body: bytes) -> Items:
    """A batch envelope, a bare list, or the one event that the body is."""
    if body.lstrip()[:1] == b"[":
        events = _list.decode(body)
        return Items(events, None, _keys(events[0]) if events else ())
    envelope = _envelope.decode(body)
    events = envelope.batch if envelope.batch is not None else envelope.data
    keys = tuple(key for key in (envelope.api_key, envelope.token) if isinstance(key, str))
    if events is None:
        return Items([msgspec.Raw(body)], envelope.sent_at, keys or _token(envelope.properties))
    return Items(events, envelope.sent_at, keys or (_keys(events[0]) if events else ()))


def _keys(event_text: msgspec.Raw) -> tuple[str, ...]:
    try:
        envelope = _envelope.decode(event_text)
    except msgspec.MsgspecError:
        return ()
    keys = tuple(key for key in (envelope.api_key, envelope.token) if isinstance(key, str))
    return keys or _token(envelope.properties)


def _token(properties: object) -> tuple[str, ...]:
    found = first(mapping(properties), "token")
    return (found,) if found else ()


def event(body: Fields, sent_at: Any, _path: str) -> RawEvent:
    """One PostHog event."""
    name = first(body, "event")
    if not name:
        raise Refused("event.no_name", _("The event has no name."), "/event")
    properties = mapping(body.get("properties"))
    kind = _KINDS.get(name, "track")
    traits = {}
    for holder in (properties, body):
        traits |= {**mapping(holder.get("$set_once")), **mapping(holder.get("$set"))}
    return RawEvent(
        kind=kind,
        name=first(properties, "$screen_name") if kind == "screen" else name,
        message_id=first(body, "uuid", "message_id") or first(properties, "$insert_id"),
        timestamp=body.get("timestamp") or properties.get("$time"),
        sent_at=None if properties.get("$ignore_sent_at") else sent_at,
        body=body,
        identifiers=[*_identifiers(body, properties, traits, kind), *pairs(properties, DIRECT_TYPES)],
        traits=traits,
        properties={key: value for key, value in properties.items() if key not in _USED},
        where=_where(properties),
    )


def _identifiers(body: Fields, properties: Fields, traits: Fields, kind: Kind) -> Iterator[Pair]:
    distinct = first(body, "distinct_id") or first(properties, "distinct_id")
    device, anonymous = first(properties, "$device_id"), first(properties, "$anon_distinct_id")
    # A visitor who never signed in has the device's id as distinct_id.
    unknown = distinct in (device, anonymous) or properties.get("$is_identified") is False
    yield ("anonymous_id" if unknown and kind != "identify" else "user_id"), distinct, ""
    yield "user_id", first(properties, "$user_id"), ""
    yield "anonymous_id", anonymous, ""
    yield "anonymous_id", device, ""
    if kind == "alias":
        yield "anonymous_id", first(properties, "alias"), ""
    yield from pairs(traits, TRAIT_TYPES)


def _where(properties: Fields) -> Where:
    return Where(
        url=first(properties, "$current_url"),
        path=first(properties, "$pathname", "$screen_name"),
        title=first(properties, "title", "$title"),
        referrer=first(properties, "$referrer", "$referring_domain"),
        utm_source=first(properties, "utm_source"),
        utm_medium=first(properties, "utm_medium"),
        utm_campaign=first(properties, "utm_campaign"),
        device=first(properties, "$device_type", "$os"),
        user_agent=first(properties, "$raw_user_agent", "$user_agent"),
    )


def flags() -> bytes:
    """The answer to a question for feature flags: none are kept here, and nothing went wrong."""
    return msgspec.json.encode(
        {
            "flags": {},
            "featureFlags": {},
            "featureFlagPayloads": {},
            "errorsWhileComputingFlags": False,
            "supportedCompression": ["gzip", "gzip-js"],
            "sessionRecording": False,
            "surveys": False,
        }
    )


def results(events: list[msgspec.Raw]) -> bytes:
    """The answer of the newer PostHog form: every event by its uuid is on disk."""
    uuids = (_uuid(one) for one in events)
    return msgspec.json.encode({"results": {uuid: {"result": "ok"} for uuid in uuids if uuid}})


def _uuid(event_text: msgspec.Raw) -> str:
    try:
        return text(_named.decode(event_text).uuid)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return ""  # a dead letter later; sending it again would not mend it


POSTHOG: Final = Protocol("posthog", plain, items, event)
