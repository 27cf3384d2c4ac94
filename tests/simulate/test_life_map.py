"""The demo brand's plan: half-years without gaps up to the last day, and goals that grow with the brand."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import pairwise

import pytest

from dujiang.people.lifecycle.model import LifeMapSpec
from dujiang.simulate.life_map import life_map
from dujiang.simulate.model import SimulationSpec


@pytest.mark.parametrize(
    ("end", "months", "firsts"),
    [
        (date(2026, 11, 28), 18, ["2025-07-01", "2026-01-01", "2026-07-01"]),
        (date(2026, 6, 30), 40, ["2024-07-01", "2025-01-01", "2025-07-01", "2026-01-01"]),
        (date(2026, 7, 1), 1, ["2026-07-01"]),
    ],
)
def test_half_years_follow_each_other_to_the_last_day(end: date, months: int, firsts: list[str]) -> None:
    spec = SimulationSpec(end=end, people=1000, months=months)
    made = LifeMapSpec.model_validate(life_map(spec))
    assert [str(span.first) for span in made.spans] == firsts
    assert made.spans[-1].first <= end <= made.spans[-1].last
    assert all(after.first - before.last == timedelta(1) for before, after in pairwise(made.spans))


def test_goals_grow_with_the_brand_and_over_time() -> None:
    small, large = (
        LifeMapSpec.model_validate(life_map(SimulationSpec(end=date(2026, 11, 28), people=people, months=18)))
        for people in (1000, 2000)
    )
    of = {people: [goal.budget_minor for goal in made.spans[0].goals] for people, made in ((1, small), (2, large))}
    assert of[2] == [None if one is None else 2 * one for one in of[1]]
    wanted = [span.goals[0].people or 0 for span in large.spans]
    assert wanted == sorted(set(wanted))
