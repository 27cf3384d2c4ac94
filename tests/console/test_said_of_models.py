"""What pages say where a model could not be tested, or a threshold is nobody's."""

from __future__ import annotations

from datetime import UTC, date, datetime
from types import SimpleNamespace
from typing import Any

from dujiang.console.views import predictions, value
from dujiang.foundation.i18n import translate
from dujiang.people.prediction.model import ModelRun, PurchaseBody
from dujiang.people.value.model import Edges, ValueMatrixSpec

VISIT: Any = SimpleNamespace(
    text=lambda text, **values: translate(text, "zh").format(**values), show=lambda value, _unit: str(value)
)


def test_purchases_without_a_hold_out_are_said_to_be_untested() -> None:
    body = PurchaseBody(500, 300, "bgnbd", (), None, None, None)
    run = ModelRun("model_1", "purchases", datetime(2026, 11, 28, tzinfo=UTC), date(2026, 11, 28), "fitted", body)
    (note,) = predictions._notes(VISIT, {"purchases": run})
    assert "还无法用后来的数据检验" in note


def test_a_threshold_that_nobody_reaches_is_no_dash() -> None:
    page: Any = SimpleNamespace(
        matrix_spec=ValueMatrixSpec(), edges=Edges((), (), (), frequency=3.0, order_value=17314.0, interaction=None)
    )
    told = dict(value._rules(VISIT, page))
    assert told["内容互动多"] == "还没有人有记录"
    assert told["购买频次高"] == "从 3.0 起"
