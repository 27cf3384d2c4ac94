"""Markov credits against published numbers, a solver that removes channels one by one, and simulation."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from path_kit import Journeys, journeys, paths_of, removal_effects

from dujiang.foundation.errors import InvalidInput, TooLarge
from dujiang.insight.attribution import markov as module
from dujiang.insight.attribution.markov import by_path, markov, path_shares, solved, transitions

# The example of "Attribution model with R, part 1" (AnalyzeCore): removal effects 0.5, 1, 1; a third of journeys convert.
PUBLISHED: Journeys = [([0, 1, 2], 1, 90, 0), ([0], 0, 0, 1), ([1, 2], 0, 0, 1)]
converting = journeys().filter(lambda found: any(converted for _touches, converted, *_rest in found))


def test_the_published_example() -> None:
    found = markov(paths_of(PUBLISHED, 3))
    assert found.removal == pytest.approx([0.5, 1, 1])
    assert found.reach[0] == pytest.approx(1 / 3)
    assert found.credits.conversions == pytest.approx([0.2, 0.4, 0.4])
    assert found.credits.value == pytest.approx([18, 36, 36])


@settings(deadline=None, max_examples=60)
@given(converting, st.integers(1, 3), st.booleans())
def test_equals_solving_without_each_channel(found: Journeys, order: int, with_nulls: bool) -> None:
    seen = found if with_nulls else [(touches, converted, value, 0) for touches, converted, value, _nulls in found]
    answer = markov(paths_of(found, 4), order=order, with_nulls=with_nulls)
    assert answer.removal == pytest.approx(removal_effects(seen, 4, order), abs=1e-9)
    if answer.removal_value is not None:
        assert answer.removal_value == pytest.approx(removal_effects(seen, 4, order, money=True), abs=1e-9)


@settings(deadline=None, max_examples=40)
@given(converting, converting, st.integers(1, 2))
def test_paths_counted_by_turns_are_those_counted_together(one: Journeys, other: Journeys, order: int) -> None:
    turns = [transitions(paths_of(found, 4), order=order) for found in (one, other)]
    together = markov(paths_of(one + other, 4), order=order)
    assert solved(turns[0] + turns[1], order).credits.conversions == pytest.approx(together.credits.conversions)
    assert solved(turns[0] + turns[1], order).credits.value == pytest.approx(together.credits.value)


@settings(deadline=None, max_examples=40)
@given(converting, st.integers(1, 2))
def test_dense_and_sparse_factorisation_agree(found: Journeys, order: int) -> None:
    paths = paths_of(found, 4)
    dense = markov(paths, order=order)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "_DENSE_ABOVE", 2.0)
        sparse = markov(paths, order=order)
    assert sparse.credits.conversions == pytest.approx(dense.credits.conversions)


@settings(deadline=None, max_examples=50)
@given(journeys(), st.integers(1, 2), st.booleans())
def test_credits_sum_to_what_happened(found: Journeys, order: int, with_nulls: bool) -> None:
    paths = paths_of(found, 4)
    for shared in (markov(paths, order=order, with_nulls=with_nulls).credits, by_path(paths, order=order)):
        assert shared.conversions.sum() == pytest.approx(paths.conversions)
        assert shared.value.sum() == pytest.approx(paths.value.sum())
        assert min(shared.conversions.min(), shared.value.min()) >= 0


@settings(deadline=None, max_examples=50)
@given(converting, st.permutations(range(4)))
def test_other_codes_for_channels_permute_credits(found: Journeys, codes: list[int]) -> None:
    renamed: Journeys = [([codes[touch] for touch in touches], *rest) for touches, *rest in found]  # type: ignore[misc]
    before, after = (markov(paths_of(one, 4), order=2).credits.conversions for one in (found, renamed))
    assert after[list(codes)] == pytest.approx(before)


@settings(deadline=None, max_examples=50)
@given(converting)
def test_touching_several_times_in_a_row_changes_nothing(found: Journeys) -> None:
    doubled: Journeys = [([touch for touch in touches for _ in "ab"], *rest) for touches, *rest in found]  # type: ignore[misc]
    single: Journeys = [
        ([touch for place, touch in enumerate(touches) if place == 0 or touches[place - 1] != touch], *rest)  # type: ignore[misc]
        for touches, *rest in found
    ]
    once, twice = (markov(paths_of(one, 4)).credits.conversions for one in (single, doubled))
    assert twice == pytest.approx(once)


def test_equals_a_simulation() -> None:
    found: Journeys = [
        ([0, 1, 0, 2], 3, 0, 4),
        ([1, 1], 2, 0, 9),
        ([2, 0], 1, 0, 3),
        ([0], 4, 0, 5),
        ([2, 1, 2], 2, 0, 1),
    ]
    walks = 60_000
    rng = np.random.default_rng(5)
    steps: dict[int, list[int]] = {}
    for touches, converted, _value, nulls in found:
        for now, after in zip([-1, *touches], [*touches, None], strict=True):
            ends = [7] * converted + [8] * nulls if after is None else [after] * (converted + nulls)
            steps.setdefault(now, []).extend(ends)
    met, conversions = np.zeros(3), 0
    for _ in range(walks):
        now, seen = -1, set()
        while now < 7:
            now = int(rng.choice(steps[now])) if now >= 0 else steps[now][int(rng.integers(len(steps[now])))]
            seen.add(now)
        if now == 7:
            conversions += 1
            met[[one for one in seen if one < 7]] += 1
    answer = markov(paths_of(found, 3))
    assert answer.reach[0] == pytest.approx(conversions / walks, abs=4 * 0.5 / walks**0.5)
    assert answer.removal == pytest.approx(met / conversions, abs=4 * 0.5 / conversions**0.5)


def test_channels_that_never_convert_get_nothing() -> None:
    answer = markov(paths_of([([0], 5, 50, 5), ([1], 0, 0, 9)], 3))
    assert answer.credits.conversions.tolist() == [5, 0, 0]
    assert answer.removal is not None
    assert answer.removal.tolist() == [1, 0, 0]


def test_no_conversion_has_no_removal_effect() -> None:
    answer = markov(paths_of([([0, 1], 0, 0, 3)], 2))
    assert answer.removal is None
    assert answer.credits.conversions.tolist() == [0, 0]


def test_loops_that_hardly_end() -> None:
    long: Journeys = [([0, 1] * 5_000, 1, 10, 0), ([0, 1] * 5_000, 0, 0, 1), ([2], 1, 10, 0)]
    answer = markov(paths_of(long, 3))
    assert answer.removal == pytest.approx([0.5, 0.5, 0.5], abs=1e-6)


def test_shares_of_a_path_follow_what_raised_the_chance() -> None:
    # Of journeys that end after 0 a tenth converts, after 1 half: the touch of 1 raised the chance, going back did not.
    paths = paths_of([([0], 1, 0, 9), ([1], 5, 0, 5), ([0, 1, 0], 0, 0, 0)], 2)
    chain = markov(paths)
    assert chain.reach == pytest.approx([0.3, 0.1, 0.5])
    shares = path_shares(paths, chain)
    assert shares[:2] == pytest.approx([1, 1])
    assert shares[2:] == pytest.approx([0, 1, 0])


def test_refusals() -> None:
    paths = paths_of(PUBLISHED, 60)
    with pytest.raises(InvalidInput):
        markov(paths, order=0)
    with pytest.raises(TooLarge):
        markov(paths, order=4)
