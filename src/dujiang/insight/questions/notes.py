"""What a reader has to know about an answer, by code."""

from __future__ import annotations

from typing import Final

from dujiang.foundation.i18n import _

NOTES: Final[dict[str, str]] = {
    "rows_left_out": _("Smaller rows are left out."),
}
