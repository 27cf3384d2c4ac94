"""Uploaded files while they wait to be imported: a folder each, named by an id of ours and never by theirs."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path, PurePosixPath
from typing import BinaryIO, Final

from dujiang.foundation.bounds import BOUNDS
from dujiang.foundation.errors import InvalidInput, NotFound, TooLarge
from dujiang.foundation.i18n import _
from dujiang.foundation.ids import new_id

_ID: Final = re.compile(r"upl_[0-9a-z]{26}")
_BLOCK: Final = 1024 * 1024
_NAME_CHARS_MAX: Final = 150
_NOT_IN_NAMES: Final = re.compile(r'[\x00-\x1f\x7f<>:"|?*]+')


@dataclass(frozen=True)
class Upload:
    """A file that waits.

    Attributes:
        id: ``upl_…``.
        file_name: what it was called, made harmless.
        bytes: its size.
        sha256: hash of its content, in hexadecimal.
        at: when it came.
    """

    id: str
    file_name: str
    bytes: int
    sha256: str
    at: datetime


class Uploads:
    """The uploads below ``folder``."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def take(self, stream: BinaryIO, file_name: str, now: datetime) -> Upload:
        """Write a stream to disk.

        Raises:
            TooLarge: ``file.too_large``, nothing is left of it.
            InvalidInput: ``file.empty``.
        """
        id_ = new_id("upl")
        folder = self._folder / id_
        folder.mkdir(parents=True)
        try:
            size, digest = _copy(stream, folder / "file")
            upload = Upload(id_, safe_name(file_name), size, digest, now)
            values = asdict(upload) | {"at": now.isoformat()}
            (folder / "upload.json").write_text(json.dumps(values, ensure_ascii=False), "utf-8")
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise
        return upload

    def get(self, id: str) -> Upload:  # noqa: A002 - the thing's own word
        """The upload called ``id``.

        Raises:
            NotFound: ``upload.unknown``.
        """
        file = self._folder / id / "upload.json"
        if not _ID.fullmatch(id) or not file.is_file():
            raise NotFound("upload.unknown", _("This upload is not here any more. Upload the file again."))
        values = json.loads(file.read_text("utf-8"))
        return Upload(**(values | {"at": datetime.fromisoformat(values["at"])}))

    def path(self, id: str) -> Path:  # noqa: A002
        """Where the content of an upload lies."""
        return self._folder / self.get(id).id / "file"

    def list(self) -> list[Upload]:
        """Every upload that waits, the newest first."""
        found = [self.get(one.name) for one in self._folder.glob("upl_*") if (one / "upload.json").is_file()]
        return sorted(found, key=lambda one: one.id, reverse=True)

    def discard(self, id: str) -> None:  # noqa: A002
        """Delete an upload; one that is not there is no mistake."""
        if _ID.fullmatch(id):
            shutil.rmtree(self._folder / id, ignore_errors=True)


def safe_name(name: str) -> str:
    """The last part of a file name, without what could harm where it is shown or saved.

    >>> safe_name("../../etc/订单 2026.csv"), safe_name("C:\\\\tmp\\\\a.csv"), safe_name("..")
    ('订单 2026.csv', 'a.csv', 'file')
    """
    last = PurePosixPath(name.replace("\\", "/")).name
    cleaned = _NOT_IN_NAMES.sub("_", last).strip(". ")
    return cleaned[-_NAME_CHARS_MAX:] or "file"


def _copy(stream: BinaryIO, target: Path) -> tuple[int, str]:
    size, digest = 0, hashlib.sha256()
    with target.open("xb") as file:
        while block := stream.read(_BLOCK):
            size += len(block)
            if size > BOUNDS.import_bytes_max:
                sentence = _("The file is larger than {bound} MB. Export a shorter period.")
                raise TooLarge("file.too_large", sentence, bound=BOUNDS.import_bytes_max >> 20)
            digest.update(block)
            file.write(block)
    if not size:
        raise InvalidInput("file.empty", _("The file is empty. Export it again."))
    return size, digest.hexdigest()
