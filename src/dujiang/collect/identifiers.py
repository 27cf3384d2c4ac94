"""Identifiers become tokens: the only form in which archive, engine and identity resolution know them.

What cannot name anyone (blank, junk, masked, invalid) never becomes an identifier, so that it can never join people.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable
from typing import Final, NamedTuple

from dujiang.collect.identifier_types import IdentifierTypes, IdentifierTypeSpec, base_type, presets
from dujiang.collect.normalise import TOO_LONG, VIRTUAL_MOBILE, Refusal, normalise
from dujiang.collect.person_record import RECORD
from dujiang.foundation.bounds import BOUNDS
from dujiang.store.vault import ClearValue

__all__ = ["Identifier", "IdentifierTypeSpec", "IdentifierTypes", "Tokeniser", "base_type", "presets"]

UNKNOWN_TYPE: Final = "unknown_type"
TOO_MANY: Final = "too_many"

_CACHED_MAX: Final = 20_000


class Identifier(NamedTuple):
    """Whom a fact is about: type (``name`` or ``name@scope``) and token."""

    type: str
    node: int


class Ignored(NamedTuple):
    """A value that named no one: its type (without scope), why, and by which list where it is junk by one."""

    type: str
    reason: str
    rule: str = ""


class _Kind(NamedTuple):
    """A type as it was asked for: its name with the scope, if it has one."""

    name: str
    spec: IdentifierTypeSpec
    priority: int
    junk: Callable[[str], str]


class _Known(NamedTuple):
    identifier: Identifier
    priority: int
    clear: str
    """Empty where the type's clear values are not kept."""


class Tokeniser:
    """Turns raw identifiers into tokens and remembers the clear values that belong in the vault.

    ``rejected`` counts what was no identifier, by reason: ``blank``, ``junk``, ``masked``, ``invalid``, ``landline``,
    ``too_long``, ``unknown_type`` or ``too_many``; ``ignored`` counts the same by type, reason and list of junk. One is
    made for each load; it is not shared between threads.
    """

    def __init__(self, token: Callable[[str, str], int], types: IdentifierTypes) -> None:
        """
        Args:
            token: keyed hash of type and normalised value, a signed 64-bit number.
            types: the types in force.
        """
        self.token = token
        self.types = types
        self.rejected: Counter[str] = Counter()
        self.ignored: Counter[Ignored] = Counter()
        self._kinds: dict[tuple[str, str], _Kind | None] = {}
        self._known: dict[tuple[str, str, str], _Known | Ignored] = {}
        self._clear: dict[int, ClearValue] = {}

    def identifier(self, type: str, raw: str, scope: str = "") -> Identifier | None:  # noqa: A002 - the field's own word
        """The identifier behind ``raw``; None if it names no one, counted in ``rejected``. Its clear value is not kept.

        Args:
            type: name of a type, or ``name@scope``.
            raw: the value as it was sent or exported.
            scope: app, shop or company that it is unique in; only heeded for types that have a scope.
        """
        known = self._look_up(type, raw, scope)
        return known.identifier if known else None

    def identifiers(self, given: Iterable[tuple[str, str] | tuple[str, str, str]]) -> list[Identifier]:
        """The identifiers of one fact, strongest first, each once; at most ``BOUNDS.identifiers_per_fact_max``.

        Args:
            given: type and raw value, with a scope or without.
        """
        found = [one for each in given if (one := self._look_up(*each))]
        ordered = sorted(dict.fromkeys(found), key=_rank) if len(found) > 1 else found
        kept = ordered[: BOUNDS.identifiers_per_fact_max]
        if len(ordered) > len(kept):
            self.rejected[TOO_MANY] += len(ordered) - len(kept)
            self.ignored.update(Ignored(base_type(one.identifier.type), TOO_MANY) for one in ordered[len(kept) :])
        for identifier, _priority, clear in kept:
            if clear and identifier.node not in self._clear:
                subject = kept[0].identifier.node
                self._clear[identifier.node] = ClearValue(identifier.node, identifier.type, clear, subject)
        return [one.identifier for one in kept]

    def keep_record(self, subject: int, record: str) -> None:
        """Keep what a source says of the person behind ``subject`` for the vault, once for each text.

        Args:
            subject: node of the strongest identifier that stands with it.
            record: a JSON object (:mod:`dujiang.collect.person_record`).
        """
        node = self.token(RECORD, f"{subject}:{record}")
        self._clear[node] = ClearValue(node, RECORD, record, subject)

    def take_clear(self) -> list[ClearValue]:
        """The clear values collected since the last call, for the vault; each node once."""
        taken = list(self._clear.values())
        self._clear.clear()
        return taken

    def take_ignored(self) -> Counter[Ignored]:
        """What named no one since the last call."""
        taken, self.ignored = self.ignored, Counter()
        return taken

    def protect(self, text: str) -> str:
        """``text`` with every mobile number, email address and identity-card number in it replaced by a mark.

        Equal values give equal marks. A mark holds no digits, so that protecting twice changes nothing.
        """
        return _PERSONAL.sub(self._mark, text) if _HINT.search(text) else text

    def _look_up(self, type: str, raw: str, scope: str = "") -> _Known | None:  # noqa: A002
        key = (type, raw, scope)
        known = self._known.get(key)
        if known is None:
            known = self._make(type, raw, scope)
            if len(self._known) >= _CACHED_MAX:
                self._known.clear()
            self._known[key] = known
        if isinstance(known, Ignored):
            self.rejected[known.reason] += 1
            self.ignored[known] += 1
            return None
        return known

    def _make(self, type: str, raw: str, scope: str) -> _Known | Ignored:  # noqa: A002
        kind = self._kind(type, scope)
        if kind is None:
            return Ignored("", UNKNOWN_TYPE)
        name = base_type(kind.name)
        if len(raw) > BOUNDS.identifier_chars_max:
            return Ignored(name, TOO_LONG)
        value = normalise(raw, kind.spec, kind.junk)
        if isinstance(value, str):
            return self._tokenised(kind, value)
        if isinstance(value, Refusal):
            return Ignored(name, value.reason, value.rule)
        virtual = self._kind(VIRTUAL_MOBILE, "")
        return self._tokenised(virtual, value.value) if virtual else Ignored(VIRTUAL_MOBILE, UNKNOWN_TYPE)

    def _kind(self, type: str, scope: str) -> _Kind | None:  # noqa: A002
        key = (type, scope)
        if key not in self._kinds:
            if len(self._kinds) >= _CACHED_MAX:
                self._kinds.clear()
            self._kinds[key] = self._find_kind(type, scope)
        return self._kinds[key]

    def _find_kind(self, type: str, scope: str) -> _Kind | None:  # noqa: A002
        name, _at, inner = type.partition("@")
        if name not in self.types:
            return None
        spec = self.types.get(name)
        scoped = _scope(scope or inner) if spec.scope else ""
        return _Kind(f"{name}@{scoped}" if scoped else name, spec, spec.priority, self.types.junk.of_type(name))

    def _tokenised(self, kind: _Kind, value: str) -> _Known:
        identifier = Identifier(kind.name, self.token(kind.name, value))
        return _Known(identifier, kind.priority, value if kind.spec.keep_clear else "")

    def _mark(self, found: re.Match[str]) -> str:
        kind = str(found.lastgroup)
        value = found[kind]
        if kind == "id_card" and not _is_id_card(value):
            return found[0]
        known = self._make(kind, value, "") if kind in self.types else None
        node = known.identifier.node if isinstance(known, _Known) else self.token(kind, value.upper())
        return f"‹{kind}:{f'{node % (1 << 64):016x}'.translate(_LETTERS)}›"


def _rank(known: _Known) -> int:
    return known.priority


_SCOPE_NOISE: Final = re.compile(r"[^\w.-]+")


def _scope(scope: str) -> str:
    return _SCOPE_NOISE.sub("_", scope.strip())[:64]


_LETTERS: Final = str.maketrans("0123456789", "ghijklmnop")
# Digits are [0-9] and full-width ones; \d would also take other scripts, which no sender of ours uses for numbers.
_DIGIT: Final = "[0-9０-９]"
_HINT: Final = re.compile(rf"@|{_DIGIT}{{4}}[-\s]?{_DIGIT}{{4}}")
"""In every text that :data:`_PERSONAL` finds something in, and much faster to look for."""
_PERSONAL: Final = re.compile(
    rf"""
      (?<!{_DIGIT})(?P<id_card>[1-9][0-9]{{16}}[0-9Xx])(?![0-9A-Za-z])
    | (?<!{_DIGIT})(?:(?:\+|00)?86[-\s]?)?(?P<mobile>[1１][3-9３-９]{_DIGIT}(?:[-\s]?{_DIGIT}{{4}}){{2}})(?!{_DIGIT})
    | (?P<email>[A-Za-z0-9._%+\-]{{1,64}}@(?:[A-Za-z0-9\-]{{1,63}}\.)+[A-Za-z]{{2,24}})
    """,
    re.VERBOSE,
)
_WEIGHTS: Final = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)


def _is_id_card(value: str) -> bool:
    # GB 11643: without the check an 18-digit order number would pass for a person.
    total = sum(weight * int(digit) for weight, digit in zip(_WEIGHTS, value, strict=False))
    return "10X98765432"[total % 11] == value[17].upper()
