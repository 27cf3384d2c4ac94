"""``dujiang serve``: console, API and intake on one address."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from dujiang.cli.app import HERE, Folder, Json, app, opened
from dujiang.cli.output import say, show_json, tell
from dujiang.foundation.i18n import _

if TYPE_CHECKING:
    from dujiang.workspace import Workspace


@app.command()
def serve(
    folder: Folder = HERE,
    port: Annotated[int | None, typer.Option(min=0, max=65_535, help="Port instead of the setting's / 端口")] = None,
    as_json: Json = False,
) -> None:
    """Serve console, API and intake / 启动控制台"""
    with opened(folder) as workspace:
        run(workspace, port, as_json=as_json)


def run(workspace: Workspace, port: int | None = None, *, as_json: bool = False) -> None:
    """Say where the console is and how to sign in, then serve until stopped."""
    from dujiang.api.server import serve as serve_workspace

    serve_workspace(workspace, port=port, ready=lambda address: welcome(workspace, address, as_json=as_json))


def welcome(workspace: Workspace, address: str, *, as_json: bool = False) -> None:
    """Print the address, and the one-time link while there is no administrator."""
    token = workspace.access.accounts.first_admin_token()
    link = f"{address}/welcome?token={token}" if token else None
    if as_json:
        show_json({"address": address, "welcome": link})
        return
    say(
        _("Open this link once to become the administrator (valid for 24 hours):")
        if link
        else _("Sign in with your account:")
    )
    tell(f"  {link or address + '/'}")
    say(_("Stop with Ctrl-C."))
