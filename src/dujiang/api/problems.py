"""How errors look to a program, for the API's description."""

from __future__ import annotations

from typing import Any, Final

from pydantic import BaseModel


class Problem(BaseModel):
    """What every failed call answers: a stable code, and a sentence in the caller's language (Accept-Language)."""

    success: bool = False
    code: str
    message: str
    detail: str


_SAYS: Final = {
    400: "What was sent cannot be accepted as it is",
    401: "No key or session, or one that is not known",
    403: "The caller's role may not do this",
    404: "Nothing by that name or id",
    409: "True elsewhere in the meantime, or true twice",
    413: "Larger than a stated bound",
    422: "The request does not have the form described here",
    429: "Too many requests",
    503: "Cannot be done now; try again later",
}


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The ``responses`` of a route that may fail with ``statuses``, besides those that every route may fail with."""
    every = sorted({400, 401, 403, 404, 413, 422, 503, *statuses})
    return {status: {"model": Problem, "description": _SAYS[status]} for status in every}
