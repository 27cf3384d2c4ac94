"""Every condition against a slow and obvious reading of the same tree."""

from __future__ import annotations

import hashlib
import itertools
import json
import math
import tempfile
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pytest
from doings_kit import AS_OF, NASTY, Doings, fulfils, random_doings, slow
from hypothesis import given, settings
from hypothesis import strategies as st

from dujiang.engine.question import ask_text
from dujiang.engine.schema import create_own_tables, next_mark
from dujiang.engine.timeline import Timeline
from dujiang.foundation.errors import InvalidInput, NotFound
from dujiang.people.behaviour import Window
from dujiang.people.conditions import (
    All,
    Any_,
    Behaviour,
    Condition,
    Near,
    Not,
    Profile,
    Sample,
    Sequence,
    Tagged,
    leaves,
    parse_condition,
)
from dujiang.people.segments.crowd import Crowd, combined, everybody, name_of
from dujiang.people.segments.fast import Timelines
from dujiang.people.segments.live import Live
from dujiang.people.segments.sampling import sampled
from dujiang.people.segments.tags import TagKinds
from dujiang.people.segments.tree import expanded

TAGS = TagKinds({"worth": "number", "likes": "list", "kind": "text"})


@cache
def brand(seed: int) -> tuple[Doings, dict[int, dict[str, Any]], duckdb.DuckDBPyConnection]:
    made = random_doings(seed, persons=10)
    for number, one in enumerate(made.rows["events"]):
        if number % 3 == 0:
            one["properties"] = json.dumps({"latitude": 30.25 + number / 500, "longitude": 120.15})
    con = made.load()
    con.execute("CREATE TABLE person_tag (person BIGINT, worth DOUBLE, likes VARCHAR[], kind VARCHAR)")
    values = [(1, 5.0, ["tea"], NASTY), (2, None, ["tea", "cup"], "b"), (3, 9.0, None, None), (4, 1.0, [], "a")]
    con.executemany("INSERT INTO person_tag VALUES (?, ?, ?, ?)", values)
    tags = {person: {"worth": worth, "likes": likes, "kind": kind} for person, worth, likes, kind in values}
    con.execute("CREATE TEMP TABLE half AS SELECT person FROM person WHERE person % 2 = 0")
    return made, tags, con


PROFILES = [
    Profile(field="city", value="杭州"),
    Profile(field="city", value=NASTY),
    Profile(field="city", op="not_among", value=("成都", NASTY)),
    Profile(field="gender", op="unknown"),
    Profile(field="birth_year", op="between", value=(1985, 2000)),
    Profile(field="age", op="at_least", value=30),
    Profile(field="points", op="above", value=10),
    Profile(field="known", value=True),
    Profile(field="channels", op="includes", value=("app", "shop")),
    Profile(field="tags", op="excludes", value=(NASTY,)),
    Profile(field="channels", op="unknown"),
    Profile(field="first_day", op="within_days", value=7),
    Profile(field="joined_at", op="over_days", value=30),
    Profile(field="joined_at", op="at_least", value="2026-11-01"),
]
TAGGED = [
    Tagged(tag="worth", op="at_least", value=5),
    Tagged(tag="likes", op="includes", value="cup"),
    Tagged(tag="kind", value=NASTY),
    Tagged(tag="kind", op="is_not", value="b"),
    Tagged(tag="worth", op="known"),
]
BEHAVIOURS = [
    Behaviour.model_validate(one)
    for one in (
        {"source": "events", "where": [{"column": "name", "value": "added"}]},
        {"source": "events", "where": [{"column": "name", "value": NASTY}], "op": "is", "value": 0},
        {"source": "orders", "aggregate": "sum", "column": "paid_minor", "op": "above", "value": 5000},
        {"source": "orders", "aggregate": "first", "column": "store", "op": "is", "value": NASTY},
        {"source": "orders", "aggregate": "days_since_last", "op": "at_most", "value": 9},
        {"source": "orders", "aggregate": "max", "column": "day", "op": "within_days", "value": 9},
        {"source": "orders", "aggregate": "avg", "column": "paid_minor", "op": "unknown", "value": None},
        {"source": "visits", "window": {"days": 10}, "op": "between", "value": [1, 2]},
        {"source": "refunds", "where": [{"column": "reason", "value": NASTY}]},
    )
]


def step(*names: str) -> dict[str, Any]:
    return {"where": [{"column": "name", "op": "among", "value": list(names)}]}


SEQUENCES = [
    Sequence.model_validate(one)
    for one in (
        {"steps": [step("viewed"), step("added")]},
        {"steps": [step("viewed"), step("added")], "within_minutes": 3 * 24 * 60},
        {"steps": [step("viewed"), step("added")], "without": [step("shared")]},
        {"steps": [step("viewed"), step("viewed")], "without": [step("viewed", NASTY)]},
        {"steps": [step("viewed"), step("added", "shared"), step("viewed")], "within_minutes": 5 * 24 * 60},
        {"steps": [step("added"), step("shared")], "without": [step("added")], "window": {"days": 20}},
    )
]
OTHERS = [
    Sample(percent=40, seed="a"),
    Sample(percent=40, seed=NASTY),
    Sample(percent=0.5, seed="b"),
    Sample(percent=99.5, seed="b"),
    Near(latitude=30.25, longitude=120.15, km=3),
    Near(latitude=30.25, longitude=120.15, km=8, window=Window(days=15)),
]
LEAVES: list[Condition] = [*PROFILES, *TAGGED, *BEHAVIOURS, *SEQUENCES, *OTHERS]


def trees() -> st.SearchStrategy[Condition]:
    parts = lambda inner: st.lists(inner, min_size=1, max_size=3).map(tuple)  # noqa: E731
    return st.recursive(
        st.sampled_from(LEAVES),
        lambda inner: st.one_of(
            parts(inner).map(lambda of: All(of=of)),
            parts(inner).map(lambda of: Any_(of=of)),
            inner.map(lambda of: Not(of=of)),
        ),
        max_leaves=6,
    )


def fast(con: duckdb.DuckDBPyConnection, asked: list[Condition], among: str = "") -> list[set[int]]:
    """By the engine alone."""
    return found(con, Crowd(everybody(con, among), AS_OF, TAGS, among=among), asked)


def found(con: duckdb.DuckDBPyConnection, crowd: Crowd, asked: list[Condition]) -> list[set[int]]:
    masks = crowd.masks(con, {name_of(one): one for tree in asked for one in leaves(tree)})
    return [set(crowd.persons[combined(tree, masks)].tolist()) for tree in asked]


# ── the slow way ────────────────────────────────────────────────────────────────────────────────────────────────────


def holds(made: Doings, tags: dict[int, dict[str, Any]], tree: Condition, person: dict[str, Any]) -> bool:
    if isinstance(tree, All):
        return all(holds(made, tags, part, person) for part in tree.of)
    if isinstance(tree, Any_):
        return any(holds(made, tags, part, person) for part in tree.of)
    if isinstance(tree, Not):
        return not holds(made, tags, tree.of, person)
    number = person["person"]
    if isinstance(tree, Profile):
        born = person["birth_year"]
        age = None if born is None else AS_OF.today.year - born
        return fulfils(age if tree.field == "age" else person[tree.field], tree, AS_OF.today)
    if isinstance(tree, Tagged):
        return fulfils(tags.get(number, {}).get(tree.tag), tree, AS_OF.today)
    if isinstance(tree, Behaviour):
        return fulfils(slow(made, tree.statistic, AS_OF)[number], tree.comparison, AS_OF.today)
    if isinstance(tree, Sequence):
        return sequence_done(made, tree, number)
    if isinstance(tree, Sample):
        digest, prime = hashlib.sha256(tree.seed.encode()).digest(), 2**31 - 1
        a, b, c = (int.from_bytes(digest[first : first + 8], "big") for first in (0, 8, 16))
        # In numbers of any size, with powers as they are written on paper.
        return ((a % (prime - 1) + 1) * number**2 + b * number + c) % prime < int(prime * tree.percent / 100)
    assert isinstance(tree, Near)
    return any(is_near(tree, one) for one in events_of(made, number, tree.window, kinds=("track", "page", "identify")))


def events_of(made: Doings, person: int, window: Window, kinds: tuple[str, ...]) -> list[dict[str, Any]]:
    first, last = window.bounds(AS_OF.today)
    rows = [one for one in made.rows["events"] if one["person"] == person and one["at"] < AS_OF.at]
    rows = [one for one in rows if one["kind"] in kinds]
    return [one for one in rows if (not first or one["day"] >= first) and (not last or one["day"] <= last)]


def sequence_done(made: Doings, tree: Sequence, person: int) -> bool:
    rows = sorted(events_of(made, person, tree.window, ("track", "page")), key=lambda one: (one["at"], one["key"]))

    def fits(row: dict[str, Any], which: Any) -> bool:
        return all(fulfils(row[one.column], one, AS_OF.today) for one in which.where)

    for places in itertools.combinations(range(len(rows)), len(tree.steps)):
        if not all(fits(rows[place], which) for place, which in zip(places, tree.steps, strict=True)):
            continue
        pairs = list(itertools.pairwise(places))
        late = [rows[b]["at"] - rows[a]["at"] for a, b in pairs]
        if tree.within_minutes and any(one.total_seconds() > tree.within_minutes * 60 for one in late):
            continue
        between = [rows[place] for a, b in pairs for place in range(a + 1, b)]
        if not any(fits(row, which) for row in between for which in tree.without):
            return True
    return False


def is_near(tree: Near, row: dict[str, Any]) -> bool:
    said = json.loads(row["properties"])
    if "latitude" not in said:
        return False
    # The spherical law of cosines: another formula than the one under test.
    a, b = math.radians(said["latitude"]), math.radians(tree.latitude)
    turn = math.radians(said["longitude"] - tree.longitude)
    cosine = math.sin(a) * math.sin(b) + math.cos(a) * math.cos(b) * math.cos(turn)
    return 6371.0088 * math.acos(min(1.0, cosine)) <= tree.km


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 5), st.lists(trees(), min_size=1, max_size=5))
def test_trees_hold_whom_they_say(seed: int, asked: list[Condition]) -> None:
    made, tags, con = brand(seed)
    for tree, members in zip(asked, fast(con, asked), strict=True):
        assert members == {one["person"] for one in made.persons if holds(made, tags, tree, one)}, tree


@pytest.mark.parametrize("leaf", LEAVES, ids=lambda one: one.type)
def test_each_condition_alone_and_of_some_people(leaf: Condition) -> None:
    for seed in range(4):
        made, tags, con = brand(seed)
        expected = {one["person"] for one in made.persons if holds(made, tags, leaf, one)}
        assert fast(con, [leaf]) == [expected]
        assert fast(con, [leaf], "half") == [{person for person in expected if person % 2 == 0}]


def test_what_was_typed_is_never_text_of_the_question() -> None:
    class Witness:
        def __init__(self, con: duckdb.DuckDBPyConnection) -> None:
            self.con, self.texts, self.values = con, list[str](), list[Any]()

        def ask_text(self, text: str, values: dict[str, Any]) -> pa.Table:
            self.texts.append(text)
            self.values += values.values()
            return ask_text(self.con, text, values)

    _made, _tags, con = brand(0)
    witness: Any = Witness(con)
    fast(witness, LEAVES)
    assert len(witness.texts) > 8
    assert not any("DROP" in text for text in witness.texts)
    assert NASTY in witness.values


def test_groups_inside_groups_have_a_bottom() -> None:
    plain: dict[str, Any] = {"type": "profile", "field": "city", "value": "x"}
    for _level in range(5):
        plain = {"type": "not", "of": plain}
    parse_condition(plain)
    with pytest.raises(InvalidInput) as error:
        parse_condition({"type": "not", "of": plain})
    assert error.value.code == "segment.too_deep"
    for _level in range(3000):
        plain = {"type": "not", "of": plain}
    with pytest.raises(InvalidInput):
        parse_condition(plain)


def test_too_many_conditions_are_refused() -> None:
    one = {"type": "profile", "field": "city", "value": "x"}
    many = {"type": "all", "of": [{"type": "any", "of": [one] * 20}] * 4}
    with pytest.raises(InvalidInput) as error:
        parse_condition(many)
    assert error.value.code == "segment.too_large"


def test_a_circle_is_refused_with_its_path() -> None:
    names = {"a": "b", "b": "c", "c": "a"}
    known = {name: parse_condition({"type": "segment", "segment": other}) for name, other in names.items()}
    with pytest.raises(InvalidInput) as error:
        expanded(known["a"], known, ("a",))
    assert error.value.values["path"] == "a → b → c → a"


def test_a_segment_in_a_segment_is_its_tree() -> None:
    inner = parse_condition({"type": "profile", "field": "city", "value": "杭州"})
    outer = parse_condition({"type": "not", "of": {"type": "segment", "segment": "inner"}})
    assert expanded(outer, {"inner": inner}, ("outer",)) == Not(of=inner)
    with pytest.raises(InvalidInput):
        expanded(outer, {}, ("outer",))


@pytest.mark.parametrize("how", [TAGS.check, lambda one: fast(brand(0)[2], [one])], ids=["checked", "asked"])
def test_a_tag_that_is_not_there_is_named(how: Callable[[Condition], object]) -> None:
    with pytest.raises(NotFound):
        how(Tagged(tag="nobody", value=1))
    with pytest.raises(InvalidInput):
        how(Tagged(tag="worth", value="much"))


@pytest.mark.parametrize(
    "wrong",
    [
        {"type": "profile", "field": "password", "value": 1},
        {"type": "profile", "field": "city", "op": "at_least", "value": 1},
        {"type": "behaviour", "source": "orders", "op": "begins", "value": "a"},
        {"type": "behaviour", "source": "orders", "value": "many"},
        {"type": "sequence", "steps": [step("a")]},
        {"type": "tag", "tag": 'x" OR 1=1 --', "value": 1},
        {"type": "sample", "percent": 100},
        {"type": "near", "latitude": 91, "longitude": 0, "km": 1},
        {"type": "nothing"},
        {"type": "all", "of": []},
    ],
)
def test_what_makes_no_sense_is_refused_in_a_sentence(wrong: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput) as error:
        parse_condition(wrong)
    assert error.value.code == "segment.invalid"


# ── while a segment is being built ──────────────────────────────────────────────────────────────────────────────────

CODED: list[Condition] = [
    *SEQUENCES,
    *(
        Behaviour.model_validate({"type": "behaviour", "source": "events", **one})
        for one in (
            {"where": [{"column": "name", "op": "among", "value": ["added", "shared"]}], "value": 2},
            {"where": [{"column": "name", "value": "added"}], "op": "is", "value": 0},
            {"where": [{"column": "name", "op": "contains", "value": "e"}], "op": "at_most", "value": 3},
            {"where": [{"column": "name", "op": "is_not", "value": "added"}], "window": {"days": 7}},
            {"where": [{"column": "name", "op": "known"}], "window": {"days": 20, "until_days": 5}, "op": "above"},
            {"window": {"days": 20}, "op": "between", "value": [1, 3]},
            {
                "where": [{"column": "name", "value": "viewed"}, {"column": "channel", "value": "app"}],
                "op": "among",
                "value": [0, 2],
            },
            {"where": [{"column": "name", "value": NASTY}], "op": "known", "value": None},
            {"where": [*step("viewed", "added")["where"], {"column": "page", "value": "/a"}]},
            {"where": [*step("viewed")["where"], {"column": "page", "op": "is_not", "value": "/a"}], "value": 2},
            {"where": [*step("added")["where"], {"column": "page", "op": "unknown"}], "window": {"days": 20}},
            {
                "where": [
                    *step("viewed", "added", "shared")["where"],
                    {"column": "page", "op": "begins", "value": "/"},
                ],
                "aggregate": "sum",
                "column": "value_minor",
                "op": "at_least",
                "value": 250,
            },
            {
                "where": step("viewed", NASTY)["where"],
                "window": {"days": 25},
                "aggregate": "sum",
                "column": "value_minor",
                "op": "at_most",
                "value": 100,
            },
            {"where": [{"column": "page", "value": "/b"}], "window": {"days": 30}, "value": 2},
            {"where": step("viewed")["where"], "aggregate": "sum", "column": "dwell_ms", "value": 0, "op": "above"},
        )
    ),
    Sequence.model_validate(
        {
            "steps": [
                {"where": [{"column": "name", "value": "viewed"}, {"column": "channel", "value": "site"}]},
                {"where": [{"column": "name", "op": "known"}, {"column": "channel", "op": "is_not", "value": "site"}]},
            ],
            "without": [step("shared"), {"where": [{"column": "name", "value": NASTY}]}],
            "window": {"days": 30, "until_days": 2},
        }
    ),
]


@cache
def living(seed: int) -> tuple[Timeline, Live]:
    """Timelines of the brand, and answers by them."""
    _made, _tags, con = brand(seed)
    create_own_tables(con)
    _before, state = next_mark(con)
    timeline = Timeline.open(Path(tempfile.mkdtemp()))
    timeline.follow(con, before="", after=state, touched=None)
    return timeline, Live(timeline, lambda: TAGS)


@settings(max_examples=80, deadline=None)
@given(st.integers(0, 5), st.lists(trees() | st.sampled_from(CODED), min_size=1, max_size=3))
def test_live_answers_equal_the_slow_reading(seed: int, asked: list[Condition]) -> None:
    made, tags, con = brand(seed)
    _timeline, live = living(seed)
    slowly = [{one["person"] for one in made.persons if holds(made, tags, tree, one)} for tree in asked]
    assert [set(live.people(con, tree, AS_OF).tolist()) for tree in asked] == slowly
    assert live.counts(con, asked, AS_OF) == (*map(len, slowly), len(made.persons))


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 5), st.lists(st.sampled_from(CODED), min_size=1, max_size=8), st.sampled_from(["", "half"]))
def test_timelines_answer_what_is_asked_of_names_and_channels(seed: int, asked: list[Condition], among: str) -> None:
    made, _tags, con = brand(seed)
    timeline, _live = living(seed)
    rows, persons = timeline.rows(timeline.mark), everybody(con, among)
    assert rows is not None
    lines = Timelines(rows.of(persons) if among else rows.columns(), rows, persons)
    assert all(lines.knows(one) for one in asked)
    masks = lines.masks({str(place): one for place, one in enumerate(asked)}, AS_OF)
    for place, one in enumerate(asked):
        slowly = {person["person"] for person in made.persons if holds(made, {}, one, person)}
        assert set(persons[masks[str(place)]].tolist()) == slowly & set(persons.tolist())


def test_timelines_know_nothing_of_other_columns() -> None:
    timeline, _live = living(1)
    rows = timeline.rows(timeline.mark)
    assert rows is not None
    lines = Timelines(rows.columns(), rows, np.arange(3))
    plain = {"source": "events", "where": [{"column": "device", "value": "mobile"}]}
    assert not lines.knows(Behaviour.model_validate(plain))
    assert not lines.knows(Behaviour.model_validate({"source": "visits"}))
    assert not lines.knows(Behaviour.model_validate({"source": "events", "aggregate": "distinct", "column": "name"}))


def test_a_mask_is_made_once_for_a_state_and_anew_for_the_next() -> None:
    _made, _tags, con = brand(2)
    timeline, _live = living(2)
    live, tree = Live(timeline, lambda: TAGS), Profile(field="known", value=True)
    before = live.counts(con, [tree], AS_OF)
    con.execute("BEGIN")
    con.execute("UPDATE person SET known = true")
    assert live.counts(con, [tree], AS_OF) == before
    _old, _new = next_mark(con)
    assert live.counts(con, [tree], AS_OF) == (before[-1], before[-1])
    con.execute("ROLLBACK")


@pytest.mark.parametrize("persons", [np.arange(200_000), np.arange(200_000) * 2 + 1_000_000_007], ids=["all", "odd"])
def test_samples_have_their_share_and_know_nothing_of_each_other(persons: np.ndarray) -> None:
    several = [sampled(persons, 10, str(seed)) for seed in range(12)]
    assert all(abs(one.mean() - 0.1) < 0.004 for one in several)
    both = [(one & other).mean() for one, other in itertools.combinations(several, 2)]
    assert all(abs(share - 0.01) < 0.0012 for share in both)  # six standard errors are 0.0013


def test_timelines_of_another_state_are_not_asked() -> None:
    timeline, _live = living(1)
    assert timeline.rows(timeline.mark) is not None
    assert timeline.rows("another") is None
    assert timeline.rows("") is None
