"""A form, field by field, as the answer to a question."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from dujiang.console.components import Ladder, Rung
from dujiang.console.formats import Kind
from dujiang.console.views.asked.view import Behind, Picture, View
from dujiang.console.visit import Visit
from dujiang.foundation.i18n import _
from dujiang.insight.questions.answer import Answer
from dujiang.insight.questions.form import FieldFigures, Form


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
    suggests: ClassVar[Mapping[str, str]] = {"form": "properties.form"}
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
                notes=_notes(visit, one),
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
            "corrected": _("changed again"),
            "refused": _("refused"),
            "left": _("left here"),
            "submitted": _("submitted"),
        }
        outcome = outcomes.get(str(pick.get("outcome", "reached")), "")
        return " · ".join(filter(None, (str(pick.get("field") or ""), visit.text(outcome) if outcome else "")))


def _notes(visit: Visit, one: FieldFigures) -> tuple[str, ...]:
    said: tuple[tuple[str, str, float | None, Kind], ...] = (
        (_("{share} leave here"), "share", one.left_share, "percent"),
        (_("median {time}"), "time", one.median_ms, "duration"),
        (_("{n} refused"), "n", one.refused or None, "count"),
        (_("{n} changed again"), "n", one.corrected or None, "count"),
    )
    return tuple(
        visit.text(text, **{name: visit.show(value, kind)}) for text, name, value, kind in said if value is not None
    )
