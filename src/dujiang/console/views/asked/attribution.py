"""Attribution as the answer to a question."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from dujiang.console.sheets import Sheet
from dujiang.console.views import attribution
from dujiang.console.views.asked.view import Behind, Picture, View
from dujiang.console.views.attribution import TOUCHES, WORTHS
from dujiang.console.visit import Visit
from dujiang.foundation.i18n import _
from dujiang.insight.attribution.question import MODELS, AttributionQuestion
from dujiang.insight.questions.answer import Answer


class AttributionView(View):
    """Bars with intervals, and the tables of the page of attribution."""

    icon = "link"
    about: ClassVar[str] = _("Which touches conversions are credited to, by several models side by side.")
    fields: ClassVar[Mapping[str, str]] = {
        "conversion": _("What counts as a conversion"),
        "credit": _("Credit to"),
        "touches": _("Touches that count"),
        "look_back_days": _("Days before the conversion"),
        "models": _("Models"),
        "restart": _("Only since the conversion before"),
        "value": _("Worth of an order"),
        "costs": _("Costs"),
        "keys_max": _("Rows at most"),
        "rounds": _("Resamples"),
    }
    hidden = frozenset({"where", "by", "grain"})
    rare = frozenset({"touches", "models", "value", "costs", "keys_max", "rounds", "restart"})
    choices: ClassVar[Mapping[str, str]] = {**MODELS, **TOUCHES, **WORTHS}

    def start(self, visit: Visit) -> dict[str, Any]:  # noqa: ARG002
        """Orders by channel."""
        return {"conversion": {"source": "orders"}, "credit": "channel", "compare": "previous"}

    def pictures(self, visit: Visit, answer: Answer, behind: Behind) -> Sequence[Picture]:
        """Credits by a few models."""
        question = _asked(answer)
        return [attribution.chart(visit, question, answer.result, behind)] if answer.result.keys else []

    def sheets(self, visit: Visit, answer: Answer, behind: Behind) -> Sequence[Sheet]:
        """Those of the page of attribution."""
        return attribution.sheets(visit, _asked(answer), answer, behind)

    def told(self, visit: Visit, pick: Mapping[str, Any]) -> str:
        """What was touched, in words."""
        keys = pick.get("path") or [pick.get("key") or ""]
        return " → ".join(attribution.key_label(visit, one) for one in keys if one)


def _asked(answer: Answer) -> AttributionQuestion:
    assert isinstance(answer.question, AttributionQuestion)
    return answer.question
