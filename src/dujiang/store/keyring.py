"""The keys: one folder outside workspace, database and backups. Without it the vault and the journal stay shut.

========================  =========================================================================================
``token.key``             pepper of :meth:`Keyring.token`; changing it would make everybody a stranger
``seal.key``              master key from which the key of each sealing purpose is derived
``subjects.db``           one data key for each person; deleting it makes what the vault holds of them unreadable
========================  =========================================================================================
"""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
import sqlite3
import threading
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from dujiang.foundation.errors import InvariantBroken, Unavailable
from dujiang.foundation.i18n import _

KEY_BYTES: Final = 32
_NONCE_BYTES: Final = 12
_FORM: Final = b"\x01"
"""First byte of everything sealed: the form, so that a later one can be told apart."""
_LOOKUP_ROWS: Final = 10_000


class Keyring:
    """Tokens, seals and the data keys of persons. Safe to use from several threads and processes."""

    def __init__(self, token_key: bytes, seal_key: bytes, subjects: sqlite3.Connection) -> None:
        self._inner, self._outer = _hmac_states(token_key)
        self._seal_key = seal_key
        self._ciphers: dict[str, AESGCM] = {}
        self._subjects = subjects
        self._lock = threading.Lock()

    @classmethod
    def open(cls, folder: Path) -> Keyring:
        """The keys in ``folder``; they are made on first use, readable by their owner only.

        Raises:
            InvariantBroken: ``keys.damaged`` if a key file has a wrong length.
            Unavailable: ``keys.unreadable`` if the folder cannot be read or written.
        """
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            token_key = _load_or_create(folder / "token.key")
            seal_key = _load_or_create(folder / "seal.key")
            return cls(token_key, seal_key, _open_subjects(folder / "subjects.db"))
        except (OSError, sqlite3.OperationalError):
            sentence = _("The key folder cannot be read or written. Check that it exists and belongs to this user.")
            raise Unavailable("keys.unreadable", sentence) from None

    def token(self, type: str, value: str) -> int:  # noqa: A002 - the field's own word
        """The token of an identifier: HMAC-SHA256 over type, 0x00 and value, its first 8 bytes as a signed number."""
        inner, outer = self._inner.copy(), self._outer.copy()
        inner.update(f"{type}\0{value}".encode())
        outer.update(inner.digest())
        return int.from_bytes(outer.digest()[:8], "big", signed=True)

    def sign(self, data: bytes, purpose: str) -> bytes:
        """HMAC-SHA256 of ``data`` under the signing key of ``purpose``: whoever lacks the keys cannot make it."""
        return hmac.digest(self._derived(f"dujiang sign {purpose}"), data, "sha256")

    def seal(self, data: bytes, purpose: str) -> bytes:
        """``data`` encrypted with AES-256-GCM under the key of ``purpose``.

        The nonce is random: a purpose should not seal more than 2³² values (at 1,000 a second: 49 days without a pause,
        and even then the chance of one repeated nonce is below 1 in 8 billion).
        """
        return seal_with(self._cipher(purpose), data, purpose.encode())

    def unseal(self, sealed: bytes, purpose: str) -> bytes:
        """What :meth:`seal` was given.

        Raises:
            InvariantBroken: ``keys.seal_broken`` if it was changed, or sealed with other keys or for another purpose.
        """
        return unseal_with(self._cipher(purpose), sealed, purpose.encode())

    def create_subject_keys(self, subjects: Iterable[int]) -> dict[int, bytes]:
        """The data key of each of ``subjects``, made and on disk where there was none."""
        wanted = set(subjects)
        with self._lock:
            found = self._lookup(wanted)
            fresh = {subject: secrets.token_bytes(KEY_BYTES) for subject in wanted - found.keys()}
            if not fresh:
                return found
            with self._subjects:
                # Another process may have been faster: its key stays, and is read back.
                self._subjects.executemany("INSERT OR IGNORE INTO subject_key VALUES (?, ?)", fresh.items())
            return self._lookup(wanted)

    def subject_keys(self, subjects: Iterable[int]) -> dict[int, bytes]:
        """The data keys that exist among those of ``subjects``."""
        with self._lock:
            return self._lookup(set(subjects))

    def destroy_subject_keys(self, subjects: Iterable[int]) -> int:
        """Overwrite and delete data keys; the number of keys that there were."""
        with self._lock, self._subjects:
            rows = [(subject,) for subject in set(subjects)]
            return self._subjects.executemany("DELETE FROM subject_key WHERE subject = ?", rows).rowcount

    def close(self) -> None:
        """Close the file of data keys."""
        self._subjects.close()

    def _lookup(self, subjects: set[int]) -> dict[int, bytes]:
        wanted, found = list(subjects), {}
        for start in range(0, len(wanted), _LOOKUP_ROWS):
            part = wanted[start : start + _LOOKUP_ROWS]
            marks = ",".join("?" * len(part))
            query = f"SELECT subject, key FROM subject_key WHERE subject IN ({marks})"
            found.update(self._subjects.execute(query, part))
        return found

    def _cipher(self, purpose: str) -> AESGCM:
        cipher = self._ciphers.get(purpose)
        if cipher is None:
            cipher = self._ciphers[purpose] = AESGCM(self._derived(f"dujiang seal {purpose}"))
        return cipher

    def _derived(self, info: str) -> bytes:
        return HKDF(hashes.SHA256(), KEY_BYTES, salt=None, info=info.encode()).derive(self._seal_key)


def seal_with(cipher: AESGCM, data: bytes, bound_to: bytes) -> bytes:
    """``data`` encrypted; it opens only together with the same ``bound_to``."""
    nonce = os.urandom(_NONCE_BYTES)
    return _FORM + nonce + cipher.encrypt(nonce, data, bound_to)


def unseal_with(cipher: AESGCM, sealed: bytes, bound_to: bytes) -> bytes:
    """What :func:`seal_with` was given.

    Raises:
        InvariantBroken: ``keys.seal_broken``.
    """
    head = 1 + _NONCE_BYTES
    try:
        if sealed[:1] != _FORM:
            raise InvalidTag
        return cipher.decrypt(sealed[1:head], sealed[head:], bound_to)
    except (InvalidTag, ValueError):
        sentence = _("A sealed value does not open: it was changed, or belongs to other keys. Check the key folder.")
        raise InvariantBroken("keys.seal_broken", sentence) from None


def _hmac_states(key: bytes) -> tuple[hashlib._Hash, hashlib._Hash]:
    # HMAC by its definition (RFC 2104) with both padded keys hashed once: twice as fast as hmac.digest for short values.
    block = key.ljust(64, b"\0")
    return hashlib.sha256(bytes(b ^ 0x36 for b in block)), hashlib.sha256(bytes(b ^ 0x5C for b in block))


def _load_or_create(file: Path) -> bytes:
    if not file.exists():
        _create(file, secrets.token_bytes(KEY_BYTES))
    key = file.read_bytes()
    if len(key) != KEY_BYTES:
        sentence = _(
            "The key file {file} is damaged: it has {length} bytes instead of {expected}. Restore it from a copy."
        )
        raise InvariantBroken("keys.damaged", sentence, file=file.name, length=len(key), expected=KEY_BYTES)
    return key


def _create(file: Path, key: bytes) -> None:
    # Written whole under another name, then linked: a key that a second process made meanwhile is never replaced,
    # and a power cut leaves no half a key.
    draft = file.with_name(f"{file.name}.{secrets.token_hex(4)}")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as stream:
        stream.write(key)
        stream.flush()
        os.fsync(stream.fileno())
    try:
        file.hardlink_to(draft)
    except FileExistsError:
        pass
    finally:
        draft.unlink()
    sync_folder(file.parent)


def _open_subjects(file: Path) -> sqlite3.Connection:
    if not file.exists():
        os.close(os.open(file, os.O_WRONLY | os.O_CREAT, 0o600))
    connection = sqlite3.connect(file, timeout=30, check_same_thread=False)
    # Deleted keys are overwritten, and no write-ahead log keeps a copy of them.
    for pragma in ("secure_delete = ON", "journal_mode = TRUNCATE", "synchronous = EXTRA"):
        connection.execute(f"PRAGMA {pragma}")
    connection.execute("CREATE TABLE IF NOT EXISTS subject_key (subject INTEGER PRIMARY KEY, key BLOB NOT NULL)")
    connection.commit()
    return connection


def sync_folder(folder: Path) -> None:
    """Make the names in ``folder`` survive a power cut."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
