"""An intake on a journal in memory, and decoding as the loader does it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest

from dujiang.collect.decode import Decoded, decode
from dujiang.collect.identifiers import IdentifierTypes, Tokeniser
from dujiang.collect.intake import Intake, IntakeRequest, IntakeResponse
from dujiang.collect.model import SourceSpec
from dujiang.collect.tracking_plan import TrackingPlan, TrackingPlanSpec
from dujiang.foundation.clock import FixedClock
from dujiang.store.journal import Entry, JournalRow
from dujiang.store.keyring import Keyring

TYPES = IdentifierTypes.of()


@dataclass(frozen=True)
class Key:
    source: str
    key_id: str


KEYS = {"dc_web": Key("web", "key_1"), "dc_app": Key("app", "key_2")}


@dataclass
class MemoryJournal:
    """Keeps what it is given, unless it is told to fail."""

    rows: list[JournalRow] = field(default_factory=list)
    failure: Exception | None = None

    async def append(self, entry: Entry) -> int:
        if self.failure:
            raise self.failure
        self.append_many([entry])
        return len(self.rows)

    def append_many(self, entries: list[Entry]) -> list[int]:
        for one in entries:
            sequence = len(self.rows) + 1
            self.rows.append(
                JournalRow(
                    one.source, one.key_id, one.received_at, one.path, one.content_type, one.body, one.events, sequence
                )
            )
        return list(range(len(self.rows) - len(entries) + 1, len(self.rows) + 1))


@dataclass
class House:
    """Everything between the wire and the facts."""

    journal: MemoryJournal
    intake: Intake
    tokeniser: Tokeniser
    clock: FixedClock
    source: SourceSpec = field(default_factory=lambda: SourceSpec(channel="site", app="wx0123"))
    plan: TrackingPlan | None = None

    def ask(
        self, path: str, body: Any = None, headers: dict[str, str] | None = None, query: dict[str, str] | None = None,
        method: str = "POST",
    ) -> IntakeResponse:  # fmt: skip
        """Send a request; a mapping as body is sent as JSON."""
        sent = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
        request = IntakeRequest(method, path, query or {}, headers or {}, sent)
        return asyncio.run(self.intake.handle(request))

    def decoded(self, row: JournalRow) -> Decoded:
        return decode(row, tokeniser=self.tokeniser, source=self.source, plan=self.plan)

    def sent(self, path: str, body: Any, **more: Any) -> Decoded:
        """Send a request that has to be accepted, and decode it."""
        answer = self.ask(path, body, {"x-write-key": "dc_web"}, **more)
        assert answer.status == 200, answer.body
        row = self.journal.rows[-1]
        decoded = self.decoded(row)
        assert len(decoded.events) + len(decoded.rejected) == row.events
        return decoded

    def planned(self, spec: dict[str, Any]) -> None:
        self.plan = TrackingPlan(TrackingPlanSpec.model_validate(spec))

    def node(self, type: str, raw: str) -> int:  # noqa: A002
        found = self.tokeniser.identifier(type, raw)
        assert found is not None
        return found.node


@pytest.fixture
def house(clock: FixedClock, keyring: Keyring) -> House:
    journal, tokeniser = MemoryJournal(), Tokeniser(keyring.token, TYPES)
    house = House(journal, None, tokeniser, clock)  # type: ignore[arg-type]
    house.intake = Intake(journal, KEYS.get, clock, house.decoded)
    return house


@pytest.fixture
def make_house(clock: FixedClock, keyring: Keyring) -> Callable[..., House]:
    """A house whose intake has other limits."""

    def make(**more: Any) -> House:
        journal, tokeniser = MemoryJournal(), Tokeniser(keyring.token, TYPES)
        house = House(journal, None, tokeniser, clock)  # type: ignore[arg-type]
        house.intake = Intake(journal, KEYS.get, clock, house.decoded, **more)
        return house

    return make
