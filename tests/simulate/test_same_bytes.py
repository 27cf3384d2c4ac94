"""Same seed, same bytes; how many people are made at a time changes no file and no call."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from dujiang.foundation.errors import InvalidInput
from dujiang.simulate import SimulationSpec, simulate

SPEC = SimulationSpec(end=date(2026, 6, 30), people=700, months=3, seed=3)


def _bytes(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()
    }


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return simulate(SPEC, tmp_path_factory.mktemp("first")).folder


def test_the_same_seed_gives_the_same_bytes(first: Path, tmp_path: Path) -> None:
    assert _bytes(first) == _bytes(simulate(SPEC, tmp_path).folder)


def test_writing_over_an_older_brand_leaves_nothing_of_it(first: Path, tmp_path: Path) -> None:
    simulate(SimulationSpec(end=date(2026, 3, 31), people=200, months=2), tmp_path)
    assert _bytes(simulate(SPEC, tmp_path).folder) == _bytes(first)


def test_blocks_change_no_file_no_call_and_no_truth(first: Path, tmp_path: Path) -> None:
    other = simulate(SPEC, tmp_path, block=90).folder
    one, two = _bytes(first), _bytes(other)
    tables = {name for name in one if name.startswith("truth/")}
    assert {name for name in one if name not in tables and one[name] != two[name]} == set()
    assert one.keys() == two.keys()
    for name in tables:
        left, right = (pq.read_table(folder / name) for folder in (first, other))
        keys = [
            (column, "ascending")
            for column in left.column_names
            if not str(left.schema.field(column).type).startswith("list")
        ]
        assert left.sort_by(keys).equals(right.sort_by(keys)), name


def test_another_seed_gives_another_brand(first: Path, tmp_path: Path) -> None:
    other = SimulationSpec(end=SPEC.end, people=SPEC.people, months=SPEC.months, seed=4)
    name = "truth/order.parquet"
    assert _bytes(simulate(other, tmp_path).folder)[name] != _bytes(first)[name]


@pytest.mark.parametrize(
    ("end", "months", "start"),
    [
        (date(2026, 11, 22), 18, date(2025, 5, 23)),
        (date(2026, 12, 31), 12, date(2026, 1, 1)),
        (date(2026, 3, 30), 1, date(2026, 2, 28)),
        (date(2025, 12, 31), 1, date(2025, 12, 1)),
    ],
)
def test_the_start_lies_whole_months_before_the_end(end: date, months: int, start: date) -> None:
    spec = SimulationSpec(end=end, people=100, months=months)
    assert spec.start == start
    assert spec.days == (end - start).days + 1


@pytest.mark.parametrize(
    ("values", "code"),
    [
        ({"people": 99}, "simulation.out_of_range"),
        ({"months": 0}, "simulation.out_of_range"),
        ({"hazard": "extreme"}, "simulation.unknown_hazard"),
    ],
)
def test_what_cannot_be_made_is_refused(values: dict[str, object], code: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        SimulationSpec(end=date(2026, 1, 1), **values)  # type: ignore[arg-type]
    assert caught.value.code == code
