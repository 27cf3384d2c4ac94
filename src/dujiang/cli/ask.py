"""``dujiang ask``: ask any question of a file, or a saved one."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
import yaml

from dujiang.cli.app import HERE, Folder, Json, app, opened
from dujiang.cli.files import text_of
from dujiang.cli.metric import written
from dujiang.cli.output import console, locale, say, show_json, show_table
from dujiang.cli.segment import show_differences
from dujiang.foundation.errors import InvalidInput
from dujiang.foundation.i18n import _, translate
from dujiang.foundation.ids import person_id

if TYPE_CHECKING:
    from dujiang.console.sheets import Sheet
    from dujiang.insight.questions.answer import Answer, Table
    from dujiang.workspace import Workspace


@app.command()
def ask(
    question: Annotated[
        str, typer.Argument(help="A file (YAML or JSON), a saved question, or nothing: list them / 问题文件或已存问题")
    ] = "",
    people: Annotated[
        str, typer.Option(help="The people behind a number: its pick as YAML / 数字背后的人，写出 pick")
    ] = "",
    against: Annotated[
        str,
        typer.Option(help="What makes these people different from those behind this number / 与另一数字背后的人对比"),
    ] = "",
    to_list: Annotated[str, typer.Option("--list", help="Put these people on a list: a tag / 存为名单（标签名）")] = "",
    to_csv: Annotated[
        Path | None,
        typer.Option(
            "--csv", help="Write the first table to a file, all of them to one that ends in .xlsx / 导出首表或整份 xlsx"
        ),
    ] = None,
    folder: Folder = HERE,
    as_json: Json = False,
) -> None:
    """Ask a question: funnel, retention, paths, attribution … / 提问：漏斗、留存、路径、归因等"""
    from dujiang.insight.questions.registry import parse_pick, parse_question

    with opened(folder) as workspace:
        if not question:
            saved = workspace.questions.list()
            if as_json:
                show_json([one.model_dump(mode="json") for one in saved])
            else:
                show_table([_("Name"), _("Title"), _("Type")], [_listed(one) for one in saved])
            return
        file = Path(question)
        asked = parse_question(_read(file)) if file.is_file() else workspace.questions.saved(question)
        if against:
            picks = [parse_pick(asked, _plain(one or "{}")) for one in (people, against)]
            show_differences(workspace, workspace.questions.differences(asked, *picks), as_json=as_json)
            return
        if people or to_list:
            found = workspace.questions.people(asked, parse_pick(asked, _plain(people or "{}")))
            if to_list:
                workspace.list_people(found, to_list, actor="terminal")
                workspace.refresh()
            ids = [person_id(int(one)) for one in found]
            if as_json:
                show_json({"count": len(ids), "people": ids})
            else:
                say(_("{count} people"), count=len(ids))
                console.print("\n".join(ids[:1000]))
            return
        answer, currency = workspace.questions.ask(asked), workspace.settings.brand.currency
        if to_csv:
            _write(workspace, answer, to_csv)
    if as_json:
        show_json(answer)
    else:
        show_answer(answer, currency)


def _listed(one: Any) -> tuple[str, str, str]:
    return one.name, one.label(locale()), one.spec["question"]["type"]


def _read(file: Path) -> dict[str, Any]:
    return _plain(text_of(file))


def _plain(text: str) -> dict[str, Any]:
    try:
        found = yaml.safe_load(text)
    except (yaml.YAMLError, ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise InvalidInput("question.not_mapping", _("This is no mapping in YAML or JSON, such as type: funnel."))
    return found


def show_answer(answer: Answer, currency: str) -> None:
    """Print the tables of an answer, and what was read."""
    for table in answer.tables:
        rows = [
            tuple(
                value if column.unit in ("text", "channel", "day") else written(value, column.unit, currency)
                for column, value in zip(table.columns, row, strict=True)
            )
            for row in table.rows
        ]
        show_table([one.label for one in table.columns], rows)
    say(_("{first} to {last}, {rows} rows read"), first=answer.period.first, last=answer.period.last, rows=answer.rows)


def _write(workspace: Workspace, answer: Answer, file: Path) -> None:
    """The tables as the console exports them: channels by their names, money in major units, nothing that is a formula."""
    from dujiang.console.sheets import to_csv, workbook

    named = workspace.definitions.current("channel", retired=True)
    labels = {one.name: one.label(locale()) for one in named.values()}
    sheets = [(one.name, _sheet(one).named(lambda name: labels.get(name, name))) for one in answer.tables]
    if file.suffix == ".xlsx":
        file.write_bytes(workbook(sheets, workspace.zone))
    else:
        file.write_bytes(b"".join(to_csv(sheets[0][1], workspace.zone)))


def _sheet(table: Table) -> Sheet:
    from dujiang.console.sheets import Column, Sheet

    columns = tuple(Column(one.name, translate(one.label, locale()), one.unit) for one in table.columns)
    return Sheet(table.name, columns, table.rows)
