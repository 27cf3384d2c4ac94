"""``dujiang predict``: fit predictive models, show how good they are, show what they say."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

from dujiang.cli.app import HERE, Folder, Json, app, opened
from dujiang.cli.metric import written
from dujiang.cli.output import progress_bar, say, show_json, show_table
from dujiang.foundation.errors import NotFound
from dujiang.foundation.i18n import _

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dujiang.people.prediction.curves import LtvCurve
    from dujiang.people.prediction.ltv import LtvRow
    from dujiang.people.prediction.model import ModelRun, PropensityBody, PurchaseBody
    from dujiang.people.prediction.together import Estimate

group = typer.Typer(help="Predicted value, churn and propensities / 价值与流失预测", no_args_is_help=True)
app.add_typer(group, name="predict")


@group.command()
def fit(
    as_of: Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="First day not known / 截止日期")] = None,
    folder: Folder = HERE,
    as_json: Json = False,
) -> None:
    """Fit every model and predict for everybody / 训练模型并重新预测"""
    with opened(folder) as workspace, progress_bar() as progress:
        workspace.refresh(progress)
        runs = workspace.predictions.fit(progress, as_of.date() if as_of else None)
        workspace.refresh(progress)
    if as_json:
        show_json(runs)
    else:
        _show(runs)


@group.command()
def show(folder: Folder = HERE, as_json: Json = False) -> None:
    """The newest fit of each model, and how good it is / 模型质量"""
    with opened(folder) as workspace:
        runs = list(workspace.predictions.latest().values())
    if as_json:
        show_json(runs)
    elif runs:
        _show(runs)
    else:
        say(_("No model has been fitted yet. Run dujiang predict fit."))


@group.command()
def ltv(folder: Folder = HERE, as_json: Json = False) -> None:
    """Lifetime value in parts, so far and foretold, by channel and month / 客户终身价值"""
    with opened(folder) as workspace:
        found, currency = workspace.predictions.lifetime_value(), workspace.settings.brand.currency
    if as_json:
        show_json(found)
        return

    def told(row: LtvRow, one: Estimate | None, *, each: bool) -> str:
        ends = () if one is None else (one.value, one.low, one.high)
        shown = [None if end is None else written(row.each(end) if each else end, "money", currency) for end in ends]
        if not shown or shown[0] is None:
            return "–"
        return f"{shown[0]} ({shown[1]} – {shown[2]})" if shown[1] and shown[2] else shown[0]

    rows = [
        (
            row.key or _("all"),
            row.people,
            written(row.each(row.realised_minor), "money", currency),
            told(row, row.first_each, each=False),
            told(row, row.again_coming, each=True),
            told(row, row.referral_coming, each=True),
        )
        for row in (*((found.total,) if found.total else ()), *found.channels, *found.cohorts)
    ]
    heads = [
        _("Channel or month"),
        _("Customers"),
        _("So far, each"),
        _("First order of the next one"),
        _("Repurchase within a year"),
        _("Referral within a year"),
    ]
    show_table(heads, rows)
    _show_curves(found.curves, currency)


def _show_curves(found: Sequence[LtvCurve], currency: str) -> None:
    """Value of one customer after so many months, and what it is expected to be a year from today."""
    months = (0, 1, 3, 6, 12, 18)

    def told(curve: LtvCurve, month: int) -> str:
        seen = next((one.each_minor for one in curve.seen if one.month == month), None)
        return written(seen, "money", currency)

    def ahead(curve: LtvCurve) -> str:
        ends = curve.foretold[-1].each if curve.foretold else None
        if ends is None:
            return "–"
        value, low, high = (written(end, "money", currency) for end in (ends.value, ends.low, ends.high))
        return value if ends.low is None else f"{value} ({low} – {high})"

    rows = [(one.cohort, one.people, *(told(one, month) for month in months), ahead(one)) for one in found]
    if rows:
        say(_("What a customer is worth, by months since the first order"))
        heads = [_("First order in"), _("Customers"), *map(str, months), _("A year from today")]
        show_table(heads, rows)


@group.command()
def score(
    words: Annotated[str, typer.Argument(help="A person's id or identifier / 用户编号或标识")],
    folder: Folder = HERE,
    as_json: Json = False,
) -> None:
    """What is foretold of one person, and why / 单个用户的预测与原因"""
    with opened(folder) as workspace:
        workspace.refresh()
        people = workspace.people.find(words)
        if not people:
            raise NotFound("people.not_found", _("Nobody has this identifier. It has to be complete."))
        found = workspace.predictions.of_person(workspace.people.get(people[0]).profile.person)
    if as_json:
        show_json(found)
        return
    if not found.predictions:
        say(_("Nothing is foretold of this person: they never bought, or no model has been fitted yet."))
        return
    show_table(
        [_("What"), _("Value"), _("From"), _("To")],
        [(one.model, _rounded(one.value), _rounded(one.low), _rounded(one.high)) for one in found.predictions.values()],
    )
    rows = [
        (what, why.feature, why.value, _rounded(why.effect)) for what, many in found.reasons.items() for why in many
    ]
    if rows:
        show_table([_("What"), _("Feature"), _("Value"), _("Effect on log-odds")], rows)


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 4)


def _show(runs: list[ModelRun]) -> None:
    from dujiang.people.prediction.model import PurchaseBody

    rows = []
    for run in runs:
        told = _purchases(run.body) if isinstance(run.body, PurchaseBody) else _propensity(run.body)
        rows.append((run.name, run.state, run.as_of, run.body.people, told))
    show_table([_("Model"), _("State"), _("As of"), _("People"), _("Quality")], rows)


def _purchases(body: PurchaseBody) -> str:
    held = body.hold_out
    if held is None:
        return body.chosen
    return f"{body.chosen}: {held.expected:,.0f} / {held.actual:,} ({held.days} d)"


def _propensity(body: PropensityBody) -> str:
    if body.scores is None or body.baseline is None:
        return ", ".join(body.missing)
    return f"AUC {body.scores.auc:.3f} ({body.baseline.auc:.3f}), Brier {body.scores.brier:.4f}, lift {body.scores.lift:.2f}"
