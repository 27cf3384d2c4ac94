"""Hash chains: each row's hash covers the hash before it, so that a changed, missing or moved row is found.

Pure. A hash is SHA-256 over the previous hash and the fields, each with its kind and length before it, so that no two
different rows read the same.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import Final

Field = str | bytes | int | None

START: Final = bytes(32)
"""The hash before the first row."""


def link(previous: bytes, fields: Iterable[Field]) -> bytes:
    """The hash of a row that follows the row whose hash is ``previous``.

    >>> link(START, ["ab", "c"]) == link(START, ["a", "bc"])
    False
    >>> link(START, [1]) == link(START, ["1"]) or link(START, [None]) == link(START, [""])
    False
    """
    parts = [previous]
    for field in fields:
        kind, data = _encoded(field)
        parts += (kind, len(data).to_bytes(8, "big"), data)
    return hashlib.sha256(b"".join(parts)).digest()


def _encoded(field: Field) -> tuple[bytes, bytes]:
    if isinstance(field, str):
        return b"s", field.encode()
    if isinstance(field, bytes):
        return b"b", field
    return (b"n", b"") if field is None else (b"i", b"%d" % field)
