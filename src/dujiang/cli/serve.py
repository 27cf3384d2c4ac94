"""``dujiang serve``: console, API and intake on one address."""

from __future__ import annotations

from typing import Annotated

import typer

from dujiang.cli.app import HERE, Folder, app, opened
from dujiang.cli.output import console, say
from dujiang.foundation.i18n import _
from dujiang.workspace import Workspace


@app.command()
def serve(
    folder: Folder = HERE,
    port: Annotated[int | None, typer.Option(help="Port instead of the setting's / 端口")] = None,
) -> None:
    """Serve console, API and intake / 启动控制台"""
    with opened(folder) as workspace:
        run(workspace, port)


def run(workspace: Workspace, port: int | None = None) -> None:
    """Say where the console is and how to sign in, then serve until stopped."""
    from dujiang.api.server import serve as serve_workspace

    serve_workspace(workspace, port=port, ready=lambda address: welcome(workspace, address))


def welcome(workspace: Workspace, address: str) -> None:
    """Print the address, and the one-time link while there is no administrator."""
    token = workspace.access.accounts.first_admin_token()
    if token:
        say(_("Open this link once to become the administrator (valid for 24 hours):"))
        console.print(f"  {address}/welcome?token={token}", highlight=False, soft_wrap=True)
    else:
        say(_("Sign in with your account:"))
        console.print(f"  {address}/", highlight=False, soft_wrap=True)
    say(_("Stop with Ctrl-C."))
