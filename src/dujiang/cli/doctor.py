"""``dujiang doctor``: check every chain, file and part, and say what to do about what is wrong."""

from __future__ import annotations

import typer
from rich.markup import escape

from dujiang.cli.app import HERE, Folder, Json, app, opened
from dujiang.cli.output import console, locale, progress_bar, show_json
from dujiang.foundation.i18n import translate


@app.command()
def doctor(folder: Folder = HERE, as_json: Json = False) -> None:
    """Check everything that is kept / 全面体检"""
    with opened(folder) as workspace, progress_bar() as progress:
        findings = workspace.doctor(progress)
    if as_json:
        show_json(findings)
    else:
        for one in findings:
            mark = "[green]✓[/green]" if one.good else "[red]✗[/red]"
            text = translate(one.sentence, locale()).format(**one.values)
            check = translate(one.check, locale())
            console.print(f"{mark} {escape(check)}: {escape(text)}", highlight=False, soft_wrap=True)
    if not all(one.good for one in findings):
        raise typer.Exit(1)
