"""``dujiang life``: stages of the life cycle, changes and the map."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

from dujiang.cli.app import HERE, Folder, Json, app, opened
from dujiang.cli.metric import chosen_period, written
from dujiang.cli.output import locale, say, show_json, show_table
from dujiang.foundation.i18n import _, translate
from dujiang.foundation.ids import person_id

if TYPE_CHECKING:
    from dujiang.people.lifecycle.model import LifeCycleSpec

group = typer.Typer(help="Stages of the life cycle / 生命周期", no_args_is_help=True)
app.add_typer(group, name="life")

PeriodName = Annotated[str, typer.Option("--period", help="last7, last30, this_month, 618, double11 … / 时间")]
First = Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="First day / 起始日")]
Last = Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Last day / 结束日")]


@group.command()
def flow(
    period: PeriodName = "last30",
    first: First = None,
    last: Last = None,
    folder: Folder = HERE,
    as_json: Json = False,
) -> None:
    """How people moved between stages / 阶段流转"""
    with opened(folder) as workspace:
        chosen = chosen_period(period, first, last, workspace.metrics.today())
        page = workspace.life.page(chosen)
        spec = workspace.life.spec()
    if as_json:
        show_json({"period": chosen, "flows": page.flows, "changes": page.changes, "sizes": page.sizes})
        return
    changed = {(one.start, one.end): one.people for one in page.changes}
    rows = [
        (_label(spec, one.start), _label(spec, one.end), one.people, changed.get((one.start, one.end)))
        for one in page.flows
    ]
    show_table([_("Stage before"), _("Stage after"), _("People"), _("Changes within the period")], rows)


@group.command()
def changes(
    period: PeriodName = "last30",
    first: First = None,
    last: Last = None,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="How many / 数量")] = 20,
    folder: Folder = HERE,
    as_json: Json = False,
) -> None:
    """The latest changes of stage, with reasons / 最近的阶段变化"""
    from dujiang.people.lifecycle.wording import reason_text

    with opened(folder) as workspace:
        chosen = chosen_period(period, first, last, workspace.metrics.today())
        found = workspace.life.changes(chosen, limit=limit)
        spec, currency = workspace.life.spec(), workspace.settings.brand.currency
    if as_json:
        show_json([{**vars(one), "person": person_id(one.person)} for one in found])
        return
    rows = [
        (
            person_id(one.person),
            one.day,
            _label(spec, one.start),
            _label(spec, one.end),
            reason_text(one.reason, locale(), currency),
        )
        for one in found
    ]
    show_table([_("Person"), _("Day"), _("Stage before"), _("Stage after"), _("Reason")], rows)


@group.command("map")
def map_(folder: Folder = HERE, as_json: Json = False) -> None:
    """Plan against actual for each stage and span / 生命周期地图"""
    with opened(folder) as workspace:
        columns = workspace.life.map()
        spec, currency = workspace.life.spec(), workspace.settings.brand.currency
    if as_json:
        show_json(columns)
        return
    if not columns:
        say(_("There is no map yet. Apply a definition of the kind life_map with the name default."))
        return
    units = (("people", "count"), ("conversion", "percent"), ("gmv_minor", "money"), ("spend_minor", "money"))
    rows = [
        (
            column.span.label(locale()),
            _label(spec, cell.stage),
            *(
                f"{written(figure.actual, unit, currency)} / {written(figure.planned, unit, currency)}"
                for name, unit in units
                for figure in (getattr(cell, name),)
            ),
            f"{cell.pace:.0%}",
        )
        for column in columns
        for cell in column.cells
    ]
    heads = [_("Span"), _("Stage"), _("People"), _("Conversion"), _("Amount paid"), _("Spent"), _("Time passed")]
    show_table(heads, rows)


def _label(spec: LifeCycleSpec, stage: str | None) -> str:
    if stage is None:
        return translate(_("Not met before"), locale())
    found = spec.stage(stage)
    return found.label(locale()) if found else stage
