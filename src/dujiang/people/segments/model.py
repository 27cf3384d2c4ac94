"""What a segment is as a definition, and what is answered about segments."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Self

from pydantic import model_validator

from dujiang.foundation.definitions import Spec, documents, parse, register
from dujiang.foundation.errors import InvalidInput
from dujiang.foundation.i18n import _
from dujiang.people.conditions import Condition, check_size, parse_condition

KIND: Final = "segment"


class SegmentSpec(Spec):
    """The definition kind ``segment``: everybody who fulfils ``condition``."""

    condition: Condition

    @model_validator(mode="after")
    def _bounded(self) -> Self:
        check_size(self.condition)
        return self


register(KIND, SegmentSpec)


def trees_of(text: str, name: str) -> dict[str, Condition]:
    """The trees of a YAML or JSON text, by the name of their segment.

    Args:
        text: definitions; or trees alone, as the builder shows them and the API takes them.
        name: what a tree without a name is called; the second ``<name>-2``.

    Raises:
        InvalidInput: as :func:`~dujiang.foundation.definitions.load_yaml`; ``segment.invalid``; ``segment.none_told``.

    >>> [*trees_of('{"type": "sample", "percent": 10}', "tenth")]
    ['tenth']
    """
    found: dict[str, Condition] = {}
    for document in documents(text):
        tree = bare_tree(document)
        if tree is not None:
            found[name if name not in found else f"{name}-{len(found) + 1}"] = parse_condition(tree)
        elif (one := parse(document)).kind == KIND:
            found[one.name] = SegmentSpec.model_validate(one.spec).condition
    if not found:
        sentence = _("There is no segment here: neither a definition of the kind “segment” nor a tree of conditions.")
        raise InvalidInput("segment.none_told", sentence)
    return found


def bare_tree(document: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The tree that ``document`` is, or holds without being a definition; None where it is a definition."""
    if "kind" in document:
        return None
    if "type" in document:
        return document
    spec = document.get("spec", document)
    return spec.get("condition") if isinstance(spec, Mapping) else None


@dataclass(frozen=True)
class Counted:
    """How many people a tree holds.

    Attributes:
        people: how many.
        everybody: out of how many.
        parts: how many fulfil each part of the tree alone, in the order of the tree: the whole first.
        sentence: the tree in words.
    """

    people: int
    everybody: int
    parts: tuple[int, ...]
    sentence: str

    @property
    def share(self) -> float | None:
        """Of everybody; None where there is nobody."""
        return self.people / self.everybody if self.everybody else None


@dataclass(frozen=True)
class SegmentSummary:
    """One segment in a list.

    Attributes:
        name: of its definition.
        title, description: per language.
        people: members at the last refresh.
        entered, left: who came and went in the last seven days, as recorded; not who was put in or taken out because the
            segment, or a tag that it names, was new or defined anew.
        sentence: its condition in words.
        used_by: kind and name of each definition that reads it.
    """

    name: str
    title: dict[str, str]
    description: dict[str, str]
    owner: str
    status: str
    people: int
    entered: int
    left: int
    sentence: str
    used_by: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class SizeDay:
    """One day of a segment's history.

    Attributes:
        day: of the brand.
        entered, left: who came and who went.
        redefined: whom a new or another definition put in, less whom it took out: they did nothing for it.
        people: how many were there at its end.
    """

    day: str
    entered: int
    left: int
    redefined: int
    people: int


@dataclass(frozen=True)
class Overlap:
    """People who are in exactly these of the segments compared, and in none of the others."""

    segments: tuple[str, ...]
    people: int


@dataclass(frozen=True)
class Reach:
    """How many members can be reached on a channel.

    Attributes:
        medium: way of reaching people, such as ``sms``.
        address: members with an address of that kind.
        consented: those among them who agreed; None where nobody ever stated a consent.
        refused: those among them who refused.
    """

    medium: str
    address: int
    consented: int | None
    refused: int


@dataclass(frozen=True)
class Difference:
    """How two groups differ in one field.

    Attributes:
        field: profile field or tag; ``value`` is the value whose share is compared, empty for a mean.
        a, b: share (0–1) or mean in each group; None where nobody has a value.
        effect: Cohen's h for shares, Hedges' g for means.
        p: p-value, adjusted over all comparisons (Benjamini–Hochberg).
        clear: the adjusted p is at most 0.05 and the effect at least 0.2.
    """

    field: str
    value: str
    a: float | None
    b: float | None
    effect: float
    p: float
    clear: bool


@dataclass(frozen=True)
class Comparison:
    """Two groups of people held against each other.

    Attributes:
        one, other: how many people are in each.
        both: how many are in both; they count in both.
        differences: every comparison, the clear ones first.
    """

    one: int
    other: int
    both: int
    differences: tuple[Difference, ...]
