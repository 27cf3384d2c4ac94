"""Questions in Spark's words: what DuckDB does by itself, and Spark does otherwise, is written out."""

from __future__ import annotations

from typing import Any, Final

import ibis
import sqlglot.expressions as sge
from ibis.backends.sql.compilers.pyspark import PySparkCompiler
from ibis.backends.sql.dialects import PySpark

from dujiang.engine.question import Column, Rows

__all__ = ["written"]


class _Compiler(PySparkCompiler):
    """Ibis's own, and the functions of DuckDB that expressions name.

    Moments are read in UTC: the session's time zone is UTC (:mod:`dujiang.engine.spark.session`).
    """

    __slots__ = ()

    def visit_CountStar(self, op: Any, *, arg: Any, where: Any) -> Any:  # noqa: ARG002, N802
        # Ibis writes a sum, which is null instead of 0 where nothing fulfils the condition.
        return self.f.count(self.if_(where, 1, sge.Null()) if where is not None else sge.Star())

    def visit_ScalarUDF(self, op: Any, **values: Any) -> Any:  # noqa: N802
        return getattr(self, f"_{op.__func_name__}")(*values.values())

    def visit_AggUDF(self, op: Any, *, where: Any, **values: Any) -> Any:  # noqa: ARG002, N802
        function = {"arg_max": "max_by", "arg_min": "min_by"}[op.__func_name__]
        value, by = values.values()
        # DuckDB passes over values that are null; Spark only over a null order.
        return self.f[function](value, self.if_(value.is_(sge.Null()), sge.Null(), by))

    def _timezone(self, zone: Any, moment: Any) -> Any:
        return self.f.from_utc_timestamp(moment, zone)

    def _epoch_ms(self, moment: Any) -> Any:
        return self.f.unix_millis(moment)

    def _date_trunc(self, step: Any, day: Any) -> Any:
        return self.f.anon.date_trunc(step, day)

    def _getvariable(self, name: Any) -> Any:
        return sge.Placeholder(this=name.this)


_COMPILER: Final = _Compiler()


def written(question: Rows | Column) -> str:
    """The question as a query of Spark; what it leaves open is a named parameter.

    >>> from dujiang.engine.question import table
    >>> spend = table("spend_day")
    >>> print(written(spend.aggregate(days=spend.count(where=spend.cost_minor > 0))))
    SELECT
      COUNT(IF(`t0`.`cost_minor` > 0, 1, NULL)) AS `days`
    FROM `spend_day` AS `t0`
    """
    _ = ibis.pyspark  # the first mention registers the options that the compiler reads
    return _COMPILER.to_sqlglot(question).sql(dialect=PySpark, pretty=True)
