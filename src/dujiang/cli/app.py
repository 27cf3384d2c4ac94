"""The Typer application, and how a verb opens its workspace."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from dujiang import __version__

if TYPE_CHECKING:
    from dujiang.workspace import Workspace

app = typer.Typer(
    name="dujiang",
    help="都江 Dujiang: run all channels of a brand as one / 把品牌的所有渠道当作一条河来运营",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

Folder = Annotated[
    Path, typer.Option("--workspace", "-w", envvar="DUJIANG_WORKSPACE", help="The workspace's folder / 工作区目录")
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON / 输出 JSON")]

HERE = Path()


@contextmanager
def opened(folder: Path) -> Iterator[Workspace]:
    """The workspace in ``folder``, closed again at the end."""
    from dujiang.workspace import Workspace  # here and not above: help and completion answer at once without it

    workspace = Workspace.open(folder)
    try:
        yield workspace
    finally:
        workspace.close()


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(__version__)
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version / 版本")
    ] = False,
) -> None:
    """Shared options."""
