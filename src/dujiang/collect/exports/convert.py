"""From an export file to facts, chunk by chunk.

Every row ends as facts, as a bad row with its reason, or as one that is passed over because it is no record (a repeated
header, formulas under the header, a total).
"""

from __future__ import annotations

import gc
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

import pyarrow as pa

from dujiang.collect.exports import cells
from dujiang.collect.exports.batch import Batch, Fault, Faults
from dujiang.collect.exports.cells import Bad
from dujiang.collect.exports.detect import day_in_name, find_header, missing_columns
from dujiang.collect.exports.headers import Columns
from dujiang.collect.exports.left_out import personal_places, ratio_places
from dujiang.collect.exports.mapping import DAY, MappingSpec
from dujiang.collect.exports.outputs import Origin, OutputMaker
from dujiang.collect.exports.reader import Row, TableFile, open_table
from dujiang.collect.exports.rules import Given, RuleCompiler
from dujiang.collect.exports.templates import Mappings
from dujiang.collect.identifiers import Tokeniser
from dujiang.foundation.errors import InvalidInput
from dujiang.foundation.i18n import _
from dujiang.foundation.progress import Progress, silent

CHUNK_ROWS: Final = 10_000
HIDDEN: Final = "***"


@dataclass(frozen=True)
class BadRow:
    """A row that was not imported.

    Attributes:
        line: its line in the file.
        column: the column at fault; empty when it is the row as a whole.
        code: stable code of the reason.
        sentence: English sentence, the key of its translation.
        values: what the sentence's placeholders stand for.
        cells: the row without personal data.
        part: the table within a ZIP archive.
    """

    line: int
    column: str
    code: str
    sentence: str
    values: Mapping[str, Any]
    cells: tuple[str, ...]
    part: str = ""


@dataclass(frozen=True)
class Chunk:
    """Some rows of a file.

    Attributes:
        facts: by family, in the family's columns without ``seq`` and ``batch``, with ``line``: the row that states them.
        rows: records read: rows with facts and bad rows.
        bad: rows that were not imported.
        passed: rows that are no records.
        header: column names of the table.
    """

    facts: Mapping[str, pa.Table]
    rows: int
    bad: Sequence[BadRow]
    passed: int
    header: Sequence[str]


@dataclass(frozen=True)
class Target:
    """What the facts of a file belong to."""

    source: str
    channel: str
    received_at: datetime
    zone: ZoneInfo
    given: Given = field(default_factory=Given)


def convert(
    path: Path,
    mapping: MappingSpec,
    *,
    tokeniser: Tokeniser,
    source: str,
    channel: str,
    shop: str = "",
    received_at: datetime,
    zone: ZoneInfo,
    progress: Progress = silent,
    account: str = "",
    app: str = "",
    day: date | None = None,
    tag: str = "",
    encoding: str = "",
    file_name: str = "",
) -> Iterator[Chunk]:
    """Convert a file in chunks of about 10,000 rows.

    Args:
        path: the file.
        mapping: how its columns become facts.
        tokeniser: makes identifiers; its clear values have to be taken after each chunk.
        source: definition name of the source.
        channel: definition name of the channel.
        shop: shop of the orders, part of their key; empty if the brand has one there.
        received_at: when the file came.
        zone: time zone of the file's moments.
        progress: told the bytes or rows read, and how many there are.
        account: advertising account of spend.
        app: app or shop in which platform ids are unique.
        day: day of a table that states none; by default the day in the file's name.
        tag: tag of a list of people that names none.
        encoding: encoding of text; empty: found out.
        file_name: the name that it was uploaded by, if not the path's.

    Raises:
        InvalidInput: a file that cannot be read (``file.…``, ``zip.…``), or ``mapping.missing_columns``.
    """
    name = file_name or path.name
    given = Given(shop, account, day or day_in_name(name), app, tag)
    target = Target(source, channel, received_at, zone, given)
    first = 1
    with open_table(path, encoding) as tables:
        for table in tables:
            maker = FileConverter(
                *_opened(table, mapping, table.part or name), mapping, target, tokeniser, table, first
            )
            for chunk in maker.chunks():
                progress("read", table.done(), table.total)
                yield chunk
            first = maker.number


def _opened(table: TableFile, mapping: MappingSpec, name: str) -> tuple[int, Columns]:
    header = find_header(table.head(), name, Mappings.none(), mapping)
    columns = Columns(header.cells, mapping.aliases)
    if missing := missing_columns(mapping, columns):
        sentence = _("The file has no column {columns}. Choose another mapping, or export it with these columns.")
        raise InvalidInput("mapping.missing_columns", sentence, columns=", ".join(missing))
    return header.index, columns


class FileConverter:
    """Converts the rows of one table.

    Attributes:
        number: the running number of the next row; continues over the tables of an archive.
        dropped: columns that are left out because they hold personal data, by place.
        ratios: columns that are left out because they are computed again.
        unused: columns kept as properties.
    """

    def __init__(
        self,
        skip: int,
        columns: Columns,
        mapping: MappingSpec,
        target: Target,
        tokeniser: Tokeniser,
        table: TableFile,
        number: int = 1,
    ) -> None:
        self.skip, self.columns, self.table, self.number = skip, columns, table, number
        self._tokeniser = tokeniser
        used = {place for name in _used(mapping) for place in columns.places(name)}
        personal = personal_places(columns, mapping)
        self.ratios = [place for place in ratio_places(columns, mapping) if place not in used]
        self.dropped = [place for place in personal if place not in used]
        self.hidden = {*personal, *_identifying(mapping, columns)}
        left_out = used | {*personal, *self.ratios}
        self.unused = [place for place, name in enumerate(columns.names) if name and place not in left_out]
        compiler = RuleCompiler(columns, target.given, target.zone, tokeniser.protect)
        origin = Origin(target.source, target.channel, target.received_at)
        self._outputs = [
            OutputMaker(output, mapping, compiler, origin, tokeniser, rest)
            for output, rest in zip(mapping.outputs, _rests(mapping, self.unused), strict=True)
        ]
        self._header = [cells.clean(name) for name in columns.names]
        self._width = max((place for place, name in enumerate(columns.names) if name), default=0) + 1
        self._strict = table.form == "text"
        self._order = _order_place(mapping, columns)
        required = [place for name in mapping.match.required if (place := columns.place(name)) is not None]
        self._telling = sorted({0, *required})
        self._words = cells.TOTALS | set(columns.names)

    def missing(self) -> list[str]:
        """Fields that no column gives although facts must have them."""
        return sorted({name for output in self._outputs for name in output.missing()})

    def chunks(self, limit: int | None = None) -> Iterator[Chunk]:
        """The rows after the header, converted; only the first ``limit``, if given."""
        rows = self._data_rows()
        for some in _chunked(rows, CHUNK_ROWS, self._order):
            chosen = some if limit is None else some[:limit]
            yield self.chunk(chosen)
            if limit is not None:
                return

    def chunk(self, rows: Sequence[Row]) -> Chunk:
        """Some rows, converted."""
        with _no_collection():
            return self._chunk(rows)

    def _chunk(self, rows: Sequence[Row]) -> Chunk:
        faults = Faults()
        records = self._records_of(rows)
        width = len(self._header)
        whole = [
            row.cells if len(row.cells) == width else self._whole(place, row, faults)
            for place, row in enumerate(records)
        ]
        batch = Batch(whole, range(len(records)), faults)
        lines = range(self.number, self.number + len(records))
        self.number += len(records)
        facts: dict[str, pa.Table] = {}
        if records:
            staged = [(output, output.stage(batch)) for output in self._outputs]
            made = [(output.family, output.make(one, faults, lines)) for output, one in staged if one]
            for family, table in made:
                if table is not None:
                    facts[family] = pa.concat_tables([facts[family], table]) if family in facts else table
        bad = [self._bad_row(records[place], fault) for place, fault in sorted(faults.items())]
        return Chunk(facts, len(records), bad, len(rows) - len(records), self.columns.names)

    def shown(self, row: Row) -> tuple[str, ...]:
        """The row's cells as a person may see them: personal columns hidden, phones and the like in text replaced."""
        texts = (cells.clean(cell) for cell in row.cells)
        return tuple(
            "" if not text else HIDDEN if place in self.hidden else self._shown(text)
            for place, text in enumerate(texts)
        )

    def _shown(self, text: str | Bad) -> str:
        return self._tokeniser.protect(text if isinstance(text, str) else text.value)[:200]

    def _data_rows(self) -> Iterator[Row]:
        """The rows under the header; formulas in the first of them are passed over as a row without cells."""
        for place, row in enumerate(self.table.rows()):
            if place > self.skip:
                is_note = place == self.skip + 1 and not row.fault and not _has_digit(row.cells)
                yield Row(row.line, []) if is_note else row

    def _records_of(self, rows: Sequence[Row]) -> Sequence[Row]:
        """The rows that are records: without totals, repeated headers and notes."""
        found = {row.cells[place] for row in rows for place in self._telling if place < len(row.cells)}
        if found.isdisjoint(self._words) and all(row.cells or row.fault for row in rows):
            return rows
        return [row for row in rows if row.fault or not self._no_record(row.cells)]

    def _no_record(self, row: Sequence[str]) -> bool:
        told = [cell for place, cell in enumerate(row) if place in self._telling and cell in self._words]
        if any(cell in cells.TOTALS for cell in told) or not row:
            return True
        return bool(told) and [cells.clean(cell) for cell in row] == self._header[: len(row)]

    def _whole(self, place: int, row: Row, faults: Faults) -> Sequence[str]:
        """The row's cells in the header's width; a row that was cut or shifted is faulty."""
        wanted, have = len(self._header), len(row.cells)
        if row.fault:
            faults.add(place, None, UNREADABLE)
        elif have < self._width and self._strict:
            faults.add(place, None, CUT)
        elif have > wanted and any(cell.strip() for cell in row.cells[wanted:]):
            faults.add(place, None, SHIFTED)
        return [*row.cells[:wanted], *[""] * (wanted - have)]

    def _bad_row(self, row: Row, fault: Fault) -> BadRow:
        bad = fault.bad
        personal = fault.place in self.hidden
        value = HIDDEN if personal else self._tokeniser.protect(bad.value)
        column = "" if fault.place is None else self.columns.names[fault.place]
        values = {"value": value} if bad.value else {}
        return BadRow(row.line, column, bad.code, bad.sentence, values, self.shown(row), self.table.part)


@contextmanager
def _no_collection() -> Iterator[None]:
    """Let Python's search for cycles wait: cells make none, and it would walk over every one of them again and again."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def _has_digit(row: Iterable[str]) -> bool:
    return any(letter.isdigit() for cell in row for letter in cell)


def _used(mapping: MappingSpec) -> list[str]:
    """Columns that rules read, so that they are not kept a second time."""
    names = [name for output in mapping.outputs for rule in output.fields.values() for name in rule.columns()]
    names += [one.column for output in mapping.outputs for one in output.identifiers]
    names += [name for output in mapping.outputs if output.record for name in output.record.columns()]
    if mapping.status:
        names += [*mapping.status.columns]
    return [name.removesuffix(DAY) for name in names]


def _identifying(mapping: MappingSpec, columns: Columns) -> set[int]:
    rules = [rule for output in mapping.outputs for rule in output.identifiers]
    return {place for rule in rules for place in columns.places(rule.column)}


def _rests(mapping: MappingSpec, unused: Sequence[int]) -> list[Sequence[int]]:
    """Each output's share of the unused columns: of an order and its lines only the lines keep them."""
    families = [output.family for output in mapping.outputs]
    has_lines = "order_line" in families
    return [() if family == "order" and has_lines else unused for family in families]


def _order_place(mapping: MappingSpec, columns: Columns) -> int | None:
    if mapping.grain != "item":
        return None
    rules = [output.fields.get("order_no") for output in mapping.outputs]
    names = [name.removesuffix(DAY) for rule in rules if rule for name in rule.columns()]
    return next((place for name in reversed(names) if (place := columns.place(name)) is not None), None)


def _chunked(rows: Iterable[Row], size: int, order: int | None) -> Iterator[list[Row]]:
    """Lists of about ``size`` rows; rows of one order that follow each other stay together (up to twice the size)."""
    chunk: list[Row] = []
    last = ""
    for row in rows:
        here = row.cells[order] if order is not None and order < len(row.cells) else ""
        if len(chunk) >= size and (not here or here != last or len(chunk) >= 2 * size):
            yield chunk
            chunk = []
        chunk.append(row)
        last = here
    if chunk:
        yield chunk


UNREADABLE: Final = Bad(
    "row.unreadable", _("The row cannot be read. A quotation mark is missing here or in a row before.")
)
CUT: Final = Bad("row.cut", _("The row ends too early: it has fewer cells than the header."))
SHIFTED: Final = Bad("row.shifted", _("The row has more cells than the header, so that its cells are shifted."))
