"""The people behind a number of the pages that understand people, as an address names them."""

from __future__ import annotations

from datetime import date
from typing import Any, Final

from dujiang.console.filters import read_day, read_json
from dujiang.console.views import hours, lifecycle, value
from dujiang.console.views.asked import view_of
from dujiang.console.visit import Visit
from dujiang.engine.question import Persons, Rows
from dujiang.foundation.errors import InvalidInput
from dujiang.foundation.i18n import _
from dujiang.insight.questions.registry import analysis_of, parse_pick, parse_question
from dujiang.people.hours.model import SLOTS

Behind = tuple[Rows | Persons, str]
"""The people, or a question with the column ``person``, and whose number it is in words."""


def behind(visit: Visit) -> Behind | None:
    """Whom the address names; None where it names nobody this way."""
    for key, found in _BY_KEY.items():
        if visit.query.get(key):
            return found(visit)
    return None


def _in_stage(visit: Visit) -> Behind:
    stage, day = visit.query["stage"], _on(visit)
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


def _in_segment(visit: Visit) -> Behind:
    segments, name = visit.workspace.segments, visit.query["segment"]
    title = visit.own(segments.get(name, visit.locale).title, name)
    return segments.people(name), visit.text(_("The members of the segment “{name}”."), name=title)


def _in_group(visit: Visit) -> Behind:
    groups, group = visit.workspace.groups, visit.query["group"]
    people = groups.people_in(group)
    return people, visit.text(_("The people of the group “{name}”."), name=groups.labels(visit.locale)[group])


def _changed_groups(visit: Visit) -> Behind:
    groups = visit.workspace.groups
    before, after = visit.query.get("group_from", ""), visit.query.get("group_to", "")
    labels = {"": visit.text(_("in no group")), **groups.labels(visit.locale)}
    sentence = _("People who were in “{start}” at the fit and are in “{end}” now.")
    told = visit.text(sentence, start=labels.get(before, before[:20]), end=labels.get(after, after[:20]))
    return groups.people_moved(before, after), told


def _in_layer(visit: Visit) -> Behind:
    day = _on(visit)
    layer = visit.query["layer"]
    told = visit.text(_("{layer}, as of {day}."), layer=value.layer_label(visit, layer), day=day)
    return visit.workspace.value.people_in_layer(layer, day), told


def _in_bands(visit: Visit) -> Behind:
    day = _on(visit)
    numbers = [int(one) if one.isdecimal() and len(one) < 3 else 0 for one in visit.query["rfm"].split(".")[:2]]
    r, f = (*numbers, 0, 0)[:2]
    told = visit.text(_("Buyers with recency {r} and frequency {f}, as of {day}."), r=r, f=f, day=day)
    return visit.workspace.value.people_in_bands(day, r, f), told


def _at_top(visit: Visit) -> Behind:
    period = visit.scope.period
    try:
        share = float(visit.query["top"])
    except ValueError:
        share = 0.0
    found = visit.workspace.value.people_at_top(period, share)
    sentence = _("The best {share} of the buyers, {first} to {last}.")
    return found, visit.text(sentence, share=visit.show(share, "percent"), first=period.first, last=period.last)


def _on(visit: Visit) -> date:
    on = visit.query.get("on", "")
    return read_day(on) if on else visit.today


def _at_hour(visit: Visit) -> Behind:
    asked = visit.query["hour"]
    slot = min(int(asked), SLOTS - 1) if asked.isdecimal() and len(asked) < 4 else 0
    told = visit.text(_("People who were active in the hour {hour} of any week."), hour=hours.hour_label(visit, slot))
    return visit.workspace.hours.people_in(slot), told


def picked(visit: Visit, question: str, pick: str) -> tuple[Persons, str]:
    """The people behind one number of the answer to a question, both as an address states them.

    Raises:
        InvalidInput: it is no question, or nobody stands behind the number.
    """
    asked = parse_question(read_plain(question))
    plain = read_plain(pick)
    people = visit.workspace.questions.people(asked, parse_pick(asked, plain))
    period = asked.period.period(visit.workspace.questions.today())
    sentence = _("{kind}: the people behind {number}, {first} to {last}.")
    told = visit.text(
        sentence,
        kind=visit.text(analysis_of(asked).title),
        number=view_of(analysis_of(asked).type).told(visit, plain) or visit.text(_("the whole")),
        first=period.first,
        last=period.last,
    )
    return people, told


def read_plain(text: str) -> dict[str, Any]:
    """A question or pick as an address or a form states it.

    Raises:
        InvalidInput: ``question.not_mapping``.
    """
    found = read_json(text)
    if not isinstance(found, dict):
        raise InvalidInput("question.not_mapping", _("This is no mapping in YAML or JSON, such as type: funnel."))
    return found


def _of_answer(visit: Visit) -> Behind:
    return picked(visit, visit.query.get("q", ""), visit.query["pick"])


_BY_KEY: Final = {
    "pick": _of_answer,
    "segment": _in_segment,
    "stage": _in_stage,
    "life": _of_life,
    "group": _in_group,
    "group_flow": _changed_groups,
    "layer": _in_layer,
    "rfm": _in_bands,
    "top": _at_top,
    "hour": _at_hour,
}
