"""The multi-year map: what was planned for each stage and span, against what came of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from dujiang.people.lifecycle.model import Figure, LifeCycleSpec, LifeMapSpec, MapCell, MapColumn, MapSpan, StageGoal


@dataclass(frozen=True)
class Actual:
    """What came of a span so far.

    Attributes:
        people, gmv_minor: by stage at the end (or today).
        ways: how many people went which way through the stages.
        spend: by campaign.
        has_spend: spend is known for these days at all.
    """

    people: Mapping[str, int]
    gmv_minor: Mapping[str, int]
    ways: Counter[tuple[str, ...]]
    spend: Mapping[str, int]
    has_spend: bool


def column(spec: LifeCycleSpec, plan: LifeMapSpec, span: MapSpan, today: date, actual: Actual | None) -> MapColumn:
    """One span of the map; ``actual`` is None for a span to come."""
    goals = {goal.stage: goal for goal in span.goals}
    spent, unassigned = assigned(plan, actual.spend) if actual else ({}, 0)
    pace = (min(today, span.last) - span.first).days + 1
    share = max(0.0, min(1.0, pace / ((span.last - span.first).days + 1)))
    cells = [
        _cell(spec, name, goals.get(name) or StageGoal(stage=name), plan, actual, spent, share) for name in spec.names
    ]
    return MapColumn(span, tuple(cells), unassigned)


def _cell(
    spec: LifeCycleSpec,
    name: str,
    goal: StageGoal,
    plan: LifeMapSpec,
    actual: Actual | None,
    spent: Mapping[str, int],
    pace: float,
) -> MapCell:
    has_spend = actual is not None and actual.has_spend and any(one.stage == name for one in plan.spend)
    return MapCell(
        stage=name,
        people=Figure(goal.people, actual.people.get(name, 0) if actual else None),
        conversion=Figure(goal.conversion, conversion(spec, name, actual.ways) if actual else None),
        gmv_minor=Figure(goal.gmv_minor, actual.gmv_minor.get(name, 0) if actual else None),
        spend_minor=Figure(goal.budget_minor, spent.get(name, 0) if has_spend else None),
        pace=pace,
    )


def conversion(spec: LifeCycleSpec, stage: str, ways: Mapping[tuple[str, ...], int]) -> float | None:
    """Share of those who were in ``stage`` who came to a later one afterwards; None where nobody was.

    The last stage is where people are lost: to come into it is no success, so that the stage before it has none to reach
    (None); for those in it success is to leave it.
    """
    places = {name: place for place, name in enumerate(spec.names)}
    last, here = len(places) - 1, places[stage]
    if here == last - 1:
        return None
    was = reached = 0
    for way, people in ways.items():
        if stage not in way:
            continue
        was += people
        after = {places[one] for one in way[way.index(stage) + 1 :] if one in places}
        reached += people if any(_is_success(here, place, last) for place in after) else 0
    return reached / was if was else None


def _is_success(here: int, there: int, last: int) -> bool:
    return there != last if here == last else here < there < last


def assigned(plan: LifeMapSpec, spend: Mapping[str, int]) -> tuple[dict[str, int], int]:
    """Spend by stage, and what belongs to none.

    >>> from dujiang.people.lifecycle.model import CampaignsOfStage
    >>> plan = LifeMapSpec(spend=(CampaignsOfStage(stage="prospect", campaigns=("拉新",)),))
    >>> assigned(plan, {"双11拉新": 500, "品牌": 70})
    ({'prospect': 500}, 70)
    """
    found: Counter[str] = Counter()
    rest = 0
    for campaign, cost in spend.items():
        stage = next((one.stage for one in plan.spend if any(word in campaign for word in one.campaigns)), None)
        if stage is None:
            rest += cost
        else:
            found[stage] += cost
    return dict(found), rest
