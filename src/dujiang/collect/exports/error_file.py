"""The error file of an import: one line for each bad row, to be corrected and imported on its own."""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Final, TextIO

from dujiang.collect.exports.convert import BadRow
from dujiang.foundation.bounds import BOUNDS
from dujiang.foundation.i18n import _, translate

_FORMULA: Final = re.compile(r"^[=+\-@\t\r]")
_NUMBER: Final = re.compile(r"^[+-]?[\d,.]+%?$")

COLUMNS: Final = (_("Line"), _("File in the archive"), _("Column"), _("Code"), _("Reason"))


class ErrorFile:
    """Writes bad rows as CSV (UTF-8 with BOM) while an import runs; a file without rows is not kept.

    Attributes:
        counts: bad rows by code, those beyond the bound included.
    """

    def __init__(self, path: Path, locale: str) -> None:
        self._path, self._locale = path, locale
        self._stream: TextIO | None = None
        self.counts: Counter[str] = Counter()
        self._kept = False

    def __enter__(self) -> ErrorFile:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._stream:
            self._stream.close()
        if not self._kept:
            self._path.unlink(missing_ok=True)

    def add(self, rows: Iterable[BadRow], header: Sequence[str]) -> None:
        """Write rows, at most ``BOUNDS.import_bad_rows_kept_max`` in all."""
        for row in rows:
            if self.counts.total() < BOUNDS.import_bad_rows_kept_max:
                self._write(row, header)
            self.counts[row.code] += 1

    def keep(self) -> bool:
        """Keep the file when the context ends; False if it has no rows."""
        self._kept = self._stream is not None
        return self._kept

    def _write(self, row: BadRow, header: Sequence[str]) -> None:
        if self._stream is None:
            self._stream = self._path.open("w", encoding="utf-8-sig", newline="")
            self._line([*(translate(one, self._locale) for one in COLUMNS), *header])
        reason = translate(row.sentence, self._locale).format(**row.values)
        self._line([str(row.line), row.part, row.column, row.code, reason, *row.cells])

    def _line(self, cells: Iterable[str]) -> None:
        assert self._stream is not None
        csv.writer(self._stream).writerow(map(harmless, cells))


def harmless(cell: str) -> str:
    """A cell that no spreadsheet takes for a formula.

    >>> harmless("=1+1"), harmless("-12.50")
    ("'=1+1", '-12.50')
    """
    return f"'{cell}" if _FORMULA.match(cell) and not _NUMBER.match(cell) else cell
