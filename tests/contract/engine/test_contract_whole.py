"""The engine's contract on Spark with two worker processes: every table and every metric gives DuckDB's answer.

Where Spark does not, the test is an ``xfail`` that names the exact error and is strict: it breaks once the gap closes.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from itertools import groupby
from typing import Any

import pytest
from engine_kit import Archive
from ibis.common.exceptions import UnsupportedOperationError
from made_up_kit import MadeUp
from passes_kit import PASSES
from spark_kit import INTERPRETED, SCOPE, Both, both, cluster, everything, same

from dujiang.cli.demo import bring_in
from dujiang.engine.contract import ALL
from dujiang.engine.spark.engine import SparkEngine
from dujiang.engine.spark.session import Session
from dujiang.foundation.clock import FixedClock
from dujiang.foundation.errors import DujiangError
from dujiang.foundation.progress import silent
from dujiang.foundation.timewindows import Period
from dujiang.insight.answer import MetricAnswer, MetricQuery
from dujiang.insight.catalogue import Catalogue, catalogue
from dujiang.insight.questions.registry import ANALYSES, parse_question
from dujiang.insight.questions.service import QuestionService
from dujiang.insight.service import MetricService
from dujiang.simulate import SimulationSpec, simulate
from dujiang.workspace import Workspace

pytestmark = pytest.mark.slow

END = date(2026, 11, 15)
MONTH = Period(date(2026, 10, 16), END)
TWO_MONTHS = Period(date(2026, 9, 16), END)


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Session]:
    """Spark with two worker processes."""
    with cluster(tmp_path_factory.mktemp("cluster"), INTERPRETED) as session:
        yield session


@dataclass(frozen=True)
class Brand(Both):
    """A simulated brand on both engines."""

    metrics: MetricService
    metrics_on_spark: MetricService
    questions: QuestionService
    questions_on_spark: QuestionService


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
            here, there = (_services(workspace, answers) for answers in (workspace.engine, spark))
            yield Brand(workspace.engine, spark, here[0], there[0], here[1], there[1])


def _services(workspace: Workspace, answers: Any) -> tuple[MetricService, QuestionService]:
    clock, definitions = FixedClock(datetime(2026, 11, 16, 4, tzinfo=UTC)), workspace.definitions.current
    metrics = MetricService(answers, definitions, workspace.zone, clock)
    among = workspace.segments.fulfilling
    return metrics, QuestionService(answers, workspace.timeline, metrics, among, dict, definitions, workspace.zone)


@pytest.fixture(scope="module")
def made_up(session: Session, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Both]:
    """Facts thrown together, with everything missing that may be."""
    facts = Archive().batch("all", *MadeUp(11).facts(1500))
    with both(session, tmp_path_factory.mktemp("made_up"), facts) as made_up:
        yield made_up


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
QUESTIONS: dict[str, dict[str, Any]] = {
    "metric": {"metrics": ["gmv", "buyers"], "by": ["channel"]},
    "funnel": {"steps": [SEEN, BOUGHT]},
    "form": {},
    "overlap": {},
    "paths": {"steps": 3},
    "retention": {"start": BOUGHT, "step": "week"},
    "attribution": {},
    "contribution": {},
    "content": {},
    "service": {},
    "private_domain": {},
    "heatmap": {},
}
GAPS = {
    "funnel": "question.behind",
    "form": "'Reader' object has no attribute 'execute'",
    "overlap": "'Reader' object has no attribute 'execute'",
    "paths": "question.behind",
    "retention": "question.behind",
    "attribution": "'Reader' object has no attribute 'sql'",
    "contribution": "'Reader' object has no attribute 'sql'",
    "private_domain": "ordering of order-sensitive aggregations via `order_by` is not supported for the"
    " <class 'ibis.backends.sql.dialects.PySpark'> backend",
    "heatmap": "engine.no_function",
}
"""Kinds of questions that read DuckDB or its timelines by themselves, or need what Spark does not have; what they end with."""


class Gap(Exception):
    """Spark does not answer, for the known reason."""


@pytest.mark.parametrize(
    "kind",
    [
        pytest.param(kind, marks=pytest.mark.xfail(kind in GAPS, raises=Gap, strict=True, reason=GAPS.get(kind, "")))
        for kind in ANALYSES
    ],
)
def test_a_question_of_every_kind_is_answered_the_same(brand: Brand, kind: str) -> None:
    asked = parse_question(
        {"type": kind, "period": {"first": str(MONTH.first), "last": str(MONTH.last)}, **QUESTIONS[kind]}
    )
    expected = brand.questions.ask(asked)
    try:
        found = brand.questions_on_spark.ask(asked)
    except (DujiangError, AttributeError, UnsupportedOperationError) as error:
        assert (error.code if isinstance(error, DujiangError) else str(error)) == GAPS.get(kind)
        raise Gap from error
    for one, other in zip(expected.tables, found.tables, strict=True):
        assert same(sorted(one.rows, key=repr), sorted(other.rows, key=repr))


def test_people_behind_a_number_are_the_same(brand: Brand) -> None:
    for metric in ("buyers", "repurchase_rate_30d", "cross_channel_buyers", "active_users", "members"):
        expected = brand.metrics.persons(metric, TWO_MONTHS)
        assert expected, metric
        assert brand.metrics_on_spark.persons(metric, TWO_MONTHS) == expected


def test_the_river_is_the_same(brand: Brand) -> None:
    assert brand.metrics_on_spark.river(MONTH, "previous") == brand.metrics.river(MONTH, "previous")
