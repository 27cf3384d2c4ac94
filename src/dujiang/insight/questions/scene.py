"""What an analysis may look at while it answers: one committed state of the engine, and the people asked about."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from zoneinfo import ZoneInfo

import duckdb

from dujiang.engine.columns import Whole
from dujiang.engine.timeline import Timeline
from dujiang.foundation.definitions import Definition
from dujiang.foundation.timewindows import Period
from dujiang.insight.service import MetricService


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
