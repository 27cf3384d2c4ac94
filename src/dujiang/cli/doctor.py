"""``dujiang doctor``: check every chain, file and part, and say what to do about what is wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape

from dujiang.cli.app import HERE, Folder, Json, app, opened
from dujiang.cli.output import console, locale, progress_bar, say, show_json
from dujiang.foundation.i18n import _, translate

if TYPE_CHECKING:
    from dujiang.store.journal import Salvaged


@app.command()
def doctor(
    folder: Folder = HERE,
    salvage: Annotated[
        bool, typer.Option("--salvage", help="Put damaged journal entries aside and go on / 移出损坏的日志条目并继续")
    ] = False,
    as_json: Json = False,
) -> None:
    """Check everything that is kept / 全面体检"""
    with opened(folder) as workspace, progress_bar() as progress:
        salvaged = workspace.salvage("terminal") if salvage else None
        findings = workspace.doctor(progress)
    if as_json:
        show_json({"salvaged": salvaged, "findings": findings} if salvage else findings)
    else:
        if salvage:
            _tell(salvaged)
        for one in findings:
            mark = "[green]✓[/green]" if one.good else "[red]✗[/red]"
            text = translate(one.sentence, locale()).format(**one.values)
            check = translate(one.check, locale())
            console.print(f"{mark} {escape(check)}: {escape(text)}", highlight=False, soft_wrap=True)
    if not all(one.good for one in findings):
        raise typer.Exit(1)


def _tell(salvaged: Salvaged | None) -> None:
    if salvaged is None:
        say(_("The journal is sound: there was nothing to salvage."))
        return
    sentence = _(
        "The journal goes on. {kept} waiting entries were sound, {restored} more could be read, {aside} could not, "
        "{missing} are lost."
    )
    say(sentence, kept=salvaged.kept, restored=salvaged.restored, aside=salvaged.aside, missing=salvaged.missing)
    if salvaged.file:
        say(_("What could not be read lies sealed in {file}."), file=salvaged.file)
