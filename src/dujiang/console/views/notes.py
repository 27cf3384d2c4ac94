"""What explains a turn in a line: promotions, and the notes that people make. They stand on every chart over days."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta

from dujiang.console.components import Chart, Flag
from dujiang.console.visit import Visit
from dujiang.foundation.timewindows import Period
from dujiang.insight.dashboard import PROMOTION_NAMES, Annotation, notes_within


def noted(visit: Visit, chart: Chart) -> Chart:
    """The chart with a flag for each note at the step in which it begins; as it is where it does not go over days."""
    days = chart.days
    if len(days) < 2:
        return chart
    shown = Period(days[0], days[-1] + (days[-1] - days[-2]) - timedelta(1))
    flags = [Flag(_step(days, one.period.first), label(visit, one)) for one in within(visit, shown)]
    return replace(chart, flags=(*chart.flags, *flags))


def within(visit: Visit, period: Period) -> tuple[Annotation, ...]:
    """Notes that touch the period and the channels that the address names, oldest first."""
    channels = tuple(filter(None, visit.request.query_params.getlist("channel")))
    return notes_within(period, channels, visit.annotations)


def own(visit: Visit, period: Period) -> list[tuple[str, str, date]]:
    """Those of them that people made: name, text and first day."""
    notes = within(visit, period)
    return [(one.name, label(visit, one), one.period.first) for one in notes if one.source == "annotation"]


def label(visit: Visit, note: Annotation) -> str:
    """A note in the reader's language."""
    if note.source == "promotion":
        return visit.text(PROMOTION_NAMES[note.name])
    return visit.own(note.title, note.name)


def _step(days: Sequence[date], day: date) -> str:
    return max((one for one in days if one <= day), default=days[0]).isoformat()
