"""Funnels over a whole brand, against an obvious reading of its rows in Python."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

import pytest

from dujiang.foundation.ids import parse_person_id

DAYS = {"first": "2026-10-20", "last": "2026-11-15"}
WEEK_MS = 7 * 24 * 3600 * 1000
_ROWS = """
    SELECT person, epoch_ms("at") AS ms, seq, name, channel, utm_campaign, 0 AS family FROM fact_event
    JOIN person_node ON node = anchor AND (from_at IS NULL OR "at" >= from_at) AND (to_at IS NULL OR "at" < to_at)
    WHERE kind NOT IN ('identify', 'group', 'alias')
    UNION ALL
    SELECT person, epoch_ms(coalesce(paid_at, "at")), order_key, '@order', channel, NULL, 1 FROM orders
    WHERE person IS NOT NULL AND status = 'valid'
    ORDER BY person, ms, family, seq
"""


pytestmark = pytest.mark.usefixtures("compiled_kernels")


@pytest.fixture(scope="module")
def histories(api: Any) -> dict[int, list[dict[str, Any]]]:
    """Everything each person did, in order."""
    found: dict[int, list[dict[str, Any]]] = defaultdict(list)
    with api.workspace.engine.read() as con:
        for row in con.sql(_ROWS).to_arrow_table().to_pylist():
            found[row["person"]].append(row)
    return found


def bounds(api: Any) -> tuple[int, int]:
    with api.workspace.engine.read() as con:
        text = """SELECT epoch_ms(timezone('Asia/Shanghai', TIMESTAMP '2026-10-20')),
                         epoch_ms(timezone('Asia/Shanghai', TIMESTAMP '2026-11-16'))"""
        return con.sql(text).fetchall()[0]


def furthest(history: list[dict[str, Any]], names: list[str], from_ms: int, to_ms: int, within: int) -> Iterator[int]:
    """For each possible beginning how many steps can be made from there, one after the other in order of rows."""
    for place, row in enumerate(history):
        if row["name"] == names[0] and from_ms <= row["ms"] < to_ms:
            step = 1
            for later in history[place + 1 :]:
                if step < len(names) and later["name"] == names[step] and later["ms"] - row["ms"] <= within:
                    step += 1
            yield step


def counted(api: Any, histories: Any, names: list[str], within: int = WEEK_MS) -> list[int]:
    from_ms, to_ms = bounds(api)
    depths = [max(furthest(one, names, from_ms, to_ms, within), default=0) for one in histories.values()]
    return [sum(depth > step for depth in depths) for step in range(len(names))]


def funnel(names: list[str], **more: Any) -> dict[str, Any]:
    steps = [
        {"source": "orders"} if name == "@order" else {"where": [{"column": "name", "value": name}]} for name in names
    ]
    return {"type": "funnel", "steps": steps, "period": DAYS, **more}


def asked(api: Any, question: dict[str, Any]) -> dict[str, Any]:
    return api.ask("POST", "/questions/ask", json={"question": question})


@pytest.mark.parametrize(
    "names",
    [
        ["product_viewed", "add_to_cart"],
        ["product_viewed", "@order"],
        ["product_viewed", "product_viewed", "product_viewed"],
    ],
)
def test_each_step_has_the_people_that_reading_row_by_row_finds(api: Any, histories: Any, names: list[str]) -> None:
    told = asked(api, funnel(names))
    assert [one["people"] for one in told["result"]["whole"]["steps"]] == counted(api, histories, names)
    assert told["result"]["whole"]["steps"][0]["people"] > 20


def test_a_shorter_window_lets_fewer_through(api: Any, histories: Any) -> None:
    names = ["product_viewed", "product_viewed"]
    told = asked(api, funnel(names, within_minutes=5))
    assert [one["people"] for one in told["result"]["whole"]["steps"]] == counted(api, histories, names, 5 * 60_000)


def test_the_people_of_a_step_and_those_lost_after_it(api: Any) -> None:
    question = funnel(["product_viewed", "@order"])
    steps = asked(api, question)["result"]["whole"]["steps"]
    reached, through, lost = (
        api.ask("POST", "/questions/people", json={"question": question, "pick": pick})["people"]
        for pick in ({"step": 1}, {"step": 2}, {"step": 1, "outcome": "dropped"})
    )
    assert (len(reached), len(through)) == (steps[0]["people"], steps[1]["people"])
    assert {*reached} == {*through, *lost}
    assert not {*through} & {*lost}
    assert all(parse_person_id(one) for one in reached)


def test_divided_by_the_channel_of_the_first_step_it_adds_up(api: Any) -> None:
    told = asked(api, funnel(["product_viewed", "@order"], by=["channel"]))["result"]
    assert len(told["groups"]) > 1
    for step in range(2):
        assert sum(one["steps"][step]["people"] for one in told["groups"]) == told["whole"]["steps"][step]["people"]


def test_divided_by_what_a_person_is(api: Any) -> None:
    told = asked(api, funnel(["product_viewed", "@order"], by=["person.city"]))["result"]
    question = funnel(["product_viewed", "@order"], by=["person.city"])
    group = told["groups"][0]
    picked = {"question": question, "pick": {"keys": group["key"], "step": 1}}
    assert api.ask("POST", "/questions/people", json=picked)["count"] == group["steps"][0]["people"]


def test_only_the_people_of_a_condition(api: Any) -> None:
    people = {"type": "profile", "field": "orders", "op": "at_least", "value": 1}
    everybody = asked(api, funnel(["product_viewed", "@order"]))["result"]["whole"]["steps"]
    buyers = asked(api, funnel(["product_viewed", "@order"], people=people))["result"]["whole"]["steps"]
    assert buyers[0]["people"] < everybody[0]["people"]
    assert buyers[1]["people"] == everybody[1]["people"]


def test_conditions_on_other_columns_are_heeded(api: Any, histories: Any) -> None:
    where = [{"column": "utm_campaign", "op": "known"}]
    told = asked(api, funnel(["product_viewed", "@order"], where=where))["result"]["whole"]["steps"]
    from_ms, to_ms = bounds(api)
    kept = {
        person: [one for one in history if one["name"] == "@order" or one["utm_campaign"] is not None]
        for person, history in histories.items()
    }
    assert [one["people"] for one in told] == counted(api, kept, ["product_viewed", "@order"])
    assert from_ms < to_ms


def test_a_trend_adds_up_to_the_beginners(api: Any) -> None:
    told = asked(api, funnel(["product_viewed", "@order"], grain="week"))["result"]
    assert sum(one["began"] for one in told["trend"]) == told["whole"]["steps"][0]["people"]
    assert sum(one["through"] for one in told["trend"]) == told["whole"]["steps"][1]["people"]


@pytest.mark.parametrize(
    "wrong",
    [
        {"steps": [{"where": []}]},
        {"by_step": 3},
        {"excluding": [{"what": {}, "after": 2, "before": 2}]},
        {"steps": [{"optional": True}, {}]},
    ],
)
def test_a_funnel_that_means_nothing(api: Any, wrong: dict[str, Any]) -> None:
    question = funnel(["product_viewed", "@order"]) | wrong
    assert api.problem("POST", "/questions/ask", json={"question": question})[:2] == (400, "question.invalid")


def picked(api: Any, question: dict[str, Any], pick: dict[str, Any]) -> list[str]:
    return api.ask("POST", "/questions/people", json={"question": question, "pick": pick})["people"]


def test_who_leaves_a_step_out_is_not_lost(api: Any) -> None:
    question = funnel(["product_viewed", "add_to_cart", "@order"])
    question["steps"][1]["optional"] = True
    first, second, last = asked(api, question)["result"]["whole"]["steps"]
    lost = [picked(api, question, {"step": step, "outcome": "dropped"}) for step in (1, 2)]
    assert [len(one) for one in lost] == [first["lost"], second["lost"]] and last["lost"] is None
    assert first["people"] == first["lost"] + second["lost"] + last["people"]
    assert first["people"] - second["people"] > first["lost"] > 0  # some left the cart out, and bought


def test_steps_of_time_and_lengths_of_time_lead_to_their_people(api: Any) -> None:
    question = funnel(["product_viewed", "@order"], grain="week")
    told = asked(api, question)
    result, tables = told["result"], {one["name"]: one for one in told["tables"]}
    for point, pick in zip(result["trend"], tables["trend"]["picks"], strict=True):
        assert len(picked(api, question, pick)) == point["began"] > 0
        assert len(picked(api, question, pick | {"step": 2})) == point["through"]
    assert picked(api, question, {"start": "2026-10-21"}) == []  # no week begins then
    bins = tables["times"]
    assert sum(people for _up_to, people in bins["rows"]) == result["whole"]["steps"][1]["people"]
    for (_up_to, people), pick in zip(bins["rows"], bins["picks"], strict=True):
        assert len(picked(api, question, pick)) == people > 0


def test_groups_are_held_against_the_same_groups_before(api: Any) -> None:
    days = {"first": "2026-11-03", "last": "2026-11-15"}
    question = funnel(["product_viewed", "@order"], by=["channel"]) | {"period": days, "compare": "previous"}
    told = asked(api, question)
    (table,) = (one for one in told["tables"] if one["name"] == "groups")
    before = {tuple(one["key"]): one["steps"][-1]["of_first"] for one in told["before"]["groups"]}
    assert table["columns"][-1]["name"] == "before"
    assert [row[-1] for row in table["rows"]] == [before.get((row[0],)) for row in table["rows"]]
    assert any(row[-1] for row in table["rows"])
