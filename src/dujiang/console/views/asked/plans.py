"""Plans of tests as questions: what each is for. They have pages of their own, which draw lots and register the test."""

from __future__ import annotations

from typing import ClassVar

from dujiang.console.views.asked.view import View
from dujiang.foundation.i18n import _


class PlanView(View):
    """Which test by market could see the change that is looked for."""

    icon: ClassVar[str] = "gauge"
    about: ClassVar[str] = _(
        "Which markets to treat and for how long, so that a change of a given size would be seen; what it costs."
    )


class HoldoutView(View):
    """Which hold-out could see it."""

    icon: ClassVar[str] = "gauge"
    about: ClassVar[str] = _(
        "How many people to leave out and for how long, so that what a channel brings would be seen."
    )


class SwitchbackView(View):
    """Which switching on and off could see it."""

    icon: ClassVar[str] = "gauge"
    about: ClassVar[str] = _("How long to switch something on and off by turns, so that what it brings would be seen.")
