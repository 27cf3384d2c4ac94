"""``dujiang value``: the value matrix, bands and concentration."""

from __future__ import annotations

import typer

from dujiang.cli.app import HERE, Folder, Json, app, opened
from dujiang.cli.life import First, Last, PeriodName
from dujiang.cli.metric import chosen_period, written
from dujiang.cli.output import locale, say, show_json, show_table
from dujiang.foundation.i18n import _, translate

group = typer.Typer(help="Value of people / 用户价值", no_args_is_help=True)
app.add_typer(group, name="value")


@group.command()
def matrix(
    period: PeriodName = "last30", first: First = None, last: Last = None, folder: Folder = HERE, as_json: Json = False
) -> None:
    """The value matrix as of the last day / 价值矩阵"""
    from dujiang.console.views.value import DIMENSIONS

    with opened(folder) as workspace:
        chosen = chosen_period(period, first, last, workspace.metrics.today())
        page, currency = workspace.value.page(chosen.last), workspace.settings.brand.currency
    if as_json:
        show_json({"day": page.day, "edges": page.edges, "matrix": page.matrix, "rfm": page.rfm})
        return
    labels = {layer.name: layer.label(locale()) for layer in page.matrix_spec.layers}
    rows = [
        (
            labels[one.layer],
            ", ".join(translate(DIMENSIONS[each], locale()) for each in one.high),
            one.people,
            written(one.money_minor, "money", currency),
        )
        for one in page.matrix
    ]
    show_table([_("Layer"), _("What stands out"), _("People"), _("Net of refunds")], rows)


@group.command()
def concentration(
    period: PeriodName = "last30", first: First = None, last: Last = None, folder: Folder = HERE, as_json: Json = False
) -> None:
    """Share of the sales of the best 1, 5 and 20% of buyers / 销售集中度"""
    with opened(folder) as workspace:
        chosen = chosen_period(period, first, last, workspace.metrics.today())
        found = workspace.value.concentration(chosen)
    if as_json:
        show_json(found)
        return
    rows = [
        (f"{share:.0%}", f"{one.value:.1%}", "–" if one.low is None else f"{one.low:.1%} – {one.high:.1%}")
        for share, one in found.top.items()
    ]
    show_table([_("Share of buyers, best first"), _("Share of the sales"), _("95% interval")], rows)
    if found.gini:
        say(_("Gini coefficient {gini} over {buyers} buyers."), gini=f"{found.gini.value:.3f}", buyers=found.buyers)
