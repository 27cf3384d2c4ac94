"""Compiling kernels before somebody waits for them. What is compiled is kept beside the code, so that this is work once."""

from __future__ import annotations

import numpy as np

from dujiang.engine.columns import Columns
from dujiang.engine.kernels.among import only
from dujiang.engine.kernels.funnel import Funnel, funnel
from dujiang.engine.kernels.paths import paths
from dujiang.engine.kernels.retention import retention
from dujiang.engine.kernels.steps import EVENTS, Lookup, Where, chosen, looked_up, stepped


def warm() -> None:
    """Run every kernel that questions use on two rows."""
    person, at_ms = np.array([1, 1]), np.array([0, 5])
    bits, code = np.array([1, 2], np.uint32), np.array([0, 0], np.int32)
    for rules in (Funnel(2, window_ms=10), Funnel(2, order="any", window_ms=10)):
        funnel(person, at_ms, bits, rules)
    retention(person, at_ms, bits, np.array([0, 10, 20]), 1, first_only=True)
    paths(person, at_ms, bits, code, 1, steps=2, gap_ms=10, collapse=True)
    rows = Columns(person, at_ms, code, code, code, at_ms, at_ms, at_ms)
    stepped(rows, Where.of(bits, bits, bits, [(0, 10)]))
    looked_up(rows, EVENTS, Lookup.of(person[:1], code[:1]))
    only(bits, person, person[:1])
    for small in (np.int8, np.int16, np.int32):
        chosen(bits, rows, 1, EVENTS, code.astype(small), np.array([True, False]))
