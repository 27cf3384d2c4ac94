"""Questions in Spark's words: what DuckDB does by itself, and Spark does otherwise, is written out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import ibis
import ibis.expr.datatypes as dt
import ibis.expr.operations as ops
import sqlglot.expressions as sge
from ibis.backends.sql.compilers.pyspark import PySparkCompiler
from ibis.backends.sql.dialects import PySpark
from ibis.backends.sql.rewrites import Select
from ibis.common.patterns import replace

from dujiang.engine.question import Column, Rows
from dujiang.foundation.errors import InvalidInput
from dujiang.foundation.i18n import _

__all__ = ["written"]


@replace(Select)
def _distinct_before_order(_: Any) -> Any:
    """Rows are made distinct first and sorted then; Ibis's own rewrite would tell rows apart by columns of conditions, too."""
    if not (_.distinct and _.sort_keys):
        return _
    inner = _.copy(sort_keys=())
    columns = {value: ops.Field(inner, name) for name, value in inner.values.items()}
    outer: Any = {name: ops.Field(inner, name) for name in inner.values}
    return Select(inner, selections=outer, sort_keys=tuple(key.replace(columns) for key in _.sort_keys))


class _Compiler(PySparkCompiler):
    """Ibis's own, and the functions of DuckDB that expressions name.

    Moments are read in UTC: the session's time zone is UTC (:mod:`dujiang.engine.spark.session`).
    """

    __slots__ = ()
    post_rewrites = (_distinct_before_order,)

    def visit_CountStar(self, op: Any, *, arg: Any, where: Any) -> Any:  # noqa: ARG002, N802
        # Ibis writes a sum, which is null instead of 0 where nothing fulfils the condition.
        return self.f.count(self.if_(where, 1, sge.Null()) if where is not None else sge.Star())

    def visit_ArrayIndex(self, op: Any, *, arg: Any, index: Any) -> Any:  # noqa: ARG002, N802
        # Outside the array DuckDB says null; element_at fails, and takes no 64-bit number.
        return self.f.anon.get(arg, self.cast(index, dt.int32))

    def visit_First(self, op: Any, *, arg: Any, where: Any, order_by: Any, include_null: bool) -> Any:  # noqa: N802
        if not order_by or include_null or any(key.args.get("desc") for key in order_by):
            return super().visit_First(op, arg=arg, where=where, order_by=order_by, include_null=include_null)
        value = arg if where is None else self.if_(where, arg, sge.Null())
        keys = [part for key in order_by for part in (key.this.is_(sge.Null()), key.this)]  # null comes last
        return self._picked("min_by", value, self.f.struct(*keys))

    def visit_Quantile(self, op: Any, *, arg: Any, quantile: Any, where: Any) -> Any:  # noqa: ARG002, N802
        # Ibis narrows the share as well, which Spark wants to be constant.
        return self.f.percentile(arg if where is None else self.if_(where, arg, sge.Null()), quantile)

    def visit_Median(self, op: Any, *, arg: Any, where: Any) -> Any:  # noqa: N802
        return self.visit_Quantile(op, arg=arg, quantile=sge.convert(0.5), where=where)

    def visit_ScalarUDF(self, op: Any, **values: Any) -> Any:  # noqa: N802
        function = op.__func_name__
        if function not in _FUNCTIONS:
            raise InvalidInput("engine.no_function", _NO_FUNCTION, function=function)
        return _FUNCTIONS[function](self, op, *values.values())

    def visit_AggUDF(self, op: Any, *, where: Any, **values: Any) -> Any:  # noqa: ARG002, N802
        function = op.__func_name__
        if function not in _PICKING:
            raise InvalidInput("engine.no_function", _NO_FUNCTION, function=function)
        return self._picked(_PICKING[function], *values.values())

    def _picked(self, function: str, value: Any, by: Any) -> Any:
        # DuckDB passes over values that are null; Spark only over a null order.
        return self.f[function](value, self.if_(value.is_(sge.Null()), sge.Null(), by))

    def timezone(self, op: Any, zone: Any, moment: Any) -> Any:
        """A moment on the clocks of a zone; the moment of what clocks show, where that is given."""
        shown = op.args[1].dtype.timezone is None
        return self.f.to_utc_timestamp(moment, zone) if shown else self.f.from_utc_timestamp(moment, zone)

    def json_extract_string(self, op: Any, document: Any, pointer: Any) -> Any:  # noqa: ARG002
        """What a JSON pointer finds; Spark takes a path instead."""
        names = (name.replace("~1", "/").replace("~0", "~") for name in str(pointer.this).split("/")[1:])
        return self.f.anon.get_json_object(document, "$" + "".join(f"['{name}']" for name in names))


_NO_FUNCTION: Final = _("Spark cannot answer this question: it has no function {function}.")
_PICKING: Final = {"arg_max": "max_by", "arg_min": "min_by"}
_FUNCTIONS: Final[dict[str, Callable[..., Any]]] = {
    "timezone": _Compiler.timezone,
    "json_extract_string": _Compiler.json_extract_string,
    "epoch_ms": lambda words, _op, moment: words.f.unix_millis(moment),
    "epoch_us": lambda words, _op, moment: words.f.unix_micros(moment),
    "date_trunc": lambda words, _op, step, day: words.f.anon.date_trunc(step, day),
    "getvariable": lambda _words, _op, name: sge.Placeholder(this=name.this),
}
"""DuckDB's functions that expressions name, in Spark's words."""

_COMPILER: Final = _Compiler()


def written(question: Rows | Column) -> str:
    """The question as a query of Spark; what it leaves open is a named parameter.

    Raises:
        InvalidInput: ``engine.no_function`` if it needs a function of DuckDB for which Spark has none.

    >>> from dujiang.engine.question import table
    >>> spend = table("spend_day")
    >>> print(written(spend.aggregate(days=spend.count(where=spend.cost_minor > 0))))
    SELECT
      COUNT(IF(`t0`.`cost_minor` > 0, 1, NULL)) AS `days`
    FROM `spend_day` AS `t0`
    """
    assert ibis.pyspark  # the first mention registers the options that the compiler reads
    return _COMPILER.to_sqlglot(question).sql(dialect=PySpark, pretty=True)
