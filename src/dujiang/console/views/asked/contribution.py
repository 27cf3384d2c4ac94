"""Contribution as the answer to a question."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from dujiang.console.sheets import Sheet
from dujiang.console.views import contribution
from dujiang.console.views.asked.view import Behind, Picture, View
from dujiang.console.views.attribution import TOUCHES, WORTHS, key_label
from dujiang.console.visit import Visit
from dujiang.foundation.i18n import _
from dujiang.insight.attribution.question import MODELS
from dujiang.insight.contribution.question import ContributionQuestion
from dujiang.insight.questions.answer import Answer


class ContributionView(View):
    """Direct and assist with intervals, what changed, and the line; the tables of the page of contribution."""

    icon = "river"
    about: ClassVar[str] = _("What each channel or guide sold itself, helped with and was measured to bring.")
    fields: ClassVar[Mapping[str, str]] = {
        "conversion": _("What counts as a conversion"),
        "credit": _("Contribution of"),
        "model": _("Shared out"),
        "touches": _("Touches that count"),
        "look_back_days": _("Days before the conversion"),
        "restart": _("Only since the conversion before"),
        "value": _("Worth of an order"),
        "costs": _("Costs"),
        "keys_max": _("Rows at most"),
        "rounds": _("Resamples"),
    }
    hidden = frozenset({"where", "by"})
    rare = frozenset({"touches", "model", "value", "costs", "keys_max", "rounds", "restart"})
    choices: ClassVar[Mapping[str, str]] = {**MODELS, **TOUCHES, **WORTHS}

    def start(self, visit: Visit) -> dict[str, Any]:  # noqa: ARG002
        """Orders by channel, week by week."""
        return {"conversion": {"source": "orders"}, "credit": "channel", "compare": "previous", "grain": "week"}

    def pictures(self, visit: Visit, answer: Answer, behind: Behind) -> Sequence[Picture]:
        """Those of the page of contribution."""
        question, result = _asked(answer), answer.result
        if not result.conversions:
            return []
        drawn: list[Picture] = [contribution.parts_chart(visit, question, result, behind)]
        if answer.before is not None:
            changed = contribution.changed_chart(visit, question, answer, behind)
            drawn += [changed] if changed else []
        return [*drawn, contribution.line_chart(visit, question, result)] if result.line else drawn

    def sheets(self, visit: Visit, answer: Answer, behind: Behind) -> Sequence[Sheet]:
        """Those of the page of contribution."""
        return contribution.sheets(visit, _asked(answer), answer, behind)

    def told(self, visit: Visit, pick: Mapping[str, Any]) -> str:
        """Whose contribution, in words."""
        key = pick.get("key") or ""
        return key_label(visit, key) if key else ""


def _asked(answer: Answer) -> ContributionQuestion:
    assert isinstance(answer.question, ContributionQuestion)
    return answer.question
