"""What a check of the truth finds wrong: reported, never repaired in silence."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from dujiang.foundation.i18n import translate


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong: a stable code, an English sentence that is the key of its translation, and its values.

    >>> Problem("archive.file_missing", "The archive file {file} is missing.", {"file": "a.parquet"}).text()
    'The archive file a.parquet is missing.'
    """

    code: str
    sentence: str
    values: Mapping[str, Any] = field(default_factory=dict)

    def text(self, locale: str = "en") -> str:
        """The sentence in ``locale`` with its values filled in."""
        return translate(self.sentence, locale).format(**self.values)
