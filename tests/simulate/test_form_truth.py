"""Forms of the brand: calls tell of each field what the truth says happened; losses are those that were planted."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from datetime import date, datetime, timedelta
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd
import pytest

from dujiang.simulate import SimulationSpec
from dujiang.simulate.events import make_events
from dujiang.simulate.forms import ACTIONS, ADDRESS, CLUB, FORMS, form_table, make_attempts
from dujiang.simulate.orders import make_orders
from dujiang.simulate.people import make_people
from dujiang.simulate.purchases import make_purchases
from dujiang.simulate.texts import Moments
from dujiang.simulate.visits import make_visits
from dujiang.simulate.world import World

Truth = Callable[[str], pd.DataFrame]
Event = dict[str, Any]


@pytest.fixture(scope="module")
def told(requests: list[dict[str, Any]]) -> list[Event]:
    """Every event about a form, each once."""
    found = {
        event["messageId"]: event
        for request in requests if request["path"] == "/v1/batch"
        for event in json.loads(request["body"])["batch"] if str(event.get("event", "")).startswith("form_")
    }  # fmt: skip
    return list(found.values())


@pytest.fixture(scope="module")
def large() -> pd.DataFrame:
    """The truth of a brand of twenty thousand, without its files."""
    world = World(SimulationSpec(end=date(2026, 11, 20), people=20_000, months=12, seed=11))
    people = make_people(world, np.arange(20_000))
    orders, _lines = make_orders(world, people, make_purchases(world, people))
    events = make_events(world, people, make_visits(world, people, orders))
    moments = Moments(world.spec.start, world.days)
    return form_table(moments, events, make_attempts(world, events)).to_pandas()


def test_steps_in_the_calls_are_those_of_the_truth(told: list[Event], truth: Truth) -> None:
    said = Counter(
        (one["properties"]["form"], one["properties"]["field"], one["properties"]["index"], one["properties"]["action"])
        for one in told if one["event"] == "form_step"
    )  # fmt: skip
    rows = truth("form_field")
    did = [rows.assign(action=action)[rows[action] if action != "reached" else rows["place"] > 0] for action in ACTIONS]
    true = pd.concat(did).groupby(["form", "field", "place", "action"]).size()
    assert dict(said) == {key: int(n) for key, n in true.items()}
    assert sum(said.values()) > 1_000


def test_forms_in_the_calls_are_sent_as_often_as_the_truth_says(told: list[Event], truth: Truth) -> None:
    sent = Counter(one["properties"]["form"] for one in told if one["event"] == "form_submitted")
    true = truth("form_field").query("sent").drop_duplicates(["person", "form", "began_at"])["form"]
    assert dict(sent) == true.value_counts().to_dict()
    assert min(sent.values()) > 20


def test_no_words_that_somebody_wrote_are_told(told: list[Event]) -> None:
    assert {frozenset(one["properties"]) for one in told} == {
        frozenset({"form", "field", "index", "action"}),
        frozenset({"form"}),
    }


def test_an_attempt_is_sent_or_left_at_one_field(truth: Truth) -> None:
    attempts: dict[tuple[int, str, Any], list[dict[str, Any]]] = {}
    for row in truth("form_field").to_dict("records"):
        attempts.setdefault((row["person"], row["form"], row["began_at"]), []).append(row)
    for rows in attempts.values():
        assert sum(row["left"] for row in rows) + rows[0]["sent"] == 1
        assert [row["place"] for row in rows] == list(range(1, len(rows) + 1))
        assert all(row["filled"] for row in rows[:-1])  # who goes on has filled what came before


def test_steps_come_in_the_order_in_which_fields_are_filled(told: list[Event]) -> None:
    rank = {"reached": 0, "filled": 1, "corrected": 2}
    by_visit: dict[tuple[str, str], list[Event]] = {}
    for one in told:
        if one["event"] == "form_step" and one["timestamp"] != "Invalid Date":
            by_visit.setdefault((one["anonymousId"], one["properties"]["form"]), []).append(one)
    checked = 0
    for steps in by_visit.values():
        steps.sort(key=lambda one: one["timestamp"])
        plain = [one for one in steps if one["properties"]["action"] in ("reached", "filled")]
        for before, after in pairwise(plain):
            gap = datetime.fromisoformat(after["timestamp"]) - datetime.fromisoformat(before["timestamp"])
            first, second = ((one["properties"]["index"], rank[one["properties"]["action"]]) for one in (before, after))
            if gap < timedelta(minutes=5):  # otherwise another attempt
                assert second > first
                checked += 1
    assert checked > 500


@pytest.mark.parametrize("place", [1, 4, 5, 6])
def test_the_planted_share_leaves_a_field(large: pd.DataFrame, place: int) -> None:
    """Fields that are never refused lose nobody but those who leave at them."""
    rows = large.query("form == 'tea_club' and place == @place")
    planted = FORMS[CLUB].fields[place - 1].loses
    assert abs(rows["left"].mean() - planted) < 4 * np.sqrt(planted * (1 - planted) / len(rows))
    assert len(rows) > 500


def test_the_code_by_message_loses_most_and_takes_longest(large: pd.DataFrame) -> None:
    club = large.query("form == 'tea_club'").groupby("field")
    assert club["left"].mean().idxmax() == "sms_code"
    assert club["spent_ms"].median().idxmax() == "sms_code"
    code = next(one for one in FORMS[CLUB].fields if one.name == "sms_code")
    left = club["left"].mean()["sms_code"]
    assert code.loses < left < code.loses + 0.1  # some who sent it give up once the code is refused


def test_addresses_of_buyers_are_sent_and_those_of_others_are_not(large: pd.DataFrame, told: list[Event]) -> None:
    address = large.query("form == 'address'").drop_duplicates(["person", "began_at"])
    assert 0.2 < address["sent"].mean() < 0.6
    assert {field.name for field in FORMS[ADDRESS].fields} == set(large.query("form == 'address'")["field"])
    assert {one["context"]["page"]["path"] for one in told} == {"/member", "/cart"}


def test_forms_are_told_in_requests_of_their_own(requests: list[dict[str, Any]]) -> None:
    """All else is as if there were no forms."""
    mixed = 0
    for one in requests:
        if one["path"] == "/v1/batch":
            of_form = {str(event.get("event", "")).startswith("form_") for event in json.loads(one["body"])["batch"]}
            mixed += len(of_form) > 1
    assert mixed == 0
