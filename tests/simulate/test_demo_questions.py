"""The demo brand's questions are questions, and its dashboard shows only those."""

from __future__ import annotations

from dujiang.insight.questions.dashboards import DashboardSpec
from dujiang.insight.questions.registry import parse_question
from dujiang.simulate.questions import questions


def test_every_tile_shows_a_question_that_is_saved() -> None:
    every = questions("owner")
    saved = {one.name for one in every if one.kind == "question"}
    for one in every:
        if one.kind == "question":
            parse_question(one.spec["question"])
        else:
            assert {tile.question for tile in DashboardSpec.model_validate(one.spec).tiles} <= saved
    assert len(saved) == len(every) - 1
