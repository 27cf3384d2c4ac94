"""``dujiang hours``: when people are active, and the best hours to send."""

from __future__ import annotations

from typing import Annotated

import typer

from dujiang.cli.app import HERE, Folder, Json, app, opened
from dujiang.cli.output import say, show_json, show_table
from dujiang.foundation.errors import NotFound
from dujiang.foundation.i18n import _


@app.command()
def hours(
    words: Annotated[str, typer.Argument(help="An identifier or a person's id; none: everybody / 标识或用户编号")] = "",
    group: Annotated[str, typer.Option(help="A group by behaviour / 行为分群")] = "",
    segment: Annotated[str, typer.Option(help="A segment / 人群")] = "",
    folder: Folder = HERE,
    as_json: Json = False,
) -> None:
    """The best hours to send / 活跃时段"""
    with opened(folder) as workspace:
        service = workspace.hours
        alike = service.prior().alike
        if words:
            persons = workspace.people.find(words)
            if not persons:
                raise NotFound(
                    "people.none", _("Nobody has this identifier. Identifiers are compared exactly, after cleaning.")
                )
            found = service.of_person(persons[0])
        elif group:
            found = service.of_people(workspace.groups.people_in(group))
        elif segment:
            found = service.of_people(workspace.segments.people(segment))
        else:
            found = service.everybody()
    if as_json:
        show_json(found)
        return
    rows = [
        (f"{one.hour:02d}:00", f"{one.share:.1%}", f"{one.low:.1%} – {one.high:.1%}", f"{one.likely:.0%}")
        for one in found.best
    ]
    show_table([_("Hour"), _("Share of the day"), _("90% interval"), _("Surely above average")], rows)
    if alike:
        say(_("People do not differ in their hours: the best hours are the same for everybody."))
    if words or group or segment:
        say(_("{hours} active hours; {own} of this is their own habit."), hours=found.hours, own=f"{found.own:.0%}")
