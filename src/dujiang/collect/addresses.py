"""Chinese addresses made comparable: city, district, street, number and door, from however they were written."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import Final

_NOISE: Final = re.compile(r"[\s,，。.;；、/\\()（）\[\]【】#_]+|(?<!\d)[-—]+|[-—]+(?!\d)")
_PROVINCE: Final = re.compile(
    r"^(?:中国)?(?:(北京|上海|天津|重庆)市?(?:市辖区)?|(内蒙古|广西|宁夏|新疆|西藏)[^区]{0,6}自治区|([^省市区县]{2,3})省|(?:河北|山西|辽宁|吉林|黑龙江|江苏|浙江|安徽|福建|江西|山东|河南|湖北|湖南|广东|海南|四川|贵州|云南|陕西|甘肃|青海|台湾)(?!市))?"
)
_CITY: Final = re.compile(r"^([^省市区县]{2,7}?)(?:市|自治州|地区|盟)")
_DISTRICT: Final = re.compile(r"^([^省路街号]{1,7}?)(?:新区|区|县|旗|市)")
_STREET: Final = re.compile(
    r"(?:[^路街道巷弄村]{1,8}?(?:街道|镇|乡))?([^路街道巷弄村\d]{1,10}?(?:大道|路|街|道|巷|弄|村|胡同|里))"
)
_NUMBER: Final = re.compile(r"(\d+)(?:号院|号楼|号|弄)")
_DIGITS: Final = re.compile(r"\d+")
_HAN_DIGITS: Final = str.maketrans("〇零一二三四五六七八九", "00123456789")
_HAN_NUMBER: Final = re.compile(r"[〇零一二三四五六七八九]+(?=号|弄|栋|幢|楼|单元|室)")


@dataclass(frozen=True)
class Address:
    """An address in parts; empty where it does not say.

    Attributes:
        city: without its suffix; of a municipality its name.
        district: without its suffix.
        street: with its suffix.
        number: the house number.
        door: further numbers (building, unit, room), joined.
    """

    city: str
    district: str
    street: str
    number: str
    door: str


def read_address(raw: str) -> Address | None:
    """The parts of an address; None where not even a city, district or street can be made out, or it is masked.

    >>> read_address("浙江省杭州市西湖区 演示路12号3幢502室")
    Address(city='杭州', district='西湖', street='演示路', number='12', door='3-502')
    >>> read_address("上海徐汇区演示路１２弄３号").street, read_address("浙江省****")
    ('演示路', None)
    >>> read_address("浙江 杭州市 西湖区 演示路12号3-502").door
    '3-502'
    """
    text = _NOISE.sub("", unicodedata.normalize("NFKC", raw))
    if "*" in text:
        return None
    text = _HAN_NUMBER.sub(lambda found: found[0].translate(_HAN_DIGITS), text)
    province = _PROVINCE.match(text)
    municipality = province[1] if province else None
    rest = text[province.end() :] if province else text
    city, rest = _part(_CITY, rest) if not municipality else (municipality, rest.removeprefix(f"{municipality}市"))
    district, rest = _part(_DISTRICT, rest)
    street, rest = _part(_STREET, rest)
    number, rest = _part(_NUMBER, rest)
    door = "-".join(_DIGITS.findall(rest))
    return Address(city, district, street, number, door) if city or district or street else None


def _part(pattern: re.Pattern[str], text: str) -> tuple[str, str]:
    found = pattern.match(text)
    return (found[1], text[found.end() :]) if found else ("", text)


def door_of(raw: str) -> str:
    """The one form of an address that is complete down to the door; empty where it is not.

    A street or a house has many doors: people who share no more than that share nothing.

    >>> door_of("浙江省杭州市西湖区 演示路12号3幢502室"), door_of("浙江 杭州市 西湖区演示路12号3-502")
    ('杭州西湖演示路12号3-502', '杭州西湖演示路12号3-502')
    >>> door_of("浙江省杭州市西湖区演示路12号"), door_of("浙江省****")
    ('', '')
    """
    found = read_address(raw)
    if found is None or not (found.city and found.street and found.number and found.door):
        return ""
    return f"{found.city}{found.district}{found.street}{found.number}号{found.door}"
