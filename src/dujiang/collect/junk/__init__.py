"""Values that mean nobody: what programs, forms and clerks write where there is no one; definition kind ``junk_values``.

The ready-made lists stand in ``presets.yaml``; a definition of the same name replaces one, a new name adds one.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Final

from pydantic import Field, field_validator

from dujiang.foundation.definitions import Definition, Spec, load_yaml, register
from dujiang.foundation.errors import InvalidInput
from dujiang.foundation.i18n import _

KIND: Final = "junk_values"


class JunkSpec(Spec):
    """Values that mean nobody, for some types of identifiers or for all."""

    types: tuple[str, ...] = ()
    """The types that they are junk in; none: all."""
    values: tuple[str, ...] = Field(default=(), max_length=10_000)
    """Whole values, in any case of letters."""
    patterns: tuple[str, ...] = Field(default=(), max_length=100)
    """Regular expressions that match a whole value; letters count as they are written. A mobile number is tried as it was
    written and, if it is Chinese, as eleven digits."""

    @field_validator("patterns")
    @classmethod
    def _compile(cls, patterns: tuple[str, ...]) -> tuple[str, ...]:
        for pattern in patterns:
            try:
                re.compile(pattern)
            except re.error as error:
                raise InvalidInput("pattern.wrong", _("not a regular expression: {reason}"), reason=error) from None
        return patterns


register(KIND, JunkSpec)


@cache
def presets() -> tuple[Definition, ...]:
    """The ready-made lists."""
    return tuple(load_yaml((resources.files("dujiang.collect.junk") / "presets.yaml").read_text("utf-8")))


@dataclass(frozen=True)
class Junk:
    """Every list in force, by name."""

    lists: tuple[tuple[str, JunkSpec], ...]

    @classmethod
    def of(cls, definitions: Iterable[Definition] = ()) -> Junk:
        """The ready-made lists with ``definitions`` laid over them; one that is not active is left out.

        >>> [Junk.of().of_type("user_id")(value) for value in ("NULL", "0-0", "88888888", "8888")]
        ['program_words', 'zeroes', 'repeated', '']
        """
        known = {one.name: one for one in (*presets(), *definitions) if one.kind == KIND and one.status != "draft"}
        active = sorted(
            (name, JunkSpec.model_validate(one.spec)) for name, one in known.items() if one.status == "active"
        )
        return cls(tuple(active))

    def of_type(self, type: str) -> Callable[[str], str]:  # noqa: A002 - the field's own word
        """Names the list that a value of ``type`` (without scope) is in; empty if it is in none."""
        lists = [(name, spec) for name, spec in self.lists if not spec.types or type in spec.types]
        listed = {value.lower(): name for name, spec in reversed(lists) for value in spec.values}
        patterns = [(re.compile(pattern).fullmatch, name) for name, spec in lists for pattern in spec.patterns]

        def name_of(value: str) -> str:
            found = listed.get(value.lower())
            if found:
                return found
            for matches, name in patterns:
                if matches(value):
                    return name
            return ""

        return name_of
