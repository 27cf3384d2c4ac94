"""Orders of one channel and month, with what every export needs of them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Final

import numpy as np
import pyarrow as pa

from dujiang.simulate.brand import (
    CITIES,
    DOUYIN,
    MINI,
    PINDUODUO,
    PRODUCTS,
    SITE,
    STORE,
    STORES,
    TMALL,
    XIAOHONGSHU,
)
from dujiang.simulate.draws import Flags, Ints
from dujiang.simulate.identifiers import spin
from dujiang.simulate.orders import CANCELLED, UNPAID, VALID, Lines, Orders
from dujiang.simulate.texts import Moments, Text, digits, join, pc, take, where
from dujiang.simulate.world import World

_SPAN: Final = 10**10
_DAY: Final = 86_400
SHIPS_AFTER: Final = 20 * 3600
TMALL_ITEM: Final = 680_000_000_000
"""Tmall's number of the first product."""


@dataclass(frozen=True)
class Stage:
    """What all files of one month share.

    Attributes:
        first: number of its first day; ``last`` of its last, both included.
    """

    world: World
    moments: Moments
    first: int
    last: int

    @property
    def label(self) -> str:
        """The month of its first day: ``2026-11``."""
        return self.date(self.first).strftime("%Y-%m")

    @property
    def days(self) -> Ints:
        """Its day numbers."""
        return np.arange(self.first, self.last + 1)

    def date(self, day: int) -> date:
        """The calendar day."""
        return self.world.dates[day]


@dataclass(frozen=True)
class Batch:
    """Orders in order of time, and their lines; ``of`` is the order of each line."""

    stage: Stage
    orders: Orders
    lines: Lines
    of: Ints

    def only(self, mask: Flags) -> Batch:
        """The orders where ``mask`` holds, with their lines."""
        kept = np.flatnonzero(mask)
        place = np.full(len(self.orders), -1)
        place[kept] = np.arange(len(kept))
        lines = np.flatnonzero(place[self.of] >= 0)
        return Batch(self.stage, self.orders.pick(kept), self.lines.pick(lines), place[self.of[lines]])

    def __len__(self) -> int:
        return len(self.orders)

    @property
    def first_lines(self) -> Ints:
        """Of each order its first line."""
        return np.searchsorted(self.of, np.arange(len(self)))

    @cached_property
    def numbers(self) -> pa.Array:
        """Order numbers as the platform writes them."""
        return order_numbers(self.stage.world, self.stage.moments, self.orders)

    def moment(self, seconds: Ints) -> pa.Array:
        """Local moments; empty where there is none."""
        return where(seconds >= 0, self.stage.moments.local(np.maximum(seconds, 0)))

    @property
    def paid_for(self) -> Flags:
        """Which orders were paid."""
        return self.orders.status == VALID

    @property
    def shipped_at(self) -> Ints:
        """When orders were sent; −1 where they were not, or not yet."""
        at = self.orders.paid_at + SHIPS_AFTER
        return np.where(self.paid_for & (at < self.stage.world.days * _DAY), at, -1)

    def state(self, unpaid: str, closed: str, paid: str, shipped: str, done: str) -> pa.Array:
        """Every order's state in the platform's words; one that was given back in full is closed."""
        orders = self.orders
        back = orders.refund == 2
        kind = np.select(
            [
                orders.status == UNPAID,
                (orders.status == CANCELLED) | back,
                orders.finished_at >= 0,
                self.shipped_at >= 0,
            ],
            [0, 1, 4, 3],
            2,
        )
        return take((unpaid, closed, paid, shipped, done), kind)

    def city(self, part: int) -> pa.Array:
        """Province (0), city (1) or district (2) of each order."""
        return take([str(one[part]) for one in CITIES], self.orders.city)

    @property
    def address(self) -> pa.Array:
        """Where orders go: a street that does not exist."""
        house = digits(self.orders.number % 300 + 1, 1)
        return join(self.city(0), " ", self.city(1), " ", self.city(2), " 演示路 ", house, "号")

    def product(self, field: str) -> pa.Array:
        """A text of each line's product: ``name``, ``code`` or ``category``."""
        return take([getattr(one, field) for one in PRODUCTS], self.lines.product)

    def product_id(self, base: int) -> pa.Array:
        """Each line's product in the platform's own numbering."""
        return take([str(base + place * 7919) for place in range(len(PRODUCTS))], self.lines.product)

    def per_line(self, column: pa.Array) -> pa.Array:
        """A column of orders, repeated on every line."""
        return column.take(pa.array(self.of))

    @property
    def titles(self) -> pa.Array:
        """Of each order the name of its first product."""
        return self.product("name").take(pa.array(self.first_lines))


def order_numbers(world: World, moments: Moments, orders: Orders) -> pa.Array:
    """The number of each order as its platform writes it (for stores: store/day/receipt)."""
    draws, number, day = world.draws, orders.number, orders.at // _DAY
    mixed = digits(spin(draws, "order", number, _SPAN), 10)
    shape: dict[int, Text] = {
        TMALL: join("27", mixed, "5683714"),
        DOUYIN: join("6935", mixed, "41207"),
        XIAOHONGSHU: join("P7", mixed, "2300361"),
        MINI: where(orders.live == 1, join("37", mixed, "1958846"), mini_order(world, number)),
        SITE: join("E", moments.compact(orders.at), mixed),
        PINDUODUO: join(pc.utf8_slice_codeunits(moments.dates(day, ""), 2), "-", mixed, "70315"),
        STORE: join(store_names(orders.store), "/", moments.dates(day), "/", receipts(world, number)),
    }
    found: pa.Array | str = ""
    for channel, text in shape.items():
        found = where(orders.channel == channel, text, found)
    return found  # type: ignore[return-value]


def mini_order(world: World, number: Ints) -> pa.Array:
    """The mini-program's own order number."""
    return join("SJM", digits(spin(world.draws, "order", number, _SPAN), 10))


def receipts(world: World, number: Ints) -> pa.Array:
    """Receipt numbers of the tills; a return has a receipt of its own."""
    return digits(spin(world.draws, "order", number, _SPAN), 10)


def return_receipts(world: World, number: Ints) -> pa.Array:
    """Receipt numbers of goods brought back."""
    return join("T", receipts(world, number))


def store_names(store: Ints) -> pa.Array:
    """Names of stores; the first one's where there is none."""
    return take([one.name for one in STORES], np.maximum(store, 0))
