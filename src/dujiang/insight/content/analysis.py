"""Content as a question: items with their rates and their quality, and the people behind each."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final, Literal

import duckdb
import ibis
import numpy as np
from pydantic import Field

from dujiang.engine.columns import Whole
from dujiang.engine.derived.events import INTERACTIONS, PASSIVE, SHARES
from dujiang.engine.question import Rows, ask, given, table
from dujiang.foundation.i18n import _
from dujiang.insight.content.quality import PARTS, Cadence, Part, Rate, Score, cadence, half_life, score
from dujiang.insight.questions.analysis import Analysis, Found
from dujiang.insight.questions.answer import Column, Table
from dujiang.insight.questions.limits import only_channels, refuse_by, refuse_where
from dujiang.insight.questions.model import Asked, Pick
from dujiang.insight.questions.scene import Scene
from dujiang.insight.views import owned, stated

_WEIGHTS: Final[dict[Part, float]] = {"dwell": 0.3, "interaction": 0.25, "share": 0.15, "conversion": 0.2, "kept": 0.1}
_AGES: Final = 28
_EARLY: Final = 7
Did = Literal["readers", "interacted", "shared", "bought"]


class ContentQuestion(Asked):
    """What each item of content is worth.

    Attributes:
        about: ``content`` (articles, notes, videos, live rooms), ``products`` (pages of products), or ``all``.
        channels: only what happened in these; empty: in all.
        weights: of the parts of the quality score.
        prior_readers: how many readers the average of all items counts for when rates of small items are drawn to it.
        within_days: an order counts as following when it comes so many days after the first reading in the period.
        items_max: so many items at most, those with most readers first.
    """

    type: Literal["content"] = "content"
    about: Literal["content", "products", "all"] = "content"
    channels: tuple[str, ...] = Field(default=(), max_length=50)
    weights: dict[Part, float] = Field(default_factory=lambda: dict(_WEIGHTS))
    prior_readers: float = Field(default=50, ge=1, le=10_000)
    within_days: int = Field(default=7, ge=1, le=90)
    items_max: int = Field(default=200, ge=1, le=2_000)

    def _check_where(self) -> None:
        refuse_where(self)

    def _check_by(self) -> None:
        refuse_by(self)


class ContentPick(Pick):
    """Readers of an item, or those of them who did something."""

    item: str = ""
    did: Did = "readers"


@dataclass(frozen=True)
class Item:
    """One item of content.

    Attributes:
        item: its id.
        title: as the page names it.
        published: the day of its first view; None where that may lie before the data.
        readers: people who looked at it.
        views: how often.
        dwell_ms: time that a reader spent on it; None where nothing states any.
        rates: of each part of the score; None where undefined.
        half_life_days: in which its views halve during its first four weeks; None where unknown or not falling.
        score: its quality.
    """

    item: str
    title: str
    published: date | None
    readers: int
    views: int
    dwell_ms: float | None
    rates: dict[Part, float | None]
    half_life_days: float | None
    score: Score


@dataclass(frozen=True)
class Content:
    """Items, those with most readers first, the rates of all together, and the cadence."""

    items: tuple[Item, ...]
    all_rates: dict[Part, float | None]
    cadence: Cadence
    left_out: int


class ContentAnalysis(Analysis[ContentQuestion, ContentPick]):
    """Asks events that name content, and orders that follow."""

    title = _("Content quality")
    question = ContentQuestion
    pick = ContentPick

    def answer(self, scene: Scene, question: ContentQuestion) -> Found:
        """Items, cadence, and what is left out."""
        counted = _counted(scene, question)
        key = "content_ages", question.about, question.channels
        ages = scene.remember(key, lambda: _ages(scene.con, question))
        published = {item: first for item, (first, _views) in ages.items() if first is not None}
        rates = {row["content_id"]: _rates(row, ages.get(row["content_id"]), scene.today) for row in counted}
        everything = _together(list(rates.values()))
        items = tuple(_item(row, rates[row["content_id"]], everything, ages, question, scene.today) for row in counted)
        kept = items[: question.items_max]
        period = scene.period
        steady = cadence([*published.values()], period.first, period.last)
        result = Content(kept, {part: everything[part].value for part in PARTS}, steady, len(items) - len(kept))
        notes = ["quality_relative"]
        notes += ["window_open"] if period.last + timedelta(question.within_days) >= scene.today else []
        notes += ["rows_left_out"] if result.left_out else []
        people = None if scene.people is None else len(scene.people)
        return Found(result, sum(one.views for one in items), people, tuple(notes))

    def tables(self, question: ContentQuestion, result: Content, before: Content | None) -> tuple[Table, ...]:  # noqa: ARG002
        """Items, and items by week."""
        earlier = {one.item: one.score.value for one in before.items} if before else {}
        columns = [
            Column("item", _("Item")), Column("title", _("Title")), Column("published", _("First seen"), "day"),
            Column("readers", _("Readers"), "count"), Column("views", _("Views"), "count"),
            Column("dwell", _("Time per reader"), "duration"), Column("interaction", _("Interaction rate"), "percent"),
            Column("share", _("Share rate"), "percent"), Column("conversion", _("Bought after"), "percent"),
            Column("kept", _("Read after its first week"), "percent"),
            Column("half_life", _("Half-life in days"), "ratio"), Column("score", _("Quality"), "ratio"),
            Column("low", _("Quality, low"), "ratio"), Column("high", _("Quality, high"), "ratio"),
        ]  # fmt: skip
        if before:
            columns.append(Column("before", _("Quality before"), "ratio"))
        rows = [
            (
                one.item, one.title, one.published, one.readers, one.views, one.dwell_ms,
                *(one.rates[part] for part in PARTS[1:]), one.half_life_days, one.score.value, one.score.low,
                one.score.high, *((earlier.get(one.item),) if before else ()),
            )
            for one in result.items
        ]  # fmt: skip
        weeks = (Column("week", _("Week from"), "day"), Column("items", _("New items"), "count"))
        picks = [{"item": one.item} for one in result.items]
        did: dict[Part, Did] = {"interaction": "interacted", "share": "shared", "conversion": "bought"}
        cells: dict[str, list[dict[str, Any] | None]] = {
            part: [{"item": one.item, "did": what} if one.rates[part] else None for one in result.items]
            for part, what in did.items()
        }
        return Table("items", tuple(columns), rows, picks, cells), Table("cadence", weeks, [*result.cadence.weeks])

    def people(self, scene: Scene, question: ContentQuestion, pick: ContentPick) -> Whole:
        """Readers of the item (or of any), or those of them who interacted, shared or bought afterwards."""
        readers = _readers(scene, question)
        if pick.item:
            readers = readers.filter(readers["content_id"] == pick.item)
        if pick.did == "bought":
            readers = _bought(scene, readers, question.within_days).filter(ibis._["bought"])
        elif pick.did != "readers":
            readers = readers.filter(readers[pick.did])
        found = ask(scene.con, readers.select("person").distinct())["person"].to_numpy()
        return np.sort(found)


def _named(question: ContentQuestion) -> Rows:
    """Events that name content of the kind asked about; those of products say which in a property of their own."""
    rows = table("fact_event")
    rows = only_channels(rows.filter(rows["content_id"].notnull()), question.channels)
    if question.about == "all":
        return rows
    # Reading JSON takes longest: only what holds the word at all is read.
    properties: Any = rows["properties"]
    plain = ~properties.contains('"product_id"') | stated(properties, "/product_id").isnull()
    return rows.filter(plain if question.about == "content" else ~plain)


def _events(scene: Scene, question: ContentQuestion) -> Rows:
    rows = _named(question)
    rows = owned(rows.filter(rows["day"].between(scene.period.first, scene.period.last)))
    rows = rows.filter(rows["person"].notnull())
    return rows.semi_join(given(scene.con, scene.people), "person") if scene.people is not None else rows


def _looks(rows: Rows) -> Any:
    name = rows["name"]
    return rows["kind"].isin(("page", "screen")) | name.notin((*PASSIVE, *INTERACTIONS, "element_clicked"))


def _readers(scene: Scene, question: ContentQuestion) -> Rows:
    """One row for each item and person who looked at it in the period."""
    rows = _events(scene, question)
    people = rows.group_by("content_id", "person").aggregate(
        views=rows.count(where=_looks(rows)),
        dwell_ms=rows["dwell_ms"].sum().cast("int64"),
        interacted=rows["name"].isin(INTERACTIONS).any(),
        shared=rows["name"].isin(SHARES).any(),
        first_day=rows["day"].min(where=_looks(rows)),
        title=rows["page_title"].max(),
    )
    return people.filter(people["views"] > 0)


def _bought(scene: Scene, readers: Rows, within_days: int) -> Rows:
    orders = table("orders")
    near = orders["day"].between(scene.period.first, scene.period.last + timedelta(within_days))
    orders = orders.filter(orders["status"] == "valid", orders["person"].notnull(), near)
    orders = orders.select("person", order_day="day")
    pairs = readers.select("content_id", "person", "first_day").inner_join(orders, "person")
    distance = pairs["order_day"].delta(pairs["first_day"], unit="day")
    hits = pairs.filter(distance.between(0, within_days)).select("content_id", "person").distinct().mutate(hit=True)
    both = readers.left_join(hits, ["content_id", "person"])
    return both.mutate(bought=both["hit"].fill_null(False))


def _counted(scene: Scene, question: ContentQuestion) -> list[dict[str, Any]]:
    rows = _bought(scene, _readers(scene, question), question.within_days)
    due = rows["first_day"] < scene.today - timedelta(question.within_days)
    dwelt = rows["dwell_ms"].notnull()
    sums = rows.group_by("content_id").aggregate(
        title=rows["title"].max(),
        readers=rows.count(),
        views=rows["views"].sum().cast("int64"),
        dwell_ms=rows["dwell_ms"].sum().cast("int64"),
        dwellers=rows.count(where=dwelt),
        dwell_mean=rows["dwell_ms"].mean(),
        dwell_std=rows["dwell_ms"].cast("float64").std(how="pop"),
        interacted=rows.count(where=rows["interacted"]),
        shared=rows.count(where=rows["shared"]),
        due=rows.count(where=due),
        bought=rows.count(where=due & rows["bought"]),
    )
    return ask(scene.con, sums.order_by(sums["readers"].desc(), "content_id")).to_pylist()


def _ages(con: duckdb.DuckDBPyConnection, question: ContentQuestion) -> dict[str, tuple[date | None, list[int]]]:
    """Of each item the day of its first view (None where the data begin on it) and its views by day of age."""
    rows = _named(question)
    rows = rows.filter(_looks(rows))
    daily = rows.group_by("content_id", "day").aggregate(views=rows.count())
    daily = daily.mutate(first=daily["day"].min().over(ibis.window(group_by="content_id")))
    daily = daily.mutate(age=daily["day"].delta(daily["first"], unit="day"))
    young = daily.filter(daily["age"] < _AGES).select("content_id", "first", "age", "views")
    everything = table("fact_event")
    begins = ask(con, everything.aggregate(day=everything["day"].min()))["day"][0].as_py()
    found: dict[str, tuple[date | None, list[int]]] = {}
    for row in ask(con, young).to_pylist():
        first = row["first"]
        known = None if first <= begins + timedelta(_EARLY) else first
        found.setdefault(row["content_id"], (known, [0] * _AGES))[1][row["age"]] = row["views"]
    return found


def _rates(row: dict[str, Any], age: tuple[date | None, list[int]] | None, today: date) -> dict[Part, Rate]:
    readers, mean = row["readers"], row["dwell_mean"]
    varies = row["dwell_std"] / mean if mean else None
    kept = Rate(0, 0)
    if age and age[0] and age[0] + timedelta(_AGES) <= today:
        kept = Rate(sum(age[1][_EARLY:]), sum(age[1]))
    return {
        "dwell": Rate(row["dwell_ms"] or 0, row["dwellers"], varies or 1.0),
        "interaction": Rate(row["interacted"], readers),
        "share": Rate(row["shared"], readers),
        "conversion": Rate(row["bought"], row["due"]),
        "kept": kept,
    }


def _together(rates: list[dict[Part, Rate]]) -> dict[Part, Rate]:
    return {part: Rate(sum(one[part].hits for one in rates), sum(one[part].trials for one in rates)) for part in PARTS}


def _item(
    row: dict[str, Any],
    rates: dict[Part, Rate],
    everything: dict[Part, Rate],
    ages: dict[str, tuple[date | None, list[int]]],
    question: ContentQuestion,
    today: date,
) -> Item:
    first, views = ages.get(row["content_id"], (None, []))
    is_old = first is not None and first + timedelta(_AGES) <= today
    return Item(
        item=row["content_id"],
        title=row["title"] or "",
        published=first,
        readers=row["readers"],
        views=row["views"],
        dwell_ms=rates["dwell"].value,
        rates={part: rates[part].value for part in PARTS},
        half_life_days=half_life(views) if is_old else None,
        score=score(rates, everything, question.weights, question.prior_readers),
    )


__all__ = ["Content", "ContentAnalysis", "ContentPick", "ContentQuestion", "Item"]
