"""``dujiang definitions``: list, show, plan and apply."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from dujiang.cli.app import HERE, Folder, Json, app, opened
from dujiang.cli.files import text_of
from dujiang.cli.output import locale, say, show_json, show_table, tell
from dujiang.foundation.definitions import Change, PlannedChange, dump_yaml, load_yaml, spec_type
from dujiang.foundation.i18n import _, translate

if TYPE_CHECKING:
    from dujiang.workspace import Workspace

group = typer.Typer(help="List, show, plan and apply definitions / 定义", no_args_is_help=True)
app.add_typer(group, name="definitions")

_CHANGES: Final[dict[Change, str]] = {
    "create": _("new:"),
    "update": _("changed:"),
    "unchanged": _("as before:"),
    "retire": _("retired:"),
}
Files = Annotated[list[Path], typer.Argument(exists=True, dir_okay=False, help="YAML files / YAML 文件")]


@group.command("list")
def list_(
    kind: Annotated[str | None, typer.Argument(help="Only this kind / 种类")] = None,
    folder: Folder = HERE,
    as_json: Json = False,
) -> None:
    """Every definition in force / 生效的定义"""
    with opened(folder) as workspace:
        if kind:
            spec_type(kind)
        listed = workspace.definitions.listed(kind)
    if as_json:
        show_json([{**one.definition.model_dump(mode="json"), "own": one.own} for one in listed])
        return
    rows = [
        (d.kind, d.name, d.label(locale()), d.owner, d.deputy, d.status) for d in (one.definition for one in listed)
    ]
    show_table([_("Kind"), _("Name"), _("Title"), _("Owner"), _("Deputy"), _("Status")], rows)


@group.command()
def show(
    kind: Annotated[str, typer.Argument(help="Its kind / 种类")],
    name: Annotated[str, typer.Argument(help="Its name / 名称")],
    folder: Folder = HERE,
    as_json: Json = False,
) -> None:
    """One definition as YAML / 查看定义"""
    with opened(folder) as workspace:
        found = workspace.definitions.get(kind, name)
    if as_json:
        show_json(found)
    else:
        typer.echo(dump_yaml([found]), nl=False)


@group.command()
def plan(files: Files, folder: Folder = HERE, as_json: Json = False) -> None:
    """What applying the files would change / 预览变更"""
    with opened(folder) as workspace:
        _show(_planned(workspace, files), as_json=as_json)


@group.command()
def apply(
    files: Files,
    folder: Folder = HERE,
    note: Annotated[str, typer.Option(help="Kept beside the new versions / 备注")] = "",
    as_json: Json = False,
) -> None:
    """Apply the files / 应用变更"""
    with opened(folder) as workspace:
        changes = _planned(workspace, files)
        _show(changes, as_json=as_json)
        changed = workspace.definitions.apply(changes, actor="terminal", note=note)
    if not as_json:
        say(_("{count} definitions changed."), count=changed)


def _planned(workspace: Workspace, files: list[Path]) -> list[PlannedChange]:
    wanted = [definition for file in files for definition in load_yaml(text_of(file))]
    return workspace.definitions.plan(wanted)


def _show(changes: list[PlannedChange], *, as_json: bool) -> None:
    if as_json:
        show_json([{"kind": c.key[0], "name": c.key[1], "change": c.change, "diff": c.diff()} for c in changes])
        return
    for change in changes:
        tell(f"{translate(_CHANGES[change.change], locale())} {'/'.join(change.key)}")
        if change.change == "update":
            tell(change.diff())
