"""What the engine has to know of identifier types; the room of identity defines them, the engine is handed them."""

from __future__ import annotations

from typing import Protocol

import numpy as np
import numpy.typing as npt
import pyarrow as pa


class IdentifierType(Protocol):
    """One type of identifier."""

    @property
    def joins(self) -> bool:
        """Two identifiers of one fact may mean one person."""
        ...

    @property
    def relates(self) -> bool:
        """It joins no one, and still says who has something in common."""
        ...

    @property
    def kind(self) -> str:
        """``strong`` or ``device``."""
        ...


class IdentifierRules(Protocol):
    """All types of identifiers."""

    def get(self, type: str, /) -> IdentifierType:  # noqa: A002
        """The type named ``type`` (``name`` or ``name@scope``)."""
        ...

    def priority(self, type: str, /) -> int:  # noqa: A002
        """Its rank: the smaller, the stronger."""
        ...


def anchors(identifiers: pa.ChunkedArray, rules: IdentifierRules) -> pa.Array:
    """Of each fact the node of its strongest identifier; null for a fact that names no one.

    Args:
        identifiers: lists of ``{type, node}``.
        rules: which type is the stronger; the first listed wins a tie.
    """
    lists = identifiers.combine_chunks()
    counts = lists.value_lengths().fill_null(0).to_numpy()
    flat = lists.flatten()
    best = np.full(len(counts), -1, np.int64)
    if len(flat):
        ranks = _ranks(flat.field("type"), rules)
        owner = np.repeat(np.arange(len(counts)), counts)
        order = np.lexsort((np.arange(len(ranks)), ranks, owner))
        first = np.unique(owner[order], return_index=True)
        best[first[0]] = order[first[1]]
    return flat.field("node").take(pa.array(best, mask=best < 0))


def _ranks(types: pa.Array, rules: IdentifierRules) -> npt.NDArray[np.int64]:
    coded = types.dictionary_encode()
    by_code = np.array([rules.priority(one) for one in coded.dictionary.to_pylist()], np.int64)
    return by_code[coded.indices.to_numpy()]


def rule_table(types: list[str], rules: IdentifierRules) -> pa.Table:
    """Of each of ``types``: its rank, whether it joins people, whether links with it are kept, and whether it is a device."""
    return pa.table(
        {
            "type": pa.array(types, pa.string()),
            "rank": pa.array([rules.priority(one) for one in types], pa.int64()),
            "joins": pa.array([rules.get(one).joins for one in types], pa.bool_()),
            "linked": pa.array([rules.get(one).joins or rules.get(one).relates for one in types], pa.bool_()),
            "device": pa.array([rules.get(one).kind == "device" for one in types], pa.bool_()),
        }
    )
