"""All tags of everybody, or of some, as one question.

Statistics come from one pass over each source; fields, addresses, consents, what models say and what was put on people are
joined; then each level of formulas and rules is a projection over the level before.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from dujiang.foundation.expression import Constant, Name, Tree, parse
from dujiang.people.behaviour import AsOf
from dujiang.people.bound import Binder, Question
from dujiang.people.comparison import tested
from dujiang.people.counting import counted_text
from dujiang.people.tags.catalogue import Catalogue, Tag
from dujiang.people.tags.fields import FIELDS, addresses, consents, relations
from dujiang.people.tags.model import Value
from dujiang.people.tags.outputs import said

TYPES: Final[dict[Value, str]] = {
    "yes": "BOOLEAN", "number": "DOUBLE", "money": "BIGINT", "percent": "DOUBLE", "day": "DATE", "text": "VARCHAR",
    "list": "VARCHAR[]",
}  # fmt: skip
"""How each type of value is kept; money in minor units."""

_SIGNS: Final[dict[Any, str]] = {operator.add: "+", operator.sub: "-", operator.mul: "*", operator.truediv: "/"}
_NO: Final = ["false", "0", "no", "否"]


def columns(tags: Catalogue) -> str:
    """The columns of the table of tags: ``person``, and one for each tag."""
    return ", ".join(["person BIGINT", *(f'"{tag.name}" {TYPES[tag.spec.value]}' for tag in tags)])


def valued(tags: Catalogue, as_of: AsOf, among: str = "") -> Question:
    """The question for every tag.

    Args:
        tags: which tags.
        as_of: only what happened before counts.
        among: a table with the column ``person``, each person of the table ``person`` once; empty for everybody.

    Returns:
        A question with ``person`` and a column for each tag, a row for each person asked about.
    """
    binder = Binder()
    levels = tags.levels()
    text = _base(levels[0] if levels else [], as_of, binder, among)
    for level in levels[1:]:
        made = ", ".join(f'{_derived(tag, tags, as_of, binder)} AS "{tag.name}"' for tag in level)
        text = f"SELECT *, {made} FROM ({text})"
    order = ", ".join(["person", *(f'"{tag.name}"' for tag in tags)])
    return binder.question(f"SELECT {order} FROM ({text})")


def _base(level: list[Tag], as_of: AsOf, binder: Binder, among: str) -> str:
    maker = _Base(as_of, binder)
    semi = f'SEMI JOIN "{among}" USING (person)' if among else ""
    made = "".join(f', {maker.column(tag)} AS "{tag.name}"' for tag in level)
    statistics = {tag.name: tag.spec.statistic for tag in level if tag.spec.statistic}
    joins = []
    if statistics:
        joins.append(f"JOIN ({counted_text(statistics, as_of, binder, among)}) AS s USING (person)")
    parts = (("r.", "r", addresses(semi)), ("c.", "c", consents(semi)), ("rel.", "rel", relations(semi)))
    for needed, alias, text in parts:
        if needed in made:
            joins.append(f"LEFT JOIN ({text}) AS {alias} USING (person)")
    given = [tag for tag in level if tag.spec.type == "given"]
    if given:
        joins.append(f"LEFT JOIN ({_given(given, binder, semi)}) AS g USING (person)")
    outputs = {tag.name: (tag.spec.model.model, tag.spec.model.column) for tag in level if tag.spec.model}
    if outputs:
        joins.append(f"LEFT JOIN ({said(outputs, binder, among)}) AS o USING (person)")
    # Statistics are of those asked about already; asked once more, DuckDB 2.0 plans for a second instead of a tenth of one.
    asked = "person" if statistics else f"(FROM person {semi})"
    return f"SELECT p.person{made} FROM {asked} AS p {' '.join(joins)}"


@dataclass(frozen=True)
class _Base:
    """Columns that read no other tag."""

    as_of: AsOf
    binder: Binder

    def column(self, tag: Tag) -> str:
        spec = tag.spec
        type_ = TYPES[spec.value]
        if spec.statistic:
            text = f's."{tag.name}"'
            return f"({text} > 0)" if spec.value == "yes" and spec.statistic.kind == "number" else _cast(text, type_)
        if spec.field:
            return _cast(self._bound(FIELDS[spec.field].text), type_)
        if spec.type == "given":
            return _read(f'g."{tag.name}"', spec.value, self.binder)
        return _cast(f'o."{tag.name}"', type_)

    def _bound(self, text: str) -> str:
        if "{today}" in text:
            text = text.replace("{today}", self.binder.bind(self.as_of.today))
        return text.replace("{zone}", self.binder.bind(self.as_of.zone.key)) if "{zone}" in text else text


def _given(tags: list[Tag], binder: Binder, semi: str) -> str:
    made = ", ".join(f'any_value("value") FILTER (tag = {binder.bind(tag.name)}) AS "{tag.name}"' for tag in tags)
    return f"SELECT person, {made} FROM tagged {semi} GROUP BY person"


def _read(text: str, value: Value, binder: Binder) -> str:
    """What was put on somebody, which is kept as a text, as a value of its type; nothing where it is no such value."""
    readings: dict[Value, Callable[[], str]] = {
        "yes": lambda: f"NOT list_contains({binder.bind(_NO)}, lower({text}))",
        "number": lambda: f"TRY_CAST({text} AS DOUBLE)",
        "percent": lambda: f"TRY_CAST({text} AS DOUBLE)",
        "money": lambda: f"TRY_CAST(round(TRY_CAST({text} AS DECIMAL(18, 4)) * 100) AS BIGINT)",
        "day": lambda: f"TRY_CAST({text} AS DATE)",
        "text": lambda: text,
        "list": lambda: f"list_distinct(string_split_regex({text}, '[、,;，；|]'))",
    }
    return readings[value]()


def _derived(tag: Tag, tags: Catalogue, as_of: AsOf, binder: Binder) -> str:
    spec = tag.spec
    type_ = TYPES[spec.value]
    if spec.type == "formula":
        return _cast(_arithmetic(parse(spec.expression), binder), type_)
    cases = []
    for case in spec.cases:
        tests = (tested(f'"{test.tag}"', tags.kind(test.tag), test, as_of.today, binder) for test in case.when)
        cases.append(f"WHEN {' AND '.join(tests)} THEN {_constant(case.value, binder)}")
    otherwise = "NULL" if spec.otherwise is None else _constant(spec.otherwise, binder)
    return _cast(f"CASE {' '.join(cases)} ELSE {otherwise} END", type_)


def _constant(value: Any, binder: Binder) -> str:
    return binder.bind(list(value) if isinstance(value, tuple) else value)


def _arithmetic(tree: Tree, binder: Binder) -> str:
    if isinstance(tree, Constant):
        return f"CAST({binder.bind(tree.number)} AS DOUBLE)"
    if isinstance(tree, Name):
        return f'CAST("{tree.name}" AS DOUBLE)'
    left, right = _arithmetic(tree.left, binder), _arithmetic(tree.right, binder)
    sign = _SIGNS[tree.apply]
    return f"({left} / nullif({right}, 0))" if sign == "/" else f"({left} {sign} {right})"


def _cast(text: str, type_: str) -> str:
    return f"CAST(round({text}) AS BIGINT)" if type_ == "BIGINT" else f"CAST({text} AS {type_})"
