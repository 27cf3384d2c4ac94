"""The web server: uvicorn on the address that the settings name."""

from __future__ import annotations

import socket
from collections.abc import Callable

import uvicorn

from dujiang.api.app import create_app
from dujiang.foundation.errors import Conflict
from dujiang.foundation.garbage import settle
from dujiang.foundation.i18n import _
from dujiang.workspace import Workspace


def serve(
    workspace: Workspace, *, port: int | None = None, ready: Callable[[str], None] = lambda _address: None
) -> None:
    """Serve ``workspace`` until the process is told to stop.

    Args:
        port: instead of the setting's; 0 for any that is free.
        ready: called with the address once it is bound.

    Raises:
        Conflict: ``serve.port_taken``.
    """
    settings = workspace.settings.serve
    wanted = settings.port if port is None else port
    listener = listen(settings.host, wanted)
    address = settings.public_url or f"http://{settings.host}:{listener.getsockname()[1]}"
    config = uvicorn.Config(
        create_app(workspace), log_level="warning", access_log=False, server_header=False, timeout_graceful_shutdown=10
    )
    settle()
    ready(address)
    uvicorn.Server(config).run(sockets=[listener])


def listen(host: str, port: int) -> socket.socket:
    """A socket bound to an address; port 0 is any that is free.

    Raises:
        Conflict: ``serve.port_taken``.
    """
    listener = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError:
        listener.close()
        sentence = _("Port {port} is taken. Stop what uses it, or choose another with --port.")
        raise Conflict("serve.port_taken", sentence, port=port) from None
    listener.listen(2048)  # from here on callers wait instead of being refused, although nobody answers yet
    return listener
