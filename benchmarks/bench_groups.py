"""Groups among a million people and twenty million events: features, fit, everybody assigned, and one in a hundred again.

python benchmarks/bench_groups.py [PEOPLE]
"""

from __future__ import annotations

import json
import resource
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
from bench_people import NOW, build

from dujiang.engine.refresh import Change
from dujiang.foundation.timewindows import zone
from dujiang.people.groups.assigning import GroupModel
from dujiang.people.groups.features import prepare
from dujiang.people.groups.fit import NOTHING_BEFORE, fit_groups
from dujiang.people.groups.follower import GroupFollower
from dujiang.people.groups.model import GroupRules, GroupRun

CHANNELS = {"marketplace": ("tmall",), "content": ("douyin",), "own": ("site",), "store": ("store",)}
TODAY = Change(True, NOW, "Asia/Shanghai").today
# The benchmark's people differ by chance alone: a number of groups is taken all the same, so that assigning can be measured.
RULES = GroupRules(prediction_strength=0.01, jaccard=0.01, least_share=0.001)


@dataclass
class Kept:
    """Stands for the store: hands out the one fit."""

    run: GroupRun
    model: GroupModel

    def in_use(self) -> tuple[GroupRun, GroupModel]:
        """The fit."""
        return self.run, self.model


def measure(people: int) -> dict[str, Any]:
    """Seconds of each part, and the memory at most."""
    with tempfile.TemporaryDirectory() as folder:
        config = {"threads": 2, "memory_limit": "4GB", "temp_directory": folder}
        con = duckdb.connect(str(Path(folder) / "people.duckdb"), config=config)
        con.execute("SET TimeZone = 'UTC'")
        con.execute("SET preserve_insertion_order = false")
        build(con, people)
        features = _timed(lambda: prepare(con, TODAY, zone(), days=365, least=2, channels=CHANNELS))
        start = time.perf_counter()
        fit = fit_groups(con, TODAY, zone(), RULES, CHANNELS, NOTHING_BEFORE, lambda *_told: None)
        fitted = round(time.perf_counter() - start, 2)
        assert fit.model is not None
        follower: Any = GroupFollower(Kept(GroupRun("model_x", NOW, TODAY, "fitted", fit.body), fit.model))  # type: ignore[arg-type]
        full = _timed(lambda: follower.follow(con, Change(True, NOW, "Asia/Shanghai")))
        con.execute(f"CREATE TEMP TABLE touched AS SELECT i AS person FROM range(0, {people}, 100) t(i)")
        part = _timed(lambda: follower.follow(con, Change(False, NOW, "Asia/Shanghai")))
        con.execute("CREATE OR REPLACE TEMP TABLE touched AS SELECT i AS person FROM range(0, 100) t(i)")
        few = _timed(lambda: follower.follow(con, Change(False, NOW, "Asia/Shanghai")))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2
    seconds = {"features_s": features, "fit_s": fitted, "full_s": full, "one_percent_s": part, "hundred_people_s": few}
    sizes = {"people": people, "grouped": fit.body.people, "features": len(fit.body.features)}
    return {**sizes, **seconds, "peak_gb": round(peak, 2)}


def _timed(work: Any) -> float:
    start = time.perf_counter()
    work()
    return round(time.perf_counter() - start, 2)


if __name__ == "__main__":
    print(json.dumps(measure(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000)))
