"""Suggestions, side by side, ready to be shown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from dujiang.console.visit import Visit
from dujiang.foundation.i18n import _
from dujiang.foundation.ids import person_id
from dujiang.identity.linkage.choose import OBSTACLES
from dujiang.identity.linkage.model import FIELDS, LEVELS
from dujiang.identity.linkage.pair_id import pair_id
from dujiang.identity.linkage.tables import State, Suggestion

STATES: Final[dict[State, str]] = {
    "open": _("To review"),
    "later": _("Put off"),
    "accepted": _("Found to be one"),
    "rejected": _("Found to be two"),
}
GENDERS: Final = {"female": _("female"), "male": _("male")}
_WIDEST: Final = 20.0
"""Bits that fill half a bar."""


@dataclass(frozen=True)
class FieldView:
    """One field of both sides; the bar starts at ``start`` and is ``width`` long, of 100."""

    label: str
    a: str
    b: str
    level: str
    weight: str
    is_for: bool
    start: float
    width: float


@dataclass(frozen=True)
class SuggestionView:
    """One suggestion."""

    id: str
    probability: str
    a: str
    b: str
    fields: tuple[FieldView, ...]
    obstacle: str
    decided_by: str


def views(visit: Visit, found: Sequence[Suggestion], owner: dict[int, int]) -> list[SuggestionView]:
    """Suggestions, ready to be shown."""
    return [_view(visit, one, owner) for one in found]


def _view(visit: Visit, found: Suggestion, owner: dict[int, int]) -> SuggestionView:
    shown = {one.field: one for one in found.shown}
    fields = []
    for one in found.evidence:
        width = min(abs(one.weight) / _WIDEST, 1.0) * 50
        fields.append(
            FieldView(
                visit.text(FIELDS[one.field]),
                _said(visit, one.field, shown[one.field].a),
                _said(visit, one.field, shown[one.field].b),
                visit.text(LEVELS[one.level]),
                f"{one.weight:+.1f}",
                one.weight >= 0,
                50.0 if one.weight >= 0 else 50.0 - width,
                width,
            )
        )
    a, b = (person_id(owner[node]) if node in owner else "" for node in (found.a, found.b))
    obstacle = visit.text(OBSTACLES[found.obstacle]) if found.obstacle else ""
    return SuggestionView(
        pair_id(found.a, found.b), f"{found.probability:.2%}", a, b, tuple(fields), obstacle, found.decided_by
    )


def _said(visit: Visit, field: str, text: str) -> str:
    if not text:
        return "—"
    return visit.text(GENDERS[text]) if field == "gender" and text in GENDERS else text
