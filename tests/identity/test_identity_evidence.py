"""Every decision can be told in one sentence, in both languages."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

from dujiang.collect.identifier_types import IdentifierTypes
from dujiang.foundation.i18n import catalogue
from dujiang.identity import evidence
from dujiang.identity.evidence import explain

TYPES = IdentifierTypes.of()


@pytest.fixture
def person(new_world: Callable[[], Any], fact: Callable[..., Any], node_of: Callable[[str], int]) -> Callable[..., Any]:
    """Decisions about the person of a name, after some facts."""

    def ask(name: str, *facts: tuple[Any, ...]) -> list[Any]:
        world = new_world()
        world.load(fact(*each) for each in facts)
        number = world.con.execute("SELECT person FROM person_node WHERE node = ?", [node_of(name)]).fetchall()[0][0]
        return explain(world.con, number, TYPES)

    return ask


def test_a_join_is_told_with_its_records(person: Callable[..., Any]) -> None:
    (found,) = person("member_no:1", ("member_no:1 mobile:1", 0, "pos"), ("member_no:1 mobile:1", 9, "shop"))
    assert (found.joined, found.reason, found.facts, found.sources) == (True, "same_record", 2, ("pos", "shop"))
    assert (found.first, found.last) == (date(2026, 1, 1), date(2026, 1, 10))
    sentence = found.text(TYPES, "en")
    assert "Member number" in sentence and "Mobile number" in sentence
    assert sentence.endswith("stand together in records of pos, shop (2 in all, 2026-01-01 to 2026-01-10).")


def test_a_refusal_is_told_with_the_limit(person: Callable[..., Any]) -> None:
    facts = [("member_no:1 mobile:1", 0), ("member_no:1 mobile:1", 1), ("member_no:2 mobile:1", 2)]
    refused = [one for one in person("member_no:2", *facts) if not one.joined]
    assert [(one.reason, one.limit) for one in refused] == [("limit:member_no", 1)]
    assert "超过 1 个" in refused[0].text(TYPES, "zh") and "会员号" in refused[0].text(TYPES, "zh")


def test_both_sides_of_a_refused_link_know_of_it(person: Callable[..., Any]) -> None:
    facts = [("member_no:1 mobile:1", 0), ("member_no:1 mobile:1", 1), ("member_no:2 mobile:1", 2)]
    assert [one.reason for one in person("member_no:1", *facts)] == ["same_record", "limit:member_no"]


def test_what_joins_comes_first_and_the_strongest_of_it(person: Callable[..., Any]) -> None:
    facts = [("user_id:1 mobile:1", 0), ("user_id:1 email:1", 1), ("user_id:1 email:1", 2), ("user_id:2 mobile:1", 3)]
    assert [(one.joined, one.facts) for one in person("user_id:1", *facts)] == [(True, 2), (True, 1), (False, 1)]


def test_days_are_those_of_the_brand(new_world: Callable[[], Any], fact: Callable[..., Any], node_of: Any) -> None:
    world = new_world()
    world.load([fact("member_no:1 mobile:1", 0.75)])  # 18:00 UTC, two in the morning in Shanghai
    number = node_of("member_no:1")
    assert [one.first for one in explain(world.con, number, TYPES)] == [date(2026, 1, 2)]


def test_nobody_has_no_evidence(person: Callable[..., Any], new_world: Callable[[], Any]) -> None:
    assert explain(new_world().con, 42, TYPES) == []


@pytest.mark.parametrize("sentence", evidence._SENTENCES.values())
def test_every_sentence_is_translated_with_its_values(sentence: str) -> None:
    allowed = set(re.findall(r"{\w+}", evidence._SENTENCES["limit:"])) | {
        "{first}",
        "{last}",
        "{actor}",
        "{decided}",
        "{why}",
        "{unbound}",
    }
    assert set(re.findall(r"{\w+}", catalogue("zh")[sentence])) <= allowed


def test_an_unbinding_is_told_with_its_day(person: Callable[..., Any]) -> None:
    facts = [("member_no:1 mobile:1", 0, "pos"), ("!mobile:1", 59, "pos"), ("member_no:2 mobile:1", 70, "pos")]
    (found,) = [one for one in person("member_no:1", *facts) if one.reason == "unbound"]
    assert (found.joined, found.unbound) == (True, date(2026, 3, 1))
    assert found.text(TYPES, "zh").endswith("其中一个已于 2026-03-01 解绑或到期，此后使用它的可能是别人。")
    assert "unbound or expired on 2026-03-01" in found.text(TYPES, "en")
