"""``dujiang present``: which day is today for the figures."""

from __future__ import annotations

from typing import Annotated

import typer

from dujiang.cli.app import HERE, Folder, Json, app, opened
from dujiang.cli.output import say, show_json
from dujiang.foundation.i18n import _


@app.command()
def present(
    day: Annotated[str, typer.Argument(help="today, newest, or a day; none: show it / 今天、最新或某天")] = "",
    folder: Folder = HERE,
    as_json: Json = False,
) -> None:
    """The day that is today for the figures / 数据以哪天为“今天”"""
    with opened(folder) as workspace:
        if day:
            workspace.choose_present(day, actor="terminal")
            workspace.refresh()
        found = workspace.present.state()
    if as_json:
        show_json(found)
    elif found.elsewhere:
        say(_("Figures look from {day}; by the calendar it is {calendar}."), day=found.today, calendar=found.calendar)
    else:
        say(_("Figures look from today, {day}."), day=found.today)
