"""The Segment form, which RudderStack, Jitsu, Customer.io and Dujiang's own tracker speak too."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final, get_args

import msgspec

from dujiang.collect.protocols.common import (
    Fields,
    Items,
    Kind,
    Pair,
    Protocol,
    RawEvent,
    Refused,
    Where,
    as_is,
    first,
    mapping,
    pairs,
    text,
)
from dujiang.collect.protocols.personal import DIRECT_TYPES, TRAIT_TYPES
from dujiang.foundation.i18n import _

KINDS: Final[tuple[str, ...]] = get_args(Kind)
_CONTEXT_USED: Final = frozenset(
    {"page", "campaign", "userAgent", "userAgentData", "ip", "traits", "device", "externalIds", "externalId", "library"}
    | {"shareId", "channel", "referrer"}
)
_DEVICE_IDS: Final = ("id", "advertisingId", "idfa", "idfv", "oaid", "androidId")


class _Envelope(msgspec.Struct):
    batch: list[msgspec.Raw] | None = None
    sentAt: Any = None  # noqa: N815 (names of the wire)
    writeKey: Any = None  # noqa: N815


_envelope = msgspec.json.Decoder(_Envelope)


def items(body: bytes) -> Items:
    """The items of a batch, or the one event that the body is."""
    envelope = _envelope.decode(body)
    keys = (envelope.writeKey,) if isinstance(envelope.writeKey, str) else ()
    if envelope.batch is None:
        return Items([msgspec.Raw(body)], envelope.sentAt, keys)
    return Items(envelope.batch, envelope.sentAt, keys)


def event(body: Fields, sent_at: Any, path: str) -> RawEvent:
    """One Segment call; its type is in the body or, for single calls, in the path."""
    kind = text(body.get("type")) or path.rpartition("/")[2]
    if kind not in KINDS:
        sentence = _("“{type}” is no type of call. Use track, page, screen, identify, group or alias.")
        raise Refused("event.unknown_type", sentence, "/type", type=kind[:40])
    name = first(body, "event") if kind == "track" else first(body, "name")
    if kind == "track" and not name:
        raise Refused("event.no_name", _("The event has no name."), "/event")
    context = mapping(body.get("context"))
    traits = {**mapping(context.get("traits")), **mapping(body.get("traits"))}
    rest = {key: value for key, value in context.items() if key not in _CONTEXT_USED}
    properties = mapping(body.get("properties"))
    if kind == "group":
        properties = {**mapping(body.get("traits")), **properties, "group_id": text(body.get("groupId"))}
        traits = mapping(context.get("traits"))
    return RawEvent(
        kind=kind,  # type: ignore[arg-type]
        name=name,
        message_id=text(body.get("messageId")),
        timestamp=body.get("originalTimestamp") or body.get("timestamp"),
        sent_at=body.get("sentAt") or sent_at,
        body=body,
        identifiers=[*_identifiers(body, context, traits), *pairs(properties, DIRECT_TYPES)],
        traits=traits,
        properties={**properties, "context": rest} if rest else properties,
        where=_where(context, properties),
    )


def _identifiers(body: Fields, context: Fields, traits: Fields) -> Iterator[Pair]:
    yield from pairs(body, {"userId": "user_id", "anonymousId": "anonymous_id"})
    if previous := text(body.get("previousId")):
        yield from (("user_id", previous, ""),) if body.get("userId") is None else (("anonymous_id", previous, ""),)
    yield from pairs(traits, TRAIT_TYPES)
    yield from pairs(context, {"shareId": "anonymous_id"})
    device = mapping(context.get("device"))
    yield from pairs(device, dict.fromkeys(_DEVICE_IDS, "device_id"))
    for external in _externals(context):
        kind, scope = first(external, "type"), first(external, "scope")
        if kind and (value := first(external, "id")):
            base, _at, inner = kind.partition("@")
            yield base, value, inner or scope


def _externals(context: Fields) -> list[Fields]:
    found = context.get("externalIds") or context.get("externalId")
    return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []


def _where(context: Fields, properties: Fields) -> Where:
    page, campaign, device = (mapping(context.get(name)) for name in ("page", "campaign", "device"))
    return Where(
        url=first(page, "url") or first(properties, "url"),
        path=first(page, "path") or first(properties, "path"),
        title=first(page, "title") or first(properties, "title"),
        referrer=first(page, "referrer")
        or first(properties, "referrer")
        or first(mapping(context.get("referrer")), "url"),
        utm_source=first(campaign, "source"),
        utm_medium=first(campaign, "medium"),
        utm_campaign=first(campaign, "name", "campaign"),
        device=first(device, "type") or first(mapping(context.get("os")), "name"),
        user_agent=first(context, "userAgent"),
    )


SEGMENT: Final = Protocol("segment", as_is, items, event)
