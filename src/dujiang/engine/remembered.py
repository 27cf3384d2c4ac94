"""What columns of the engine say of the rows of timelines, remembered between questions.

A column is asked of the engine once for each of its states: it is written beside the timelines, as small whole numbers by row,
and mapped from there by whoever asks for it next. A file says what it was asked as, so that the next state can be asked the
same before anybody waits (:mod:`dujiang.engine.renewing`). Everything here can be deleted at any moment.
"""

from __future__ import annotations

import hashlib
import json
import os
import secrets
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from dujiang.engine.columns import Code, Columns

BYTES_MAX: Final = 1 << 30
"""What is remembered at most, on disk; what has not been asked for the longest goes first."""

_FILES: Final = "*.arrow"
_STATE, _ASKED = b"state", b"asked"


@dataclass(frozen=True)
class Asked:
    """What a column is asked as.

    Attributes:
        table: of the engine.
        text: an expression over it, with gaps.
        values: what fills them, text and numbers, by name of the gap.
    """

    table: str
    text: str
    values: Mapping[str, Any] = field(default_factory=dict)

    def written(self) -> str:
        """As text that is the same for the same column."""
        return json.dumps([self.table, self.text, dict(sorted(self.values.items()))])


@dataclass(frozen=True, eq=False)
class Said:
    """What a column says of each row.

    Attributes:
        parts: by part of a view and row the code of what it says, as small whole numbers as do; -1 where it says nothing.
        words: what codes stand for, sorted.
    """

    parts: list[npt.NDArray[Any]]
    words: pa.Array


class Remembered:
    """Columns in a folder. Any number of threads and processes read and write.

    Args:
        folder: for these files alone; made with the first of them.
        bytes_max: what they take at most.
    """

    def __init__(self, folder: Path, bytes_max: int = BYTES_MAX) -> None:
        self._folder, self._bytes_max = folder, bytes_max

    def find(self, state: str, asked: Asked) -> Said | None:
        """What was kept of a column; None if nothing is, or no longer.

        Args:
            state: of the rows: whatever tells them from all others.
            asked: the column.
        """
        file = self._file(state, asked)
        try:
            _state, _asked, said = _read(file)
            os.utime(file)
        except (OSError, pa.ArrowInvalid, KeyError):
            return None
        return said

    def lately(self, state: str) -> list[tuple[Asked, Said, int]]:
        """All that is kept of a state, the latest asked for first, with that moment in nanoseconds since 1970."""
        found = list[tuple[Asked, Said, int]]()
        for file in self._folder.glob(_FILES):
            with suppress(OSError, pa.ArrowInvalid, KeyError):
                of_state, asked, said = _read(file)
                if of_state == state:
                    found.append((asked, said, file.stat().st_mtime_ns))
        return sorted(found, key=lambda one: -one[2])

    def keep(
        self, state: str, asked: Asked, parts: Sequence[Code], words: pa.Array, asked_ns: int | None = None
    ) -> Said:
        """Keep what a column says; a full disk is no error.

        Args:
            state: of the rows, as for :meth:`find`.
            asked: the column.
            parts: codes by part and row.
            words: what they stand for.
            asked_ns: when it was last asked for, in nanoseconds since 1970; None for now.
        """
        small = np.min_scalar_type(-1 - len(words))
        narrow = [codes.astype(small, copy=False) for codes in parts]
        columns = {"words": words, **{str(part): pa.array(codes) for part, codes in enumerate(narrow)}}
        batch = pa.record_batch({name: _one(values) for name, values in columns.items()})
        with suppress(OSError):
            told = batch.replace_schema_metadata({_STATE: state, _ASKED: asked.written()})
            self._write(self._file(state, asked), told, asked_ns)
        return Said(narrow, words)

    def clear(self) -> None:
        """Forget everything: the state has changed. Whoever has a column mapped keeps it."""
        for file in self._folder.glob(_FILES):
            with suppress(OSError):
                file.unlink()

    def _file(self, state: str, asked: Asked) -> Path:
        name = f"{state}\n{asked.written()}".encode()
        return self._folder / f"{hashlib.blake2b(name, digest_size=16).hexdigest()}.arrow"

    def _write(self, file: Path, batch: pa.RecordBatch, asked_ns: int | None) -> None:
        self._folder.mkdir(exist_ok=True)
        draft = file.with_suffix(f".{secrets.token_hex(4)}.new")
        try:
            with draft.open("wb") as stream, pa.ipc.new_file(stream, batch.schema) as writer:
                writer.write_batch(batch)
            if asked_ns is not None:
                os.utime(draft, ns=(asked_ns, asked_ns))
            draft.replace(file)
        finally:
            draft.unlink(missing_ok=True)
        self._bound(file)

    def _bound(self, newest: Path) -> None:
        """Remove what has not been asked for the longest until the rest fits; the newest stays whatever its size."""
        found = sorted((one.stat().st_mtime_ns, one.stat().st_size, one) for one in self._folder.glob(_FILES))
        total = sum(size for _asked, size, _file in found)
        for _asked, size, one in found:
            if total > self._bytes_max and one != newest:
                one.unlink(missing_ok=True)
                total -= size


def state(mark: str, parts: Sequence[Columns]) -> str:
    """What tells the rows of a state of the engine from all others."""
    return f"{mark} {[len(rows.person) for rows in parts]}"


def _read(file: Path) -> tuple[str, Asked, Said]:
    """The state, the column and what it says, mapped.

    Raises:
        OSError: the file is gone (``pyarrow.ArrowInvalid`` where it was cut off, ``KeyError`` where an older version wrote it).
    """
    with pa.memory_map(str(file)) as source, pa.ipc.open_file(source) as reader:
        batch = reader.get_batch(0)
    words, *parts = (batch.column(place)[0].values for place in range(batch.num_columns))
    told = batch.schema.metadata or {}
    said = Said([codes.to_numpy() for codes in parts], words)
    return told[_STATE].decode(), Asked(*json.loads(told[_ASKED])), said


def _one(values: pa.Array) -> pa.Array:
    """``values`` as the only entry of a column."""
    return pa.LargeListArray.from_arrays(pa.array([0, len(values)], pa.int64()), values)
