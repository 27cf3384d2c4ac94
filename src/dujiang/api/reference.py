"""The reference of the API: every route with the least role that may call it.

``python -m dujiang.api.reference > docs/reference/api.md`` writes it anew.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import Final

from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute

from dujiang.api.app import PREFIX, api_routes
from dujiang.store.roles import actions

_HEAD: Final = """# API reference

All routes lie below `{prefix}`; `GET {prefix}/openapi.json` describes each of them in full and needs no key. Every other
call needs an API key (`Authorization: Bearer da_…`, made with `dujiang keys admin <role>` or in the console under
Settings) or the session cookie of the console. With the cookie, only pages of the console itself may change something.

Roles, from the least to the most: viewer, analyst, operator, admin. Each may do what those before it may.

A call that fails answers `{{"success": false, "code": …, "message": …, "detail": …}}`: a code that stays the same, and a
sentence in the language of `Accept-Language` (Chinese if it names none of ours). Money is in minor units (fen), percentages
are fractions, moments are in UTC, days are the brand's.
"""


@dataclass(frozen=True)
class Described:
    """One route: method, path with the prefix, the action it needs, the least role with that, and what it does."""

    method: str
    path: str
    action: str
    role: str
    summary: str
    room: str


def described() -> list[Described]:
    """Every route, in the order of the rooms.

    Raises:
        LookupError: a route asks for no action, or for one that does not exist.
    """
    return [_described(route, method) for route in api_routes() for method in sorted(route.methods or ())]


def markdown() -> str:
    """The reference as Markdown."""
    lines = [_HEAD.format(prefix=PREFIX)]
    room = ""
    for one in described():
        if one.room != room:
            room = one.room
            lines.append(f"\n## {room.capitalize()}\n\n| call | role | what it does |\n|---|---|---|\n")
        lines.append(f"| `{one.method} {one.path}` | {one.role} | {one.summary} |\n")
    return "".join(lines)


def _described(route: APIRoute, method: str) -> Described:
    action = _action(route.dependant)
    if action is None:
        raise LookupError(f"{method} {route.path} asks for no action")
    summary = route.description.splitlines()[0]
    return Described(method, PREFIX + route.path, action, actions()[action], summary, str(route.tags[0]))


def _action(dependant: Dependant) -> str | None:
    for part in dependant.dependencies:
        found = getattr(part.call, "action", None) or _action(part)
        if found:
            return found
    return None


if __name__ == "__main__":
    sys.stdout.write(markdown())
