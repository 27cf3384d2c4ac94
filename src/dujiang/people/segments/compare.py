"""What makes two groups of people different: effect sizes, tests, and a correction for having asked so often."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

import duckdb
import numpy as np
import pyarrow as pa
import scipy

from dujiang.engine.question import Persons
from dujiang.people.comparison import Kind
from dujiang.people.conditions import FIELDS
from dujiang.people.segments.model import Difference
from dujiang.people.segments.tags import TAGS

EFFECT_MIN: Final = 0.2
"""A small effect in Cohen's terms: less is no difference that anybody could act upon."""
FALSE_SHARE: Final = 0.05
VALUES_MAX: Final = 8
"""The most frequent values of a text that are compared."""
_SKIPPED: Final = ("age", "tags")

_GROUPS: Final = """
    CREATE OR REPLACE TEMP TABLE compared_group AS
    SELECT p.person, one.person IS NOT NULL AS a,
        if($other = '', one.person IS NULL, other.person IS NOT NULL) AS b
    FROM person AS p
    LEFT JOIN (FROM segment_member WHERE segment = $one) AS one ON one.person = p.person
    LEFT JOIN (FROM segment_member WHERE segment = $other) AS other ON other.person = p.person
"""

_SETS: Final = """
    CREATE OR REPLACE TEMP TABLE compared_group AS
    SELECT p.person, one.person IS NOT NULL AS a, other.person IS NOT NULL AS b
    FROM person AS p
    LEFT JOIN compared_one AS one ON one.person = p.person
    LEFT JOIN compared_other AS other ON other.person = p.person
"""


def differences(con: duckdb.DuckDBPyConnection, one: str, other: str, tags: Mapping[str, Kind]) -> list[Difference]:
    """Every comparison, the clear ones first and those by the size of their effect.

    Shares are compared by Cohen's h with a two-proportion z-test, numbers by Hedges' g with Welch's t-test; p-values are
    adjusted by Benjamini and Hochberg (1995). People in both groups are counted in both.

    Args:
        con: a reading connection.
        one: a segment.
        other: another; empty for everybody who is not in ``one``.
        tags: tags to compare as well as profile fields, and what they hold.
    """
    con.execute(_GROUPS, {"one": one, "other": other})
    return _all_compared(con, tags)


def differences_of(
    con: duckdb.DuckDBPyConnection, one: Persons, other: Persons, tags: Mapping[str, Kind]
) -> list[Difference]:
    """The same for two sets of persons, whatever put them together."""
    con.register("compared_one", pa.table({"person": one}))
    con.register("compared_other", pa.table({"person": other}))
    con.execute(_SETS)
    return _all_compared(con, tags)


def _all_compared(con: duckdb.DuckDBPyConnection, tags: Mapping[str, Kind]) -> list[Difference]:
    found: list[Difference] = []
    for name, kind in FIELDS.items():
        if name not in _SKIPPED:
            found += _compared(con, "person", name, kind)
    for name, kind in tags.items():
        found += _compared(con, TAGS, name, kind)
    return _adjusted(found)


def _compared(con: duckdb.DuckDBPyConnection, table: str, name: str, kind: Kind) -> list[Difference]:
    if kind in ("day", "moment"):
        return []
    if kind == "number":
        return _means(con, table, name)
    value = {"list": f'unnest("{name}")', "yes": f"if(\"{name}\", 'yes', 'no')"}.get(kind, f'"{name}"')
    rows = con.execute(
        f"""
        WITH g AS (SELECT a, b, t.* FROM compared_group JOIN {table} AS t USING (person)),
        v AS (SELECT a, b, {value} AS value FROM g)
        SELECT value, count(*) FILTER (WHERE a), count(*) FILTER (WHERE b),
            (SELECT count(*) FROM g WHERE a AND "{name}" IS NOT NULL),
            (SELECT count(*) FROM g WHERE b AND "{name}" IS NOT NULL)
        FROM v WHERE value IS NOT NULL GROUP BY value ORDER BY count(*) DESC, value LIMIT {VALUES_MAX}
        """
    ).fetchall()
    told = rows if kind != "yes" else [row for row in rows if row[0] == "yes"]  # no is its mirror
    return [_shares(name, str(value), *counts) for value, *counts in told]


def _shares(name: str, value: str, a: int, b: int, of_a: int, of_b: int) -> Difference:
    """Two shares.

    >>> one = _shares("city", "x", 60, 40, 100, 100)
    >>> round(one.effect, 3), round(one.p, 4)
    (0.403, 0.0047)
    """
    if not of_a or not of_b:
        return Difference(name, value, a / of_a if of_a else None, b / of_b if of_b else None, 0.0, 1.0, clear=False)
    p_a, p_b = a / of_a, b / of_b
    effect = 2 * math.asin(math.sqrt(p_a)) - 2 * math.asin(math.sqrt(p_b))
    pooled = (a + b) / (of_a + of_b)
    spread = math.sqrt(pooled * (1 - pooled) * (1 / of_a + 1 / of_b))
    p = float(2 * scipy.stats.norm.sf(abs(p_a - p_b) / spread)) if spread else 1.0
    return Difference(name, value, p_a, p_b, effect, p, clear=False)


def _means(con: duckdb.DuckDBPyConnection, table: str, name: str) -> list[Difference]:
    rows: list[Any] = con.execute(
        f"""
        SELECT count(x) FILTER (WHERE a), avg(x) FILTER (WHERE a), var_samp(x) FILTER (WHERE a),
            count(x) FILTER (WHERE b), avg(x) FILTER (WHERE b), var_samp(x) FILTER (WHERE b)
        FROM (SELECT a, b, CAST("{name}" AS DOUBLE) AS x FROM compared_group JOIN {table} USING (person))
        """
    ).fetchall()
    n_a, mean_a, var_a, n_b, mean_b, var_b = rows[0]
    if n_a < 2 or n_b < 2 or not (var_a or var_b):
        return []
    pooled = math.sqrt(((n_a - 1) * var_a + (n_b - 1) * var_b) / (n_a + n_b - 2))
    small = 1 - 3 / (4 * (n_a + n_b) - 9)
    test: Any = scipy.stats.ttest_ind_from_stats(
        mean_a, math.sqrt(var_a), n_a, mean_b, math.sqrt(var_b), n_b, equal_var=False
    )
    return [Difference(name, "", mean_a, mean_b, small * (mean_a - mean_b) / pooled, float(test.pvalue), clear=False)]


def _adjusted(found: list[Difference]) -> list[Difference]:
    if not found:
        return []
    p = scipy.stats.false_discovery_control(np.clip([one.p for one in found], 0, 1))
    judged = [
        replace(one, p=float(each), clear=bool(each <= FALSE_SHARE and abs(one.effect) >= EFFECT_MIN))
        for one, each in zip(found, p, strict=True)
    ]
    return sorted(judged, key=lambda one: (not one.clear, -abs(one.effect), one.field, one.value))
