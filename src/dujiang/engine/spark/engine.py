"""The answers on Spark: every table of the contract as Parquet that a cluster reads, and questions asked of them.

The facts and every table of the refresh graph are computed by Spark, by the same expressions as on DuckDB. Who is who, and
what rooms downstream keep of persons, is decided by the engine on the driver and handed over (:data:`HANDED_OVER`).
"""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any, Final

import duckdb
import ibis
import pyarrow as pa
import pyarrow.parquet as pq

from dujiang.engine.contract import ALL, DERIVED, FACTS
from dujiang.engine.expressions import Scope
from dujiang.engine.graph import GRAPH, in_order
from dujiang.engine.question import Rows, ask, bounded
from dujiang.engine.rules import IdentifierRules
from dujiang.engine.spark.dialect import translated, written
from dujiang.engine.spark.facts import fact_rows, spark_schema
from dujiang.engine.spark.session import Session
from dujiang.engine.spark.timelines import Timelines, timelines
from dujiang.engine.spark.view import SparkView
from dujiang.foundation.errors import DujiangError, InvariantBroken, NotFound, Unavailable
from dujiang.foundation.i18n import _
from dujiang.foundation.ids import new_id
from dujiang.foundation.progress import Progress, silent

HANDED_OVER: Final = (*(name for name in DERIVED if name not in {node.table for node in GRAPH}), "identifier_rule")
"""Tables that the driver's engine decides on and Spark reads as they are."""

_CURRENT: Final = "current"
_OWNER: Final = "SELECT node, person, from_at, to_at FROM person_node"


class SparkEngine:
    """The answers below a folder that driver and workers both see.

    Every build writes a state of its own; those who read keep the one they began with.

    Args:
        session: of :func:`dujiang.engine.spark.session.open_session`.
        folder: on a disk that all machines share.
    """

    def __init__(self, session: Session, folder: Path) -> None:
        self._session, self._folder = session, folder
        folder.mkdir(parents=True, exist_ok=True)
        self._state = self._opened(self._current())

    def build(
        self,
        parts: Iterable[tuple[str, str]],
        decided: duckdb.DuckDBPyConnection,
        rules: IdentifierRules,
        scope: Scope,
        progress: Progress = silent,
    ) -> str:
        """Compute every answer from the archive; the mark of the new state.

        Args:
            parts: fact family and address of every part in force.
            decided: a reading connection to an engine that knows the same parts: tables are handed over from it.
            rules: types of identifiers.
            scope: a full one, with the brand's zone and session gap.
            progress: told of every table.
        """
        mark = new_id("state")
        state = _State(self._session.newSession(), self._folder / mark, mark)
        files: dict[str, list[str]] = {family: [] for family in FACTS}
        for family, address in parts:
            files[family].append(address)
        for position, (family, found) in enumerate(files.items()):
            progress(f"fact_{family}", position, len(files))
            state.keep_facts(family, found, rules, scope.zone)
        for name in HANDED_OVER:
            state.hand_over(decided, name)
        state.see_owners()
        nodes = in_order()
        for position, node in enumerate(nodes):
            progress(node.table, position, len(nodes))
            rows = state.session.sql(written(node.expression(scope)))
            state.keep(node.table, rows.sortWithinPartitions("day") if node.by_day else rows)
        self._show(state)
        return mark

    @contextmanager
    def read(self) -> Iterator[Any]:
        """A :class:`Reader`, on which every question sees the same state.

        Raises:
            NotFound: ``engine.not_built``.
        """
        reader = Reader(self._shown())
        try:
            yield reader
        finally:
            reader.close()

    @contextmanager
    def timelines(self) -> Iterator[Timelines]:
        """What everybody did, sorted and kept by the workers meanwhile, for passes of ``engine/kernels``.

        Raises:
            NotFound: ``engine.not_built``.
        """
        found = timelines(self._shown().session)
        try:
            yield found
        finally:
            found.drop()

    def table(self, name: str) -> ibis.Table:
        """The contract's table ``name`` for Ibis expressions; run them with :meth:`query`.

        Raises:
            NotFound: ``engine.no_table``.
        """
        if name not in ALL:
            sentence = _("There is no table {name}. The tables are listed in the engine's contract.")
            raise NotFound("engine.no_table", sentence, name=name)
        return ibis.table(ibis.Schema.from_pyarrow(ALL[name].columns), name=name)

    def query(self, expression: ibis.Table, *, seconds_max: float = 600.0) -> pa.Table:
        """The rows that ``expression`` (over tables of :meth:`table`) asks for.

        Raises:
            Unavailable: ``engine.too_long``.
        """
        with bounded(self, seconds_max) as reader:
            return ask(reader, expression)

    def _shown(self) -> _State:
        if self._state is None:
            raise NotFound("engine.not_built", _("Spark has no answers yet. Build them from the archive first."))
        return self._state

    def _show(self, state: _State) -> None:
        before = self._state
        fresh = self._folder / f"{_CURRENT}.new"
        fresh.write_text(state.mark, encoding="utf-8")
        fresh.replace(self._folder / _CURRENT)
        self._state = state
        if before is not None:
            before.drop()

    def _current(self) -> str | None:
        try:
            return (self._folder / _CURRENT).read_text("utf-8")
        except FileNotFoundError:
            return None

    def _opened(self, mark: str | None) -> _State | None:
        if mark is None:
            return None
        state = _State(self._session.newSession(), self._folder / mark, mark)
        for name in (*ALL, "identifier_rule"):
            state.see(name)
        state.see_owners()
        return state


class _State:
    """The tables of one build: Parquet below a folder, seen under their names in a session of their own."""

    def __init__(self, session: Session, folder: Path, mark: str) -> None:
        self.session, self.folder, self.mark = session, folder, mark
        self._timelines: Timelines | None = None
        self._lock = threading.Lock()

    def timelines(self) -> Timelines:
        """The timelines, which workers keep once they were read."""
        with self._lock:
            if self._timelines is None:
                self._timelines = timelines(self.session)
            return self._timelines

    def drop(self) -> None:
        """Let go of what workers keep, and remove the files."""
        if self._timelines is not None:
            self._timelines.drop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def keep_facts(self, family: str, files: Sequence[str], rules: IdentifierRules, zone: str) -> None:
        """Write the facts of ``family`` that lie in ``files``."""
        name = f"fact_{family}"
        if files:
            self.keep(name, fact_rows(self.session, family, files, rules, zone))
        else:
            self._put(name, ALL[name].columns.empty_table())

    def keep(self, name: str, rows: Any) -> None:
        """Write a table of the contract."""
        # Ibis counts rows in 64 bits and Spark in 32: the contract's types are meant.
        shaped = rows.to(spark_schema(ALL[name].columns))
        shaped.write.mode("error").parquet(str(self.folder / name))
        self.see(name)

    def hand_over(self, con: duckdb.DuckDBPyConnection, name: str) -> None:
        """Write a table as ``con`` has it."""
        found = con.sql(f'FROM "{name}"').to_arrow_table()
        self._put(name, found.cast(ALL[name].columns) if name in ALL else found)

    def _put(self, name: str, rows: pa.Table) -> None:
        (self.folder / name).mkdir(parents=True)
        pq.write_table(rows, self.folder / name / "0.parquet")
        self.see(name)

    def see_owners(self) -> None:
        """Make the owners of nodes known, as expressions call them."""
        self.session.sql(_OWNER).createOrReplaceTempView("owner")

    def see(self, name: str) -> None:
        """Make a table that was written known by its name."""
        reading = self.session.read.schema(spark_schema(ALL[name].columns)) if name in ALL else self.session.read
        reading.parquet(str(self.folder / name)).createOrReplaceTempView(name)


class Reader:
    """Where questions are asked of one state. What it keeps or is given, no other reader sees; it goes with it."""

    def __init__(self, state: _State) -> None:
        self._state, self._session, self.mark = state, state.session, state.mark
        self._tag, self._interrupted = new_id("question"), threading.Event()
        self._names, self._kept = dict[str, str](), list[Any]()

    def ask(self, question: Rows, told: Mapping[str, date]) -> pa.Table:
        """The answer to ``question``; ``told`` are the days that it leaves open.

        Raises:
            Unavailable: ``engine.too_long`` where :meth:`interrupt` stopped it.
        """
        with self._asking():
            return _answer(self._written(question, told))

    def ask_text(self, text: str, values: Mapping[str, Any]) -> pa.Table:
        """The answer to a question in DuckDB's SQL; ``values`` fill its gaps.

        Raises:
            Unavailable: ``engine.too_long`` where :meth:`interrupt` stopped it.
        """
        with self._asking():
            return _answer(self._said(text, values))

    def keep(self, name: str, question: Rows | str, values: Mapping[str, Any]) -> None:
        """Keep the answer to a question, or to one in DuckDB's SQL, as the table ``name``; workers hold it once it was read."""
        with self._asking():
            rows = self._said(question, values) if isinstance(question, str) else self._written(question, {})
            rows = rows.persist()
            self._kept.append(rows)
            self._call(name, rows)

    def register(self, name: str, rows: pa.Table) -> None:
        """Make ``rows`` known as the table ``name``."""
        self._call(name, self._session.createDataFrame(rows))

    def view(self) -> SparkView:
        """The timelines of the state, for passes."""
        with self._asking():
            return SparkView(self, self._said, self._asking, self._state.timelines())

    def close(self) -> None:
        """Let go of what was kept."""
        for rows in self._kept:
            rows.unpersist()
        for own in self._names.values():
            self._session.catalog.dropTempView(own)

    def _written(self, question: Rows, told: Mapping[str, date]) -> Any:
        return self._session.sql(written(question, self._names), args={**told})

    def _said(self, text: str, values: Mapping[str, Any]) -> Any:
        return self._session.sql(translated(text, values, self._names), args={**values})

    def _call(self, name: str, rows: Any) -> None:
        """Make ``rows`` known by a name of our own: readers share a session."""
        own = f"{name}_{self._tag}"
        rows.createOrReplaceTempView(own)
        self._names[name] = own

    @contextmanager
    def _asking(self) -> Iterator[None]:
        context = self._session.sparkContext
        context.addJobTag(self._tag)
        try:
            yield
        except _spark_errors() as error:
            raise self._as_ours() from error
        finally:
            context.removeJobTag(self._tag)

    def interrupt(self) -> None:
        """Stop what is being asked."""
        self._interrupted.set()
        self._session.sparkContext.cancelJobsWithTag(self._tag)

    def _as_ours(self) -> DujiangError:
        if self._interrupted.is_set():
            sentence = _("The question took too long and was stopped. Ask for a shorter period.")
            return Unavailable("engine.too_long", sentence)
        return InvariantBroken(
            "engine.failed", _("The engine could not answer. Run dujiang doctor to see what is wrong.")
        )


def _answer(rows: Any) -> pa.Table:
    """The rows of a data frame; Spark says of columns that they hold no null, which tells tables apart that are alike, and
    adds up fractions as decimals."""
    found = rows.toArrow()
    return found.cast(pa.schema([_plain(field).with_nullable(True) for field in found.schema]))


def _plain(field: pa.Field) -> pa.Field:
    is_fraction = pa.types.is_decimal(field.type) and field.type.scale > 0
    return field.with_type(pa.float64()) if is_fraction else field


def _spark_errors() -> tuple[type[Exception], ...]:
    from py4j.protocol import Py4JError
    from pyspark.errors import PySparkException

    return PySparkException, Py4JError
