"""The Segment form: the site, the mini-program, and the server that listens to WeCom groups."""

from __future__ import annotations

import json
from functools import cache
from typing import Final

import numpy as np
import pyarrow as pa

from dujiang.simulate.brand import MINI_APP
from dujiang.simulate.calls.scenes import scene_index, scene_texts, scenes
from dujiang.simulate.clicks import HEIGHT, HOME, MODULES, TARGETS, in_view, places, positions
from dujiang.simulate.draws import Flags
from dujiang.simulate.events import ABOUT_PAGE, CLICK, IDENTIFY, LEFT, NAMES, PAID, VIEW, Events
from dujiang.simulate.files.batch import mini_order
from dujiang.simulate.identifiers import (
    JUNK_IDS,
    app_device,
    cookie,
    external_id,
    member_no,
    openid,
    phone,
    unionid,
    user_id,
)
from dujiang.simulate.texts import Moments, Text, join, money, pc, plain, take, uuid, where
from dujiang.simulate.visits import (
    CAMPAIGNS,
    COMMUNITY,
    GANG_HANDSET,
    HANDSET,
    JUNK_ID,
    MINI_PROGRAM,
    NOBODY,
    WEB,
    owner_kind,
    owner_of,
)
from dujiang.simulate.world import World

_SITE: Final = "https://www.shanjian.example"
BAD_TIMESTAMP: Final = "Invalid Date"
_LIBRARY: Final = {
    WEB: '"library":{"name":"analytics.js","version":"2.8.1"}',
    MINI_PROGRAM: '"library":{"name":"analytics-wxmp","version":"1.4.0"},"device":{"type":"mini_program"',
    COMMUNITY: '"library":{"name":"analytics-node","version":"2.2.0"}',
}


def segment_events(world: World, moments: Moments, source: int, events: Events, broken: Flags) -> pa.Array:
    """One JSON object for each event of one source; ``broken`` ones carry a timestamp that cannot be read."""
    stamp = where(broken, BAD_TIMESTAMP, moments.utc(events.at_ms))
    return join(
        _heads(source, events),
        ',"messageId":"', message_ids(world, events), '"',
        _who(world, source, events),
        ',"timestamp":"', stamp, '",',
        _said(world, events),
        ',"context":{', _context(world, source, events), "}}",
    )  # fmt: skip


def message_ids(world: World, events: Events) -> pa.Array:
    """An id for each event."""
    return uuid(world.draws.bits("message", events.person, events.source, events.why, events.nth, events.place))


def _heads(source: int, events: Events) -> Text:
    return take(_head_words(source), scene_index(events))


@cache
def _head_words(source: int) -> tuple[str, ...]:
    view, found = ("page" if source == WEB else "screen"), []
    for one in scenes():
        kind = {NAMES[VIEW]: view, NAMES[IDENTIFY]: "identify"}.get(one.name, "track")
        named = {"track": f',"event":"{one.name}"', "screen": f',"name":"{one.title}"'}.get(kind, "")
        found.append(f'{{"type":"{kind}"{named}')
    return tuple(found)


def _who(world: World, source: int, events: Events) -> Text:
    if source == COMMUNITY:
        return join(
            ',"userId":null,"anonymousId":"', cookie(world.draws, owner_of(NOBODY, events.person), events.turn), '"'
        )
    if source == MINI_PROGRAM:
        anonymous = cookie(world.draws, owner_of(NOBODY, events.person), events.person * 0)
        return join(',"userId":null,"anonymousId":"', anonymous, '"')
    kind, number = owner_kind(events.owner)
    junk = take(JUNK_IDS, np.where(kind == JUNK_ID, number, 0))
    anonymous = where(kind == JUNK_ID, junk, cookie(world.draws, events.owner, events.turn))
    known = where(events.login == 1, join('"', user_id(world.draws, events.person), '"'), "null")
    return join(',"userId":', known, ',"anonymousId":"', anonymous, '"')


def _said(world: World, events: Events) -> Text:
    inner = scene_texts("inner", scene_index(events))
    left, paid, shared = events.code == LEFT, events.code == PAID, events.sharer >= 0
    inner = _more(inner, left, lambda row: join(
        ',"dwell_ms":', plain(events.dwell[row]), ',"scroll_pct":', plain(events.scroll[row])))  # fmt: skip
    home = left & (events.item == ABOUT_PAGE + HOME) & (events.source == WEB)
    inner = _more(inner, home, lambda row: _modules(events.pick(row)))
    inner = _more(inner, events.code == CLICK, lambda row: _clicked(world, events.pick(row)))
    inner = _more(inner, paid, lambda row: join(
        ',"order_id":"', mini_order(world, events.order[row]), '","revenue":', money(events.value[row]),
        ',"currency":"CNY"'))  # fmt: skip
    inner = _more(inner, shared, lambda row: join(
        f',"shared_by":"wechat_openid@{MINI_APP}:', openid(world.draws, events.sharer[row]), '"'))  # fmt: skip
    said = join('"properties":{', inner, "}")
    named = np.flatnonzero(events.code == IDENTIFY)
    if not len(named):
        return said
    return pc.replace_with_mask(said, pa.array(events.code == IDENTIFY), _traits(world, events.pick(named)))


def _modules(events: Events) -> pa.Array:
    """How long each module of the home page was in view, and where they lie."""
    spent = in_view(events.scroll, events.dwell)
    parts: list[Text] = []
    for place, name in enumerate(MODULES):
        parts += [f'{"," if place else ""}"{name}":', plain(spent[:, place])]
    return join(',"modules":{', *parts, '},"places":', json.dumps(places(), separators=(",", ":")))


def _clicked(world: World, events: Events) -> pa.Array:
    """Where a click fell, and whether nothing came of it."""
    key = (events.person, events.source, events.why, events.nth, events.place // 8, events.place)
    x, y = positions(world, events.item, key)
    dead = take([f',"dead":{"true" if one.dead else "false"}' for one in TARGETS], events.item)
    return join(
        ',"x_pct":', plain(x // 10), ".", plain(x % 10), ',"y_px":', plain(y), f',"page_px":{HEIGHT}', dead,
    )  # fmt: skip


def _more(base: pa.Array, mask: Flags, text) -> pa.Array:
    row = np.flatnonzero(mask)
    if not len(row):
        return base
    return pc.replace_with_mask(base, pa.array(mask), join(base.take(pa.array(row)), text(row)))


def _traits(world: World, events: Events) -> pa.Array:
    card = where(events.member == 1, join(',"member_no":"', member_no(world.draws, events.person), '"'))
    return join('"traits":{"phone":"', phone(world.draws, events.phone), '"', card, "}")


def _context(world: World, source: int, events: Events) -> Text:
    scene = scene_index(events)
    if source == COMMUNITY:
        wechat = where(
            events.wechat == 1, join(',{"id":"', unionid(world.draws, events.person), '","type":"wechat_unionid"}')
        )
        return join(
            _LIBRARY[source], ',"externalIds":[{"id":"', external_id(world.draws, events.person),
            '","type":"wecom_external_id"}', wechat, "]",
        )  # fmt: skip
    campaign = take(("", *(_campaign(one) for one in CAMPAIGNS)), events.campaign + 1)
    path, title = scene_texts("path", scene), scene_texts("title", scene)
    if source == WEB:
        page = join(',"page":{"path":"', path, '","url":"', _SITE, path, '","title":"', title, '"}')
        return join(
            _LIBRARY[source], ',"userAgent":"', take(_AGENTS, events.person % len(_AGENTS)), '"', page, campaign
        )
    kind, _number = owner_kind(events.owner)
    handset = np.isin(kind, (HANDSET, GANG_HANDSET))
    device = where(handset, join(',"id":"', app_device(world.draws, events.owner), '"'))
    wechat = where(
        events.wechat == 1, join(',{"id":"', unionid(world.draws, events.person), '","type":"wechat_unionid"}')
    )
    ids = join(
        ',"externalIds":[{"id":"',
        openid(world.draws, events.person),
        f'","type":"wechat_openid@{MINI_APP}"}}',
        wechat,
        "]",
    )
    return join(_LIBRARY[source], device, "}", ids, ',"page":{"path":"', path, '","title":"', title, '"}', campaign)


def _campaign(one: tuple[str, str, str]) -> str:
    source, medium, name = one
    return f',"campaign":{{"source":"{source}","medium":"{medium}","name":"{name}"}}'


_AGENTS: Final = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 Mobile/15E148 Safari/604.1",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/138.0.0.0 Safari/537.36",
    "Mozilla/5.0 (Linux; Android 15; Mobile) AppleWebKit/537.36 Chrome/138.0.0.0 Mobile Safari/537.36",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 Version/18.5 Safari/605.1.15",
)
