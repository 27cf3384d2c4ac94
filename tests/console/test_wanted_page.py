"""What is wanted of a metric: healthy ranges and goals, set and seen on its page."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from dujiang.workspace import Workspace


@pytest.fixture(autouse=True)
def as_before(workspace: Workspace) -> Iterator[None]:
    own = {key for key in workspace.definitions.current() if key[0] in ("band", "goal")}
    yield
    made = [
        one for key, one in workspace.definitions.current().items() if key[0] in ("band", "goal") and key not in own
    ]
    gone = [one.model_copy(update={"status": "retired"}) for one in made]
    workspace.definitions.apply(workspace.definitions.plan(gone), actor="test")


def test_a_healthy_range_is_set_in_the_units_that_people_type(
    admin: httpx.Client, viewer: httpx.Client, workspace: Workspace
) -> None:
    form = {"at_least": "5", "at_most": "12.5%", "by": "channel", "days": "3"}
    assert viewer.post("/metrics/refund_rate/band", data=form).status_code == 403
    assert admin.post("/metrics/refund_rate/band", data=form).headers["location"] == "/metrics/refund_rate"
    (band,) = workspace.metrics.bands("refund_rate").values()
    assert (band.at_least, band.at_most, band.by, band.days) == (0.05, 0.125, "channel", 3)
    page = admin.get("/metrics/refund_rate?lang=zh").text
    assert "不低于 5.0% · 不高于 12.5% · 每个渠道 · 连续 3 天才提醒" in page
    assert 'value="12.5"' in page  # the form begins with what is in force
    again = {"at_least": "", "at_most": "20", "by": "", "days": "1", "name": "refund_rate"}
    admin.post("/metrics/refund_rate/band", data=again)
    assert [(one.at_least, one.at_most, one.by) for one in workspace.metrics.bands("refund_rate").values()] == [
        (None, 0.2, "")
    ]


def test_a_goal_is_set_and_its_progress_said(admin: httpx.Client, workspace: Workspace) -> None:
    form = {"target": "1,000,000", "first": "2026-11-01", "last": "2026-11-30"}
    assert admin.post("/metrics/gmv/goal", data=form).status_code == 303
    (goal,) = workspace.metrics.goals("gmv").values()
    assert goal.target == 100_000_000
    page = admin.get("/metrics/gmv?lang=zh").text
    assert "目标 ¥100.0万" in page
    assert "落后" in page


@pytest.mark.parametrize(
    ("path", "form", "said"),
    [
        ("band", {"at_least": "", "at_most": ""}, "下限、上限"),
        ("band", {"at_least": "9", "at_most": "1"}, "下限不能高于上限"),
        ("band", {"at_least": "many"}, "“many”不是数字"),
        ("band", {"at_least": "1", "days": "0"}, "1 到 400"),
        ("band", {"at_least": "1", "by": "weather"}, "weather"),
        ("goal", {"target": "", "first": "2026-11-01", "last": "2026-11-30"}, "数值"),
        ("goal", {"target": "inf", "first": "2026-11-01", "last": "2026-11-30"}, "“inf”不是数字"),
        ("goal", {"target": "5", "first": "2026-12-01", "last": "2026-11-30"}, "2026-12-01"),
    ],
)
def test_what_cannot_be_wanted_is_refused_in_words(
    admin: httpx.Client, workspace: Workspace, path: str, form: dict[str, str], said: str
) -> None:
    answer = admin.post(f"/metrics/refund_rate/{path}?lang=zh", data=form)
    assert answer.status_code == 400
    assert said in answer.text
    assert not workspace.metrics.bands("refund_rate")
    assert not workspace.metrics.goals("refund_rate")
