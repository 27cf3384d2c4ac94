"""``dujiang report``: list reports, look at one, send it, and fetch what was delivered."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from dujiang.cli.app import HERE, Folder, Json, app, opened
from dujiang.cli.output import locale, say, show_json, show_table, tell
from dujiang.foundation.errors import NotFound, Unavailable
from dujiang.foundation.i18n import _, translate

group = typer.Typer(help="Scheduled reports / 定时报告", no_args_is_help=True)
app.add_typer(group, name="report")

Name = Annotated[str, typer.Argument(help="Name of a report / 报告名称")]


@group.command("list")
def list_(folder: Folder = HERE, as_json: Json = False) -> None:
    """Every report / 报告列表"""
    with opened(folder) as workspace:
        found = [(one, workspace.postroom.next_due(one)) for one in workspace.reports.list()]
        zone = workspace.zone
    if as_json:
        show_json([{**one.definition.model_dump(mode="json"), "next_due": due} for one, due in found])
        return
    rows = [
        (
            one.name,
            one.definition.label(locale()),
            one.definition.status,
            f"{due.astimezone(zone):%Y-%m-%d %H:%M}" if due else "–",
        )
        for one, due in found
    ]
    show_table([_("Name"), _("Title"), _("Status"), _("Next time")], rows)


@group.command()
def preview(name: Name, folder: Folder = HERE, as_json: Json = False) -> None:
    """What a report would say now; nothing is kept / 预览报告"""
    from dujiang.console import reports

    with opened(folder) as workspace:
        found = workspace.reports.get(name)
        written = reports.write(workspace, found)
        text = reports.summary(workspace, found, written)
    if as_json:
        show_json(written.body)
    else:
        tell(text)


@group.command()
def send(name: Name, folder: Folder = HERE, as_json: Json = False) -> None:
    """Make a report ready now, whatever its times / 立即生成报告"""
    from dujiang.api.app import WORK
    from dujiang.workspace.worker import Worker

    with opened(folder) as workspace:
        made = workspace.postroom.send(name, actor="terminal")
        Worker(workspace, WORK).run(workspace.jobs.start(made.job, "terminal"))
        done = workspace.postroom.get(made.id)
    if done.state == "failed":
        raise Unavailable(done.error_code, done.error_sentence, **done.error_values)
    if as_json:
        show_json({"delivery": done.id, "body": done.body})
        return
    say(_("The report is ready; its files are fetched with dujiang report fetch {name} {id}."), name=name, id=done.id)


@group.command()
def deliveries(name: Name, folder: Folder = HERE, as_json: Json = False) -> None:
    """What was delivered of a report / 交付记录"""
    with opened(folder) as workspace:
        found, zone = workspace.postroom.list(workspace.reports.get(name).name), workspace.zone
    if as_json:
        show_json(found)
        return
    rows = []
    for one in found:
        problem = translate(one.error_sentence, locale()).format(**one.error_values) if one.error_sentence else ""
        rows.append(
            (
                one.id,
                f"{(one.due or one.created_at).astimezone(zone):%Y-%m-%d %H:%M}",
                one.state,
                len(one.files),
                problem,
            )
        )
    show_table([_("Id"), _("When"), _("State"), _("Files"), _("Problem")], rows)


@group.command()
def fetch(
    name: Name,
    delivery: Annotated[str, typer.Argument(help="Id of a delivery; none: the newest / 交付编号，缺省为最新")] = "",
    to: Annotated[Path, typer.Option(help="Folder to write to / 目标文件夹")] = Path(),
    folder: Folder = HERE,
    as_json: Json = False,
) -> None:
    """Write the files of a delivery into a folder / 下载报告文件"""
    with opened(folder) as workspace:
        found = [one for one in workspace.postroom.list(workspace.reports.get(name).name, 500) if one.delivered_at]
        wanted = next((one for one in found if delivery in ("", one.id)), None)
        if wanted is None:
            raise NotFound("report.no_delivery", _("There is no delivery {id}."), id=delivery[:40] or "–")
        to.mkdir(parents=True, exist_ok=True)
        for file in wanted.files:
            (to / file.name).write_bytes(workspace.postroom.read(wanted.id, file.name))
        workspace.record("terminal", "export", f"report/{name}", {"delivery": wanted.id})
    if as_json:
        show_json({"delivery": wanted.id, "files": [one.name for one in wanted.files]})
    else:
        say(_("{count} files written."), count=len(wanted.files))
