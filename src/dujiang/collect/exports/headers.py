"""Column names, compared the way people read them: brackets, spaces, case and variant characters do not matter."""

from __future__ import annotations

import fnmatch
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Final

from dujiang.collect.exports.cells import clean

_VARIANTS: Final = str.maketrans(
    {"帐": "账", "劵": "券", "（": "(", "）": ")", "：": ":", "／": "/", "－": "-", "【": "[", "】": "]"}
)
_SPACE: Final = re.compile(r"\s+")
_UNIT: Final = re.compile(r"\((元|件|%|个|次|秒|人|单)\)")


@lru_cache(maxsize=10_000)
def canonical(name: str) -> str:
    """A column name in the form that names are compared in.

    >>> canonical(" 动帐流水号 ") == canonical("动账流水号"), canonical("金额（元）"), canonical('="商品ID"')
    (True, '金额(元)', '商品id')
    """
    cleaned = clean(name)
    return _SPACE.sub("", cleaned if isinstance(cleaned, str) else "").translate(_VARIANTS).casefold()


def without_unit(name: str) -> str:
    """A canonical name without the unit in brackets behind it: ``邮费(元)`` is ``邮费``."""
    return _UNIT.sub("", name)


def distinct(header: Sequence[str]) -> list[str]:
    """Cleaned column names; a name that comes again is numbered, and empty names stay empty.

    >>> distinct(["分销员", "金额 ", "分销员", ""])
    ['分销员', '金额', '分销员#2', '']
    """
    seen: Counter[str] = Counter()
    names = []
    for raw in header:
        cleaned = clean(raw)
        name = _SPACE.sub(" ", cleaned).strip() if isinstance(cleaned, str) else ""
        seen[canonical(name)] += 1
        count = seen[canonical(name)]
        names.append(f"{name}#{count}" if name and count > 1 else name)
    return names


class Columns:
    """Where the columns of one file are, found by any name that a mapping knows them by.

    Args:
        header: the file's column names.
        aliases: other names of a column, by the name that the mapping uses.
    """

    def __init__(self, header: Sequence[str], aliases: Mapping[str, Sequence[str]] | None = None) -> None:
        self.names = distinct(header)
        self.aliases = aliases or {}
        self._exact: dict[str, int] = {}
        self._loose: dict[str, int] = {}
        for place, name in enumerate(self.names):
            if name:
                self._exact.setdefault(canonical(name), place)
                self._loose.setdefault(without_unit(canonical(name)), place)

    def place(self, name: str) -> int | None:
        """Index of the column called ``name`` (or by one of its aliases); None if the file has none.

        The exact name wins, then an alias, then the name without its unit.
        """
        names = [canonical(one) for one in (name, *self.aliases.get(name, ()))]
        exact = (self._exact[one] for one in names if one in self._exact)
        loose = (self._loose[without_unit(one)] for one in names if without_unit(one) in self._loose)
        return next(exact, next(loose, None))

    def places(self, pattern: str) -> list[int]:
        """Indexes of all columns whose name fits ``pattern``, in which ``*`` stands for anything."""
        if "*" not in pattern:
            place = self.place(pattern)
            return [] if place is None else [place]
        wanted = canonical(pattern).replace("[", "[[]")
        return [place for name, place in self._exact.items() if fnmatch.fnmatchcase(name, wanted)]

    def having(self, names: Iterable[str]) -> list[str]:
        """Those of ``names`` that the file has."""
        return [name for name in names if self.places(name)]
