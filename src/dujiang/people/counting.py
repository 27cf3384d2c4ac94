"""Statistics of behaviour from the engine: one pass over each source, however many statistics are asked of it.

    counted({"orders_90d": Statistic(…), "last_page": Statistic(…)}, as_of).into(con, "found")

makes the temporary table ``found`` with ``person`` and a column for each statistic, a row for each person.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from dujiang.engine.derived.events import SAYS_WHO
from dujiang.people.behaviour import COLUMNS, PROPERTY, AsOf, Source, Statistic, column_kind
from dujiang.people.bound import Binder, Question
from dujiang.people.comparison import Where, tested

_NAME: Final = re.compile(r"[A-Za-z0-9_.-]{1,80}")
_STRUCK: Final = "SEMI JOIN {among} USING (person)"


@dataclass(frozen=True)
class _From:
    """Where a source's rows come from.

    Attributes:
        rows: a table or question with ``person``, ``day`` and the source's columns.
        rows_among: the same for the persons of the table ``{among}`` only.
        at: when a row happened.
        tie: what tells rows of one moment apart.
    """

    rows: str
    rows_among: str
    at: str
    tie: str


_EVENTS: Final = """(
    SELECT fact_event.*, mine.person FROM fact_event JOIN {owners} AS mine ON mine.node = fact_event.anchor
        AND (from_at IS NULL OR "at" >= from_at) AND (to_at IS NULL OR "at" < to_at)
    WHERE fact_event.kind NOT IN ({says_who}) {early}
)"""
_STATED: Final = (
    "status", "product_id", "sku_id", "product", "category", "units", "gross_minor", "discount_minor", "paid_minor",
)  # fmt: skip
_LINES: Final = f"""(
    SELECT line.* EXCLUDE (status), coalesce(line.status, orders.status) AS status, orders.status AS order_status,
        person, channel, shop, "at", day
    FROM orders JOIN (
        SELECT order_key, key AS line_key, {", ".join(f"arg_max({one}, seq) AS {one}" for one in _STATED)}
        FROM fact_order_line {{lines}} GROUP BY order_key, key
    ) AS line USING (order_key) {{orders}}
)"""
_LINES_AMONG: Final = _LINES.format(
    lines="SEMI JOIN (SELECT order_key FROM orders SEMI JOIN {among} USING (person)) AS mine USING (order_key)",
    orders=_STRUCK,
)


def _plain(table: str, at: str, tie: str) -> _From:
    return _From(table, f"(FROM {table} {_STRUCK})", at, tie)


_SOURCES: Final[dict[Source, _From]] = {
    "events": _From(
        _EVENTS.replace("{owners}", "person_node"),
        _EVENTS.replace("{owners}", "owned"),
        '"at"',
        "seq",
    ),
    "orders": _plain("orders", '"at"', "order_key"),
    "order_lines": _From(_LINES.format(lines="", orders=""), _LINES_AMONG, '"at"', "line_key"),
    "visits": _plain("visit", "started_at", "channel"),
    "refunds": _plain("refunds", "timezone({zone}, CAST(day AS TIMESTAMP))", "refund_key"),
    "conversations": _plain("conversation", '"at"', "conversation_key"),
}


def counted(statistics: Mapping[str, Statistic], as_of: AsOf, among: str = "") -> Question:
    """The question for many statistics of everybody, or of some.

    Args:
        statistics: what is asked, by the name of its column in the answer.
        as_of: only what happened before counts.
        among: a table of the writing connection with the column ``person``, each person once; empty for everybody in the
            table ``person``.

    Returns:
        A question whose answer has ``person`` and the named columns, one row for each person asked about; what somebody
        did not do is :attr:`~dujiang.people.behaviour.Statistic.absent`.

    Raises:
        ValueError: a name is no name of a column.
    """
    binder = Binder()
    return binder.question(counted_text(statistics, as_of, binder, among))


def counted_text(statistics: Mapping[str, Statistic], as_of: AsOf, binder: Binder, among: str = "") -> str:
    """The text of :func:`counted`, for a larger question whose values ``binder`` collects."""
    for name in statistics:
        if not _NAME.fullmatch(name):
            raise ValueError(f"{name[:80]!r} cannot name a column")
    parts, columns = [], []
    for source in COLUMNS:
        own = {name: one for name, one in statistics.items() if one.source == source}
        if own:
            parts.append(f"LEFT JOIN ({source_text(source, own, as_of, binder, among)}) AS {source} USING (person)")
            columns += [_outer(source, name, one) for name, one in own.items()]
    everybody = f'"{among}"' if among else "person"
    return f"SELECT person{''.join(f', {one}' for one in columns)} FROM {everybody} {' '.join(parts)}"


def source_text(
    source: Source, statistics: Mapping[str, Statistic], as_of: AsOf, binder: Binder, among: str = ""
) -> str:
    """The persons who did any of ``source``, and a column for each of ``statistics``.

    All of them come from one pass, but for modes: each of those is a pass that counts values first, which takes a fraction
    of the time and memory of a histogram for each person.
    """
    pass_ = _Pass(source, as_of, binder)
    early = pass_.early(list(statistics.values()))
    # The rows of some people are few, and finding them is what costs; those of everybody would not fit into memory.
    kept = "MATERIALIZED" if among else "NOT MATERIALIZED"
    rows = pass_.rows(among, early)
    needed = ", ".join(pass_.needed(list(statistics.values())))
    plain = {name: one for name, one in statistics.items() if one.aggregate != "mode"}
    columns = "".join(f', {pass_.aggregated(one)} AS "{name}"' for name, one in plain.items())
    parts = [f"done AS {kept} (SELECT {needed} FROM {rows} WHERE person IS NOT NULL AND {early})"]
    if among and source == "events":
        parts.insert(0, f'owned AS MATERIALIZED (FROM person_node SEMI JOIN "{among}" USING (person))')
    text = f"WITH {', '.join(parts)} SELECT * FROM (SELECT person{columns} FROM done GROUP BY person)"
    modes = (pass_.mode(name, one) for name, one in statistics.items() if one.aggregate == "mode")
    return " ".join([text, *(f"LEFT JOIN ({mode}) USING (person)" for mode in modes)])


def _outer(source: Source, name: str, statistic: Statistic) -> str:
    column = f'{source}."{name}"'
    value = column if statistic.absent is None else f"coalesce({column}, {statistic.absent})"
    return f'{value} AS "{name}"'


@dataclass(frozen=True)
class _Pass:
    """One pass over a source at a moment."""

    source: Source
    as_of: AsOf
    binder: Binder

    def rows(self, among: str, early: str) -> str:
        """The source's rows; conditions on events are asked before their owners are looked for."""
        made = _SOURCES[self.source]
        text = made.rows_among.replace("{among}", f'"{among}"') if among else made.rows
        if self.source == "events":
            kinds = ", ".join(self.binder.bind(one) for one in SAYS_WHO)
            text = text.replace("{says_who}", kinds).replace("{early}", f"AND {early}")
        return text

    @property
    def at(self) -> str:
        """When a row happened."""
        at = _SOURCES[self.source].at
        return at.replace("{zone}", self.binder.bind(self.as_of.zone.key)) if "{zone}" in at else at

    def early(self, statistics: list[Statistic]) -> str:
        """What every row has to fulfil that any of ``statistics`` counts, asked before they are told apart."""
        tests = [f"{self.at} < {self.binder.bind(self.as_of.at)}"]
        names = _names(statistics) if self.source == "events" else None
        if names:
            tests.append(f"name IN ({', '.join(self.binder.bind(one) for one in names)})")
        firsts = [one.window.bounds(self.as_of.today)[0] for one in statistics]
        known = [one for one in firsts if one is not None]
        if len(known) == len(firsts):
            tests.append(f"day >= {self.binder.bind(min(known))}")
        return " AND ".join(tests)

    def aggregated(self, statistic: Statistic) -> str:
        """The statistic as an aggregate over the rows that it counts."""
        kept = f"FILTER (WHERE {' AND '.join(self.conditions(statistic)) or 'true'})"
        name = statistic.aggregate
        if name == "count":
            return f"count(*) {kept}"
        if name in ("days_since_first", "days_since_last"):
            end = "min" if name == "days_since_first" else "max"
            return f"date_diff('day', {end}(day) {kept}, {self.binder.bind(self.as_of.today)})"
        column = self.aggregable(statistic)
        if name in ("first", "last"):
            pick = "arg_min" if name == "first" else "arg_max"
            return f"{pick}({column}, row({self.at}, {_SOURCES[self.source].tie})) {kept}"
        if name == "distinct":
            return f"count(DISTINCT {column}) {kept}"
        whole = (
            name == "sum" and column_kind(self.source, statistic.column) == "number" and statistic.column not in _REAL
        )
        total = f"{name}({column}) {kept}"
        return f"CAST({total} AS BIGINT)" if whole else total

    def mode(self, name: str, statistic: Statistic) -> str:
        """The most frequent value of each person as the column ``name``, the smallest of several that are equally frequent."""
        column = self.aggregable(statistic)
        tests = " AND ".join([*self.conditions(statistic), f"{column} IS NOT NULL"])
        counts = f"SELECT person, {column} AS one, -count(*) AS many FROM done WHERE {tests} GROUP BY ALL"
        return f'SELECT person, arg_min(one, row(many, one)) AS "{name}" FROM ({counts}) GROUP BY person'

    def needed(self, statistics: list[Statistic]) -> list[str]:
        """The columns that ``statistics`` read, ``person`` first."""
        made = _SOURCES[self.source]
        named = [
            column for one in statistics for column in (one.column, *(test.column for test in one.where)) if column
        ]
        plain = ["properties" if one.startswith(PROPERTY) else one for one in named if one not in _CLOCK]
        own = ["day", *(["started_at"] if self.source == "visits" else [])]
        own += [] if self.source in ("visits", "refunds") else ["at"]
        own += {"orders": ["status"], "order_lines": ["status", "order_status"]}.get(self.source, [])
        return ["person", *(f'"{one}"' for one in dict.fromkeys([*own, made.tie, *plain]))]

    def conditions(self, statistic: Statistic) -> list[str]:
        """What a row has to fulfil to count; empty when each does."""
        tests = [
            tested(self.value(one.column), column_kind(self.source, one.column), one, self.as_of.today, self.binder)
            for one in statistic.where
        ]
        if self.source in _VALID and all(one.column != "status" for one in statistic.where):
            tests.append(_VALID[self.source])
        first, last = statistic.window.bounds(self.as_of.today)
        if first is not None:
            tests.append(f"day >= {self.binder.bind(first)}")
        if last is not None:
            tests.append(f"day <= {self.binder.bind(last)}")
        return tests

    def aggregable(self, statistic: Statistic) -> str:
        """The statistic's column; a property that is added or ordered as a number."""
        value = self.value(statistic.column)
        is_number = statistic.kind == "number" and statistic.aggregate != "distinct"
        is_property = column_kind(self.source, statistic.column) == "any"
        return f"TRY_CAST({value} AS DOUBLE)" if is_property and is_number else value

    def value(self, column: str) -> str:
        """A row's value in ``column``."""
        if column.startswith(PROPERTY):
            return f"json_extract_string(properties, {self.binder.bind(_pointer(column.removeprefix(PROPERTY)))})"
        if column in _CLOCK:
            return f"{_CLOCK[column]}(timezone({self.binder.bind(self.as_of.zone.key)}, {self.at}))"
        return f'"{column}"'


def row_value(source: Source, column: str, as_of: AsOf, binder: Binder) -> str:
    """The value of ``column`` (of :data:`~dujiang.people.behaviour.COLUMNS`, or a property) in a row of ``source``."""
    return _Pass(source, as_of, binder).value(column)


def doings_text(source: Source, where: tuple[Where, ...], as_of: AsOf, binder: Binder) -> str:
    """The rows of ``source`` that fulfil ``where`` and happened before the moment, of known people, with all their columns.

    Orders are valid ones unless ``where`` names their ``status``. The text stands after ``FROM`` of a larger question.
    """
    pass_, statistic = _Pass(source, as_of, binder), Statistic(source=source, where=where)
    early = pass_.early([statistic])
    tests = " AND ".join(["person IS NOT NULL", early, *pass_.conditions(statistic)])
    return f"(SELECT * FROM {pass_.rows('', early)} WHERE {tests})"


_CLOCK: Final = {"hour": "hour", "weekday": "isodow"}
_REAL: Final = ("scroll_pct",)
_VALID: Final = {"orders": "status = 'valid'", "order_lines": "status = 'valid' AND order_status = 'valid'"}


def _pointer(name: str) -> str:
    """A property's name as a JSON pointer (RFC 6901), which has no meaning beyond it."""
    return "/" + name.replace("~", "~0").replace("/", "~1")


def _names(statistics: list[Statistic]) -> list[str] | None:
    """The names of all events that ``statistics`` count; None where one of them counts any."""
    found: set[str] = set()
    for statistic in statistics:
        named = [one for one in statistic.where if one.column == "name" and one.op in ("is", "among")]
        if not named:
            return None
        value = named[0].fits("text")
        found |= set(value) if isinstance(value, list) else {value}
    return sorted(found)
