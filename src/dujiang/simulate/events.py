"""What people do on a visit, event by event."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from functools import cache
from typing import Final

import numpy as np

from dujiang.simulate.brand import ARTICLES, PRODUCTS
from dujiang.simulate.clicks import HOME, clicks
from dujiang.simulate.draws import Ints, Reals, spread
from dujiang.simulate.identifiers import phone_slot
from dujiang.simulate.orders import Table
from dujiang.simulate.people import People
from dujiang.simulate.traits import LEVELS, Traits, lean, leanings, level
from dujiang.simulate.visits import APP, BUY, CHAT, TABLET, TRY, WEB, Visits
from dujiang.simulate.world import World

(VIEW, PRODUCT, ARTICLE, LEFT, LIKE, FAVOURITE, SHARE, COMMENT, CART, SEARCH, COUPON, CHECKOUT, PAID, IDENTIFY, MESSAGE,
 POST, CLICK, FORM_STEP, FORM_SENT) = range(19)  # fmt: skip
NAMES: Final = (
    "page_viewed",
    "product_viewed",
    "article_viewed",
    "page_left",
    "like",
    "favourite",
    "share",
    "comment",
    "add_to_cart",
    "search",
    "coupon_claimed",
    "checkout_started",
    "order_paid",
    "identify",
    "community_message",
    "ugc_posted",
    "element_clicked",
    "form_step",
    "form_submitted",
)
ABOUT_ARTICLE: Final = len(PRODUCTS)
"""Leaving says what was left: a product, an article (from here on) or a page."""
ABOUT_PAGE: Final = ABOUT_ARTICLE + len(ARTICLES)  # fmt: skip
_BROWSING: Final = (0.24, 0.32, 0.11, 0.13, 0.024, 0.024, 0.014, 0.005, 0.06, 0.033, 0.016)
"""Weights of VIEW to COUPON after the first page, of somebody who leans neither to content nor to company."""
_CONTENT_PULL: Final = {ARTICLE: 0.9, LEFT: 0.25, LIKE: 0.5, FAVOURITE: 0.7}
"""What a leaning to content does to the weights, as exponents."""
_SOCIAL_PULL: Final = {LIKE: 0.5, SHARE: 1.1, COMMENT: 1.1}
"""What a leaning to company does to them."""
_LONGER: Final = 0.2
_LINGERS: Final = 0.45
"""What a leaning to content does to the length of a visit and to the time spent on each thing."""
_CHATTING: Final = (0, 0, 0, 0, 0.30, 0, 0.07, 0.16, 0, 0, 0, 0, 0, 0, 0.40, 0.07)
_BUYING: Final = (VIEW, PRODUCT, PRODUCT, CART, CHECKOUT, PAID)
_BOUNCES: Final = 0.36
_MORE: Final = 3.6
_IDENTIFIES: Final = 0.3
_FRESH: Final = 2.2
"""Mean number of newer articles than the one that is read."""
_GAP_MS: Final = 17_000.0
_LONGEST_MS: Final = 900_000


@dataclass(frozen=True)
class Events(Table):
    """One entry for each event; ``visit`` columns repeat those of its visit.

    Attributes:
        at_ms: milliseconds since local midnight of the first day.
        code: what happened, an index into :data:`NAMES`; ``place`` its place in the visit.
        item: index of the product or article, or of the page; −1 for none.
        dwell: visible milliseconds; −1 where the event states none. ``scroll`` is percent, likewise.
        phone: number slot of the person's phone at that time.
    """

    at_ms: Ints
    person: Ints
    source: Ints
    why: Ints
    nth: Ints
    place: Ints
    code: Ints
    item: Ints
    dwell: Ints
    scroll: Ints
    owner: Ints
    turn: Ints
    login: Ints
    member: Ints
    wechat: Ints
    order: Ints
    value: Ints
    campaign: Ints
    sharer: Ints
    phone: Ints


def make_events(world: World, people: People, visits: Visits) -> Events:
    """All events of the visits of a block, but for those that the silent app never sent."""
    draws = world.draws
    says = (visits.login == 1) & (
        np.isin(visits.why, (BUY, TRY))
        | draws.chance("identify", _IDENTIFIES, visits.person, visits.source, visits.nth)
    )
    count = _lengths(world, people.traits, visits) + says
    of, place = spread(count)
    key = (visits.person[of], visits.source[of], visits.why[of], visits.nth[of], place)
    code = _codes(world, people.traits, visits, of, place, says, key)
    at_ms, dwell = _times(world, people.traits, visits, of, place, count, key)
    looks = np.isin(code, (PRODUCT, CART, FAVOURITE))
    item = np.select(
        [looks, np.isin(code, (ARTICLE, LIKE, COMMENT, SHARE)), code == VIEW],
        [
            _product(world, key),
            _article(world, visits.at[of], key),
            draws.choice("page", (4, 3, 2, 1.2, 0.8), *key),
        ],
        -1,
    )
    left = code == LEFT
    item = np.where(left, _left(code, item, place), item)
    paid = code == PAID
    events = Events(
        at_ms=at_ms,
        person=key[0],
        source=key[1],
        why=key[2],
        nth=key[3],
        place=place,
        code=code,
        item=item,
        dwell=np.where(left, dwell, -1),
        scroll=np.where(left, np.rint(100 * draws.uniform("scroll", *key) ** 0.6).astype(np.int64), -1),
        owner=visits.owner[of],
        turn=visits.turn[of],
        login=visits.login[of],
        member=visits.member[of],
        wechat=visits.wechat[of],
        order=np.where(paid, visits.order[of], -1),
        value=np.where(paid, visits.value[of], -1),
        campaign=visits.campaign[of],
        sharer=np.where(place == 0, visits.sharer[of], -1),
        phone=phone_slot(people, visits.row[of], visits.at[of] / 86_400),
    )
    events = _with_clicks(world, events, count[of])
    silent = (events.source == APP) & (events.at_ms >= world.gap[0] * 1000) & (events.at_ms < world.gap[1] * 1000)
    return events.pick(np.flatnonzero(~silent & (events.at_ms < world.days * 86_400_000)))


def _article(world: World, at: Ints, key: tuple[Ints, ...]) -> Ints:
    """Articles come out one after another over the time; the newer one is, the more it is read."""
    out = 3 + (len(ARTICLES) - 3) * at // (world.days * 86_400)
    age = world.draws.exponential("article", _FRESH, *key).astype(np.int64)
    return np.clip(out, 1, len(ARTICLES)) - 1 - age % np.clip(out, 1, len(ARTICLES))


def _left(code: Ints, item: Ints, place: Ints) -> Ints:
    """What was left: what the event before in the visit was about."""
    before = np.maximum(np.arange(len(code)) - 1, 0)
    was, about = code[before], item[before]
    found = np.select(
        [np.isin(was, (PRODUCT, CART, FAVOURITE)), np.isin(was, (ARTICLE, LIKE, COMMENT, SHARE)), was == VIEW],
        [about, ABOUT_ARTICLE + about, ABOUT_PAGE + about],
        -1,
    )
    return np.where((place > 0) & (about >= 0), found, -1)


def _with_clicks(world: World, events: Events, count: Ints) -> Events:
    """The events with clicks on the site's home page, of visits that go on."""
    home = np.flatnonzero((events.source == WEB) & (events.code == VIEW) & (events.item == HOME) & (count > 1))
    at = events.pick(home)
    row, at_ms, place, target = clicks(world, home, at.at_ms, (at.person, at.source, at.why, at.nth, at.place))
    none = np.full(len(row), -1)
    made = replace(
        events.pick(row), at_ms=at_ms, place=place, code=np.full(len(row), CLICK), item=target, dwell=none, scroll=none,
        order=none, value=none, sharer=none,
    )  # fmt: skip
    both = {one.name: np.concatenate([getattr(events, one.name), getattr(made, one.name)]) for one in fields(Events)}
    return Events(**both)


def _lengths(world: World, traits: Traits, visits: Visits) -> Ints:
    key = (visits.person, visits.source, visits.why, visits.nth)
    bounced = world.draws.chance("bounce", _BOUNCES, *key)
    more = _MORE * lean("content", traits.content[visits.row], _LONGER)
    browsing = np.where(bounced, 1, 3 + world.draws.exponential("length", more, *key).astype(np.int64))
    chatting = 1 + world.draws.exponential("length:chat", 1.1, *key).astype(np.int64)
    return np.select(
        [visits.why == BUY, visits.why == CHAT, visits.source == TABLET],
        [len(_BUYING), chatting, 3],
        np.minimum(browsing, 40),
    )


@cache
def _browsing() -> Reals:
    """Weights of VIEW to COUPON, a row for each pair of steps of leaning to content and to company."""
    content, social = (one.ravel() for one in np.meshgrid(leanings(), leanings(), indexing="ij"))
    table = np.tile(np.array(_BROWSING), (LEVELS * LEVELS, 1))
    for pull, leaning in ((_CONTENT_PULL, content), (_SOCIAL_PULL, social)):
        for code, strength in pull.items():
            table[:, code] *= np.exp(strength * leaning)
    return table


def _codes(
    world: World, traits: Traits, visits: Visits, of: Ints, place: Ints, says: np.ndarray, key: tuple[Ints, ...]
) -> Ints:
    """Who is signed in is said first; then the first page, and what follows from why they came."""
    step = place - says[of]
    why = visits.why[of]
    leaning = (level(traits.content) * LEVELS + level(traits.social))[visits.row[of]]
    browsing = np.where(step == 0, VIEW, world.draws.choice_by_row("code", _browsing(), leaning, *key))
    chatting = world.draws.choice("code:chat", _CHATTING, *key)
    buying = np.array(_BUYING)[np.clip(step, 0, len(_BUYING) - 1)]
    # A payment that never came is a checkout that was left.
    unpaid = (buying == PAID) & (visits.value[of] < 0)
    code = np.select([why == BUY, why == CHAT], [np.where(unpaid, LEFT, buying), chatting], browsing)
    return np.where(step < 0, IDENTIFY, code)


def _times(
    world: World, traits: Traits, visits: Visits, of: Ints, place: Ints, count: Ints, key: tuple[Ints, ...]
) -> tuple[Ints, Ints]:
    """Moments of events, and the time spent since the one before."""
    usual = _GAP_MS * lean("content", traits.content, _LINGERS)[visits.row[of]]
    gap = np.where(place == 0, 0, usual * np.exp(0.9 * world.draws.normal("gap", *key)))
    gap = np.minimum(gap, _LONGEST_MS).astype(np.int64)
    start = visits.at[of] * 1000 + world.draws.whole("milli", 1000, *key[:4])
    running = np.cumsum(gap)
    first = np.cumsum(count) - count
    since = (
        running - np.repeat(running[np.minimum(first, max(len(running) - 1, 0))], count) if len(running) else running
    )
    return start + since, gap


def _product(world: World, key: tuple[Ints, ...]) -> Ints:
    return world.draws.choice("look", [one.weight for one in PRODUCTS], *key)
