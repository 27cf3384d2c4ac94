"""One output of a mapping, made ready for one file: from rows to the facts of one family."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import compress
from typing import Any, Final

import pyarrow as pa

from dujiang.collect.exports.batch import Batch, Faults
from dujiang.collect.exports.cells import Bad
from dujiang.collect.exports.facts import (
    Fields,
    contents,
    merge_orders,
    natural_keys,
    settle_amounts,
    table,
)
from dujiang.collect.exports.mapping import MappingSpec, Output
from dujiang.collect.exports.parts import IdentifierReader, Properties, Splitter
from dujiang.collect.exports.readings import reading_of
from dujiang.collect.exports.records_of_people import RecordKeeper
from dujiang.collect.exports.rules import RuleCompiler, Values
from dujiang.collect.exports.statuses import compile_status
from dujiang.collect.identifiers import Tokeniser
from dujiang.collect.marks import MARKS, mark_keys
from dujiang.collect.unbinding import UNBINDING
from dujiang.foundation.facts import FAMILIES
from dujiang.foundation.i18n import _
from dujiang.foundation.ids import hash64


@dataclass(frozen=True)
class Origin:
    """Where facts come from: what every fact of a file says alike."""

    source: str
    channel: str
    received_at: datetime


@dataclass
class Staged:
    """The fields of one output before faulty rows are taken out; ``rows`` are places in the chunk."""

    fields: Fields
    rows: Sequence[int]


REQUIRED: Final[dict[str, tuple[str, ...]]] = {
    "order": ("order_no",),
    "order_line": ("order_no", "line_no"),
    "refund": ("refund_no",),
    "spend": ("unit_id", "day"),
    "traffic": ("day",),
    "conversation": ("conversation_id", "at"),
    "platform_total": ("day",),
    "event": ("at",),
    "consent": ("state",),
    "tag": ("tag",),
}
_MOMENTS: Final = frozenset({"at", "day"})


class OutputMaker:
    """Makes the facts of ``output`` from the rows of one file.

    Args:
        output: what to make.
        spec: the mapping that it belongs to.
        compiler: of the file.
        origin: what every fact says alike.
        tokeniser: makes identifiers.
        rest: columns kept as properties.
    """

    def __init__(
        self,
        output: Output,
        spec: MappingSpec,
        compiler: RuleCompiler,
        origin: Origin,
        tokeniser: Tokeniser,
        rest: Sequence[int],
    ) -> None:
        self.output, self.family, self.grain, self.origin = output, output.family, spec.grain, origin
        self._compiler, self._tokeniser = compiler, tokeniser
        self._condition = compiler.condition(output.when) if output.when else None
        self._fields = self._compile_fields(spec)
        self._places = {name: compiler.first_place(rule) for name, rule in output.fields.items()}
        self._identifiers = IdentifierReader(output.identifiers, compiler, tokeniser)
        self._record = RecordKeeper(output.record, compiler, tokeniser) if output.record else None
        self._fallback = [place for name in output.fallback if (place := compiler.place(name)) is not None]
        self._properties = Properties(compiler.columns.names, rest if output.rest else (), tokeniser)
        self._split = Splitter(output, compiler) if output.split else None

    def missing(self) -> list[str]:
        """Fields that facts of the family must have and no column of the file gives."""
        return [name for name in REQUIRED.get(self.family, ()) if name not in self._fields]

    def stage(self, batch: Batch) -> Staged | None:
        """Read ``batch``; faults are noted in it. None where no row fulfils the output's condition."""
        if self.output.when:
            chosen = self._condition(batch) if self._condition else [False] * len(batch)
            batch = batch.select(chosen)
        if not len(batch):
            return None
        if self._split:
            batch = self._split(batch)
        fields: Fields = {name: values(batch) for name, values in self._fields.items()}
        fields["identifiers"] = self._identifiers(batch)
        fields["properties"] = self._properties(batch)
        if self._record:
            fields["identifiers"] = self._record.keep(batch, fields["identifiers"])
        self._require(batch, fields)
        if self.family == "customer":
            self._require_someone(batch, fields)
        if self.family in (*MARKS, UNBINDING):
            self._require_marked(batch, fields)
        if self.family == UNBINDING:
            return _each_unbound(fields, batch.origin)
        return Staged(fields, batch.origin)

    def make(self, staged: Staged, faults: Faults, lines: Sequence[int]) -> pa.Table | None:
        """The facts of the rows without faults; None if there are none.

        Args:
            staged: what :meth:`stage` gave.
            faults: faulty rows of the chunk.
            lines: number of each row of the chunk.
        """
        fields, rows = _without(staged, faults)
        if not rows:
            return None
        line = [lines[row] for row in rows]
        settle_amounts(fields, discount_stated="discount_minor" in self.output.fields)
        if self.family == "order" and self.grain == "item":
            fields, line = merge_orders(fields, line)
        fields |= {"source": [self.origin.source] * len(line), "channel": [self.origin.channel] * len(line)}
        keys = fields.pop("_key", None)
        fields["content"] = contents(self.family, fields)
        fields["key"] = keys or self._keys(fields)
        return table(self.family, fields, line, vars(self.origin))

    def _compile_fields(self, spec: MappingSpec) -> dict[str, Values]:
        schema = FAMILIES[self.family]
        fields: dict[str, Values] = {}
        for name, rule in self.output.fields.items():
            reading = rule.reading or reading_of(name, schema.field(name).type)
            if values := self._compiler.values(rule, reading):
                fields[name] = values
        for name in ("shop", "account"):
            if name in schema.names and name not in fields:
                fields[name] = _same(self._compiler.given.value(name))
        if spec.status and self.family in ("order", "order_line") and "status" not in self.output.fields:
            fields["status"], word = compile_status(spec.status, self._compiler)
            if word:
                fields["platform_status"] = word
        return fields

    def _require(self, batch: Batch, fields: Fields) -> None:
        for name in REQUIRED.get(self.family, ()):
            bad = NO_TAG if name == "tag" else NO_MOMENT if name in _MOMENTS else NO_ID
            batch.require(fields.get(name) or [None] * len(batch), self._places.get(name), bad)
        if self.family == "order":
            known = fields.get("at") or [None] * len(batch)
            paid = zip(known, fields["status"], strict=True)
            # An order that was never paid counts nowhere, so that a file may leave out its day.
            batch.require([at if status == "valid" else 0 for at, status in paid], self._places.get("at"), NO_MOMENT)

    def _require_someone(self, batch: Batch, fields: Fields) -> None:
        """Give each customer record its key: its strongest identifier, else a keyed hash of what tells it apart."""
        told = [batch.columns[place] for place in self._fallback]
        texts = zip(*told, strict=True) if told else [()] * len(batch)
        keys = [
            self._customer_key(identifiers, "".join(parts), parts)
            for identifiers, parts in zip(fields["identifiers"], texts, strict=True)
        ]
        batch.require(keys, None, NO_ONE)
        fields["_key"] = keys

    def _require_marked(self, batch: Batch, fields: Fields) -> None:
        """Somebody to put each mark on, and the moment of those that state none: the import's."""
        batch.require([one[0][1] if one else None for one in fields["identifiers"]], None, NO_ONE)
        now = round(self.origin.received_at.timestamp() * 1_000_000)
        fields["at"] = [now if at is None else at for at in fields.get("at") or [None] * len(batch)]

    def _customer_key(self, identifiers: Sequence[tuple[str, int]], text: str, parts: Sequence[str]) -> int | None:
        if identifiers:
            kind, node = identifiers[0]
            return hash64("customer", self.origin.source, kind, str(node))
        if not text.strip():
            return None
        token = self._tokeniser.token("record", "\x1f".join(parts))
        return hash64("customer", self.origin.source, "record", str(token))

    def _keys(self, fields: Fields) -> list[int]:
        if self.family in MARKS:
            return mark_keys(self.family, fields)
        if self.family != "event":
            return natural_keys(self.family, fields)
        own = fields.get("message_id") or [None] * len(fields["content"])
        ids = [
            given or f"row-{content % (1 << 64):016x}" for given, content in zip(own, fields["content"], strict=True)
        ]
        fields["message_id"] = ids
        return [hash64(self.origin.source, one) for one in ids]


def _each_unbound(fields: Fields, rows: Sequence[int]) -> Staged:
    """An unbinding for each identifier of each row; it names nobody."""
    found = [(place, node) for place, row in enumerate(fields["identifiers"]) for _type, node in row]
    told = {name: [values[place] for place, _node in found] for name, values in fields.items()}
    told |= {"identifiers": [()] * len(found), "node": [node for _place, node in found]}
    return Staged(told, [rows[place] for place, _node in found])


def _same(value: Any) -> Values:
    return lambda batch: [value] * len(batch)


def _without(staged: Staged, faults: Faults) -> tuple[Fields, Sequence[int]]:
    if not faults:
        return dict(staged.fields), staged.rows
    good = [row not in faults for row in staged.rows]
    return {name: list(compress(values, good)) for name, values in staged.fields.items()}, list(
        compress(staged.rows, good)
    )


NO_ID: Final = Bad("id.missing", _("The row has no number or id. Without it the row cannot be told from others."))
NO_MOMENT: Final = Bad("date.missing", _("The row has no date. Fill it in, or say the day at import."))
NO_TAG: Final = Bad("tag.missing", _("The row names no tag. Fill it in, or say the tag at import."))
NO_ONE: Final = Bad(
    "customer.unknown", _("The row names nobody: no phone, member number or other id that can be used.")
)
