"""Spark with two worker processes, and the same facts answered by both engines."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import engine_kit
import passes_kit
import pyarrow as pa
import pyarrow.parquet as pq
import pyspark
from pyspark import SparkContext, cloudpickle
from pytest import MonkeyPatch

from dujiang.engine.contract import ALL
from dujiang.engine.duck import Engine
from dujiang.engine.expressions import Scope
from dujiang.engine.question import Rows
from dujiang.engine.spark.engine import SparkEngine
from dujiang.engine.spark.session import Session, open_session
from dujiang.engine.spark.timelines import Work
from dujiang.engine.timeline_facts import Codes, all_rows

WORKERS = 2
SCOPE = Scope(True, "Asia/Shanghai", 1800)
SMALL = {
    "spark.executor.memory": "512m",
    "spark.driver.memory": "768m",
    "spark.sql.shuffle.partitions": "2",
    "spark.default.parallelism": "2",
}
INTERPRETED = {
    # For a handful of rows, compiling each query takes many times longer than answering it.
    "spark.sql.codegen.wholeStage": "false",
    "spark.sql.codegen.factoryMode": "NO_CODEGEN",
    "spark.driver.extraJavaOptions": "-XX:TieredStopAtLevel=1",
    "spark.executor.extraJavaOptions": "-XX:TieredStopAtLevel=1",
}
for _helper in (engine_kit, passes_kit):  # workers cannot import the helpers of tests
    cloudpickle.register_pickle_by_value(_helper)


@contextmanager
def cluster(folder: Path, settings: Mapping[str, str]) -> Iterator[Session]:
    """Spark with two worker processes, whose folders lie below ``folder``."""
    home = folder / "spark"
    home.mkdir()
    for entry in Path(pyspark.__file__).parent.iterdir():
        (home / entry.name).symlink_to(entry)  # workers write beside Spark's own files
    with MonkeyPatch.context() as patched:
        patched.setenv("SPARK_HOME", str(home))
        session = open_session(f"local-cluster[{WORKERS},1,512]", {**SMALL, **settings})
        try:
            yield session
        finally:
            session.stop()
            _end_java()


def _end_java() -> None:
    gateway: Any = SparkContext._gateway
    gateway.shutdown()
    gateway.proc.stdin.close()
    gateway.proc.wait(30)
    SparkContext._gateway = SparkContext._jvm = None


@dataclass(frozen=True)
class Both:
    """The same facts on both engines."""

    duck: Engine
    spark: SparkEngine

    def passes(self, work: Work) -> tuple[pa.Table, pa.Table]:
        """What ``work`` makes of everybody's rows on DuckDB and on Spark, in the order of all columns."""
        with self.duck.read() as con:
            here = pa.concat_tables([work(rows) for rows in all_rows(con, Codes())])
        with self.spark.timelines() as timelines:
            there = timelines.each(work)
        by = [(name, "ascending") for name in here.column_names]
        return here.sort_by(by), there.sort_by(by)

    def differences(self, question: Rows) -> list[str]:
        """Where the answers to an ordered question differ; floats count as equal within 1e-9."""
        expected, found = self.duck.query(question).to_pylist(), self.spark.query(question).to_pylist()
        if len(expected) != len(found):
            return [f"{len(expected)} rows on DuckDB, {len(found)} on Spark"]
        pairs = enumerate(zip(expected, found, strict=True))
        return [f"row {at}: {one} is {other}" for at, (one, other) in pairs if not same(one, other)]


def same(one: Any, other: Any) -> bool:
    """Whether two values are equal: floats within 1e-9 of each other, everything else exactly, numbers never by type."""
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    if isinstance(one, list | tuple) and isinstance(other, list | tuple):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, float) or isinstance(other, float):
        return one is not None and other is not None and math.isclose(one, other, rel_tol=1e-9, abs_tol=1e-9)
    return one == other and isinstance(one, bool) == isinstance(other, bool)


@contextmanager
def both(session: Session, folder: Path, parts: Iterable[tuple[str, pa.Table]]) -> Iterator[Both]:
    """Both engines with the facts of ``parts``, refreshed and built."""
    duck = Engine.open(folder / "duck" / "dujiang.duckdb", memory_mb=512, threads=1)
    try:
        parts = list(parts)
        keeper = engine_kit.refresher(duck)
        keeper.load(parts)
        keeper.refresh(full=True)
        spark = SparkEngine(session, folder / "answers")
        with duck.read() as con:
            spark.build(_archived(folder / "archive", parts), con, engine_kit.Rules(), SCOPE)
        yield Both(duck, spark)
    finally:
        duck.close()


def _archived(folder: Path, parts: Iterable[tuple[str, pa.Table]]) -> Iterator[tuple[str, str]]:
    for number, (family, facts) in enumerate(parts):
        file = folder / family / f"{number}.parquet"
        file.parent.mkdir(parents=True, exist_ok=True)
        pq.write_table(facts, file, compression="zstd", store_schema=True)
        yield family, str(file)


def everything(both: Both, name: str) -> Rows:
    """All rows of the table ``name``, ordered by its key."""
    return both.spark.table(name).order_by(list(ALL[name].key))


def listening(root: int) -> set[str]:
    """Local addresses, as the kernel writes them, on which the process ``root`` and those it started listen."""
    sockets = {inode for pid in _family(root) for inode in _sockets(pid)}
    lines = [
        line.split() for name in ("tcp", "tcp6") for line in Path(f"/proc/net/{name}").read_text().splitlines()[1:]
    ]
    return {line[1].partition(":")[0] for line in lines if line[3] == "0A" and line[9] in sockets}


def _family(root: int) -> Iterator[int]:
    yield root
    for task in _still(lambda: list(Path(f"/proc/{root}/task").iterdir()), []):
        for child in _still((task / "children").read_text, "").split():
            yield from _family(int(child))


def _sockets(pid: int) -> Iterator[str]:
    for link in _still(lambda: list(Path(f"/proc/{pid}/fd").iterdir()), []):
        kind, _colon, inode = str(_still(link.readlink, "")).partition(":")
        if kind == "socket":
            yield inode.strip("[]")


def _still(look: Callable[[], Any], gone: Any) -> Any:
    """What ``look`` sees; ``gone`` where a thread, process or file ended while we looked."""
    try:
        return look()
    except (FileNotFoundError, ProcessLookupError):
        return gone
