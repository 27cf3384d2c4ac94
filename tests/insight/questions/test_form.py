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
    """Anna fills everything and submits. Ben fills the name and leaves at the phone; an hour later he begins anew and submits.
    Cleo only looks at the phone. Dora uses another form."""
    did = [
        (1, 0, "name", "reached"), (1, 4, "name", "filled"), (1, 5, "phone", "reached"), (1, 15, "phone", "filled"),
        (1, 16, "code", "reached"), (1, 20, "code", "filled"), (1, 21, "", ""),
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
