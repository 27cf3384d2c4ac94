"""Columns of what persons did on disk: uncompressed Arrow files that are mapped into memory, not read."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa

Whole = npt.NDArray[np.int64]
Code = npt.NDArray[np.int32]

NOBODY: Final = np.empty(0, np.int64)

OTHERS: Final = {"@order": -2, "@refund": -3, "@conversation": -4, "@join": -5}
"""What stands among the events without being one, and the code in place of the code of a name.

The codes count back from the end of a list of names that is laid out as ``[*events, "@join", …, "@order", None]``, so that a
negative code finds its place in it as any other does.
"""


class Columns(NamedTuple):
    """What persons did, sorted by person and time.

    Attributes:
        person: who did it.
        at_ms: when, in milliseconds since 1970.
        event: code of the event's name; -1 where it has none, one of :data:`OTHERS` for what is no event.
        channel: code of its channel.
        page: code of its page; -1 where it has none.
        dwell_ms: how long it lasted, in milliseconds; 0 where nothing states it.
        value_minor: its value in minor units; 0 where nothing states it.
        seq: the row that it comes from: its ``seq`` in ``fact_event``, or the key of an order, a refund or a conversation.
        skip: sorted persons whose rows here no longer hold, and have to be passed over.
    """

    person: Whole
    at_ms: Whole
    event: Code
    channel: Code
    page: Code
    dwell_ms: Whole
    value_minor: Whole
    seq: Whole
    skip: Whole = NOBODY

    @classmethod
    def of(cls, columns: Mapping[str, npt.NDArray[Any]]) -> Columns:
        """The rows whose columns are in ``columns`` by name."""
        return cls(*(columns[name] for name in STORED))

    def stored(self) -> dict[str, npt.NDArray[Any]]:
        """What :meth:`of` reads."""
        return {name: getattr(self, name) for name in STORED}

    @classmethod
    def join(cls, parts: list[Columns]) -> Columns:
        """The rows of ``parts`` one after the other."""
        if not parts:
            return EMPTY
        return cls(*(np.concatenate([getattr(part, name) for part in parts]) for name in STORED))

    def take(self, rows: Any) -> Columns:
        """The rows at positions (or in a slice or mask) ``rows``."""
        return Columns(*(getattr(self, name)[rows] for name in STORED))

    def without(self, persons: Whole) -> Columns:
        """The rows of everybody but the sorted ``persons``."""
        return self.take(~among(self.person, persons)) if len(persons) else self

    def ordered(self) -> Columns:
        """The same rows sorted by person and time; rows of one moment stay in their order."""
        return self.take(np.lexsort((self.at_ms, self.person)))

    def before(self, persons: Whole, since_ms: Whole) -> Columns:
        """The rows of the sorted ``persons`` that lie before each one's ``since_ms``."""
        first = np.searchsorted(self.person, persons, "left")
        counts = np.searchsorted(self.person, persons, "right") - first
        rows = stretches(first, counts)
        return self.take(rows[self.at_ms[rows] < np.repeat(since_ms, counts)])


STORED: Final = Columns._fields[:-1]
"""The columns on disk; who is passed over lies in a file of its own."""

_NONE: Final = np.empty(0, np.int32)
EMPTY: Final = Columns(NOBODY, NOBODY, _NONE, _NONE, _NONE, NOBODY, NOBODY, NOBODY)


def stretches(first: Whole, counts: Whole) -> Whole:
    """The numbers from each of ``first`` on, as many as ``counts`` says, one stretch after the other.

    >>> stretches(np.array([3, 9]), np.array([2, 1])).tolist()
    [3, 4, 9]
    """
    return np.repeat(first - np.cumsum(counts) + counts, counts) + np.arange(counts.sum())


def among(values: Whole, persons: Whole) -> npt.NDArray[np.bool_]:
    """Which of ``values`` are in the sorted ``persons``."""
    if not len(persons):
        return np.zeros(len(values), np.bool_)
    place = np.minimum(np.searchsorted(persons, values), len(persons) - 1)
    return persons[place] == values


def write_columns(file: Path, columns: dict[str, npt.NDArray[Any]]) -> None:
    """Write ``columns`` to ``file`` and force them to disk."""
    batch = pa.record_batch({name: pa.array(values) for name, values in columns.items()})
    with file.open("wb") as stream:
        with pa.ipc.new_file(stream, batch.schema) as writer:
            writer.write_batch(batch)
        stream.flush()
        os.fsync(stream.fileno())


def map_columns(file: Path) -> dict[str, npt.NDArray[Any]]:
    """The columns in ``file``, without copying them.

    Raises:
        OSError: the file is gone or cut off (``pyarrow.ArrowInvalid`` where it is no Arrow file).
    """
    with pa.memory_map(str(file)) as source, pa.ipc.open_file(source) as reader:
        batch = reader.get_batch(0)
    return {name: batch.column(name).to_numpy(zero_copy_only=True) for name in batch.schema.names}
