"""``dujiang people``: list people, or show one."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

from dujiang.cli.app import HERE, Folder, Json, app, opened
from dujiang.cli.output import locale, say, show_json, show_table, tell
from dujiang.foundation.i18n import _
from dujiang.foundation.ids import person_id
from dujiang.foundation.money import format_money

if TYPE_CHECKING:
    from dujiang.collect.identifier_types import IdentifierTypes
    from dujiang.people.model import PersonPage
    from dujiang.workspace import Workspace


@app.command()
def people(
    words: Annotated[
        str, typer.Argument(help="A phone, email, member number … or a person's id / 手机号、会员号或用户编号")
    ] = "",
    channel: Annotated[list[str] | None, typer.Option(help="Seen in this channel / 渠道")] = None,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="How many / 数量")] = 20,
    as_of: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d"], help="One person as of the beginning of this day / 截至当日零点"),
    ] = None,
    folder: Folder = HERE,
    as_json: Json = False,
) -> None:
    """List people, or show the one that an identifier belongs to / 用户"""
    from dujiang.people.model import PeopleQuery

    with opened(folder) as workspace:
        currency = workspace.settings.brand.currency
        service = workspace.people
        found = service.find(words) if words else []
        if len(found) == 1:
            at = workspace.day_start(as_of.date()) if as_of else None
            _show_one(workspace, found[0], at, as_json=as_json)
            return
        page = service.list(PeopleQuery(words=words, channels=tuple(channel or ()), limit=limit))
    if as_json:
        show_json(
            {"count": page.count, "people": [{**vars(one), "person": person_id(one.person)} for one in page.people]}
        )
        return
    rows = [
        (
            person_id(one.person),
            ", ".join(one.channels),
            one.orders,
            format_money(one.paid_minor, locale(), currency),
            one.last_at and one.last_at.date(),
        )
        for one in page.people
    ]
    show_table([_("Person"), _("Channels"), _("Orders"), _("Paid"), _("Last seen")], rows)
    say(_("{count} people"), count=page.count)


def _show_one(workspace: Workspace, person: int, at: datetime | None, *, as_json: bool) -> None:
    from dujiang.people.service import timeline_until

    service = workspace.people
    page = service.get(person, at)
    timeline = service.timeline(page.profile.person, timeline_until(at), limit=20)
    if as_json:
        show_json({"id": person_id(page.profile.person), "page": page, "timeline": timeline.entries})
        return
    _show_page(page, workspace.settings.brand.currency, workspace.identifier_types)
    rows = [(one.at.isoformat(" ", "minutes"), one.channel, one.kind, one.name) for one in timeline.entries]
    show_table([_("When"), _("Channel"), _("Kind"), _("What")], rows)


def _show_page(page: PersonPage, currency: str, types: IdentifierTypes) -> None:
    from dujiang.identity.wording import reason_text

    said = lambda type_: types.label(type_, locale())  # noqa: E731
    who = page.profile
    paid = format_money(who.paid_minor, locale(), currency)
    tell(f"{person_id(who.person)}  {', '.join(who.channels)}")
    say(_("{orders} orders, {paid} paid"), orders=who.orders, paid=paid)
    show_table(
        [_("Type"), _("Identifier"), _("Role")], [(said(one.type), one.shown, one.role) for one in page.identifiers]
    )
    rows = [
        (said(one.a_type), said(one.b_type), one.joined, reason_text(one.reason, types, locale()), one.facts)
        for one in page.evidence
    ]
    show_table([_("Identifier"), _("Identifier"), _("Joined"), _("Reason"), _("Facts")], rows)
