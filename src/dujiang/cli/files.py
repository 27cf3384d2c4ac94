"""Files that a person names on the command line."""

from __future__ import annotations

from pathlib import Path

from dujiang.foundation.errors import InvalidInput
from dujiang.foundation.i18n import _


def text_of(file: Path) -> str:
    """The text in a file.

    Raises:
        InvalidInput: ``file.not_text``.
        OSError: the system does not give it.
    """
    try:
        return file.read_text("utf-8")
    except UnicodeDecodeError:
        sentence = _("{file} is not text in UTF-8. Save it as UTF-8 and try again.")
        raise InvalidInput("file.not_text", sentence, file=file.name) from None
