"""Funnels beside ClickHouse's ``windowFunnel``: equal where it follows our definition, and where it does not, how."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dujiang.engine.kernels.funnel import Funnel, funnel

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def house() -> Any:
    return pytest.importorskip("chdb", reason="chdb comes with the extra bench")


def levels(house: Any, folder: Path, rows: np.ndarray, steps: int, window: int, mode: str = "") -> list[int]:
    """The level of each person by ClickHouse; ``rows`` are person, moment and bits."""
    file = folder / "rows.csv"
    np.savetxt(file, rows, "%d", ",")
    conditions = ", ".join(f"bitTest(c3, {step})" for step in range(steps))
    question = f"""SELECT windowFunnel({window}{f", '{mode}'" if mode else ""})(toUInt64(c2), {conditions})
        FROM file('{file}', CSV, 'c1 Int64, c2 Int64, c3 UInt32') GROUP BY c1 ORDER BY c1"""
    return [int(line) for line in str(house.query(question, "TSV")).split()]


def reached(rows: np.ndarray, of: Funnel) -> list[int]:
    found = funnel(rows[:, 0], rows[:, 1], rows[:, 2].astype(np.uint32), of)
    by_person = dict(zip(found.person.tolist(), found.reached.tolist(), strict=True))
    return [by_person.get(person, 0) for person in np.unique(rows[:, 0]).tolist()]


def events(seed: int, apart: bool) -> np.ndarray:
    """Rows of one step each, sorted; ``apart``: no two of a person in one moment."""
    rng = np.random.default_rng(seed)
    rows = np.stack([rng.integers(0, 4000, 40_000), rng.integers(0, 60, 40_000), 1 << rng.integers(0, 4, 40_000)], 1)
    if apart:
        rows = rows[np.unique(rows[:, 0] * 1000 + rows[:, 1], return_index=True)[1]]
    return rows[np.lexsort((rows[:, 1], rows[:, 0]))]


@pytest.mark.parametrize("steps", [2, 3, 4])
@pytest.mark.parametrize("window", [5, 20, 1000])
def test_a_window_and_steps_in_order(house: Any, tmp_path: Path, steps: int, window: int) -> None:
    rows = events(steps, apart=False)
    mine = reached(rows, Funnel(steps, ties="steps", window_ms=window))
    assert levels(house, tmp_path, rows, steps, window) == mine
    assert len(set(mine)) > 2


def test_strict_increase_where_no_moments_are_equal(house: Any, tmp_path: Path) -> None:
    rows = events(7, apart=True)
    mine = reached(rows, Funnel(3, ties="never", window_ms=20))
    assert levels(house, tmp_path, rows, 3, 20, "strict_increase") == mine


A, B, C = 1, 2, 4


@pytest.mark.parametrize(
    ("rows", "of", "mode", "mine", "theirs"),
    [
        # A later event of the same moment takes the place of an earlier one that could have gone on.
        ([(0, A), (1, A), (1, B)], Funnel(2, ties="never"), "strict_increase", 2, 1),
        # It is not tried again after a break.
        ([(0, A), (1, C), (2, A), (3, B), (4, C)], Funnel(3, "strict"), "strict_order", 3, 1),
        ([(0, A), (1, B), (2, B), (3, A), (4, B), (5, C)], Funnel(3, once=True), "strict_deduplication", 3, 2),
        # One event is two steps where both are the same.
        ([(0, A | B)], Funnel(2, ties="steps"), "", 1, 2),
    ],
)
def test_where_clickhouse_is_not_followed(
    house: Any, tmp_path: Path, rows: list[tuple[int, int]], of: Funnel, mode: str, mine: int, theirs: int
) -> None:
    columns = np.array([(1, at_ms, bits) for at_ms, bits in rows])
    assert reached(columns, of) == [mine]
    assert levels(house, tmp_path, columns, of.steps, 1000, mode) == [theirs]
