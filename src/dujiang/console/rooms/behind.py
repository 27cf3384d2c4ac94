"""The people behind a number of the pages that understand people, as an address names them."""

from __future__ import annotations

from dujiang.console.filters import read_day
from dujiang.console.views import lifecycle
from dujiang.console.visit import Visit
from dujiang.engine.question import Rows
from dujiang.foundation.i18n import _

Behind = tuple[Rows, str]
"""A question with the column ``person``, and whose number it is in words."""


def behind(visit: Visit) -> Behind | None:
    """Whom the address names; None where it names nobody this way."""
    for key, found in _BY_KEY.items():
        if visit.query.get(key):
            return found(visit)
    return None


def _in_stage(visit: Visit) -> Behind:
    stage, on = visit.query["stage"], visit.query.get("on", "")
    day = read_day(on) if on else visit.today
    sentence = _("People in the stage “{stage}” on {day}.")
    told = visit.text(sentence, stage=lifecycle.label(visit, stage), day=day)
    return visit.workspace.life.people_in(stage, day), told


def _of_life(visit: Visit) -> Behind:
    start, end = visit.query.get("life_from"), visit.query.get("life_to") or None
    service, period = visit.workspace.life, visit.scope.period
    names = {
        "start": visit.text(_("any stage")) if start is None else lifecycle.label(visit, start or None),
        "end": visit.text(_("any stage")) if end is None else lifecycle.label(visit, end),
        "first": period.first,
        "last": period.last,
    }
    if visit.query["life"] == "changed":
        sentence = _("People who changed from “{start}” to “{end}” between {first} and {last}.")
        return service.people_changed(period, start, end), visit.text(sentence, **names)
    sentence = _("People who were in “{start}” before {first} and in “{end}” on {last}.")
    return service.people_moved(period, start, end), visit.text(sentence, **names)


_BY_KEY = {"stage": _in_stage, "life": _of_life}
