"""``dujiang prove``: hold the promises against this machine, with a small made-up brand in a folder that is removed again."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from dujiang.cli.app import Json, app
from dujiang.cli.output import console, locale, progress_bar, show_json
from dujiang.foundation.i18n import translate


@app.command()
def prove(
    within: Annotated[
        Path | None,
        typer.Option("--in", exists=True, file_okay=False, help="Disk to try; the temporary one / 在哪块磁盘上验证"),
    ] = None,
    people: Annotated[int, typer.Option(min=100, help="How many made-up people / 模拟人数")] = 300,
    as_json: Json = False,
) -> None:
    """Hold the promises against this machine / 在本机验证承诺"""
    from dujiang.cli.promises import prove_all

    with tempfile.TemporaryDirectory(prefix="dujiang-prove-", dir=within) as folder, progress_bar() as progress:
        proofs = prove_all(Path(folder), people, progress)
    if as_json:
        show_json(proofs)
    else:
        for one in proofs:
            mark = "[green]✓[/green]" if one.held else "[red]✗[/red]"
            told = translate(one.told, locale()).format(**one.values)
            text = f"{translate(one.promise, locale())}: {told}"
            console.print(f"{mark} {escape(text)}", highlight=False, soft_wrap=True)
    if not all(one.held for one in proofs):
        raise typer.Exit(1)
