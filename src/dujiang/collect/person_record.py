"""What a source says of a person beyond identifiers: kept in the vault alone, and read by nothing but linkage."""

from __future__ import annotations

from typing import Final

import msgspec

RECORD: Final = "person_record"
"""Type of such a record in the vault."""


class PersonRecord(msgspec.Struct, frozen=True, omit_defaults=True):
    """As the source wrote it; empty where it says nothing."""

    name: str
    address: str = ""
    birthday: str = ""
    gender: str = ""

    def text(self) -> str:
        """The record as it is sealed.

        >>> PersonRecord("示例", gender="female").text()
        '{"name":"示例","gender":"female"}'
        """
        return msgspec.json.encode(self).decode()

    @classmethod
    def of(cls, text: str) -> PersonRecord:
        """Back from :meth:`text`."""
        return msgspec.json.decode(text, type=cls)
