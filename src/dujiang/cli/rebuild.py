"""``dujiang rebuild``: compute every answer again from archive and store."""

from __future__ import annotations

from dujiang.cli.app import HERE, Folder, Json, app, opened
from dujiang.cli.output import progress_bar, say, show_json
from dujiang.foundation.i18n import _


@app.command()
def rebuild(folder: Folder = HERE, as_json: Json = False) -> None:
    """Compute every answer again from the archive / 从归档重建全部结果"""
    with opened(folder) as workspace, progress_bar() as progress:
        report = workspace.rebuild(progress)
    if as_json:
        show_json(report)
    else:
        say(_("Rebuilt from {parts} archive files: {facts} facts."), parts=report.parts, facts=report.facts)
