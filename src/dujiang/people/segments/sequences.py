"""The people of a sequence: its events in order, handed to a compiled kernel."""

from __future__ import annotations

import duckdb
import numpy as np

from dujiang.engine.columns import Whole
from dujiang.engine.derived.events import SAYS_WHO
from dujiang.engine.kernels.sequence import NO_LIMIT, WITHOUT, followed
from dujiang.people.behaviour import AsOf, column_kind
from dujiang.people.bound import Binder, Question
from dujiang.people.comparison import tested
from dujiang.people.conditions import Sequence, Step
from dujiang.people.counting import row_value


def people_of(con: duckdb.DuckDBPyConnection, sequence: Sequence, as_of: AsOf, among: str = "") -> Whole:
    """The sorted persons (of the table ``among``; empty for everybody) who did the sequence before ``as_of``."""
    rows = _rows(sequence, as_of, among).answer(con)
    within = NO_LIMIT if sequence.within_minutes is None else sequence.within_minutes * 60_000
    return followed(
        rows["person"].to_numpy(),
        rows["at_ms"].to_numpy(),
        rows["bits"].to_numpy().astype(np.uint8),
        steps=len(sequence.steps),
        within_ms=within,
    )


def _rows(sequence: Sequence, as_of: AsOf, among: str) -> Question:
    binder = Binder()
    parts = [(step, 1 << number) for number, step in enumerate(sequence.steps)]
    parts += [(step, WITHOUT) for step in sequence.without]
    masks: dict[int, list[str]] = {}
    for step, bit in parts:
        masks.setdefault(bit, []).append(_test(step, as_of, binder))
    bits = " | ".join(f"if({' OR '.join(tests)}, {bit}, 0)" for bit, tests in masks.items())
    any_of = " OR ".join(test for tests in masks.values() for test in tests)
    first, last = sequence.window.bounds(as_of.today)
    kept = [f'"at" < {binder.bind(as_of.at)}', f"NOT list_contains({binder.bind(list(SAYS_WHO))}, kind)"]
    kept += [f"day >= {binder.bind(first)}"] if first else []
    kept += [f"day <= {binder.bind(last)}"] if last else []
    owners = f'(FROM person_node SEMI JOIN "{among}" USING (person))' if among else "person_node"
    return binder.question(
        f'SELECT mine.person, epoch_ms("at") AS at_ms, CAST({bits} AS UTINYINT) AS bits'
        f" FROM fact_event JOIN {owners} AS mine ON mine.node = fact_event.anchor"
        ' AND (from_at IS NULL OR "at" >= from_at) AND (to_at IS NULL OR "at" < to_at)'
        f' WHERE {" AND ".join(kept)} AND ({any_of}) ORDER BY mine.person, "at", seq'
    )


def _test(step: Step, as_of: AsOf, binder: Binder) -> str:
    tests = (
        tested(
            row_value("events", one.column, as_of, binder), column_kind("events", one.column), one, as_of.today, binder
        )
        for one in step.where
    )
    return f"({' AND '.join(tests)})"
