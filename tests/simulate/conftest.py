"""One small brand for all tests of the room, read back the way anybody would read it."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow.parquet as pq
import pytest

from dujiang.foundation.definitions import Definition, kinds, load_yaml
from dujiang.simulate import Simulated, SimulationSpec, simulate
from dujiang.workspace import Workspace

SPEC = SimulationSpec(end=date(2026, 11, 20), people=3_000, months=7, seed=11)


@pytest.fixture(scope="session")
def brand(made_once: Any) -> Simulated:
    return made_once("simulate-brand", lambda folder: simulate(SPEC, folder))


@pytest.fixture(scope="session")
def definitions(brand: Simulated) -> list[Definition]:
    assert {"life_map", "question", "report"} <= {*kinds()}, Workspace  # importing it makes every kind known
    return load_yaml((brand.folder / "brand.yaml").read_text("utf-8"))


@pytest.fixture(scope="session")
def truth(brand: Simulated) -> Callable[[str], pd.DataFrame]:
    return lambda name: pq.read_table(brand.folder / "truth" / f"{name}.parquet").to_pandas()


def requests_of(folder: Path) -> Iterator[dict[str, Any]]:
    for file in sorted((folder / "calls").iterdir()):
        with gzip.open(file, "rt", encoding="utf-8") as lines:
            yield from map(json.loads, lines)


@pytest.fixture(scope="session")
def requests(brand: Simulated) -> list[dict[str, Any]]:
    return list(requests_of(brand.folder))
