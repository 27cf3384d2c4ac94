"""``dujiang suggestions``: find people whose records are alike, and decide about them."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any

import typer

from dujiang.cli.app import HERE, Folder, Json, app, opened
from dujiang.cli.identity import parse_node
from dujiang.cli.output import progress_bar, say, show_json, show_table
from dujiang.foundation.i18n import _
from dujiang.identity.linkage.pair_id import pair_id, parse_pair_id
from dujiang.store.command import SYSTEM

group = typer.Typer(help="People who may be one / 疑似同一人", no_args_is_help=True)
app.add_typer(group, name="suggestions")

Pair = Annotated[str, typer.Argument(help="Id of a suggestion / 建议编号")]


@group.command()
def find(
    retrain: Annotated[bool, typer.Option("--retrain", help="Learn anew, compare all with all / 重新学习")] = False,
    folder: Folder = HERE,
    as_json: Json = False,
) -> None:
    """Compare new records with all, and bring the answers up to date / 查找"""
    with opened(folder) as workspace, progress_bar() as progress:
        found = workspace.suggestions.suggest(progress, retrain=retrain)
        workspace.refresh(progress)
    if as_json:
        show_json(found)
        return
    sentence = _("{compared} of {records} records compared: {accepted} pairs accepted, {review} to review.")
    say(sentence, compared=found.compared, records=found.records, accepted=found.accepted, review=found.to_review)
    if not found.converged:
        say(_("The training did not come to rest: look at what was accepted."))


@group.command("list")
def list_(
    state: Annotated[str, typer.Option(help="open, later, accepted, rejected")] = "open",
    limit: Annotated[int, typer.Option(min=1, max=1000, help="How many / 数量")] = 50,
    person: Annotated[str, typer.Option(help="Only about this person / 仅此用户")] = "",
    folder: Folder = HERE,
    as_json: Json = False,
) -> None:
    """Suggestions, the likeliest first / 建议列表"""
    from dujiang.identity.linkage.tables import checked_state

    with opened(folder) as workspace:
        who = parse_node(person) if person else None
        found = workspace.suggestions.list(checked_state(state), limit=limit, person=who)
    if as_json:
        show_json([{"id": pair_id(one.a, one.b), **_plain(asdict(one))} for one in found])
        return
    rows = [
        (pair_id(one.a, one.b), f"{one.probability:.4f}", *(f"{said.a} | {said.b}" for said in one.shown))
        for one in found
    ]
    titles = [_("Id"), _("Probability"), _("Full name"), _("Birthday"), _("Address"), _("Gender")]
    show_table(titles, rows)


def _plain(found: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in found.items() if name not in ("a", "b")}


@group.command()
def accept(pair: Pair, folder: Folder = HERE, as_json: Json = False) -> None:
    """They are one person / 确认为同一人"""
    _decide(pair, "accept", folder, as_json=as_json)


@group.command()
def reject(pair: Pair, folder: Folder = HERE, as_json: Json = False) -> None:
    """They are two; it is not asked again / 不是同一人"""
    _decide(pair, "reject", folder, as_json=as_json)


@group.command()
def later(pair: Pair, folder: Folder = HERE, as_json: Json = False) -> None:
    """Put off / 以后再说"""
    _decide(pair, "later", folder, as_json=as_json)


@group.command()
def reopen(pair: Pair, folder: Folder = HERE, as_json: Json = False) -> None:
    """Take a decision back / 撤回决定"""
    _decide(pair, "open", folder, as_json=as_json)


def _decide(pair: str, verdict: Any, folder: Any, *, as_json: bool) -> None:
    with opened(folder) as workspace:
        found = workspace.suggestions.decide(parse_pair_id(pair), verdict, actor=SYSTEM)
        workspace.refresh()
    if as_json:
        show_json({"id": pair, **_plain(asdict(found))})
    else:
        say(_("Suggestion {pair}: {state}."), pair=pair, state=found.state)
