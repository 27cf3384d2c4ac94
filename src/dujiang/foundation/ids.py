"""Identifiers of Dujiang's own things: a prefix that says the kind, then a UUIDv7 in base 32 that sorts by time."""

from __future__ import annotations

import hashlib
from typing import Final

import uuid_utils

_ALPHABET: Final = "0123456789abcdefghjkmnpqrstvwxyz"
_VALUE_OF: Final = {letter: value for value, letter in enumerate(_ALPHABET)}
_INT64: Final = 1 << 64


def new_id(prefix: str) -> str:
    """A new id such as ``imp_01k9…``: unique, not guessable, sorted by the time it was made.

    >>> new_id("imp").startswith("imp_")
    True
    """
    return f"{prefix}_{_base32(uuid_utils.uuid7().int, 26)}"


def person_id(person: int) -> str:
    """How a person's number (a signed 64-bit integer) is written for people.

    >>> person_id(-1), parse_person_id(person_id(-1))
    ('ufzzzzzzzzzzzz', -1)
    """
    return "u" + _base32(person % _INT64, 13)


def parse_person_id(text: str) -> int | None:
    """The person's number behind :func:`person_id`; None if ``text`` is not one."""
    if len(text) != 14 or text[0] != "u" or any(letter not in _VALUE_OF for letter in text[1:]):
        return None
    value = 0
    for letter in text[1:]:
        value = value * 32 + _VALUE_OF[letter]
    if value >= _INT64:
        return None
    return value - _INT64 if value >= _INT64 // 2 else value


def hash64(*parts: str | bytes) -> int:
    """A signed 64-bit hash of ``parts`` (BLAKE2b over length and bytes of each): for natural keys, not for secrets.

    >>> hash64("ab", "c") == hash64("a", "bc")
    False
    """
    digest = hashlib.blake2b(digest_size=8)
    for part in parts:
        data = part.encode() if isinstance(part, str) else part
        digest.update(len(data).to_bytes(4, "little"))
        digest.update(data)
    return int.from_bytes(digest.digest(), "little", signed=True)


def _base32(value: int, length: int) -> str:
    letters = []
    for _ in range(length):
        value, digit = divmod(value, 32)
        letters.append(_ALPHABET[digit])
    return "".join(reversed(letters))
