"""What columns of the engine say of the rows of timelines, remembered between questions.

A column is asked of the engine once for each of its states: it is written beside the timelines, as small whole numbers by row,
and mapped from there by whoever asks for it next. Everything here can be deleted at any moment.
"""

from __future__ import annotations

import hashlib
import os
import secrets
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from dujiang.engine.columns import Code

BYTES_MAX: Final = 1 << 30
"""What is remembered at most, on disk; what has not been asked for the longest goes first."""

_FILES: Final = "*.arrow"


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

    def find(self, name: Iterable[object]) -> Said | None:
        """What was kept under ``name``; None if nothing is, or no longer."""
        file = self._file(name)
        try:
            with pa.memory_map(str(file)) as source, pa.ipc.open_file(source) as reader:
                batch = reader.get_batch(0)
            os.utime(file)
        except (OSError, pa.ArrowInvalid):
            return None
        words, *parts = (batch.column(place)[0].values for place in range(batch.num_columns))
        return Said([codes.to_numpy() for codes in parts], words)

    def keep(self, name: Iterable[object], parts: Sequence[Code], words: pa.Array) -> Said:
        """Keep a column under ``name``, which says of which state it is, too; a full disk is no error.

        Args:
            name: whatever tells it from any other.
            parts: codes by part and row.
            words: what they stand for.
        """
        small = np.min_scalar_type(-1 - len(words))
        narrow = [codes.astype(small, copy=False) for codes in parts]
        columns = {"words": words, **{str(part): pa.array(codes) for part, codes in enumerate(narrow)}}
        batch = pa.record_batch({name: _one(values) for name, values in columns.items()})
        with suppress(OSError):
            self._write(self._file(name), batch)
        return Said(narrow, words)

    def clear(self) -> None:
        """Forget everything: the state has changed. Whoever has a column mapped keeps it."""
        for file in self._folder.glob(_FILES):
            with suppress(OSError):
                file.unlink()

    def _file(self, name: Iterable[object]) -> Path:
        return self._folder / f"{hashlib.blake2b(repr([*name]).encode(), digest_size=16).hexdigest()}.arrow"

    def _write(self, file: Path, batch: pa.RecordBatch) -> None:
        self._folder.mkdir(exist_ok=True)
        draft = file.with_suffix(f".{secrets.token_hex(4)}.new")
        try:
            with draft.open("wb") as stream, pa.ipc.new_file(stream, batch.schema) as writer:
                writer.write_batch(batch)
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


def _one(values: pa.Array) -> pa.Array:
    """``values`` as the only entry of a column."""
    return pa.LargeListArray.from_arrays(pa.array([0, len(values)], pa.int64()), values)
