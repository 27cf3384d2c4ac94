"""``dujiang group``: find groups of people who behave alike, show them, name them, make segments of them."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Final

import typer

from dujiang.cli.app import HERE, Folder, Json, app, opened
from dujiang.cli.metric import written
from dujiang.cli.output import locale, progress_bar, say, show_json, show_table
from dujiang.foundation.errors import NotFound
from dujiang.foundation.i18n import _, translate

if TYPE_CHECKING:
    from dujiang.people.groups.model import GroupBody, GroupsNow

NO_GROUPS: Final = _("There are no groups yet. Run dujiang group fit.")
group = typer.Typer(help="Groups by behaviour / 行为分群", no_args_is_help=True)
app.add_typer(group, name="group")

GroupId = Annotated[str, typer.Argument(help="The group's id, such as g1 / 群编号")]


@group.command()
def fit(
    as_of: Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="First day not known / 截止日期")] = None,
    folder: Folder = HERE,
    as_json: Json = False,
) -> None:
    """Find groups anew and assign everybody / 重新分群"""
    with opened(folder) as workspace, progress_bar() as progress:
        workspace.refresh(progress)
        run = workspace.groups.fit(progress, as_of.date() if as_of else None)
        workspace.refresh(progress)
        now, currency = workspace.groups.now(), workspace.settings.brand.currency
    if as_json:
        show_json(run)
        return
    _tell(run.state, run.body)
    if run.state == "fitted":
        _show(now, currency)


@group.command()
def show(folder: Folder = HERE, as_json: Json = False) -> None:
    """The groups as they are today / 当前分群"""
    with opened(folder) as workspace:
        now, currency = workspace.groups.now(), workspace.settings.brand.currency
    if as_json:
        show_json(now)
    elif now.run is None:
        if now.latest:
            _tell(now.latest.state, now.latest.body)
        say(NO_GROUPS)
    else:
        _show(now, currency)


@group.command()
def person(
    words: Annotated[str, typer.Argument(help="A person's id or identifier / 用户编号或标识")],
    folder: Folder = HERE,
    as_json: Json = False,
) -> None:
    """The group of one person, and why / 单个用户的分群与原因"""
    with opened(folder) as workspace:
        people = workspace.people.find(words)
        if not people:
            raise NotFound("people.not_found", _("Nobody has this identifier. It has to be complete."))
        found, labels = workspace.groups.of_person(people[0]), workspace.groups.labels(locale())
    if as_json:
        show_json(found)
        return
    if found is None:
        say(_("Too little is known of this person to be grouped.") if labels else NO_GROUPS)
        return
    sentence = _("In the group {group}; the next-nearest is {other}. Distance from the boundary: {margin}.")
    say(sentence, group=labels[found.group], other=labels[found.next_group], margin=f"{found.margin:.2f}")
    from dujiang.people.groups.naming import LABELS

    rows = [
        (
            translate(LABELS[one.feature], locale()),
            *(None if value is None else round(value, 3) for value in (one.value, one.group, one.next_group)),
            f"{one.share:.0%}",
        )
        for one in found.reasons
    ]
    show_table([_("Feature"), _("This person"), _("The group"), _("The next group"), _("Share of the reason")], rows)


@group.command()
def rename(
    id_: GroupId,
    name: Annotated[str, typer.Argument(help="Its new name; empty: its own name again / 新名称")] = "",
    folder: Folder = HERE,
    as_json: Json = False,
) -> None:
    """Give a group another name / 群重新命名"""
    with opened(folder) as workspace:
        wanted = workspace.groups.renamed(id_, {locale(): name})
        workspace.definitions.apply(workspace.definitions.plan([wanted]), actor="terminal")
        label = workspace.groups.labels(locale())[id_]
    if as_json:
        show_json({"group": id_, "name": label})
    else:
        say(_("The group {id} is called {name}."), id=id_, name=label)


@group.command()
def segment(id_: GroupId, folder: Folder = HERE, as_json: Json = False) -> None:
    """Make a segment of a group / 把群存为人群"""
    with opened(folder) as workspace:
        made = workspace.groups.segment_of(id_)
        workspace.definitions.apply(workspace.definitions.plan([made]), actor="terminal")
        workspace.refresh()
        people = workspace.segments.get(made.name, locale()).people
    if as_json:
        show_json({"segment": made.name, "people": people})
    else:
        say(_("The segment {name} has {people} members."), name=made.name, people=people)


def _tell(state: str, body: GroupBody) -> None:
    if state == "too_little":
        sentence = _("Too few people: {people} are known well enough, {needed} are needed.")
        say(sentence, people=body.people, needed=body.needed)
    elif state == "unstable":
        say(_("No number of groups is stable: in other samples of the same people other groups come out."))
    rows = [
        (
            one.groups,
            f"{one.strength:.2f}",
            f"{one.jaccard:.2f}",
            f"{one.rand:.2f}",
            _("yes") if one.stable else _("no"),
        )
        for one in body.curve
    ]
    if rows:
        heads = [_("Groups"), _("Prediction strength"), _("Weakest overlap"), _("Adjusted Rand"), _("Stable")]
        show_table(heads, rows)


def _show(now: GroupsNow, currency: str) -> None:
    rows = [
        (
            one.id,
            one.label(locale()),
            one.people,
            "–" if one.share is None else f"{one.share:.1%}",
            written(one.paid_minor, "money", currency),
            "–" if one.paid_share is None else f"{one.paid_share:.1%}",
            f"{one.found.jaccard:.2f}",
        )
        for one in now.groups
    ]
    heads = [
        _("Id"),
        _("Group"),
        _("People"),
        _("Share of people"),
        _("Paid"),
        _("Share of the sales"),
        _("Found again"),
    ]
    show_table(heads, rows)
