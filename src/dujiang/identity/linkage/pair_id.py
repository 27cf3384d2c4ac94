"""How a suggestion is named outside: by the identifiers of its two people."""

from __future__ import annotations

from dujiang.foundation.errors import NotFound
from dujiang.foundation.i18n import _
from dujiang.foundation.ids import parse_person_id, person_id


def pair_id(a: int, b: int) -> str:
    """The name of the suggestion about two nodes.

    >>> parse_pair_id(pair_id(-5, 7))
    (-5, 7)
    """
    return f"{person_id(a)}-{person_id(b)}"


def parse_pair_id(text: str) -> tuple[int, int]:
    """The two nodes behind :func:`pair_id`.

    Raises:
        NotFound: ``linkage.no_suggestion``.
    """
    one, _dash, other = text.partition("-")
    a, b = parse_person_id(one), parse_person_id(other)
    if a is None or b is None:
        raise NotFound("linkage.no_suggestion", _("There is no such suggestion."))
    return a, b
