"""The demo brand's questions are questions; its dashboard and its reports show only those."""

from __future__ import annotations

from dujiang.insight.questions.dashboards import DashboardSpec
from dujiang.insight.questions.registry import parse_question
from dujiang.insight.questions.reports import ReportSpec
from dujiang.simulate.questions import questions

EVERY = {(one.kind, one.name): one for one in questions("owner", "deputy")}
SAVED = {name for kind, name in EVERY if kind == "question"}
BOARDS = {name for kind, name in EVERY if kind == "dashboard"}


def test_every_tile_shows_a_question_that_is_saved() -> None:
    for kind, name in EVERY:
        spec = EVERY[kind, name].spec
        if kind == "question":
            parse_question(spec["question"])
        elif kind == "dashboard":
            assert {tile.question for tile in DashboardSpec.model_validate(spec).tiles} <= SAVED


def test_every_report_shows_what_is_saved_and_names_who_answers_for_it() -> None:
    reports = [one for (kind, _name), one in EVERY.items() if kind == "report"]
    assert {ReportSpec.model_validate(one.spec).when.every for one in reports} == {"day", "week"}
    for one in reports:
        spec = ReportSpec.model_validate(one.spec)
        assert set(spec.questions) <= SAVED
        assert {*filter(None, [spec.dashboard])} <= BOARDS
        assert (one.owner, one.deputy) == ("owner", "deputy")
