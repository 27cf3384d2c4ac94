"""``dujiang export``: write definitions, people or a metric to a file."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Annotated, Literal

import typer

from dujiang.cli.app import HERE, Folder, app, opened
from dujiang.cli.output import say
from dujiang.foundation.definitions import dump_yaml
from dujiang.foundation.i18n import _
from dujiang.foundation.ids import person_id
from dujiang.people.service import PeopleQuery
from dujiang.workspace import Workspace


@app.command()
def export(
    what: Annotated[Literal["definitions", "people"], typer.Argument(help="What to write / 导出内容")],
    file: Annotated[Path, typer.Argument(help="Where to / 目标文件")],
    folder: Folder = HERE,
) -> None:
    """Write definitions (YAML) or people (CSV) to a file / 导出"""
    with opened(folder) as workspace:
        rows = _definitions(workspace, file) if what == "definitions" else _people(workspace, file)
        workspace.record("terminal", f"export.{what}", file.name, {"rows": rows})
    say(_("{rows} written to {file}."), rows=rows, file=file.name)


def _definitions(workspace: Workspace, file: Path) -> int:
    own = [one.definition for one in workspace.definitions.listed() if one.own]
    file.write_text(dump_yaml(own), "utf-8")
    return len(own)


def _people(workspace: Workspace, file: Path) -> int:
    written = 0
    with file.open("w", encoding="utf-8-sig", newline="") as stream:
        writer = csv.writer(stream)
        query: PeopleQuery | None = PeopleQuery()
        header = False
        while query is not None:
            page = workspace.people.list(query)
            for row in page.rows:
                values = {**row.__dict__} if hasattr(row, "__dict__") else {}
                if not header:
                    writer.writerow(values)
                    header = True
                writer.writerow([person_id(value) if name == "person" else value for name, value in values.items()])
                written += 1
            query = page.following
    return written
