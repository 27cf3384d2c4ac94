"""Bodies as they travel: compressed, in forms, in base64. Everything is bounded before it is opened."""

from __future__ import annotations

import base64
import binascii
import json
import math
import zlib
from typing import Final
from urllib.parse import parse_qsl

from dujiang.collect.protocols.common import malformed
from dujiang.foundation.bounds import Bounds
from dujiang.foundation.errors import InvalidInput, TooLarge
from dujiang.foundation.i18n import _

_COMPRESSED: Final = (b"\x1f\x8b", b"\x78\x01", b"\x78\x5e", b"\x78\x9c", b"\x78\xda")
_ANY_WRAPPER: Final = 32 + zlib.MAX_WBITS  # zlib finds out by itself whether it is gzip or zlib
_PLAIN_ENCODINGS: Final = ("", "identity", "gzip", "x-gzip", "deflate")


def inflate(body: bytes, encoding: str, bounds: Bounds) -> bytes:
    """The body without compression. What it is shows in its first bytes: headers lie, and beacons have none.

    Args:
        body: as received.
        encoding: the Content-Encoding header, or empty.
        bounds: limits before and after.

    Raises:
        TooLarge: ``intake.too_large``, before or after decompression.
        InvalidInput: ``intake.encoding`` for a compression we do not speak, ``intake.malformed`` for a damaged one.
    """
    if len(body) > bounds.request_bytes_max:
        raise _too_large(bounds.request_bytes_max)
    if encoding not in _PLAIN_ENCODINGS:
        sentence = _("The content encoding “{encoding}” is not supported. Use gzip, deflate or none.")
        raise InvalidInput("intake.encoding", sentence, encoding=encoding[:40])
    if body.startswith(_COMPRESSED):
        return _decompress(body, bounds.request_bytes_inflated_max)
    return body


def _decompress(body: bytes, limit: int) -> bytes:
    whole = bytearray()
    rest = body
    try:
        while rest:
            stream = zlib.decompressobj(_ANY_WRAPPER)
            whole += stream.decompress(rest, limit + 1 - len(whole))
            if len(whole) > limit:
                raise _too_large(limit)
            if not stream.eof:
                raise malformed(_("The compressed body is cut off. Send it again."))
            rest = stream.unused_data
    except zlib.error:
        raise malformed(_("The compressed body is damaged. Send it again.")) from None
    return bytes(whole)


def _too_large(bound: int) -> TooLarge:
    sentence = _("The request is larger than {bound} bytes. Send smaller batches.")
    return TooLarge("intake.too_large", sentence, bound=bound)


def form(body: bytes) -> dict[str, str]:
    """The fields of a URL-encoded form; empty if it is none.

    Raises:
        InvalidInput: ``intake.malformed`` for more than 100 fields.
    """
    try:
        return dict(parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=100))
    except UnicodeDecodeError:
        return {}
    except ValueError:
        raise malformed(_("The form has too many fields for a tracking call.")) from None


def unbase64(value: str, bounds: Bounds) -> bytes:
    """Base64 (a form may have turned its ``+`` into spaces), decompressed if it was compressed.

    Raises:
        InvalidInput: ``intake.malformed``.
    """
    tidy = value.replace(" ", "+").replace("-", "+").replace("_", "/")
    try:
        data = base64.b64decode(tidy + "=" * (-len(tidy) % 4), validate=True)
    except (binascii.Error, ValueError):
        raise malformed(_("The data in the form is not base64.")) from None
    return inflate(data, "", bounds)


def tidy_json(body: bytes) -> bytes:
    """The nearest JSON to a body that is none: no byte-order mark, null for NaN and Infinity, no halves of emoji.

    Raises:
        InvalidInput: ``intake.malformed``.
    """
    try:
        value = json.loads(body.decode("utf-8-sig"), parse_constant=lambda _name: None, parse_float=_finite)
        return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")
    except (ValueError, RecursionError):
        raise malformed(_("The body is not valid JSON.")) from None


def _finite(digits: str) -> float | None:
    value = float(digits)
    return value if math.isfinite(value) else None
