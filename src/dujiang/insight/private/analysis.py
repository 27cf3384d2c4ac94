"""The private domain as a question: its health and size, what its users are worth and cost, the loop from entry to purchase."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache, lru_cache
from typing import Any, Final, Literal, Self

import ibis
import numpy as np
from pydantic import Field, model_validator

from dujiang.engine.columns import Whole
from dujiang.engine.question import Query, Rows, ask, given, given_before, table
from dujiang.foundation.errors import InvalidInput
from dujiang.foundation.i18n import _
from dujiang.foundation.timewindows import Period, bucket_start, following_start
from dujiang.insight.answer import Compared, Figure, MetricQuery, Point, compared
from dujiang.insight.dimensions import told, with_day
from dujiang.insight.intervals import wilson
from dujiang.insight.model import BandSpec, Standing
from dujiang.insight.questions.analysis import Analysis, Found
from dujiang.insight.questions.answer import Column, Table
from dujiang.insight.questions.limits import refuse_by, refuse_where
from dujiang.insight.questions.model import Asked, Pick
from dujiang.insight.questions.scene import Scene

HEALTH: Final = (
    "community_activity", "private_ugc_share", "private_cross_channel_share", "private_referral_share",
    "private_ltv_index", "private_conversion_30d", "private_gmv_share",
)  # fmt: skip
SIZES: Final = ("private_users", "new_private_users", "private_active_users", "private_ltv", "ltv_to_date")
TREND: Final = ("private_users", "private_active_users", "new_private_users")
"""What the lines over time are of."""
STEPS: Final = ("entered", "active", "bought", "again")
Step = Literal["entered", "active", "bought", "again"]


class PrivateQuestion(Asked):
    """How the private domain does, and what becomes of those who enter it in the period.

    Attributes:
        way: ways of entry are told apart by ``campaign`` (that of the last visit by an advertisement within ``ad_days``
            before, else the way in that the contact list states) or by ``entry`` (what the list states alone).
        ad_days: so many days before entering a visit with a campaign counts as the advertisement that led there.
        within_days: so many days after entering somebody may become active in a community and buy.
        campaigns: by way, what reports of advertising call the campaigns that lead there (names or ids), where they do not call
            them as the way is called.
        grain: lines over time, in these steps; None for none.
    """

    type: Literal["private_domain"] = "private_domain"
    way: Literal["campaign", "entry"] = "campaign"
    ad_days: int = Field(default=30, ge=0, le=90)
    within_days: int = Field(default=30, ge=1, le=180)
    campaigns: dict[str, tuple[str, ...]] = Field(default={}, max_length=100)

    @model_validator(mode="after")
    def _each_campaign_once(self) -> Self:
        named = Counter(name for names in self.campaigns.values() for name in set(names))
        if twice := [name for name, ways in named.items() if ways > 1]:
            sentence = _("a campaign leads to one way only: {names}")
            raise InvalidInput("question.campaigns", sentence, names=", ".join(twice)[:80])
        return self

    def _check_where(self) -> None:
        refuse_where(self)

    def _check_by(self) -> None:
        refuse_by(self)


class PrivatePick(Pick):
    """The people behind a metric (in the step of the line with ``start``), or behind one step of the loop by one way."""

    metric: str = ""
    start: date | None = None
    step: Step = "entered"
    way: str | None = None
    every_way: bool = True


@dataclass(frozen=True)
class Health:
    """One metric with its band; ``standing`` says where it stands."""

    metric: str
    figure: Compared
    band: BandSpec | None
    standing: Standing


@dataclass(frozen=True)
class Way:
    """Those who entered by one way.

    Attributes:
        way: campaign or way in; None where neither is known.
        by_ad: whether a visit by an advertisement came before.
        entered: people who became contacts in the period.
        due: those of them whose days are over, whom rates are about.
        active: of those due, who did something in a community.
        bought: of those due, who ordered.
        again: of those due, who ordered a second time.
        money_minor: what those due paid in these days.
        interval: of the share who bought (95%, Wilson); None where nobody is due.
        cost: what was spent in the period on the campaigns that lead here; of all ways: on advertising of private channels.
        cost_each: for each of those who entered.
    """

    way: str | None
    by_ad: bool
    entered: int
    due: int
    active: int
    bought: int
    again: int
    money_minor: int
    interval: tuple[float, float] | None
    cost: Figure
    cost_each: Figure


@dataclass(frozen=True)
class Private:
    """Health, sizes, and the loop: all ways together first, then each, most people first.

    ``entry_cost`` is what one of all who entered cost, against the comparison; ``line`` the metrics of :data:`TREND` over time.
    """

    health: tuple[Health, ...]
    sizes: dict[str, Compared]
    entry_cost: Compared
    line: tuple[Point, ...]
    loop: Way
    ways: tuple[Way, ...]
    channels: tuple[str, ...]


class PrivateAnalysis(Analysis[PrivateQuestion, PrivatePick]):
    """Asks the metric layer for health, and follows contacts one by one for the loop."""

    title = _("Private domain")
    question = PrivateQuestion
    pick = PrivatePick
    compares = False

    def answer(self, scene: Scene, question: PrivateQuestion) -> Found:
        """Health of the period against the comparison, and the loop of the period."""
        comparison = question.compared(scene.period, scene.today)
        query = MetricQuery((*HEALTH, *SIZES), scene.period, comparison or "none", question.grain, line_of=TREND)
        answer = scene.metrics.query(query, scene.people)
        health = tuple(_health(scene, name, answer.totals[name]) for name in HEALTH)
        channels = scene.metrics.channels_of("private")
        spend = _spend(scene, scene.period)
        ways = _ways(scene, question, spend)
        sizes = {name: answer.totals[name] for name in SIZES}
        loop = _together(ways, _total(spend, channels))
        entry_cost = compared(
            loop.cost_each, _earlier_cost(scene, comparison, channels, sizes["new_private_users"].before)
        )
        notes = ["private_not_causal"]
        notes += [] if channels else ["no_private_channel"]
        notes += ["window_open"] if loop.due < loop.entered else []
        notes += ["cost_partly_known"] if any(one.cost.value is None for one in ways) else []
        result = Private(health, sizes, entry_cost, answer.line, loop, ways, channels)
        return Found(result, loop.entered, loop.entered, tuple(notes))

    def tables(self, question: PrivateQuestion, result: Private, before: Any) -> tuple[Table, ...]:  # noqa: ARG002
        """The loop, health, and the lines over time."""
        loop = (
            Column("way", _("Way in")), Column("by_ad", _("After an advertisement")), Column("entered", _("Entered"), "count"),
            Column("due", _("Days over"), "count"), Column("active", _("Active in a community"), "count"),
            Column("bought", _("Bought"), "count"), Column("rate", _("Bought, share"), "percent"),
            Column("low", _("Share, low"), "percent"), Column("high", _("Share, high"), "percent"),
            Column("again", _("Bought again"), "count"), Column("money", _("Paid in these days"), "money"),
            Column("cost", _("Cost"), "money"), Column("cost_each", _("Cost per entrant"), "money"),
        )  # fmt: skip
        ways = [result.loop, *result.ways]
        picks = [{}, *({"way": one.way, "every_way": False} for one in result.ways)]
        rows = [_way_row(one, is_all=place == 0) for place, one in enumerate(ways)]
        health = (
            Column("metric", _("Metric")), Column("now", _("Now"), "number"), Column("before", _("Before"), "number"),
            Column("at_least", _("Healthy from"), "number"), Column("standing", _("Standing")),
        )  # fmt: skip
        judged = [
            (one.metric, one.figure.value, one.figure.before.value if one.figure.before else None,
             one.band.at_least if one.band else None, one.standing)
            for one in result.health
        ]  # fmt: skip
        named = [{"metric": one.metric} for one in result.health]
        line = (_trend(result, with_before=result.line[0].figures[TREND[0]].before is not None),) if result.line else ()
        steps = {
            step: [pick | {"step": step} if getattr(one, step) else None for pick, one in zip(picks, ways, strict=True)]
            for step in STEPS
        }
        return Table("loop", loop, rows, picks, steps), Table("health", health, judged, named), *line

    def people(self, scene: Scene, question: PrivateQuestion, pick: PrivatePick) -> Whole:
        """Those behind a metric, or behind a step of the loop."""
        if pick.metric:
            days = _step(scene.period, question, pick.start) if pick.start else scene.period
            found = np.sort(ask(scene.con, scene.metrics.people(pick.metric, days))["person"].to_numpy())
            return found if scene.people is None else np.intersect1d(found, scene.people, assume_unique=True)
        rows = _followed(_Asked.of(scene, question))
        if not pick.every_way:
            rows = rows.filter(rows["way"].isnull() if pick.way is None else rows["way"] == pick.way)
        if pick.step != "entered":
            rows = rows.filter(rows["due"] & rows[pick.step])
        return np.sort(ask(scene.con, rows.select("person"), _days(scene, question))["person"].to_numpy())


def _health(scene: Scene, name: str, figure: Compared) -> Health:
    bands = scene.metrics.bands(name).values()
    band = next((one for one in bands if one.against == "none"), None)
    return Health(name, figure, band, band.judge(figure.value) if band else "unknown")


def _step(period: Period, question: PrivateQuestion, start: date) -> Period:
    """The days of the period that lie in the step of the line with ``start``; all of them where there is no line."""
    if question.grain is None:
        return period
    first = bucket_start(start, question.grain)
    last = following_start(first, question.grain) - timedelta(1)
    return Period(max(first, period.first), max(min(last, period.last), period.first))


@dataclass(frozen=True)
class _Spent:
    channel: str | None
    names: frozenset[str]
    minor: int


def _spend(scene: Scene, period: Period) -> list[_Spent] | None:
    """What reports of advertising say was spent, by campaign; None where the question is about some people only."""
    if scene.people is not None:
        return None
    return [
        _Spent(row["channel"], frozenset(filter(None, (row["campaign"], row["campaign_name"]))), row["minor"])
        for row in ask(scene.con, _by_campaign(), {"first": period.first, "last": period.last}).to_pylist()
    ]


@cache
def _by_campaign() -> Query:
    rows = table("spend_day")
    rows = rows.filter(rows["day"].between(told("first"), told("last")), rows["cost_minor"].notnull())
    sums = rows.group_by("channel", "campaign", "campaign_name")
    return Query(sums.aggregate(minor=rows["cost_minor"].sum().cast("int64")))


def _cost(spend: list[_Spent] | None, among: Any) -> Figure:
    """What the spending that ``among`` holds of sums up to."""
    if spend is None:
        return Figure(None, "nobody_named")
    found = [one.minor for one in spend if among(one)]
    return Figure(sum(found), None, len(found)) if found else Figure(None, "no_cost")


def _each(cost: Figure, entered: int) -> Figure:
    if cost.value is None or not entered:
        return Figure(None, cost.reason or "zero_denominator")
    return Figure(round(cost.value / entered), None, cost.rows)


def _total(spend: list[_Spent] | None, channels: tuple[str, ...]) -> Figure:
    return _cost(spend, lambda one: one.channel in channels)


def _earlier_cost(
    scene: Scene, period: Period | None, channels: tuple[str, ...], entered: Figure | None
) -> Figure | None:
    """What one entrant cost in the comparison; None without one."""
    if period is None or entered is None:
        return None
    return _each(_total(_spend(scene, period), channels), int(entered.value or 0))


@dataclass(frozen=True)
class _Asked:
    """What a question about the loop is beside its days, which are told when it is asked (:func:`_days`).

    Attributes:
        way, ad_days, within_days: as in :class:`PrivateQuestion`.
        channels: those of the private domain.
        zone: the brand's time zone.
        limited: only people given to the connection.
    """

    way: str
    ad_days: int
    within_days: int
    channels: tuple[str, ...]
    zone: str
    limited: bool

    @classmethod
    def of(cls, scene: Scene, question: PrivateQuestion) -> _Asked:
        """The question in a scene; its people are given to the connection."""
        if scene.people is not None:
            given(scene.con, scene.people)
        channels, limited = scene.metrics.channels_of("private"), scene.people is not None
        return cls(question.way, question.ad_days, question.within_days, channels, scene.zone.key, limited)


def _days(scene: Scene, question: PrivateQuestion) -> dict[str, date]:
    over = scene.today - timedelta(question.within_days)
    return {"first": scene.period.first, "last": scene.period.last, "over": over}


def _entrants(asked: _Asked) -> Rows:
    """Who became a contact in the period, the moment, and its day."""
    people = table("person")
    people = with_day(people.filter(people["added_at"].notnull()), "added_at", asked.zone)
    people = people.filter(people["_day"].between(told("first"), told("last")))
    people = people.select("person", added_at="added_at", day="_day")
    return people.semi_join(given_before(), "person") if asked.limited else people


def _led(entrants: Rows, ad_days: int) -> Rows:
    """The campaign of each entrant's last visit with one before entering."""
    visits = table("visit")
    visits = visits.filter(visits["utm_campaign"].notnull()).select(
        "person", "started_at", "utm_campaign", visit_day="day"
    )
    pairs = entrants.inner_join(visits, "person")
    near = pairs["day"].delta(pairs["visit_day"], unit="day").between(0, ad_days)
    pairs = pairs.filter(near, pairs["started_at"] <= pairs["added_at"])
    return pairs.group_by("person").aggregate(
        campaign=pairs["utm_campaign"].last(order_by=[pairs["started_at"], pairs["utm_campaign"]])
    )


def _stated(entrants: Rows) -> Rows:
    """The way in that contact lists state of each entrant."""
    facts, owner = table("fact_customer"), table("person_node")
    facts = facts.filter(facts["entry"].notnull()).select("anchor", "entry", "seq")
    owner = owner.select("person", anchor="node")
    owned = facts.inner_join(owner, "anchor")
    owned = owned.semi_join(entrants, "person")
    return owned.group_by("person").aggregate(entry=owned["entry"].last(order_by="seq"))


def _followed(asked: _Asked) -> Rows:
    """Each entrant with the way in and what came of it within the days of the question."""
    within = asked.within_days
    entrants = _entrants(asked)
    rows = entrants.left_join(_led(entrants, asked.ad_days), "person").drop("person_right")
    rows = rows.left_join(_stated(entrants), "person").drop("person_right")
    days = table("person_day")
    days = days.filter(days["channel"].isin(asked.channels), days["events"] > 0)
    active = _following(entrants, days.select("person", did="day"), within)
    rows = rows.left_join(active.group_by("person").aggregate(acts=ibis._.count()), "person").drop("person_right")
    orders = table("orders")
    orders = orders.filter(orders["status"] == "valid", orders["person"].notnull())
    bought = _following(entrants, orders.select("person", "paid_minor", did="day", at="at"), within)
    bought = bought.filter(bought["at"] >= bought["added_at"])
    sums = bought.group_by("person").aggregate(
        orders=bought.count(), paid_minor=bought["paid_minor"].sum().cast("int64")
    )
    rows = rows.left_join(sums, "person").drop("person_right")
    way = rows["campaign"].coalesce(rows["entry"]) if asked.way == "campaign" else rows["entry"]
    return rows.select(
        "person",
        way=way,
        by_ad=rows["campaign"].notnull(),
        due=rows["day"] < told("over"),
        active=rows["acts"].fill_null(0) > 0,
        bought=rows["orders"].fill_null(0) > 0,
        again=rows["orders"].fill_null(0) > 1,
        paid_minor=rows["paid_minor"].fill_null(0),
    )


def _following(entrants: Rows, deeds: Rows, within: int) -> Rows:
    pairs = entrants.inner_join(deeds, "person")
    return pairs.filter(pairs["did"].delta(pairs["day"], unit="day").between(0, within))


def _ways(scene: Scene, question: PrivateQuestion, spend: list[_Spent] | None) -> tuple[Way, ...]:
    answer = ask(scene.con, _by_way(_Asked.of(scene, question)), _days(scene, question)).to_pylist()
    return tuple(_way(row, _cost_of(question, spend, row["way"])) for row in answer)


@lru_cache(maxsize=64)
def _by_way(asked: _Asked) -> Query:
    rows = _followed(asked)
    due = rows["due"]
    found = rows.group_by("way").aggregate(
        by_ad=rows["by_ad"].any(),
        entered=rows.count(),
        due=rows.count(where=due),
        active=rows.count(where=due & rows["active"]),
        bought=rows.count(where=due & rows["bought"]),
        again=rows.count(where=due & rows["again"]),
        money_minor=rows["paid_minor"].sum(where=due).fill_null(0).cast("int64"),
    )
    return Query(found.order_by(found["entered"].desc(), "way"))


def _way(row: dict[str, Any], cost: Figure) -> Way:
    return Way(**row, interval=wilson(row["bought"], row["due"]), cost=cost, cost_each=_each(cost, row["entered"]))


def _cost_of(question: PrivateQuestion, spend: list[_Spent] | None, way: str | None) -> Figure:
    """What was spent on the campaigns that lead to a way."""
    names = frozenset(question.campaigns.get(way, (way,))) if way is not None else frozenset()
    return _cost(spend, lambda one: bool(one.names & names))


def _together(ways: tuple[Way, ...], cost: Figure) -> Way:
    """All ways as one: everybody entered by exactly one, so that they add up."""
    names = ("entered", "due", "active", "bought", "again", "money_minor")
    sums = {name: sum(getattr(one, name) for one in ways) for name in names}
    return _way({"way": None, "by_ad": any(one.by_ad for one in ways), **sums}, cost)


def _way_row(one: Way, *, is_all: bool) -> tuple[Any, ...]:
    low, high = one.interval or (None, None)
    rate = one.bought / one.due if one.due else None
    way = "*" if is_all else one.way
    return (
        way, None if is_all else one.by_ad, one.entered, one.due, one.active, one.bought, rate, low, high, one.again,
        one.money_minor, one.cost.value, one.cost_each.value,
    )  # fmt: skip


_LABELS: Final = {
    "private_users": (_("Private users"), _("Private users before")),
    "private_active_users": (_("Active private users"), _("Active private users before")),
    "new_private_users": (_("New private users"), _("New private users before")),
}


def _trend(result: Private, *, with_before: bool) -> Table:
    columns = [Column("start", _("From"), "day")]
    for name in TREND:
        now, before = _LABELS[name]
        columns += [Column(name, now, "count"), *([Column(f"{name}_before", before, "count")] if with_before else ())]
    rows = [
        (point.start, *(value for name in TREND for value in _values(point.figures[name], with_before=with_before)))
        for point in result.line
    ]
    cells = {
        name: [
            {"metric": name, "start": point.start.isoformat()} if point.figures[name].value else None
            for point in result.line
        ]
        for name in TREND
    }
    return Table("trend", tuple(columns), rows, cells=cells)


def _values(figure: Compared, *, with_before: bool) -> tuple[int | float | None, ...]:
    return figure.value, *((figure.before.value if figure.before else None,) if with_before else ())
