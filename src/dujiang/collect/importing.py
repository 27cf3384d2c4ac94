"""Imports: a channel file comes in, is looked at, becomes facts, and can be taken out again.

An import is a job: the job's parameters say what was asked, its result what came of it, and its id names the batch of facts
in the archive. The uploaded file is deleted once its facts are kept; what could not be read stays as an error file.
"""

from __future__ import annotations

import csv
import hashlib
import re
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import date, datetime
from pathlib import Path
from typing import IO, TYPE_CHECKING, BinaryIO, Final
from zoneinfo import ZoneInfo

import pyarrow as pa

from dujiang.collect.exports.convert import BadRow, Chunk, convert
from dujiang.collect.exports.templates import Mappings
from dujiang.collect.identifiers import Tokeniser
from dujiang.collect.model import SourceSpec
from dujiang.collect.sift import Settled, Sieve, Sift
from dujiang.foundation.bounds import BOUNDS
from dujiang.foundation.clock import Clock
from dujiang.foundation.definitions import Definition
from dujiang.foundation.errors import Conflict, InvalidInput, NotFound, TooLarge
from dujiang.foundation.i18n import _, translate
from dujiang.foundation.ids import new_id
from dujiang.foundation.progress import Progress, silent
from dujiang.store.audit import record
from dujiang.store.database import Database
from dujiang.store.jobs import Job, Jobs
from dujiang.store.manifest import Manifest
from dujiang.store.vault import Vault

if TYPE_CHECKING:
    from dujiang.collect.exports.preview import Preview

KIND: Final = "import"
FILES_SOURCE: Final = "files"
"""Source of imports that name none."""
_SIFT_ROWS: Final = 100_000
"""Rows that are sifted together: large enough for DuckDB, small enough for the memory."""
_UPLOAD: Final = re.compile(r"up_[0-9a-z]{26}")
_UNSAFE: Final = re.compile(r"[^\w.()（）\u4e00-\u9fff -]+")

Definitions = Callable[[str], Mapping[tuple[str, str], Definition]]


@dataclass(frozen=True)
class Upload:
    """A file that was put in, and waits to be imported."""

    id: str
    file_name: str
    bytes: int
    sha256: str


@dataclass(frozen=True)
class ImportRequest:
    """What is to be imported, and how.

    Attributes:
        upload: id of the upload.
        mapping: definition name of the mapping.
        source: definition name of the source; empty: ``files``.
        channel: definition name of the channel; empty: the mapping's.
        shop: shop of orders, part of their key.
        account: advertising account of spend.
        app: app or shop in which platform ids are unique.
        day: day of a table that states none; ISO date or empty.
        encoding: encoding of text; empty: found out.
        keep: keep the uploaded file afterwards.
    """

    upload: str
    mapping: str
    source: str = ""
    channel: str = ""
    shop: str = ""
    account: str = ""
    app: str = ""
    day: str = ""
    encoding: str = ""
    keep: bool = False


@dataclass(frozen=True)
class ImportResult:
    """What came of an import: rows = accepted + duplicate + rejected.

    Attributes:
        rows: records in the file.
        accepted: rows that stated something new.
        duplicate: rows that stated nothing new.
        rejected: bad rows; the first of them are in the error file.
        passed: rows that are no records, such as totals.
        facts: new facts by family.
    """

    file_name: str
    mapping: str
    channel: str
    rows: int
    accepted: int
    duplicate: int
    rejected: int
    passed: int
    facts: Mapping[str, int]
    bytes: int
    sha256: str


@dataclass(frozen=True)
class ImportRecord:
    """An import as lists show it.

    Attributes:
        job: the long work that it is or was; its state says how far it is.
        result: None until it is done.
        undone: its facts were taken out.
        errors: there is an error file.
    """

    id: str
    job: Job
    request: ImportRequest
    result: ImportResult | None
    undone: bool
    errors: bool


@dataclass
class ImportService:
    """Takes files in and out.

    Attributes:
        folder: where uploads and error files lie.
        definitions: definitions in force of a kind.
        take_in: called with a batch that was just committed.
        take_back: called with the id of a batch that was just undone.
    """

    folder: Path
    db: Database
    jobs: Jobs
    manifest: Manifest
    vault: Vault
    sift: Sift
    definitions: Definitions
    tokeniser: Callable[[], Tokeniser]
    clock: Clock
    zone: ZoneInfo
    take_in: Callable[[Settled], None]
    take_back: Callable[[str], None]

    def mappings(self) -> Mappings:
        """Every mapping in force."""
        return Mappings(self.definitions("mapping").values())

    def upload(self, stream: BinaryIO, file_name: str) -> Upload:
        """Put a file in, up to the bound.

        Raises:
            TooLarge: ``import.too_large``.
            InvalidInput: ``import.empty``.
        """
        upload = new_id("up")
        place = self.folder / upload
        place.mkdir(parents=True)
        try:
            size, digest = _copy(stream, place / safe_name(file_name))
        except BaseException:
            shutil.rmtree(place)
            raise
        return Upload(upload, safe_name(file_name), size, digest)

    def file_of(self, upload: str) -> Path:
        """The uploaded file.

        Raises:
            NotFound: ``import.no_upload``.
        """
        place = self.folder / upload
        files = sorted(place.iterdir()) if _UPLOAD.fullmatch(upload) and place.is_dir() else []
        if not files:
            raise NotFound("import.no_upload", _("This upload is not here any more. Upload the file again."))
        return files[0]

    def discard(self, upload: str) -> None:
        """Remove an upload that is not wanted any more."""
        shutil.rmtree(self.file_of(upload).parent)

    def preview(self, upload: str, mapping: str = "", *, encoding: str = "") -> Preview:
        """What the file is, and what would become of its first rows; nothing is kept."""
        from dujiang.collect.exports.preview import preview

        return preview(
            self.file_of(upload),
            self.mappings(),
            mapping,
            tokeniser=self.tokeniser(),
            zone=self.zone,
            encoding=encoding,
        )

    def request(self, request: ImportRequest, *, actor: str) -> Job:
        """Ask for an import; a server's worker, or :meth:`run`, does it.

        Raises:
            NotFound: ``import.no_upload`` or ``mapping.unknown``.
        """
        self.file_of(request.upload)
        self.mappings().get(request.mapping)
        return self.jobs.create(KIND, asdict(request), actor)

    def run(self, job: Job, progress: Progress = silent) -> ImportResult:
        """Import what ``job`` asks for; its facts become true together, or none of them does.

        Raises:
            InvalidInput: the file cannot be read, or not by this mapping.
        """
        request = ImportRequest(**job.params)
        file = self.file_of(request.upload)
        result = self._import(job, request, file, progress)
        if not request.keep:
            shutil.rmtree(file.parent)
        return result

    def import_now(self, request: ImportRequest, *, actor: str, progress: Progress = silent) -> ImportRecord:
        """Import in this process and wait for it."""
        job = self.request(request, actor=actor)
        self.jobs.start(job.id, "here")
        try:
            result = self.run(job, progress)
        except InvalidInput as error:
            self.jobs.fail(job.id, error.code, error.sentence, error.values)
            raise
        except BaseException:
            self.jobs.stopped(job.id)
            raise
        self.jobs.finish(job.id, asdict(result))
        return self.get(job.id)

    def list(self, limit: int = 100) -> list[ImportRecord]:
        """Imports, newest first."""
        undone = {batch.batch for batch in self.manifest.batches() if batch.retracted}
        return [self._record(job, job.id in undone) for job in self.jobs.list(limit, kind=KIND)]

    def get(self, id: str) -> ImportRecord:  # noqa: A002
        """One import.

        Raises:
            NotFound: ``import.unknown``.
        """
        job = self.jobs.get(id)
        if job.kind != KIND:
            raise NotFound("import.unknown", _("There is no import “{id}”."), id=id)
        undone = any(batch.batch == id and batch.retracted for batch in self.manifest.batches())
        return self._record(job, undone)

    def errors_file(self, id: str) -> Path:  # noqa: A002
        """The rows that were not imported, with line, column and reason (CSV, UTF-8 with BOM).

        Raises:
            NotFound: ``import.no_errors``.
        """
        file = self._errors_path(self.get(id).id)
        if not file.exists():
            raise NotFound("import.no_errors", _("This import had no bad rows."))
        return file

    def undo(self, id: str, *, actor: str, reason: str = "") -> ImportRecord:  # noqa: A002
        """Take an import's facts out of every answer; the archive keeps them, so that it can be done again.

        Raises:
            NotFound: ``import.unknown``.
            Conflict: ``import.not_done`` or ``batch.retracted``.
        """
        done = self._done(id)
        if done.result and not sum(done.result.facts.values()):
            raise Conflict("import.nothing_new", _("This import brought nothing new, so there is nothing to undo."))
        now = self.clock.now()
        with self.db.transaction() as tx:
            self.manifest.retract(tx, id, now)
            record(tx, actor=actor, action="import.undo", object=id, reason=reason, at=now)
        self.take_back(id)
        return self.get(id)

    def redo(self, id: str, *, actor: str) -> ImportRecord:  # noqa: A002
        """Bring an undone import's facts back.

        Raises:
            NotFound: ``import.unknown``.
            Conflict: ``batch.not_retracted``.
        """
        self._done(id)
        now = self.clock.now()
        with self.db.transaction() as tx:
            self.manifest.restore(tx, id, now)
            record(tx, actor=actor, action="import.redo", object=id, at=now)
        parts = tuple(part for part in self.manifest.parts() if part.batch == id)
        self.take_in(Settled(id, parts, {}, {}, ()))
        return self.get(id)

    def _import(self, job: Job, request: ImportRequest, file: Path, progress: Progress) -> ImportResult:
        mapping = self.mappings().get(request.mapping)
        source = request.source or FILES_SOURCE
        channel = request.channel or mapping.channel or self._channel_of(source)
        now, tokeniser = self.clock.now(), self.tokeniser()
        chunks = convert(
            file,
            mapping,
            tokeniser=tokeniser,
            source=source,
            channel=channel,
            shop=request.shop,
            account=request.account,
            app=request.app,
            day=date.fromisoformat(request.day) if request.day else None,
            encoding=request.encoding,
            received_at=now,
            zone=self.zone,
            progress=progress,
        )
        with self.sift.open(job.id) as sieve, self._error_file(job.id) as errors:
            counted = _Counted()
            for facts, some in _gathered(chunks):
                counted.add(_sift(sieve, facts, some, source, now), some)
                errors.add(row for chunk in some for row in chunk.bad)
                self._keep_clear(tokeniser)
            settled = sieve.settle()
        self.take_in(settled)
        return ImportResult(
            file_name=file.name,
            mapping=request.mapping,
            channel=channel,
            rows=counted.rows,
            accepted=counted.accepted,
            duplicate=counted.rows - counted.accepted - counted.rejected,
            rejected=counted.rejected,
            passed=counted.passed,
            facts=dict(settled.new),
            bytes=file.stat().st_size,
            sha256=_digest(file),
        )

    def _keep_clear(self, tokeniser: Tokeniser) -> None:
        # Ahead of the facts and in pieces: the vault forgets nothing by it, and a gigabyte's phones never lie in memory.
        clear = tokeniser.take_clear()
        if clear:
            with self.db.transaction() as tx:
                self.vault.put(tx, clear)

    def _channel_of(self, source: str) -> str:
        found = self.definitions("source").get(("source", source))
        if found is None:
            sentence = _("Say to which channel the file belongs: neither its mapping nor its source names one.")
            raise InvalidInput("import.no_channel", sentence)
        return SourceSpec.model_validate(found.spec).channel

    def _done(self, id_: str) -> ImportRecord:
        found = self.get(id_)
        if found.result is None:
            sentence = _("This import is not done; stop it instead of undoing it.")
            raise Conflict("import.not_done", sentence)
        return found

    def _record(self, job: Job, undone: bool) -> ImportRecord:
        result = ImportResult(**job.result) if job.state == "done" and job.result else None
        return ImportRecord(
            job.id, job, ImportRequest(**job.params), result, undone, self._errors_path(job.id).exists()
        )

    def _errors_path(self, id_: str) -> Path:
        return self.folder / "errors" / f"{id_}.csv"

    @contextmanager
    def _error_file(self, id_: str) -> Iterator[_ErrorFile]:
        path = self._errors_path(id_)
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("w", encoding="utf-8-sig", newline="") as stream:
            errors = _ErrorFile(stream)
            yield errors
        if not errors.rows:
            path.unlink()


class _ErrorFile:
    """Bad rows on their way to a file, up to the bound."""

    def __init__(self, stream: IO[str]) -> None:
        self.rows = 0
        self._writer = csv.writer(stream)

    def add(self, rows: Iterable[BadRow]) -> None:
        for row in rows:
            if not self.rows:
                self._writer.writerow(["行号 line", "列 column", "代码 code", "原因", "reason", "原始行 row"])
            if self.rows < BOUNDS.import_bad_rows_kept_max:
                reasons = [translate(row.sentence, locale).format(**row.values) for locale in ("zh", "en")]
                where = f"{row.part}:{row.line}" if row.part else str(row.line)
                self._writer.writerow([where, row.column, row.code, *reasons, *map(_inert, row.cells)])
            self.rows += 1


@dataclass
class _Counted:
    rows: int = 0
    accepted: int = 0
    rejected: int = 0
    passed: int = 0

    def add(self, accepted: int, chunks: list[Chunk]) -> None:
        self.accepted += accepted
        for chunk in chunks:
            self.rows += chunk.rows
            self.rejected += len(chunk.bad)
            self.passed += chunk.passed


def _gathered(chunks: Iterable[Chunk]) -> Iterator[tuple[dict[str, pa.Table], list[Chunk]]]:
    """Chunks put together until they are worth a sift."""
    some: list[Chunk] = []
    for chunk in chunks:
        some.append(chunk)
        if sum(one.rows for one in some) >= _SIFT_ROWS:
            yield _together(some), some
            some = []
    if some:
        yield _together(some), some


def _together(chunks: list[Chunk]) -> dict[str, pa.Table]:
    families = dict.fromkeys(family for chunk in chunks for family in chunk.facts)
    return {family: pa.concat_tables([c.facts[family] for c in chunks if family in c.facts]) for family in families}


def _sift(sieve: Sieve, facts: Mapping[str, pa.Table], chunks: list[Chunk], source: str, now: datetime) -> int:
    """Sift what was gathered, and count the rows without facts; how many rows stated something new."""
    rejected = sum(len(chunk.bad) for chunk in chunks)
    stating = {line for table in facts.values() for line in table["line"].to_pylist()}
    rows = sum(chunk.rows for chunk in chunks)
    sieve.reject(source, now, rejected)
    sieve.duplicate(source, now, rows - rejected - len(stating))
    return sieve.add(facts).lines_accepted


def _copy(stream: BinaryIO, target: Path) -> tuple[int, str]:
    size, digest = 0, hashlib.sha256()
    with target.open("wb") as out:
        while block := stream.read(1 << 20):
            size += len(block)
            if size > BOUNDS.import_bytes_max:
                sentence = _("The file is larger than {bound} bytes. Export it in several parts.")
                raise TooLarge("import.too_large", sentence, bound=BOUNDS.import_bytes_max)
            digest.update(block)
            out.write(block)
    if not size:
        raise InvalidInput("import.empty", _("The file is empty. Export it again and look whether it holds anything."))
    return size, digest.hexdigest()


def _digest(file: Path) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def safe_name(file_name: str) -> str:
    """A file name without folders and odd characters, at most 120 characters.

    >>> safe_name("../../etc/订单 2026-11.csv")
    '订单 2026-11.csv'
    """
    name = _UNSAFE.sub("_", Path(file_name.replace("\\", "/")).name).strip(". ")
    return name[-120:] or "file"


def _inert(cell: str) -> str:
    # A spreadsheet would run what starts like a formula.
    return f"'{cell}" if cell[:1] in ("=", "+", "-", "@", "\t", "\r") else cell


__all__ = ["ImportRecord", "ImportRequest", "ImportResult", "ImportService", "Upload", "safe_name"]
