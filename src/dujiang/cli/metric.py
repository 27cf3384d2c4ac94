"""``dujiang metric``: ask the metric layer."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from dujiang.cli.app import HERE, Folder, Json, app, opened
from dujiang.cli.output import locale, show_json, show_table
from dujiang.foundation.errors import InvalidInput
from dujiang.foundation.i18n import _, translate
from dujiang.foundation.money import format_money, format_number
from dujiang.foundation.timewindows import Comparison, Period, preset

if TYPE_CHECKING:
    from dujiang.insight.answer import Compared, MetricAnswer
    from dujiang.insight.catalogue import Metric
    from dujiang.insight.model import BandSpec
    from dujiang.workspace import Workspace


@app.command()
def metric(
    names: Annotated[
        list[str] | None, typer.Argument(help="Metrics; none: list them all / 指标，不填则列出全部")
    ] = None,
    period: Annotated[str, typer.Option(help="last7, last30, this_month, 618, double11 … / 时间")] = "last30",
    first: Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="First day / 起始日")] = None,
    last: Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Last day / 结束日")] = None,
    by: Annotated[list[str] | None, typer.Option(help="Divide by a dimension / 按维度拆分")] = None,
    compare: Annotated[Comparison, typer.Option(help="Compare with an earlier period / 对比")] = "previous",
    standing: Annotated[
        bool, typer.Option("--standing", help="Bands and goals, and where it stands / 健康区间与目标的现状")
    ] = False,
    folder: Folder = HERE,
    as_json: Json = False,
) -> None:
    """Ask for metrics / 查询指标"""
    from dujiang.insight.answer import MetricQuery

    with opened(folder) as workspace:
        metrics = workspace.metrics.catalogue()
        if not names:
            _list(list(metrics), as_json=as_json)
            return
        chosen = chosen_period(period, first, last, workspace.metrics.today())
        if standing:
            _stand(workspace, names, chosen, as_json=as_json)
            return
        question = MetricQuery(tuple(names), chosen, compare, by=tuple(by or ()))
        answer = workspace.metrics.query(question)
        currency = workspace.settings.brand.currency
    if as_json:
        show_json({"period": chosen, "totals": answer.totals, "rows": answer.rows})
    else:
        _show(answer, currency)


def chosen_period(name: str, first: datetime | None, last: datetime | None, today: date) -> Period:
    """The days that the options of a verb name.

    Raises:
        InvalidInput: ``metric.half_period`` or ``time.unknown_preset``.
    """
    if first and last:
        return Period(first.date(), last.date())
    if first or last:
        raise InvalidInput("metric.half_period", _("Give both --first and --last, or a --period."))
    return preset(name, today)


def _list(metrics: list[Metric], *, as_json: bool) -> None:
    if as_json:
        show_json([{"name": one.name, "title": one.definition.title, "formula": one.spec.formula} for one in metrics])
        return
    language = locale()
    rows = [(one.name, one.label(language), one.spec.formula.get(language, "")) for one in metrics]
    show_table([_("Metric"), _("Title"), _("Definition")], rows)


def _stand(workspace: Workspace, names: list[str], period: Period, *, as_json: bool) -> None:
    from dujiang.insight.standing import PROGRESSES, STANDINGS

    service, currency, language = workspace.metrics, workspace.settings.brand.currency, locale()
    bands = {name: service.standings(name, period) for name in names}
    goals = {name: service.progress(name) for name in names}
    if as_json:
        show_json({name: {"bands": bands[name], "goals": goals[name]} for name in names})
        return
    rows = []
    for name in names:
        metric = service.catalogue().get(name)

        def told(value: float | None, unit: str = metric.spec.unit) -> str:
            return written(value, unit, currency)

        label = metric.label(language)
        for band in bands[name]:
            wanted = _range(band.band, told)
            rows += [
                (label, one.key or "", told(one.value), wanted, translate(STANDINGS[one.standing], language))
                for one in band.held
            ]
        for goal in goals[name]:
            wanted = f"{told(goal.goal.target)} ({goal.goal.first} – {goal.goal.last})"
            rows.append((label, goal.name, told(goal.value), wanted, translate(PROGRESSES[goal.progress], language)))
    show_table([_("Metric"), _("Part"), _("Value"), _("Wanted"), _("Standing")], rows)


def _range(band: BandSpec, told: Callable[[float | None], str]) -> str:
    absolute = (
        f"{told(band.at_least)} … {told(band.at_most)}" if band.at_least is not None or band.at_most is not None else ""
    )
    low, high = (f"{sign}{edge:.0%}" if edge is not None else "" for sign, edge in (("−", band.fall), ("+", band.rise)))
    moved = f"{low or '–'} … {high or '–'} ({band.against})" if low or high else ""
    return " · ".join(filter(None, (absolute, moved)))


def _show(answer: MetricAnswer, currency: str) -> None:
    language = locale()
    units = {one.name: one.spec.unit for one in answer.metrics}
    parts = [("", answer.totals), *((" · ".join(key or "–" for key in row.keys), row.figures) for row in answer.rows)]
    rows = [
        (keys, one.label(language), *_cells(figures[one.name], units[one.name], currency))
        for keys, figures in parts
        for one in answer.metrics
    ]
    show_table([_("Part"), _("Metric"), _("Value"), _("Change")], rows)


def _cells(number: Compared, unit: str, currency: str) -> tuple[str, str]:
    change = "–" if number.change is None else f"{number.change:+.1%}"
    return written(number.value, unit, currency), change


def written(value: float | None, unit: str, currency: str) -> str:
    """A metric's value as the terminal shows it."""
    if value is None:
        return "–"
    if unit == "money":
        return format_money(round(value), locale(), currency)
    if unit == "percent":
        return f"{value:.1%}"
    if unit == "duration":
        return _span(value / 1000)
    return format_number(value, locale())


def _span(seconds: float) -> str:
    """A time span in the unit that fits it.

    >>> _span(20.5), _span(300), _span(7200), _span(172800)
    ('20.5 s', '5.0 min', '2.0 h', '2.0 d')
    """
    for unit, length in (("d", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= length:
            return f"{seconds / length:,.1f} {unit}"
    return f"{seconds:,.1f} s"
