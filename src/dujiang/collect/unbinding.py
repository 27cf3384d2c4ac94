"""Unbindings: an identifier was taken off whomever it was bound to, at a moment. Ways in: calls of a tracker, and by hand."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, Final

import pyarrow as pa

from dujiang.collect.decode import StagedEvent
from dujiang.collect.identifiers import Identifier, base_type
from dujiang.foundation.facts import FAMILIES
from dujiang.foundation.ids import hash64

UNBINDING: Final = "unbinding"
"""The family."""
UNBINDING_EVENT: Final = "id_unbound"
_WHOSE: Final = frozenset({"user_id", "anonymous_id", "device_id"})
"""Types that say from whom something is taken off; what an unbinding names beside them is taken off."""


def unbound(events: Sequence[StagedEvent]) -> tuple[list[StagedEvent], dict[str, pa.Table]]:
    """The events without the identifiers that they unbind, and the unbindings by family; ``line`` is the event's place.

    An event ``Id Unbound`` unbinds what it names beside login and device; where it names nothing else but one identifier,
    that one. What is unbound is taken out of the event, which would tie it to the others anew.
    """
    kept: list[StagedEvent] = []
    rows: list[dict[str, Any]] = []
    for line, event in enumerate(events):
        named = _unbound(event.identifiers) if event.name == UNBINDING_EVENT else []
        rows += [_row(one.node, event.source, event.channel, event.at, event.received_at, line) for one in named]
        rest = [one for one in event.identifiers if one not in named]
        kept.append(event._replace(identifiers=rest) if named else event)
    return kept, {UNBINDING: _table(rows)} if rows else {}


def _unbound(identifiers: Sequence[Identifier]) -> list[Identifier]:
    named = [one for one in identifiers if base_type(one.type) not in _WHOSE]
    return named or (list(identifiers) if len(identifiers) == 1 else [])


def _row(node: int, source: str, channel: str, at: datetime, received_at: datetime, line: int) -> dict[str, Any]:
    moment = str(round(at.timestamp() * 1_000_000))
    return {
        "key": hash64("unbinding", source, str(node), moment),
        "content": hash64("unbinding"),
        "source": source,
        "channel": channel,
        "at": at,
        "received_at": received_at,
        "identifiers": [],
        "properties": "{}",
        "node": node,
        "line": line,
    }


def _table(rows: Iterable[dict[str, Any]]) -> pa.Table:
    fields = [field for field in FAMILIES[UNBINDING] if field.name not in ("seq", "batch")]
    return pa.Table.from_pylist(list(rows), schema=pa.schema([*fields, pa.field("line", pa.int64())]))
