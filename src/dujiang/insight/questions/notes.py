"""What a reader has to know about an answer, by code."""

from __future__ import annotations

from typing import Final

from dujiang.foundation.i18n import _

NOTES: Final[dict[str, str]] = {
    "rows_left_out": _("Smaller rows are left out."),
    "attribution_is_no_effect": _(
        "Attribution shares out what was sold. What would not have been sold without a channel only a test can tell."
    ),
    "few_conversions": _("Fewer than 30 conversions: too few for intervals."),
}
