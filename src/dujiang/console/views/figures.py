"""Figures of the metric layer as cards, charts and tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from dujiang.console import formats
from dujiang.console.charts.spark import spark
from dujiang.console.components import Card, Chart, Line
from dujiang.console.filters import COMPARISON_NAMES
from dujiang.console.sheets import Column, Sheet
from dujiang.console.visit import Visit
from dujiang.foundation.i18n import _
from dujiang.insight.answer import REASONS, Compared, MetricAnswer, Point
from dujiang.insight.catalogue import Metric

DIMENSIONS: Final[Mapping[str, str]] = {
    "channel": _("channel"),
    "shop": _("shop"),
    "province": _("province"),
    "city": _("city"),
    "store": _("store"),
    "guide": _("guide"),
    "part": _("part in the sale"),
    "promoter": _("promoter"),
    "traffic_source": _("traffic source"),
    "coupon": _("coupon"),
    "reason": _("reason"),
    "device": _("device"),
    "referrer": _("referrer"),
    "utm_source": _("UTM source"),
    "utm_medium": _("UTM medium"),
    "utm_campaign": _("UTM campaign"),
    "entry_page": _("entry page"),
    "exit_page": _("exit page"),
    "page": _("page"),
    "content_id": _("content"),
    "name": _("event"),
    "account": _("account"),
    "campaign": _("campaign"),
    "campaign_name": _("campaign name"),
    "agent": _("agent"),
    "topic": _("topic"),
    "gender": _("gender"),
    "member_level": _("member level"),
    "known": _("known or anonymous"),
    "first_channel": _("first channel"),
    "first_order_channel": _("channel of the first order"),
    "new_or_returning": _("new or returning"),
    "day": _("day"),
    "week": _("week"),
    "month": _("month"),
    "weekday": _("weekday"),
}
VALUES: Final[Mapping[str, str]] = {
    "direct": _("Sold directly"),
    "assist": _("Assisted sales"),
    "new": _("new"),
    "returning": _("returning"),
    "known": _("known"),
    "anonymous": _("anonymous"),
    "female": _("female"),
    "male": _("male"),
    "desktop": _("desktop"),
    "mobile": _("mobile"),
    "tablet": _("tablet"),
    "app": _("app"),
    "mini_program": _("mini-program"),
    "store": _("physical store"),
}
CHANNEL_DIMENSIONS: Final = frozenset({"channel", "first_channel", "first_order_channel"})


def dimension_label(visit: Visit, dimension: str) -> str:
    """What people call a dimension."""
    return visit.text(DIMENSIONS.get(dimension, dimension))


def value_label(visit: Visit, dimension: str, value: str | None) -> str:
    """What people call a value of a dimension."""
    if value is None:
        return visit.text(_("not stated"))
    if dimension in CHANNEL_DIMENSIONS:
        return visit.channel_label(value)
    return visit.text(VALUES[value]) if value in VALUES and dimension not in ("store", "name", "page") else value


def basis(visit: Visit) -> str:
    """What a change is measured against, in words."""
    return visit.text(_("against {what}"), what=comparison_label(visit))


def comparison_label(visit: Visit) -> str:
    """What the period is held against, in words."""
    against = visit.scope.against
    return f"{against.first} – {against.last}" if against else visit.text(COMPARISON_NAMES[visit.scope.comparison])


def missing(visit: Visit, figure: Compared) -> str:
    """Why there is no number; empty where there is one."""
    return visit.text(REASONS[figure.now.reason]) if figure.value is None and figure.now.reason else ""


def shown(visit: Visit, metric: Metric, value: float | None) -> str:
    """A metric's value with the decimals of its definition."""
    if value is not None and metric.spec.unit in ("count", "ratio") and metric.spec.decimals and abs(value) < 1e4:
        return f"{value:,.{metric.spec.decimals}f}"
    return visit.show(value, metric.spec.unit)


def card(visit: Visit, metric: Metric, figure: Compared, line: Sequence[Point] = (), href: str = "") -> Card:
    """A metric card with its sparkline."""
    has_people = figure.value is not None and bool(href)
    return Card(
        key=metric.name,
        label=metric.label(visit.locale),
        value=shown(visit, metric, figure.value),
        change=formats.change(figure.change) if figure.change is not None else "",
        tone=formats.tone(figure.change, metric.spec.direction),
        basis=basis(visit) if figure.change is not None else "",
        missing=missing(visit, figure),
        definition=visit.own(metric.spec.formula),
        href=href if has_people else visit.address(f"/metrics/{metric.name}"),
        spark=spark(*_values(line, metric.name)),
    )


def counted_card(
    visit: Visit, key: str, label: str, now: float | None, before: float | None, kind: formats.Kind
) -> Card:
    """A number of an answer's own, beside that of the earlier period; None for one that is undefined."""
    change = (now - before) / before if now is not None and before else None
    return Card(
        key=key,
        label=visit.text(label),
        value=visit.show(now, kind),
        change=formats.change(change) if change is not None else "",
        basis=basis(visit) if change is not None else "",
        missing="" if now is not None else visit.text(_("Nothing happened in this period.")),
    )


def _values(line: Sequence[Point], name: str) -> tuple[list[float | None], list[float | None]]:
    figures = [point.figures[name] for point in line if name in point.figures]
    before = [one.before.value if one.before else None for one in figures]
    return [one.value for one in figures], before if any(one is not None for one in before) else []


def trend(visit: Visit, points: Sequence[Point], metric: Metric, title: str) -> Chart:
    """A metric over time, with the earlier period as a thin dashed line."""
    now, then = _values(points, metric.name)
    line = Line(metric.label(visit.locale), now, 0, then, comparison_label(visit))
    labels = [point.start.isoformat() for point in points]
    return Chart(title, labels, (line,), metric.spec.unit, visit.currency)


def trend_sheet(visit: Visit, answer: MetricAnswer, name: str = "trend") -> Sheet:
    """The same as a table, for all metrics of the answer."""
    columns = [Column("day", visit.text(_("From")), "day")]
    for metric in answer.metrics:
        columns.append(Column(metric.name, metric.label(visit.locale), metric.spec.unit))
        if answer.comparison:
            label = visit.text(_("{metric}, before"), metric=metric.label(visit.locale))
            columns.append(Column(f"{metric.name}_before", label, metric.spec.unit))
    rows = []
    for point in answer.line:
        row: list[Any] = [point.start]
        for metric in answer.metrics:
            figure = point.figures[metric.name]
            row.append(figure.value)
            if answer.comparison:
                row.append(figure.before.value if figure.before else None)
        rows.append(tuple(row))
    return Sheet(name, tuple(columns), rows)
