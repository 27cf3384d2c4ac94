"""How passes over funnels read the rows of one person after the other."""

from __future__ import annotations

from typing import Any

import numpy as np

from dujiang.engine.kernels.compiled import inlined, inner


@inlined
def beginning(row: Any, person: Any, at_ms: Any, bits: Any, begins: Any) -> Any:  # pragma: no cover - compiled
    """The first row of the moment at which the next person from ``row`` on begins, by a row with some of ``begins``."""
    while row < len(bits) and not bits[row] & begins:
        row += 1
    while 0 < row < len(bits) and person[row - 1] == person[row] and at_ms[row - 1] == at_ms[row]:
        row -= 1
    return row


@inner
def gathered(row: Any, person: Any, at_ms: Any, bits: Any, begins: Any, own: Any) -> Any:  # pragma: no cover - compiled
    """Write to ``own`` the rows that count of the next person from ``row`` on who begins, from that moment on.

    Returns where they end, how many they are, whether two may be of the same moment, and all bits that are not the lowest of
    their row.
    """
    row = beginning(row, person, at_ms, bits, begins)
    many, tied, several = np.int64(0), False, np.uint32(0)
    who = person[row] if row < len(bits) else 0
    while row < len(bits) and person[row] == who:  # without a branch: which rows count no processor can foresee
        own[many] = row
        many += bits[row] != 0
        tied |= (at_ms[row] == at_ms[row - 1]) & (many > 1)
        several |= bits[row] & (bits[row] - np.uint32(1))
        row += 1
    return row, many, tied, several


@inner
def by_step(own: Any, begin: Any, end: Any, at_ms: Any, bits: Any, lowest: Any) -> None:  # pragma: no cover - compiled
    """Sort rows of the same moment by their lowest step; those of none stay behind, and equal ones in their order."""
    every = np.uint32(len(lowest) - 1)
    for place in range(begin + 1, end):
        row, to = own[place], place
        step = lowest[bits[row] & every]
        while to > begin and at_ms[own[to - 1]] == at_ms[row] and lowest[bits[own[to - 1]] & every] > step:
            own[to] = own[to - 1]
            to -= 1
        own[to] = row
