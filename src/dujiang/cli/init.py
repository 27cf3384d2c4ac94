"""``dujiang init``: make an empty workspace."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from dujiang.cli.app import Json, app
from dujiang.cli.output import say, show_json
from dujiang.foundation.i18n import _


@app.command()
def init(
    folder: Annotated[Path, typer.Argument(help="Where the workspace will lie / 工作区目录")],
    name: Annotated[str, typer.Option(help="Name of the brand / 品牌名")] = "My brand",
    time_zone: Annotated[str, typer.Option(help="Time zone of its days / 时区")] = "Asia/Shanghai",
    currency: Annotated[str, typer.Option(help="Currency of its orders / 货币")] = "CNY",
    as_json: Json = False,
) -> None:
    """Make an empty workspace / 新建工作区"""
    from dujiang.workspace import Workspace

    with Workspace.create(folder, name=name, time_zone=time_zone, currency=currency) as workspace:
        if as_json:
            show_json({"folder": str(folder), "keys": str(workspace.key_folder)})
            return
        say(_("The workspace is ready. Start the console with: dujiang serve -w {folder}"), folder=folder)
        say(_("Its keys lie in {keys}. Back them up apart from the data."), keys=workspace.key_folder)
