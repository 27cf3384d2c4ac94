"""A request's body as a file that a worker thread reads while it arrives: nothing is held but what has just come."""

from __future__ import annotations

import io
from typing import BinaryIO, cast

import anyio.from_thread
from starlette.datastructures import UploadFile

from dujiang.console.visit import Visit
from dujiang.foundation.errors import InvalidInput
from dujiang.foundation.i18n import _


class _Body(io.RawIOBase):
    def __init__(self, visit: Visit) -> None:
        self._chunks = visit.request.stream()
        self._rest = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        while not self._rest:
            try:
                self._rest = anyio.from_thread.run(self._chunks.__anext__)
            except StopAsyncIteration:
                return 0
        part, self._rest = self._rest[: len(buffer)], self._rest[len(buffer) :]
        buffer[: len(part)] = part
        return len(part)


def uploaded(visit: Visit) -> tuple[BinaryIO, str]:
    """The file that came with a request, and its name: as the whole body (scripts), or as a field of a form.

    Raises:
        InvalidInput: ``upload.no_file``.
    """
    name = visit.query.get("name", "")
    if name:
        return cast(BinaryIO, io.BufferedReader(_Body(visit), 1 << 20)), name
    file = visit.form.get("file")
    if not isinstance(file, UploadFile) or not file.filename:
        raise InvalidInput("upload.no_file", _("No file was chosen. Choose one and send it again."))
    return file.file, file.filename
