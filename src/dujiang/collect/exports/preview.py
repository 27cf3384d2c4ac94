"""What importing a file would do, from its beginning: shown before anything is kept."""

from __future__ import annotations

import dataclasses
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any, Final

import pyarrow as pa

from dujiang.collect.exports.convert import HIDDEN, BadRow, FileConverter, Target
from dujiang.collect.exports.detect import Detection, Header, day_in_name, find_header, missing_columns
from dujiang.collect.exports.headers import Columns
from dujiang.collect.exports.left_out import personal_places
from dujiang.collect.exports.mapping import MappingSpec
from dujiang.collect.exports.reader import Row, TableFile, open_table
from dujiang.collect.exports.templates import Mappings
from dujiang.collect.identifiers import Tokeniser

SHOWN_ROWS: Final = 20
CHECKED_ROWS: Final = 1_000
_OWN_COLUMNS: Final = frozenset({"key", "content", "source", "received_at", "line"})


@dataclass(frozen=True)
class Preview:
    """A file before its import.

    Attributes:
        file_name: name it was uploaded by.
        form: ``text``, ``xlsx``, ``xls`` or ``zip``'s inner form.
        encoding: of text, else empty.
        delimiter: of text, else empty.
        part: table of a ZIP archive that is shown (the first).
        header_line: line of the column names.
        header: column names.
        detections: mappings that fit, best first.
        mapping: the one that the preview was made with; empty if none fits.
        channel: channel that its facts usually belong to.
        group: what its rows are.
        rows: the first rows as they are, without personal data.
        facts: the first facts by family, as they would be kept.
        checked: rows looked at; ``good`` of them have facts, ``passed`` are no records.
        problems: bad rows among them by code.
        bad: the first bad rows.
        used: columns that make fields.
        kept: columns kept as properties.
        dropped: columns that are not kept because they hold personal data.
        ratios: columns that are not kept because they are computed again.
        missing_columns: columns that the mapping needs and the file lacks.
        missing_fields: fields that every fact needs and no column gives, such as a day to be said at import.
        identified: rows among ``good`` that say whom they are about; None for files about no one.
        states: orders among ``good`` by what their state means; empty for files without orders.
        imported_before: import of the same bytes; empty if there was none.
    """

    file_name: str
    form: str
    encoding: str
    delimiter: str
    part: str
    header_line: int
    header: tuple[str, ...]
    detections: tuple[Detection, ...]
    mapping: str
    channel: str
    group: str
    rows: tuple[tuple[str, ...], ...]
    facts: Mapping[str, tuple[Mapping[str, Any], ...]] = field(default_factory=dict)
    checked: int = 0
    good: int = 0
    passed: int = 0
    problems: Mapping[str, int] = field(default_factory=dict)
    bad: tuple[BadRow, ...] = ()
    used: tuple[str, ...] = ()
    kept: tuple[str, ...] = ()
    dropped: tuple[str, ...] = ()
    ratios: tuple[str, ...] = ()
    missing_columns: tuple[str, ...] = ()
    missing_fields: tuple[str, ...] = ()
    identified: int | None = None
    states: Mapping[str, int] = field(default_factory=dict)
    imported_before: str = ""


def preview(
    path: Path,
    mapping: str | None = None,
    *,
    mappings: Mappings,
    tokeniser: Tokeniser,
    target: Target,
    encoding: str = "",
    file_name: str = "",
) -> Preview:
    """Look at the first 1,000 rows of a file.

    Args:
        path: the file.
        mapping: name of the mapping; None: the one that fits best.
        mappings: those that there are.
        tokeniser: one that is thrown away afterwards.
        target: what the facts would belong to.
        encoding: encoding of text; empty: found out.
        file_name: the name that it was uploaded by, if not the path's.

    Raises:
        InvalidInput: a file that cannot be read.
        NotFound: ``mapping.unknown``.
    """
    name = file_name or path.name
    chosen = mappings.get(mapping) if mapping else None
    with open_table(path, encoding) as tables:
        table = next(tables)
        head = table.head()
        header = find_header(head, table.part or name, mappings, chosen)
        best = mapping or (header.best.mapping if header.best else "")
        spec = chosen or (mappings.get(best) if best else None)
        look = _Look(table, header, tokeniser, _with_day(target, name))
        plain = look.plain(name, best, spec)
        if spec is None:
            return plain
        missing = missing_columns(spec, Columns(header.cells, spec.aliases))
        return dataclasses.replace(plain, missing_columns=missing) if missing else look.converted(plain, spec)


def _with_day(target: Target, name: str) -> Target:
    given = target.given
    return dataclasses.replace(target, given=dataclasses.replace(given, day=given.day or day_in_name(name)))


@dataclass
class _Look:
    table: TableFile
    header: Header
    tokeniser: Tokeniser
    target: Target

    def plain(self, name: str, mapping: str, spec: MappingSpec | None) -> Preview:
        """What can be said without converting."""
        columns = Columns(self.header.cells)
        hidden = set(personal_places(columns, spec))
        rows = self._first_rows()
        shown = tuple(
            tuple(HIDDEN if place in hidden and cell else cell[:200] for place, cell in enumerate(row.cells))
            for row in rows
        )
        return Preview(
            file_name=name,
            form=self.table.form,
            encoding=self.table.encoding,
            delimiter=self.table.delimiter,
            part=self.table.part,
            header_line=self.header.line,
            header=tuple(columns.names),
            detections=self.header.detections,
            mapping=mapping,
            channel=spec.channel if spec else "",
            group=spec.group if spec else "",
            rows=tuple(tuple(map(self.tokeniser.protect, row)) for row in shown),
        )

    def _first_rows(self) -> list[Row]:
        first = self.header.index + 1
        return list(islice(self.table.rows(), first, first + SHOWN_ROWS))

    def converted(self, plain: Preview, spec: MappingSpec) -> Preview:
        """``plain`` with what the mapping makes of the first rows."""
        columns = Columns(self.header.cells, spec.aliases)
        converter = FileConverter(self.header.index, columns, spec, self.target, self.tokeniser, self.table)
        raw = self._first_rows()
        chunk = next(converter.chunks(CHECKED_ROWS), None)
        names = columns.names
        left_out = {*converter.dropped, *converter.ratios, *converter.unused}
        result = dataclasses.replace(
            plain,
            rows=tuple(converter.shown(row) for row in raw),
            used=tuple(name for place, name in enumerate(names) if name and place not in left_out),
            kept=tuple(names[place] for place in converter.unused),
            dropped=tuple(names[place] for place in converter.dropped),
            ratios=tuple(names[place] for place in converter.ratios),
            missing_fields=tuple(converter.missing()),
        )
        if chunk is None:
            return result
        return dataclasses.replace(
            result,
            facts={family: _shown(facts) for family, facts in chunk.facts.items()},
            checked=chunk.rows,
            good=chunk.rows - len(chunk.bad),
            passed=chunk.passed,
            problems=dict(Counter(one.code for one in chunk.bad)),
            bad=tuple(chunk.bad[:SHOWN_ROWS]),
            identified=_identified(chunk.facts) if any(output.identifiers for output in spec.outputs) else None,
            states=_states(chunk.facts),
        )


def _identified(facts: Mapping[str, pa.Table]) -> int:
    lines: set[int] = set()
    for table in facts.values():
        pairs = zip(table["line"].to_pylist(), table["identifiers"].to_pylist(), strict=True)
        lines |= {line for line, identifiers in pairs if identifiers}
    return len(lines)


def _states(facts: Mapping[str, pa.Table]) -> Mapping[str, int]:
    orders = facts.get("order")
    return {} if orders is None else dict(Counter(orders["status"].to_pylist()).most_common())


def _shown(facts: pa.Table) -> Sequence[Mapping[str, Any]]:
    rows = facts.slice(0, SHOWN_ROWS).to_pylist()
    return tuple(_fact(row) for row in rows)


def _fact(row: Mapping[str, Any]) -> Mapping[str, Any]:
    fact = {name: value for name, value in row.items() if name not in _OWN_COLUMNS and value is not None}
    fact["identifiers"] = [one["type"] for one in row["identifiers"]]
    fact["properties"] = json.loads(row["properties"])
    return fact
