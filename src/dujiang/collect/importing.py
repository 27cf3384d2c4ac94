"""Importing channel files: upload, look, run, and take back if it was wrong.

An import is one batch: all of its facts become true in one commit, or none. What it stated can be taken back and brought
back at any time; nothing is deleted.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import BinaryIO, Final
from zoneinfo import ZoneInfo

from dujiang.collect.exports.convert import Target
from dujiang.collect.exports.drafting import Draft, draft
from dujiang.collect.exports.mapping import MappingSpec
from dujiang.collect.exports.preview import Preview, preview
from dujiang.collect.exports.records import Batches, ImportResult, Records
from dujiang.collect.exports.rules import Given
from dujiang.collect.exports.run import ImportRun, Parts
from dujiang.collect.exports.templates import KIND, Mappings
from dujiang.collect.exports.uploads import Upload, Uploads
from dujiang.collect.identifiers import Tokeniser
from dujiang.collect.model import SourceSpec
from dujiang.collect.sift import Settled, Sift
from dujiang.foundation.clock import Clock
from dujiang.foundation.definitions import Definition
from dujiang.foundation.errors import Conflict, InvalidInput, NotFound
from dujiang.foundation.i18n import DEFAULT_LOCALE, _
from dujiang.foundation.progress import Progress, silent
from dujiang.store.audit import record
from dujiang.store.database import Database
from dujiang.store.manifest import Manifest, Part
from dujiang.store.vault import Vault

_BATCH: Final = re.compile(r"imp_[0-9a-z]{26}")


@dataclass(frozen=True)
class Undone:
    """What taking an import back left.

    Attributes:
        result: the import, now undone.
        leaning: later imports into the same channel that found rows known already. Where it was this import that knew
            them, they are gone with it: import those files again.
    """

    result: ImportResult
    leaning: tuple[ImportResult, ...]


def _nothing(_: object) -> None:
    """For those who keep no engine in step."""


@dataclass
class ImportService:
    """The use cases of channel files. Imports of one workspace run one after another.

    Args:
        folder: where uploads and error files lie.
        db, manifest, vault, sift: where facts and clear values go.
        definitions: what is defined of a kind, by kind and name.
        tokeniser: makes a new tokeniser.
        clock: tells the time.
        zone: time zone that files are written in.
        after: called with each batch that became true, or true again.
        undone: called with the id of each batch that was taken back.
        keep_originals: leave an uploaded file where it is after its import.
        locale: language of the error files.
    """

    folder: Path
    db: Database
    manifest: Manifest
    vault: Vault
    sift: Sift
    definitions: Callable[[str], Mapping[tuple[str, str], Definition]]
    tokeniser: Callable[[], Tokeniser]
    clock: Clock
    zone: ZoneInfo
    after: Callable[[Settled], None] = _nothing
    undone: Callable[[str], None] = _nothing
    keep_originals: bool = False
    locale: str = DEFAULT_LOCALE
    _running: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def __post_init__(self) -> None:
        self._uploads, self._records = Uploads(self.folder), Records(self.db)

    def upload(self, stream: BinaryIO, file_name: str) -> str:
        """Keep a file until it is imported or discarded; its id.

        Raises:
            TooLarge: ``file.too_large``.
            InvalidInput: ``file.empty``.
        """
        return self._uploads.take(stream, file_name, self.clock.now()).id

    def uploads(self) -> Sequence[Upload]:
        """Files that wait, the newest first."""
        return self._uploads.list()

    def upload_path(self, upload: str) -> Path:
        """Where the content of a waiting file lies.

        Raises:
            NotFound: ``upload.unknown``.
        """
        return self._uploads.path(upload)

    def discard(self, upload: str) -> None:
        """Delete a file that waits."""
        self._uploads.discard(upload)

    def mappings(self) -> Mappings:
        """Every mapping in force."""
        return Mappings(self.definitions(KIND).values())

    def preview(
        self,
        upload: str,
        mapping: str | None = None,
        encoding: str | None = None,
        *,
        channel: str = "",
        shop: str = "",
        account: str = "",
        app: str = "",
        day: date | str | None = None,
        tag: str = "",
    ) -> Preview:
        """What importing would do, from the first 1,000 rows; nothing is kept.

        Raises:
            NotFound: ``upload.unknown`` or ``mapping.unknown``.
            InvalidInput: a file that cannot be read (``file.…``, ``zip.…``), or ``import.bad_day``.
        """
        waiting = self._uploads.get(upload)
        given = Given(shop, account, _day(day), app, tag)
        seen = preview(
            self._uploads.path(upload),
            mapping or None,
            mappings=self.mappings(),
            tokeniser=self.tokeniser(),
            target=Target("preview", channel, self.clock.now(), self.zone, given),
            encoding=encoding or "",
            file_name=waiting.file_name,
        )
        before = self._records.of_content(waiting.sha256, self._batches())
        return replace(seen, imported_before=before[0].id if before else "")

    def draft(
        self,
        upload: str,
        like: str,
        chosen: Mapping[str, str] | None = None,
        *,
        channel: str = "",
        encoding: str | None = None,
    ) -> Draft:
        """A mapping for a file that none knows, made from a template; nothing is kept.

        Args:
            upload: the file.
            like: the template, such as ``own.orders``.
            chosen: the file's column by the template's; None: as it seems.
            channel: where the facts usually belong; empty: the template's.
            encoding: of the file; None: found out.

        Raises:
            NotFound: ``upload.unknown`` or ``mapping.unknown``.
            InvalidInput: a file that cannot be read, or ``mapping.unknown_column``.
        """
        seen = self.preview(upload, encoding=encoding)
        return draft(like, seen.header, seen.rows, self.mappings(), chosen, channel)

    def run(
        self,
        upload: str,
        mapping: str | None = None,
        channel: str = "",
        shop: str = "",
        progress: Progress = silent,
        *,
        source: str = "",
        account: str = "",
        app: str = "",
        day: date | str | None = None,
        tag: str = "",
        encoding: str = "",
        actor: str = "system",
    ) -> ImportResult:
        """Import a file. Doing it again for the same upload gives the result that it had.

        Args:
            upload: id of the upload.
            mapping: name of the mapping; None: the one that fits best.
            channel: channel of the facts; empty: the mapping's.
            shop: shop of the orders, part of their key.
            progress: told how far it is; may raise ``Cancelled``, which leaves nothing behind.
            source: definition name of the source; empty: the one defined for files of the channel, else ``<channel>-files``.
            account: advertising account of spend.
            app: app or shop in which platform ids are unique.
            day: day of a table that states none.
            tag: tag of a list of people that names none.
            encoding: encoding of text; empty: found out.
            actor: who does it.

        Raises:
            NotFound: ``upload.unknown`` or ``mapping.unknown``.
            InvalidInput: a file that cannot be read, ``mapping.missing_columns``, ``import.no_mapping``,
                ``import.no_channel`` or ``import.bad_day``.
        """
        id_ = "imp_" + upload.removeprefix("upl_")
        with self._running:
            if done := self._records.find(id_, self._batches()):
                return done
            waiting = self._uploads.get(upload)
            given = Given(shop, account, _day(day), app, tag)
            name, spec = self._mapping(upload, waiting.file_name, mapping, encoding)
            where = channel or spec.channel
            if not where:
                raise InvalidInput("import.no_channel", _("Say which channel the file belongs to."))
            target = Target(source or self._source(where), where, self.clock.now(), self.zone, given)
            parts = Parts(self.db, self.vault, self.sift, self.tokeniser, self.locale)
            path, errors = self._uploads.path(upload), self.error_path(id_)
            job = ImportRun(parts, waiting, path, errors, id_, name, spec, target, encoding, actor)
            result, settled = job.run(progress)
            self.after(settled)
            if not self.keep_originals:
                self._uploads.discard(upload)
            return result

    def list(self, limit: int = 100) -> Sequence[ImportResult]:
        """Imports, the newest first."""
        return self._records.list(self._batches(), limit)

    def get(self, id: str) -> ImportResult:  # noqa: A002 - the thing's own word
        """One import.

        Raises:
            NotFound: ``import.unknown``.
        """
        return self._records.get(id, self._batches())

    def errors_file(self, id: str) -> Path | None:  # noqa: A002
        """The bad rows of an import as CSV; None where there are none.

        Raises:
            NotFound: ``import.unknown``.
        """
        path = self.error_path(self.get(id).id)
        return path if path.is_file() else None

    def error_path(self, id: str) -> Path:  # noqa: A002
        """Where the error file of an import lies, if it has one."""
        if not _BATCH.fullmatch(id):
            raise NotFound("import.unknown", _("There is no import “{id}”."), id=id[:60])
        return self.folder / f"{id}.errors.csv"

    def undo(self, id: str, *, actor: str = "system", reason: str = "") -> Undone:  # noqa: A002
        """Take everything that an import stated out of the answers.

        Raises:
            NotFound: ``import.unknown``.
            Conflict: ``batch.retracted`` if it is out already, ``import.nothing_new`` if it brought nothing.
        """
        before = self.get(id)
        if not before.facts:
            sentence = _("This import brought nothing new, so there is nothing to undo.")
            raise Conflict("import.nothing_new", sentence)
        self._change(id, actor, "import.undo", reason, self.manifest.retract)
        self.undone(id)
        return Undone(self.get(id), self._leaning(before))

    def redo(self, id: str, *, actor: str = "system", reason: str = "") -> ImportResult:  # noqa: A002
        """Bring an undone import back.

        Raises:
            NotFound: ``import.unknown``.
            Conflict: ``batch.not_retracted`` if it is in.
        """
        self.get(id)
        self._change(id, actor, "import.redo", reason, self.manifest.restore)
        self.after(Settled(id, tuple(self._parts(id)), {}, {}, ()))
        return self.get(id)

    def _parts(self, id_: str) -> list[Part]:
        return [part for part in self.manifest.parts(include_retracted=True) if part.batch == id_]

    def _change(self, id_: str, actor: str, action: str, reason: str, change: Callable[..., None]) -> None:
        now = self.clock.now()
        with self._running, self.db.transaction() as tx:
            change(tx, id_, now)
            record(tx, actor=actor, action=action, object=id_, reason=reason, at=now)

    def _leaning(self, undone: ImportResult) -> tuple[ImportResult, ...]:
        later = (one for one in self.list(1000) if one.at >= undone.at and one.id != undone.id and not one.undone)
        return tuple(one for one in later if one.channel == undone.channel and one.duplicate)

    def _batches(self) -> Batches:
        return {one.batch: (one.retracted, one.changed_at) for one in self.manifest.batches()}

    def _mapping(self, upload: str, file_name: str, name: str | None, encoding: str) -> tuple[str, MappingSpec]:
        mappings = self.mappings()
        if not name:
            target = Target("preview", "", self.clock.now(), self.zone)
            path, tokeniser = self._uploads.path(upload), self.tokeniser()
            name = preview(
                path, mappings=mappings, tokeniser=tokeniser, target=target, encoding=encoding, file_name=file_name
            ).mapping
        if not name:
            sentence = _("No mapping fits the columns of this file. Choose one, or define a mapping for it.")
            raise InvalidInput("import.no_mapping", sentence)
        return name, mappings.get(name)

    def _source(self, channel: str) -> str:
        defined = sorted(
            name
            for (_kind, name), one in self.definitions("source").items()
            if (spec := SourceSpec.model_validate(one.spec)).type == "files" and spec.channel == channel
        )
        return defined[0] if defined else f"{channel}-files"


def _day(day: date | str | None) -> date | None:
    if not isinstance(day, str):
        return day
    try:
        return date.fromisoformat(day) if day else None
    except ValueError:
        sentence = _("“{value}” is not a day. Write it as 2026-11-11.")
        raise InvalidInput("import.bad_day", sentence, value=day[:40]) from None
