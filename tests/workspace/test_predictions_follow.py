"""Predictions follow a refresh with the models in use, tags show them, segments read them, and a rebuild brings all back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from typing import Any, Final

import pytest

from dujiang.engine.schema import fingerprint
from dujiang.foundation.definitions import parse
from dujiang.people.prediction.features import NAMES
from dujiang.people.prediction.forecast import PurchaseModel
from dujiang.people.prediction.model import PropensityBody, PurchaseBody
from dujiang.people.prediction.runs import Model
from dujiang.people.prediction.trees import PropensityModel
from dujiang.workspace import Workspace

VALUE: Final = PurchaseModel("bg_nbd", (0.8, 6.0, 0.8, 3.0), (4.0, 4.0, 9000.0))
# One tree that asks one question: more than one order so far?
BUYS: Final = PropensityModel(
    features=NAMES, base=-1.0, roots=(0,), feature=(NAMES.index("orders"), -1, -1), threshold=(1.5, 0.0, 0.0),
    missing_left=(True, False, False), left=(1, -1, -1), right=(2, -1, -1), value=(0.0, -1.0, 2.0),
    people=(10.0, 6.0, 4.0), raw=(-3.0, 3.0), chance=(0.1, 0.9),
)  # fmt: skip
OFTEN: Final[dict[str, Any]] = {"type": "tag", "tag": "buy_chance_30d", "op": "at_least", "value": 0.5}
TAGS: Final = {
    "alive_chance": ("alive", "value"),
    "predicted_orders_90d": ("purchases_90", "value"),
    "predicted_orders_365d": ("purchases_365", "value"),
    "predicted_value_90d": ("value_90", "value"),
    "predicted_value_365d": ("value_365", "value"),
    "predicted_value_365d_low": ("value_365", "low"),
    "predicted_value_365d_high": ("value_365", "high"),
    "buy_chance_30d": ("buy_30", "value"),
}


def use(workspace: Workspace, name: str, model: Model, as_of: date = date(2026, 11, 10)) -> None:
    """Let a model be the newest fit of ``name``."""
    bodies: dict[bool, Any] = {
        True: PurchaseBody(10, 5, "bg_nbd", (), None, None, None),
        False: PropensityBody(30, (), (), (), 10, 5, None, None, None, None, (), (), ()),
    }
    body = bodies[name == "purchases"]
    workspace.predictions.runs.keep(name, workspace.now(), as_of, "fitted", body, model)


def rows(workspace: Workspace, question: str) -> list[tuple[Any, ...]]:
    with workspace.engine.read() as con:
        return con.execute(question).fetchall()


def answers(workspace: Workspace) -> tuple[Any, ...]:
    """Predictions, every tag of everybody, and the members of every segment."""
    with workspace.engine.read() as con:
        kept = fingerprint(con, ("prediction", "segment_member"))
    return kept, rows(workspace, "FROM person_tag ORDER BY person")


@pytest.fixture
def workspace(opened: Callable[[], Workspace]) -> Workspace:
    workspace = opened()
    segment = parse({"kind": "segment", "name": "soon", "spec": {"condition": OFTEN}})
    workspace.definitions.apply(workspace.definitions.plan([segment]), actor="test")
    workspace.refresh()
    return workspace


def test_before_a_fit_nothing_is_foretold(workspace: Workspace) -> None:
    columns = ", ".join(f'count("{tag}")' for tag in TAGS)
    assert rows(workspace, "SELECT count(*) FROM prediction") == [(0,)]
    assert rows(workspace, f"SELECT {columns} FROM person_tag") == [(0,) * len(TAGS)]
    assert rows(workspace, "FROM segment_member WHERE segment = 'soon'") == []


def test_tags_and_segments_show_what_a_new_model_says_at_the_next_refresh(workspace: Workspace) -> None:
    use(workspace, "purchases", VALUE)
    use(workspace, "buy", BUYS)
    workspace.refresh()
    for tag, (model, column) in TAGS.items():
        value = f"CAST(round({column}) AS BIGINT)" if "value" in tag else column
        said = rows(workspace, f"SELECT person, {value} FROM prediction WHERE model = '{model}' ORDER BY person")
        assert said
        assert rows(workspace, f'SELECT person, "{tag}" FROM person_tag WHERE "{tag}" IS NOT NULL ORDER BY 1') == said
    # By hand: who ordered twice before today has the chance of the right leaf, 0.1 + 0.8 · (1 + 3) / 6.
    today = workspace.now().astimezone(workspace.zone).date()
    often = rows(
        workspace,
        f"SELECT person FROM orders WHERE status = 'valid' AND person IS NOT NULL AND day < DATE '{today}' "
        "GROUP BY person HAVING count(*) > 1 ORDER BY person",
    )
    assert often
    assert rows(workspace, "SELECT person FROM segment_member WHERE segment = 'soon' ORDER BY person") == often
    chances = rows(workspace, "SELECT DISTINCT round(buy_chance_30d, 9) FROM person_tag WHERE buy_chance_30d > 0.5")
    assert chances == [(pytest.approx(0.1 + 0.8 * 4 / 6),)]


def test_another_model_changes_what_everybody_is_told(workspace: Workspace) -> None:
    use(workspace, "buy", BUYS)
    workspace.refresh()
    use(workspace, "buy", replace(BUYS, chance=(0.0, 0.3)))
    workspace.refresh()
    assert rows(workspace, "SELECT max(buy_chance_30d) < 0.3 FROM person_tag") == [(True,)]
    assert rows(workspace, "FROM segment_member WHERE segment = 'soon'") == []


def test_step_by_step_in_full_and_after_a_rebuild_the_same_is_foretold(workspace: Workspace) -> None:
    use(workspace, "purchases", VALUE)
    use(workspace, "buy", BUYS)
    workspace.refresh()
    before = answers(workspace)
    known = "SELECT batch FROM fact_order WHERE anchor IS NOT NULL GROUP BY batch ORDER BY count(*), batch LIMIT 1"
    file = rows(workspace, known)[0][0]
    workspace.imports.undo(file, actor="test")
    report = workspace.refresh()
    assert not report.full
    assert report.persons
    step = answers(workspace)
    assert step != before
    workspace._refresher.refresh(full=True)
    assert answers(workspace) == step
    workspace.rebuild()
    assert answers(workspace) == step
