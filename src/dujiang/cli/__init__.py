"""The command line: one module for each verb, each with ``--json``.

Errors are shown as one sentence and their code, and end the program with 1 (bad input: 2).
"""

from __future__ import annotations

import sys

from dujiang.cli import (  # noqa: F401  (importing a verb registers it)
    definitions,
    demo,
    doctor,
    export,
    imports,
    init,
    keys,
    metric,
    people,
    rebuild,
    refresh,
    serve,
    simulate,
    status,
)
from dujiang.cli.app import app
from dujiang.cli.output import show_error
from dujiang.foundation.errors import DujiangError, InvalidInput


def main() -> None:
    """Run the command line."""
    try:
        app()
    except DujiangError as error:
        show_error(error)
        sys.exit(2 if isinstance(error, InvalidInput) else 1)


__all__ = ["app", "main"]
