"""``dujiang demo``: build the demo brand, or reuse it, and serve the console."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Annotated

import typer

from dujiang.cli.app import app
from dujiang.cli.output import progress_bar, say
from dujiang.cli.serve import run
from dujiang.foundation.clock import SystemClock
from dujiang.foundation.i18n import _
from dujiang.foundation.progress import Progress
from dujiang.foundation.timewindows import day_of, zone
from dujiang.simulate import Simulated, SimulationSpec, simulate
from dujiang.workspace import Workspace
from dujiang.workspace import demo as brand

NAME = "山见 Shanjian"


@app.command()
def demo(
    folder: Annotated[Path, typer.Argument(help="Where the demo brand will lie / 演示品牌目录")] = Path("demo-brand"),
    people: Annotated[int, typer.Option(help="How many people / 人数")] = 20_000,
    months: Annotated[int, typer.Option(help="How many months / 月数")] = 18,
    port: Annotated[int | None, typer.Option(help="Port instead of the setting's / 端口")] = None,
    serve: Annotated[bool, typer.Option("--serve/--no-serve", help="Serve it afterwards / 建好后启动")] = True,
) -> None:
    """Build the demo brand and serve it / 演示品牌"""
    if brand.is_built(folder):
        say(_("The demo brand is there already; remove {folder} to build it anew."), folder=folder)
    else:
        brand.clear_unfinished(folder)
        build(folder, people, months)
    if serve:
        with Workspace.open(folder) as workspace:
            run(workspace, port)


def build(folder: Path, people: int, months: int) -> None:
    """Simulate the brand into ``folder`` and bring it in the way a user's own data comes."""
    yesterday = day_of(SystemClock().now(), zone()) - timedelta(1)
    with brand.begin(folder, NAME) as workspace, progress_bar() as progress:
        spec = SimulationSpec(end=yesterday, people=people, months=months)
        made = simulate(spec, folder / brand.SOURCE_FOLDER, progress)
        bring_in(workspace, made, progress)
        brand.finish(workspace)


def bring_in(workspace: Workspace, made: Simulated, progress: Progress) -> None:
    """Import every channel file, replay every tracking call, and compute the answers."""
    brand.define(workspace, made.folder / "brand.yaml")
    for number, file in enumerate(made.files):
        progress(_("channel files"), number, len(made.files))
        with (made.folder / file.path).open("rb") as stream:
            upload = workspace.imports.upload(stream, file.path.name)
        workspace.imports.run(
            upload,
            file.mapping,
            file.channel,
            file.shop,
            source=file.source,
            account=file.shop,
            app=file.app,
            actor="demo",
        )
    progress(_("channel files"), len(made.files), len(made.files))
    requests = sum(file.requests for file in made.calls)
    brand.replay(workspace, [made.folder / file.path for file in made.calls], requests, progress)
    workspace.refresh(progress)
