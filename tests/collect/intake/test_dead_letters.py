"""Dead letters: seen without personal data, mended, replayed once, discarded with a reason."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import pytest

from dujiang.collect import dead_letters
from dujiang.collect.dead_letters import DeadLetters
from dujiang.collect.decode import decode
from dujiang.collect.mending import RuleSpec
from dujiang.foundation.definitions import Definition
from dujiang.foundation.errors import Conflict, InvalidInput, NotFound
from dujiang.foundation.progress import Cancelled
from dujiang.store.audit import Audit
from dujiang.store.database import Database
from dujiang.store.journal import JournalRow
from dujiang.store.keyring import Keyring
from dujiang.store.manifest import Count, Manifest

PHONE = "13871654023"
GOOD = {"type": "track", "event": "Paid", "anonymousId": "anon-1", "messageId": "m-good"}
BROKEN = {**GOOD, "messageId": "m-broken", "timestamp": "2026/11/11 09:00", "context": {"traits": {"phone": PHONE}}}
RULE = {
    "match": {"reason_code": "event.timestamp_unreadable"},
    "steps": [{"do": "cast", "at": "/timestamp", "to": "moment"}],
}


@dataclass
class Desk:
    """Loads journal rows as the loader does, but keeps facts in a dictionary by key."""

    house: Any
    manifest: Manifest
    db: Database
    keyring: Keyring
    letters: DeadLetters = field(init=False)
    definitions: dict[tuple[str, str], Definition] = field(default_factory=dict)
    facts: dict[int, Any] = field(default_factory=dict)
    loaded: int = 0

    def __post_init__(self) -> None:
        self.letters = DeadLetters(
            self.manifest,
            self.db,
            self.house.journal,
            self.keyring,
            lambda _kind: self.definitions,
            self.house.clock,
            self.decoded,
            self.house.tokeniser.protect,
        )

    def decoded(self, row: JournalRow) -> Any:
        seal = lambda data: self.keyring.seal(data, "dead_letter")  # noqa: E731
        return decode(row, tokeniser=self.house.tokeniser, source=self.house.source, plan=self.house.plan, seal=seal)

    def receive(self, *events: Any, path: str = "/v1/batch") -> None:
        body = json.dumps({"batch": list(events), "writeKey": "dc_web"}) if path == "/v1/batch" else json.dumps(events)
        answer = self.house.ask(path, body.encode(), {"x-write-key": "dc_web"})
        assert answer.status == 200
        self.load()

    def load(self) -> None:
        for row in self.house.journal.rows[self.loaded :]:
            decoded = self.decoded(row)
            new = [one for one in decoded.events if one.key not in self.facts]
            self.facts |= {one.key: one for one in new}
            hour = row.received_at.replace(minute=0, second=0, microsecond=0)
            doubles = len(decoded.events) - len(new)
            count = Count(row.source, hour, row.events, len(new), len(decoded.rejected), doubles, 0)
            with self.db.transaction() as tx:
                self.manifest.add_dead_letters(tx, decoded.dead_letters(row))
                self.manifest.add_counts(tx, [count])
        self.loaded = len(self.house.journal.rows)

    def counts(self) -> tuple[int, int, int, int]:
        """received, accepted, rejected, duplicate"""
        (one,) = self.manifest.counts()
        return one.received, one.accepted, one.rejected, one.duplicate

    def open_ids(self) -> list[int]:
        return [row.id for row in self.letters.list()]


@pytest.fixture
def desk(house: Any, sqlite_database: Database, keyring: Keyring) -> Desk:
    return Desk(house, Manifest(sqlite_database), sqlite_database, keyring)


def rule(spec: dict[str, Any] = RULE) -> RuleSpec:
    return RuleSpec.model_validate(spec)


def fix_timestamp() -> RuleSpec:
    return rule({"steps": [{"do": "set", "at": "/timestamp", "value": "2026-11-11T01:00:00Z"}]})


def test_a_letter_keeps_the_event_as_it_came_and_hides_who_it_is_about(desk: Desk) -> None:
    broken = {**BROKEN, "timestamp": "noon"}
    desk.receive(GOOD, broken)
    (number,) = desk.open_ids()
    hidden, shown = desk.letters.get(number), desk.letters.get(number, reveal_to="anna")
    assert (hidden.name, hidden.row.letter.field, hidden.row.letter.index) == ("paid", "/timestamp", 1)
    assert PHONE not in json.dumps(hidden.event)
    assert hidden.event["anonymousId"] == "•••"
    assert shown.event == broken


def test_looking_at_personal_data_is_recorded(desk: Desk) -> None:
    desk.receive({**BROKEN, "timestamp": "noon"})
    desk.letters.get(desk.open_ids()[0])
    assert Audit(desk.db).list(10) == []
    desk.letters.get(desk.open_ids()[0], reveal_to="anna")
    (entry,) = Audit(desk.db).list(10)
    assert (entry.actor, entry.action) == ("anna", "dead_letter.reveal")


def test_a_preview_shows_before_and_after_and_changes_nothing(desk: Desk) -> None:
    desk.receive({**BROKEN, "timestamp": "noon"})
    (shown,) = desk.letters.preview(fix_timestamp(), desk.open_ids())
    assert (shown.before["timestamp"], shown.after["timestamp"]) == ("noon", "2026-11-11T01:00:00Z")
    assert shown.acceptable
    assert PHONE not in json.dumps([shown.before, shown.after])
    assert (len(desk.house.journal.rows), len(desk.open_ids())) == (1, 1)


def test_a_replayed_letter_becomes_a_fact_and_the_counts_stay_true(desk: Desk) -> None:
    desk.receive(GOOD, {**BROKEN, "timestamp": "noon"})
    assert desk.counts() == (2, 1, 1, 0)
    ids = desk.open_ids()
    assert desk.letters.replay(fix_timestamp(), ids, actor="anna").fixed == tuple(ids)
    desk.load()
    assert desk.counts() == (2, 2, 0, 0)
    facts = {fact.message_id: fact for fact in desk.facts.values()}
    assert set(facts) == {"m-good", "m-broken"}
    assert facts["m-broken"].at.isoformat() == "2026-11-11T01:00:00+00:00"
    assert desk.open_ids() == []


def test_replaying_twice_makes_nothing_twice(desk: Desk) -> None:
    desk.receive({**BROKEN, "timestamp": "noon"})
    ids = desk.open_ids()
    desk.letters.replay(fix_timestamp(), ids, actor="anna")
    assert desk.letters.replay(fix_timestamp(), ids, actor="bert").fixed == ()
    desk.load()
    assert len(desk.facts) == 1
    assert desk.counts() == (1, 1, 0, 0)


def test_a_replay_cut_off_before_the_mark_is_done_again_without_a_double(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.receive({**BROKEN, "timestamp": "noon"})
    ids = desk.open_ids()
    with monkeypatch.context() as patch:
        patch.setattr(DeadLetters, "_mark_fixed", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            desk.letters.replay(fix_timestamp(), ids, actor="anna")
    assert desk.open_ids() == ids
    desk.letters.replay(fix_timestamp(), ids, actor="anna")
    desk.load()
    received, accepted, rejected, duplicate = desk.counts()
    assert (len(desk.facts), accepted, rejected, duplicate) == (1, 1, 0, 1)
    assert received == accepted + rejected + duplicate


def test_an_event_without_an_id_that_came_twice_is_one_event_after_the_replay(desk: Desk) -> None:
    record = {"type": "track", "event": "BuyTea", "time": "noon", "distinct_id": "d1", "properties": {}}
    desk.receive(record, path="/sa")
    desk.receive(record, path="/sa")
    mend = rule({"steps": [{"do": "set", "at": "/time", "value": 1794362340000}]})
    assert len(desk.letters.replay(mend, desk.open_ids(), actor="anna").fixed) == 2
    desk.load()
    assert len(desk.facts) == 1
    assert desk.counts() == (2, 1, 0, 1)


def test_what_a_rule_does_not_mend_stays_open_with_the_new_reason(desk: Desk) -> None:
    desk.receive({**BROKEN, "timestamp": "noon"})
    wrong = rule({"steps": [{"do": "set", "at": "/timestamp", "value": "2026-11-11"}, {"do": "drop", "at": "/event"}]})
    replayed = desk.letters.replay(wrong, desk.open_ids(), actor="anna")
    assert replayed.fixed == ()
    assert [one.code for one in replayed.still_wrong] == ["event.no_name"]
    assert len(desk.open_ids()) == len(desk.house.journal.rows) == 1


def test_a_rule_that_cannot_be_carried_out_says_so_for_each_letter(desk: Desk) -> None:
    desk.receive({**BROKEN, "timestamp": "noon"})
    (shown,) = desk.letters.preview(rule(), desk.open_ids())
    assert (shown.code, shown.after) == ("mend.cannot_cast", None)


def test_the_clock_of_the_first_sending_counts(desk: Desk) -> None:
    body = {**BROKEN, "timestamp": "noon", "sentAt": "2026-11-11T03:00:00Z"}  # an hour fast
    desk.receive(body)
    first: datetime = desk.house.clock.now()
    desk.house.clock.moment = first.replace(day=12)
    mend = rule({"steps": [{"do": "set", "at": "/timestamp", "value": "2026-11-11T02:50:00Z"}]})
    desk.letters.replay(mend, desk.open_ids(), actor="anna")
    desk.load()
    (fact,) = desk.facts.values()
    assert (fact.received_at, fact.at) == (first, first.replace(hour=1, minute=50))


def test_a_rule_finds_the_letters_it_is_for(desk: Desk) -> None:
    desk.receive({**BROKEN, "timestamp": "noon"}, {**GOOD, "event": ""}, {**BROKEN, "event": "Other", "timestamp": "x"})
    letters = {row.id: row.letter.index for row in desk.letters.list()}
    found = [letters[one] for one in desk.letters.matching(rule())]
    assert found == [2, 0]
    named = rule({"match": {"event": "PAID"}, "steps": [{"do": "drop", "at": "/x"}]})
    assert [letters[one] for one in desk.letters.matching(named)] == [0]


def test_a_rule_is_a_definition(desk: Desk) -> None:
    with pytest.raises(NotFound):
        desk.letters.rule("times")
    definition = Definition(kind="dead_letter_rule", name="times", spec=RULE)
    desk.definitions[definition.key] = definition
    assert desk.letters.rule("times") == rule()


def test_discarding_needs_a_reason_and_can_be_taken_back(desk: Desk) -> None:
    desk.receive({**BROKEN, "timestamp": "noon"})
    ids = desk.open_ids()
    with pytest.raises(InvalidInput):
        desk.letters.discard(ids, reason=" ", actor="anna")
    assert desk.letters.discard(ids, reason="test traffic", actor="anna") == 1
    assert desk.open_ids() == []
    with pytest.raises(Conflict):
        desk.letters.discard(ids, reason="again", actor="anna")
    assert desk.letters.reopen(ids, actor="anna") == 1
    assert desk.open_ids() == ids
    assert [entry.reason for entry in Audit(desk.db).list(10)] == ["", "test traffic"]


def test_a_letter_that_is_no_json_object_is_shown_as_text(desk: Desk) -> None:
    desk.receive(7, {"a": json.loads("[" * 70 + "]" * 70)})
    shown = [desk.letters.get(number).event for number in sorted(desk.open_ids())]
    assert shown[0] == 7
    assert shown[1].startswith('{"a":')


def test_a_long_replay_says_how_far_it_is_and_keeps_what_it_did_when_stopped(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dead_letters, "_STEP", 1)
    desk.receive(*({**BROKEN, "timestamp": "noon", "messageId": f"long-{number}"} for number in range(3)))
    told: list[tuple[int, int]] = []

    def progress(_step: str, done: int, total: int) -> None:
        told.append((done, total))
        if done == 1:
            raise Cancelled

    with pytest.raises(Cancelled):
        desk.letters.replay_all(fix_timestamp(), actor="anna", progress=progress)
    assert told == [(0, 3), (1, 3)]
    assert len(desk.open_ids()) == 2
    rest = desk.letters.replay_all(fix_timestamp(), actor="anna")
    assert (rest.fixed, rest.still_wrong, desk.open_ids()) == (2, 0, [])
