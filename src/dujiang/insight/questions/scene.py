"""What an analysis may look at while it answers: one committed state of the engine, and the people asked about."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Protocol, TypeVar
from zoneinfo import ZoneInfo

import duckdb

from dujiang.engine.columns import Whole
from dujiang.engine.timeline import Timeline
from dujiang.foundation.definitions import Definition
from dujiang.foundation.timewindows import Period
from dujiang.insight.service import MetricService

T = TypeVar("T")


class Remember(Protocol):
    """Recalls what was worked out for ``key`` since the last refresh, or works it out."""

    def __call__(self, key: Hashable, work: Callable[[], T], /) -> T:
        """What ``work`` gives, now or before."""
        ...


def forgetful(_key: Hashable, work: Callable[[], T], /) -> T:
    """Remembers nothing."""
    return work()


@dataclass(frozen=True, eq=False)
class Scene:
    """Handed to every analysis.

    Attributes:
        con: sees one committed state of the engine.
        timeline: the sorted events of all persons.
        metrics: the metric layer.
        zone: whose days are meant.
        today: the brand's day.
        period: the days asked about (or those of the comparison).
        people: the sorted persons whom the question is limited to; None for everybody.
        tags: the tags in force, by name, and what kind of value each holds.
        definitions: the brand's definitions, by kind and name.
        remember: for what an analysis needs whatever the days and the people asked about; the same until the next refresh.
    """

    con: duckdb.DuckDBPyConnection
    timeline: Timeline
    metrics: MetricService
    zone: ZoneInfo
    today: date
    period: Period
    people: Whole | None
    tags: Mapping[str, str] = field(default_factory=dict)
    definitions: Mapping[tuple[str, str], Definition] = field(default_factory=dict)
    remember: Remember = forgetful
