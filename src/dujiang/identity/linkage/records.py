"""Records of people from the vault, in the columns that are compared. They live in memory only."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from dujiang.collect.addresses import read_address
from dujiang.collect.person_record import PersonRecord
from dujiang.identity.linkage.names import read_name
from dujiang.identity.linkage.schemas import COLUMNS
from dujiang.identity.model import Flags, Ints


@dataclass(frozen=True)
class Records:
    """Comparable records.

    Attributes:
        table: columns :data:`~dujiang.identity.linkage.schemas.COLUMNS` and ``unique_id``, the record's node as text.
        node: node of each record.
        subject: node of the identifier that each record stands with.
        single: whether all records of its subject bear one name; parcels also go to friends.
    """

    table: pa.Table
    node: Ints
    subject: Ints
    single: Flags

    def with_persons(self, persons: Sequence[int | None]) -> pa.Table:
        """The table with a column ``person``; of records whose subject bears several names it says nothing.

        Args:
            persons: whose each record is; None where nobody owns its subject.
        """
        sure = [one if single else None for one, single in zip(persons, self.single.tolist(), strict=True)]
        return self.table.append_column("person", pa.array(sure, pa.int64()))

    def __len__(self) -> int:
        return len(self.node)


def read_records(kept: Iterable[tuple[int, int, str]]) -> Records:
    """The records that can be compared: those with a full name.

    Args:
        kept: node, subject and text of each record.
    """
    columns: dict[str, list[str | None]] = {name: [] for name in ("unique_id", *COLUMNS)}
    nodes: list[int] = []
    subjects: list[int] = []
    for node, subject, text in kept:
        row = _row(PersonRecord.of(text))
        if row:
            nodes.append(node)
            subjects.append(subject)
            columns["unique_id"].append(str(node))
            for name in COLUMNS:
                columns[name].append(row[name] or None)
    table = pa.table({name: pa.array(values, pa.string()) for name, values in columns.items()})
    return Records(table, np.array(nodes, np.int64), np.array(subjects, np.int64), _single(subjects, columns["name"]))


def _single(subjects: list[int], names: list[str | None]) -> Flags:
    named: dict[int, set[str | None]] = {}
    for subject, name in zip(subjects, names, strict=True):
        named.setdefault(subject, set()).add(name)
    return np.array([len(named[subject]) == 1 for subject in subjects], np.bool_)


def _row(record: PersonRecord) -> dict[str, str] | None:
    name = read_name(record.name)
    if name is None:
        return None
    address = read_address(record.address)
    found = {"name": name.text, "sound": name.sound, "surname": name.surname}
    found |= {"birthday": record.birthday, "gender": record.gender}
    if address is None:
        return found | {"city": "", "district": "", "street": "", "house": "", "door": ""}
    house = f"{address.city}{address.street}{address.number}" if address.street and address.number else ""
    return found | {
        "city": address.city,
        "district": address.district,
        "street": address.street,
        "house": house,
        "door": address.door,
    }
