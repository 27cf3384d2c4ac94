"""Forms: at which field people give up, and how long each field takes them.

Read from the browser tracker's ``form_step`` (a field was reached, filled, corrected, or refused by the form) and
``form_submitted``. An *attempt* is everything that one person does with one form until they submit it or pause for longer than
``gap_minutes``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, Literal

from pydantic import Field

from dujiang.engine.columns import Whole
from dujiang.engine.question import ask_text, keep
from dujiang.foundation.i18n import _
from dujiang.insight.intervals import wilson
from dujiang.insight.questions.analysis import Analysis, Found, limited
from dujiang.insight.questions.answer import Column, Table
from dujiang.insight.questions.model import Asked, Pick
from dujiang.insight.questions.scene import Scene


class FormQuestion(Asked):
    """One form.

    Attributes:
        form: its name, as the tracker tells it; empty: the one most used.
        gap_minutes: a pause after which another attempt begins.
    """

    type: Literal["form"] = "form"
    form: str = Field(default="", max_length=200)
    gap_minutes: int = Field(default=30, ge=1, le=24 * 60)

    def _check_by(self) -> None:
        if self.by:
            raise ValueError(_("forms are not divided; limit the question by `people`"))

    def _check_where(self) -> None:
        if self.where:
            raise ValueError(_("forms are limited by `people`"))


class FormPick(Pick):
    """People at a field: who ``reached`` it, ``filled`` it, ``corrected`` it, had it ``refused``, or left the form there
    (``left``); without a field: who began, or ``submitted``."""

    field: str = ""
    outcome: Literal["reached", "filled", "corrected", "refused", "left", "submitted"] = "reached"


@dataclass(frozen=True)
class FieldFigures:
    """One field, in the order of the form.

    Attributes:
        field: its name.
        reached: attempts that came to it.
        filled: attempts that filled it.
        corrected: attempts that changed it again after they had filled it.
        refused: attempts in which the form refused it.
        left: attempts without a submission in which it was the last that was touched or refused.
        left_share: of those that reached it; None where none did.
        low: lower end of its 95% interval (Wilson).
        high: upper end.
        median_ms: median time from reaching to filling it; None where nobody filled it.
    """

    field: str
    reached: int
    filled: int
    corrected: int
    refused: int
    left: int
    left_share: float | None
    low: float | None
    high: float | None
    median_ms: float | None


@dataclass(frozen=True)
class Form:
    """The answer.

    Attributes:
        form: the form's name.
        others: other forms of the period, the most used first.
        attempts: attempts that reached any field.
        people: people behind them.
        submitted: attempts that were submitted.
        rate: the share of the attempts; None where there are none.
        fields: in the order of the form.
    """

    form: str
    others: tuple[str, ...]
    attempts: int
    people: int
    submitted: int
    rate: float | None
    fields: tuple[FieldFigures, ...]


class FormAnalysis(Analysis[FormQuestion, FormPick]):
    """Asks the engine for the attempts of one form."""

    title = _("Form fields")
    question = FormQuestion
    pick = FormPick

    def answer(self, scene: Scene, question: FormQuestion) -> Found:
        """Each field, and how many got through."""
        names = _names(scene)
        form = question.form or (names[0] if names else "")
        _prepare(scene, question, form)
        whole = ask_text(scene.con, _WHOLE).to_pylist()[0]
        fields = [_figures(row) for row in ask_text(scene.con, _FIELDS).to_pylist()]
        rows = ask_text(scene.con, "SELECT count(*) AS n FROM form_row")["n"][0].as_py()
        rate = whole["submitted"] / whole["attempts"] if whole["attempts"] else None
        others = tuple(one for one in names if one != form)
        notes = () if whole["attempts"] else ("no_forms",)
        return Found(Form(form, others, **whole, rate=rate, fields=tuple(fields)), rows, whole["people"], notes)

    def tables(self, question: FormQuestion, result: Form, before: Form | None) -> tuple[Table, ...]:  # noqa: ARG002
        """The fields, and the whole."""
        earlier = {one.field: one for one in before.fields} if before else {}
        columns = [
            Column("field", _("Field")), Column("reached", _("Reached"), "count"), Column("filled", _("Filled in"), "count"),
            Column("corrected", _("Changed again"), "count"), Column("refused", _("Refused by the form"), "count"),
            Column("left", _("Left the form here"), "count"), Column("share", _("Share of those who reached it"), "percent"),
            Column("low", _("at least"), "percent"), Column("high", _("at most"), "percent"),
            Column("median", _("Median time"), "duration"),
        ]  # fmt: skip
        rows: list[tuple[Any, ...]] = [
            (one.field, one.reached, one.filled, one.corrected, one.refused, one.left, one.left_share, one.low, one.high,
             one.median_ms)
            for one in result.fields
        ]  # fmt: skip
        if before:
            columns.append(Column("before", _("Share before"), "percent"))
            rows = [
                (*row, earlier[one.field].left_share if one.field in earlier else None)
                for row, one in zip(rows, result.fields, strict=True)
            ]
        whole = (Column("attempts", _("Attempts"), "count"), Column("people", _("People"), "count"),
                 Column("submitted", _("Submitted"), "count"), Column("rate", _("Share"), "percent"))  # fmt: skip
        cells = {
            name: [{"field": one.field, "outcome": name} if getattr(one, name) else None for one in result.fields]
            for name in ("reached", "filled", "corrected", "refused", "left")
        }
        return (
            Table("fields", tuple(columns), rows, cells["reached"], cells),
            Table("whole", whole, [(result.attempts, result.people, result.submitted, result.rate)], [{}]),
        )

    def people(self, scene: Scene, question: FormQuestion, pick: FormPick) -> Whole:
        """Those whose attempts came to a field, or ended there."""
        names = _names(scene)
        _prepare(scene, question, question.form or (names[0] if names else ""))
        test = {
            "reached": "f.reached_at IS NOT NULL OR f.filled_at IS NOT NULL",
            "filled": "f.filled_at IS NOT NULL",
            "corrected": "f.corrected",
            "refused": "f.refused",
            "left": "NOT a.submitted AND a.last_field = f.field",
            "submitted": "a.submitted",
        }[pick.outcome]
        of_field = "true" if not pick.field else "f.field = $field"
        text = f"""
            SELECT DISTINCT a.person FROM form_attempt AS a JOIN form_field AS f USING (person, attempt)
            WHERE {of_field} AND ({test}) ORDER BY a.person
        """
        return ask_text(scene.con, text, {"field": pick.field} if pick.field else {})["person"].to_numpy()


_ROWS: Final = """
    SELECT person, "at", seq, name, json_extract_string(properties, '/form') AS form,
        json_extract_string(properties, '/field') AS field,
        TRY_CAST(json_extract_string(properties, '/index') AS BIGINT) AS place,
        json_extract_string(properties, '/action') AS action
    FROM fact_event JOIN person_node ON node = anchor
        AND (from_at IS NULL OR "at" >= from_at) AND (to_at IS NULL OR "at" < to_at) {among}
    WHERE name IN ('form_step', 'form_submitted') AND "at" >= $start AND "at" < $end
"""
_ATTEMPTS: Final = """
    SELECT *, sum(begins) OVER (PARTITION BY person ORDER BY "at", seq) AS attempt FROM (
        SELECT *, CAST(coalesce(
            lag(name) OVER own = 'form_submitted' OR "at" - lag("at") OVER own > to_minutes($gap), true
        ) AS INTEGER) AS begins
        FROM ({rows}) WHERE form = $form WINDOW own AS (PARTITION BY person ORDER BY "at", seq)
    )
"""
_OF_FIELDS: Final = """
    SELECT person, attempt, field, min(place) AS place, min("at") FILTER (WHERE action = 'reached') AS reached_at,
        min("at") FILTER (WHERE action = 'filled') AS filled_at,
        coalesce(bool_or(action = 'corrected'), false) AS corrected, coalesce(bool_or(action = 'refused'), false) AS refused
    FROM form_row WHERE name = 'form_step' AND field IS NOT NULL GROUP BY ALL
"""
_ENDED: Final = """
    SELECT person, attempt, bool_or(name = 'form_submitted') AS submitted,
        arg_max(field, row("at", seq)) FILTER (WHERE field IS NOT NULL) AS last_field
    FROM form_row GROUP BY ALL HAVING count(*) FILTER (WHERE field IS NOT NULL) > 0
"""
_WHOLE: Final = """
    SELECT count(*) AS attempts, count(DISTINCT person) AS people, count(*) FILTER (WHERE submitted) AS submitted
    FROM form_attempt
"""
_FIELDS: Final = """
    SELECT f.field, count(*) AS reached, count(f.filled_at) AS filled,
        count(*) FILTER (WHERE f.corrected) AS corrected, count(*) FILTER (WHERE f.refused) AS refused,
        count(*) FILTER (WHERE NOT a.submitted AND a.last_field = f.field) AS gone,
        median(epoch_ms(f.filled_at) - epoch_ms(f.reached_at)) AS median_ms
    FROM form_field AS f JOIN form_attempt AS a USING (person, attempt)
    GROUP BY f.field ORDER BY median(f.place), f.field
"""


def _names(scene: Scene) -> list[str]:
    """Forms of the period, the most used first."""
    start, end = scene.period.moments(scene.zone)
    rows = _ROWS.format(among=limited(scene))
    text = f"SELECT form FROM ({rows}) WHERE form IS NOT NULL GROUP BY form ORDER BY count(*) DESC, form LIMIT 50"
    return ask_text(scene.con, text, {"start": start, "end": end})["form"].to_pylist()


def _prepare(scene: Scene, question: FormQuestion, form: str) -> None:
    """Keep the attempts of one form."""
    start, end = scene.period.moments(scene.zone)
    text = _ATTEMPTS.format(rows=_ROWS.format(among=limited(scene)))
    keep(scene.con, "form_row", text, {"start": start, "end": end, "gap": question.gap_minutes, "form": form})
    keep(scene.con, "form_field", _OF_FIELDS)
    keep(scene.con, "form_attempt", _ENDED)


def _figures(row: dict[str, Any]) -> FieldFigures:
    low, high = wilson(row["gone"], row["reached"]) or (None, None)
    share = row["gone"] / row["reached"] if row["reached"] else None
    told = {name: row[name] for name in ("field", "reached", "filled", "corrected", "refused", "median_ms")}
    return FieldFigures(**told, left=row["gone"], left_share=share, low=low, high=high)
