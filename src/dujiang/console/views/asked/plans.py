"""Tests and their plans as questions. Plans have pages of their own, which draw lots and register the test."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Final, cast

from dujiang.console.sheets import Sheet
from dujiang.console.views import lift, lift_designs
from dujiang.console.views.asked.view import Behind, Picture, View
from dujiang.console.visit import Visit
from dujiang.foundation.i18n import _
from dujiang.insight.incrementality.question import KIND, LiftPlanQuestion, LiftQuestion
from dujiang.insight.questions.answer import Answer

_COMMON: Final[Mapping[str, str]] = {
    "metric": _("What is judged"),
    "channels": _("Pushed channels"),
    "lengths": _("Length in days"),
    "left_out": _("Left out"),
    "power": _("Share of tests that see it"),
    "level": _("Level of intervals"),
    "salt": _("Word that lots are drawn from"),
}
_REFUSED: Final = frozenset({"where", "by", "grain", "compare"})


class TestView(View):
    """What a registered test changed."""

    icon: ClassVar[str] = "gauge"
    about: ClassVar[str] = _("What would not have happened otherwise, as a test measured it.")
    fields: ClassVar[Mapping[str, str]] = {
        "test": _("Test"),
        "design": _("Design"),
        **{key: _COMMON[key] for key in ("metric", "channels", "left_out", "level", "salt")},
        "first": _("From"),
        "last": _("To"),
        "unit": _("Markets"),
        "markets": _("Treated markets"),
        "before_days": _("Days before"),
        "step": _("One number for each"),
        "treated": _("Addressed"),
        "control": _("Left alone"),
        "control_share": _("Share left alone"),
        "block_days": _("Days of a block"),
        "washout_days": _("Days after a switch left out"),
        "strata": _("Lots within"),
        "lots": _("Lots"),
        "cost_minor": _("Cost"),
        "expected": _("Hoped for"),
    }
    hidden = _REFUSED | {"people"}

    def start(self, visit: Visit) -> dict[str, Any]:
        """The test that was registered last."""
        tests = sorted(visit.workspace.definitions.current(KIND).values(), key=lambda one: str(one.spec["first"]))
        return {"test": tests[-1].spec} if tests else {}

    def sheets(self, visit: Visit, answer: Answer, behind: Behind) -> Sequence[Sheet]:  # noqa: ARG002
        """Those of the page of a test."""
        return [one for one in lift.sheets(visit, cast(LiftQuestion, answer.question).test, answer.result) if one.rows]


class PlanView(View):
    """Which test by market could see the change that is looked for."""

    icon: ClassVar[str] = "gauge"
    about: ClassVar[str] = _(
        "Which markets to treat and for how long, so that a change of a given size would be seen; what it costs."
    )
    fields: ClassVar[Mapping[str, str]] = {
        **_COMMON,
        "unit": _("Markets"),
        "sizes": _("Treated markets"),
        "spend_minor": _("Cost a day, all markets"),
        "budget_minor": _("Budget"),
        "before_days": _("Days before"),
        "step": _("One number for each"),
        "least": _("Orders a week at least"),
        "choices": _("Choices of each size"),
    }
    hidden = _REFUSED | {"people"}
    rare = frozenset({"before_days", "step", "least", "choices", "power", "level", "left_out", "salt"})

    def pictures(self, visit: Visit, answer: Answer, behind: Behind) -> Sequence[Picture]:  # noqa: ARG002
        """How often the best plans see which effect."""
        plans = answer.result.plans[:3]
        return [lift.power_chart(visit, plans)] if plans else []

    def sheets(self, visit: Visit, answer: Answer, behind: Behind) -> Sequence[Sheet]:  # noqa: ARG002
        """Those of the page of plans."""
        return lift.plan_sheets(visit, cast(LiftPlanQuestion, answer.question), answer)


class HoldoutView(View):
    """Which hold-out could see it."""

    icon: ClassVar[str] = "gauge"
    about: ClassVar[str] = _(
        "How many people to leave out and for how long, so that what a channel brings would be seen."
    )
    fields: ClassVar[Mapping[str, str]] = {
        **_COMMON,
        "shares": _("Shares held out"),
        "hoped": _("Effect hoped for"),
        "contact_minor": _("Cost of addressing one person"),
    }
    hidden = _REFUSED
    rare = frozenset({"power", "level", "left_out", "salt"})

    def sheets(self, visit: Visit, answer: Answer, behind: Behind) -> Sequence[Sheet]:  # noqa: ARG002
        """Those of the page of plans."""
        return lift_designs.holdout_sheets(visit, cast(Any, answer.question), answer)


class SwitchbackView(View):
    """Which switching on and off could see it."""

    icon: ClassVar[str] = "gauge"
    about: ClassVar[str] = _("How long to switch something on and off by turns, so that what it brings would be seen.")
    fields: ClassVar[Mapping[str, str]] = {
        **_COMMON,
        "blocks": _("Days of a block"),
        "washout_days": _("Days after a switch left out"),
        "strata": _("Lots within"),
        "spend_minor": _("Cost a day"),
        "first": _("Begins on"),
    }
    hidden = _REFUSED | {"people"}
    rare = frozenset({"power", "level", "salt", "first"})

    def sheets(self, visit: Visit, answer: Answer, behind: Behind) -> Sequence[Sheet]:  # noqa: ARG002
        """Those of the page of plans."""
        return lift_designs.switchback_sheets(visit, answer)
