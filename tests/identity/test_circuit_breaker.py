"""When a source is held: the statistics, on histories whose answer is known."""

from __future__ import annotations

import random
from datetime import UTC, datetime

import pytest

from dujiang.identity.breaker import Block, BreakerSpec, judge, presets

AT = datetime(2026, 1, 1, tzinfo=UTC)
SPEC = BreakerSpec()


def _block(merges: int, facts: int = 200) -> Block:
    return Block("shop", 1, facts, facts, merges, AT)


def _chance(rate: float, blocks: int, rng: random.Random) -> list[Block]:
    return [_block(sum(rng.random() < rate for _ in range(200))) for _ in range(blocks)]


def test_too_little_past_is_not_judged() -> None:
    assert judge(_block(200), [_block(2)] * (SPEC.blocks_min - 1), SPEC) is None


def test_the_rate_is_told_with_what_it_is_held_against() -> None:
    spec = SPEC.model_copy(update={"times": 1.0})
    verdict = judge(_block(180), [_block(merges) for merges in (4, 2) * 5], spec)
    assert verdict is not None
    assert (verdict.rate, verdict.usual, verdict.blocks, verdict.tripped) == (0.9, 30.5 / 2000, 10, True)
    # moving ranges are all 2/200 joins per fact, or 2 / sqrt(200 · usual) standard scores
    scatter = max(1.0, 2 / (200 * verdict.usual) ** 0.5 / 1.128)
    assert verdict.bound == pytest.approx(verdict.usual + 6 * scatter * (verdict.usual / 200) ** 0.5)


def test_a_source_that_never_joined_anybody_may_join_a_few() -> None:
    past = [_block(0)] * 10
    assert [judge(_block(merges), past, SPEC).tripped for merges in (1, 79, 80)] == [False, False, True]  # type: ignore[union-attr]


def test_a_source_that_always_joins_is_let_be() -> None:
    past = [_block(merges) for merges in (150, 170, 160, 155, 165) * 2]
    assert not judge(_block(200), past, SPEC).tripped  # type: ignore[union-attr]


def test_a_restless_source_is_given_more_room_than_a_steady_one() -> None:
    steady, restless = [_block(10)] * 10, [_block(merges) for merges in (0, 20) * 5]
    spec = SPEC.model_copy(update={"times": 1.0})
    bounds = [judge(_block(40), past, spec).bound for past in (steady, restless)]  # type: ignore[union-attr]
    assert bounds[0] < 0.25 < bounds[1]


def test_pure_chance_trips_nothing_in_ten_thousand_blocks() -> None:
    rng = random.Random(5)
    for rate in (0.002, 0.05, 0.4):
        blocks = _chance(rate, 3400, rng)
        for place in range(200, len(blocks), 40):
            past = blocks[place - 200 : place]
            assert not any(judge(one, past, SPEC).tripped for one in blocks[place : place + 40])  # type: ignore[union-attr]


def test_the_thresholds_come_as_a_definition() -> None:
    (definition,) = presets()
    assert definition.typed() == SPEC
