"""The common form that every wire protocol is read into."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal, NamedTuple

import msgspec

from dujiang.foundation.bounds import Bounds
from dujiang.foundation.errors import InvalidInput, TooLarge
from dujiang.foundation.i18n import _

Kind = Literal["track", "page", "screen", "identify", "group", "alias"]
Pair = tuple[str, str, str]
"""An identifier as it came: type, raw value, scope (an app's id, or empty)."""
Fields = dict[str, Any]

TRANSPORT: Final = frozenset(
    {"sentAt", "sent_at", "receivedAt", "writeKey", "api_key", "token", "_metadata", "offset", "_flush_time"}
)
"""What a body says about its own journey, not about what happened: it differs between two sendings of one event."""


class Refused(InvalidInput):
    """One event that cannot be accepted; the rest of its request can.

    Attributes:
        field: what is wrong, as a JSON pointer into the event; empty for the whole of it.
    """

    def __init__(self, code: str, sentence: str, field: str, **values: Any) -> None:
        super().__init__(code, sentence, field=field, **values)

    @property
    def field(self) -> str:
        return self.values["field"]


class Where(NamedTuple):
    """Where something happened, as the call says it; empty where it says nothing."""

    url: str = ""
    path: str = ""
    title: str = ""
    referrer: str = ""
    utm_source: str = ""
    utm_medium: str = ""
    utm_campaign: str = ""
    device: str = ""
    """Device class or operating system in the sender's words."""
    user_agent: str = ""


NOWHERE: Final = Where()


@dataclass(slots=True)
class RawEvent:
    """One event, before it is checked, made common and freed of personal data.

    Attributes:
        kind: what sort of call.
        name: what happened, in the sender's words; empty for calls without a name.
        message_id: id that the sender gave it; empty where the protocol has none.
        timestamp: when it happened by the sender's clock: ISO text, seconds or milliseconds; None where not said.
        sent_at: when it was sent by the same clock; None where not said.
        identifiers: whom it is about.
        traits: what it says about the person.
        properties: what it says about what happened.
        where: page, campaign and device.
        body: the event's own JSON object.
    """

    kind: Kind
    name: str
    message_id: str
    timestamp: Any
    sent_at: Any
    body: Fields
    identifiers: list[Pair] = field(default_factory=list)
    traits: Fields = field(default_factory=dict)
    properties: Fields = field(default_factory=dict)
    where: Where = NOWHERE


class Items(NamedTuple):
    """The events of one request, each still as JSON text, and what the request says about all of them."""

    items: list[msgspec.Raw]
    sent_at: Any = None
    keys: tuple[str, ...] = ()
    """Collection keys that the body names."""


class Protocol(NamedTuple):
    """How one family of trackers speaks.

    Attributes:
        name: what it is called.
        plain: request body (and query) to plain JSON: undoes forms and base64. It is what the journal keeps.
        items: plain JSON to items, without building the events.
        event: one item to the common form. Raises :class:`Refused`.
    """

    name: str
    plain: Callable[[bytes, Mapping[str, str], Bounds], bytes]
    items: Callable[[bytes], Items]
    event: Callable[[Fields, Any, str], RawEvent]


def as_is(body: bytes, _query: Mapping[str, str], _bounds: Bounds) -> bytes:
    """A body that is JSON already."""
    return body


def malformed(sentence: str) -> InvalidInput:
    """The error for a request that cannot be read as tracking data."""
    return InvalidInput("intake.malformed", sentence)


def build(raw: msgspec.Raw, bounds: Bounds) -> Fields:
    """One item as a mapping, within the bounds of one event.

    Raises:
        Refused: ``event.too_large``, ``event.too_deep``, ``event.too_many_keys`` or ``event.not_an_object``.
    """
    size = len(bytes(raw))
    if size > bounds.event_bytes_max:
        sentence = _("The event has {size} bytes, more than {bound}.")
        raise Refused("event.too_large", sentence, "", size=size, bound=bounds.event_bytes_max)
    value = msgspec.json.decode(raw)
    if not isinstance(value, dict):
        raise Refused("event.not_an_object", _("The event is not a JSON object."), "")
    text = bytes(raw)
    if text.count(b"{") + text.count(b"[") > bounds.event_depth_max or text.count(b":") > bounds.event_keys_max:
        _check_shape(value, bounds)
    return value


def _check_shape(value: Fields, bounds: Bounds) -> None:
    depth, keys = shape(value)
    if depth > bounds.event_depth_max:
        sentence = _("The event is nested {depth} levels deep, more than {bound}.")
        raise Refused("event.too_deep", sentence, "", depth=depth, bound=bounds.event_depth_max)
    if keys > bounds.event_keys_max:
        sentence = _("The event has {keys} keys, more than {bound}.")
        raise Refused("event.too_many_keys", sentence, "", keys=keys, bound=bounds.event_keys_max)


def shape(value: Any) -> tuple[int, int]:
    """How many levels deep a JSON value is nested, and how many keys it has in all.

    >>> shape({"a": [{"b": 1}]})
    (3, 2)
    """
    level = [value] if isinstance(value, dict | list) else []
    keys = depth = 0
    while level:
        depth += 1
        keys += sum(len(one) for one in level if isinstance(one, dict))
        inner = [part for one in level for part in (one.values() if isinstance(one, dict) else one)]
        level = [part for part in inner if isinstance(part, dict | list)]
    return depth, keys


def too_many(count: int, bounds: Bounds) -> TooLarge:
    """The error for a request with more events than one may carry."""
    sentence = _("The request carries {count} events, more than {bound}. Send smaller batches.")
    return TooLarge("intake.too_many_events", sentence, count=count, bound=bounds.request_events_max)


def text(value: object) -> str:
    """A value as trimmed text; empty for None, true, false, lists and mappings."""
    if isinstance(value, str):
        return value.strip()
    if isinstance(value, bool) or not isinstance(value, int | float):
        return ""
    return str(int(value)) if float(value).is_integer() else str(value)


def mapping(value: object) -> Fields:
    """``value`` if it is a mapping, else an empty one."""
    return value if isinstance(value, dict) else {}


def first(fields: Mapping[str, Any], *names: str) -> str:
    """The first of ``names`` that says something, as text."""
    for name in names:
        said = fields.get(name)
        if said is not None and (found := text(said)):
            return found
    return ""


def pairs(fields: Mapping[str, Any], types: Mapping[str, str]) -> Iterator[Pair]:
    """Identifiers in ``fields``, by a table of field name to identifier type."""
    for name, said in fields.items():
        if name in types and (value := text(said)):
            yield types[name], value, ""


_sorted: Final = msgspec.json.Encoder(order="deterministic")


def plain_json(value: Any) -> str:
    """A JSON value as text, always the same for equal values.

    >>> plain_json({"b": 1, "a": 10**30})
    '{"a":1000000000000000000000000000000,"b":1}'
    """
    try:
        return _sorted.encode(value).decode()
    except OverflowError:  # whole numbers beyond 64 bits
        return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
