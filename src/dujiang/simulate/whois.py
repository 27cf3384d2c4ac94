"""The truth about identifiers: everything by which a block of people can be known in files and calls."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from dujiang.simulate.brand import MINI, SITE, TMALL, XIAOHONGSHU
from dujiang.simulate.draws import Draws, Ints
from dujiang.simulate.events import COUPON, Events
from dujiang.simulate.identifiers import (
    app_device,
    cookie,
    external_id,
    household_slot,
    member_no,
    openid,
    phone,
    phone_slot,
    tablet_device,
    taobao_nick,
    unionid,
    user_id,
    xiaohongshu_id,
)
from dujiang.simulate.orders import Orders
from dujiang.simulate.people import People
from dujiang.simulate.texts import Moments
from dujiang.simulate.truth import OPENID, Identifiers, mini_users, owners
from dujiang.simulate.visits import COMMUNITY, GANG_HANDSET, HANDSET, NOBODY, STORE_TABLET, owner_kind, owner_of
from dujiang.simulate.world import World


def identifier_table(world: World, moments: Moments, people: People, orders: Orders, events: Events) -> pa.Table:
    """Every identifier of a block of people; ``shared`` ones belong to several."""
    found, draws, person = Identifiers(moments), world.draws, people.person
    _phones(found, draws, people)
    _accounts(found, world, people, orders, events)
    _devices(found, draws, events)
    contact = person[np.isfinite(people.added_at)]
    found.add("wecom_external_id", contact, external_id(draws, contact))
    return found.table()


def _phones(found: Identifiers, draws: Draws, people: People) -> None:
    row = np.arange(len(people))
    heirs = people.heir >= 0
    since = np.where(heirs, people.arrival, np.inf)
    found.add(
        "mobile", people.person, phone(draws, phone_slot(people, row, np.full(len(row), -1e6))), since, people.moved_at
    )
    moved = np.flatnonzero(np.isfinite(people.moved_at))
    new = phone_slot(people, moved, np.full(len(moved), 1e6))
    found.add("mobile", people.person[moved], phone(draws, new), people.moved_at[moved])
    house = np.flatnonzero(people.one_phone)
    found.add("mobile", people.person[house], phone(draws, household_slot(people, house)), shared=True)


def _accounts(found: Identifiers, world: World, people: People, orders: Orders, events: Events) -> None:
    draws, person = world.draws, people.person
    member = np.flatnonzero(people.member_at < world.days)
    found.add("member_no", person[member], member_no(draws, person[member]), people.member_at[member])
    for channel, type_, text in (
        (TMALL, "taobao_buyer", taobao_nick),
        (XIAOHONGSHU, "xiaohongshu_buyer", xiaohongshu_id),
    ):
        who = person[(people.home == channel) | (people.second == channel)]
        found.add(type_, who, text(draws, who))
    # The site's login is known to whoever signed in there, and stands in the member list of its buyers.
    listed = person[member][_buys_in(people, member, SITE)]
    signed = np.unique(np.concatenate([events.person[(events.login == 1) & (events.code != COUPON)], listed]))
    found.add("user_id", signed, user_id(draws, signed))
    mini = np.unique(
        np.concatenate(
            [mini_users(events), orders.person[orders.channel == MINI], person[member][_buys_in(people, member, MINI)]]
        )
    )
    found.add(OPENID, mini, openid(draws, mini))
    wechat = np.unique(np.concatenate([mini, events.person[events.source == COMMUNITY]]))
    wechat = wechat[draws.chance("unionid", 0.85, wechat)]
    found.add("wechat_unionid", wechat, unionid(draws, wechat))


def _buys_in(people: People, row: Ints, channel: int) -> np.ndarray:
    return (people.home[row] == channel) | (people.second[row] == channel)


def _devices(found: Identifiers, draws: Draws, events: Events) -> None:
    for type_, shared, kind, person, owner, turn in owners(events):
        if kind == STORE_TABLET:
            found.add(type_, person, tablet_device(draws, owner_kind(owner)[1]), shared=shared)
        elif kind in (HANDSET, GANG_HANDSET):
            found.add(type_, person, app_device(draws, owner), shared=shared)
        else:
            found.add(type_, person, cookie(draws, owner, turn), shared=shared)
    anonymous = np.unique(np.concatenate([mini_users(events), events.person[events.source == COMMUNITY]]))
    found.add("anonymous_id", anonymous, cookie(draws, owner_of(NOBODY, anonymous), anonymous * 0))
