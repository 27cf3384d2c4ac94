"""Who may do what: accounts, sessions, keys and roles in one place."""

from __future__ import annotations

from dujiang.foundation.clock import Clock
from dujiang.foundation.errors import NotSignedIn
from dujiang.foundation.i18n import _
from dujiang.store.access_keys import AccessKey, AccessKeys, NewKey
from dujiang.store.accounts import Account, Accounts, SignedIn
from dujiang.store.command import Actor
from dujiang.store.database import Database
from dujiang.store.roles import ROLES, Role, actions, authorise, checked_role, may, register_action

__all__ = [
    "ROLES",
    "Access",
    "AccessKey",
    "AccessKeys",
    "Account",
    "Accounts",
    "Actor",
    "NewKey",
    "Role",
    "SignedIn",
    "actions",
    "authorise",
    "may",
    "register_action",
]


class Access:
    """Accounts and keys of one store, and who is behind a session or an API key."""

    def __init__(self, database: Database, clock: Clock, *, session_hours: int = 12) -> None:
        self.accounts = Accounts(database, clock, session_hours=session_hours)
        self.keys = AccessKeys(database, clock)

    def by_session(self, token: str) -> Actor:
        """Who acts in a session.

        Raises:
            NotSignedIn: ``access.no_session``.
        """
        account = self.accounts.session(token)
        return Actor(account.name, account.role)

    def by_api_key(self, secret: str) -> Actor:
        """Who acts with an API key.

        Raises:
            NotSignedIn: ``access.unknown_secret``; also for a collect key, which opens nothing here.
        """
        key = self.keys.find(secret, "api")
        if key is None:
            sentence = _("This API key is not known, has run out or was revoked. Make a new one under Settings.")
            raise NotSignedIn("access.unknown_secret", sentence)
        return Actor(key.id, checked_role(key.role))
