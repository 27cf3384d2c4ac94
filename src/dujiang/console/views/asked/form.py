"""A form, field by field, as the answer to a question."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from dujiang.console.components import Ladder, Rung
from dujiang.console.views.asked.view import Behind, Picture, View
from dujiang.console.visit import Visit
from dujiang.foundation.i18n import _
from dujiang.insight.questions.answer import Answer
from dujiang.insight.questions.form import Form


class FormView(View):
    """At which field people give up."""

    icon = "file"
    about: ClassVar[str] = _("At which field of a form people give up, and how long each field takes them.")
    fields: ClassVar[Mapping[str, str]] = {
        "form": _("Form"),
        "gap_minutes": _("A pause of so many minutes ends an attempt"),
    }
    hidden = frozenset({"where", "by", "grain"})
    rare = frozenset({"gap_minutes"})
    titles: ClassVar[Mapping[str, str]] = {"fields": _("Fields"), "whole": _("In all")}

    def pictures(self, visit: Visit, answer: Answer, behind: Behind) -> Sequence[Picture]:
        """The fields as bars."""
        found: Form = answer.result
        if not found.attempts:
            return ()
        rungs = [
            Rung(
                label=one.field,
                share=one.reached / found.attempts,
                value=visit.show(one.reached, "count"),
                href=behind({"field": one.field, "outcome": "reached"}),
                lost=visit.text(_("{n} left here"), n=visit.show(one.left, "count")) if one.left else "",
                lost_href=behind({"field": one.field, "outcome": "left"}),
                notes=_notes(visit, one.left_share, one.median_ms),
            )
            for one in found.fields
        ]
        share = visit.show(found.rate, "percent")
        done = Rung(
            visit.text(_("Submitted")),
            found.rate or 0.0,
            visit.show(found.submitted, "count"),
            behind({"outcome": "submitted"}),
            notes=(share,),
        )
        title = visit.text(_("The form “{name}”, field by field"), name=found.form)
        return [Ladder(title, (*rungs, done), answer.tables[0].name)]

    def told(self, visit: Visit, pick: Mapping[str, Any]) -> str:
        """The field, and what became of them there."""
        outcomes = {
            "reached": _("reached"),
            "filled": _("filled in"),
            "left": _("left here"),
            "submitted": _("submitted"),
        }
        outcome = outcomes.get(str(pick.get("outcome", "reached")), "")
        return " · ".join(filter(None, (str(pick.get("field") or ""), visit.text(outcome) if outcome else "")))


def _notes(visit: Visit, left: float | None, median: float | None) -> tuple[str, ...]:
    told = []
    if left is not None:
        told.append(visit.text(_("{share} leave here"), share=visit.show(left, "percent")))
    if median is not None:
        told.append(visit.text(_("median {time}"), time=visit.show(median, "duration")))
    return tuple(told)
