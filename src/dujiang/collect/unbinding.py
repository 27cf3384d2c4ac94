"""Unbindings: an identifier was taken off whomever it was bound to, at a moment. Ways in: calls of a tracker, and by hand."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, Final

import pyarrow as pa

from dujiang.collect.decode import StagedEvent
from dujiang.collect.identifiers import Identifier, base_type
from dujiang.collect.marks import BY_HAND
from dujiang.collect.sift import Settled, Sift
from dujiang.foundation.clock import Clock
from dujiang.foundation.facts import FAMILIES
from dujiang.foundation.ids import hash64, new_id

UNBINDING_EVENT: Final = "id_unbound"
_WHOSE: Final = frozenset({"user_id", "anonymous_id", "device_id"})
"""Types that say from whom something is taken off; what an unbinding names beside them is taken off."""


class Unbindings:
    """Takes unbindings that are entered by hand."""

    def __init__(self, sift: Sift, clock: Clock) -> None:
        self._sift, self._clock = sift, clock

    def enter(self, node: int, at: datetime | None = None) -> Settled:
        """Keep that an identifier was unbound; one that is known for the same moment is not kept twice.

        Args:
            node: the identifier.
            at: when; None, or a moment to come, for now.
        """
        now = self._clock.now()
        row = _row(node, BY_HAND, "", min(at or now, now), now, 0)
        with self._sift.open(new_id("imp")) as sieve:
            sieve.add({"unbinding": _table([row])})
            return sieve.settle()


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
    return kept, {"unbinding": _table(rows)} if rows else {}


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
    fields = [field for field in FAMILIES["unbinding"] if field.name not in ("seq", "batch")]
    return pa.Table.from_pylist(list(rows), schema=pa.schema([*fields, pa.field("line", pa.int64())]))
