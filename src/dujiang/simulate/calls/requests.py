"""Events put into requests, and requests into files: a JSON object a line, oldest first.

Each source's server hands on what it has at least once an hour, in batches of up to a hundred. Now and then an answer gets
lost and the same batch comes twice.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, Protocol

import numpy as np
import pyarrow as pa

from dujiang.simulate.brand import INCIDENTS
from dujiang.simulate.calls.others import posthog_events, sensors_body, sensors_events
from dujiang.simulate.calls.segment import segment_events
from dujiang.simulate.draws import Flags, Ints
from dujiang.simulate.events import FORM_SENT, FORM_STEP, Events
from dujiang.simulate.texts import Moments, join, pc, take
from dujiang.simulate.visits import APP, SOURCES, TABLET, WEB
from dujiang.simulate.world import World

BATCH: Final = 100
_HOUR_MS: Final = 3_600_000
_RETRIES: Final = 0.004
_CHUNK: Final = 60_000
PATHS: Final = ("/v1/batch", "/v1/batch", "/sa", "/batch/", "/v1/batch")
_JSON: Final = '{"Content-Type":"application/json"}'
_FORM: Final = '{"Content-Type":"application/x-www-form-urlencoded"}'


class SupportsWrite(Protocol):
    """Something that bytes can be written to."""

    def write(self, data: bytes, /) -> Any:
        """Write them."""
        ...


class Counts:
    """What the requests hold, by source and hour of arrival: received = accepted + rejected + duplicate."""

    def __init__(self, days: int) -> None:
        self._sums = np.zeros((3, len(SOURCES), days * 24), np.int64)
        self.requests = 0

    @property
    def events(self) -> int:
        """Events in all requests so far, repeated ones included."""
        return int(self._sums[0].sum())

    def add(self, one: _Requests) -> None:
        """Count some requests of one source."""
        hour = one.received_ms // _HOUR_MS
        repeated = np.where(one.again, one.events - one.broken, 0)
        for sums, values in zip(self._sums, (one.events, one.broken, repeated), strict=True):
            np.add.at(sums[one.source], hour, values)
        self.requests += len(hour)

    def table(self, moments: Moments) -> pa.Table:
        """A row for each source and hour in which anything arrived."""
        source, hour = np.nonzero(self._sums[0])
        received, rejected, duplicate = self._sums[:, source, hour]
        return pa.table(
            {
                "source": take(SOURCES, source),
                "hour": moments.moments(hour * 3600),
                "received": received,
                "accepted": received - rejected - duplicate,
                "rejected": rejected,
                "duplicate": duplicate,
            }
        )


@dataclass(frozen=True)
class _Requests:
    source: int
    received_ms: Ints
    events: Ints
    broken: Ints
    again: Flags
    lines: pa.Array


def write_calls(world: World, moments: Moments, events: Events, stream: SupportsWrite, counts: Counts) -> None:
    """Write the requests that carry ``events`` (in any order) to ``stream``, and add what they hold to ``counts``."""
    order = np.lexsort((events.place, events.nth, events.why, events.person, events.source, events.at_ms))
    events = events.pick(order)
    for first, last in _stretches(events.at_ms // (24 * _HOUR_MS)):
        stretch = events.pick(np.arange(first, last))
        found = [_requests(world, moments, source, stretch.pick(row)) for source, row in _senders(stretch)]
        _write(found, stream)
        for one in found:
            counts.add(one)


def _senders(events: Events) -> list[tuple[int, Ints]]:
    """Source and rows of what is sent together: what is told of forms goes by itself, and changes no other request."""
    of_form = np.isin(events.code, (FORM_STEP, FORM_SENT))
    rows = [
        (source, np.flatnonzero((events.source == source) & (of_form == apart)))
        for apart in (False, True)
        for source in range(len(SOURCES))
    ]
    return [(source, row) for source, row in rows if len(row)]


def _stretches(day: Ints) -> list[tuple[int, int]]:
    """Whole days put together to at most ``_CHUNK`` events, or one day if that has more."""
    edges = [*np.flatnonzero(np.diff(day, prepend=-1)).tolist(), len(day)]
    found, first = [], 0
    for edge, following in zip(edges[1:], [*edges[2:], None], strict=False):
        if following is None or following - first > _CHUNK:
            found.append((first, edge))
            first = edge
    return found


def _requests(world: World, moments: Moments, source: int, events: Events) -> _Requests:
    broken = _broken(world, events) if source == WEB else np.zeros(len(events), bool)
    first = _batches(events.at_ms)
    count = np.diff(np.append(first, len(events)))
    last = first + count - 1
    lag = 900 + world.draws.whole("lag", 2_500, events.person[last], events.at_ms[last])
    received = np.minimum(events.at_ms[last] + lag, world.days * 24 * _HOUR_MS - 1)
    bodies = _bodies(source, _texts(world, moments, source, events, broken), first, moments.utc(received - 300))
    again = np.flatnonzero(world.draws.chance("retry", _RETRIES, events.person[last], events.at_ms[last], source))
    row = np.concatenate([np.arange(len(first)), again])
    repeated = np.arange(len(row)) >= len(first)
    later = np.where(repeated, 4_000 + world.draws.whole("retry:when", 50_000, events.at_ms[last][row]), 0)
    when = np.minimum(received[row] + later, world.days * 24 * _HOUR_MS - 1)
    bad = np.add.reduceat(broken.astype(np.int64), first)
    lines = join(
        '{"received_at":"', moments.utc(when), f'","path":"{PATHS[source]}","headers":{_FORM if source == APP else _JSON},',
        f'"key":"{SOURCES[source]}","body":"', pc.replace_substring(bodies.take(pa.array(row)), '"', '\\"'), '"}\n',
    )  # fmt: skip
    return _Requests(source, when, count[row], bad[row], repeated, lines)


def _batches(at_ms: Ints) -> Ints:
    """Where each request begins: with the hour, and after every hundredth event of it."""
    hour = at_ms // _HOUR_MS
    starts = np.flatnonzero(np.diff(hour, prepend=-1))
    within = np.arange(len(hour)) - np.repeat(starts, np.diff(np.append(starts, len(hour))))
    return np.flatnonzero(within % BATCH == 0)


def _broken(world: World, events: Events) -> Flags:
    """Events of a release of the site that wrote timestamps nobody can read."""
    found = np.zeros(len(events), bool)
    for one in INCIDENTS:
        if one.kind == "bad_release":
            first, last = world.incident_days(one)
            day = events.at_ms // (24 * _HOUR_MS)
            hit = world.draws.chance(one.name, one.factor, events.person, events.at_ms, events.place)
            found |= hit & (day >= first) & (day <= last)
    return found


def _texts(world: World, moments: Moments, source: int, events: Events, broken: Flags) -> pa.Array:
    if source == APP:
        return sensors_events(world, moments, events)
    if source == TABLET:
        return posthog_events(world, moments, events)
    return segment_events(world, moments, source, events, broken)


def _bodies(source: int, texts: pa.Array, first: Ints, sent: pa.Array) -> pa.Array:
    offsets = pa.array(np.append(first, len(texts)), pa.int32())
    joined = pc.binary_join(pa.ListArray.from_arrays(offsets, texts), ",")
    if source == APP:
        return pa.array([sensors_body(one) for one in joined.to_pylist()], pa.string())
    if source == TABLET:
        return join('{"batch":[', joined, '],"sent_at":"', sent, '"}')
    return join('{"batch":[', joined, '],"sentAt":"', sent, '"}')


def _write(found: list[_Requests], stream: SupportsWrite) -> None:
    when = np.concatenate([one.received_ms for one in found])
    source = np.concatenate([np.full(len(one.received_ms), one.source) for one in found])
    lines = pa.concat_arrays([one.lines for one in found]).take(pa.array(np.lexsort((source, when))))
    whole = pc.binary_join(pa.ListArray.from_arrays(pa.array([0, len(lines)], pa.int32()), lines), "")
    stream.write(whole[0].as_py().encode())
