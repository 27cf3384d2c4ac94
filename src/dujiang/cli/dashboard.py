"""``dujiang dashboard``: list dashboards, and print one with everything it shows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from dujiang.cli.app import HERE, Folder, Json, app, opened
from dujiang.cli.ask import show_answer
from dujiang.cli.output import locale, show_json, show_table, tell
from dujiang.foundation.errors import DujiangError, InvalidInput
from dujiang.foundation.i18n import _

if TYPE_CHECKING:
    from dujiang.workspace import Workspace


@app.command()
def dashboard(
    name: Annotated[str, typer.Argument(help="A dashboard; none: list them all / 看板，不填则列出全部")] = "",
    share: Annotated[int, typer.Option(help="Make a link that opens it for so many days / 生成分享链接（天数）")] = 0,
    unshare: Annotated[str, typer.Option(help="Take a link back: its id / 收回分享链接")] = "",
    folder: Folder = HERE,
    as_json: Json = False,
) -> None:
    """Print a dashboard, every tile as its tables, or share it / 看板"""
    with opened(folder) as workspace:
        if share or unshare:
            _link(workspace, name, share, unshare, as_json=as_json)
            return
        if not name:
            found = workspace.dashboards.list()
            if as_json:
                show_json([one.definition.model_dump(mode="json") for one in found])
            else:
                rows = [(one.name, one.definition.label(locale()), str(len(one.spec.tiles))) for one in found]
                show_table([_("Name"), _("Title"), _("Tiles")], rows)
            return
        one = workspace.dashboards.get(name)
        answers = []
        for tile in one.spec.ordered:
            try:
                answers.append((tile.question, workspace.dashboards.ask(one, tile)))
            except DujiangError as error:
                answers.append((tile.question, error))
        titles = {each.name: each.label(locale()) for each in workspace.questions.list()}
        currency = workspace.settings.brand.currency
    if as_json:
        show_json(
            [{"question": asked, "answer": None if isinstance(told, DujiangError) else told} for asked, told in answers]
        )
        return
    for asked, told in answers:
        tell(titles.get(asked) or asked)
        if isinstance(told, DujiangError):
            tell(told.text(locale()))
        else:
            show_answer(told, currency)


def _link(workspace: Workspace, name: str, days: int, unshare: str, *, as_json: bool) -> None:
    """Make a link to a dashboard that lasts ``days``, or take one back."""
    if not name:
        raise InvalidInput("dashboard.no_name", _("Say whose link it is: the name of the dashboard."))
    shares, found = workspace.shares, workspace.dashboards.get(name).name
    one = shares.create(found, days, actor="terminal") if days else shares.revoke(unshare, found, actor="terminal")
    if as_json:
        show_json(one)
    else:
        tell(f"{one.id} /shared/{one.token}" if days else str(one.id))
