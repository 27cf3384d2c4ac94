"""Where things lie in a workspace's folder, and the lock that lets one process own it."""

from __future__ import annotations

import fcntl
import os
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from dujiang.foundation.errors import Conflict, InvalidInput, NotFound
from dujiang.foundation.i18n import _
from dujiang.foundation.ids import new_id
from dujiang.foundation.settings import Settings

_SETTINGS_FILE = """# Settings of this workspace. What is not said here has its default; a key nobody knows is an error.

[brand]
name = "{name}"
time_zone = "{time_zone}"
currency = "{currency}"
"""


@dataclass(frozen=True)
class Layout:
    """The files and folders of one workspace."""

    folder: Path

    @property
    def settings(self) -> Path:
        """``dujiang.toml``."""
        return self.folder / "dujiang.toml"

    @property
    def identity(self) -> Path:
        """The file with the workspace's own id, which names its key folder."""
        return self.folder / "workspace.id"

    @property
    def store(self) -> Path:
        """Truth."""
        return self.folder / "store"

    @property
    def archive(self) -> Path:
        """Accepted facts."""
        return self.folder / "archive"

    @property
    def imports(self) -> Path:
        """Uploads and error files."""
        return self.folder / "imports"

    @property
    def reports(self) -> Path:
        """Files of delivered reports."""
        return self.folder / "reports"

    @property
    def salvaged(self) -> Path:
        """What a salvage put aside."""
        return self.folder / "salvaged"

    @property
    def engine(self) -> Path:
        """Answers; disposable."""
        return self.folder / "engine"

    @property
    def exists(self) -> bool:
        """Whether a workspace lies here."""
        return self.settings.exists() and self.identity.exists()

    def create(self, *, name: str, time_zone: str, currency: str) -> None:
        """Make an empty workspace.

        Raises:
            Conflict: ``workspace.exists``.
            InvalidInput: ``workspace.not_empty`` if other files lie here.
        """
        if self.exists:
            raise Conflict(
                "workspace.exists", _("There is a workspace in this folder already. Open it, or choose another.")
            )
        if self.folder.exists() and any(self.folder.iterdir()):
            sentence = _("The folder holds other files. Choose an empty one, so that nothing of yours is mixed in.")
            raise InvalidInput("workspace.not_empty", sentence)
        for folder in (self.store, self.archive, self.imports, self.engine):
            folder.mkdir(parents=True, exist_ok=True)
        quoted = name.replace("\\", "").replace('"', "")
        self.settings.write_text(_SETTINGS_FILE.format(name=quoted, time_zone=time_zone, currency=currency), "utf-8")
        self.identity.write_text(new_id("ws") + "\n", "utf-8")

    def check(self) -> None:
        """Raise unless a workspace lies here.

        Raises:
            NotFound: ``workspace.none``.
        """
        if not self.exists:
            sentence = _("There is no workspace in “{folder}”. Make one with dujiang init.")
            raise NotFound("workspace.none", sentence, folder=self.folder.name)

    def store_url(self, settings: Settings) -> str:
        """SQLAlchemy address of the store."""
        return settings.store.url or f"sqlite:///{self.store.resolve() / 'dujiang.db'}"

    def key_folder(self, settings: Settings) -> Path:
        """Where the keys lie: never below the workspace.

        Raises:
            InvalidInput: ``keys.inside_data``.
        """
        if settings.keys.folder:
            chosen = Path(settings.keys.folder).expanduser().resolve()
        else:
            base = Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config")
            chosen = base / "dujiang" / "keys" / self.identity.read_text("utf-8").strip()
        if chosen.is_relative_to(self.folder.resolve()):
            sentence = _(
                "The key folder lies inside the workspace. Keys and data must not share a backup: move it out."
            )
            raise InvalidInput("keys.inside_data", sentence)
        return chosen


class OwnerLock:
    """One process owns a workspace at a time; the lock is the operating system's, so a killed owner holds nothing."""

    def __init__(self, folder: Path) -> None:
        self._file: IO[str] | None = (folder / ".owner").open("a+", encoding="utf-8")
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            self._file.seek(0)
            owner = self._file.read().strip() or "?"
            self._file.close()
            sentence = _(
                "Another process (number {process}) has this workspace open. Use its console or API, or stop it first."
            )
            raise Conflict("workspace.in_use", sentence, process=owner) from None
        self._file.truncate(0)
        self._file.write(str(os.getpid()))
        self._file.flush()

    def release(self) -> None:
        """Let others open the workspace."""
        if self._file:
            self._file.close()
            self._file = None
