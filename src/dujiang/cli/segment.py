"""``dujiang segment``: list, show, count, compare and export segments."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from dujiang.cli.app import HERE, Folder, Json, app, opened
from dujiang.cli.export import COLUMNS, person_row
from dujiang.cli.files import text_of
from dujiang.cli.metric import written
from dujiang.cli.output import locale, say, show_json, show_table, tell
from dujiang.foundation.definitions import dump_yaml, load_yaml
from dujiang.foundation.i18n import _

if TYPE_CHECKING:
    from dujiang.people.segments.model import Difference
    from dujiang.workspace import Workspace

group = typer.Typer(help="List, show, count, compare and export segments / 人群", no_args_is_help=True)
app.add_typer(group, name="segment")

Name = Annotated[str, typer.Argument(help="Name of a segment / 人群名称")]


@group.command("list")
def list_(folder: Folder = HERE, as_json: Json = False) -> None:
    """Every segment / 人群列表"""
    with opened(folder) as workspace:
        found = workspace.segments.list(locale())
    if as_json:
        show_json(found)
        return
    rows = [
        (one.name, one.title.get(locale(), one.name), one.people, one.entered, one.left, one.sentence) for one in found
    ]
    show_table([_("Name"), _("Title"), _("People"), _("Came (7 days)"), _("Left (7 days)"), _("Who")], rows)


@group.command()
def show(name: Name, folder: Folder = HERE, as_json: Json = False) -> None:
    """One segment: who is in it, how it changed, who can be reached / 人群详情"""
    with opened(folder) as workspace:
        one, history = workspace.segments.get(name, locale()), workspace.segments.history(name)
        reach = workspace.segments.reach(name)
    if as_json:
        show_json({"segment": one, "history": history, "reach": reach})
        return
    tell(one.sentence)
    say(_("{count} people"), count=one.people)
    rows = [(day.day, day.entered, day.left, f"{day.redefined:+,}", day.people) for day in history[-30:]]
    show_table([_("Day"), _("Came"), _("Left"), _("Moved by the definition"), _("People")], rows)
    reached = [(each.medium, each.address, each.consented, each.refused) for each in reach]
    show_table([_("Channel"), _("With an address"), _("Agreed"), _("Refused")], reached)


@group.command()
def count(
    file: Annotated[
        Path, typer.Argument(exists=True, dir_okay=False, help="Definitions or trees, YAML or JSON / 定义或条件树")
    ],
    folder: Folder = HERE,
    as_json: Json = False,
) -> None:
    """How many people the segments in a file would have, without saving them / 试算人数

    A tree of conditions alone will do, as the builder shows it and the API takes it.
    """
    from dujiang.people.segments.model import trees_of

    wanted = trees_of(text_of(file), file.name)
    with opened(folder) as workspace:
        counted = {name: workspace.segments.count(tree, locale(), (name,)) for name, tree in wanted.items()}
    if as_json:
        show_json(counted)
        return
    rows = [(name, one.people, one.everybody, one.sentence) for name, one in counted.items()]
    show_table([_("Name"), _("People"), _("Of everybody"), _("Who")], rows)


@group.command()
def compare(
    name: Name,
    other: Annotated[
        str, typer.Argument(help="Another segment; none: everybody else / 对比人群，缺省为其他所有人")
    ] = "",
    folder: Folder = HERE,
    as_json: Json = False,
) -> None:
    """What makes a segment different / 人群差异"""
    with opened(folder) as workspace:
        show_differences(workspace, workspace.segments.differences(name, other), as_json=as_json)


@group.command()
def export(
    name: Name,
    file: Annotated[Path, typer.Argument(help="CSV / 目标文件")],
    folder: Folder = HERE,
    as_json: Json = False,
) -> None:
    """Write the members to a CSV file / 导出成员"""
    with opened(folder) as workspace, file.open("w", encoding="utf-8-sig", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(COLUMNS)
        written = 0
        for one in workspace.segments.members(name):
            writer.writerow(person_row(one))
            written += 1
        workspace.record("terminal", "segment.export", name, {"people": written})
    if as_json:
        show_json({"rows": written, "file": file.name})
    else:
        say(_("{rows} written to {file}."), rows=written, file=file.name)


@group.command()
def apply(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="Definitions in YAML / YAML 定义")],
    folder: Folder = HERE,
    as_json: Json = False,
) -> None:
    """Save the segments of a file and compute their members / 应用人群定义"""
    with opened(folder) as workspace:
        changes = workspace.definitions.plan(load_yaml(text_of(file)))
        changed = workspace.definitions.apply(changes, actor="terminal", note=file.name)
        workspace.refresh()
    if as_json:
        show_json({"changed": changed})
    else:
        say(_("{count} definitions changed."), count=changed)


@group.command()
def source(name: Name, folder: Folder = HERE, as_json: Json = False) -> None:
    """The definition of a segment as YAML / 人群定义"""
    with opened(folder) as workspace:
        found = workspace.definitions.get("segment", name)
    if as_json:
        show_json(found.model_dump(mode="json"))
    else:
        typer.echo(dump_yaml([found]), nl=False)


def show_differences(workspace: Workspace, found: list[Difference], *, as_json: bool) -> None:
    """Print what makes two groups of people different, the clear differences first."""
    if as_json:
        show_json(found)
        return
    money = {tag.name for tag in workspace.tags.catalogue() if tag.spec.value == "money"}
    currency = workspace.settings.brand.currency

    def figure(one: Difference, value: float | None) -> str:
        if one.value or value is None:
            return written(value, "percent", currency)
        is_money = one.field in money or one.field.endswith("_minor")
        return written(value, "money", currency) if is_money else f"{value:,.4g}"

    rows = [
        (one.field, one.value, figure(one, one.a), figure(one, one.b), f"{one.effect:+.2f}", f"{one.p:.3g}", one.clear)
        for one in found[:30]
    ]
    show_table([_("Field"), _("Value"), _("Here"), _("There"), _("Effect"), _("p (adjusted)"), _("Clear")], rows)
