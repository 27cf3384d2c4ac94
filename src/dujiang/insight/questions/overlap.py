"""Overlap: who is in several channels (or segments) at once, what they are worth, and who crosses from one to another."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from itertools import combinations
from typing import Any, Final, Literal, Self

from pydantic import Field, model_validator

from dujiang.engine.columns import Whole
from dujiang.engine.question import ask_text, keep
from dujiang.foundation.i18n import _
from dujiang.insight.questions.analysis import Analysis, Found, limited, no_people
from dujiang.insight.questions.answer import Column, Table
from dujiang.insight.questions.model import Asked, Pick
from dujiang.insight.questions.scene import Scene
from dujiang.people.bound import Binder

SETS_MAX: Final = 12
HEALTHY: Final = (0.20, 0.35)
"""Share of people in two channels or more that is healthy, unless the question says another."""
CROSSING_DAYS_MAX: Final = 366


class OverlapQuestion(Asked):
    """Channels (people active there in the period) or segments (their members now), each against each.

    Attributes:
        of: what overlaps.
        sets: names of channels or segments; empty: the twelve largest channels.
        healthy: lower and upper end of a healthy share of people in two or more.
        within_days: how long after being seen in one channel an order in another counts as crossing over.
    """

    type: Literal["overlap"] = "overlap"
    of: Literal["channels", "segments"] = "channels"
    sets: tuple[str, ...] = Field(default=(), max_length=SETS_MAX)
    healthy: tuple[float, float] = HEALTHY
    within_days: int = Field(default=30, ge=1, le=CROSSING_DAYS_MAX)

    @model_validator(mode="after")
    def _sound(self) -> Self:
        if not 0 <= self.healthy[0] <= self.healthy[1] <= 1:
            raise ValueError(_("the healthy band lies between 0 and 1, its lower end first"))
        if self.of == "segments" and len(self.sets) < 2:
            raise ValueError(_("name the segments that are to be compared, two at least"))
        if self.by or self.where:
            raise ValueError(_("overlaps are neither divided nor limited by events"))
        return self


class OverlapPick(Pick):
    """People in all of ``sets``: exactly those (``exact``), or whatever others they are in, too.

    Attributes:
        several: instead of that: people in two or more.
        crossed: instead of that: people seen in the first of ``sets`` who then ordered in the second.
    """

    sets: tuple[str, ...] = Field(default=(), max_length=SETS_MAX)
    exact: bool = False
    several: bool = False
    crossed: bool = False


@dataclass(frozen=True)
class SetSize:
    """One channel or segment: its people, how many of them are in no other, and what its people paid in the period."""

    name: str
    people: int
    alone: int
    money_minor: int


@dataclass(frozen=True)
class Intersection:
    """People in exactly these sets, and what they paid in the period, less refunds."""

    sets: tuple[str, ...]
    people: int
    money_minor: int


@dataclass(frozen=True)
class Pair:
    """People in both of two sets, whatever others they are in.

    Attributes:
        of_first: share of the first's people; None where it has none.
        of_second: share of the second's.
    """

    first: str
    second: str
    people: int
    of_first: float | None
    of_second: float | None
    money_minor: int


@dataclass(frozen=True)
class Crossing:
    """People seen in one channel in the period who ordered in another later.

    Attributes:
        share: of the people seen in ``source``; None where there are none.
        median_days: median time from being seen to the order.
    """

    source: str
    target: str
    people: int
    share: float | None
    median_days: float | None


@dataclass(frozen=True)
class OverlapStep:
    """Share of people in two sets or more, in one step of time."""

    start: date
    people: int
    several: int


@dataclass(frozen=True)
class Overlap:
    """The answer.

    Attributes:
        people: in any of the sets.
        several: in two or more.
        share: the second of the first; None where there is nobody.
        sets: the largest first.
        intersections: by exact combination, the largest first.
        pairs: each set with each.
        crossings: between channels; empty for segments.
        trend: share over time, where a grain is asked for; empty for segments.
        healthy: the band that the share is held against.
    """

    people: int
    several: int
    share: float | None
    sets: tuple[SetSize, ...]
    intersections: tuple[Intersection, ...]
    pairs: tuple[Pair, ...]
    crossings: tuple[Crossing, ...]
    trend: tuple[OverlapStep, ...]
    healthy: tuple[float, float]


class OverlapAnalysis(Analysis[OverlapQuestion, OverlapPick]):
    """Asks the engine for the combination of sets that each person is in."""

    title = _("Overlap of channels and segments")
    question = OverlapQuestion
    pick = OverlapPick

    def answer(self, scene: Scene, question: OverlapQuestion) -> Found:
        """Everybody counted once, in exactly their combination."""
        _prepare(scene, question)
        combined = _combined(scene)
        of_channels = question.of == "channels"
        people, several = sum(one.people for one in combined), sum(one.people for one in combined if len(one.sets) > 1)
        result = Overlap(
            people=people,
            several=several,
            share=several / people if people else None,
            sets=_sizes(combined),
            intersections=combined,
            pairs=_pairs(combined),
            crossings=_crossings(scene, question) if of_channels else (),
            trend=_trend(scene, question) if of_channels and question.grain else (),
            healthy=question.healthy,
        )
        return Found(result, sum(one.people for one in result.sets), people)

    def tables(self, question: OverlapQuestion, result: Overlap, before: Overlap | None) -> tuple[Table, ...]:
        """Intersections, pairs, crossings, and the trend."""
        unit = "channel" if question.of == "channels" else "text"
        earlier = {one.sets: one for one in before.intersections} if before else {}
        then = (Column("before", _("Before"), "count"),) if before else ()
        tables = [
            Table(
                "intersections",
                (Column("sets", _("Exactly in")), Column("people", _("People"), "count"), *then,
                 Column("share", _("Share"), "percent"), Column("money", _("Paid, less refunds"), "money")),
                [
                    (" + ".join(one.sets), one.people, *([_before(earlier, one.sets)] if before else []),
                     one.people / result.people, one.money_minor)
                    for one in result.intersections
                ],
                [{"sets": [*one.sets], "exact": True} for one in result.intersections],
            ),
            Table(
                "pairs",
                (Column("first", _("One of them"), unit), Column("second", _("The other"), unit),
                 Column("people", _("In both"), "count"), Column("of_first", _("Of the one"), "percent"),
                 Column("of_second", _("Of the other"), "percent"), Column("money", _("Paid, less refunds"), "money")),
                [(one.first, one.second, one.people, one.of_first, one.of_second, one.money_minor) for one in result.pairs],
                [{"sets": [one.first, one.second]} for one in result.pairs],
            ),
        ]  # fmt: skip
        if result.crossings:
            tables.append(_crossing_table(result.crossings))
        if result.trend:
            rows = [(one.start, one.people, one.several, _share(one.several, one.people)) for one in result.trend]
            heads = (Column("start", _("From"), "day"), Column("people", _("People"), "count"),
                     Column("several", _("In two or more"), "count"), Column("share", _("Share"), "percent"))  # fmt: skip
            tables.append(Table("trend", heads, rows))
        return tuple(tables)

    def people(self, scene: Scene, question: OverlapQuestion, pick: OverlapPick) -> Whole:
        """The persons of a combination, of two or more, or of a crossing."""
        if pick.crossed:
            if question.of != "channels" or len(pick.sets) != 2:
                raise no_people()
            text, values = _crossing_text(scene, question, people=True), _crossing_values(scene, question, pick.sets)
        else:
            _prepare(scene, question)
            test, values = _picked(pick)
            text = f"SELECT person FROM overlap_person WHERE {test} ORDER BY person"
        return ask_text(scene.con, text, values)["person"].to_numpy()


def _prepare(scene: Scene, question: OverlapQuestion) -> None:
    """Keep who is in which sets."""
    con, period = scene.con, scene.period
    values: dict[str, Any] = {"first": period.first, "last": period.last}
    among = limited(scene)
    if question.of == "segments":
        members = f"SELECT person, segment AS one FROM segment_member {among} WHERE list_contains($sets, segment)"
        values = {"sets": [*question.sets]}
    else:
        members = f"SELECT DISTINCT person, channel AS one FROM person_day {among} WHERE day BETWEEN $first AND $last"
        if question.sets:
            members, values["sets"] = f"FROM ({members}) WHERE list_contains($sets, one)", [*question.sets]
        else:
            largest = f"SELECT one FROM ({members}) GROUP BY one ORDER BY count(*) DESC, one LIMIT {SETS_MAX}"
            members = f"FROM ({members}) SEMI JOIN ({largest}) USING (one)"
    keep(con, "overlap_member", members, values)
    keep(
        con,
        "overlap_person",
        """
        SELECT person, list(one ORDER BY one) AS sets, any_value(money) AS money
        FROM overlap_member LEFT JOIN (
            SELECT person, CAST(sum(paid_minor - refunded_minor) AS BIGINT) AS money FROM person_day
            WHERE day BETWEEN $first AND $last GROUP BY person
        ) USING (person) GROUP BY person
        """,
        {"first": period.first, "last": period.last},
    )


def _combined(scene: Scene) -> tuple[Intersection, ...]:
    text = """
        SELECT sets, count(*) AS people, CAST(coalesce(sum(money), 0) AS BIGINT) AS money FROM overlap_person
        GROUP BY sets ORDER BY people DESC, sets
    """
    rows = ask_text(scene.con, text).to_pylist()
    return tuple(Intersection(tuple(row["sets"]), row["people"], row["money"]) for row in rows)


def _sizes(combined: Sequence[Intersection]) -> tuple[SetSize, ...]:
    names = sorted({name for one in combined for name in one.sets})
    found = []
    for name in names:
        inside = [one for one in combined if name in one.sets]
        alone = sum(one.people for one in inside if len(one.sets) == 1)
        found.append(SetSize(name, sum(one.people for one in inside), alone, sum(one.money_minor for one in inside)))
    return tuple(sorted(found, key=lambda one: (-one.people, one.name)))


def _pairs(combined: Sequence[Intersection]) -> tuple[Pair, ...]:
    sizes = _sizes(combined)
    people = {one.name: one.people for one in sizes}
    found = []
    for first, second in combinations([one.name for one in sizes], 2):
        both = [one for one in combined if first in one.sets and second in one.sets]
        count = sum(one.people for one in both)
        money = sum(one.money_minor for one in both)
        found.append(Pair(first, second, count, _share(count, people[first]), _share(count, people[second]), money))
    return tuple(sorted(found, key=lambda one: (-one.people, one.first, one.second)))


_CROSSING: Final = """
    WITH seen AS (
        SELECT person, channel, min(first_at) AS seen_at FROM person_day {among}
        WHERE day BETWEEN $first AND $last {sources} GROUP BY ALL
    ),
    crossed AS (
        SELECT seen.person, seen.channel AS source, orders.channel AS target,
            min(epoch_ms(coalesce(paid_at, "at")) - epoch_ms(seen_at)) AS lag_ms
        FROM seen JOIN orders ON orders.person = seen.person AND orders.channel <> seen.channel
            AND coalesce(paid_at, "at") > seen_at AND coalesce(paid_at, "at") <= seen_at + to_days($within)
        WHERE orders.status = 'valid' {targets} GROUP BY ALL
    )
"""
"""Seen in one channel, then an order in another: each pair of channels once for each person, at the shortest time."""


def _crossing_text(scene: Scene, question: OverlapQuestion, *, people: bool) -> str:
    limits = {True: ("AND channel = $source", "AND orders.channel = $target"), False: ("", "")}[people]
    if question.sets and not people:
        limits = "AND list_contains($sets, channel)", "AND list_contains($sets, orders.channel)"
    text = _CROSSING.format(among=limited(scene), sources=limits[0], targets=limits[1])
    if people:
        return text + "SELECT DISTINCT person FROM crossed ORDER BY person"
    return text + (
        "SELECT source, target, count(*) AS people, median(lag_ms) / 86400000.0 AS days, any_value(n) AS n FROM crossed"
        " JOIN (SELECT channel AS source, count(*) AS n FROM seen GROUP BY channel) USING (source)"
        " GROUP BY source, target ORDER BY people DESC, source, target"
    )


def _crossing_values(scene: Scene, question: OverlapQuestion, pair: tuple[str, ...] = ()) -> dict[str, Any]:
    values: dict[str, Any] = {
        "first": scene.period.first,
        "last": scene.period.last,
        "within": question.within_days,
    }
    if pair:
        return values | {"source": pair[0], "target": pair[1]}
    return values | ({"sets": [*question.sets]} if question.sets else {})


def _crossings(scene: Scene, question: OverlapQuestion) -> tuple[Crossing, ...]:
    text = _crossing_text(scene, question, people=False)
    rows = ask_text(scene.con, text, _crossing_values(scene, question)).to_pylist()
    return tuple(
        Crossing(row["source"], row["target"], row["people"], _share(row["people"], row["n"]), row["days"])
        for row in rows
    )


def _trend(scene: Scene, question: OverlapQuestion) -> tuple[OverlapStep, ...]:
    binder = Binder()
    first, last = binder.bind(scene.period.first), binder.bind(scene.period.last)
    among = limited(scene)
    sets = f"AND list_contains({binder.bind([*question.sets])}, channel)" if question.sets else ""
    asked = binder.question(
        f"""
        SELECT start, count(*) AS people, count(*) FILTER (WHERE n > 1) AS several FROM (
            SELECT CAST(date_trunc({binder.bind(question.grain or "day")}, day) AS DATE) AS start, person,
                count(DISTINCT channel) AS n
            FROM person_day {among} WHERE day BETWEEN {first} AND {last} {sets} GROUP BY ALL
        ) GROUP BY start ORDER BY start
        """
    )
    return tuple(OverlapStep(**row) for row in asked.answer(scene.con).to_pylist())


def _picked(pick: OverlapPick) -> tuple[str, dict[str, Any]]:
    if pick.several:
        return "len(sets) > 1", {}
    if not pick.sets:
        return "true", {}
    test = "sets = list_sort($sets)" if pick.exact else "list_has_all(sets, $sets)"
    return test, {"sets": [*pick.sets]}


def _crossing_table(crossings: Sequence[Crossing]) -> Table:
    columns = (
        Column("source", _("Seen in"), "channel"), Column("target", _("Then ordered in"), "channel"),
        Column("people", _("People"), "count"), Column("share", _("Share"), "percent"),
        Column("days", _("Median days"), "number"),
    )  # fmt: skip
    rows = [(one.source, one.target, one.people, one.share, one.median_days) for one in crossings]
    return Table("crossings", columns, rows, [{"sets": [one.source, one.target], "crossed": True} for one in crossings])


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None


def _before(earlier: dict[tuple[str, ...], Intersection], sets: tuple[str, ...]) -> int:
    return earlier[sets].people if sets in earlier else 0
