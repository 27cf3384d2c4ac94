"""``dujiang refresh``: load what is waiting and bring every answer up to date."""

from __future__ import annotations

from dujiang.cli.app import HERE, Folder, Json, app, opened
from dujiang.cli.output import progress_bar, say, show_json
from dujiang.foundation.i18n import _


@app.command()
def refresh(folder: Folder = HERE, as_json: Json = False) -> None:
    """Load what is waiting, bring the answers up to date / 载入并刷新"""
    with opened(folder) as workspace, progress_bar() as progress:
        report = workspace.refresh(progress)
    if as_json:
        show_json(report)
    else:
        say(_("{facts} new facts; {persons} people recomputed."), facts=report.facts, persons=report.persons)
