"""Name, address, birthday and gender of a row, on their way into the vault; of the address a token stays behind."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date
from typing import Final

from dujiang.collect.addresses import door_of
from dujiang.collect.exports import cells
from dujiang.collect.exports.batch import Batch
from dujiang.collect.exports.cells import Memo
from dujiang.collect.exports.mapping import FieldRule, RecordRule
from dujiang.collect.exports.rules import RuleCompiler
from dujiang.collect.identifiers import Tokeniser
from dujiang.collect.person_record import PersonRecord
from dujiang.foundation.bounds import BOUNDS

_CHARS_MAX: Final = 200
_MASK: Final = "*"
_DAY: Final = re.compile(r"((?:19|20)\d\d)[-/.年]?(\d{1,2})[-/.月]?(\d{1,2})(?!\d)")


ADDRESS: Final = "address"
"""Type of the identifier that an address becomes."""

Named = tuple[tuple[str, int], ...]
"""Type and node of each identifier of a row."""


class RecordKeeper:
    """Keeps what each row says of its person; masked values say nothing."""

    def __init__(self, rule: RecordRule, compiler: RuleCompiler, tokeniser: Tokeniser) -> None:
        self._tokeniser = tokeniser
        self._name = _places(rule.name, compiler)
        self._address = _places(rule.address, compiler)
        self._birthday = _places(rule.birthday, compiler)
        self._gender = compiler.values(FieldRule(first=rule.gender), "gender") if rule.gender else None
        self._plain, self._day, self._door = Memo(_plain), Memo(_birthday), Memo(door_of)

    def keep(self, batch: Batch, identifiers: Sequence[Named]) -> list[Named]:
        """Keep the records of ``batch``; a row that names nobody, or has no name, has none.

        Returns:
            The identifiers of each row, with the address behind them where somebody is named and it goes down to the door.
        """
        addresses = _joined(batch, self._address, self._plain)
        self._keep(batch, identifiers, addresses)
        return [self._with_address(known, text) for known, text in zip(identifiers, addresses, strict=True)]

    def _with_address(self, known: Named, text: str) -> Named:
        if not known or not text or not self._door[text] or len(known) >= BOUNDS.identifiers_per_fact_max:
            return known
        found = self._tokeniser.identifier(ADDRESS, text) if ADDRESS in self._tokeniser.types else None
        return known if found is None else (*known, (found.type, found.node))

    def _keep(self, batch: Batch, identifiers: Sequence[Named], addresses: Sequence[str]) -> None:
        names = _first(batch, self._name, self._plain)
        if not any(names):
            return
        birthdays = _first(batch, self._birthday, self._day)
        genders = self._gender(batch) if self._gender else [None] * len(batch)
        for known, name, *told in zip(identifiers, names, addresses, birthdays, genders, strict=True):
            if known and name:
                record = PersonRecord(name, *(value or "" for value in told))
                self._tokeniser.keep_record(known[0][1], record.text())


def _places(names: Sequence[str], compiler: RuleCompiler) -> list[int]:
    return [place for name in names if (place := compiler.place(name)) is not None]


def _columns(batch: Batch, places: Sequence[int], memo: Memo) -> list[list[str]]:
    return [[memo[text] for text in batch.columns[place]] for place in places]


def _first(batch: Batch, places: Sequence[int], memo: Memo) -> list[str]:
    columns = _columns(batch, places, memo)
    return [next(filter(None, row), "") for row in zip(*columns, strict=True)] if columns else [""] * len(batch)


def _joined(batch: Batch, places: Sequence[int], memo: Memo) -> list[str]:
    columns = _columns(batch, places, memo)
    return [_together(row) for row in zip(*columns, strict=True)] if columns else [""] * len(batch)


def _together(parts: Sequence[str]) -> str:
    """Parts from the largest to the smallest; one that the whole address names again is left out."""
    last = parts[-1]
    return "".join(part for part in parts[:-1] if not last.startswith(part)) + last


def _plain(text: str) -> str:
    cleaned = cells.text_of(text)
    return cleaned if isinstance(cleaned, str) and _MASK not in cleaned and len(cleaned) <= _CHARS_MAX else ""


def _birthday(text: str) -> str:
    """A day of birth as ``1990-02-28``; empty where it is none, or has no year.

    >>> _birthday("1990/2/28 00:00"), _birthday("19900228"), _birthday("1990年2月28日"), _birthday("02-28")
    ('1990-02-28', '1990-02-28', '1990-02-28', '')
    """
    found = _DAY.match(_plain(text))
    try:
        return date(*map(int, found.groups())).isoformat() if found else ""
    except ValueError:
        return ""
