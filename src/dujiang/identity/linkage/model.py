"""What linkage takes and gives: fields that are compared, levels of agreement, a trained model, scored pairs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from dujiang.foundation.i18n import _


@dataclass(frozen=True)
class Level:
    """One degree of agreement.

    Attributes:
        code: stable name, such as ``equal`` or ``same_sound``.
        condition: SQL over ``<column>_l`` and ``<column>_r``; ``ELSE`` for the last.
        likely: chance of it (or what is better) between two records of one person, before training.
        rare: chance of it between two records of different people, before training.
        counts_frequency: column whose rare values weigh more than its common ones.
    """

    code: str
    condition: str
    likely: float
    rare: float
    counts_frequency: str = ""


@dataclass(frozen=True)
class Field:
    """Something that is compared, by levels from the best to the worst; ``unknown`` is when it says nothing."""

    name: str
    unknown: str
    levels: tuple[Level, ...]


@dataclass(frozen=True)
class Schema:
    """What is compared, and how candidates are found.

    Attributes:
        fields: what is compared.
        candidates: columns that two records must share to be compared at all; each group is one way.
        certain: SQL conditions under which two records nearly always are one person: they set the starting point.
        train_on: groups of columns; within the pairs that share one the other fields are learnt.
    """

    fields: tuple[Field, ...]
    candidates: tuple[tuple[str, ...], ...]
    certain: tuple[str, ...]
    train_on: tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class FieldEvidence:
    """What one field says about a pair.

    Attributes:
        field: name of the field.
        level: code of the level; ``unknown`` where one side says nothing.
        weight: evidence in bits: log2 of how much likelier the level is for one person than for two.
    """

    field: str
    level: str
    weight: float


@dataclass(frozen=True)
class ScoredPair:
    """Two records and how likely they are one person.

    Attributes:
        a, b: record ids, ``a`` < ``b``.
        probability: that they are one person.
        weight: total evidence in bits, the starting point included.
        evidence: by field.
    """

    a: str
    b: str
    probability: float
    weight: float
    evidence: tuple[FieldEvidence, ...]


@dataclass(frozen=True)
class Model:
    """A trained model.

    Attributes:
        settings: Splink's settings with the learnt probabilities.
        records: how many records it was trained on.
        from_known: whether it learnt from records that identifiers connect, and not from agreement alone.
        converged: whether every training came to rest.
    """

    settings: Mapping[str, Any]
    records: int
    from_known: bool
    converged: bool


UNKNOWN: Final = "unknown"
LEVELS: Final = {
    "equal": _("Equal"),
    "same_sound": _("Same sound, other characters"),
    "one_character": _("One character differs"),
    "same_surname": _("Only the surname is equal"),
    "swapped": _("Day and month swapped, or one digit differs"),
    "same_year": _("Only the year is equal"),
    "same_door": _("Same door"),
    "same_house": _("Same street and number"),
    "same_street": _("Same street"),
    "same_district": _("Same district"),
    "same_city": _("Same city"),
    "similar": _("Similar"),
    "vague": _("Vaguely similar"),
    "different": _("Different"),
    UNKNOWN: _("Not known on one side"),
}
FIELDS: Final = {
    "name": _("Full name"),
    "birthday": _("Birthday"),
    "address": _("Address"),
    "gender": _("Gender"),
}
