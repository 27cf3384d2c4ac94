"""What numbers are divided by: a column of the event that counts, a field of the person, or a tag."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from dujiang.engine.columns import Code, Whole
from dujiang.engine.view import ByPerson, Coded, View
from dujiang.foundation.errors import NotFound
from dujiang.foundation.i18n import _
from dujiang.insight.questions.scene import Scene

GROUPS_MAX: Final = 50
Codes = npt.NDArray[np.int32]
"""By row and by what it is divided by."""
Key = tuple[str | None, ...]


@dataclass(frozen=True, eq=False)
class Group:
    """Those with the same values of ``by``: the values, and their positions in what was divided."""

    key: Key
    places: npt.NDArray[np.intp]


class Division:
    """Divides rows, and the persons whose they are.

    Args:
        scene: the state looked at.
        view: its rows.
        by: as :class:`dujiang.insight.questions.model.Asked` says.

    Attributes:
        known: what a pass needs to be given to tell what they are divided by, with :func:`divided`.

    Raises:
        NotFound: ``question.no_tag`` for a tag that is not there.
    """

    def __init__(self, scene: Scene, view: View, by: Sequence[str]) -> None:
        self._by = [
            _of_person(scene, view, one) if "." in one and not one.startswith("properties.") else view.codes(one)
            for one in by
        ]
        self.known = [one.parts for one in self._by]

    def groups(self, codes: Codes, weight: Whole | None = None) -> list[Group]:
        """The groups of some rows, the largest first.

        Args:
            codes: of each row, as :func:`divided` gives them.
            weight: how many each row stands for; None for one.
        """
        if not self._by:
            return [Group((), np.arange(len(codes)))]
        different, place, counts = distinct(codes)
        sizes = counts if weight is None else np.bincount(place, weight, len(different))
        order = np.argsort(-sizes, kind="stable")
        by_group = np.argsort(place, kind="stable")
        ends = np.cumsum(counts)
        return [
            Group(
                tuple(one.words[code] for one, code in zip(self._by, different[group], strict=True)),
                by_group[ends[group] - counts[group] : ends[group]],
            )
            for group in order
        ]

    def having(self, keys: Key) -> Callable[[Codes], npt.NDArray[np.bool_]]:
        """Tells by their codes which rows have the values ``keys``; without any, all have."""
        if len(keys) != len(self._by):
            return lambda codes: np.full(len(codes), not keys)
        words = [one.words for one in self._by]
        # Negative codes find their words from the end.
        sizes = np.array([len(one) for one in words])
        wanted = np.array([one.index(key) if key in one else -1 for one, key in zip(words, keys, strict=True)])
        return lambda codes: (codes % sizes == wanted).all(axis=1)


def distinct(rows: npt.NDArray[np.integer[Any]]) -> tuple[npt.NDArray[Any], Whole, Whole]:
    """The different ones of ``rows``, sorted; for each row the place of its own; for each of them how many rows there are.

    >>> distinct(np.array([[1, 7], [0, 8], [1, 7]]))[0].tolist()
    [[0, 8], [1, 7]]
    """
    place, counts = np.zeros(len(rows), np.int64), np.full(min(len(rows), 1), len(rows))
    for column in rows.T.astype(np.int64):
        low = column.min(initial=0)
        key = place * (column.max(initial=0) - low + 1) + column - low
        _keys, place, counts = np.unique(key, return_inverse=True, return_counts=True)
    first = np.empty(len(counts), np.int64)
    first[place[::-1]] = np.arange(len(rows))[::-1]
    return rows[first], place, counts


def divided(known: Sequence[Code | ByPerson], row: npt.NDArray[np.integer[Any]], person: Whole) -> Codes:
    """By row and what it is divided by the code of its word, within one part of a view.

    Args:
        known: of the part.
        row: positions in it; -1 for none.
        person: whose they are.
    """
    found = np.full((len(row), len(known)), -1, np.int32)
    there = row >= 0
    for place, one in enumerate(known):
        if isinstance(one, ByPerson):
            found[:, place] = one.of(person)
        else:
            found[there, place] = one[row[there]]
    return found


def _of_person(scene: Scene, view: View, name: str) -> Coded:
    owner, _dot, field = name.partition(".")
    if owner == "tag" and field not in scene.tags:
        sentence = _("There is no tag “{tag}”. The list of tags shows all names.")
        raise NotFound("question.no_tag", sentence, tag=field)
    text = f'"{field}"'
    if field == "age" and owner == "person":
        text = f"CAST({scene.today.year} - birth_year AS INTEGER) // 10 * 10"
    return view.of_persons(f"CAST({text} AS VARCHAR)", "person_tag" if owner == "tag" else "person")
