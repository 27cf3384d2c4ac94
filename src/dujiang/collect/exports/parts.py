"""Parts of a fact that come from several columns: whom it is about, what else the row said, and the lines in one cell."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from dujiang.collect.exports import cells
from dujiang.collect.exports.batch import Batch
from dujiang.collect.exports.cells import Bad, Memo
from dujiang.collect.exports.mapping import IdentifierRule, Output
from dujiang.collect.exports.readings import quick_protect
from dujiang.collect.exports.rules import RuleCompiler
from dujiang.collect.identifiers import Tokeniser


class IdentifierReader:
    """Whom each row is about, strongest first."""

    def __init__(self, rules: Sequence[IdentifierRule], compiler: RuleCompiler, tokeniser: Tokeniser) -> None:
        found = [(compiler.place(rule.column), rule) for rule in rules]
        self._rules = [(place, rule) for place, rule in found if place is not None]
        self._memos = [Memo(_many if rule.split else cells.id_of) for _, rule in self._rules]
        self._app, self._tokeniser = compiler.given.app, tokeniser
        self._known: dict[tuple[Any, ...], tuple[tuple[str, int], ...]] = {}

    def __call__(self, batch: Batch) -> list[tuple[tuple[str, int], ...]]:
        if not self._rules:
            return [()] * len(batch)
        columns = [batch.read(place, memo) for (place, _), memo in zip(self._rules, self._memos, strict=True)]
        return [self._of(row) for row in zip(*columns, strict=True)]

    def _of(self, row: tuple[Any, ...]) -> tuple[tuple[str, int], ...]:
        known = self._known.get(row)
        if known is None:
            if len(self._known) >= cells.MEMO_TEXTS:
                self._known.clear()
            found = self._tokeniser.identifiers(self._pairs(row))
            known = self._known[row] = tuple((one.type, one.node) for one in found)
        return known

    def _pairs(self, row: tuple[Any, ...]) -> list[tuple[str, str, str]]:
        pairs = []
        for (_place, rule), value in zip(self._rules, row, strict=True):
            kind, _at, scope = rule.type.partition("@")
            values = value if isinstance(value, tuple) else () if value is None else (value,)
            pairs += [(kind, one, self._app if scope == "app" else scope) for one in values]
        return pairs


def _many(text: str) -> Any:
    found = [cells.id_of(part) for part in cells.tags_of(text)]
    return next((one for one in found if isinstance(one, Bad)), tuple(one for one in found if one))


class Properties:
    """The columns that nothing uses, as one JSON object for each row, without personal data."""

    def __init__(self, names: Sequence[str], places: Sequence[int], tokeniser: Tokeniser) -> None:
        self._places = places
        self._memos = [Memo(_fragment(names[place], quick_protect(tokeniser.protect))) for place in places]

    def __call__(self, batch: Batch) -> list[str]:
        if not self._places:
            return ["{}"] * len(batch)
        columns = [batch.read(place, memo) for place, memo in zip(self._places, self._memos, strict=True)]
        return ["{" + ",".join(filter(None, row)) + "}" for row in zip(*columns, strict=True)]


def _fragment(name: str, protect: Callable[[str], str]) -> Callable[[str], str | Bad]:
    quoted = _json(name)

    def read(text: str) -> str | Bad:
        cleaned = cells.text_of(text)
        if isinstance(cleaned, Bad):
            return "" if cleaned.code == "cell.error" else cleaned
        if not cleaned:
            return ""
        return f"{quoted}:{_json(protect(cleaned))}"

    return read


def _json(text: str) -> str:
    return msgspec.json.encode(text).decode()


class Splitter:
    """Rows that hold several lines joined by ``;`` become one row for each; the first keeps everything that is summed."""

    def __init__(self, output: Output, compiler: RuleCompiler) -> None:
        self._key = compiler.place(output.split)
        self._with = [place for name in output.split_with if (place := compiler.place(name)) is not None]
        summed = [rule for name, rule in output.fields.items() if name.endswith("_minor") or name == "units"]
        self._summed = {
            place for rule in summed for name in rule.columns() if (place := compiler.place(name)) is not None
        }

    def __call__(self, batch: Batch) -> Batch:
        place = self._key
        if place is None or not any(";" in text or "；" in text for text in batch.columns[place]):
            return batch
        rows: list[Sequence[str]] = []
        origin: list[int] = []
        for row, source in zip(batch.rows, batch.origin, strict=True):
            lines = self._lines(row, place)
            rows += lines
            origin += [source] * len(lines)
        return Batch(rows, origin, batch.faults)

    def _lines(self, row: Sequence[str], place: int) -> list[Sequence[str]]:
        parts = _parts(row[place])
        if len(parts) < 2:
            return [row]
        lines = []
        for number, part in enumerate(parts):
            line = list(row) if number == 0 else ["" if at in self._summed else cell for at, cell in enumerate(row)]
            line[place] = part
            for other in self._with:
                shared = _parts(row[other])
                line[other] = shared[number] if len(shared) == len(parts) else row[other] if number == 0 else ""
            lines.append(line)
        return lines


def _parts(text: str) -> list[str]:
    cleaned = cells.clean(text)
    words = cleaned.replace("；", ";").split(";") if isinstance(cleaned, str) else []
    return [word.strip() for word in words if word.strip()]
