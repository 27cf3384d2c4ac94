"""Fields into facts: keys, contents, amounts that belong together, and Arrow columns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from hashlib import blake2b
from typing import Any, Final

import msgspec
import numpy as np
import pyarrow as pa

from dujiang.collect.exports.statuses import STRENGTH
from dujiang.foundation.facts import FAMILIES, IDENTIFIERS, MOMENT

Fields = dict[str, list[Any]]
"""Values by field; every list as long as there are facts."""

KEYS: Final[dict[str, tuple[str, ...]]] = {
    "order": ("channel", "shop", "order_no"),
    "order_line": ("channel", "shop", "order_no", "line_no"),
    "refund": ("channel", "shop", "refund_no"),
    "spend": ("channel", "account", "level", "unit_id", "day", "window"),
    "traffic": ("channel", "shop", "level", "unit", "day"),
    "conversation": ("source", "conversation_id"),
    "platform_total": ("channel", "shop", "day", "hour"),
    "unbinding": ("source", "node", "at"),
}
"""What makes a fact itself: two rows with equal values here are versions of one fact."""

_MADE: Final = frozenset({"key", "content", "seq", "batch", "source", "channel", "received_at"})
SCHEMAS: Final = {
    family: pa.schema(
        [*(field for field in schema if field.name not in ("seq", "batch")), pa.field("line", pa.int64())]
    )
    for family, schema in FAMILIES.items()
}
"""What a chunk's tables look like: the family's columns without those that the loader gives, and the row of the file."""

_encode = msgspec.msgpack.Encoder().encode


def settle_amounts(fields: Fields, *, discount_stated: bool) -> None:
    """Make the amounts of orders or lines agree with the status: nothing was paid for an order that is not valid, and
    gross + freight − discount = paid."""
    if "status" not in fields or "paid_minor" not in fields:
        return
    status, paid = fields["status"], fields["paid_minor"]
    fields["paid_minor"] = [
        amount if one == "valid" or amount is None else 0 for one, amount in zip(status, paid, strict=True)
    ]
    if not discount_stated and "gross_minor" in fields:
        freight = fields.get("freight_minor") or [None] * len(paid)
        together = zip(status, fields["gross_minor"], freight, paid, strict=True)
        fields["discount_minor"] = [_discount(*row) for row in together]


def _discount(status: str, gross: int | None, freight: int | None, paid: int | None) -> int | None:
    return gross + (freight or 0) - paid if status == "valid" and gross is not None and paid is not None else None


def merge_orders(fields: Fields, line: list[int]) -> tuple[Fields, list[int]]:
    """One fact for each order: of several rows the last that states a field wins, and the strongest status."""
    place: dict[str, list[int]] = {}
    for row, order_no in enumerate(fields["order_no"]):
        place.setdefault(order_no, []).append(row)
    if len(place) == len(line):
        return fields, line
    groups = list(place.values())
    merged = {name: [_last(values, group) for group in groups] for name, values in fields.items()}
    if "status" in fields:
        merged["status"] = [max((fields["status"][row] for row in group), key=STRENGTH.__getitem__) for group in groups]
    return merged, [line[group[0]] for group in groups]


def _last(values: Sequence[Any], group: Sequence[int]) -> Any:
    if len(group) == 1:
        return values[group[0]]
    stated = (values[row] for row in reversed(group) if values[row] not in (None, (), ""))
    return next(stated, values[group[-1]])


def contents(family: str, fields: Fields) -> list[int]:
    """A hash of everything that each fact states."""
    names = sorted(name for name in fields if name not in _MADE)
    head = framed(f"{family}:{','.join(names)}")
    return [_hash(head + _encode(row)) for row in zip(*(fields[name] for name in names), strict=True)]


def natural_keys(family: str, fields: Fields) -> list[int]:
    """The key of each fact, from what makes it itself: :func:`~dujiang.foundation.ids.hash64` of family and parts."""
    columns = [fields.get(name) for name in KEYS[family]]
    size = len(next(column for column in columns if column is not None))
    head, varying = framed(family), []
    for column in columns:
        told = set(column) if column is not None else {None}
        if not varying and len(told) == 1:
            head += framed(_key_text(told.pop()))
        else:
            varying.append([framed(_key_text(value)) for value in column or [None] * size])
    if not varying:
        return [_hash(head)] * size
    return [_hash(head + b"".join(row)) for row in zip(*varying, strict=True)]


def framed(text: str) -> bytes:
    """A part of what is hashed, with its length before it, so that ``ab, c`` and ``a, bc`` differ."""
    data = text.encode()
    return len(data).to_bytes(4, "little") + data


def _hash(data: bytes) -> int:
    return int.from_bytes(blake2b(data, digest_size=8).digest(), "little", signed=True)


def _key_text(value: Any) -> str:
    return value if value.__class__ is str else "" if value is None else str(value)


def table(family: str, fields: Fields, line: Sequence[int], same: Mapping[str, Any]) -> pa.Table:
    """The facts as an Arrow table; fields that no rule states are null, those in ``same`` are alike in every row."""
    schema = SCHEMAS[family]
    alike = {name: pa.repeat(pa.scalar(value, schema.field(name).type), len(line)) for name, value in same.items()}
    made = alike | {"line": pa.array(line, pa.int64())}
    columns = [
        made[field.name] if field.name in made else _array(field, fields.get(field.name), len(line)) for field in schema
    ]
    return pa.Table.from_arrays(columns, schema=schema)


def _array(field: pa.Field, values: list[Any] | None, size: int) -> pa.Array:
    if field.type == IDENTIFIERS:
        return _identifiers(values or [()] * size)
    if values is None:
        return pa.nulls(size, field.type)
    if field.type == MOMENT:
        return pa.array(values, pa.int64()).cast(MOMENT)
    return pa.array(values, field.type)


def _identifiers(rows: Sequence[Sequence[tuple[str, int]]]) -> pa.Array:
    offsets = np.zeros(len(rows) + 1, np.int32)
    np.cumsum([len(row) for row in rows], out=offsets[1:])
    flat = [one for row in rows for one in row]
    types = pa.array([one[0] for one in flat], pa.string())
    nodes = pa.array([one[1] for one in flat], pa.int64())
    struct = pa.StructArray.from_arrays([types, nodes], fields=list(IDENTIFIERS.value_type))
    return pa.ListArray.from_arrays(pa.array(offsets), struct, type=IDENTIFIERS)
