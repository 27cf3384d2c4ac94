"""How the command line shows things: a table or JSON, a progress bar for what takes long, one sentence for an error."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, SpinnerColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bars
from rich.table import Table

from dujiang.foundation.errors import DujiangError
from dujiang.foundation.i18n import choose_locale, translate
from dujiang.foundation.plain import plain
from dujiang.foundation.progress import Progress

console = Console()
errors = Console(stderr=True)


def locale() -> str:
    """The language of the terminal: ``DUJIANG_LANG``, else LANG, else Chinese."""
    for variable in ("DUJIANG_LANG", "LC_ALL", "LANG"):
        value = os.environ.get(variable, "")
        if value and value not in ("C", "C.UTF-8", "POSIX"):
            return choose_locale(value.replace("_", "-"))
    return choose_locale(None)


def say(text: str, **values: object) -> None:
    """Print a text of the catalogue."""
    console.print(translate(text, locale()).format(**values), highlight=False)


def show_json(value: object) -> None:
    """Print ``value`` (results, lists, dates) as JSON."""
    sys.stdout.write(json.dumps(plain(value), ensure_ascii=False, indent=2) + "\n")


def show_table(headers: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Print rows under translated headers; numbers to the right."""
    table = Table(box=None, header_style="bold", pad_edge=False)
    for index, header in enumerate(headers):
        numeric = bool(rows) and all(isinstance(row[index], int | float | None) for row in rows)
        table.add_column(translate(header, locale()), justify="right" if numeric else "left")
    for row in rows:
        table.add_row(*("–" if cell is None else str(cell) for cell in row))
    console.print(table, highlight=False)


def show_error(error: DujiangError) -> None:
    """Print an error's sentence and code."""
    errors.print(f"[red]✗[/red] {error.text(locale())} [dim]({error.code})[/dim]", highlight=False)


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
            if step not in tasks:
                tasks[step] = bars.add_task(translate(step, locale()), total=total or None)
            bars.update(tasks[step], completed=done, total=total or None)

        yield report
