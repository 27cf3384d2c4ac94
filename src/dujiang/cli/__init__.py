"""The command line: one module for each verb, each with ``--json``.

Errors are shown as one sentence and their code, and end the program with 1 (bad input: 2; a fault of ours: 70). With
``DUJIANG_DEBUG`` set a fault shows where it happened.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Final

from dujiang.cli import (  # noqa: F401  (importing a verb registers it)
    ask,
    dashboard,
    definitions,
    demo,
    doctor,
    export,
    group,
    hours,
    identity,
    imports,
    init,
    keys,
    life,
    metric,
    people,
    predict,
    present,
    prove,
    rebuild,
    refresh,
    relations,
    report,
    segment,
    serve,
    simulate,
    status,
    suggestions,
    tag,
    value,
)
from dujiang.cli.app import app
from dujiang.cli.output import show_error
from dujiang.foundation.errors import DujiangError, InvalidInput, InvariantBroken, Unavailable
from dujiang.foundation.i18n import _

_SOFTWARE_FAULT: Final = 70
"""As sysexits.h has it."""


def main() -> None:
    """Run the command line."""
    try:
        app()
    except DujiangError as error:
        show_error(error)
        sys.exit(2 if isinstance(error, InvalidInput) else 1)
    except OSError as error:
        _raise_if_debugging()
        show_error(_refused(error))
        sys.exit(1)
    except Exception:  # noqa: BLE001 - whatever it is, a person gets a sentence and not our insides
        _raise_if_debugging()
        sentence = _("Something went wrong that should not. Set DUJIANG_DEBUG=1 and try again to see where.")
        show_error(InvariantBroken("cli.unexpected", sentence))
        sys.exit(_SOFTWARE_FAULT)


def _raise_if_debugging() -> None:
    if os.environ.get("DUJIANG_DEBUG"):
        raise


def _refused(error: OSError) -> DujiangError:
    sentence = _("The system refused: {reason} ({file}). Check that it is there and that you may use it.")
    name = Path(str(error.filename)).name if error.filename else "–"
    return Unavailable("cli.system", sentence, reason=error.strerror or type(error).__name__, file=name)


__all__ = ["app", "main"]
