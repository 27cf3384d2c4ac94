"""Journeys from the engine's tables against the slow and obvious way: every touch held against every conversion."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any, cast

import numpy as np
import pytest

from dujiang.foundation.timewindows import Period, zone
from dujiang.insight.attribution.analysis import AttributionAnalysis, picked
from dujiang.insight.attribution.journeys import Journeys, journeys
from dujiang.insight.attribution.model import Paths
from dujiang.insight.attribution.question import AttributionPick, AttributionQuestion
from dujiang.insight.attribution.rules import Linear, by_rule
from dujiang.insight.questions.scene import Scene

ZONE = zone()
PERIOD = Period(date(2026, 11, 2), date(2026, 11, 22))
START, END = PERIOD.moments(ZONE)
LONG = timedelta(days=5)
CHANNELS = ("site", "mini", "store")
Rows = list[dict[str, Any]]


@dataclass(frozen=True)
class Touch:
    """A touch the obvious way: what orders it, its key, its channel, whether nothing led to it."""

    at: datetime
    place: int
    tie: int
    word: str
    channel: str
    direct: bool


@dataclass(frozen=True)
class World:
    orders: Rows
    visits: Rows
    talks: Rows


def made(seed: int) -> World:
    """Few people and coarse times, so that ties and edges happen."""
    dice = random.Random(seed)

    def when() -> datetime:
        return START - timedelta(days=7) + timedelta(hours=6 * dice.randrange(4 * 30))

    orders = [
        {
            "order_key": key, "channel": dice.choice(CHANNELS), "order_no": str(key), "at": when(),
            "person": dice.choice([None, 1, 2, 3, 4, 5]), "status": dice.choice(["valid", "valid", "cancelled"]),
            "paid_minor": 500, "net_minor": dice.choice([500, 300, -20, None]), "guide": dice.choice([None, "甲", "乙"]),
            "promoter": dice.choice([None, None, "p"]), "store": dice.choice([None, "一店"]),
        }
        for key in range(25)
    ]  # fmt: skip
    visits = [
        {
            "person": dice.randrange(1, 8), "channel": dice.choice(CHANNELS), "started_at": when(), "pages": nth,
            "utm_source": dice.choice([None, "baidu"]), "referrer": dice.choice([None, None, "https://search.example/a"]),
        }
        for nth in range(40)
    ]  # fmt: skip
    talks = [
        {"conversation_key": key, "person": dice.choice([None, 1, 2, 8]), "channel": "wecom", "at": when()}
        for key in range(6)
    ]
    for rows, name in ((orders, "at"), (visits, "started_at"), (talks, "at")):
        for row in rows:
            row["day"] = row[name].astimezone(ZONE).date()
    return World(orders, visits, talks)


@pytest.fixture
def scene(tables: Any) -> Iterator[Scene]:
    with tables.read() as con:
        yield Scene(con, cast(Any, None), cast(Any, None), ZONE, date(2026, 11, 23), PERIOD, None)


def filled(tables: Any, world: World) -> None:
    tables.fill("orders", world.orders)
    tables.fill("visit", world.visits)
    tables.fill("conversation", world.talks)


def by_hand(
    world: World, *, restart: bool, people: set[int] | None = None
) -> list[tuple[int, datetime, int, list[Touch]]]:
    """Person, end, value and touches of each converted journey, then (value −1) of each other."""
    visits = [
        (row["person"], Touch(row["started_at"], 0, 0, row["channel"], row["channel"],
                              row["utm_source"] is None and row["referrer"] is None))
        for row in world.visits
    ]  # fmt: skip
    talks = [
        (row["person"], Touch(row["at"], 1, row["conversation_key"], "wecom", "wecom", False)) for row in world.talks
    ]
    free = [one for one in visits + talks if one[0] is not None]
    bought = sorted(
        (row["person"], row["at"], row["order_key"], row)
        for row in world.orders
        if row["person"] is not None and row["status"] == "valid"
    )
    found = []
    for person, at, key, row in bought:
        if not START <= at < END or (people is not None and person not in people):
            continue
        earlier = [other[1] for other in bought if other[0] == person and other[1:3] < (at, key)]
        since = max((one for one in earlier if one >= START - LONG), default=None) if restart else None
        touches = [
            touch
            for who, touch in free
            if who == person and at - LONG <= touch.at <= at and (since is None or touch.at > since)
        ]
        seen = {touch.channel for touch in touches}
        if row["guide"]:
            touches.append(Touch(at, 7, 0, ":guide", "", False))
        if row["promoter"]:
            touches.append(Touch(at, 8, 0, ":promoter", "", False))
        if row["channel"] not in seen:
            touches.append(Touch(at, 9, 0, row["channel"], row["channel"], True))
        found.append((person, at, max(row["net_minor"] or 0, 0), touches))
    for person in range(1, 9):
        if people is not None and person not in people:
            continue
        latest = max((one[1] for one in bought if one[0] == person and START - LONG <= one[1] < END), default=None)
        touches = [
            touch
            for who, touch in free
            if who == person and END - LONG <= touch.at < END and (latest is None or touch.at > latest)
        ]
        if touches:
            found.append((person, END, -1, touches))
    return found


def told(found: Journeys) -> list[tuple[int, int, float, Counter[tuple[str, bool]]]]:
    """Journeys as plain values; touches of one moment may stand in any order between them."""
    rows = []
    for nth in range(len(found.person)):
        inside = slice(found.offsets[nth], found.offsets[nth + 1])
        assert (np.diff(found.at_ms[inside]) >= 0).all()
        words = Counter(
            (found.keys[code], bool(direct))
            for code, direct in zip(found.code[inside], found.direct[inside], strict=True)
        )
        value = float(found.value[nth]) if nth < found.converted else -1.0
        rows.append((int(found.person[nth]), int(found.end_ms[nth]), value, words))
    return rows


def ms(moment: datetime) -> int:
    return int((moment - datetime(1970, 1, 1, tzinfo=UTC)).total_seconds() * 1000)


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("restart", [True, False])
def test_journeys_are_those_found_the_obvious_way(tables: Any, scene: Scene, seed: int, restart: bool) -> None:
    world = made(seed)
    filled(tables, world)
    question = AttributionQuestion(look_back_days=LONG.days, restart=restart)
    expected = [
        (person, ms(end), float(value), Counter((touch.word, touch.direct) for touch in touches))
        for person, end, value, touches in by_hand(world, restart=restart)
    ]
    with tables.read() as con:
        found = journeys(Scene(con, scene.timeline, scene.metrics, ZONE, scene.today, PERIOD, None), question)
    assert told(found) == expected
    assert found.converted == sum(1 for one in expected if one[2] >= 0)


def test_only_the_people_asked_about(tables: Any, scene: Scene) -> None:
    world = made(3)
    filled(tables, world)
    with tables.read() as con:
        some = Scene(con, scene.timeline, scene.metrics, ZONE, scene.today, PERIOD, np.array([2, 5], np.int64))
        found = journeys(some, AttributionQuestion(look_back_days=LONG.days))
    expected = by_hand(world, restart=True, people={2, 5})
    assert [one[0] for one in told(found)] == [one[0] for one in expected]


def test_folding_keeps_counts_and_tells_what_differs_apart(tables: Any, scene: Scene) -> None:
    world = made(5)
    filled(tables, world)
    with tables.read() as con:
        fresh = Scene(con, scene.timeline, scene.metrics, ZONE, scene.today, PERIOD, None)
        found = journeys(fresh, AttributionQuestion(look_back_days=LONG.days))
    folded = found.folded
    expected: Counter[tuple[Any, ...]] = Counter()
    for nth in range(len(found.person)):
        inside = slice(found.offsets[nth], found.offsets[nth + 1])
        expected[(*found.code[inside].tolist(), *found.direct[inside].tolist(), nth < found.converted)] += 1
    paths: Paths = folded.paths
    seen: Counter[tuple[Any, ...]] = Counter()
    for place in range(len(paths.converted)):
        inside = slice(paths.offsets[place], paths.offsets[place + 1])
        touched = (*paths.channel[inside].tolist(), *folded.direct[inside].tolist())
        seen[(*touched, True)] += int(paths.converted[place])
        seen[(*touched, False)] += int(paths.nulls[place])
    assert +seen == +expected
    one, other = by_rule(paths, Linear()), by_rule(found.paths(), Linear())
    np.testing.assert_allclose(one.conversions, other.conversions)
    np.testing.assert_allclose(one.value, other.value)


def test_nobody_did_anything(scene: Scene) -> None:
    answer = AttributionAnalysis().answer(scene, AttributionQuestion())
    assert (answer.result.conversions, answer.result.keys, answer.result.models) == (0, (), ())
    assert AttributionAnalysis().people(scene, AttributionQuestion(), AttributionPick(key="tmall")).tolist() == []


def test_every_model_shares_out_all_conversions_and_all_value(tables: Any, scene: Scene) -> None:
    filled(tables, made(1))
    names = ["first", "last", "last_non_direct", "linear", "time_decay", "position", "custom", "markov", "markov_path",
             "shapley", "shapley_rate"]  # fmt: skip
    asked = AttributionQuestion.model_validate({"models": [{"name": one} for one in names], "rounds": 20})
    with tables.read() as con:
        fresh = Scene(con, scene.timeline, scene.metrics, ZONE, scene.today, PERIOD, None)
        result = AttributionAnalysis().answer(fresh, asked).result
    assert result.conversions > 0
    for one in result.models:
        assert sum(share.conversions for share in one.shares) == pytest.approx(result.conversions)
        assert sum(share.value for share in one.shares) == pytest.approx(result.value)
        assert min(share.conversions for share in one.shares) >= 0
    first = next(one for one in result.models if one.model == "first")
    last = next(one for one in result.models if one.model == "last")
    assert [share.conversions for share in first.shares] == [role.first for role in result.roles]
    assert [share.conversions for share in last.shares] == [role.last for role in result.roles]


def test_costs_give_return_and_cost_of_each(tables: Any, scene: Scene) -> None:
    filled(tables, made(1))
    spend = {"account": "x", "campaign": "c", "campaign_name": "c"}
    days = [PERIOD.first, PERIOD.last, PERIOD.last + timedelta(1)]
    tables.fill("spend_day", [{**spend, "channel": "site", "day": day, "cost_minor": 150} for day in days])
    asked = AttributionQuestion.model_validate({"models": [{"name": "last"}], "rounds": 0, "costs": {"mini": 0}})
    with tables.read() as con:
        fresh = Scene(con, scene.timeline, scene.metrics, ZONE, scene.today, PERIOD, None)
        result = AttributionAnalysis().answer(fresh, asked).result
    found = {
        key: (cost, share) for key, cost, share in zip(result.keys, result.costs, result.models[0].shares, strict=True)
    }
    cost, share = found["site"]
    assert cost == 300
    assert share.roas == pytest.approx(share.value / 300)
    assert share.cost_each == pytest.approx(300 / share.conversions)
    assert (share.low, share.high) == (None, None)
    assert found["mini"][0] == 0
    assert found["mini"][1].roas is None
    assert found["store"][0] is None
    assert found["store"][1].cost_each is None


def test_what_a_conversion_names_itself_need_not_be_touched_by_anybody(tables: Any, scene: Scene) -> None:
    world = made(1)
    filled(tables, world)
    asked = AttributionQuestion.model_validate({"touches": [{"kind": "conversations"}], "keys_max": 2})
    with tables.read() as con:
        fresh = Scene(con, scene.timeline, scene.metrics, ZONE, scene.today, PERIOD, None)
        found, few = journeys(fresh, asked), journeys(fresh, asked.model_copy(update={"keys_max": 1}))
    assert set(found.keys) == {"wecom", ":none"}
    assert found.own.tolist() == [-1] * len(found.person)
    assert few.keys == (":other",)
    assert few.own.tolist() == [0] * few.converted + [-1] * (len(few.person) - few.converted)


def test_small_keys_count_as_others(tables: Any, scene: Scene) -> None:
    filled(tables, made(2))
    with tables.read() as con:
        fresh = Scene(con, scene.timeline, scene.metrics, ZONE, scene.today, PERIOD, None)
        found = journeys(fresh, AttributionQuestion(keys_max=2))
        every = journeys(fresh, AttributionQuestion())
    assert (len(found.keys), found.keys[-1], found.keys[0]) == (2, ":other", every.keys[0])
    counts = Counter(every.code.tolist())
    assert Counter(found.code.tolist()) == {0: counts[0], 1: len(every.code) - counts[0]}


def test_people_behind_numbers(tables: Any, scene: Scene) -> None:
    world = made(4)
    filled(tables, world)
    question = AttributionQuestion(look_back_days=LONG.days, models=({"name": "last"},), rounds=0)  # type: ignore[arg-type]
    analysis = AttributionAnalysis()
    with tables.read() as con:
        fresh = Scene(con, scene.timeline, scene.metrics, ZONE, scene.today, PERIOD, None)
        result = analysis.answer(fresh, question).result
        found = journeys(fresh, question)
        for place, key in enumerate(result.keys):
            role = result.roles[place]
            for name, count in (
                ("any", role.touched),
                ("first", role.first),
                ("last", role.last),
                ("assist", role.assisted),
            ):
                pick = AttributionPick(key=key, role=name)  # type: ignore[arg-type]
                assert picked(found, pick).sum() == count
            nulls = AttributionPick(key=key, converted=False)
            assert picked(found, nulls).sum() == role.unconverted
        for way in result.ways:
            people = analysis.people(fresh, question, AttributionPick(path=way.keys))
            assert 0 < len(people) <= way.conversions
            assert picked(found, AttributionPick(path=way.keys)).sum() == way.conversions
            assert picked(found, AttributionPick(path=way.keys, converted=False)).sum() == way.unconverted
        assert picked(found, AttributionPick(key="nothing")).sum() == 0
        touched = {
            person
            for person, _end, value, touches in by_hand(world, restart=True)
            if value >= 0 and ":guide" in {touch.word for touch in touches}
        }
        assert analysis.people(fresh, question, AttributionPick(key=":guide")).tolist() == sorted(touched)


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ({"conversion": {"source": "refunds"}}, "an order or an event"),
        ({"touches": [{"kind": "events"}]}, "need conditions"),
        ({"touches": [{"kind": "visits", "where": [{"column": "guide", "value": "x"}]}]}, "have no column"),
        ({"models": [{"name": "last"}, {"name": "last"}]}, "named once"),
        ({"models": [{"name": "position", "first": 0.8, "last": 0.4}]}, "1 at most"),
        ({"rounds": 5}, "20 rounds"),
        ({"by": ["channel"]}, "`credit`"),
        ({"where": [{"column": "channel", "value": "x"}]}, "their own conditions"),
    ],
)
def test_what_cannot_be_asked(said: dict[str, Any], reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        AttributionQuestion.model_validate(said)
