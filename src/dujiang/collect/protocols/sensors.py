"""The Sensors Analytics form: ``data`` or ``data_list``, base64 of JSON, usually gzipped."""

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
    malformed,
    mapping,
    pairs,
    text,
)
from dujiang.collect.protocols.personal import DIRECT_TYPES, TRAIT_TYPES
from dujiang.foundation.bounds import Bounds
from dujiang.foundation.i18n import _

_KINDS: Final[dict[str, Kind]] = {
    "track": "track",
    "track_signup": "identify",
    "track_id_bind": "identify",
    "track_id_unbind": "track",
    "profile_set": "identify",
    "profile_set_once": "identify",
    "profile_increment": "identify",
    "profile_append": "identify",
    "profile_unset": "identify",
    "profile_delete": "identify",
    "item_set": "track",
    "item_delete": "track",
}
_PAGES: Final = frozenset({"$pageview", "$WebPageView"})
_SCREENS: Final = frozenset({"$MPViewScreen", "$AppViewScreen", "$QuickAppViewScreen"})
_IDENTITIES: Final[dict[str, str]] = {
    "$identity_login_id": "user_id",
    "$identity_mobile": "mobile",
    "$identity_email": "email",
    "$identity_mp_unionid": "wechat_unionid",
    "$identity_cookie_id": "anonymous_id",
    "$identity_anonymous_id": "anonymous_id",
    "$identity_distinct_id": "anonymous_id",
    "$identity_android_id": "device_id",
    "$identity_android_uuid": "device_id",
    "$identity_idfv": "device_id",
    "$identity_idfa": "device_id",
    "$identity_ios_uuid": "device_id",
    "$identity_harmony_id": "device_id",
    "$identity_taobao_id": "taobao_buyer",
    "$identity_douyin_id": "douyin_buyer",
}
_USED: Final = frozenset(
    {"$url", "$url_path", "$title", "$referrer", "$referrer_host", "$utm_source", "$utm_medium", "$utm_campaign"}
    | {"$user_agent", "$ip", "$lib", "$lib_version", "$is_login_id", "$device_id", "$screen_name", "$wechat_openid"}
    | {"$wechat_unionid", "$token", "$project", "$event_session_id"}
)
_CONTAINER: Final = msgspec.json.Decoder(list[msgspec.Raw])


def plain(body: bytes, query: Mapping[str, str], bounds: Bounds) -> bytes:
    """The JSON inside the form, from the body or, for picture requests, from the query."""
    if body[:1] in (b"{", b"["):
        return body
    fields = form(body) if body else dict(query)
    value = fields.get("data_list") or fields.get("data")
    if not value:
        raise malformed(_("The form holds neither data nor data_list."))
    return value.encode() if value[:1] in ("{", "[") else unbase64(value, bounds)


def items(body: bytes) -> Items:
    """A list of events, or the one event that the body is."""
    if body.lstrip()[:1] == b"[":
        return Items(_CONTAINER.decode(body))
    return Items([msgspec.Raw(body)])


def event(body: Fields, _sent_at: Any, _path: str) -> RawEvent:
    """One Sensors record: an event, a binding of identities, or something said of a person."""
    sort = text(body.get("type"))
    if sort not in _KINDS:
        sentence = _("“{type}” is no type of record that Sensors trackers send.")
        raise Refused("event.unknown_type", sentence, "/type", type=sort[:40])
    kind, name = _KINDS[sort], first(body, "event")
    if sort == "track":
        kind = "page" if name in _PAGES else "screen" if name in _SCREENS else "track"
        if not name:
            raise Refused("event.no_name", _("The event has no name."), "/event")
    elif kind == "track":
        name = {"track_id_unbind": "id_unbound"}.get(sort, sort)
    properties = mapping(body.get("properties"))
    of_person = sort.startswith("profile_")
    traits = properties if of_person else {}
    said = {} if of_person else {key: value for key, value in properties.items() if key not in _USED}
    if sort.startswith("item_"):
        said |= {"item_type": body.get("item_type"), "item_id": body.get("item_id")}
    return RawEvent(
        kind=kind,
        name=name if kind == "track" else "",
        message_id="",
        timestamp=body.get("time"),
        sent_at=body.get("_flush_time"),
        body=body,
        identifiers=[*_identifiers(body, properties, traits), *pairs(properties, DIRECT_TYPES)],
        traits=traits,
        properties=said,
        where=_where(properties),
    )


def _identifiers(body: Fields, properties: Fields, traits: Fields) -> Iterator[Pair]:
    identities = mapping(body.get("identities"))
    for key, value in identities.items():
        if raw := text(value):
            yield from _identity(key, raw)
    if body.get("type") == "track_id_unbind" and identities:
        return  # what is unbound, and nothing that it would be tied to anew
    distinct = first(body, "distinct_id")
    key, plus, inner = distinct.partition("+")
    if plus and (key.startswith("$identity_") or key in identities):
        yield from _identity(key, inner)
    elif body.get("type") in ("track_signup", "track_id_bind") or properties.get("$is_login_id"):
        yield "user_id", first(body, "login_id") or distinct, ""
    else:
        yield "user_id", first(body, "login_id"), ""
        yield (
            "anonymous_id",
            first(body, "anonymous_id") or ("" if body.get("login_id") or identities else distinct),
            "",
        )
    yield "anonymous_id", first(body, "original_id"), ""
    yield "device_id", first(properties, "$device_id"), ""
    yield "wechat_openid", first(properties, "$wechat_openid"), ""
    yield "wechat_unionid", first(properties, "$wechat_unionid"), ""
    yield from pairs(traits, TRAIT_TYPES)


def _identity(key: str, value: str) -> Iterator[Pair]:
    """``$identity_mp_{appid}_openid`` carries the app in its name; an unknown identity is a type of that name."""
    if key in _IDENTITIES:
        yield _IDENTITIES[key], value, ""
    elif key.startswith("$identity_mp_") and key.endswith("_openid"):
        yield "wechat_openid", value, key.removeprefix("$identity_mp_").removesuffix("_openid")
    elif key == "$identity_mp_openid":
        yield "wechat_openid", value, ""
    else:
        yield TRAIT_TYPES.get(key, key.removeprefix("$identity_").removeprefix("$")), value, ""


def _where(properties: Fields) -> Where:
    return Where(
        url=first(properties, "$url"),
        path=first(properties, "$url_path", "$screen_name"),
        title=first(properties, "$title"),
        referrer=first(properties, "$referrer", "$referrer_host"),
        utm_source=first(properties, "$utm_source", "utm_source"),
        utm_medium=first(properties, "$utm_medium", "utm_medium"),
        utm_campaign=first(properties, "$utm_campaign", "utm_campaign"),
        device="mini_program" if text(properties.get("$lib")) == "MiniProgram" else first(properties, "$os"),
        user_agent=first(properties, "$user_agent"),
    )


SENSORS: Final = Protocol("sensors", plain, items, event)
