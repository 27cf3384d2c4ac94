"""Questions in Spark's words: what DuckDB does by itself, and Spark does otherwise, is written out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

import ibis
import ibis.expr.datatypes as dt
import ibis.expr.operations as ops
import sqlglot
import sqlglot.expressions as sge
from ibis.backends.sql.compilers.pyspark import PySparkCompiler
from ibis.backends.sql.dialects import PySpark
from ibis.backends.sql.rewrites import Select
from ibis.common.patterns import replace

from dujiang.engine.question import Column, Rows
from dujiang.foundation.errors import InvalidInput
from dujiang.foundation.i18n import _

__all__ = ["translated", "written"]


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
        return self._at_end("min_by", arg, where, order_by)

    def visit_Last(self, op: Any, *, arg: Any, where: Any, order_by: Any, include_null: bool) -> Any:  # noqa: N802
        if not order_by or include_null or any(key.args.get("desc") for key in order_by):
            return super().visit_Last(op, arg=arg, where=where, order_by=order_by, include_null=include_null)
        return self._at_end("max_by", arg, where, order_by)

    def _at_end(self, function: str, arg: Any, where: Any, order_by: Any) -> Any:
        value = arg if where is None else self.if_(where, arg, sge.Null())
        keys = [part for key in order_by for part in (key.this.is_(sge.Null()), key.this)]  # null comes last
        return self._picked(function, value, self.f.struct(*keys))

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
        return _picked(function, value, by)

    def timezone(self, op: Any, zone: Any, moment: Any) -> Any:
        """A moment on the clocks of a zone; the moment of what clocks show, where that is given."""
        shown = op.args[1].dtype.timezone is None
        return self.f.to_utc_timestamp(moment, zone) if shown else self.f.from_utc_timestamp(moment, zone)

    def json_extract_string(self, op: Any, document: Any, pointer: Any) -> Any:  # noqa: ARG002
        """What a JSON pointer finds."""
        return _stated(document, pointer)


_NO_FUNCTION: Final = _("Spark cannot answer this question: it has no function {function}.")
_PICKING: Final = {"arg_max": "max_by", "arg_min": "min_by"}
_FUNCTIONS: Final[dict[str, Callable[..., Any]]] = {
    "timezone": _Compiler.timezone,
    "json_extract_string": _Compiler.json_extract_string,
    "epoch_ms": lambda words, _op, moment: words.f.unix_millis(moment),
    "epoch_us": lambda words, _op, moment: words.f.unix_micros(moment),
    "date_trunc": lambda words, _op, step, day: words.f.anon.date_trunc(step, day),
    "getvariable": lambda _words, _op, name: sge.Placeholder(this=name.this),
    "json_keys": lambda words, _op, document: words.f.anon.json_object_keys(document),
    "concat": lambda words, _op, *parts: words.f.concat(*parts),
}
"""DuckDB's functions that expressions name, in Spark's words."""

_COMPILER: Final = _Compiler()


def written(question: Rows | Column, names: Mapping[str, str] | None = None) -> str:
    """The question as a query of Spark; what it leaves open is a named parameter.

    Args:
        names: of tables that go by another name.

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
    return _named(_COMPILER.to_sqlglot(question), names).sql(dialect=PySpark, pretty=True)


def translated(text: str, values: Mapping[str, Any], names: Mapping[str, str] | None = None) -> str:
    """A question in DuckDB's SQL as a query of Spark, with the same gaps as named parameters.

    Args:
        text: of this package.
        values: of the gaps; some of Spark's functions want to know them when they are written.
        names: of tables that go by another name.

    Raises:
        InvalidInput: ``engine.no_function`` if it needs a function of DuckDB for which Spark has none.

    >>> text = "SELECT len(list(a ORDER BY a)), epoch_ms(b) FROM t WHERE json_extract_string(c, $p) = $v"
    >>> print(translated(text, {"p": "/x", "v": "1"}))
    SELECT SIZE(SORT_ARRAY(COLLECT_LIST(a))), UNIX_MILLIS(b) FROM t WHERE GET_JSON_OBJECT(c, '$[\\'x\\']') = :v
    """
    tree = sqlglot.parse_one(text, read="duckdb")
    for node in [*tree.walk()][:0:-1]:  # what a part consists of before the part
        node.replace(_reworded(node, values))
    return _named(tree, names).sql(dialect=PySpark)


def _named(tree: Any, names: Mapping[str, str] | None) -> Any:
    for found in tree.find_all(sge.Table):
        if names and found.name in names:
            alias = found.alias or found.name
            found.set("this", sge.to_identifier(names[found.name], quoted=True))
            found.set("alias", sge.TableAlias(this=sge.to_identifier(alias, quoted=True)))
    return tree


def _reworded(node: Any, values: Mapping[str, Any]) -> Any:
    """A part of a question in DuckDB's SQL as Spark has it, where sqlglot does not know the difference."""
    if isinstance(node, sge.Placeholder) and values.get(node.name) == []:
        return sge.cast(
            sge.Anonymous(this="array"), "array<string>"
        )  # an empty list says nothing of what it could hold
    if isinstance(node, sge.CTE):
        node.set("materialized", None)
        return node
    if isinstance(node, sge.JSONExtractScalar):
        pointer = node.expression
        if isinstance(pointer, sge.Placeholder):
            pointer = sge.Literal.string(values[pointer.name])
        return _stated(node.this, pointer)
    if isinstance(node, sge.Anonymous):
        function = node.name.lower()
        if function not in _WORDS:
            raise InvalidInput("engine.no_function", _NO_FUNCTION, function=function)
        return _WORDS[function](*node.expressions)
    word = _NODES.get(type(node))
    return word(node) if word else node


def _call(function: str, *values: Any) -> Any:
    return sge.Anonymous(this=function, expressions=[*values])


def _picked(function: str, value: Any, by: Any) -> Any:
    # DuckDB passes over values that are null; Spark only over a null order.
    return _call(function, value, sge.If(this=value.is_(sge.Null()), true=sge.Null(), false=by))


def _stated(document: Any, pointer: Any) -> Any:
    """What a JSON pointer finds; Spark takes a path instead."""
    if not isinstance(pointer, sge.Literal):
        # A pointer that rows make themselves is the name of one member.
        name = _call("replace", _call("replace", _call("substring", pointer, sge.convert(2)), *_TEXTS[:2]), *_TEXTS[2:])
        return _call("get_json_object", document, _call("concat", sge.convert("$['"), name, sge.convert("']")))
    names = (name.replace("~1", "/").replace("~0", "~") for name in str(pointer.this).split("/")[1:])
    return _call("get_json_object", document, sge.convert("$" + "".join(f"['{name}']" for name in names)))


def _listed(node: Any) -> Any:
    value = node.expressions[0]
    if not isinstance(value, sge.Order):
        return _call("collect_list", value)
    keys = [key.this for key in value.expressions]
    if keys != [value.this] or value.expressions[0].args.get("desc"):
        raise InvalidInput("engine.no_function", _NO_FUNCTION, function="list")
    return _call("sort_array", _call("collect_list", value.this))


def _on_clocks(zone: Any, moment: Any) -> Any:
    """A moment on the clocks of a zone; the moment of what clocks show, which texts write as a cast to one without a zone."""
    shown = isinstance(moment, sge.Cast) and moment.to.this == sge.DataType.Type.TIMESTAMPNTZ
    return _call("to_utc_timestamp" if shown else "from_utc_timestamp", moment, zone)


_TEXTS: Final = tuple(map(sge.convert, ("~1", "/", "~0", "~")))
_NOUGHT: Final = sge.convert(0)
_WORDS: Final[dict[str, Callable[..., Any]]] = {
    "list_has_all": lambda all_, some: _call("size", _call("array_except", some, all_)).eq(0),
    "list_has_any": lambda one, other: _call("arrays_overlap", one, other),
    "row": lambda *values: _call("struct", *values),
    "epoch_us": lambda moment: _call("unix_micros", moment),
    "timezone": _on_clocks,
    "to_minutes": lambda count: _call("make_dt_interval", _NOUGHT, _NOUGHT, count),
}
"""Functions that sqlglot takes over by their names."""
_NODES: Final[dict[type, Callable[[Any], Any]]] = {
    sge.ArgMax: lambda node: _picked("max_by", node.this, node.expression),
    sge.ArgMin: lambda node: _picked("min_by", node.this, node.expression),
    sge.DayOfWeekIso: lambda node: sge.paren(_call("weekday", node.this) + 1),
    sge.Length: lambda node: _call("size", node.this),  # texts say it of lists alone
    sge.List: _listed,
    sge.ToDays: lambda node: _call("make_dt_interval", node.this),
    sge.UnixToTime: lambda node: _call("unix_millis", node.this),  # texts say epoch_ms of moments alone
}
"""What sqlglot writes otherwise than Spark means it."""
