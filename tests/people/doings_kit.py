"""A small brand of random doings, and statistics over it computed slowly and obviously in plain Python."""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

import duckdb
import pyarrow as pa

from dujiang.engine.contract import ALL
from dujiang.engine.schema import create_tables
from dujiang.foundation.timewindows import zone
from dujiang.people.behaviour import AsOf, Statistic
from dujiang.people.comparison import Comparison

SHANGHAI = zone()
NOW = datetime(2026, 11, 20, 5, 30, tzinfo=UTC)
AS_OF = AsOf(NOW, SHANGHAI)
NASTY = "x'; DROP TABLE person; --"

Row = dict[str, Any]


@dataclass
class Doings:
    """Rows by source, each with ``person``, ``at`` and ``day``, and the persons' own rows."""

    persons: list[Row] = field(default_factory=list)
    rows: dict[str, list[Row]] = field(default_factory=dict)

    def load(self) -> duckdb.DuckDBPyConnection:
        """A connection with the contract's tables filled with them."""
        con = duckdb.connect()
        con.execute("SET TimeZone = 'UTC'")
        create_tables(con)
        for name, rows in _tables(self).items():
            con.register("staged", pa.Table.from_pylist(rows, schema=ALL[name].columns))
            con.execute(f"INSERT INTO {name} FROM staged")
            con.unregister("staged")
        return con


def random_doings(seed: int, persons: int = 12) -> Doings:
    """Doings of ``persons`` people (number 1 does nothing) in the 40 days before :data:`NOW` and shortly after it."""
    rng = random.Random(seed)
    made = Doings([{"person": number, **_profile(rng)} for number in range(1, persons + 1)])
    for source, make in _MAKERS.items():
        made.rows[source] = [make(rng, number) for number in range(rng.randint(0, 70))]
        for key, row in enumerate(made.rows[source]):
            row.setdefault("key", key)
            row.setdefault("person", rng.randint(2, persons))
            if "at" not in row:
                row["at"] = NOW + timedelta(minutes=rng.randint(-40 * 24 * 60, 6 * 60))
            row["day"] = row["at"].astimezone(SHANGHAI).date()
            if source == "refunds":
                row["at"] = datetime.combine(row["day"], datetime.min.time(), SHANGHAI)
    _lines_of_orders(rng, made)
    return made


def _profile(rng: random.Random) -> Row:
    return {
        "city": rng.choice(["杭州", "成都", NASTY, None]),
        "gender": rng.choice(["female", "male", None]),
        "birth_year": rng.choice([1980, 1991, 2003, None]),
        "points": rng.choice([0, 10, 500, None]),
        "known": rng.choice([True, False, None]),
        "channels": rng.choice([["app"], ["app", "site"], ["shop"], [], None]),
        "tags": rng.choice([["tea"], ["tea", NASTY], [], None]),
        "first_day": rng.choice([date(2026, 1, 1), date(2026, 11, 13), date(2026, 11, 20), None]),
        "joined_at": rng.choice([NOW - timedelta(days=3), NOW - timedelta(days=300), None]),
    }


def _event(rng: random.Random, _number: int) -> Row:
    properties = {
        "size": rng.choice([1, 2.5, "big"]),
        "a/b": rng.choice(["x", NASTY]),
        "gift": rng.choice([True, False]),
    }
    return {
        "name": rng.choice(["viewed", "added", "shared", NASTY]),
        "kind": rng.choice(["track", "page", "identify"]),
        "channel": rng.choice(["app", "site"]),
        "page": rng.choice(["/a", "/b", None]),
        "value_minor": rng.choice([None, 100, 250]),
        "properties": json.dumps(rng.choice([properties, {}])),
    }


def _order(rng: random.Random, _number: int) -> Row:
    return {
        "channel": rng.choice(["shop", "mall"]),
        "status": rng.choice(["valid", "valid", "cancelled"]),
        "paid_minor": rng.choice([None, 990, 5000, 12345]),
        "units": rng.randint(1, 3),
        "store": rng.choice(["湖滨店", NASTY, None]),
    }


def _visit(rng: random.Random, _number: int) -> Row:
    return {"channel": rng.choice(["app", "site"]), "pages": rng.randint(0, 3), "bounced": rng.choice([True, False])}


def _refund(rng: random.Random, _number: int) -> Row:
    return {"channel": "shop", "amount_minor": rng.choice([100, 900]), "reason": rng.choice(["late", NASTY, None])}


def _conversation(rng: random.Random, _number: int) -> Row:
    return {"channel": "app", "rating": rng.choice([1, 5, None]), "complaint": rng.choice([True, False, None])}


_MAKERS = {"events": _event, "orders": _order, "visits": _visit, "refunds": _refund, "conversations": _conversation}


def _lines_of_orders(rng: random.Random, made: Doings) -> None:
    lines = []
    for order in made.rows["orders"]:
        for number in range(rng.randint(0, 2)):
            own = {
                "product": rng.choice(["tea", "cup", NASTY]),
                "units": rng.randint(1, 4),
                "paid_minor": rng.choice([None, 500, 700]),
                "own_status": rng.choice([None, "valid", "cancelled"]),
            }
            same = {name: order[name] for name in ("person", "at", "day", "channel")}
            status = own["own_status"] or order["status"]
            lines.append({**own, **same, "status": status, "order": order, "key": order["key"] * 10 + number})
    made.rows["order_lines"] = lines


def _tables(made: Doings) -> dict[str, list[Row]]:
    rows = made.rows
    nodes = [{"node": one["person"], "person": one["person"], "role": "owner"} for one in made.persons]
    return {
        "person": made.persons,
        "person_node": nodes,
        "fact_event": [{**one, "anchor": one["person"], "seq": one["key"]} for one in rows["events"]],
        "orders": [{**one, "order_key": one["key"]} for one in rows["orders"]],
        "fact_order_line": [
            {**one, "order_key": one["order"]["key"], "seq": one["key"], "status": one["own_status"]}
            for one in rows["order_lines"]
        ],
        "visit": [{**one, "started_at": one["at"]} for one in _apart(rows["visits"])],
        "refunds": [{**one, "refund_key": one["key"]} for one in rows["refunds"]],
        "conversation": [{**one, "conversation_key": one["key"]} for one in rows["conversations"]],
    }


def _apart(visits: list[Row]) -> list[Row]:
    return list({(one["person"], one["channel"], one["at"]): one for one in visits}.values())


# ── the slow and obvious way ────────────────────────────────────────────────────────────────────────────────────────


def slow(made: Doings, statistic: Statistic, as_of: AsOf) -> dict[int, Any]:
    """The statistic of every person."""
    counting = [one for one in made.rows[statistic.source] if _counts(one, statistic, as_of)]
    if statistic.source == "visits":
        counting = [one for one in _apart(made.rows["visits"]) if _counts(one, statistic, as_of)]
    return {
        person["person"]: _aggregate([one for one in counting if one["person"] == person["person"]], statistic, as_of)
        for person in made.persons
    }


def _counts(row: Row, statistic: Statistic, as_of: AsOf) -> bool:
    first, last = statistic.window.bounds(as_of.today)
    if row["at"] >= as_of.at or (first and row["day"] < first) or (last and row["day"] > last):
        return False
    if statistic.source == "events" and row["kind"] == "identify":
        return False
    named = {one.column for one in statistic.where}
    if statistic.source in ("orders", "order_lines") and "status" not in named:
        of_order = row["order"]["status"] if statistic.source == "order_lines" else "valid"
        if row["status"] != "valid" or of_order != "valid":
            return False
    return all(fulfils(_value(row, one.column), one, as_of.today) for one in statistic.where)


def _value(row: Mapping[str, Any], column: str) -> Any:
    if column.startswith("properties."):
        return json.loads(row["properties"]).get(column.removeprefix("properties."))
    if column == "hour":
        return row["at"].astimezone(SHANGHAI).hour
    if column == "weekday":
        return row["at"].astimezone(SHANGHAI).isoweekday()
    return row.get(column)


def fulfils(value: Any, comparison: Comparison, today: date) -> bool:  # noqa: C901  (one line for each operator)
    """Whether ``value`` fulfils ``comparison``."""
    wanted, op = comparison.value, comparison.op
    if op in ("known", "unknown"):
        return (value is not None and value != []) == (op == "known")
    if op in ("is_not", "not_among", "excludes"):
        opposite = {"is_not": "is", "not_among": "among", "excludes": "includes"}[op]
        return not fulfils(value, comparison.model_copy(update={"op": opposite}), today)
    if value is None:
        return False
    if op == "includes":
        return any(one in value for one in (wanted if isinstance(wanted, tuple) else (wanted,)))
    if isinstance(value, datetime):
        value = value.astimezone(SHANGHAI).date()
    if op in ("within_days", "over_days"):
        assert isinstance(wanted, int)
        ago = (today - value).days
        return ago <= wanted if op == "within_days" else ago > wanted
    if isinstance(value, date):
        wanted = tuple(map(_day, wanted)) if isinstance(wanted, tuple) else _day(wanted)
    if isinstance(wanted, str) and not isinstance(value, str):
        return False
    if isinstance(wanted, (int, float)) and isinstance(value, str):
        return False
    if isinstance(value, bool) != isinstance(wanted, bool):
        return False
    return _COMPARED[op](value, wanted)


def _day(value: Any) -> date:
    return value if isinstance(value, date) else date.fromisoformat(value)


_COMPARED: dict[str, Any] = {
    "is": lambda value, wanted: value == wanted,
    "among": lambda value, wanted: value in wanted,
    "at_least": lambda value, wanted: value >= wanted,
    "at_most": lambda value, wanted: value <= wanted,
    "above": lambda value, wanted: value > wanted,
    "below": lambda value, wanted: value < wanted,
    "between": lambda value, wanted: wanted[0] <= value <= wanted[1],
    "contains": lambda value, wanted: wanted in value,
    "begins": lambda value, wanted: value.startswith(wanted),
}


def _aggregate(rows: list[Row], statistic: Statistic, as_of: AsOf) -> Any:
    name = statistic.aggregate
    if name == "count":
        return len(rows)
    if name.startswith("days_since"):
        days = [one["day"] for one in rows]
        return (as_of.today - (min if name == "days_since_first" else max)(days)).days if days else None
    rows = sorted(rows, key=lambda one: (one["at"], one["key"]))
    values = [value for one in rows if (value := _value(one, statistic.column)) is not None]
    if name == "distinct":
        return len(set(values))
    if statistic.column.startswith("properties.") and statistic.kind == "number":
        values = [float(one) for one in values if isinstance(one, (int, float)) and not isinstance(one, bool)]
    if name == "sum":
        return sum(values)
    if not values:
        return None
    if name == "mode":
        counts = Counter(values)
        return min(counts, key=lambda one: (-counts[one], one))
    return {
        "avg": lambda: sum(values) / len(values),
        "min": lambda: min(values),
        "max": lambda: max(values),
        "first": lambda: values[0],
        "last": lambda: values[-1],
    }[name]()
