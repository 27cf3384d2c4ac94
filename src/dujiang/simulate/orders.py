"""What is in an order, what it costs, and what becomes of it."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import Final, Self

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from dujiang.simulate.brand import (
    CHANNELS,
    DOUYIN,
    LIVE_SHARE,
    MINI,
    PINDUODUO,
    PRODUCTS,
    SITE,
    STORE,
    STORES,
    XIAOHONGSHU,
)
from dujiang.simulate.draws import Flags, Ints, spread
from dujiang.simulate.identifiers import household_slot, phone_slot
from dujiang.simulate.people import People
from dujiang.simulate.purchases import PURCHASES_MAX, Purchases
from dujiang.simulate.traits import lean
from dujiang.simulate.world import World

VALID, CANCELLED, UNPAID = range(3)
STATUSES: Final = ("valid", "cancelled", "unpaid")
NO_REFUND, PARTLY, FULLY = range(3)
CLEAR, MASKED, JUNK, STAFF, NONE = range(5)
"""What an export shows of the buyer's phone."""
_LINES: Final = (0.63, 0.25, 0.09, 0.03)
_UNITS: Final = (0.79, 0.16, 0.05)
_GIVES_PHONE: Final = 0.4
"""Share of a till's guests who give their phone though they are no members."""
_FREE_FROM: Final = 9_900
_FREIGHT: Final = 800
_COUPON: Final = 1_500
_COUPONS: Final = 0.14
"""Share of orders with a coupon, but for those of bonus hunters."""
_CLAIMS, _BARGAINS = 0.8, 0.45
"""What a leaning to low prices does to the chance of a coupon and to the usual discount."""
_DAY: Final = 86_400
_OPEN_HOURS: Final = 24
"""Orders without payment stay open for a day before they are closed."""


@dataclass(frozen=True)
class Table:
    """Columns of equal length that travel as Arrow."""

    def __len__(self) -> int:
        return len(getattr(self, fields(self)[0].name))

    def arrow(self) -> pa.Table:
        """The columns by name."""
        return pa.table({one.name: getattr(self, one.name) for one in fields(self)})

    @classmethod
    def of(cls, table: pa.Table) -> Self:
        """Back from Arrow."""
        return cls(**{one.name: table[one.name].combine_chunks().to_numpy() for one in fields(cls)})

    @classmethod
    def empty(cls) -> Self:
        """No rows."""
        return cls(**{one.name: np.empty(0, np.int64) for one in fields(cls)})

    def pick(self, rows: Ints) -> Self:
        """The rows at these places (or where a mask is true), in this order."""
        return type(self)(**{one.name: getattr(self, one.name)[rows] for one in fields(self)})


@dataclass(frozen=True)
class Orders(Table):
    """One entry for each order; moments are seconds since local midnight of the first day, −1 for never.

    Attributes:
        number: unique: person × 64 + place among the person's purchases.
        live: whether it comes from a live show in WeChat.
        promoter: number of the influencer who is credited; −1 for none.
        phone: number slot of the buyer's phone, see :func:`identifiers.phone`; ``shown`` what an export shows of it.
        member: whether the buyer was a member by then; ``guided`` whether they had a guide on WeCom.
        refund: NO_REFUND, PARTLY or FULLY; ``refund_at`` when the money went back.
        gross: goods at list price; gross + freight − discount = paid.
    """

    number: Ints
    person: Ints
    at: Ints
    channel: Ints
    live: Ints
    store: Ints
    guide: Ints
    promoter: Ints
    city: Ints
    phone: Ints
    shown: Ints
    member: Ints
    guided: Ints
    status: Ints
    paid_at: Ints
    finished_at: Ints
    refund: Ints
    refund_at: Ints
    coupon: Ints
    lines: Ints
    units: Ints
    gross: Ints
    freight: Ints
    discount: Ints
    paid: Ints
    refunded: Ints

    @property
    def at_till(self) -> npt.NDArray[np.bool_]:
        """Orders of stores whose goods came back: a receipt of its own, on its own day."""
        return (self.channel == STORE) & (self.refund != NO_REFUND)

    def with_lines(self, lines: Ints) -> Orders:
        """The same orders with another number of lines."""
        return replace(self, lines=lines)


@dataclass(frozen=True)
class Lines(Table):
    """One entry for each item of an order, in order of order and place; ``at`` is the order's."""

    number: Ints
    at: Ints
    place: Ints
    product: Ints
    units: Ints
    price: Ints
    gross: Ints
    discount: Ints
    freight: Ints
    paid: Ints
    refunded: Ints


def make_orders(world: World, people: People, bought: Purchases) -> tuple[Orders, Lines]:
    """Orders and their lines for purchases of a block."""
    draws, row, channel = world.draws, bought.row, bought.channel
    person = people.person[row]
    number = person * PURCHASES_MAX + bought.nth
    count = np.where(people.gang[row] >= 0, 1, draws.choice("lines", _LINES, number) + 1)
    of, place = spread(count)
    product, units, price = _shelf(world, bought, number, of, place)
    line_gross = price * units
    gross = _sum(line_gross, of, len(bought))
    discount, coupon = _discounts(world, people, bought, number, gross)
    freight = np.where(
        np.array([one.freight for one in CHANNELS])[channel] & (gross - discount < _FREE_FROM), _FREIGHT, 0
    )
    paid = gross - discount + freight
    status, paid_at = _payment(world, people, bought, number)
    promoter = _promoters(world, channel, number)
    refund, refund_at = _refunds(world, bought, number, status, paid_at, promoter, count)
    lines = _lines(number, bought.moment, of, place, product, units, price, discount, freight, refund, refund_at >= 0)
    when = bought.moment / _DAY
    live = (channel == MINI) & draws.chance("live", LIVE_SHARE, number) & (people.gang[row] < 0)
    member = people.member_at[row] <= when
    orders = Orders(
        number=number,
        person=person,
        at=bought.moment,
        channel=channel,
        live=live.astype(np.int64),
        store=np.where(channel == STORE, people.store[row], -1),
        guide=draws.whole("guide", 3, number),
        promoter=promoter,
        city=people.city[row],
        phone=np.where(
            (channel == STORE) & people.one_phone[row], household_slot(people, row), phone_slot(people, row, when)
        ),
        shown=_shown(world, channel, member, people.store[row], number),
        member=member.astype(np.int64),
        guided=(people.added_at[row] <= when).astype(np.int64),
        status=status,
        paid_at=paid_at,
        finished_at=_finish(world, channel, number, paid_at, refund),
        refund=refund,
        refund_at=refund_at,
        coupon=coupon.astype(np.int64),
        lines=count,
        units=_sum(units, of, len(bought)),
        gross=gross,
        freight=freight,
        discount=discount,
        paid=paid,
        refunded=_sum(lines.refunded, of, len(bought)),
    )
    return orders, lines


def _sum(values: Ints, of: Ints, groups: int) -> Ints:
    total = np.zeros(groups, np.int64)
    np.add.at(total, of, values)
    return total


def _shelf(world: World, bought: Purchases, number: Ints, of: Ints, place: Ints) -> tuple[Ints, Ints, Ints]:
    """Products, units and list prices of lines."""
    day = bought.day[of]
    product = world.draws.choice_by_row("product", world.tastes, bought.channel[of], number[of], place)
    while not np.array_equal(product, settled := _distinct(_in_stock(world, product, day), of)):
        product = settled
    units = world.draws.choice("units", _UNITS, number[of], place) + 1
    return product, units, world.prices[product, day]


def _in_stock(world: World, product: Ints, day: Ints) -> Ints:
    """Whoever wants what is out of stock takes the next thing on the shelf."""
    for gone, first, last in world.stockouts:
        product = np.where((product == gone) & (day >= first) & (day <= last), gone + 1, product)
    return product


def _distinct(product: Ints, of: Ints) -> Ints:
    """Nothing is twice in one order: whatever is there already makes room for the next but one on the shelf."""
    product = product.copy()
    while len(again := np.setdiff1d(np.arange(len(of)), np.unique(of * len(PRODUCTS) + product, return_index=True)[1])):
        product[again] = (product[again] + 2) % len(PRODUCTS)
    return product


def _discounts(world: World, people: People, bought: Purchases, number: Ints, gross: Ints) -> tuple[Ints, Ints]:
    usual = np.array([one.discount for one in CHANNELS])[bought.channel]
    sensitivity = np.array([one.sensitivity for one in CHANNELS])[bought.channel]
    sale = np.clip((world.lift[bought.day] - 1) * 0.06 * sensitivity, 0.0, 0.16)
    price = people.traits.price[bought.row]
    bargain = 2 * world.draws.uniform("discount", number) * lean("price", price, _BARGAINS)
    rate = np.clip(usual * bargain + sale, 0.0, 0.35)
    hunted = people.gang[bought.row] >= 0
    eager = np.minimum(_COUPONS * lean("price", price, _CLAIMS), 0.9)
    coupon = world.draws.chance("coupon", np.where(hunted, 1.0, eager), number) & (bought.channel != STORE)
    # What a till writes is what was paid: list prices and discounts are not in its export.
    rate = np.where(bought.channel == STORE, 0.0, rate)
    off = np.rint(gross * rate).astype(np.int64) + np.where(coupon, _COUPON, 0)
    return np.minimum(off, gross * 7 // 10), coupon


def _payment(world: World, people: People, bought: Purchases, number: Ints) -> tuple[Ints, Ints]:
    rate = np.where(people.gang[bought.row] >= 0, 0.02, np.array([one.cancelled for one in CHANNELS])[bought.channel])
    never = world.draws.chance("cancelled", rate, number)
    end = world.days * _DAY
    still_open = never & (bought.moment > end - _OPEN_HOURS * 3600)
    status = np.where(still_open, UNPAID, np.where(never, CANCELLED, VALID))
    wait = np.where(bought.channel == STORE, 0, 5 + world.draws.exponential("pays", 70.0, number).astype(np.int64))
    return status, np.where(never, -1, np.minimum(bought.moment + wait, end - 1))


def _promoters(world: World, channel: Ints, number: Ints) -> Ints:
    credited = np.select([channel == DOUYIN, channel == XIAOHONGSHU], [0.55, 0.45], 0.0)
    who = (world.draws.uniform("promoter:who", number) ** 2.2 * 60).astype(np.int64)
    return np.where(world.draws.chance("promoter", credited, number), who, -1)


def _refunds(
    world: World, bought: Purchases, number: Ints, status: Ints, paid_at: Ints, promoter: Ints, count: Ints
) -> tuple[Ints, Ints]:
    draws, channel = world.draws, bought.channel
    rate = np.array([one.refunded for one in CHANNELS])[channel]
    # 小红书 states refunds only for orders that an influencer brought, and 拼多多 only those of whole orders.
    rate = np.where(channel == XIAOHONGSHU, np.where(promoter >= 0, rate / 0.45, 0.0), rate)
    given = draws.chance("refund", rate, number) & (status == VALID)
    part = draws.chance("refund:part", 0.3, number) & (count > 1) & (channel != PINDUODUO)
    delay = np.exp(np.log(4.0) + 0.8 * draws.normal("refund:delay", number)) * _DAY
    at = paid_at + 600 + delay.astype(np.int64)
    given &= at < world.days * _DAY
    return np.where(given, np.where(part, PARTLY, FULLY), NO_REFUND), np.where(given, at, -1)


def _finish(world: World, channel: Ints, number: Ints, paid_at: Ints, refund: Ints) -> Ints:
    wait = np.where(channel == STORE, 0, (6 + 6 * world.draws.uniform("finish", number)) * _DAY).astype(np.int64)
    at = paid_at + wait
    done = (paid_at >= 0) & (refund != FULLY) & (at < world.days * _DAY)
    return np.where(done, at, -1)


def _shown(world: World, channel: Ints, member: Flags, store: Ints, number: Ints) -> Ints:
    draws, hazards = world.draws, world.hazards
    guest = (channel == STORE) & ~member
    luck = draws.uniform("shown", number)
    staff = hazards.junk_phone + np.where(np.array([one.habit for one in STORES])[store], hazards.staff_card, 0.0)
    till = np.select([luck < hazards.junk_phone, luck < staff, luck < staff + _GIVES_PHONE], [JUNK, STAFF, CLEAR], NONE)
    site = np.where(draws.chance("masked", hazards.masked_phone, number), MASKED, CLEAR)
    return np.where(guest, till, np.where(channel == SITE, site, CLEAR))


def _lines(
    number: Ints, at: Ints, of: Ints, place: Ints, product: Ints, units: Ints, price: Ints,
    discount: Ints, freight: Ints, refund: Ints, refunded: npt.NDArray[np.bool_],
) -> Lines:  # fmt: skip
    gross = price * units
    share = _split(discount, gross, of)
    delivery = np.where(place == 0, freight[of], 0)
    paid = gross - share + delivery
    back = refunded[of] & ((refund[of] == FULLY) | (place == 0))
    # A part that goes back is the first item without its delivery.
    amount = np.where(refund[of] == FULLY, paid, paid - delivery)
    return Lines(
        number[of], at[of], place, product, units, price, gross, share, delivery, paid, np.where(back, amount, 0)
    )


def _split(total: Ints, weight: Ints, of: Ints) -> Ints:
    """Each order's ``total`` over its lines by ``weight``, to the fen: rounded running sums never lose one."""
    running = np.cumsum(weight)
    first = np.searchsorted(of, np.arange(len(total)))
    before = np.where(first > 0, running[first - 1], 0)
    whole = _sum(weight, of, len(total))
    done = running - before[of]
    upto = total[of] * done // np.maximum(whole[of], 1)
    previous = total[of] * (done - weight) // np.maximum(whole[of], 1)
    return upto - previous
