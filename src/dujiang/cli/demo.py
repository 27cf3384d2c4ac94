"""``dujiang demo``: build the demo brand, or reuse it, and serve the console."""

from __future__ import annotations

from datetime import timedelta
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from dujiang.cli.app import Json, app, opened
from dujiang.cli.output import progress_bar, say, show_json
from dujiang.cli.serve import run
from dujiang.foundation.clock import SystemClock
from dujiang.foundation.i18n import _
from dujiang.foundation.progress import Progress
from dujiang.foundation.timewindows import day_of, zone

if TYPE_CHECKING:
    from dujiang.simulate import Simulated
    from dujiang.workspace import Workspace

NAME = "山见 Shanjian"
COMPARED_FROM: Final = 2_000
"""People from whom on there are enough records to learn from which of them may be one."""


@app.command()
def demo(
    folder: Annotated[Path, typer.Argument(help="Where the demo brand will lie / 演示品牌目录")] = Path("demo-brand"),
    people: Annotated[int, typer.Option(help="How many people / 人数")] = 20_000,
    months: Annotated[int, typer.Option(help="How many months / 月数")] = 18,
    port: Annotated[int | None, typer.Option(min=0, max=65_535, help="Port instead of the setting's / 端口")] = None,
    serve: Annotated[bool, typer.Option("--serve/--no-serve", help="Serve it afterwards / 建好后启动")] = True,
    as_json: Json = False,
) -> None:
    """Build the demo brand and serve it / 演示品牌"""
    from dujiang.workspace import demo as brand

    is_built = brand.is_built(folder)
    if not is_built:
        brand.clear_unfinished(folder)
        build(folder, people, months)
    elif not as_json:
        say(_("The demo brand is there already; remove {folder} to build it anew."), folder=folder)
    if serve:
        with opened(folder) as workspace:
            run(workspace, port, as_json=as_json)
    elif as_json:
        show_json({"folder": str(folder), "built": not is_built})
    elif not is_built:
        say(_("The demo brand is ready. Start it with: dujiang serve -w {folder}"), folder=folder)


def build(folder: Path, people: int, months: int) -> None:
    """Simulate the brand into ``folder`` and bring it in the way a user's own data comes."""
    from dujiang.simulate import SimulationSpec, simulate
    from dujiang.workspace import demo as brand

    yesterday = day_of(SystemClock().now(), zone()) - timedelta(1)
    spec = SimulationSpec(end=yesterday, people=people, months=months)
    with brand.begin(folder, NAME) as workspace, progress_bar() as progress:
        made = simulate(spec, folder / brand.SOURCE_FOLDER, progress)
        bring_in(workspace, made, progress)
        if people >= COMPARED_FROM and find_spec("splink"):
            workspace.jobs.create("suggest", {}, "dujiang")
        brand.finish(workspace)


def bring_in(workspace: Workspace, made: Simulated, progress: Progress) -> None:
    """Import every channel file, replay every tracking call, and compute the answers."""
    from dujiang.workspace import demo as brand

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
