"""Numbers over the API: the same as the metric layer's, and as counting in the engine says."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from dujiang.foundation.ids import parse_person_id
from dujiang.foundation.timewindows import Period
from dujiang.insight.answer import MetricQuery

FIRST, LAST = date(2026, 10, 20), date(2026, 11, 15)
DAYS = {"first": str(FIRST), "last": str(LAST)}


def counted(api: Any, question: str) -> list[Any]:
    with api.workspace.engine.read() as con:
        return con.execute(question, {"first": FIRST, "last": LAST}).fetchall()


def test_totals_line_and_rows_are_the_metric_layers(api: Any) -> None:
    names = ["gmv", "buyers", "aov", "roas", "visit_conversion"]
    question = DAYS | {"metrics": names, "compare": "previous", "grain": "week", "by": ["channel"]}
    told = api.ask("POST", "/metrics/query", json=question)
    query = MetricQuery(tuple(names), Period(FIRST, LAST), "previous", "week", ("channel",))
    answer = api.workspace.metrics.query(query)
    for name in names:
        figure = answer.totals[name]
        assert told["totals"][name]["value"] == figure.value
        assert told["totals"][name]["reason"] == figure.now.reason
        assert told["totals"][name]["change"] == figure.change
    assert [step["start"] for step in told["line"]] == [str(point.start) for point in answer.line]
    assert [row["keys"] for row in told["rows"]] == [list(row.keys) for row in answer.rows]
    assert len(told["rows"]) > 2


def test_gmv_and_buyers_are_those_of_the_orders(api: Any) -> None:
    told = api.ask("POST", "/metrics/query", json=DAYS | {"metrics": ["gmv", "buyers"]})["totals"]
    query = """select sum(paid_minor)::bigint, count(distinct person) from orders
               where status = 'valid' and day between $first and $last"""
    gmv, buyers = counted(api, query)[0]
    assert (told["gmv"]["value"], told["buyers"]["value"]) == (gmv, buyers)
    assert buyers > 10


def test_an_undefined_number_is_null_with_its_reason(api: Any) -> None:
    never = {"first": "2030-01-01", "last": "2030-01-02", "metrics": ["aov"]}
    told = api.ask("POST", "/metrics/query", json=never)["totals"]["aov"]
    assert told["value"] is None
    assert told["reason"] == "not_yet"


def test_the_people_behind_a_number(api: Any) -> None:
    where = [{"column": "channel", "value": "tmall"}]
    told = api.ask("POST", "/metrics/people", json=DAYS | {"metric": "buyers", "where": where})
    query = """select distinct person from orders
               where status = 'valid' and channel = 'tmall' and person is not null and day between $first and $last"""
    expected = {person for (person,) in counted(api, query)}
    assert {parse_person_id(one) for one in told["people"]} == expected
    assert told["count"] == len(expected) > 3


def test_only_so_many_people_as_asked_for(api: Any) -> None:
    told = api.ask("POST", "/metrics/people", json=DAYS | {"metric": "buyers", "limit": 2})
    assert len(told["people"]) == 2
    assert told["count"] > 2


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"metrics": ["no_such"]}, "metric.unknown"),
        ({"metrics": ["gmv"], "by": ["no_such"]}, "metric.no_dimension"),
        ({"metrics": ["gmv"], "where": [{"column": "channel", "op": "among", "value": "tmall"}]}, "metric.condition"),
        ({"metrics": ["gmv"], "where": [{"column": "channel", "op": "known", "value": 1}]}, "metric.condition"),
    ],
)
def test_questions_that_mean_nothing(api: Any, wrong: dict[str, Any], code: str) -> None:
    status, told, _sentence = api.problem("POST", "/metrics/query", json=DAYS | wrong)
    assert (status, told) == (404 if code == "metric.unknown" else 400, code)


def test_the_catalogue_has_every_metric_with_its_formula(api: Any) -> None:
    told = api.ask("GET", "/metrics", "viewer")
    assert [one["name"] for one in told] == [one.name for one in api.workspace.metrics.catalogue()]
    assert all(one["formula"]["zh"] and one["formula"]["en"] for one in told)


def test_the_dashboard_shows_the_same_numbers(api: Any) -> None:
    told = api.ask("GET", "/dashboard", params=DAYS | {"compare": "previous", "grain": "week"})
    headlines = {one["metric"]: one["number"] for one in told["headlines"]}
    asked = api.ask("POST", "/metrics/query", json=DAYS | {"metrics": list(headlines), "compare": "previous"})
    assert headlines == asked["totals"]
    assert any(note["name"] == "double11" for note in told["annotations"])
    assert {row["keys"][0] for row in told["channels"]["rows"]} >= {"tmall"}


def test_the_dashboard_of_one_channel(api: Any) -> None:
    told = api.ask("GET", "/dashboard", params=DAYS | {"channel": "tmall"})
    query = """select sum(paid_minor)::bigint from orders
               where status = 'valid' and channel = 'tmall' and day between $first and $last"""
    gmv = next(one for one in told["headlines"] if one["metric"] == "gmv")
    assert gmv["number"]["value"] == counted(api, query)[0][0]


def test_the_river_adds_up_and_leads_to_its_people(api: Any) -> None:
    river = api.ask("GET", "/river", params=DAYS)
    for reach in ("channel", "identity", "stage", "outcome"):
        assert sum(stop["people"] for stop in river["stops"] if stop["reach"] == reach) == river["people"]
    stop = next(one for one in river["stops"] if one["key"] == "outcome:first_order")
    people = api.ask("POST", "/river/people", json=DAYS | {"stops": [stop["key"]]})
    assert people["count"] == len(people["people"]) == stop["people"] > 0


def test_where_a_metric_stands_is_the_metric_layers(api: Any) -> None:
    told = api.ask("GET", f"/metrics/cross_channel_share/standing?first={FIRST}&last={LAST}")
    (band,) = told["bands"]
    (held,) = band["held"]
    share = api.workspace.metrics.query(MetricQuery(("cross_channel_share",), Period(FIRST, LAST))).totals
    assert (band["name"], band["at_least"], band["at_most"], band["against"]) == ("overlap", 0.2, 0.35, "none")
    assert (held["key"], held["value"]) == (None, share["cross_channel_share"].value)
    assert told["goals"] == []
    status, code, _sentence = api.problem("GET", f"/metrics/no_such/standing?first={FIRST}&last={LAST}")
    assert (status, code) == (404, "metric.unknown")
