"""The way in: signing in, and the first administrator."""

from __future__ import annotations

from starlette.responses import Response

from dujiang.console import session
from dujiang.console.visit import Visit
from dujiang.console.web import Room, own_path, redirect, render
from dujiang.foundation.errors import DujiangError
from dujiang.foundation.i18n import _

ROOM = Room()


@ROOM.get("/sign-in", allow="")
def ask(visit: Visit) -> Response:
    """The sign-in page; the first administrator's where there is no account yet."""
    if visit.reader:
        return redirect(own_path(visit.query.get("next")))
    if not visit.workspace.access.accounts.list():
        return redirect("/welcome")
    return _sign_in_page(visit)


@ROOM.post("/sign-in", allow="")
def sign_in(visit: Visit) -> Response:
    """Start a session."""
    name, password = visit.field("name"), visit.field("password", strip=False)
    try:
        signed_in = visit.workspace.access.accounts.sign_in(name, password)
    except DujiangError as error:
        return _sign_in_page(visit, problem=visit.error(error), status=error.status)
    response = redirect(own_path(visit.field("next")))
    session.begin(response, visit.request, signed_in, visit.now)
    return response


@ROOM.post("/sign-out", allow="")
def sign_out(visit: Visit) -> Response:
    """End the session."""
    visit.workspace.access.accounts.sign_out(visit.request.cookies.get(session.COOKIE, ""))
    response = redirect("/sign-in")
    session.end(response)
    return response


@ROOM.get("/welcome", allow="")
def welcome(visit: Visit) -> Response:
    """Where the first administrator is made."""
    if visit.workspace.access.accounts.list():
        return redirect("/sign-in")
    return _welcome_page(visit)


@ROOM.post("/welcome", allow="")
def begin(visit: Visit) -> Response:
    """Make the first administrator and start their session."""
    accounts = visit.workspace.access.accounts
    name, password = visit.field("name"), visit.field("password", strip=False)
    try:
        accounts.create_first_admin(visit.field("token"), name, password)
        signed_in = accounts.sign_in(name, password)
    except DujiangError as error:
        return _welcome_page(visit, problem=visit.error(error), status=error.status)
    response = redirect("/")
    session.begin(response, visit.request, signed_in, visit.now)
    return response


def _sign_in_page(visit: Visit, *, problem: str = "", status: int = 200) -> Response:
    return render(
        visit,
        "sign_in.html",
        http_status=status,
        title=visit.text(_("Sign in")),
        say=visit.text(_("All channels of your brand, run as one.")),
        button=visit.text(_("Sign in")),
        problem=problem,
        is_first=False,
        token="",
        name=visit.field("name"),
        next=own_path(visit.query.get("next") or visit.field("next")),
    )


def _welcome_page(visit: Visit, *, problem: str = "", status: int = 200) -> Response:
    return render(
        visit,
        "sign_in.html",
        http_status=status,
        title=visit.text(_("The first administrator")),
        say=visit.text(_("This workspace has no account yet. Make yours with the one-time token.")),
        button=visit.text(_("Begin")),
        problem=problem,
        is_first=True,
        token=visit.field("token") or visit.query.get("token", ""),
        name=visit.field("name"),
        next="/",
    )
