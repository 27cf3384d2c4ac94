"""From the metrics that are asked for to the fewest passes over tables that answer them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal, NamedTuple

from dujiang.foundation.timewindows import Grain, Period
from dujiang.insight.catalogue import Catalogue, Metric
from dujiang.insight.model import WHOLE, Condition
from dujiang.insight.selection import Scan

Level = Literal["total", "line", "rows"]
Periods = tuple[tuple[int, Period], ...]


class Need(NamedTuple):
    """A metric that tables answer directly; ``everywhere`` where conditions on the channel do not count for it."""

    metric: Metric
    everywhere: bool = False


@dataclass(frozen=True)
class Ask:
    """What a question is divided by and restricted to."""

    periods: Periods
    grain: Grain | None
    by: tuple[str, ...]
    where: tuple[Condition, ...]
    zone: str
    limited: bool = False
    """Only what the persons given to the connection did."""
    some_days: bool = False
    """Only what happened on the days given to the connection."""


def narrowed(where: Iterable[Condition]) -> bool:
    """Whether some channels are left out, so that a share needs the whole beside them."""
    return any(one.column == "channel" for one in where)


def needs(catalogue: Catalogue, names: Iterable[str], where: tuple[Condition, ...]) -> list[Need]:
    """Everything that has to be asked of tables in order to compute the metrics ``names``, each once."""
    found = (need for name in names for need in _needs(catalogue, catalogue.get(name), False))
    apart = narrowed(where)
    return list(dict.fromkeys(Need(need.metric, need.everywhere and apart) for need in found))


def _needs(catalogue: Catalogue, metric: Metric, everywhere: bool) -> Iterator[Need]:
    spec = metric.spec
    if spec.type in ("simple", "cumulative", "conversion"):
        yield Need(metric, everywhere)
        return
    for part in spec.parts():
        whole = everywhere or (spec.of_total and part == spec.denominator)
        yield from _needs(catalogue, catalogue.get(part), whole)
    if spec.of_total and spec.numerator == spec.denominator:
        yield from _needs(catalogue, catalogue.get(spec.numerator), everywhere)


def scans(wanted: list[Need], ask: Ask) -> Iterator[tuple[list[Need], Scan]]:
    """The passes for the simple metrics among ``wanted``: one for each table, day, channel column and selection."""
    groups: dict[object, list[Need]] = {}
    for need in wanted:
        if need.metric.spec.type == "simple":
            groups.setdefault(_shared(need, ask), []).append(need)
    for group in groups.values():
        metrics = tuple(need.metric for need in group)
        yield group, scan_of(metrics, group[0].metric, ask, group[0].everywhere)


def scan_of(metrics: tuple[Metric, ...], rows_of: Metric, ask: Ask, everywhere: bool) -> Scan:
    """A scan for ``metrics``, which read the rows of ``rows_of``."""
    where = tuple(one for one in ask.where if not (everywhere and one.column == "channel"))
    spread = "" if _counts_spread(rows_of, ask) else rows_of.spec.spread
    return Scan(
        metrics, rows_of, ask.periods, ask.grain, ask.by, where, ask.zone, spread,
        limited=ask.limited, some_days=ask.some_days,
    )  # fmt: skip


def _shared(need: Need, ask: Ask) -> object:
    """Needs with the same one can be answered together."""
    spec = need.metric.spec
    alone = need.metric.name if spec.spread and not _counts_spread(need.metric, ask) else ""
    return spec.table, spec.date, spec.channel, need.everywhere, alone, spec.aggregate in WHOLE


def _counts_spread(metric: Metric, ask: Ask) -> bool:
    """Whether people in several places can be told while people are counted: not where places are divided or chosen."""
    places = (*ask.by, *(one.column for one in ask.where))
    return bool(metric.spec.spread) and metric.spec.spread not in places


def together(periods: Periods) -> list[Periods]:
    """The periods in groups whose days do not overlap, so that each row belongs to one at most."""
    if len(periods) == 2 and periods[1][1].last >= periods[0][1].first and periods[1][1].first <= periods[0][1].last:
        return [(periods[0],), (periods[1],)]
    return [periods]
