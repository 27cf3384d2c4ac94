"""The numbers and ids by which the channels know people, made from the person's number alone.

Phone numbers lie in prefixes that no carrier has been given, and names say that they are invented: they are nobody's.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from dujiang.simulate.draws import Bits, Draws, Ints, Reals
from dujiang.simulate.people import People
from dujiang.simulate.texts import HEX, digits, join, letters, pc, take, uuid

_PREFIXES: Final = ("142", "143", "154", "160", "161", "163", "164", "168", "169", "179")
_PHONES: Final = len(_PREFIXES) * 10**8
_STEP: Final = 387_420_489
"""A power of three: it shares no factor with powers of ten, so that stepping by it meets every number once."""
_SLOTS: Final = 4
_HOUSEHOLD_SLOT: Final = 2
JUNK_PHONES: Final = ("13800138000", "00000000000", "11111111111", "13888888888", "12345678901")
JUNK_IDS: Final = ("null", "anonymous", "undefined", "00000000-0000-0000-0000-000000000000")


def phone_slot(people: People, row: Ints, day: Reals) -> Ints:
    """Which number (see :func:`phone`) people have on a day; ``row`` are their places in the block."""
    own = people.person[row] * _SLOTS + (day >= people.moved_at[row])
    heir = people.heir[row]
    return np.where(heir >= 0, heir * _SLOTS, own)


def household_slot(people: People, row: Ints) -> Ints:
    """The one number that a household gives at the till."""
    return people.household[row] * _SLOTS + _HOUSEHOLD_SLOT


def spin(draws: Draws, name: str, numbers: Ints, span: int) -> Ints:
    """``numbers`` (below ``span``, a multiple of ten but not of three) mixed up: no two become one."""
    shift = int(draws.bits(f"spin:{name}") % np.uint64(span))
    return (numbers % span * (_STEP % span) % span + shift) % span


def phone(draws: Draws, slot: Ints) -> pa.Array:
    """Eleven digits; every slot has another number."""
    number = spin(draws, "phone", slot, _PHONES)
    return join(take(_PREFIXES, number // 10**8), digits(number % 10**8, 8))


def masked(clear: pa.Array) -> pa.Array:
    """``160******05``, as some exports show a phone."""
    return join(pc.utf8_slice_codeunits(clear, 0, 3), "******", pc.utf8_slice_codeunits(clear, 9, 11))


def member_no(draws: Draws, person: Ints) -> pa.Array:
    """The number on the member card."""
    return join("SJ1", digits(spin(draws, "member", person, 10**8), 8))


def user_id(draws: Draws, person: Ints) -> pa.Array:
    """Login id of the brand's own site and app."""
    return join("u", digits(spin(draws, "user", person, 10**9), 9))


def taobao_nick(draws: Draws, person: Ints) -> pa.Array:
    """Taobao's own kind of nickname."""
    return join("tb", digits(spin(draws, "taobao", person, 10**9), 9))


def xiaohongshu_id(draws: Draws, person: Ints) -> pa.Array:
    """The buyer's number at Xiaohongshu: 24 hexadecimal digits."""
    return letters(_code(draws, "xiaohongshu", person), 24, HEX)


def unionid(draws: Draws, person: Ints) -> pa.Array:
    """WeChat's id of the person for all of the brand's apps."""
    return join("oSJu", letters(_code(draws, "unionid", person), 24))


def openid(draws: Draws, person: Ints) -> pa.Array:
    """WeChat's id of the person in the mini-program."""
    return join("oMp5", letters(_code(draws, "openid", person), 24))


def external_id(draws: Draws, person: Ints) -> pa.Array:
    """WeCom's id of the contact."""
    return join("wmSJ", letters(_code(draws, "wecom", person), 28))


def cookie(draws: Draws, owner: Ints, turn: Ints) -> pa.Array:
    """A browser's anonymous id; ``owner`` is the browser, ``turn`` counts how often it forgot."""
    return uuid(_code(draws, "cookie", owner, turn))


def app_device(draws: Draws, owner: Ints) -> pa.Array:
    """An Android id."""
    return letters(_code(draws, "device", owner), 16, HEX)


def tablet_device(draws: Draws, tablet: Ints) -> pa.Array:
    """The device id of a store's tablet."""
    return uuid(_code(draws, "tablet", tablet))


def _code(draws: Draws, name: str, keys: npt.ArrayLike, more: npt.ArrayLike = 0) -> Bits:
    return draws.bits(f"id:{name}", keys, more)
