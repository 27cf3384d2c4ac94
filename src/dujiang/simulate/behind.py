"""The true person behind each person that was found: what every comparison with the truth begins with."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import duckdb
import pyarrow.parquet as pq

from dujiang.workspace import Workspace

Node = Callable[[str, str], int | None]


def nodes(workspace: Workspace) -> Node:
    """Tells the number by which a workspace knows an identifier; None where it is none."""
    tokeniser = workspace.tokeniser()

    def node(type_: str, value: str) -> int | None:
        found = tokeniser.identifier(type_, value)
        return found.node if found else None

    return node


def rows(truth: Path, name: str) -> list[dict[str, Any]]:
    """The rows of one table of the truth."""
    return pq.read_table(truth / f"{name}.parquet").to_pylist()


def owners(truth: Path, node: Node) -> dict[int, int]:
    """Whose each identifier truly is, of those that are one person's."""
    found: dict[int, set[int]] = defaultdict(set)
    for row in rows(truth, "identifier"):
        if not row["shared"] and (one := node(row["type"], row["value"])) is not None:
            found[one].add(row["person"])
    return {one: next(iter(people)) for one, people in found.items() if len(people) == 1}


def true_people(con: duckdb.DuckDBPyConnection, owner: Mapping[int, int]) -> dict[int, int]:
    """The true person behind each found one: whose identifiers it has most of."""
    votes: dict[int, Counter[int]] = defaultdict(Counter)
    for node, person in con.execute("SELECT node, person FROM person_node WHERE from_at IS NULL").fetchall():
        if node in owner:
            votes[person][owner[node]] += 1
    return {person: count.most_common(1)[0][0] for person, count in votes.items()}
