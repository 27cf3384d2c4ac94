"""How the command line shows things: a table or JSON, a progress bar for what takes long, one sentence for an error."""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, SpinnerColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bars
from rich.table import Table

from dujiang.foundation.errors import DujiangError
from dujiang.foundation.i18n import DEFAULT_LOCALE, LOCALES, _, catalogue, translate
from dujiang.foundation.plain import plain
from dujiang.foundation.progress import Progress

console = Console()
errors = Console(stderr=True)
_STEPS: Final = {
    "load": _("loading"),
    "identity": _("who is who"),
    "read": _("reading"),
    "commit": _("keeping"),
    "fit": _("fitting models"),
}
"""Steps of long work that have no text of their own."""
_PIPED_WIDTH: Final = 200
"""Columns of a table that goes into a file or another program."""


def locale() -> str:
    """The language of the terminal: ``DUJIANG_LANG``, else LC_ALL or LANG if it is one of ours, else Chinese."""
    for variable in ("DUJIANG_LANG", "LC_ALL", "LANG"):
        language = re.split(r"[_.@-]", os.environ.get(variable, ""))[0].lower()
        if language in LOCALES:
            return language
    return DEFAULT_LOCALE


def say(text: str, **values: object) -> None:
    """Print a text of the catalogue."""
    tell(translate(text, locale()).format(**values))


def tell(text: str) -> None:
    """Print a line as it is, however long."""
    console.print(text, markup=False, highlight=False, soft_wrap=True)


def show_json(value: object) -> None:
    """Print ``value`` (results, lists, dates) as JSON."""
    sys.stdout.write(json.dumps(plain(value), ensure_ascii=False, indent=2) + "\n")


def show_table(headers: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Print rows under translated headers; numbers to the right, yes and no as words."""
    table = Table(box=None, header_style="bold", pad_edge=False)
    for index, header in enumerate(headers):
        numeric = bool(rows) and all(
            isinstance(row[index], int | float | None) and not isinstance(row[index], bool) for row in rows
        )
        table.add_column(translate(header, locale()), justify="right" if numeric else "left", overflow="fold")
    for row in rows:
        table.add_row(*map(_cell, row))
    console.print(table, highlight=False, width=None if console.is_terminal else _PIPED_WIDTH)


def _cell(cell: object) -> str:
    if isinstance(cell, bool):
        return translate(_("yes") if cell else _("no"), locale())
    return "–" if cell is None else escape(str(cell))


def show_error(error: DujiangError) -> None:
    """Print an error's sentence and code."""
    text = escape(error.text(locale()))
    errors.print(f"[red]✗[/red] {text} [dim]({error.code})[/dim]", highlight=False, soft_wrap=True)


@contextmanager
def progress_bar() -> Iterator[Progress]:
    """A progress that draws bars on the error stream, so that ``--json`` stays clean."""
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
    )
    with Bars(*columns, console=errors, transient=not errors.is_terminal) as bars:
        tasks: dict[str, Any] = {}

        def report(step: str, done: int, total: int) -> None:
            known = _known(step)
            label = _computing(step) if known is None else translate(known, locale())
            task = tasks.get(known or "")
            if task is None:
                task = tasks[known or ""] = bars.add_task(label, total=total or None)
            bars.update(task, completed=done, total=total or None, description=label if step else None)

        yield report


def _known(step: str) -> str | None:
    text = _STEPS.get(step, step)
    return text if text in catalogue("zh") else None


def _computing(table: str) -> str:
    """The derived tables share one bar, because they are steps of one thing."""
    return translate(_("computing {table}"), locale()).format(table=table)
