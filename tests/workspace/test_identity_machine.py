"""Whatever happens to a few people, in whatever order: a refresh leaves in every table what computing everything would.

Facts come and go, people are joined and separated by hand, identifiers barred and taken out, a source distrusted, decisions
revoked, rules of relations changed, days pass. After each of these the tables of the engine, tags and members of segments
included, are compared with those of a full computation, and at the end with those of a rebuild from the archive.
"""

from __future__ import annotations

import tempfile
from contextlib import ExitStack, suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule, run_state_machine_as_test
from small_kit import small

from dujiang.foundation.definitions import parse
from dujiang.foundation.errors import Conflict, NotFound
from dujiang.identity.decisions import Wish
from dujiang.store.command import SYSTEM

DOOR = "address:杭州市西湖区演示路1号2幢3室"
NAMES = [
    *(f"member_no:M{number}" for number in range(4)),
    *(f"mobile:1390000001{number}" for number in range(3)),
    *(f"taobao_buyer:tb{number}" for number in range(2)),
    *(f"device_id:aaaaaaaa0{number}" for number in range(2)),
    DOOR,
]
STRONG = [name for name in NAMES if name != DOOR]
TOLD: dict[str, dict[str, Any]] = {
    "consent": {"purpose": "marketing", "medium": "sms", "state": "granted"},
    "tag": {"tag": "vip", "value": "1", "removed": False, "set_by": "test"},
    "customer": {"gender": "female", "city": "苏州市", "tags": ["爱喝茶"]},
}
SOME = st.sets(st.sampled_from(STRONG), min_size=1, max_size=3)
ONE = st.sampled_from(STRONG)
TWO = st.lists(ONE, min_size=2, max_size=2, unique=True)


class Machine(RuleBasedStateMachine):
    """One brand, and what happens to it."""

    def __init__(self) -> None:
        super().__init__()
        self._open = ExitStack()
        folder = self._open.enter_context(tempfile.TemporaryDirectory())
        self.brand = self._open.enter_context(small(Path(folder)))
        self.workspace = self.brand.workspace
        self.batches: list[str] = []

    @initialize()
    def two_members(self) -> None:
        for number in range(2):
            names = [f"member_no:M{number}", f"mobile:1390000001{number}", DOOR]
            self.batches.append(self.brand.fact("customer", names, 400 - number, **TOLD["customer"]))
        self._settle()

    @rule(
        family=st.sampled_from(["order", "order", "event", "event", "customer", "consent", "tag"]),
        names=SOME,
        at_home=st.booleans(),
        day=st.sampled_from([1, 2, 40, 150, 300]),
        source=st.sampled_from(["files", "files", "others"]),
    )
    def fact(self, family: str, names: set[str], at_home: bool, day: int, source: str) -> None:
        named = sorted(names) + [DOOR] * (at_home and family in ("order", "customer"))
        self.batches.append(self.brand.fact(family, named, day, source, **TOLD.get(family, {})))
        self._settle()

    @precondition(lambda self: len(self.batches) > 2)
    @rule(data=st.data())
    def facts_go(self, data: st.DataObject) -> None:
        batch = self.batches.pop(data.draw(st.integers(0, len(self.batches) - 1)))
        with self.workspace.db.transaction() as tx:
            self.workspace.manifest.retract(tx, batch, self.brand.clock.now())
        self.workspace.refreshing.take_back(batch)
        self._settle()

    @rule(pair=TWO, kind=st.sampled_from(["join", "separate"]))
    def decide(self, pair: list[str], kind: Any) -> None:
        a, b = (self.brand.node(name) for name in pair)
        self._made(Wish(kind, a, b, reason="test"))

    @rule()
    def those_at_home_become_one_and_two_again(self) -> None:
        a, b = (self.brand.node(f"member_no:M{number}") for number in range(2))
        with suppress(Conflict):
            made = self.workspace.identity_decisions.decide(Wish("join", a, b, reason="test"), actor=SYSTEM)
            self._settle()
            self.workspace.identity_desk.revoke(made.id, actor=SYSTEM)
        self._settle()

    @rule(name=ONE)
    def bar(self, name: str) -> None:
        self._made(Wish("bar", self.brand.node(name), reason="test"))

    @rule()
    def distrust(self) -> None:
        self._made(Wish("distrust", source="others", reason="test"))

    @rule(name=ONE, way=st.sampled_from(["taking_out", "unmerging"]))
    def take_apart(self, name: str, way: str) -> None:
        node, desk = self.brand.node(name), self.workspace.identity_desk
        owners = self.brand.rows(f"SELECT person FROM person_node WHERE node = {node} ORDER BY from_at NULLS FIRST")
        with suppress(Conflict, NotFound):
            if owners:
                parting = getattr(desk, way)(node, owners[0][0])
                tried = desk.try_parting(parting)
                desk.part(parting, actor=SYSTEM, reason="test")
                assert tried.splits or tried.affected == 0
        self._settle()

    @rule(data=st.data())
    def revoke(self, data: st.DataObject) -> None:
        decisions = self.workspace.identity_decisions.in_force()
        if decisions:
            decisions.sort(key=lambda one: (one.kind, one.a or 0, one.b or 0))
            chosen = decisions[data.draw(st.integers(0, len(decisions) - 1))]
            self.workspace.identity_desk.revoke(chosen.id, actor=SYSTEM)
            self._settle()

    @rule(people=st.sampled_from([1, 2, 6]))
    def other_rules(self, people: int) -> None:
        spec = {"through": ["address"], "people_from": 2, "pairs_to": people, "rank": 30}
        definitions = self.workspace.definitions
        definitions.apply(
            definitions.plan([parse({"kind": "relation", "name": "household", "spec": spec})]), actor="test"
        )
        self._settle()

    @rule()
    def a_day_passes(self) -> None:
        self.brand.clock.advance(timedelta(days=1))
        self._settle()

    def _made(self, wish: Wish) -> None:
        with suppress(Conflict):
            self.workspace.identity_decisions.decide(wish, actor=SYSTEM)
        self._settle()

    def _settle(self) -> None:
        self.brand.refresh()
        found = self.brand.state()
        self.workspace._refresher.refresh(full=True)
        assert self._different(found) == []

    def _different(self, found: dict[str, Any]) -> list[str]:
        now = self.brand.state()
        return [name for name in found if found[name] != now[name]]

    def teardown(self) -> None:
        found = self.brand.state()
        self.workspace.rebuild()
        different = self._different(found)
        self._open.close()
        assert different == []


def run(examples: int, steps: int) -> None:
    run_state_machine_as_test(
        Machine,
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            deadline=None,
            derandomize=True,
            database=None,
            suppress_health_check=[HealthCheck.too_slow],
        ),
    )


def test_a_refresh_leaves_what_computing_everything_would() -> None:
    run(examples=1, steps=10)


@pytest.mark.slow
def test_a_refresh_leaves_what_computing_everything_would_at_length() -> None:
    run(examples=60, steps=25)
