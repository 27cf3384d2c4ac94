"""The engine's contract on Spark with two worker processes: every table and every metric gives DuckDB's answer."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from itertools import groupby
from typing import Any, get_args

import pytest
from engine_kit import SHANGHAI, Archive
from made_up_kit import MadeUp
from passes_kit import PASSES
from spark_kit import INTERPRETED, SCOPE, Both, both, cluster, everything, same

from dujiang.cli.demo import bring_in
from dujiang.engine.columns import Whole
from dujiang.engine.contract import ALL
from dujiang.engine.question import mark, table
from dujiang.engine.spark.engine import SparkEngine
from dujiang.engine.spark.session import Session
from dujiang.engine.timeline import Timeline
from dujiang.foundation.clock import FixedClock
from dujiang.foundation.progress import silent
from dujiang.foundation.timewindows import Period
from dujiang.insight.answer import MetricAnswer, MetricQuery
from dujiang.insight.catalogue import Catalogue, catalogue
from dujiang.insight.incrementality.panels import both as tagged_twice
from dujiang.insight.incrementality.panels import group
from dujiang.insight.incrementality.question import Outcome
from dujiang.insight.questions.model import Asked
from dujiang.insight.questions.registry import ANALYSES, parse_pick, parse_question
from dujiang.insight.questions.service import QuestionService
from dujiang.insight.service import MetricService
from dujiang.people.conditions import Condition
from dujiang.simulate import SimulationSpec, simulate
from dujiang.workspace import Workspace

pytestmark = pytest.mark.slow

END = date(2026, 11, 15)
MONTH = Period(date(2026, 10, 16), END)
TWO_MONTHS = Period(date(2026, 9, 16), END)
MARCH = Period(date(2026, 3, 1), date(2026, 3, 31))


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Session]:
    """Spark with two worker processes."""
    with cluster(tmp_path_factory.mktemp("cluster"), INTERPRETED) as session:
        yield session


@dataclass(frozen=True)
class Questions:
    """The same questions on both engines."""

    here: QuestionService
    there: QuestionService


@dataclass(frozen=True)
class Brand(Both):
    """A simulated brand on both engines."""

    metrics: MetricService
    metrics_on_spark: MetricService
    questions: Questions


@pytest.fixture(scope="module")
def brand(session: Session, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Brand]:
    """Three hundred people over two months, on the road that a user's own data take."""
    folder = tmp_path_factory.mktemp("brand")
    made = simulate(SimulationSpec(end=END, people=300, months=2, seed=11), folder / "made", silent)
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("DUJIANG_KEYS_FOLDER", str(folder / "keys"))
        with Workspace.create(folder / "brand") as workspace:
            bring_in(workspace, made, silent)
            spark = SparkEngine(session, folder / "answers")
            parts = [(part.family, str(workspace.archive.folder / part.file)) for part in workspace.manifest.parts()]
            with workspace.engine.read() as decided:
                spark.build(parts, decided, workspace.identifier_types, SCOPE)
            clock, definitions = FixedClock(datetime(2026, 11, 16, 4, tzinfo=UTC)), workspace.definitions.current

            def among(_con: Any, tree: Condition) -> Whole:
                with workspace.engine.read() as con:  # who people are is decided on the driver
                    return workspace.segments.fulfilling(con, tree)

            def questions(answers: Any, metrics: MetricService) -> QuestionService:
                tags, timeline = workspace.segments.tag_kinds, workspace.timeline
                return QuestionService(answers, timeline, metrics, among, tags, definitions, workspace.zone)

            here, there = (MetricService(one, definitions, workspace.zone, clock) for one in (workspace.engine, spark))
            asked = Questions(questions(workspace.engine, here), questions(spark, there))
            yield Brand(workspace.engine, spark, here, there, asked)


@pytest.fixture(scope="module")
def made_up(session: Session, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Both]:
    """Facts thrown together, with everything missing that may be."""
    facts = Archive().batch("all", *MadeUp(11).facts(1500))
    with both(session, tmp_path_factory.mktemp("made_up"), facts) as made_up:
        yield made_up


@pytest.fixture(scope="module")
def made_up_questions(made_up: Both, tmp_path_factory: pytest.TempPathFactory) -> Questions:
    """Questions about them."""
    timeline = Timeline.open(tmp_path_factory.mktemp("timeline"))
    with made_up.duck.read() as con:
        timeline.follow(con, before="", after=mark(con), touched=None)
    clock = FixedClock(datetime(2026, 4, 1, 4, tzinfo=UTC))

    some = made_up.duck.query(table("person").select("person").order_by("person"))["person"].to_numpy()[::2]

    def service(answers: Any) -> QuestionService:
        metrics = MetricService(answers, dict, SHANGHAI, clock)
        return QuestionService(answers, timeline, metrics, lambda _con, _tree: some, dict, dict, SHANGHAI)

    return Questions(service(made_up.duck), service(made_up.spark))


@pytest.mark.parametrize("name", ALL)
def test_a_table_of_a_brand_is_the_same_on_both_engines(brand: Brand, name: str) -> None:
    assert not brand.differences(everything(brand, name))


@pytest.mark.parametrize("name", ALL)
def test_a_table_of_made_up_facts_is_the_same_on_both_engines(made_up: Both, name: str) -> None:
    assert not made_up.differences(everything(made_up, name))


@pytest.mark.parametrize("name", PASSES)
@pytest.mark.parametrize("facts", ["brand", "made_up"])
def test_a_pass_over_timelines_finds_the_same_on_both_engines(
    request: pytest.FixtureRequest, facts: str, name: str
) -> None:
    here, there = request.getfixturevalue(facts).passes(PASSES[name])
    assert here.num_rows > 1
    assert there.to_pylist() == here.to_pylist()


def _groups(metrics: Catalogue) -> dict[tuple[str, ...], list[str]]:
    """Metrics by the dimensions that they have."""
    dimensions = {metric.name: metrics.dimensions(metric.name) for metric in metrics}
    ordered = sorted(dimensions, key=lambda name: dimensions[name])
    return {known: list(names) for known, names in groupby(ordered, key=lambda name: dimensions[name])}


GROUPS = _groups(catalogue({}))


def _few(names: list[str]) -> Iterator[tuple[str, ...]]:
    """The names, as many at a time as a busy machine answers within the time that a question has."""
    return (tuple(names[start : start + 20]) for start in range(0, len(names), 20))


def _plain(answer: MetricAnswer) -> dict[str, Any]:
    """What an answer says, without the definitions in it; rows by their keys, whatever order ties have."""
    return {
        "totals": {name: _figures(one) for name, one in answer.totals.items()},
        "line": [(point.start, {name: _figures(one) for name, one in point.figures.items()}) for point in answer.line],
        "rows": {row.keys: {name: _figures(one) for name, one in row.figures.items()} for row in answer.rows},
        "until": answer.complete_until,
        "fresh": answer.freshness.received_at,
    }


def _figures(one: Any) -> list[Any]:
    return [(figure.value, figure.reason, figure.rows) for figure in (one.now, one.before) if figure] + [one.change]


def _assert_same(brand: Brand, query: MetricQuery) -> None:
    expected, found = _plain(brand.metrics.query(query)), _plain(brand.metrics_on_spark.query(query))
    for part, said in expected.items():
        assert same(said, found[part]), (part, said, found[part])


@pytest.mark.parametrize("names", GROUPS.values(), ids=lambda names: f"{names[0]}+{len(names) - 1}")
def test_metrics_over_time_and_against_the_month_before(brand: Brand, names: list[str]) -> None:
    for some in _few(names):
        _assert_same(brand, MetricQuery(some, MONTH, compare="previous", grain="week"))


@pytest.mark.parametrize("dimension", sorted({one for known in GROUPS for one in known}))
def test_metrics_by_every_dimension(brand: Brand, dimension: str) -> None:
    names = [name for known, some in GROUPS.items() if dimension in known for name in some]
    for some in _few(names):
        _assert_same(brand, MetricQuery(some, MONTH, by=(dimension,)))


BOUGHT = {"source": "orders"}
SEEN = {"where": [{"column": "name", "value": "product_viewed"}]}
DEAR = {"source": "orders", "where": [{"column": "paid_minor", "op": "above", "value": 10_000}]}
BUYERS = {"type": "profile", "field": "orders", "op": "at_least", "value": 1}
WEEKS = {"first": "2026-10-20", "last": "2026-11-10"}
QUESTIONS: dict[str, dict[str, Any]] = {
    "metric": {"metrics": ["gmv", "buyers"], "by": ["channel"]},
    "funnel": {"steps": [SEEN, BOUGHT]},
    "funnel by channel and city": {
        "steps": [SEEN, BOUGHT],
        "by": ["channel", "person.city"],
        "by_step": "last",
        "grain": "week",
    },
    "funnel of pages": {
        "steps": [{"where": [{"column": "page", "op": "begins", "value": "/"}]}, {**SEEN, "optional": True}, DEAR],
        "same": "device",
        "by_step": 3,
        "by": ["utm_campaign", "person.age", "properties.order"],
        "people": BUYERS,
    },
    "overlap": {},
    "overlap of buyers": {"sets": ["tmall", "site", "store"], "grain": "week", "people": BUYERS},
    "paths": {"steps": 3},
    "paths of pages": {"steps": 4, "node": "page", "start": SEEN, "gap_minutes": 600},
    "retention": {"start": BOUGHT, "step": "week"},
    "retention by city": {
        "start": SEEN,
        "again": DEAR,
        "step": "day",
        "first_time": False,
        "by": ["person.city", "device"],
        "people": BUYERS,
    },
    "attribution": {},
    "contribution": {},
    "attribution of views": {"credit": "campaign", "conversion": SEEN, "restart": True, "people": BUYERS},
    "attribution to guides": {
        "credit": "guide",
        "touches": [{"kind": kind} for kind in ("visits", "conversations", "guides", "promoters", "purchase")],
    },
    "attribution to origins": {
        "credit": "origin",
        "touches": [
            {"kind": "events", "where": [{"column": "name", "value": "product_viewed"}]},
            {"kind": "purchase", "where": [{"column": "channel", "value": "tmall"}]},
        ],
    },
    "content": {},
    "service": {},
    "private_domain": {"grain": "week"},
    "private_domain of buyers": {"way": "entry", "people": BUYERS},
    "heatmap": {},
    "heatmap of buyers": {"people": BUYERS},
    "lift": {"test": {"design": "geo", **WEEKS, "markets": ["杭州"], "before_days": 28}},
    "lift by days": {"test": {"design": "switchback", **WEEKS, "lots": [0, 1, 1, 0, 1, 0, 0, 1, 0, 1]}},
    "lift_plan": {"unit": "province", "sizes": [1], "lengths": [7]},
    "lift_holdout": {"metric": "orders", "shares": [0.2], "lengths": [7], "salt": "engines"},
    "lift_switchback": {"metric": "orders", "blocks": [1], "lengths": [14], "salt": "engines"},
}
"""Kinds of questions, and after a blank what is special about one."""
MADE_UP: dict[str, dict[str, Any]] = {
    "form": {"gap_minutes": 900},
    "form of some": {"form": "survey", "gap_minutes": 900, "people": BUYERS},
}
PICKS: dict[str, dict[str, Any]] = {
    "funnel": {"step": 2},
    "funnel by channel and city": {"step": 1, "outcome": "dropped"},
    "paths": {"step": 1, "nodes": ["screen_viewed"]},
    "paths of pages": {"node": "/", "did": "ended"},
    "retention by city": {"period": 1, "outcome": "gone"},
    "overlap": {"several": True},
    "overlap of buyers": {"sets": ["site", "tmall"], "crossed": True},
    "attribution": {"key": "site", "role": "assist"},
    "private_domain": {"step": "entered"},
    "heatmap": {"which": "clicks"},
    "lift_plan": {"market": "浙江省"},
    "lift_holdout": {"group": "control", "share": 0.2},
}
MADE_UP_PICKS: dict[str, dict[str, Any]] = {
    "form": {"outcome": "submitted"},
    "form of some": {"field": "f1", "outcome": "left"},
}


def _asked(name: str, said: dict[str, Any], period: Period) -> Asked:
    days = {"first": str(period.first), "last": str(period.last)}
    return parse_question({"type": name.split()[0], "period": days, **said})


def _assert_answered_the_same(questions: Questions, asked: Asked) -> None:
    expected = questions.here.ask(asked)
    assert expected.rows
    found = questions.there.ask(asked)
    for one, other in zip(expected.tables, found.tables, strict=True):
        assert same(sorted(one.rows, key=repr), sorted(other.rows, key=repr)), one.name
    assert (found.rows, found.people, found.notes) == (expected.rows, expected.people, expected.notes)


def test_every_kind_of_question_is_asked() -> None:
    assert {name.split()[0] for name in (*QUESTIONS, *MADE_UP)} == ANALYSES.keys()


@pytest.mark.parametrize("name", QUESTIONS)
def test_a_question_about_a_brand_is_answered_the_same(brand: Brand, name: str) -> None:
    _assert_answered_the_same(brand.questions, _asked(name, QUESTIONS[name], MONTH))


@pytest.mark.parametrize("name", MADE_UP)
def test_a_question_about_made_up_facts_is_answered_the_same(made_up_questions: Questions, name: str) -> None:
    _assert_answered_the_same(made_up_questions, _asked(name, MADE_UP[name], MARCH))


@pytest.mark.parametrize("name", PICKS)
def test_people_behind_a_question_about_a_brand_are_the_same(brand: Brand, name: str) -> None:
    _assert_same_people(brand.questions, _asked(name, QUESTIONS[name], MONTH), PICKS[name])


@pytest.mark.parametrize("name", MADE_UP_PICKS)
def test_people_behind_a_question_about_made_up_facts_are_the_same(made_up_questions: Questions, name: str) -> None:
    _assert_same_people(made_up_questions, _asked(name, MADE_UP[name], MARCH), MADE_UP_PICKS[name])


@pytest.mark.parametrize("metric", get_args(Outcome))
def test_sums_over_tagged_people_are_the_same(made_up: Both, metric: Outcome) -> None:
    days = Period(date(2026, 3, 2), date(2026, 3, 4))
    with made_up.duck.read() as here, made_up.spark.read() as there:
        for tag, channels in (("x", ()), ("y", ("shop",))):
            one, other = (group(con, tag, metric, days, channels) for con in (here, there))
            assert one.n == other.n > 1
            assert one.total.tolist() == other.total.tolist()
            assert one.products.tolist() == other.products.tolist()
        assert tagged_twice(here, "x", "y") == tagged_twice(there, "x", "y") > 0


def _assert_same_people(questions: Questions, asked: Asked, said: dict[str, Any]) -> None:
    pick = parse_pick(asked, said)
    expected = questions.here.people(asked, pick).tolist()
    assert expected
    assert questions.there.people(asked, pick).tolist() == expected


def test_people_behind_a_number_are_the_same(brand: Brand) -> None:
    for metric in ("buyers", "repurchase_rate_30d", "cross_channel_buyers", "active_users", "members"):
        expected = brand.metrics.persons(metric, TWO_MONTHS)
        assert expected, metric
        assert brand.metrics_on_spark.persons(metric, TWO_MONTHS) == expected


def test_the_river_is_the_same(brand: Brand) -> None:
    assert brand.metrics_on_spark.river(MONTH, "previous") == brand.metrics.river(MONTH, "previous")
