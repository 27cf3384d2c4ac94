"""Field rules made into functions over columns, once for each file."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Final
from zoneinfo import ZoneInfo

from dujiang.collect.exports import cells
from dujiang.collect.exports.batch import Batch
from dujiang.collect.exports.cells import Bad, Memo
from dujiang.collect.exports.headers import Columns
from dujiang.collect.exports.left_out import forbidden
from dujiang.collect.exports.mapping import DAY, Condition, FieldRule, Reading
from dujiang.collect.exports.occurrences import Occurrences
from dujiang.collect.exports.readings import Readers

Values = Callable[[Batch], list[Any]]
"""Gives one value for each row of a batch."""


@dataclass(frozen=True)
class Given:
    """What is said at import, for all rows.

    Attributes:
        shop: shop of the orders; part of their key where given.
        account: advertising account; by default the shop.
        day: day of a table that states none.
        app: app, company or shop in which platform ids are unique.
        tag: tag of a list of people that names none.
    """

    shop: str = ""
    account: str = ""
    day: date | None = None
    app: str = ""
    tag: str = ""

    def value(self, name: str) -> str:
        """``shop``, ``account``, ``day`` or ``tag`` as text; empty where nothing was said."""
        day = self.day.isoformat() if self.day else ""
        return {"shop": self.shop, "account": self.account or self.shop, "day": day, "tag": self.tag}[name]


class RuleCompiler:
    """Makes rules into functions for one file."""

    def __init__(self, columns: Columns, given: Given, zone: ZoneInfo, protect: Callable[[str], str]) -> None:
        self.columns, self.given, self.readers = columns, given, Readers(zone, protect)

    def place(self, name: str) -> int | None:
        """Where the column is; None too for a column that may not be used."""
        place = self.columns.place(name)
        return None if place is None or forbidden(self.columns.names[place]) else place

    def first_place(self, rule: FieldRule) -> int | None:
        """A column of the rule to point at when its value is missing."""
        places = (self.place(name) for name in rule.columns())
        return next((place for place in places if place is not None), None)

    def values(self, rule: FieldRule, reading: Reading) -> Values | None:
        """The function of ``rule``; None where the file has none of its columns and nothing is given."""
        base = self._base(rule, reading)
        given = self._given(rule, reading)
        if base is None or rule.constant:
            return self._when(rule, base or given)
        return self._when(rule, _either(base, given) if given else base)

    def condition(self, condition: Condition) -> Values | None:
        """Whether each row fulfils ``condition``; None where the file lacks the column."""
        place = self.place(condition.column)
        if place is None:
            return None
        if condition.sign:
            memo, negative = self.readers.memo("yuan"), condition.sign == "negative"
            return lambda batch: [((value or 0) < 0) is negative for value in batch.read(place, memo)]
        memo = Memo(lambda text: _fulfils(condition, text))
        return lambda batch: memo.column(batch.columns[place])

    def _base(self, rule: FieldRule, reading: Reading) -> Values | None:
        if rule.constant:
            text = "/".join(filter(None, (rule.constant, self.given.value(rule.given) if rule.given else "")))
            return _same(self.readers.memo(reading)[text])
        if rule.plus or rule.minus:
            return self._sum(rule, reading)
        if rule.times:
            return self._product(rule.times)
        if rule.join or rule.line:
            joined = self._joined(rule)
            return _split_tags(joined) if joined and reading == "tags" else joined
        if reading == "tags":
            return self._tags(rule)
        return self._first(rule, reading)

    def _given(self, rule: FieldRule, reading: Reading) -> Values | None:
        text = self.given.value(rule.given) if rule.given else ""
        return _same(self.readers.memo(reading)[text]) if text else None

    def _when(self, rule: FieldRule, base: Values | None) -> Values | None:
        if base is None or rule.when is None:
            return base
        holds = self.condition(rule.when)
        if holds is None:
            return None
        return lambda batch: [value if here else None for value, here in zip(base(batch), holds(batch), strict=True)]

    def _first(self, rule: FieldRule, reading: Reading) -> Values | None:
        places = list(dict.fromkeys(place for name in rule.first if (place := self.place(name)) is not None))
        found: Values | None = None
        for place in places:
            one = _reader(place, self.readers.memo(reading, rule))
            found = _either(found, one) if found else one
        return found

    def _sum(self, rule: FieldRule, reading: Reading) -> Values | None:
        terms = [(name, 1) for name in rule.plus] + [(name, -1) for name in rule.minus]
        parts = [(place, sign) for name, sign in terms if (place := self.place(name)) is not None]
        memos = [self.readers.memo(reading) for _ in parts]

        def total(batch: Batch) -> list[Any]:
            columns = [batch.read(place, memo) for (place, _), memo in zip(parts, memos, strict=True)]
            signs = [sign for _, sign in parts]
            return [_signed_sum(row, signs) for row in zip(*columns, strict=True)]

        return total if parts else None

    def _product(self, names: Sequence[str]) -> Values | None:
        places = [place for name in names if (place := self.place(name)) is not None]
        if len(places) < len(names):
            return None
        memos = [self.readers.memo("yuan"), *(Memo(_factor) for _ in places[1:])]

        def product(batch: Batch) -> list[Any]:
            columns = [batch.read(place, memo) for place, memo in zip(places, memos, strict=True)]
            return [_product_of(row) for row in zip(*columns, strict=True)]

        return product

    def _joined(self, rule: FieldRule) -> Values | None:
        parts = [(part.removesuffix(DAY), part.endswith(DAY)) for part in rule.join or rule.line]
        found = [(place, is_day) for name, is_day in parts if (place := self.place(name)) is not None]
        if not found:
            return None
        memos = [Memo(_day_part if is_day else _part_reader(rule.separator)) for _, is_day in found]
        seen = Occurrences() if rule.line else None

        def joined(batch: Batch) -> list[Any]:
            columns = [batch.read(place, memo) for (place, _), memo in zip(found, memos, strict=True)]
            texts = [rule.separator.join(filter(None, row)) or None for row in zip(*columns, strict=True)]
            return texts if seen is None else _numbered(texts, seen)

        return joined

    def _tags(self, rule: FieldRule) -> Values | None:
        places = [(place, "*" in name) for name in rule.first for place in self.columns.places(name)]
        memos = [Memo(_tag_reader(self.columns.names[place] if named else "")) for place, named in places]

        def tags(batch: Batch) -> list[Any]:
            columns = [batch.read(place, memo) for (place, _), memo in zip(places, memos, strict=True)]
            return [tuple(dict.fromkeys(tag for part in row for tag in part)) for row in zip(*columns, strict=True)]

        return tags if places else None


def _reader(place: int, memo: Memo) -> Values:
    return lambda batch: batch.read(place, memo)


def _same(value: Any) -> Values:
    return lambda batch: [value] * len(batch)


def _either(one: Values, other: Values) -> Values:
    def either(batch: Batch) -> list[Any]:
        values = one(batch)
        if None not in values:
            return values
        return [second if first is None else first for first, second in zip(values, other(batch), strict=True)]

    return either


def _fulfils(condition: Condition, text: str) -> bool:
    cleaned = cells.text_of(text)
    word = cleaned if isinstance(cleaned, str) else ""
    if condition.filled is not None:
        return bool(word) is condition.filled
    return word in condition.is_ or any(part in word for part in condition.contains)


def _signed_sum(row: Sequence[Any], signs: Sequence[int]) -> Any:
    if all(value is None for value in row):
        return None
    return sum(sign * value for sign, value in zip(signs, row, strict=True) if value is not None)


def _factor(text: str) -> int | Decimal | Bad | None:
    number = cells.number_of(text)
    return int(number) if isinstance(number, Decimal) and number == number.to_integral_value() else number


def _product_of(row: Sequence[Any]) -> int | None:
    total: Any = 1
    for value in row:
        if value is None:
            return None
        total *= value
    return total if isinstance(total, int) else cells.to_whole(total)


_NO_PART: Final = frozenset({"汇总", "合计", "总计"})


def _part_reader(separator: str) -> Callable[[str], Any]:
    def read(text: str) -> Any:
        part = cells.id_of(text)
        if not isinstance(part, str):
            return part
        return None if part in _NO_PART else part.replace(separator, "／" if separator == "/" else " ")

    return read


def _day_part(text: str) -> Any:
    day = cells.day_of_cell(text)
    return day.isoformat() if isinstance(day, date) else day


def _numbered(texts: Sequence[str | None], seen: Occurrences) -> list[str | None]:
    numbers = seen.number(texts)
    return [
        text if text is None or number == 1 else f"{text}#{number}" for text, number in zip(texts, numbers, strict=True)
    ]


def _split_tags(joined: Values) -> Values:
    return lambda batch: [cells.tags_of(text or "") for text in joined(batch)]


_GROUP_NAME: Final = re.compile(r"[(（](.+)[)）]\s*$")


def _tag_reader(header: str) -> Callable[[str], Any]:
    """Tags of a column of its own carry the group's name: ``会员等级/金卡``."""
    found = _GROUP_NAME.search(header)
    group = (found[1] if found else header).replace("/", "／")
    if not header:
        return cells.tags_of
    return lambda text: tuple(f"{group}/{tag}" for tag in cells.tags_of(text))
