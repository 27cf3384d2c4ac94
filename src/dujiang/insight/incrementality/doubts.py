"""Why an estimate is missing or should be believed less, in words."""

from __future__ import annotations

from typing import Final

from dujiang.foundation.i18n import _
from dujiang.insight.incrementality.model import Doubt

DOUBTS: Final[dict[Doubt, str]] = {
    Doubt.FEW_PERIODS: _(
        "Too few days or weeks for an interval of this level: at least ten before the start are needed."
    ),
    Doubt.FEW_UNITS: _("Too few markets, blocks or people to judge by."),
    Doubt.UNSOLD: _("In a treated market nothing was sold, before or since. Is it written as orders write it?"),
    Doubt.FEW_EVENTS: _("Too few conversions, or too few without one, to judge a share by."),
    Doubt.POOR_FIT: _(
        "Before the start the comparison did not follow the treated markets: its gap afterwards says little."
    ),
    Doubt.PRE_TREND: _("Treated and other markets drifted apart before the start already."),
    Doubt.SAMPLE_RATIO: _(
        "The groups are not of the sizes that the lot drew: something lost people of one of them. Find out what before you "
        "believe the effect."
    ),
    Doubt.UNBALANCED: _("The groups differed before the test already, more than lots explain."),
    Doubt.NO_BASE: _("What the relative effect is divided by is not clearly different from zero, so there is none."),
}
