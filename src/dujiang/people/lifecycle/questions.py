"""The questions of life-cycle pages, as expressions over the derived tables."""

from __future__ import annotations

from datetime import timedelta

import ibis

from dujiang.engine.question import Column, Rows, table
from dujiang.foundation.timewindows import Period


def stages_at(day: Column) -> Rows:
    """``person`` and ``stage`` at the end of ``day``, of everybody who had been met."""
    rows = table("life_transition")
    rows = rows.filter(rows.day <= day)
    return rows.group_by("person").aggregate(stage=rows.to_stage.argmax(rows.nth))


def moved(period: Period) -> Rows:
    """``person``, ``start`` (stage the day before the period; null: not met yet) and ``end`` (stage on its last day)."""
    before = stages_at(period.first - timedelta(1)).rename(start="stage")
    after = stages_at(period.last).rename(end="stage")
    return after.left_join(before, "person").select("person", "start", "end")


def flows(period: Period) -> Rows:
    """How many people went from which stage to which, from before a period to its end."""
    rows = moved(period)
    return rows.group_by("start", "end").aggregate(people=rows.count())


def changes(period: Period) -> Rows:
    """How often people changed from where to where within a period."""
    rows = _within(period)
    return rows.group_by(start=rows.from_stage, end=rows.to_stage).aggregate(people=rows.count())


def daily(period: Period) -> Rows:
    """Changes of each day up to the end of a period; those before it as of the day before it."""
    rows = table("life_transition")
    rows = rows.filter(rows.day <= period.last)
    day = ibis.greatest(rows.day, ibis.literal(period.first - timedelta(1)))
    return rows.group_by(day=day, start=rows.from_stage, end=rows.to_stage).aggregate(people=rows.count())


def who_moved(period: Period, start: str | None, end: str | None) -> Rows:
    """The people of a flow; ``start`` "" means not met yet, None any, and ``end`` None any."""
    rows = moved(period)
    if start is not None:
        rows = rows.filter(rows.start.isnull() if start == "" else rows.start == start)
    if end is not None:
        rows = rows.filter(rows.end == end)
    return rows.select("person")


def who_changed(period: Period, start: str | None, end: str | None) -> Rows:
    """The people who changed that way on a day of the period, each once."""
    rows = _within(period)
    if start is not None:
        rows = rows.filter(rows.from_stage.isnull() if start == "" else rows.from_stage == start)
    if end is not None:
        rows = rows.filter(rows.to_stage == end)
    return rows.select("person").distinct()


def latest(period: Period, start: str | None, end: str | None, limit: int) -> Rows:
    """The latest changes of a period with their reasons."""
    rows = _within(period)
    if start is not None:
        rows = rows.filter(rows.from_stage.isnull() if start == "" else rows.from_stage == start)
    if end is not None:
        rows = rows.filter(rows.to_stage == end)
    return rows.order_by(rows.day.desc(), rows.person, rows.nth.desc()).limit(limit)


def history(person: int) -> Rows:
    """Every change of one person, latest first."""
    rows = table("life_transition")
    return rows.filter(rows.person == person).order_by(rows.nth.desc())


def stage_money(period: Period) -> Rows:
    """What the people of each stage (at the end of the period) paid within it, less refunds."""
    rows = table("person_day")
    rows = rows.filter(rows.day.between(period.first, period.last))
    paid = rows.group_by("person").aggregate(paid=(rows.paid_minor - rows.refunded_minor).sum())
    joined = paid.inner_join(stages_at(period.last), "person")
    return joined.group_by("stage").aggregate(gmv_minor=joined.paid.sum().cast("int64"))


def ways(period: Period) -> Rows:
    """``person`` and every stage they were in at some time of the period; ``nth`` orders them."""
    began = stages_at(period.first - timedelta(1)).mutate(nth=ibis.literal(0, "int64"))
    within = _within(period).select("person", stage="to_stage", nth="nth")
    return ibis.union(began.select("person", "stage", "nth"), within)


def spend(period: Period) -> Rows:
    """Spend by name of the campaign within a period."""
    rows = table("spend_day")
    rows = rows.filter(rows.day.between(period.first, period.last))
    name = ibis.coalesce(rows.campaign_name, rows.campaign, ibis.literal(""))
    return rows.group_by(campaign=name).aggregate(cost_minor=rows.cost_minor.sum().fill_null(0).cast("int64"))


def first_spend_day() -> Rows:
    """The first day of which spend is known."""
    rows = table("spend_day")
    return rows.aggregate(day=rows.day.min())


def _within(period: Period) -> Rows:
    rows = table("life_transition")
    return rows.filter(rows.day.between(period.first, period.last))
