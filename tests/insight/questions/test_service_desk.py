"""Service: conversations of a desk worked out by hand."""

from __future__ import annotations

from datetime import date
from typing import Any, cast

import pytest

from dujiang.foundation.timewindows import Period, zone
from dujiang.insight.desk.analysis import NOBODY, Service, ServiceAnalysis, ServicePick, ServiceQuestion
from dujiang.insight.questions.scene import Scene

WEEK = Period(date(2026, 11, 2), date(2026, 11, 8))
COLUMNS = (
    "channel", "agent", "topic", "person", "day", "first_response_ms", "resolution_ms", "complaint", "rating", "sentiment"
)  # fmt: skip


@pytest.fixture
def scene(tables: Any) -> Any:
    rows = [
        ("shop", "Lan", "parcel", 1, date(2026, 11, 2), 10_000, 60_000, False, 5, 0.8),
        ("shop", "Lan", "parcel", 2, date(2026, 11, 2), 30_000, None, True, 1, -0.9),
        ("shop", "Qiu", "tea", 1, date(2026, 11, 4), 200_000, 100_000, None, None, -0.3),
        ("app", None, "tea", None, date(2026, 11, 4), None, 80_000, False, None, None),
        ("shop", "Qiu", "tea", 3, date(2026, 11, 9), 1, 1, True, 1, -1.0),
    ]
    tables.fill(
        "conversation",
        [dict(zip(COLUMNS, row, strict=True)) | {"conversation_key": key} for key, row in enumerate(rows)],
    )
    with tables.read() as con:
        yield Scene(con, cast(Any, None), cast(Any, None), zone(), date(2026, 12, 31), WEEK, None)


def answered(scene: Scene, **more: Any) -> Service:
    return ServiceAnalysis().answer(scene, ServiceQuestion.model_validate(more)).result


def test_all_conversations_of_the_week(scene: Scene) -> None:
    whole = answered(scene).whole
    assert (whole.conversations, whole.first_response_ms, whole.resolution_ms) == (4, 30_000, 80_000)
    assert whole.first_response_p90_ms == pytest.approx(166_000)  # 30 s + 0.8 of the way to 200 s
    assert (whole.slow, whole.resolved, whole.complaints) == (pytest.approx(1 / 3), 3 / 4, 1 / 4)
    assert (whole.negative, whole.written, whole.rating, whole.rated) == (pytest.approx(2 / 3), 3, 3, 2)


def test_parts_with_most_conversations_first(scene: Scene) -> None:
    parts = answered(scene, by=["agent", "topic"]).parts
    assert [(one.keys, one.desk.conversations) for one in parts] == [
        (("Lan", "parcel"), 2), (("Qiu", "tea"), 1), ((None, "tea"), 1),
    ]  # fmt: skip
    unknown = parts[2].desk
    assert (unknown.first_response_ms, unknown.slow, unknown.negative, unknown.rating) == (None, None, None, None)


def test_a_day_on_which_nobody_wrote_is_in_the_line(scene: Scene) -> None:
    line = answered(scene, grain="day").line
    assert [one.desk.conversations for one in line] == [2, 0, 2, 0, 0, 0, 0]
    assert line[1].desk == NOBODY


@pytest.mark.parametrize(
    ("which", "keys", "people"),
    [
        ("all", [], [1, 2]), ("complaints", [], [2]), ("negative", [], [1, 2]), ("slow", [], [1]),
        ("unresolved", ["shop"], [2]), ("all", ["app"], []),
    ],
)  # fmt: skip
def test_people_behind_numbers(scene: Scene, which: Any, keys: list[str], people: list[int]) -> None:
    pick = ServicePick(which=which, keys=tuple(keys))
    assert ServiceAnalysis().people(scene, ServiceQuestion(), pick).tolist() == people


def test_what_service_is_not_divided_by() -> None:
    with pytest.raises(ValueError, match="not by “page”"):
        ServiceQuestion(by=("page",))


def test_shares_and_steps_of_the_line_lead_to_their_people(scene: Scene) -> None:
    question = ServiceQuestion(grain="day", by=("agent",))
    found = answered(scene, grain="day", by=["agent"])
    parts, whole, line = ServiceAnalysis().tables(question, found, None)

    def people(pick: Any) -> list[int]:
        return ServiceAnalysis().people(scene, question, ServicePick.model_validate(pick)).tolist()

    assert [pick and people(pick) for pick in line.picks] == [[1, 2], None, [1], None, None, None, None]
    assert [pick and people(pick) for pick in line.cells["negative"]] == [[2], None, [1], None, None, None, None]
    assert [pick and people(pick) for pick in parts.cells["slow"]] == [None, [1], None]
    assert people(whole.cells["complaints"][0]) == [2]
