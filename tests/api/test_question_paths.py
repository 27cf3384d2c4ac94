"""Paths over a whole brand, against an obvious reading of its visits in Python."""

from __future__ import annotations

from collections import Counter
from itertools import groupby, pairwise
from typing import Any

import pytest

PERIOD = {"first": "2026-10-20", "last": "2026-11-15"}
QUESTION = {"type": "paths", "period": PERIOD, "steps": 3, "without": []}
_ROWS = """
    SELECT person, epoch_ms("at") AS ms, name FROM fact_event
    JOIN person_node ON node = anchor AND (from_at IS NULL OR "at" >= from_at) AND (to_at IS NULL OR "at" < to_at)
    WHERE kind NOT IN ('identify', 'group', 'alias') AND name IS NOT NULL
        AND CAST(timezone('Asia/Shanghai', "at") AS DATE) BETWEEN DATE '2026-10-20' AND DATE '2026-11-15'
    ORDER BY person, "at", seq
"""


@pytest.fixture(scope="module")
def visits(api: Any) -> list[tuple[int, list[str]]]:
    """The names of every visit in order, by person."""
    found: list[tuple[int, list[str]]] = []
    last = (0, 0)
    with api.workspace.engine.read() as con:
        for person, ms, name in con.sql(_ROWS).fetchall():
            if found and person == last[0] and ms - last[1] <= 30 * 60_000:
                found[-1][1].append(name)
            else:
                found.append((person, [name]))
            last = person, ms
    return found


def asked(api: Any, **more: Any) -> dict[str, Any]:
    return api.ask("POST", "/questions/ask", json={"question": QUESTION | more})["result"]


def collapsed(names: list[str]) -> list[str]:
    return [name for name, _same in groupby(names)]


def test_the_most_frequent_paths(api: Any, visits: Any) -> None:
    told = asked(api)
    ways = Counter(tuple(collapsed(names)[:3]) for _who, names in visits)
    assert told["visits"] == len(visits) > 100
    assert {tuple(one["nodes"]): one["visits"] for one in told["sequences"]}.items() <= ways.items()
    assert told["sequences"][0]["visits"] == max(ways.values())
    people = {way: len({who for who, names in visits if tuple(collapsed(names)[:3]) == way}) for way in ways}
    assert all(one["people"] == people[tuple(one["nodes"])] for one in told["sequences"])


def test_flows_carry_every_visit(api: Any, visits: Any) -> None:
    told = asked(api, top=3)
    assert sum(one["visits"] for one in told["flows"] if one["step"] == 1) == len(visits)
    assert len({one["source"] for one in told["flows"] if one["step"] == 1}) <= 4


def test_paths_from_a_start_and_up_to_an_end(api: Any, visits: Any) -> None:
    cart = {"where": [{"column": "name", "value": "add_to_cart"}]}
    begun = Counter(
        tuple(collapsed(names[names.index("add_to_cart") :])[:3]) for _who, names in visits if "add_to_cart" in names
    )
    ended = Counter(
        tuple(collapsed(names[: names.index("add_to_cart") + 1][::-1])[:3])
        for _who, names in visits
        if "add_to_cart" in names
    )
    for told, expected in ((asked(api, start=cart), begun), (asked(api, end=cart), ended)):
        assert {tuple(one["nodes"]): one["visits"] for one in told["sequences"]}.items() <= expected.items()
        assert told["visits"] == sum(expected.values()) > 5


def test_groups_and_what_is_passed_over(api: Any, visits: Any) -> None:
    told = asked(api, groups=[{"label": "viewed", "patterns": ["*_viewed"]}], without=["page_left"])
    named = (
        collapsed(["viewed" if name.endswith("_viewed") else name for name in names if name != "page_left"])
        for _who, names in visits
    )
    ways = Counter(tuple(one[:3]) for one in named if one)
    assert told["sequences"][0]["visits"] == max(ways.values())


def people(api: Any, question: dict[str, Any], pick: dict[str, Any]) -> int:
    return api.ask("POST", "/questions/people", json={"question": question, "pick": pick})["count"]


def test_a_path_leads_to_those_who_went_it_and_no_further(api: Any) -> None:
    (table,) = (
        one
        for one in api.ask("POST", "/questions/ask", json={"question": QUESTION})["tables"]
        if one["name"] == "sequences"
    )
    assert any(row[0].count("→") < 2 for row in table["rows"][:8])
    for row, pick in [*zip(table["rows"], table["picks"], strict=True)][:8]:
        assert people(api, QUESTION, pick) == row[3] > 0


def test_a_band_leads_to_its_people_also_where_nodes_are_put_together(api: Any, visits: Any) -> None:
    question = QUESTION | {"top": 2}
    (table,) = (
        one
        for one in api.ask("POST", "/questions/ask", json={"question": question})["tables"]
        if one["name"] == "flows"
    )
    ways = [(who, collapsed(names)[:3]) for who, names in visits]
    found: dict[tuple[Any, ...], set[int]] = {}
    large = [
        {name for name, _n in Counter(way[step] for _who, way in ways if len(way) > step).most_common(2)}
        for step in range(3)
    ]
    for who, way in ways:
        shown = [name if name in large[step] else "…" for step, name in enumerate(way)]
        for step in range(min(2, len(way))):
            key = step + 1, shown[step], shown[step + 1] if step + 1 < len(way) else None
            found.setdefault(key, set()).add(who)
    assert {key[1:] for key in found} > {("…", "…"), ("…", None)}
    for row, pick in zip(table["rows"], table["picks"], strict=True):
        assert people(api, question, pick) == len(found[tuple(row[:3])])


def test_loops_and_dead_ends_lead_to_their_people(api: Any, visits: Any) -> None:
    (table,) = (
        one
        for one in api.ask("POST", "/questions/ask", json={"question": QUESTION})["tables"]
        if one["name"] == "nodes"
    )
    expected = {
        "seen": lambda name, names: name in names,
        "loops": lambda name, names: (name, name) in pairwise(names),
        "ends": lambda name, names: names[-1] == name,
    }
    for place, row in [*enumerate(table["rows"])][:8]:
        for column, count in zip(("seen", "loops", "ends"), row[1:4], strict=True):
            pick = table["cells"][column][place]
            true = {who for who, names in visits if expected[column](row[0], names)}
            assert bool(true) == bool(count)
            if pick is not None:
                assert people(api, QUESTION, pick) == len(true) > 0
            else:
                assert not true


def test_a_path_with_both_ends_is_a_funnel(api: Any) -> None:
    wrong = QUESTION | {"start": {}, "end": {}}
    assert api.problem("POST", "/questions/ask", json={"question": wrong})[:2] == (400, "question.invalid")
