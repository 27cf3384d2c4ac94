"""``dujiang identity``: decisions about who is who, and dry runs of a change of rules."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from dujiang.cli.app import HERE, Folder, Json, app, opened
from dujiang.cli.files import text_of
from dujiang.cli.output import locale, say, show_json, show_table
from dujiang.foundation.errors import NotFound
from dujiang.foundation.i18n import _, translate
from dujiang.foundation.ids import parse_person_id, person_id
from dujiang.identity.ruling_kinds import Kind

if TYPE_CHECKING:
    from dujiang.identity.decisions import Decided
    from dujiang.identity.dry_run import DryRun
    from dujiang.identity.parting import Parting
    from dujiang.workspace import Workspace

group = typer.Typer(help="Who is who / 身份", no_args_is_help=True)
app.add_typer(group, name="identity")

Words = Annotated[str, typer.Argument(help="An identifier in full, or a person's id / 完整标识或用户编号")]
Dry = Annotated[bool, typer.Option("--dry-run", help="Only show what would happen / 只试算")]
Reason = Annotated[str, typer.Option(help="Why; it stands in the evidence / 原因")]


@group.command()
def quality(folder: Folder = HERE, as_json: Json = False) -> None:
    """How well identifiers find their person / 身份质量"""
    from dujiang.identity.quality import quality as of
    from dujiang.identity.wording import reason_text

    with opened(folder) as workspace, workspace.engine.read() as con:
        found, types = of(con), workspace.identifier_types
    if as_json:
        show_json(found)
        return
    say(_("{identifiers} identifiers, {persons} people"), identifiers=found.identifiers, persons=found.persons)
    say(
        _("Joined wrongly, estimated: {wrong}. Contradictions: {conflicts}. Profile filled: {filled}."),
        wrong=_percent(found.over_merge_rate),
        conflicts=found.conflicts,
        filled=_percent(found.completeness),
    )
    rows = [
        (one.channel, one.persons, *map(_percent, (one.known_rate, one.elsewhere_rate, one.completeness)))
        for one in found.channels
    ]
    show_table([_("Channel"), _("People"), _("Known"), _("Also seen elsewhere"), _("Profile filled")], rows)
    refused = [(reason_text(reason, types, locale()), many) for reason, many in found.refused.items()]
    show_table([_("Kept apart"), _("Links")], refused)
    show_table(
        [_("Shared identifiers"), _("Identifiers")],
        [(types.label(one, locale()), n) for one, n in found.shared.items()],
    )
    show_table([_("Largest people"), _("Identifiers")], [(person_id(one), many) for one, many in found.largest])


@group.command()
def trend(
    days: Annotated[int, typer.Option(min=1, max=3_660, help="How many days / 天数")] = 30,
    folder: Folder = HERE,
    as_json: Json = False,
) -> None:
    """How good identity was day by day / 身份质量走势"""
    with opened(folder) as workspace:
        found = workspace.identity_history.recent(days)
    if as_json:
        show_json(found)
        return
    rows = [
        (
            one.day,
            one.persons,
            one.conflicts,
            one.largest,
            *map(_percent, (one.churn, one.over_merge_rate, one.completeness)),
        )
        for one in found
    ]
    header = [_("Day"), _("People"), _("Contradictions"), _("Identifiers of the largest person")]
    show_table([*header, _("Numbers that ended"), _("Joined wrongly, estimated"), _("Profile filled")], rows)


@group.command()
def ignored(
    days: Annotated[int, typer.Option(min=1, max=3_660, help="How many days / 天数")] = 30,
    folder: Folder = HERE,
    as_json: Json = False,
) -> None:
    """Values that named nobody, and why / 被忽略的标识值"""
    from dujiang.console.views.identity import IGNORED

    with opened(folder) as workspace:
        found = workspace.ignored_identifiers(days)
    if as_json:
        show_json(found)
        return
    rows = [(one.source, one.type, translate(IGNORED[one.reason], locale()), one.rule, one.count) for one in found]
    show_table([_("Source"), _("Type"), _("Reason"), _("List"), _("Values")], rows)


@group.command()
def junk(folder: Folder = HERE, as_json: Json = False) -> None:
    """Bar what lists of junk values name among identifiers already known / 排查已有标识中的无效值"""
    with opened(folder) as workspace:
        changed = workspace.bar_known_junk()
        workspace.refresh()
    if as_json:
        show_json({"decisions": changed})
    else:
        say(_("{n} decisions came or went. People have been brought up to date."), n=changed)


@group.command()
def decisions(folder: Folder = HERE, as_json: Json = False) -> None:
    """Every decision about who is who / 人工决定列表"""
    with opened(folder) as workspace:
        found = workspace.identity_decisions.listed()
    if as_json:
        show_json(found)
        return
    rows = [
        (one.ruling.id, one.ruling.kind, _about(one.ruling), one.ruling.at, one.ruling.actor, one.revoked_at)
        for one in found
    ]
    show_table([_("Id"), _("Kind"), _("About"), _("When"), _("Who"), _("Revoked")], rows)


@group.command()
def decide(
    kind: Annotated[Kind, typer.Argument(help="What / 类型")],
    about: Annotated[list[str], typer.Argument(help="Ids of identifiers, or a source / 标识编号或来源")],
    at: Annotated[
        datetime | None, typer.Option(help="unbind: when, UTC; now if left out / 解绑时间（UTC），默认现在")
    ] = None,
    reason: Reason = "",
    dry: Dry = False,
    folder: Folder = HERE,
    as_json: Json = False,
) -> None:
    """Decide about two identifiers, one identifier or a source / 做出决定"""
    from dujiang.identity.decisions import Wish
    from dujiang.store.command import Actor

    source = about[0] if kind == "distrust" else ""
    a, b, *_more = [*([] if source else map(parse_node, about)), None, None]
    wish = Wish(kind, a, b, source, reason=reason, moment=at and at.replace(tzinfo=UTC))
    with opened(folder) as workspace:
        if dry:
            _show(workspace.identity_desk.dry_run(wishes=[wish]), as_json=as_json)
            return
        made = workspace.identity_decisions.decide(wish, actor=Actor("terminal", "admin"))
        workspace.refresh()
    _done(made, _("Decided ({id}). People have been brought up to date."), id=made.id, as_json=as_json)


@group.command()
def revoke(
    decision: Annotated[str, typer.Argument(help="Id of the decision / 决定编号")],
    reason: Reason = "",
    folder: Folder = HERE,
    as_json: Json = False,
) -> None:
    """Take a decision back / 撤销决定"""
    from dujiang.store.command import Actor

    with opened(folder) as workspace:
        found = workspace.identity_desk.revoke(decision, actor=Actor("terminal", "admin"), reason=reason)
        workspace.refresh()
    _done(found, _("Revoked. People are what they were without it."), as_json=as_json)


@group.command()
def restore(
    decision: Annotated[str, typer.Argument(help="Id of the decision / 决定编号")],
    reason: Reason = "",
    folder: Folder = HERE,
    as_json: Json = False,
) -> None:
    """Bring a revoked decision back, a released hold too / 恢复已撤销的决定"""
    from dujiang.store.command import Actor

    with opened(folder) as workspace:
        made = workspace.identity_desk.restore(decision, actor=Actor("terminal", "admin"), reason=reason)
        workspace.refresh()
    sentence = _("In force again ({id}). People have been brought up to date.")
    _done(made, sentence, id=made.ruling.id, as_json=as_json)


@group.command()
def holds(folder: Folder = HERE, as_json: Json = False) -> None:
    """Sources held because they suddenly joined far more people / 被熔断的来源"""
    with opened(folder) as workspace, workspace.engine.read() as con:
        found = workspace.identity_watch.held(con)
    if as_json:
        show_json(found)
        return
    rows = [
        (one.decision.ruling.id, one.decision.ruling.source, one.decision.ruling.at, one.links, *_rates(one.decision))
        for one in found
    ]
    show_table([_("Id"), _("Source"), _("When"), _("Links that wait"), _("Rate"), _("Usual rate")], rows)


@group.command()
def release(
    hold: Annotated[str, typer.Argument(help="Id of the hold / 熔断编号")],
    reason: Reason = "",
    folder: Folder = HERE,
    as_json: Json = False,
) -> None:
    """Believe a held source after all / 放行来源"""
    from dujiang.store.command import Actor

    with opened(folder) as workspace:
        found = workspace.identity_decisions.release(hold, actor=Actor("terminal", "admin"), reason=reason)
        workspace.refresh()
    _done(found, _("The source is believed again. People have been brought up to date."), as_json=as_json)


@group.command()
def reject(
    hold: Annotated[str, typer.Argument(help="Id of the hold / 熔断编号")],
    reason: Reason = "",
    folder: Folder = HERE,
    as_json: Json = False,
) -> None:
    """Leave out what a held source said since it was held / 拒绝来源"""
    from dujiang.store.command import Actor

    with opened(folder) as workspace:
        made = workspace.identity_decisions.reject(hold, actor=Actor("terminal", "admin"), reason=reason)
        workspace.refresh()
    _done(made, _("What the source said since the hold joins nobody (decision {id})."), id=made.id, as_json=as_json)


@group.command()
def graph(
    words: Words,
    nodes: Annotated[int, typer.Option(min=2, max=500, help="How many nodes at most / 最多节点数")] = 60,
    folder: Folder = HERE,
    as_json: Json = False,
) -> None:
    """Identifiers of a person, every link, and why it joins or not / 身份图谱"""
    with opened(folder) as workspace:
        types = workspace.identifier_types
        found = workspace.identity_graphs.of(_person(workspace, words), types, nodes)
        sentences = [one.evidence.text(types, locale()) for one in found.edges]
    if as_json:
        show_json(found)
        return
    named = [(person_id(one.node), one.type or _("Person"), one.shown, one.role, one.facts) for one in found.nodes]
    show_table([_("Id"), _("Type"), _("Identifier"), _("Role"), _("Facts")], named)
    rows = [
        (person_id(one.a), person_id(one.b), one.evidence.joined, one.evidence.facts, sentence)
        for one, sentence in zip(found.edges, sentences, strict=True)
    ]
    show_table([_("Link from"), _("Link to"), _("Joined"), _("Facts"), _("Reason")], rows)
    if found.identifiers_left_out or found.people_left_out:
        sentence = _("Not shown: {identifiers} identifiers, {people} other people. Ask for more with --nodes.")
        say(sentence, identifiers=found.identifiers_left_out, people=found.people_left_out)


@group.command()
def seams(words: Words, folder: Folder = HERE, as_json: Json = False) -> None:
    """Where a person can be taken apart / 可以拆开的地方"""
    with opened(folder) as workspace:
        found = workspace.identity_desk.seams(_person(workspace, words))
    if as_json:
        show_json(found)
        return
    rows = [(person_id(one.a), person_id(one.b), one.facts, len(one.part), one.decision) for one in found]
    show_table([_("Link from"), _("Link to"), _("Facts"), _("Identifiers that leave"), _("Decision")], rows)


@group.command("take-out")
def take_out(
    words: Words,
    identifier: Annotated[str, typer.Argument(help="Id of the identifier / 标识编号")],
    reason: Reason = "",
    dry: Dry = False,
    folder: Folder = HERE,
    as_json: Json = False,
) -> None:
    """Take an identifier out of a person / 移出标识"""
    with opened(folder) as workspace:
        parting = workspace.identity_desk.taking_out(parse_node(identifier), _person(workspace, words))
        _part(workspace, parting, reason, dry=dry, as_json=as_json)


@group.command()
def unmerge(
    words: Words,
    former: Annotated[str, typer.Argument(help="Id of the person before the merge / 合并前的用户编号")],
    reason: Reason = "",
    dry: Dry = False,
    folder: Folder = HERE,
    as_json: Json = False,
) -> None:
    """Undo a merge / 撤销合并"""
    with opened(folder) as workspace:
        parting = workspace.identity_desk.unmerging(parse_node(former), _person(workspace, words))
        _part(workspace, parting, reason, dry=dry, as_json=as_json)


def _done(result: object, sentence: str, *, as_json: bool, **values: str) -> None:
    """Say that something was done, or show what came of it."""
    if as_json:
        show_json(result)
    else:
        say(sentence, **values)


def _part(workspace: Workspace, parting: Parting, reason: str, *, dry: bool, as_json: bool) -> None:
    from dujiang.store.command import Actor

    if dry:
        _show(workspace.identity_desk.try_parting(parting), as_json=as_json)
        return
    done = workspace.identity_desk.part(parting, actor=Actor("terminal", "admin"), reason=reason)
    workspace.refresh()
    if as_json:
        show_json(done)
    elif parting.wishes:
        say(_("Taken apart. To undo it: dujiang identity revoke {id}"), id=done[-1].ruling.id)
    else:
        say(_("What was joined by hand is taken back ({id})."), id=done[-1].ruling.id)


@group.command("dry-run")
def dry_run(
    file: Annotated[Path, typer.Argument(help="YAML with identifier types / 标识类型定义")],
    examples: Annotated[int, typer.Option(min=0, max=1000, help="How many examples / 示例数")] = 10,
    folder: Folder = HERE,
    as_json: Json = False,
) -> None:
    """What changed identifier types would do to people; nothing is changed / 试算规则变更"""
    from dujiang.foundation.definitions import load_yaml

    wanted = load_yaml(text_of(file))
    with opened(folder) as workspace:
        found = workspace.identity_desk.dry_run(wanted, examples=examples)
    _show(found, as_json=as_json)


def _show(found: DryRun, *, as_json: bool) -> None:
    if as_json:
        show_json(found)
        return
    told = {name: getattr(found, name) for name in ("persons_before", "persons_after", "merges", "splits", "affected")}
    sentence = _(
        "{persons_before} people now, {persons_after} afterwards: {merges} merges, {splits} splits, {affected} people affected."
    )
    say(sentence, **told)
    rows = [
        (one.change, person_id(one.person), person_id(one.other), one.identifiers, one.a_type, one.b_type, one.reason)
        for one in found.examples
    ]
    header = [_("Change"), _("Person"), _("Other"), _("Identifiers"), _("Link from"), _("Link to"), _("Reason")]
    show_table(header, rows)
    if found.not_covered:
        say(_("Only new facts will heed: {settings}"), settings=", ".join(found.not_covered))


def _percent(share: float | None) -> str:
    return "–" if share is None else f"{share:.2%}"


def _rates(decided: Decided) -> tuple[str, str]:
    return _percent(decided.evidence["rate"]), _percent(decided.evidence["usual"])


def _about(ruling: Any) -> str:
    return ruling.source or " ".join(map(person_id, ruling.nodes))


def _person(workspace: Workspace, words: str) -> int:
    found = workspace.people.find(words)
    if not found:
        raise NotFound("people.none", _("Nobody has this identifier. It has to be complete."))
    return workspace.people.get(found[0]).profile.person


def parse_node(text: str) -> int:
    """The node of an identifier's id.

    Raises:
        NotFound: ``people.bad_id``.
    """
    node = parse_person_id(text)
    if node is None:
        raise NotFound("people.bad_id", _("This is not the id of a person. Ids begin with u and have 14 letters."))
    return node
