"""Where a person can be taken apart, against a slow search."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from dujiang.identity.parting import bridges

LINKS = st.lists(
    st.tuples(st.integers(0, 8), st.integers(0, 8)).filter(lambda one: one[0] < one[1]), max_size=16, unique=True
)


def reached(links: list[tuple[int, int]], start: int = 0) -> set[int]:
    found, waiting = {start}, [start]
    while waiting:
        node = waiting.pop()
        for link in links:
            if node in link:
                (other,) = set(link) - {node}
                if other not in found:
                    found.add(other)
                    waiting.append(other)
    return found


@given(LINKS)
def test_bridges_are_the_links_without_which_something_is_lost(links: list[tuple[int, int]]) -> None:
    everything = reached(links)
    expected = {}
    for link in links:
        if link[0] in everything:
            left = reached([one for one in links if one != link])
            if left != everything:
                expected[link] = tuple(sorted(everything - left))
    assert bridges(0, links) == expected


def test_a_long_chain_needs_no_recursion() -> None:
    many = 5_000
    found = bridges(0, [(node, node + 1) for node in range(many)])
    assert len(found) == many
    assert found[many - 1, many] == (many,)
