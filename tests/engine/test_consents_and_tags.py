"""Consents and tags over a person's identifiers, through merges and back."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from engine_kit import Archive, Fact, answers, at, customer, event, mark, refresher, rows

from dujiang.engine.duck import Engine


def consent(who: str, state: str, moment: datetime, medium: str = "sms", **stated: Any) -> Fact:
    return mark("consent", who, moment=moment, purpose="marketing", medium=medium, state=state, **stated)


def states(engine: Engine) -> list[tuple[str, str]]:
    return [(row["medium"], row["state"]) for row in rows(engine, "consent")]


def values(engine: Engine) -> dict[str, str]:
    return {row["tag"]: row["value"] for row in rows(engine, "tagged")}


def test_the_latest_statement_of_an_identifier_holds_whenever_it_arrived(engine: Engine) -> None:
    answers(engine, consent("phone:1", "granted", at(60)), consent("phone:1", "withdrawn", at(0)))
    assert states(engine) == [("sms", "granted")]


def test_of_several_identifiers_the_stricter_wins_until_it_grants_again(engine: Engine) -> None:
    keeper, archive = refresher(engine), Archive()
    same = customer("r", "phone:1", "user:1", moment=at())
    withdrawn = consent("phone:1", "withdrawn", at(1))
    keeper.load(archive.batch("a", same, withdrawn, consent("user:1", "granted", at(2))))
    keeper.refresh()
    assert states(engine) == [("sms", "withdrawn")]
    keeper.load(archive.batch("b", consent("phone:1", "granted", at(3))))
    keeper.refresh()
    assert states(engine) == [("sms", "granted")]


def test_a_merge_takes_the_stricter_and_an_unmerge_gives_both_back(engine: Engine) -> None:
    keeper, archive = refresher(engine), Archive()
    marks = (
        consent("phone:1", "withdrawn", at(1)),
        consent("user:1", "granted", at(2)),
        mark("tag", "phone:1", moment=at(1), tag="vip", value="gold"),
        mark("tag", "user:1", moment=at(2), tag="vip", value="black"),
    )
    keeper.load(archive.batch("a", event("phone:1", moment=at()), event("user:1", moment=at()), *marks))
    keeper.refresh()
    apart = rows(engine, "consent"), rows(engine, "tagged")
    keeper.load(archive.batch("joined", customer("r", "phone:1", "user:1", moment=at(5))))
    keeper.refresh()
    assert (states(engine), values(engine)) == ([("sms", "withdrawn")], {"vip": "black"})
    keeper.retract(["joined"])
    keeper.refresh()
    assert (rows(engine, "consent"), rows(engine, "tagged")) == apart


def test_a_tag_that_is_taken_off_is_gone_and_one_that_is_undone_never_was(engine: Engine) -> None:
    keeper, archive = refresher(engine), Archive()
    keeper.load(archive.batch("a", mark("tag", "user:1", moment=at(1), tag="vip", value="gold")))
    keeper.load(archive.batch("b", mark("tag", "user:1", moment=at(2), tag="vip", removed=True)))
    keeper.refresh()
    assert values(engine) == {}
    keeper.retract(["b"])
    keeper.refresh()
    assert values(engine) == {"vip": "gold"}
