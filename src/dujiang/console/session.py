"""Who is reading: the session cookie, and what the reader's role allows."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from dujiang.foundation.errors import NotSignedIn
from dujiang.foundation.i18n import _
from dujiang.store.access import Account, SignedIn, authorise, may
from dujiang.workspace import Workspace, actions  # noqa: F401  (importing makes the actions known)

COOKIE: Final = "dj_session"


def reader(workspace: Workspace, request: Request) -> Account | None:
    """Who is signed in; None for nobody."""
    token = request.cookies.get(COOKIE)
    if not token:
        return None
    try:
        return workspace.access.accounts.session(token)
    except NotSignedIn:
        return None


def require(account: Account | None, action: str) -> None:
    """Go on only if the reader may do ``action``.

    Raises:
        NotSignedIn: ``access.no_session``.
        NotAllowed: ``access.not_allowed``.
    """
    if account is None:
        raise NotSignedIn("access.no_session", _("You are not signed in, or your session has ended. Sign in again."))
    authorise(account.role, action)


def allows(account: Account | None, action: str) -> bool:
    """Whether the reader may do ``action``."""
    return account is not None and may(account.role, action)


def begin(response: Response, request: Request, signed_in: SignedIn, now: datetime) -> None:
    """Hand the browser the session's token, where no script and no other site can reach it."""
    response.set_cookie(
        COOKIE,
        signed_in.token,
        max_age=int((signed_in.expires_at - now).total_seconds()),  # the browser's own clock may be wrong
        secure=request.url.scheme == "https",
        httponly=True,
        samesite="lax",
    )


def end(response: Response) -> None:
    """Take the token away."""
    response.delete_cookie(COOKIE)
