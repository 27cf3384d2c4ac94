"""The app in the Sensors (神策) form, the stores' tablets in the PostHog form."""

from __future__ import annotations

import base64
import gzip
from functools import cache
from typing import Final

import numpy as np
import pyarrow as pa

from dujiang.simulate.calls.scenes import scene_index, scene_texts, scenes
from dujiang.simulate.calls.segment import message_ids
from dujiang.simulate.events import IDENTIFY, LEFT, NAMES, PAID, VIEW, Events
from dujiang.simulate.files.batch import mini_order
from dujiang.simulate.identifiers import app_device, member_no, phone, tablet_device, user_id
from dujiang.simulate.texts import Moments, join, money, pc, plain, take, where
from dujiang.simulate.visits import owner_kind
from dujiang.simulate.world import World

_SENSORS_NAMES: Final = {NAMES[VIEW]: "$AppViewScreen", NAMES[LEFT]: "$AppPageLeave", NAMES[IDENTIFY]: "$BindID"}
_POSTHOG_NAMES: Final = {NAMES[VIEW]: "$pageview", NAMES[IDENTIFY]: "$identify", NAMES[LEFT]: "$pageleave"}


@cache
def _named(form: str) -> tuple[str, ...]:
    names = _SENSORS_NAMES if form == "sensors" else _POSTHOG_NAMES
    return tuple(names.get(one.name, one.name) for one in scenes())


def sensors_events(world: World, moments: Moments, events: Events) -> pa.Array:
    """One record for each event; it has no message id, only a ``_track_id`` that a retry repeats."""
    draws, scene = world.draws, scene_index(events)
    binds, knows = events.code == IDENTIFY, events.login == 1
    device = app_device(draws, events.owner)
    login = where(knows, join(',"$identity_login_id":"', user_id(draws, events.person), '"'))
    mobile = where(binds, join(',"$identity_mobile":"', phone(draws, events.phone), '"'))
    distinct = where(knows, user_id(draws, events.person), device)
    track = draws.bits("track", events.person, events.why, events.nth, events.place) >> np.uint64(33)
    left = where(
        events.code == LEFT,
        join(',"event_duration":', _seconds(events), ',"scroll_pct":', plain(np.maximum(events.scroll, 0))),
    )
    paid = where(
        events.code == PAID,
        join(',"order_id":"', mini_order(world, events.order), '","revenue":', money(np.maximum(events.value, 0))),
    )
    card = where(binds & (events.member == 1), join(',"member_no":"', member_no(draws, events.person), '"'))
    return join(
        '{"type":"', where(binds, "track_id_bind", "track"), '","event":"', take(_named("sensors"), scene),
        '","time":', plain(moments.epoch_ms(events.at_ms)), ',"_track_id":', plain(track.astype(np.int64)),
        ',"distinct_id":"', distinct, '","identities":{"$identity_android_id":"', device, '"', login, mobile,
        '},"lib":{"$lib":"Android","$lib_version":"6.8.4"},"properties":{"$os":"Android","$app_version":"3.2.0",',
        '"$screen_name":"', scene_texts("path", scene), '","$title":"', scene_texts("title", scene), '",',
        scene_texts("inner", scene), left, where(events.code == PAID, join(paid, ',"currency":"CNY"')), card, "}}",
    )  # fmt: skip


def _seconds(events: Events) -> pa.Array:
    spent = np.maximum(events.dwell, 0)
    return join(plain(spent // 1000), ".", pc.utf8_lpad(plain(spent % 1000), 3, "0"))


def sensors_body(records: str) -> str:
    """The form that the SDK posts: base64 of a gzipped list."""
    packed = gzip.compress(f"[{records}]".encode(), 5, mtime=0)
    return f"data_list={_quoted(base64.b64encode(packed))}&gzip=1"


def _quoted(data: bytes) -> str:
    return data.replace(b"+", b"%2B").replace(b"/", b"%2F").replace(b"=", b"%3D").decode()


def posthog_events(world: World, moments: Moments, events: Events) -> pa.Array:
    """One record for each event; a tablet keeps its device id whoever stands before it."""
    draws, scene = world.draws, scene_index(events)
    device = tablet_device(draws, owner_kind(events.owner)[1])
    card = where(events.member == 1, join('"member_no":"', member_no(draws, events.person), '"'))
    says = where(events.code == IDENTIFY, join(',"$anon_distinct_id":"', device, '","$set":{', card, "}"))
    spent = where(events.code == LEFT, join(',"dwell_ms":', plain(np.maximum(events.dwell, 0))))
    return join(
        '{"event":"', take(_named("posthog"), scene), '","uuid":"', message_ids(world, events),
        '","distinct_id":"', user_id(draws, events.person), '","timestamp":"', moments.utc(events.at_ms),
        '","properties":{"$device_id":"', device, '","$lib":"posthog-js","$device_type":"Tablet","$is_identified":true,',
        '"$pathname":"', scene_texts("path", scene), '","title":"', scene_texts("title", scene), '",',
        scene_texts("inner", scene), spent, says, "}}",
    )  # fmt: skip
