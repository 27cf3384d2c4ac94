"""The reference of all metrics as Markdown: ``python -m dujiang.insight.reference > docs/reference/metrics.md``."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any, Final, get_args

from dujiang.insight.catalogue import Catalogue, Metric, bands, presets
from dujiang.insight.model import Condition, Group, MetricSpec

_HEAD: Final = """# Metrics

Every number of every page, report and rule comes from one of these {count} definitions. What the words mean, how periods are
compared and why a number may be undefined: [the metric layer](../concepts/metrics.md). A brand changes a metric by a
definition of the same name and adds its own under a new one.

Money is in minor units, a percent is a fraction, a duration is in milliseconds. This page is written by
`python -m dujiang.insight.reference`.
"""


def reference(metrics: Catalogue) -> str:
    """All metrics of a catalogue by group, in the order of their files."""
    parts = [_HEAD.format(count=len(metrics))]
    for group in get_args(Group):
        found = [metric for metric in metrics if metric.spec.group == group]
        if found:
            parts.append(f"\n## {group.capitalize()}\n")
            parts += ["".join(_entry(metrics, metric)) for metric in found]
    return "".join(parts)


def _entry(metrics: Catalogue, metric: Metric) -> Iterator[str]:
    spec = metric.spec
    yield f"\n### `{metric.name}` {metric.label('zh')} · {metric.label('en')}\n\n"
    yield f"{metric.definition.description['en']} {metric.definition.description['zh']}\n\n"
    yield f"* **Formula**: {spec.formula['en']} {spec.formula['zh']}\n"
    yield f"* **Computed as**: {' '.join(_computed(spec))}\n"
    yield f"* **Unit**: {spec.unit}; good direction: {spec.direction}\n"
    yield f"* **Summable over**: {', '.join(metrics.additive_over(metric.name)) or 'nothing, it is computed anew'}\n"
    yield f"* **Dimensions**: {', '.join(metrics.dimensions(metric.name))}\n"
    for band in bands():
        if band.spec["metric"] == metric.name:
            yield f"* **Healthy**: {_healthy(band.spec)}\n"
    if spec.differs:
        yield f"* **Why platforms differ**: {spec.differs['en']} {spec.differs['zh']}\n"
    if spec.caveat:
        yield f"* **What it leaves out**: {spec.caveat['en']} {spec.caveat['zh']}\n"


_AGAINST: Final = {
    "previous": "the period before", "last_year": "last year", "weekday": "the same weekdays a year ago",
}  # fmt: skip


def _healthy(band: dict[str, Any]) -> str:
    edges = (("at least", "at_least"), ("at most", "at_most"), ("down by at most", "fall"), ("up by at most", "rise"))
    said = " and ".join(f"{words} {band[key]}" for words, key in edges if key in band)
    said += f" against {_AGAINST[band['against']]}" if "against" in band else ""
    each = f", each {band['by']}" if band.get("by") else ""
    days = f", {band['days']} days in a row" if band.get("days") else ""
    return f"{said}{each}{days}"


def _computed(spec: MetricSpec) -> Iterator[str]:
    if spec.type == "ratio":
        yield f"`{spec.numerator}` ÷ `{spec.denominator}`" + (" of all channels" if spec.of_total else "")
    elif spec.type == "derived":
        yield f"`{spec.expression}`"
    elif spec.type == "cumulative":
        days = "from the beginning" if spec.window_days is None else f"over {spec.window_days} days"
        yield f"`{spec.of}` {days} up to the end of each step"
    elif spec.type == "conversion":
        yield f"people of `{spec.start}` who are in `{spec.goal}` {spec.after_days} to {spec.within_days} days later"
    else:
        yield from _simple(spec)


def _simple(spec: MetricSpec) -> Iterator[str]:
    column = ", ".join(spec.columns) or spec.column or "rows"
    yield f"{spec.aggregate} of `{column}` in `{spec.table}` by `{spec.date}`"
    if spec.channel:
        yield f"(channel: `{spec.channel}`)"
    if spec.where:
        yield "where " + " and ".join(f"`{_condition(one)}`" for one in spec.where)
    if spec.spread:
        yield f"of people with at least two values of `{spec.spread}`"


def _condition(one: Condition) -> str:
    value = "" if one.value is None else f" {one.value}"
    return f"{one.column} {one.op}{value}"


if __name__ == "__main__":
    sys.stdout.write(reference(Catalogue(presets())))
