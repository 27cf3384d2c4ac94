"""Rows of blocks of people, put aside by month on disk until the month's files are written."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.ipc

from dujiang.simulate.draws import Ints

_OPTIONS: Final = pa.ipc.IpcWriteOptions(compression="lz4")


class Spill:
    """A folder of Arrow files by kind and month; it is removed in the end."""

    def __init__(self, folder: Path, edges: list[int]) -> None:
        """``edges`` are the day numbers on which months begin, and the number of days."""
        shutil.rmtree(folder, ignore_errors=True)
        self.folder, self.edges = folder, np.array(edges)
        self._count = 0

    def add(self, kind: str, rows: pa.Table, day: Ints) -> None:
        """Put rows aside, each in the month of its ``day``."""
        month = np.searchsorted(self.edges, day, side="right") - 1
        for one in np.unique(month):
            self._count += 1
            path = self.folder / kind / str(one) / f"{self._count:08d}.arrow"
            path.parent.mkdir(parents=True, exist_ok=True)
            part = rows.take(pa.array(np.flatnonzero(month == one)))
            with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_file(sink, rows.schema, options=_OPTIONS) as writer:
                writer.write_table(part)

    def take(self, kind: str, month: int) -> pa.Table | None:
        """All rows of a month, in the order of the blocks; None where there are none. They are gone afterwards."""
        folder = self.folder / kind / str(month)
        if not folder.is_dir():
            return None
        parts = []
        for path in sorted(folder.iterdir()):
            with pa.OSFile(str(path), "rb") as source:
                parts.append(pa.ipc.open_file(source).read_all())
        shutil.rmtree(folder)
        return pa.concat_tables(parts)

    def remove(self) -> None:
        """Take the folder away."""
        shutil.rmtree(self.folder, ignore_errors=True)
