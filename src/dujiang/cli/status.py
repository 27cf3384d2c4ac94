"""``dujiang status``: how much is here, and how fresh it is."""

from __future__ import annotations

from dujiang.cli.app import HERE, Folder, Json, app, opened
from dujiang.cli.output import locale, show_json, show_table
from dujiang.foundation.i18n import _, translate


@app.command()
def status(folder: Folder = HERE, as_json: Json = False) -> None:
    """How much is here and how fresh it is / 数据量与新鲜度"""
    with opened(folder) as workspace:
        now = workspace.status()
    if as_json:
        show_json(now)
        return
    rows = [(translate(label, locale()), value) for label, value in now.lines()]
    show_table([_("What"), _("Value")], rows)
