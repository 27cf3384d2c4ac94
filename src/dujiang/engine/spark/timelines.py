"""Sequences on Spark: the passes of ``engine/kernels``, each run by the worker that has the rows of its persons.

The rows are those of :mod:`dujiang.engine.timeline_facts`, in the same order and with the same codes.
"""

from __future__ import annotations

import pickle
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final

import ibis
import numpy as np
import pyarrow as pa
import pyarrow.compute

from dujiang.engine.columns import EMPTY, Columns
from dujiang.engine.derived.events import SAYS_WHO
from dujiang.engine.expressions import earliest, fact, milliseconds, with_owner
from dujiang.engine.question import Rows, table
from dujiang.engine.spark.dialect import written
from dujiang.engine.spark.facts import spark_schema
from dujiang.engine.spark.session import Session
from dujiang.engine.timeline_facts import BUCKETS, PAGES_MAX, Codes
from dujiang.foundation.ids import new_id

Work = Callable[[Columns], pa.Table]
"""Makes a table of rows sorted by person and time; of no rows, an empty one with the same columns."""

pc: Any = pyarrow.compute  # its functions are made when it is imported
_ORDER: Final = ("person", "at_ms", "family", "at", "seq")
_CHANNELS_OF: Final = ("fact_event", "orders", "refunds", "conversation", "fact_customer")


class Told:
    """A column that is known of rows beside what timelines hold.

    Args:
        rows: a data frame of keys, each at most once, and what is known of them.
        family: number of the family whose rows the keys are from (``seq``); None where they are persons.

    Attributes:
        name: of the column, among all of them.
    """

    def __init__(self, rows: Any, family: int | None = None) -> None:
        self.name = new_id("told")
        self._rows, self._family = rows, family

    def __getstate__(self) -> dict[str, Any]:
        return {"name": self.name}  # workers need no more

    def beside(self, timeline: Any) -> Any:
        """The rows of ``timeline`` with the column."""
        from pyspark.sql.functions import lit

        if self._family is None:
            return timeline.join(self._rows.toDF("person", self.name), "person", "left")
        known = self._rows.toDF("seq", self.name).withColumn("family", lit(self._family).cast("long"))
        return timeline.join(known, ["family", "seq"], "left")


class Timelines:
    """What everybody did, kept sorted by the workers until it is let go.

    Attributes:
        codes: the words behind the codes of events, channels and pages.
    """

    def __init__(self, rows: Any, codes: Codes) -> None:
        self._rows, self.codes = rows, codes

    def each(self, work: Work) -> pa.Table:
        """What ``work`` makes of the rows of every bucket of persons, in no particular order.

        A worker holds the rows of its buckets in memory while it works.

        Args:
            work: a function that workers can import, or a closure over plain values and arrays.
        """
        return self._passed(lambda rows, _columns: work(rows), work(EMPTY).schema, [])

    def answers(self, work: Callable[[Columns, pa.Table], Any], told: Sequence[Told] = ()) -> list[Any]:
        """What ``work`` makes of the rows of every bucket of persons, and of what is told beside them: any plain values."""
        schema = pa.schema({"answer": pa.binary()})

        def run(rows: Columns, columns: pa.Table) -> pa.Table:
            return pa.table({"answer": [pickle.dumps(work(rows, columns))]}, schema)

        found = self._passed(run, schema, told)
        return [pickle.loads(one) for one in found["answer"].to_pylist()]  # noqa: S301 - written by our own workers

    def count(self) -> int:
        """How many rows there are."""
        return self._rows.count()

    def drop(self) -> None:
        """Let go of them."""
        self._rows.unpersist()

    def _passed(
        self, work: Callable[[Columns, pa.Table], pa.Table], schema: pa.Schema, told: Sequence[Told]
    ) -> pa.Table:
        codes, rows = self.codes.as_lists(), self._rows
        if told:
            for one in told:
                rows = one.beside(rows)
            rows = _sorted(rows)

        def run(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
            found = list(batches)
            if found:
                columns = pa.Table.from_batches(found)
                yield from work(_columns(columns, codes), columns).to_batches()

        return rows.mapInArrow(run, spark_schema(schema)).toArrow()


def _sorted(rows: Any) -> Any:
    return rows.repartition(BUCKETS, "bucket").sortWithinPartitions(*_ORDER)


def timelines(session: Session) -> Timelines:
    """The timelines of the tables that ``session`` sees; workers keep them once they were read."""
    return Timelines(_sorted(session.sql(written(_rows()))).persist(), _codes(session))


def _codes(session: Session) -> Codes:
    channels = {word for name in _CHANNELS_OF for word in _different(session, name, "channel")}
    pages = _different(session, "fact_event", "page", PAGES_MAX + 1)
    names = _different(session, "fact_event", "name")
    return Codes.from_lists(names, sorted(channels), None if len(pages) > PAGES_MAX else pages)


def _different(session: Session, name: str, column: str, most: int | None = None) -> list[str]:
    words = table(name).select(word=ibis._[column]).filter(ibis._["word"].notnull()).distinct().limit(most)
    return sorted(session.sql(written(words)).toArrow()["word"].to_pylist())


def _columns(found: pa.Table, codes: dict[str, list[str] | None]) -> Columns:
    columns = {name: found[name].to_numpy() for name in ("person", "at_ms", "dwell_ms", "value_minor", "seq")}
    for name, words in (("name", "events"), ("channel", "channels"), ("page", "pages")):
        code = pc.index_in(found[name], value_set=pa.array(codes[words] or [], pa.string()))
        columns[name] = code.fill_null(-1).to_numpy().astype(np.int32)
    family = found["family"].to_numpy()
    columns["event"] = np.where(family == 0, columns["name"], -1 - family).astype(np.int32)
    return Columns.of(columns)


def _rows() -> Rows:
    rows = ibis.union(*map(_shaped, (_events(), _orders(), _refunds(), _conversations(), _joins())))
    rows = rows.filter(rows["person"].notnull(), rows["at"].notnull())
    person: Any = rows["person"]
    return rows.mutate(at_ms=milliseconds(rows["at"]), bucket=person & (BUCKETS - 1))


def _shaped(rows: Rows) -> Rows:
    words = {name: rows[name] if name in rows.columns else ibis.null("string") for name in ("name", "page")}
    numbers = {
        name: rows[name].fill_null(0) if name in rows.columns else ibis.literal(0, "int64")
        for name in ("dwell_ms", "value_minor")
    }
    family = rows["family"].cast("int64")
    return rows.select("person", "at", "channel", "seq", family=family, **words, **numbers)


def _events() -> Rows:
    rows = fact("event")
    return with_owner(rows.filter(rows["kind"].notin(SAYS_WHO))).mutate(family=0)


def _orders() -> Rows:
    rows = table("orders").filter(ibis._["status"] == "valid")
    at = rows["paid_at"].coalesce(rows["at"])
    return rows.select("person", "channel", at=at, family=1, value_minor=rows["net_minor"], seq=rows["order_key"])


def _refunds() -> Rows:
    rows = table("refunds")
    return rows.select("person", "channel", "at", family=2, value_minor=rows["amount_minor"], seq=rows["refund_key"])


def _conversations() -> Rows:
    rows = table("conversation")
    return rows.select("person", "channel", "at", family=3, seq=rows["conversation_key"])


def _joins() -> Rows:
    """The first that a source says of a person's joining, else the first that it says of the person."""
    rows = with_owner(fact("customer"))
    rows = rows.mutate(joined=ibis.least(rows["joined_at"], rows["added_at"]))
    told = ibis.struct({"at": rows["at"], "seq": rows["seq"], "channel": rows["channel"]})
    joined = ibis.struct({"at": rows["joined"], "seq": rows["seq"], "channel": rows["channel"]})
    met = rows.group_by("person").agg(
        joined=earliest(ibis.ifelse(rows["joined"].notnull(), joined, None), joined), told=earliest(told, told)
    )
    first = met["joined"].coalesce(met["told"])
    return met.select("person", at=first["at"], channel=first["channel"], seq=first["seq"], family=4)
