"""Passwords and random tokens: only hashes of them are kept."""

from __future__ import annotations

import functools
import hashlib
import secrets
from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from dujiang.foundation.errors import InvalidInput
from dujiang.foundation.i18n import _

PASSWORD_CHARS_MIN: Final = 10
PASSWORD_CHARS_MAX: Final = 200
_HASHER: Final = PasswordHasher()  # argon2id with the library's current recommendation
_TOKEN_BYTES: Final = 32


def new_token(prefix: str = "") -> str:
    """A token of 256 random bits."""
    return prefix + secrets.token_urlsafe(_TOKEN_BYTES)


def token_hash(token: str) -> bytes:
    """What is kept of a token. SHA-256 is enough here: nobody guesses 256 random bits, however fast the hash."""
    return hashlib.sha256(token.encode()).digest()


def password_hash(password: str) -> str:
    """What is kept of a password.

    Raises:
        InvalidInput: ``access.password_too_short`` or ``access.password_too_long``.
    """
    if len(password) < PASSWORD_CHARS_MIN:
        sentence = _("The password is too short. Use at least {bound} characters.")
        raise InvalidInput("access.password_too_short", sentence, bound=PASSWORD_CHARS_MIN)
    if len(password) > PASSWORD_CHARS_MAX:
        sentence = _("The password is too long. Use at most {bound} characters.")
        raise InvalidInput("access.password_too_long", sentence, bound=PASSWORD_CHARS_MAX)
    return _HASHER.hash(password)


def password_matches(kept: str, password: str) -> bool:
    """Whether ``password`` is the one that ``kept`` was made of."""
    try:
        return len(password) <= PASSWORD_CHARS_MAX and _HASHER.verify(kept, password)
    except (VerificationError, InvalidHashError):
        return False


@functools.cache
def nobody() -> str:
    """A hash that nothing matches: checked for names that do not exist, so that they take as long as those that do."""
    return _HASHER.hash(secrets.token_urlsafe())
