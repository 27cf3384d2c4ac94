"""The error family of Dujiang.

::

    DujiangError
    ├── InvalidInput      400  what was sent cannot be accepted as it is
    │   └── TooLarge      413
    ├── NotSignedIn       401
    ├── NotAllowed        403
    ├── NotFound          404
    ├── Conflict          409  true elsewhere in the meantime, or true twice
    ├── TooMany           429
    ├── Unavailable       503  try again later
    ├── MissingPart       500  a program or package that has to be installed
    └── InvariantBroken   500  a promise of ours does not hold: stop and look

An error carries a stable ``code`` (``room.what``), an English sentence with ``{placeholders}`` that is at the same time
the key of its translation, and the values. Sentences say what happened, with which value, and what to do next; they
never contain SQL, file-system paths or personal data.
"""

from __future__ import annotations

from typing import Any, ClassVar

from dujiang.foundation.i18n import translate
from dujiang.foundation.reasons import spoken


class DujiangError(Exception):
    """Base of every error that Dujiang raises on purpose.

    >>> error = InvalidInput("order.no_number", "Row {row} has no order number. Fill it in and import again.", row=7)
    >>> error.code, error.status, str(error)
    ('order.no_number', 400, 'Row 7 has no order number. Fill it in and import again.')
    """

    status: ClassVar[int] = 500

    def __init__(self, code: str, sentence: str, **values: Any) -> None:
        super().__init__(code, sentence)
        self.code = code
        self.sentence = sentence
        self.values = values

    def text(self, locale: str = "en") -> str:
        """The sentence in ``locale`` with its values filled in."""
        return translate(self.sentence, locale).format(**spoken(self.values, locale))

    def __str__(self) -> str:
        return self.text("en")

    def __reduce__(self) -> tuple[Any, ...]:
        # Exception's own pickling would drop the keyword values, and worker processes send errors home.
        return _restore, (type(self), self.code, self.sentence, self.values)


def _restore(kind: type[DujiangError], code: str, sentence: str, values: dict[str, Any]) -> DujiangError:
    return kind(code, sentence, **values)


class InvalidInput(DujiangError, ValueError):
    """What was sent cannot be accepted as it is."""

    status = 400


class TooLarge(InvalidInput):
    """More bytes, rows or levels than a stated bound."""

    status = 413


class NotSignedIn(DujiangError):
    """Nobody, or a key that is not known."""

    status = 401


class NotAllowed(DujiangError):
    """Known, but without the right to do this."""

    status = 403


class NotFound(DujiangError, LookupError):
    """Nothing by that name or id."""

    status = 404


class Conflict(DujiangError):
    """The same thing exists already, or changed in the meantime."""

    status = 409


class TooMany(DujiangError):
    """More requests than the caller may make now."""

    status = 429


class Unavailable(DujiangError):
    """Cannot be done now; the same call may work later."""

    status = 503


class MissingPart(DujiangError):
    """A program, package or font that has to be installed first."""

    status = 500


class InvariantBroken(DujiangError):
    """Something that can never be, is. The work stops rather than go on with it."""

    status = 500


def ensure(holds: bool, code: str, sentence: str, **values: Any) -> None:
    """Raise :class:`InvariantBroken` unless ``holds``; unlike ``assert`` it stays on under ``python -O``."""
    if not holds:
        raise InvariantBroken(code, sentence, **values)
