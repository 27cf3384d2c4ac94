"""The archive: accepted facts as immutable Parquet files, one folder for each family and day of arrival.

A part becomes true only when the store's manifest names it; a file that the manifest does not name is the rest of a load
that was cut off, and :meth:`Archive.sweep` removes it.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Iterator
from datetime import date
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from dujiang.foundation.errors import InvariantBroken, ensure
from dujiang.foundation.facts import FAMILIES
from dujiang.foundation.i18n import _
from dujiang.store.manifest import Part


class Archive:
    """The Parquet files below ``folder``."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    def write(self, family: str, facts: pa.Table, *, day: date, batch: str) -> Part:
        """Write ``facts`` (columns as in the family's schema, ``seq`` ascending) and force them to disk.

        Args:
            family: fact family.
            facts: at least one row.
            day: day of arrival, which names the folder.
            batch: the load or import they came with.

        Returns:
            What the manifest has to record.
        """
        first_seq, last_seq = facts["seq"][0].as_py(), facts["seq"][-1].as_py()
        relative = Path(family) / day.isoformat() / f"{first_seq:016d}-{batch}.parquet"
        target = self.folder / relative
        target.parent.mkdir(parents=True, exist_ok=True)
        pq.write_table(facts, target, compression="zstd", store_schema=True)
        digest = _sync(target)
        return Part(
            family=family,
            day=day,
            file=relative.as_posix(),
            rows=facts.num_rows,
            first_seq=first_seq,
            last_seq=last_seq,
            sha256=digest,
            batch=batch,
        )

    def read(self, part: Part) -> pa.Table:
        """The facts of ``part``, checked against what the manifest says of them.

        Raises:
            InvariantBroken: ``archive.damaged`` if the file is gone or is not what was written.
        """
        try:
            data = (self.folder / part.file).read_bytes()
        except OSError:
            sentence = _("The archive file {file} is missing. Restore it from a backup, then run dujiang rebuild.")
            raise InvariantBroken("archive.missing", sentence, file=part.file) from None
        sentence = _("The archive file {file} is damaged. Restore it from a backup, then run dujiang rebuild.")
        ensure(hashlib.sha256(data).hexdigest() == part.sha256, "archive.damaged", sentence, file=part.file)
        return _as_now(pq.read_table(pa.BufferReader(data)), FAMILIES[part.family])

    def read_all(self, parts: Iterable[Part]) -> Iterator[tuple[Part, pa.Table]]:
        """Every part with its facts, one at a time."""
        for part in parts:
            yield part, self.read(part)

    def discard(self, parts: Iterable[Part]) -> None:
        """Remove parts that never became true."""
        for part in parts:
            (self.folder / part.file).unlink(missing_ok=True)

    def sweep(self, known: Iterable[Part]) -> int:
        """Remove every file that no part names; how many there were."""
        named = {part.file for part in known}
        strays = [
            file for file in self.folder.rglob("*.parquet") if file.relative_to(self.folder).as_posix() not in named
        ]
        for stray in strays:
            stray.unlink()
        return len(strays)


def _sync(file: Path) -> str:
    """Force ``file`` and its folders' entries to disk; its SHA-256."""
    with file.open("rb") as stream:
        os.fsync(stream.fileno())
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
    for folder in (file.parent, file.parent.parent, file.parent.parent.parent):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
    return digest


def _as_now(table: pa.Table, schema: pa.Schema) -> pa.Table:
    """Facts as the schema has them now; what was written before a column existed states nothing there."""
    if table.schema == schema:
        return table
    for field in schema:
        if field.name not in table.schema.names:
            table = table.append_column(field, pa.nulls(len(table), field.type))
    return table.select(schema.names).cast(schema)
