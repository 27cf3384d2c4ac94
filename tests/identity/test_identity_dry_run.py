"""A dry run says exactly what then happens, and changes nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from dujiang.collect.identifier_types import KIND, IdentifierTypes, presets
from dujiang.foundation.definitions import Definition
from dujiang.identity.dry_run import DryRun, dry_run


def _with(name: str, **changed: Any) -> IdentifierTypes:
    ready = {one.name: one for one in presets()}
    return IdentifierTypes.of([Definition(kind=KIND, name=name, spec={**ready[name].spec, **changed})])


@pytest.fixture
def world(new_world: Callable[..., Any], fact: Callable[..., Any]) -> Any:
    world = new_world()
    world.load([fact("member_no:1 mobile:1"), fact("member_no:1 mobile:2", 1), fact("member_no:2 email:a@b.cn", 2)])
    return world


def _try(world: Any, types: IdentifierTypes | None = None) -> DryRun:
    before = world.rows("person_node")
    found = dry_run(world.con, world.types, types or world.types, world.rulings)
    assert world.rows("person_node") == before
    return found


def test_no_change_does_nothing(world: Any) -> None:
    found = _try(world)
    assert (found.persons_before, found.persons_after, found.merges, found.splits, found.affected) == (2, 2, 0, 0, 0)


def test_a_lower_limit_splits(world: Any) -> None:
    found = _try(world, _with("mobile", limit=1))
    assert (found.persons_after, found.splits, found.affected, found.not_covered) == (3, 1, 1, ())
    (example,) = found.examples
    assert (example.change, example.identifiers, example.reason) == ("split", 1, "limit:mobile")
    assert [size for _person, size, _before in found.largest] == [2, 2, 1]


def test_a_decision_merges(world: Any, node_of: Callable[[str], int]) -> None:
    world.rule("join", "mobile:1", "email:a@b.cn")
    found = _try(world)
    (example,) = found.examples
    assert (found.merges, found.splits, found.affected) == (1, 0, 2)
    assert (example.change, example.identifiers, example.reason, example.facts) == ("merge", 2, "by_hand", 0)
    assert found.largest[0][1:] == (5, 3)


def test_a_distrusted_source(world: Any) -> None:
    world.rule("distrust", source="shop")
    assert (_try(world).persons_after, _try(world).splits) == (5, 3)


def test_it_says_what_then_happens(world: Any) -> None:
    world.rule("separate", "member_no:1", "mobile:1")
    foretold = _try(world)
    done = world.resolve()
    assert (foretold.merges, foretold.splits) == (len(done.merges), len(done.splits))
    assert foretold.persons_after == len(world.partition())


def test_what_concerns_loading_is_named(world: Any) -> None:
    found = _try(world, _with("email", pattern=".*", limit=1))
    assert found.not_covered == ("email.pattern",)
