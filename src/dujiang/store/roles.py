"""Roles, and which role each action needs. What is not in the table is allowed to nobody."""

from __future__ import annotations

from typing import Final, Literal, get_args

from dujiang.foundation.errors import InvalidInput, InvariantBroken, NotAllowed
from dujiang.foundation.i18n import _

Role = Literal["viewer", "analyst", "operator", "admin"]

ROLES: Final[tuple[Role, ...]] = get_args(Role)
"""From the least to the most; each may do what those before it may."""

_NEEDED: dict[str, Role] = {
    "account.create": "admin",
    "account.change": "admin",
    "key.create": "admin",
    "key.rotate": "admin",
    "key.revoke": "admin",
    "audit.read": "admin",
    "definition.read": "viewer",
    "definition.apply": "operator",
    "job.read": "viewer",
    "job.cancel": "operator",
}


def register_action(action: str, needs: Role) -> None:
    """Make ``action`` known, with the least role that may do it. Called once, when a room is imported.

    Raises:
        InvariantBroken: ``access.action_twice`` if it is known with another role.
    """
    if _NEEDED.setdefault(action, needs) != needs:
        sentence = _("The action “{action}” is registered twice, with different roles.")
        raise InvariantBroken("access.action_twice", sentence, action=action)


def actions() -> dict[str, Role]:
    """Every action and the least role that may do it."""
    return dict(sorted(_NEEDED.items()))


def may(role: Role, action: str) -> bool:
    """Whether ``role`` may do ``action``; an unknown action nobody may.

    >>> may("admin", "key.create"), may("viewer", "key.create"), may("admin", "no.such_action")
    (True, False, False)
    """
    needed = _NEEDED.get(action)
    return needed is not None and ROLES.index(role) >= ROLES.index(needed)


def authorise(role: Role, action: str) -> None:
    """Go on only if ``role`` may do ``action``.

    Raises:
        NotAllowed: ``access.not_allowed``.
    """
    if not may(role, action):
        needed = _NEEDED.get(action, "-")
        sentence = _("Your role ({role}) may not do this ({action}); it needs the role {needed}. Ask an administrator.")
        raise NotAllowed("access.not_allowed", sentence, role=role, action=action, needed=needed)


def checked_role(text: str) -> Role:
    """``text`` as a role.

    Raises:
        InvalidInput: ``access.unknown_role``.
    """
    for role in ROLES:
        if role == text:
            return role
    sentence = _("“{value}” is not a role. Choose one of {known}.")
    raise InvalidInput("access.unknown_role", sentence, value=text, known=", ".join(ROLES))
