"""Completeness as a service: counts by hour, gaps of every source, and the platform's totals against ours."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pyarrow as pa

from dujiang.collect.completeness import (
    HOUR,
    WEEKS,
    Gap,
    HourCount,
    TotalCheck,
    burstiness,
    expectation,
    find_gaps,
    hours_between,
    judge,
)
from dujiang.collect.model import SourceSpec
from dujiang.collect.sift import Settled, Sift
from dujiang.engine.duck import Engine
from dujiang.foundation.clock import Clock
from dujiang.foundation.definitions import Definition
from dujiang.foundation.errors import InvalidInput
from dujiang.foundation.facts import FAMILIES
from dujiang.foundation.i18n import _
from dujiang.foundation.ids import hash64, new_id
from dujiang.foundation.timewindows import Period
from dujiang.store.manifest import Count, Manifest

TOTALS_SOURCE = "platform-totals"
TOTAL_MAX = 10**15

CurrentDefinitions = Callable[[str], Mapping[tuple[str, str], Definition]]


@dataclass(frozen=True)
class SourceState:
    """One source over a period.

    Attributes:
        channel: its channel; empty for a source that nobody defined.
        last_received: when it last sent something; None if never.
        silent: it has been silent up to now for longer than its definition allows.
    """

    source: str
    title: Mapping[str, str]
    channel: str
    received: int
    accepted: int
    rejected: int
    duplicate: int
    conflict: int
    last_received: datetime | None
    gaps: tuple[Gap, ...]
    silent: bool


@dataclass(frozen=True)
class EnteredTotal:
    """A platform's own total, as a person enters it."""

    channel: str
    shop: str
    day: date
    orders: int
    gmv_minor: int
    hour: int | None = None


class Completeness:
    """Answers what came, what should have come, and what the platforms say."""

    def __init__(
        self, manifest: Manifest, engine: Engine, sift: Sift, definitions: CurrentDefinitions, clock: Clock
    ) -> None:
        self._manifest, self._engine, self._sift = manifest, engine, sift
        self._definitions, self._clock = definitions, clock

    def hours(self, source: str, first: datetime, last: datetime) -> list[HourCount]:
        """Every hour of ``source`` from ``first`` to ``last`` (excluded), with what it should have brought."""
        since = first - timedelta(weeks=WEEKS)
        counts = {one.hour: one for one in self._manifest.counts(source, since, last)}
        return _judged(counts, first, last, self._manifest.first_hours().get(source))

    def sources(self, first: datetime, last: datetime) -> list[SourceState]:
        """Every source that is defined or has sent something, with its counts and gaps from ``first`` to ``last``."""
        defined = {name: one for (_kind, name), one in self._definitions("source").items()}
        by_source: dict[str, dict[datetime, Count]] = defaultdict(dict)
        for count in self._manifest.counts(None, first - timedelta(weeks=WEEKS), last):
            by_source[count.source][count.hour] = count
        names = sorted({*defined, *by_source})
        births = self._manifest.first_hours()
        return [_state(name, defined.get(name), by_source[name], births.get(name), first, last) for name in names]

    def totals(self, period: Period) -> list[TotalCheck]:
        """Ours against the platform's totals, for every shop and day of ``period`` that has either."""
        with self._engine.read() as con:
            rows = con.execute(_TOTALS, [period.first, period.last, period.first, period.last]).fetchall()
        return [TotalCheck(*row) for row in rows]

    def enter(self, totals: Sequence[EnteredTotal]) -> Settled:
        """Keep platform totals that a person entered; a later entry for the same shop, day and hour replaces the earlier.

        Raises:
            InvalidInput: ``total.negative``, ``total.too_large``, ``total.bad_hour`` or ``time.out_of_range``.
        """
        for total in totals:
            _check(total)
        now = self._clock.now()
        table = _totals_table(totals, now)
        with self._sift.open(new_id("imp")) as sieve:
            sieve.add({"platform_total": table})
            return sieve.settle()


def _state(
    name: str,
    definition: Definition | None,
    counts: Mapping[datetime, Count],
    birth: datetime | None,
    first: datetime,
    last: datetime,
) -> SourceState:
    hours = _judged(counts, first, last, birth)
    within = [one for hour, one in counts.items() if first <= hour < last]
    received = [hour for hour, one in counts.items() if one.received]
    spec = SourceSpec.model_validate(definition.spec) if definition else None
    gaps = tuple(find_gaps(name, hours)) if spec is None or spec.type == "tracking" else ()
    patience = timedelta(minutes=spec.silence_minutes) if spec else timedelta(hours=2)
    return SourceState(
        source=name,
        title=definition.title if definition else {},
        channel=spec.channel if spec else "",
        received=sum(one.received for one in within),
        accepted=sum(one.accepted for one in within),
        rejected=sum(one.rejected for one in within),
        duplicate=sum(one.duplicate for one in within),
        conflict=sum(one.conflict for one in within),
        last_received=max(received, default=None),
        gaps=gaps,
        silent=bool(gaps) and gaps[-1].last >= last - HOUR and gaps[-1].last - gaps[-1].first >= patience,
    )


def _judged(
    counts: Mapping[datetime, Count], first: datetime, last: datetime, birth: datetime | None
) -> list[HourCount]:
    received = {hour: one.received for hour, one in counts.items()}
    if birth is not None:
        received.setdefault(max(birth, first.replace(minute=0, second=0, microsecond=0) - timedelta(weeks=WEEKS)), 0)
    judged = []
    burst = burstiness(received, first)
    for hour in hours_between(first, last):
        one = counts.get(hour, Count("", hour, 0, 0, 0, 0, 0))
        expected = expectation(received, hour) if birth is not None and hour > birth else None
        verdict = judge(one.received, expected, burst)
        judged.append(
            HourCount(hour, one.received, one.accepted, one.rejected, one.duplicate, one.conflict, expected, verdict)
        )
    return judged


def _check(total: EnteredTotal) -> None:
    if total.orders < 0 or total.gmv_minor < 0:
        raise InvalidInput(
            "total.negative", _("A total cannot be negative. Enter orders and GMV as the platform shows them.")
        )
    if max(total.orders, total.gmv_minor) > TOTAL_MAX:
        raise InvalidInput("total.too_large", _("No total is as large as this one. Count its digits."))
    Period(total.day, total.day)  # refuses days that no calendar of ours has
    if total.hour is not None and not 0 <= total.hour <= 23:
        raise InvalidInput("total.bad_hour", _("“{hour}” is not an hour of the day. Use 0 to 23."), hour=total.hour)


def _totals_table(totals: Sequence[EnteredTotal], now: datetime) -> pa.Table:
    rows: list[dict[str, Any]] = []
    for line, total in enumerate(totals):
        key = hash64("platform_total", total.channel, total.shop, total.day.isoformat(), str(total.hour))
        content = hash64(str(key), str(total.orders), str(total.gmv_minor), now.isoformat())
        rows.append(
            {
                "key": key,
                "content": content,
                "source": TOTALS_SOURCE,
                "channel": total.channel,
                "at": datetime(total.day.year, total.day.month, total.day.day, total.hour or 0, tzinfo=UTC),
                "received_at": now,
                "identifiers": [],
                "properties": "{}",
                "shop": total.shop,
                "day": total.day,
                "hour": total.hour,
                "orders": total.orders,
                "gmv_minor": total.gmv_minor,
                "line": line,
            }
        )
    fields = [field for field in FAMILIES["platform_total"] if field.name not in ("seq", "batch")]
    return pa.Table.from_pylist(rows, schema=pa.schema([*fields, pa.field("line", pa.int64())]))


_TOTALS = """
with ours as (
    select channel, coalesce(shop, '') shop, day, count(*) orders, sum(paid_minor)::bigint gmv
    from orders where status = 'valid' and day between ? and ? group by all
), latest as (
    select channel, coalesce(shop, '') shop, day, hour, arg_max(orders, seq) orders, arg_max(gmv_minor, seq) gmv
    from fact_platform_total where day between ? and ? group by all
), theirs as (
    select channel, shop, day,
           coalesce(max(orders) filter (hour is null), sum(orders))::bigint orders,
           coalesce(max(gmv) filter (hour is null), sum(gmv))::bigint gmv
    from latest group by all
), shops as (select distinct channel, shop from theirs)
select coalesce(o.channel, t.channel), coalesce(o.shop, t.shop), coalesce(o.day, t.day),
       coalesce(o.orders, 0), coalesce(o.gmv, 0), t.orders, t.gmv
from (select ours.* from ours semi join shops using (channel, shop)) o
full join theirs t on o.channel = t.channel and o.shop = t.shop and o.day = t.day
order by 3 desc, 1, 2
"""
