"""Places of numbers against a dictionary."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from dujiang.engine.kernels.places import Places

ANY = st.integers(-(2**63), 2**63 - 1) | st.integers(-3, 40)


@settings(deadline=None)
@given(st.sets(ANY, max_size=40), st.lists(ANY, max_size=20, unique=True))
def test_places_are_those_of_a_dictionary(numbers: set[int], others: list[int]) -> None:
    sorted_ = sorted(numbers)
    known = {number: place for place, number in enumerate(sorted_)}
    asked = [*others, *sorted_[::-1]]
    places = Places(np.array(sorted_, np.int64))
    assert places.of(np.array(asked, np.int64)).tolist() == [known.get(one, -1) for one in asked]
    unique = list(dict.fromkeys(asked))
    rows = {number: place for place, number in enumerate(unique)}
    assert places.rows(np.array(unique, np.int64)).tolist() == [rows[one] for one in sorted_]
    assert places.rows(np.array(others, np.int64)).tolist() == [
        others.index(one) if one in others else -1 for one in sorted_
    ]
