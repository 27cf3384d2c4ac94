"""What people are called, when they were born and where they live: invented, and written the way records are.

Households share a surname (mostly) and an address, twins a birthday as well: the hardest people to tell apart. Sources write
names with mistakes, and some people have moved since they told where they live.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import pyarrow as pa

from dujiang.simulate.brand import CITIES
from dujiang.simulate.draws import Flags, Ints
from dujiang.simulate.texts import Text, digits, join, plain, take, where
from dujiang.simulate.world import World

HOUSE: Final = 4
"""People are made four at a time; within the four the first ones may share a household."""
HOUSES: Final = (0.58, 0.25, 0.10, 0.07)
"""Weights of households of one (four singles), two, three and four."""

_SURNAMES: Final = (
    "王李张刘陈杨黄赵吴周徐孙马朱胡郭何高林罗郑梁谢宋唐许韩冯邓曹"
    "彭曾肖田董袁潘于蒋蔡余杜叶程苏魏吕丁任沈姚卢姜崔钟谭陆汪范金"
)
_WEIGHTS: Final = 1.0 / (np.arange(len(_SURNAMES)) + 4.0)
_GIVEN: Final = (
    "芳娜敏静丽艳娟霞秀英玲桂兰玉红春梅琳雪婷慧倩颖佳怡欣悦诗涵梦雅思雨晨萱子若可一安宁文心语乐然晓清",
    "伟强磊军洋勇杰涛超明刚平辉鹏华飞鑫波斌宇浩凯健俊帆旭晨文博子轩梓豪思远嘉瑞天佑一航明哲志成安国建",
)
_ALIKE: Final = {
    "静": "婧", "丽": "莉", "玲": "灵", "慧": "惠", "颖": "影", "欣": "新", "诗": "施", "涵": "含", "雅": "亚", "雨": "语",
    "晨": "辰", "萱": "宣", "文": "雯", "伟": "玮", "军": "君", "杰": "洁", "明": "铭", "辉": "晖", "飞": "菲", "宇": "羽",
    "浩": "皓", "健": "建", "俊": "骏", "旭": "绪", "博": "勃", "轩": "宣", "嘉": "佳", "瑞": "锐", "志": "智", "成": "诚",
}  # fmt: skip
"""Characters that sound the same and are typed for each other."""
_STREETS: Final = (
    "演示路", "示例街", "样本大道", "虚构巷", "假想路", "试验街", "模型路", "草稿街", "占位路", "例证街", "架空路", "影子街",
    "排练路", "彩排街", "图样路", "蓝本街", "范文路", "习题街", "沙盘路", "推演街", "标本路", "仿真街", "设想路", "如果街",
)  # fmt: skip


def households(world: World, person: Ints) -> tuple[Ints, Ints]:
    """Of each person the lowest number in their household, and how many live there."""
    first = person // HOUSE * HOUSE
    size = world.draws.choice("house", HOUSES, first) + 1
    inside = person - first < size
    return np.where(inside, first, person), np.where(inside, size, 1)


def is_twin(world: World, person: Ints) -> Flags:
    """Whether people are twins: the first two of some households."""
    house, size = households(world, person)
    return (size > 1) & (person - house < 2) & world.draws.chance("twins", world.hazards.twins, house)


def birth_key(world: World, person: Ints) -> Ints:
    """By whom the birthday and gender are drawn: the same for twins."""
    return np.where(is_twin(world, person), households(world, person)[0], person)


def birthday(world: World, person: Ints, birth_year: Ints) -> pa.Array:
    """The true birthday, as ``1990-02-28``."""
    key = birth_key(world, person)
    month = world.draws.whole("birth:month", 12, key) + 1
    day = world.draws.whole("birth:day", 28, key) + 1
    return join(plain(birth_year), "-", digits(month, 2), "-", digits(day, 2))


def gender_of(world: World, person: Ints) -> Ints:
    """0 for women, 1 for men; equal for twins."""
    return world.draws.choice("gender", (0.68, 0.32), birth_key(world, person))


def full_name(world: World, person: Ints) -> pa.Array:
    """The true name."""
    first, second = _given(world, person)
    return join(take(list(_SURNAMES), _surname(world, person)), first, second)


def written_name(world: World, source: str, person: Ints) -> pa.Array:
    """The name as it stands in the records of one source: now and then mistyped, shortened to a nickname, or a title."""
    draws, hazards, gender = world.draws, world.hazards, gender_of(world, person)
    surname = take(list(_SURNAMES), _surname(world, person))
    first, second = _given(world, person)
    wrong = draws.chance(f"{source}:typo", hazards.name_typo, person)
    alike = draws.chance(f"{source}:alike", 0.6, person)
    other = take(list(_GIVEN[0]), draws.whole(f"{source}:other", len(_GIVEN[0]), person))
    mistyped = join(surname, where(alike, _sound_alike(first), other), second)
    nick = draws.chance(f"{source}:nick", hazards.nickname, person)
    titled = draws.chance(f"{source}:title", 0.5, person)
    short = where(titled, join(surname, take(("女士", "先生"), gender)), join("小", first))
    return where(nick, short, where(wrong, mistyped, join(surname, first, second)))


def written_address(world: World, source: str, person: Ints, city: Ints, *, since_moved: bool) -> pa.Array:
    """Where people live, from the district on; with ``since_moved`` the new home of those who moved."""
    house, _size = households(world, person)
    moved = world.draws.chance("moved_home", world.hazards.moved_home, house) & since_moved
    key = house * 2 + moved
    draws = world.draws
    number, block, room = (
        draws.whole("address:number", 300, key) + 1,
        draws.whole("address:block", 24, key) + 1,
        (draws.whole("address:floor", 18, key) + 1) * 100 + draws.whole("address:room", 4, key) + 1,
    )
    short = draws.chance(f"{source}:short", 0.5, person)
    door = where(short, join(plain(block), "-", plain(room)), join(plain(block), "幢", plain(room), "室"))
    street = take(_STREETS, draws.whole("address:street", len(_STREETS), key))
    return join(take([one[2] for one in CITIES], city), street, plain(number), "号", door)


def in_full(written: Text, city: Ints) -> pa.Array:
    """An address with province and city in front."""
    return join(take([one[0] for one in CITIES], city), " ", take([one[1] for one in CITIES], city), " ", written)


def _surname(world: World, person: Ints) -> Ints:
    house, _size = households(world, person)
    shared = is_twin(world, person) | world.draws.chance("surname:shared", 0.6, person)
    return world.draws.choice("surname", _WEIGHTS, np.where(shared, house, person))


def _given(world: World, person: Ints) -> tuple[pa.Array, Text]:
    """The given name's first character, and its second where it has one; those of twins share the first."""
    draws, gender = world.draws, gender_of(world, person)
    size = len(_GIVEN[0])
    shared = np.where(is_twin(world, person), households(world, person)[0], person)
    first = _character(gender, draws.whole("given:first", size, shared))
    second = _character(gender, draws.whole("given:second", size, person))
    return first, where(draws.chance("given:two", 0.85, shared), second)


def _character(gender: Ints, index: Ints) -> pa.Array:
    return where(gender == 0, take(list(_GIVEN[0]), index), take(list(_GIVEN[1]), index % len(_GIVEN[1])))


def _sound_alike(characters: pa.Array) -> pa.Array:
    return pa.array([_ALIKE.get(one, one) for one in characters.to_pylist()], pa.string())
