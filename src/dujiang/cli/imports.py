"""``dujiang import``: look at a channel file, import it; ``dujiang imports``: list and undo."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from dujiang.cli.app import HERE, Folder, Json, app, opened
from dujiang.cli.output import locale, progress_bar, say, show_json, show_table, tell
from dujiang.foundation.definitions import dump_yaml, parse
from dujiang.foundation.errors import InvalidInput
from dujiang.foundation.i18n import _, translate

if TYPE_CHECKING:
    from dujiang.collect.exports.preview import Preview

File = Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="The export file / 导出文件")]

ImportId = Annotated[str, typer.Argument(metavar="ID", help="Id of the import / 导入编号")]

group = typer.Typer(help="List and undo imports / 导入记录", no_args_is_help=True)
app.add_typer(group, name="imports")


@app.command("import")
def import_(
    file: File,
    folder: Folder = HERE,
    mapping: Annotated[str | None, typer.Option(help="Mapping; found out if left out / 映射，默认自动识别")] = None,
    channel: Annotated[str, typer.Option(help="Channel; the mapping's if left out / 渠道")] = "",
    shop: Annotated[str, typer.Option(help="Shop, part of an order's key / 店铺")] = "",
    source: Annotated[str, typer.Option(help="Source / 数据源")] = "",
    account: Annotated[str, typer.Option(help="Advertising account / 投放账户")] = "",
    app_id: Annotated[str, typer.Option("--app", help="App in which ids are unique / 应用")] = "",
    day: Annotated[str, typer.Option(help="Day of a table that states none / 日期")] = "",
    tag: Annotated[str, typer.Option(help="Tag of a list that names none / 名单的标签")] = "",
    encoding: Annotated[str, typer.Option(help="Encoding; found out if left out / 编码")] = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show what would happen / 仅预览")] = False,
    as_json: Json = False,
) -> None:
    """Import a channel file / 导入渠道文件"""
    given = {"channel": channel, "shop": shop, "account": account, "app": app_id, "day": day, "tag": tag}
    with opened(folder) as workspace:
        with file.open("rb") as stream:
            upload = workspace.imports.upload(stream, file.name)
        if dry_run:
            found = workspace.imports.preview(upload, mapping, encoding, **given)
            workspace.imports.discard(upload)
            _show_preview(found, as_json=as_json)
            return
        with progress_bar() as progress:
            result = workspace.imports.run(
                upload, mapping, progress=progress, source=source, encoding=encoding, actor="terminal", **given
            )
            workspace.refresh(progress)
        errors = workspace.imports.errors_file(result.id)
    if as_json:
        show_json(result)
        return
    counts = {"rows": result.rows, "new": result.accepted, "known": result.duplicate, "bad": result.rejected}
    say(
        _("{rows} rows: {new} new, {known} known already, {bad} bad. Undo with: dujiang imports undo {id}"),
        **counts,
        id=result.id,
    )
    if errors:
        say(_("The bad rows with their reasons: {file}"), file=errors)


@group.command("list")
def list_(folder: Folder = HERE, as_json: Json = False) -> None:
    """Every import, newest first / 导入列表"""
    with opened(folder) as workspace:
        found = workspace.imports.list()
    if as_json:
        show_json(found)
        return
    rows = [(one.id, one.file_name, one.mapping, one.rows, one.accepted, one.rejected, one.undone) for one in found]
    show_table([_("Id"), _("File"), _("Mapping"), _("Rows"), _("New"), _("Bad"), _("Undone")], rows)


@group.command()
def undo(
    import_id: ImportId,
    folder: Folder = HERE,
    reason: Annotated[str, typer.Option(help="Kept in the audit log / 原因")] = "",
    as_json: Json = False,
) -> None:
    """Take an import's facts out of every answer / 撤销导入"""
    with opened(folder) as workspace, progress_bar() as progress:
        undone = workspace.imports.undo(import_id, actor="terminal", reason=reason)
        workspace.refresh(progress)
    if as_json:
        show_json(undone)
        return
    say(_("The import of {file} is undone."), file=undone.result.file_name)
    for one in undone.leaning:
        say(_("{file} found rows known already; import it again if they came with what you undid."), file=one.file_name)


@group.command()
def redo(import_id: ImportId, folder: Folder = HERE, as_json: Json = False) -> None:
    """Bring an undone import back / 恢复导入"""
    with opened(folder) as workspace, progress_bar() as progress:
        result = workspace.imports.redo(import_id, actor="terminal")
        workspace.refresh(progress)
    if as_json:
        show_json(result)
    else:
        say(_("The import of {file} is back."), file=result.file_name)


@group.command()
def draft(
    file: File,
    folder: Folder = HERE,
    like: Annotated[str, typer.Option(help="Template: own.orders, own.pos … / 模板")] = "own.orders",
    name: Annotated[str, typer.Option(help="Name of the mapping / 映射名")] = "my_file",
    column: Annotated[
        list[str] | None, typer.Option(help="TEMPLATE=FILE, once for each column; guessed if left out / 列对应")
    ] = None,
    channel: Annotated[str, typer.Option(help="Channel; the template's if left out / 渠道")] = "",
    encoding: Annotated[str, typer.Option(help="Encoding; found out if left out / 编码")] = "",
    as_json: Json = False,
) -> None:
    """Draft a mapping for a file that is not recognised, as YAML for `definitions apply` / 为未识别的文件起草映射"""
    with opened(folder) as workspace:
        with file.open("rb") as stream:
            upload = workspace.imports.upload(stream, file.name)
        try:
            found = workspace.imports.draft(
                upload, like, _pairs(column) if column else None, channel=channel, encoding=encoding or None
            )
        finally:
            workspace.imports.discard(upload)
    if as_json:
        show_json(found)
        return
    if found.spec:
        made = parse({"kind": "mapping", "name": name, "title": {locale(): file.stem}, "spec": dict(found.spec)})
        tell(dump_yaml([made]).rstrip())
    left_out = " · ".join(one.name for one in found.wanted if one.needed and not one.column)
    if left_out:
        # As a comment, so that the output stays YAML.
        say(_("# Needed, but found in no column: {columns}. Say it with --column TEMPLATE=FILE."), columns=left_out)


def _pairs(given: Sequence[str]) -> dict[str, str]:
    pairs = [one.partition("=") for one in given]
    if any(not (name and equals) for name, equals, _column in pairs):
        raise InvalidInput("import.bad_column", _("Write each column as TEMPLATE=FILE, such as 实付金额=成交额."))
    return {name: column for name, _equals, column in pairs}


def _show_preview(found: Preview, *, as_json: bool) -> None:
    if as_json:
        show_json(found)
        return
    say(_("Mapping: {mapping}; encoding: {encoding}"), mapping=found.mapping or "–", encoding=found.encoding or "–")
    if not found.mapping:
        say(_("No mapping fits the columns of this file: {columns}."), columns=" · ".join(found.header))
        say(_("Draft one with: dujiang imports draft FILE --like own.orders"))
        return
    counts = {"checked": found.checked, "good": found.good, "bad": len(found.bad)}
    say(_("The first {checked} rows: {good} good, {bad} bad. Nothing is kept yet."), **counts)
    facts = {family: rows[0] for family, rows in found.facts.items() if rows}
    if facts:
        tell("")
        show_table(
            [_("Field"), _("First row")],
            [(f"{family}.{name}", _cell(value)) for family, fact in facts.items() for name, value in fact.items()],
        )
    from dujiang.collect.exports.statuses import STATES  # the command line starts faster without it

    told = (
        (_("Orders by state; only paid ones count:"), [f"{text(STATES[one])} {n}" for one, n in found.states.items()]),
        (_("Columns that the mapping needs and the file lacks:"), found.missing_columns),
        (_("Not in the file, to be said at import:"), found.missing_fields),
        (_("Personal data, not kept:"), found.dropped),
        (_("Ratios, computed again instead of kept:"), found.ratios),
        (_("Kept as properties:"), found.kept),
    )
    for title, names in told:
        if names:
            tell(f"{text(title)} {' · '.join(names)}")
    if found.imported_before:
        say(_("The same file was imported before; importing it again changes nothing."))
    if found.bad:
        rows = [(one.line, one.column or "–", text(one.sentence, **one.values)) for one in found.bad]
        show_table([_("Line"), _("Column"), _("Problem")], rows)


def text(sentence: str, **values: object) -> str:
    """A text of the catalogue in the terminal's language."""
    return translate(sentence, locale()).format(**values)


def _cell(value: object) -> str:
    return " · ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
