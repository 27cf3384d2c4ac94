"""``dujiang export``: write definitions, people or a metric to a file."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from dujiang.cli.app import HERE, Folder, Json, app, opened
from dujiang.cli.output import say, show_json
from dujiang.foundation.definitions import dump_yaml
from dujiang.foundation.i18n import _
from dujiang.foundation.ids import person_id

if TYPE_CHECKING:
    from dujiang.people.model import Profile
    from dujiang.workspace import Workspace

COLUMNS = (
    "person", "known", "channels", "first_channel", "first_at", "last_at", "orders", "paid_minor", "refunded_minor",
    "first_order_day", "last_order_day", "gender", "birth_year", "province", "city", "member_level", "points", "tags",
    "completeness",
)  # fmt: skip


@app.command()
def export(
    what: Annotated[Literal["definitions", "people"], typer.Argument(help="What to write / 导出内容")],
    file: Annotated[Path, typer.Argument(help="Where to / 目标文件")],
    folder: Folder = HERE,
    as_json: Json = False,
) -> None:
    """Write definitions (YAML) or people (CSV) to a file / 导出"""
    with opened(folder) as workspace:
        rows = _definitions(workspace, file) if what == "definitions" else _people(workspace, file)
        workspace.record("terminal", f"export.{what}", file.name, {"rows": rows})
    if as_json:
        show_json({"rows": rows, "file": str(file)})
    else:
        say(_("{rows} written to {file}."), rows=rows, file=file.name)


def _definitions(workspace: Workspace, file: Path) -> int:
    own = [one.definition for one in workspace.definitions.listed() if one.own]
    file.write_text(dump_yaml(own), "utf-8")
    return len(own)


def _people(workspace: Workspace, file: Path) -> int:
    from dujiang.people.model import PeopleQuery

    written = 0
    with file.open("w", encoding="utf-8-sig", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(COLUMNS)
        for written, one in enumerate(workspace.people.every(PeopleQuery()), 1):  # noqa: B007
            writer.writerow(person_row(one))
    return written


def person_row(one: Profile) -> list[object]:
    """A person as a row of :data:`COLUMNS`."""
    values = vars(one) | {
        "person": person_id(one.person),
        "channels": " ".join(one.channels),
        "tags": " ".join(one.tags),
    }
    return [_inert(values[name]) for name in COLUMNS]


def _inert(value: object) -> object:
    # A spreadsheet would run what starts like a formula.
    return f"'{value}" if isinstance(value, str) and value[:1] in ("=", "+", "-", "@", "\t", "\r") else value
