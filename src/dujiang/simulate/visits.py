"""When people come to the brand's own places: site, mini-program, app, a store's tablet, the community."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from dujiang.simulate.brand import DOUYIN, MINI, SITE, STORE, TMALL, WECOM, XIAOHONGSHU
from dujiang.simulate.draws import Flags, Ints, Reals, spread
from dujiang.simulate.habits import USUAL
from dujiang.simulate.orders import VALID, Orders, Table
from dujiang.simulate.people import People, make_people
from dujiang.simulate.timing import hours, postponed
from dujiang.simulate.traits import lean, level
from dujiang.simulate.world import World

WEB, MINI_PROGRAM, APP, TABLET, COMMUNITY = range(5)
"""What sends tracking calls."""
SOURCES: Final = ("site_web", "mini_program", "app", "store_tablet", "community")
BROWSE, ARRIVE, BUY, TRY, CHAT = range(5)
"""Why somebody comes: to look around, for the first time, to buy, with a guide at the tablet, to talk."""

BROWSER, HOUSE_TABLET, HANDSET, GANG_HANDSET, STORE_TABLET, JUNK_ID, NOBODY = range(7)
"""What a visit is made with."""
_OWNER_SHIFT: Final = 40
NO_SHARER: Final = -1

_RATE: Final[dict[int, float]] = {WEB: 0.030, MINI_PROGRAM: 0.036, APP: 0.060, COMMUNITY: 0.050}
_CLASS_RATE: Final = (0.55, 1.3, 2.4)
_PROSPECT_RATE: Final = 0.9
_STAYS_AFTER: Final = 40.0
"""Days somebody still looks around after the last purchase, or after they came."""
_DAY: Final = 86_400
_TABLETS: Final = 2
_SHARED: Final = 0.08
_GUESSES: Final = 4
_JOINS_MORE, _TALKS_MORE = 0.35, 0.45
"""What a leaning to company does to joining a community and to how often somebody looks in."""


@dataclass(frozen=True)
class Visits(Table):
    """One entry for each visit.

    Attributes:
        person: who; ``row`` their place in the block.
        why: BROWSE …; ``nth`` counts the person's visits of that sort at that source.
        at: seconds since local midnight of the first day.
        owner: what it was made with: kind and number, see :func:`owner_of`; ``turn`` how often its cookie was lost.
        login: whether they were signed in; ``member``, ``wechat`` whether they were a member, and allowed UnionID.
        order: number of the order that it ends with; −1 for none.
        value: fen of that order; −1 for none.
        campaign: index of the campaign whose link led here; −1 for none.
        sharer: person whose share led here; −1 for nobody.
    """

    person: Ints
    row: Ints
    source: Ints
    why: Ints
    nth: Ints
    at: Ints
    owner: Ints
    turn: Ints
    login: Ints
    member: Ints
    wechat: Ints
    order: Ints
    value: Ints
    campaign: Ints
    sharer: Ints


def make_visits(world: World, people: People, orders: Orders) -> Visits:
    """Every visit of a block of people within the simulated days."""
    parts = [_browsing(world, people, orders, source) for source in _RATE]
    parts += [_arriving(people), _buying(world, people, orders), _trying(world, people, orders)]
    rows, source, why, nth, at, order = (np.concatenate(column) for column in zip(*parts, strict=True))
    inside = (at >= 0) & (at < world.days * _DAY)
    rows, source, why, nth, at, order = (one[inside] for one in (rows, source, why, nth, at, order))
    person, day = people.person[rows], at / _DAY
    owner, turn = _made_with(world, people, rows, source, at, nth)
    member = people.member_at[rows] <= day
    # Whoever is a member or has bought at the site has an account; not every visit is signed in.
    signed = member & world.draws.chance("login", 0.5, person, source, nth)
    login = (order >= 0) | (why == TRY) | signed & (source != COMMUNITY)
    return Visits(
        person=person,
        row=rows,
        source=source,
        why=why,
        nth=nth,
        at=at,
        owner=owner,
        turn=turn,
        login=login.astype(np.int64),
        member=member.astype(np.int64),
        wechat=world.draws.chance("unionid", 0.85, person).astype(np.int64),
        order=order,
        value=_values(orders, order),
        campaign=_campaigns(world, people, rows, source, why, nth),
        sharer=_sharers(world, person, source, why, nth),
    )


def _values(orders: Orders, order: Ints) -> Ints:
    """What was paid for the orders with these numbers; −1 where nothing was."""
    value = np.full(len(order), -1)
    bought = order >= 0
    found = np.searchsorted(orders.number, order[bought])
    value[bought] = np.where(orders.status[found] == VALID, orders.paid[found], -1)
    return value


_Part = tuple[Ints, Ints, Ints, Ints, Ints, Ints]


def _browsing(world: World, people: People, orders: Orders, source: int) -> _Part:
    goes = _goes(world, people, source)
    row = np.flatnonzero(goes)
    first = np.maximum(people.added_at[row] if source == COMMUNITY else people.arrival[row], 0.0)
    last = np.maximum(_last_purchase(people, orders)[row], first) + _STAYS_AFTER
    speed = level(people.traits.price[row])
    begin, end = (world.elapsed(np.minimum(one, world.days), speed) for one in (first, last))
    eager = np.where(people.buyer[row], np.array(_CLASS_RATE)[people.buys[row]], _PROSPECT_RATE)
    if source == COMMUNITY:
        eager = eager * lean("social", people.traits.social[row], _TALKS_MORE)
    mean = _RATE[source] * eager * (end - begin)
    count = world.draws.poisson(f"visits:{source}", np.minimum(mean, 250.0), people.person[row])
    of, nth = spread(count)
    person = people.person[row[of]]
    draw = world.draws.uniform("visit:when", person, source, nth)
    when = world.day_at(begin[of] + draw * (end - begin)[of], speed[of])
    day = postponed(world, "visit", people.traits, row[of], when, person, source, nth).astype(np.int64)
    kept = world.draws.chance("visit:kept", _traffic(world, people, row[of], day), person, source, nth)
    of, nth, day, person = of[kept], nth[kept], day[kept], person[kept]
    hour = hours(world, "visit:hour", people.traits, row[of], _all(USUAL, of), person, source, nth)
    at = day * _DAY + hour * 3600 + world.draws.whole("visit:second", 3600, person, source, nth)
    return row[of], _all(source, of), _all(CHAT if source == COMMUNITY else BROWSE, of), nth, at, _all(-1, of)


def _traffic(world: World, people: People, row: Ints, day: Ints) -> Reals:
    """People who came from a channel whose traffic collapsed come less while it lasts."""
    return world.collapse[people.channel[row], np.minimum(day, world.days - 1)]


def _goes(world: World, people: People, source: int) -> Flags:
    """Who visits a place of ours at all."""
    person, home, second = people.person, people.home, people.second
    if source == COMMUNITY:
        eager = np.minimum(0.5 * lean("social", people.traits.social, _JOINS_MORE), 0.95)
        return np.isfinite(people.added_at) & world.draws.chance("goes:community", eager, person)
    if source == APP:
        return people.app
    if source == MINI_PROGRAM:
        by_guide = np.isfinite(people.added_at) & world.draws.chance("goes:mini", 0.4, person)
        return (home == MINI) | (second == MINI) | np.isin(people.channel, (MINI, WECOM)) | by_guide
    readers = np.isin(people.channel, (XIAOHONGSHU, DOUYIN, TMALL)) & world.draws.chance("goes:site", 0.10, person)
    return (home == SITE) | (second == SITE) | (people.channel == SITE) | readers


def _last_purchase(people: People, orders: Orders) -> Reals:
    last = np.zeros(len(people))
    if len(people):
        np.maximum.at(last, orders.person - people.person[0], orders.at / _DAY)
    return last


def _all(value: int, like: Ints) -> Ints:
    return np.full(len(like), value, np.int64)


def _arriving(people: People) -> _Part:
    """The first visit of those who came by a place of ours, or by an advertisement for WeCom."""
    own = np.isin(people.channel, (MINI, SITE, WECOM)) & (people.arrival >= 0)
    row = np.flatnonzero(own)
    source = np.where(people.channel[row] == SITE, WEB, MINI_PROGRAM)
    at = (people.arrival[row] * _DAY).astype(np.int64)
    return row, source, _all(ARRIVE, row), _all(0, row), at, _all(-1, row)


def _buying(world: World, people: People, orders: Orders) -> _Part:
    """The visit that ends with an order in the mini-program, at the site or in the app."""
    chosen = np.flatnonzero(np.isin(orders.channel, (MINI, SITE)) & (orders.live == 0))
    number, row = orders.number[chosen], orders.person[chosen] - people.person[0]
    in_app = people.app[row] & world.draws.chance("buys:app", 0.55, number)
    source = np.where(orders.channel[chosen] == MINI, MINI_PROGRAM, np.where(in_app, APP, WEB))
    lead = 60 + world.draws.exponential("buys:lead", 240.0, number).astype(np.int64)
    return row, source, _all(BUY, row), number % 64, orders.at[chosen] - np.minimum(lead, 1500), number


def _trying(world: World, people: People, orders: Orders) -> _Part:
    """Members who use the store's tablet before they pay at the till."""
    tried = (orders.channel == STORE) & (orders.member == 1) & world.draws.chance("tries", 0.22, orders.number)
    chosen = np.flatnonzero(tried)
    row = orders.person[chosen] - people.person[0]
    at = orders.at[chosen] - 120 - world.draws.whole("tries:lead", 900, orders.number[chosen])
    return row, _all(TABLET, row), _all(TRY, row), orders.number[chosen] % 64, at, _all(-1, row)


def owner_of(kind: Ints | int, number: Ints) -> Ints:
    """What a visit is made with, as one number."""
    return (np.asarray(kind, np.int64) << _OWNER_SHIFT) + number


def owner_kind(owner: Ints) -> tuple[Ints, Ints]:
    """Kind and number of :func:`owner_of`."""
    return owner >> _OWNER_SHIFT, owner & ((1 << _OWNER_SHIFT) - 1)


def _made_with(world: World, people: People, row: Ints, source: Ints, at: Ints, nth: Ints) -> tuple[Ints, Ints]:
    draws, hazards, person = world.draws, world.hazards, people.person[row]
    junk = draws.chance("junk_id", hazards.junk_id, person, source, nth, at)
    on_tablet = people.tablet[row] & draws.chance("on_tablet", 0.6, person, nth)
    gang = people.gang[row]
    android = draws.chance("android", 0.5, person) | (gang >= 0)
    tablet = people.store[row] * _TABLETS + draws.whole("which_tablet", _TABLETS, person, nth)
    web = np.where(
        junk,
        owner_of(JUNK_ID, draws.whole("junk_id:which", 4, person, nth)),
        np.where(on_tablet, owner_of(HOUSE_TABLET, people.household[row]), owner_of(BROWSER, person)),
    )
    handset = np.where(gang >= 0, owner_of(GANG_HANDSET, np.maximum(gang, 0)), owner_of(HANDSET, person))
    owner = np.select(
        [source == WEB, source == APP, source == TABLET, (source == MINI_PROGRAM) & android],
        [web, handset, owner_of(STORE_TABLET, tablet), handset],
        owner_of(NOBODY, person * 0),
    )
    forgets = (source == WEB) & (owner_kind(owner)[0] == BROWSER)
    offset = draws.uniform("cookie:offset", person) * people.cookie_days[row]
    turn = ((at / _DAY + offset) // people.cookie_days[row]).astype(np.int64)
    return owner, np.where(forgets, turn, 0)


CAMPAIGNS: Final = (
    ("xiaohongshu", "social", "note_tea_life"),
    ("douyin", "social", "short_video"),
    ("wechat_moments", "cpc", "wecom_newcomer"),
    ("wechat_oa", "article", "spring_mountain"),
    ("baidu", "cpc", "brand_words"),
    ("sms", "sms", "member_day"),
)
_BY_CHANNEL: Final = {XIAOHONGSHU: 0, DOUYIN: 1, WECOM: 2}


def _campaigns(world: World, people: People, row: Ints, source: Ints, why: Ints, nth: Ints) -> Ints:
    person = people.person[row]
    some = world.draws.choice("campaign:which", (2, 1, 1, 3, 1.5, 1.5), person, nth, source)
    lured = world.draws.chance("campaign", 0.12, person, nth, source) & (why == BROWSE)
    first = (why == ARRIVE) & people.paid[row]
    from_channel = np.full(8, 4)
    for channel, campaign in _BY_CHANNEL.items():
        from_channel[channel] = campaign
    ours = np.isin(source, (WEB, MINI_PROGRAM))
    return np.where(ours & first, from_channel[people.channel[row]], np.where(ours & lured, some, -1))


def _sharers(world: World, person: Ints, source: Ints, why: Ints, nth: Ints) -> Ints:
    """Who sent the card that led to the mini-program: somebody else who uses it."""
    led = (source == MINI_PROGRAM) & (why == BROWSE) & world.draws.chance("shared", _SHARED, person, nth)
    who = np.full(len(person), NO_SHARER)
    for guess in range(_GUESSES):
        row = np.flatnonzero(led & (who == NO_SHARER))
        candidate = world.draws.whole("sharer", world.spec.people, person[row], nth[row], guess)
        distinct, back = np.unique(candidate, return_inverse=True)
        uses = make_people(world, distinct).home == MINI
        who[row] = np.where(uses[back] & (candidate != person[row]), candidate, NO_SHARER)
    return who
