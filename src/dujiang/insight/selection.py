"""Which rows a question is about: periods, conditions, the channel, and people found in several places."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import reduce
from operator import and_, or_

import ibis

from dujiang.engine.question import Column, Rows, days_given, given_before, table
from dujiang.foundation.errors import InvalidInput
from dujiang.foundation.i18n import _
from dujiang.foundation.timewindows import FIRST_DAY, Grain, Period
from dujiang.insight.catalogue import Metric, fits
from dujiang.insight.dimensions import DAY, SHAPES, Shape, channel_column, joined, reading, step_of, told, with_day
from dujiang.insight.model import Condition
from dujiang.insight.views import source

OF, BUCKET = "_of", "_bucket"
"""Result columns: which of the periods (0 the one asked about, 1 the one compared with), and the first day of the step."""

PERSONAL = "person."
"""Begins the name of a column of the person behind a row."""

_ANY = Period(FIRST_DAY, FIRST_DAY)


def key_column(position: int) -> str:
    """Result column of the dimension at ``position``."""
    return f"_k{position}"


@dataclass(frozen=True)
class Scan:
    """Metrics that one pass over one table answers.

    Attributes:
        metrics: the metrics; all simple, or one cumulative or conversion metric.
        rows_of: the simple metric whose table, day and channel decide the rows.
        periods: number and days of each period; they do not overlap.
        grain: steps of time to divide by; None for none.
        by: dimensions to divide by.
        where: conditions on dimensions.
        zone: the brand's time zone.
        spread: only people whose rows hold at least two values of this column; empty for everyone.
        undated: the days are not written into the query but told when it is asked (:func:`days_told`), so that one query
            serves all periods.
        limited: only rows of the persons given to the connection (:func:`dujiang.engine.question.given`).
        some_days: only rows of the days given to the connection (:func:`dujiang.engine.question.given_days`).
    """

    metrics: tuple[Metric, ...]
    rows_of: Metric
    periods: tuple[tuple[int, Period], ...]
    grain: Grain | None
    by: tuple[str, ...]
    where: tuple[Condition, ...]
    zone: str
    spread: str = ""
    undated: bool = False
    limited: bool = False
    some_days: bool = False

    @property
    def shape(self) -> Shape:
        """The table."""
        return SHAPES[self.rows_of.spec.table]

    @property
    def channel(self) -> str:
        """The column that means the channel."""
        return channel_column(self.shape, self.rows_of.spec.channel)

    @property
    def keys(self) -> list[str]:
        """Result columns that number, step and dimensions lie in."""
        step = [BUCKET] if self.grain else []
        return [OF, *step, *(key_column(position) for position in range(len(self.by)))]


def days_told(scan: Scan) -> dict[str, date]:
    """What the variables of an undated scan stand for.

    >>> from dujiang.foundation.timewindows import Period
    >>> days_told(Scan((), None, ((0, Period(date(2026, 11, 1), date(2026, 11, 30))),), None, (), (), ""))["last0"]
    datetime.date(2026, 11, 30)
    """
    firsts = {f"first{number}": period.first for number, period in scan.periods}
    return firsts | {f"last{number}": period.last for number, period in scan.periods}


def without_days(scan: Scan) -> Scan:
    """The scan as an undated one: equal for all periods."""
    return replace(scan, periods=tuple((number, _ANY) for number, _period in scan.periods), undated=True)


def selected(scan: Scan, days: Column | None = None) -> Rows:
    """The rows that ``scan`` is about, with its key columns; of other ``days`` than its periods' where they are given."""
    rows = sourced(scan)
    rows = rows.filter(within(rows, scan) if days is None else days)
    if scan.some_days:
        rows = rows.semi_join(days_given(), rows[DAY] == days_given()["day"])
    rows = rows.mutate(**{OF: _number(rows, scan)})
    if scan.grain:
        rows = rows.mutate(**{BUCKET: step_of(rows[DAY], scan.grain)})
    return keyed(scan, conditioned(scan, rows))


def sourced(scan: Scan) -> Rows:
    """The table with the day of each row, and with its person's columns where they are needed."""
    shape = scan.shape
    asked = (*scan.by, *(condition.column for condition in scan.where))
    own = (condition.column for metric in (*scan.metrics, scan.rows_of) for condition in metric.spec.where)
    personal = any(shape.of_person(one) for one in asked) or any(column.startswith(PERSONAL) for column in own)
    rows = joined(shape) if personal else source(shape.name)
    if scan.limited:
        rows = rows.semi_join(given_before(), rows[shape.person] == given_before()["person"])
    return with_day(rows, scan.rows_of.spec.date, scan.zone)


def conditioned(scan: Scan, rows: Rows) -> Rows:
    """The rows that fulfil the query's conditions; for people found in several places, places are narrowed last."""
    spread = scan.spread
    late = [one for one in scan.where if spread and one.column == spread]
    rows = _narrowed(scan, rows, [one for one in scan.where if one not in late])
    if spread:
        rows = _in_several(scan, own_rows(rows, scan.rows_of), spread)
    return _narrowed(scan, rows, late)


def keyed(scan: Scan, rows: Rows) -> Rows:
    """The rows with the values of the dimensions asked for."""
    keys = {
        key_column(position): reading(rows, scan.shape, one, scan.channel).cast("string")
        for position, one in enumerate(scan.by)
    }
    return rows.mutate(**keys) if keys else rows


def within(rows: Rows, scan: Scan) -> Column:
    """Whether a row's day lies in one of the periods."""
    return reduce(or_, (_inside(rows, scan, number, period) for number, period in scan.periods))


def _inside(rows: Rows, scan: Scan, number: int, period: Period) -> Column:
    if scan.undated:
        return rows[DAY].between(told(f"first{number}"), told(f"last{number}"))
    return rows[DAY].between(period.first, period.last)


def own_conditions(rows: Rows, metric: Metric) -> Column | None:
    """Whether a row fulfils the metric's own conditions; None where it has none."""
    tests = [test(rows[one.column], one) for one in metric.spec.where]
    return reduce(and_, tests) if tests else None


def by_its_rows(metric: Metric) -> Metric:
    """The metric without its own conditions on the person behind a row; those :func:`people_who` asks of people."""
    where = tuple(one for one in metric.spec.where if not one.column.startswith(PERSONAL))
    return replace(metric, spec=metric.spec.model_copy(update={"where": where}))


def people_who(metric: Metric) -> Rows | None:
    """The people who fulfil the metric's own conditions on the person; None where it has none."""
    people = table("person")
    conditions = [one for one in metric.spec.where if one.column.startswith(PERSONAL)]
    tests = [test(people[one.column.removeprefix(PERSONAL)], one) for one in conditions]
    return people.filter(tests).select("person") if tests else None


def own_rows(rows: Rows, metric: Metric) -> Rows:
    """The rows that fulfil the metric's own conditions."""
    which = own_conditions(rows, metric)
    return rows if which is None else rows.filter(which)


def rows_of_any(rows: Rows, metrics: Sequence[Metric]) -> Rows:
    """The rows without those that fulfil the own conditions of none of ``metrics``, as far as all of them share a condition."""
    shared = [one for one in metrics[0].spec.where if all(one in other.spec.where for other in metrics)]
    return rows.filter(test(rows[one.column], one) for one in shared) if shared else rows


def test(value: Column, condition: Condition) -> Column:
    """Whether ``value`` fulfils ``condition``; what is not stated *is not* any value."""
    if condition.op == "known":
        return value.notnull()
    if condition.op == "unknown":
        return value.isnull()
    if condition.op in ("among", "not_among"):
        among = value.isin(condition.value)
        return among if condition.op == "among" else ~among | value.isnull()
    return _comparison(value, condition)


def _comparison(value: Column, condition: Condition) -> Column:
    wanted = condition.value
    comparisons = {
        "is": lambda: value == wanted,
        "is_not": lambda: (value != wanted) | value.isnull(),
        "at_least": lambda: value >= wanted,
        "at_most": lambda: value <= wanted,
        "above": lambda: value > wanted,
        "below": lambda: value < wanted,
    }
    return comparisons[condition.op]()


def _narrowed(scan: Scan, rows: Rows, conditions: list[Condition]) -> Rows:
    for condition in conditions:
        value = reading(rows, scan.shape, condition.column, scan.channel)
        if not fits(value.type(), condition):
            sentence = _("The condition on “{dimension}” compares it with a value of another kind.")
            raise InvalidInput("metric.condition", sentence, dimension=condition.column)
        rows = rows.filter(test(value, condition))
    return rows


def _in_several(scan: Scan, rows: Rows, column: str) -> Rows:
    same = [OF, *([BUCKET] if scan.grain else []), scan.shape.person]
    found = rows.group_by(same).aggregate(_least=rows[column].min(), _most=rows[column].max())
    return rows.semi_join(found.filter(found["_least"] != found["_most"]).select(same), same)


def _number(rows: Rows, scan: Scan) -> Column:
    cases = [(_inside(rows, scan, number, period), number) for number, period in scan.periods]
    return ibis.cases(*cases, else_=scan.periods[0][0])


def check_dimensions(metric: str, known: tuple[str, ...], asked: Iterable[str]) -> None:
    """Refuse dimensions that the metric does not have.

    Raises:
        InvalidInput: ``metric.no_dimension``, naming those it has.
    """
    for dimension in asked:
        if dimension not in known:
            sentence = _("The metric “{metric}” cannot be divided by “{dimension}”. It can be by: {known}.")
            names = ", ".join(known)
            raise InvalidInput("metric.no_dimension", sentence, metric=metric, dimension=dimension[:80], known=names)
