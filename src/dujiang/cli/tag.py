"""``dujiang tag``: the catalogue of tags, one tag, the tags of a person, and tags and consents by hand."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from dujiang.cli.app import HERE, Folder, Json, app, opened
from dujiang.cli.metric import written
from dujiang.cli.output import locale, say, show_json, show_table, tell
from dujiang.foundation.errors import InvalidInput, NotFound
from dujiang.foundation.i18n import _, translate
from dujiang.foundation.ids import person_id

if TYPE_CHECKING:
    from dujiang.people.tags.catalogue import Tag
    from dujiang.workspace import Workspace

group = typer.Typer(help="Tags of people / 用户标签", no_args_is_help=True)
app.add_typer(group, name="tag")

Name = Annotated[str, typer.Argument(help="Name of a tag / 标签名")]
Who = Annotated[str, typer.Argument(help="A phone, member number … or a person's id / 手机号、会员号或用户编号")]


@group.command("list")
def list_(
    words: Annotated[str, typer.Argument(help="Part of the name or title / 名称或标题的一部分")] = "",
    folder: Folder = HERE,
    as_json: Json = False,
) -> None:
    """Every tag and how many people have it / 标签目录"""
    with opened(folder) as workspace:
        coverage, tags = workspace.tags.coverage(), workspace.tags.catalogue()
    chosen = [tag for tag in tags if words.lower() in f"{tag.name} {tag.label('zh')} {tag.label('en')}".lower()]
    people = {tag.name: coverage[tag.name].people if tag.name in coverage else None for tag in chosen}
    if as_json:
        show_json([{"definition": tag.definition, "people": people[tag.name]} for tag in chosen])
        return
    rows = [(tag.name, tag.label(locale()), tag.spec.type, tag.spec.value, people[tag.name]) for tag in chosen]
    show_table([_("Name"), _("Title"), _("Comes from"), _("Value type"), _("People")], rows)


@group.command()
def show(name: Name, folder: Folder = HERE, as_json: Json = False) -> None:
    """One tag: who has it, what it reads, who uses it / 标签详情"""
    with opened(folder) as workspace:
        page, currency = workspace.tags.get(name), workspace.settings.brand.currency
    if as_json:
        show_json(page)
        return
    tell(f"{page.tag.label(locale())}: {page.tag.about(locale())}")
    say(_("{people} people have it."), people=page.coverage.people)
    say(_("Reads: {names}"), names=", ".join((*page.lineage.reads, *page.lineage.tables)))
    say(_("Used by: {names}"), names=", ".join("/".join(key) for key in page.lineage.used_by) or "–")
    bars = [(bar.label or _range(page.tag, bar.low, bar.high, currency), bar.people) for bar in page.distribution]
    show_table([_("Value"), _("People")], bars)


@group.command()
def of(
    who: Who,
    as_of: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="As of the beginning of this day / 截至当日零点")
    ] = None,
    folder: Folder = HERE,
    as_json: Json = False,
) -> None:
    """The tags of one person / 某个用户的标签"""
    with opened(folder) as workspace:
        person = _person(workspace, who)
        at = workspace.day_start(as_of.date()) if as_of else None
        found = [one for one in workspace.tags.of_person(person, at) if one.value not in (None, False, [], 0)]
        currency = workspace.settings.brand.currency
    if as_json:
        show_json({one.tag.name: one.value for one in found})
        return
    show_table(
        [_("Name"), _("Title"), _("Value")],
        [(one.tag.name, one.tag.label(locale()), _said(one.tag, one.value, currency)) for one in found],
    )


@group.command()
def history(who: Who, name: Name, days: int = 90, step: int = 7, folder: Folder = HERE, as_json: Json = False) -> None:
    """How a tag of one person changed / 标签变化"""
    if not (1 <= days <= 3650 and 1 <= step <= 365):
        raise InvalidInput("tag.bad_span", _("Look back 1 to 3650 days, in steps of 1 to 365."))
    with opened(folder) as workspace:
        found = workspace.tags.history(_person(workspace, who), name, days, step)
        tag, currency = workspace.tags.get(name).tag, workspace.settings.brand.currency
    if as_json:
        show_json(found)
        return
    show_table([_("From"), _("Value")], [(one.day, _said(tag, one.value, currency)) for one in found])


@group.command("set")
def set_(
    who: Who,
    name: Name,
    value: Annotated[str, typer.Argument(help="Value; none for a tag that is only there / 值")] = "",
    folder: Folder = HERE,
    as_json: Json = False,
) -> None:
    """Put a tag on a person / 打标签"""
    _put(folder, who, name, as_json, value=value)


@group.command()
def remove(who: Who, name: Name, folder: Folder = HERE, as_json: Json = False) -> None:
    """Take a tag off a person / 去掉标签"""
    _put(folder, who, name, as_json, removed=True)


@group.command()
def consent(
    who: Who,
    state: Annotated[str, typer.Argument(help="granted | withdrawn | unknown / 同意、撤回、未知")],
    medium: Annotated[str, typer.Option(help="sms, email, phone, wecom …; all if left out / 触达方式")] = "",
    purpose: Annotated[str, typer.Option(help="What for / 用途")] = "marketing",
    folder: Folder = HERE,
    as_json: Json = False,
) -> None:
    """State what a person allows / 记录同意或撤回"""
    if state not in ("granted", "withdrawn", "unknown"):
        sentence = _("“{state}” is no state of a consent. Use granted, withdrawn or unknown.")
        raise InvalidInput("consent.bad_state", sentence, state=state[:40])
    with opened(folder) as workspace:
        known: Any = state
        person = _person(workspace, who)
        workspace.state_consent(person, purpose, medium, known, actor="terminal")
        workspace.refresh()
    _noted(as_json, person)


def _said(tag: Tag, value: Any, currency: str) -> Any:
    """A value as people read it: money in the brand's currency, shares in percent, lists item by item."""
    if isinstance(value, bool):
        return translate(_("yes") if value else _("no"), locale())
    if isinstance(value, list):
        return ", ".join(map(str, value))
    if isinstance(value, int | float):
        return written(value, tag.spec.value, currency) if tag.spec.value in ("money", "percent") else round(value, 4)
    return value


def _range(tag: Tag, low: Any, high: Any, currency: str) -> str:
    ends = [str(_said(tag, each, currency)) for each in (low, high)]
    return " – ".join(dict.fromkeys(ends))


def _put(folder: Any, who: str, name: str, as_json: bool, **how: Any) -> None:
    with opened(folder) as workspace:
        person = _person(workspace, who)
        workspace.tag_person(person, name, actor="terminal", **how)
        workspace.refresh()
    _noted(as_json, person)


def _noted(as_json: bool, person: int) -> None:
    if as_json:
        show_json({"person": person_id(person)})
    else:
        say(_("Noted."))


def _person(workspace: Workspace, who: str) -> int:
    found = workspace.people.find(who)
    if len(found) != 1:
        raise NotFound(
            "people.not_one", _("{count} people have this identifier. Name one by its id."), count=len(found)
        )
    return workspace.people.get(found[0]).profile.person
