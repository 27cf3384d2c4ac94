"""Where people give up a form, worked out by hand."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any, cast

import numpy as np
import pytest

from dujiang.foundation.timewindows import Period, zone
from dujiang.insight.questions.form import Form, FormAnalysis, FormPick, FormQuestion
from dujiang.insight.questions.scene import Scene

NOVEMBER = Period(date(2026, 11, 1), date(2026, 11, 30))
NOON = datetime(2026, 11, 5, 4, tzinfo=UTC)
FIELDS = {"name": 1, "phone": 2, "code": 3}


@pytest.fixture
def scene(tables: Any) -> Iterator[Scene]:
    """Anna fills everything, has the code refused, corrects it and submits. Ben fills the name and leaves at the phone; an hour
    later he begins anew and submits. Cleo only looks at the phone. Dora uses another form."""
    did = [
        (1, 0, "name", "reached"), (1, 4, "name", "filled"), (1, 5, "phone", "reached"), (1, 15, "phone", "filled"),
        (1, 16, "code", "reached"), (1, 20, "code", "filled"), (1, 21, "code", "refused"),
        (1, 24, "code", "corrected"), (1, 25, "", ""),
        (2, 0, "name", "reached"), (2, 2, "name", "filled"), (2, 3, "phone", "reached"),
        (2, 3600, "phone", "reached"), (2, 3606, "phone", "filled"), (2, 3610, "", ""),
        (3, 0, "phone", "reached"),
    ]  # fmt: skip
    rows = [_row(seq, "register", *one) for seq, one in enumerate(did, 1)]
    rows.append(_row(99, "survey", 4, 0, "name", "reached"))
    tables.fill("fact_event", rows)
    tables.fill(
        "person_node", [{"node": one, "type": "device", "person": one, "role": "owner"} for one in (1, 2, 3, 4)]
    )
    with tables.read() as con:
        yield Scene(con, cast(Any, None), cast(Any, None), zone(), date(2026, 12, 31), NOVEMBER, None)


def _row(seq: int, form: str, person: int, second: int, field: str, action: str) -> dict[str, Any]:
    said = {"form": form} | ({"field": field, "index": FIELDS[field], "action": action} if field else {})
    return {
        "seq": seq, "key": seq, "anchor": person, "at": NOON + timedelta(seconds=second), "day": NOON.date(), "kind": "track",
        "channel": "site", "name": "form_step" if field else "form_submitted", "properties": json.dumps(said),
    }  # fmt: skip


def answered(scene: Scene, **more: Any) -> Form:
    return FormAnalysis().answer(scene, FormQuestion(**more)).result


def test_attempts_end_with_a_submission_or_a_long_pause(scene: Scene) -> None:
    found = answered(scene)
    assert (found.form, found.others) == ("register", ("survey",))
    assert (found.attempts, found.people, found.submitted, found.rate) == (4, 3, 2, 0.5)


def test_each_field_in_the_order_of_the_form(scene: Scene) -> None:
    fields = answered(scene).fields
    assert [(one.field, one.reached, one.filled, one.left) for one in fields] == [
        ("name", 2, 2, 0),
        ("phone", 4, 2, 2),
        ("code", 1, 1, 0),
    ]
    assert [one.median_ms for one in fields] == [3000, 8000, 4000]
    assert fields[1].left_share == 0.5


def test_what_was_corrected_and_refused(scene: Scene) -> None:
    fields = {one.field: (one.corrected, one.refused) for one in answered(scene).fields}
    assert fields == {"name": (0, 0), "phone": (0, 0), "code": (1, 1)}
    for outcome in ("corrected", "refused"):
        pick = FormPick.model_validate({"field": "code", "outcome": outcome})
        assert FormAnalysis().people(scene, FormQuestion(), pick).tolist() == [1]


def test_a_form_that_was_refused_and_given_up_is_left_at_the_refused_field(tables: Any) -> None:
    did = [(0, "name", "reached"), (2, "phone", "reached"), (9, "phone", "filled"), (10, "name", "refused")]
    tables.fill("fact_event", [_row(seq, "register", 1, *one) for seq, one in enumerate(did, 1)])
    tables.fill("person_node", [{"node": 1, "type": "device", "person": 1, "role": "owner"}])
    with tables.read() as con:
        scene = Scene(con, cast(Any, None), cast(Any, None), zone(), date(2026, 12, 31), NOVEMBER, None)
        fields = {one.field: (one.left, one.refused) for one in answered(scene).fields}
    assert fields == {"name": (1, 1), "phone": (0, 0)}


def test_a_pause_that_is_no_pause_makes_one_attempt(scene: Scene) -> None:
    assert answered(scene, gap_minutes=120).attempts == 3


def test_the_people_who_left_at_a_field(scene: Scene) -> None:
    who = FormAnalysis().people(scene, FormQuestion(), FormPick(field="phone", outcome="left"))
    assert who.tolist() == [2, 3]
    assert FormAnalysis().people(scene, FormQuestion(), FormPick(outcome="submitted")).tolist() == [1, 2]


def test_only_the_people_asked_about_and_a_form_nobody_used(scene: Scene) -> None:
    some = Scene(scene.con, scene.timeline, scene.metrics, scene.zone, scene.today, NOVEMBER, np.array([3]))
    assert answered(some).attempts == 1
    nothing = answered(scene, form="no such")
    assert (nothing.attempts, nothing.rate, nothing.fields) == (0, None, ())
