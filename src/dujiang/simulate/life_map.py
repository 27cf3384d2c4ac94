"""The plan of the demo brand: what each stage of the life cycle should come to, half-year by half-year."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any, Final

from dujiang.simulate.model import SimulationSpec

_SPANS_MAX: Final = 4
_GOALS: Final[tuple[tuple[str, dict[str, float]], ...]] = (
    ("prospect", {"people": 0.40, "conversion": 0.10, "budget_minor": 950}),
    ("new", {"people": 0.022, "conversion": 0.85, "gmv_minor": 450, "budget_minor": 160}),
    ("active", {"people": 0.075, "conversion": 0.15, "gmv_minor": 1800, "budget_minor": 230}),
    ("loyal", {"people": 0.055, "gmv_minor": 5000}),
    ("lapsed", {"conversion": 0.05}),
)
"""Of each stage people as a share of everybody, money in minor units for each of them."""
_GROWTH: Final = 0.3
"""How much more is wanted of each span than of the one before."""
_SPEND: Final = (
    ("new", ("加企微",)),
    ("active", ("直播间", "品牌词")),
    ("prospect", ("拉新", "种草", "短视频", "品类词")),
)


def life_map(spec: SimulationSpec) -> dict[str, Any]:
    """The definition's content: the latest half-years of the simulated days."""
    spans = [
        {
            "first": str(first),
            "last": str(last),
            "title": _title(first),
            "goals": [_goal(stage, wanted, spec.people * (1 + _GROWTH) ** place) for stage, wanted in _GOALS],
        }
        for place, (first, last) in enumerate(_halves(spec))
    ]
    return {"spans": spans, "spend": [{"stage": stage, "campaigns": list(words)} for stage, words in _SPEND]}


def _title(first: date) -> dict[str, str]:
    half = 1 if first.month == 1 else 2
    return {"zh": f"{first.year} 年{'上' if half == 1 else '下'}半年", "en": f"{first.year}, half {half}"}


def _goal(stage: str, wanted: dict[str, float], people: float) -> dict[str, Any]:
    return {"stage": stage} | {
        name: value if name == "conversion" else round(value * people) for name, value in wanted.items()
    }


def _halves(spec: SimulationSpec) -> list[tuple[date, date]]:
    """Half-years (first and last day) within the simulated days, and the one that holds the last of them; oldest first."""
    found = []
    first = spec.end.replace(month=1 if spec.end.month <= 6 else 7, day=1)
    last = date(first.year + (first.month == 7), 7 if first.month == 1 else 1, 1) - timedelta(1)
    while not found or (first >= spec.start and len(found) < _SPANS_MAX):
        found.append((first, last))
        last = first - timedelta(1)
        first = date(last.year, 1 if last.month == 6 else 7, 1)
    return found[::-1]
