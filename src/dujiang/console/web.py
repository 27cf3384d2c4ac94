"""How a page is made: a room lists its pages, a page is a plain function from a visit to an answer."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Final, Literal
from urllib.parse import quote, unquote, urlsplit, urlunsplit

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response, StreamingResponse
from starlette.routing import Match, Route

from dujiang.console import session
from dujiang.console.filters import COMPARISON_NAMES, PERIOD_NAMES
from dujiang.console.refill import refilled
from dujiang.console.sheets import Sheet, to_csv, to_xlsx
from dujiang.console.templating import environment
from dujiang.console.visit import DENSITIES, THEMES, Said, Visit
from dujiang.foundation.bounds import BOUNDS
from dujiang.foundation.errors import DujiangError, NotFound, NotSignedIn, TooLarge
from dujiang.foundation.i18n import LOCALES, _
from dujiang.workspace import Workspace

log = logging.getLogger("dujiang.console")

Handler = Callable[[Visit], Response]
_YEAR: Final = 365 * 24 * 3600
_CAME_FROM: Final = "came_from"
"""Field of a refused form that names its page: by then the browser's own address is that of the form."""
_TITLES: Final = {
    400: _("That did not work"),
    401: _("Please sign in"),
    403: _("Not allowed"),
    404: _("Not found"),
    409: _("Something changed in the meantime"),
    413: _("Too large"),
    429: _("Too many requests"),
    503: _("Not available right now"),
}


class Room:
    """The pages of one room. Every page names the action that its reader must be allowed ("" for anyone)."""

    def __init__(self) -> None:
        self.pages: list[tuple[str, str, str, Handler]] = []

    def get(self, path: str, *, allow: str = "page.read") -> Callable[[Handler], Handler]:
        """List a function as the page at ``path``."""
        return self._add("GET", path, allow)

    def post(self, path: str, *, allow: str) -> Callable[[Handler], Handler]:
        """List a function as what happens when a form is sent to ``path``."""
        return self._add("POST", path, allow)

    def _add(self, method: str, path: str, allow: str) -> Callable[[Handler], Handler]:
        def add(handler: Handler) -> Handler:
            self.pages.append((method, path, allow, handler))
            return handler

        return add

    def routes(self, workspace: Workspace) -> Iterable[Route]:
        """The pages as routes over ``workspace``."""
        for method, path, allow, handler in self.pages:
            yield Route(path, _endpoint(workspace, allow, handler), methods=[method])


def _endpoint(workspace: Workspace, allow: str, handler: Handler) -> Callable[[Request], Any]:
    async def endpoint(request: Request) -> Response:
        form = await _form(request)
        try:
            answer = await run_in_threadpool(_answer, workspace, request, form, allow, handler)
            return answer if isinstance(answer, Response) else await _refused(answer)
        finally:
            await form.close()

    return endpoint


@dataclass(frozen=True)
class _Refusal:
    """What a reader asked for cannot be."""

    visit: Visit
    error: DujiangError


async def _form(request: Request) -> FormData:
    content_type = request.headers.get("content-type", "")
    is_form = content_type.startswith(("application/x-www-form-urlencoded", "multipart/form-data"))
    return await request.form() if request.method == "POST" and is_form else FormData()


def _answer(
    workspace: Workspace, request: Request, form: FormData, allow: str, handler: Handler
) -> Response | _Refusal:
    visit = Visit(request, workspace, session.reader(workspace, request), form)
    try:
        if allow:
            session.require(visit.reader, allow)
        response = _opening_view(visit) or handler(visit)
    except NotSignedIn:
        response = _to_sign_in(visit)
    except DujiangError as error:
        return _Refusal(visit, error)
    return remember(visit, response)


async def _refused(refusal: _Refusal) -> Response:
    """The page that the form stands on, with what was typed and why it was refused; for all else a page that only says why."""
    visit, error = refusal.visit, refusal.error
    sentence = visit.error(error)
    if visit.request.method == "POST" and not visit.is_fragment and (came := came_from(visit)):
        page = await _page_at(visit.request, came)
        typed = {name: [one for one in visit.form.getlist(name) if isinstance(one, str)] for name in visit.form}
        values = {"visit": visit, "sentence": sentence, "code": error.code, "came_from": came, "key": _CAME_FROM}
        note = environment().get_template("components/refused.html").render(values)
        if page and (filled := refilled(page, visit.path, typed, note)):
            return HTMLResponse(filled, error.status)
    return remember(visit, problem(visit, error.status, sentence, error.code))


def came_from(visit: Visit) -> str:
    """The page of the console that the reader was on, with what its address chooses; empty for none."""
    referer = urlsplit(visit.request.headers.get("referer", ""))
    own = referer.netloc == visit.request.headers.get("host", "")
    address = visit.field(_CAME_FROM) or (urlunsplit(("", "", referer.path, referer.query, "")) if own else "")
    return address if address and own_path(address) == address else ""


async def _page_at(request: Request, address: str) -> str | None:
    """The page at an address of the console, as the sender of ``request`` sees it; None where there is none."""
    path, _mark, query = address.partition("?")
    plain = {"method": "GET", "path": unquote(path), "raw_path": path.encode(), "query_string": query.encode()}
    scope = {**request.scope, **plain}
    for route in request.app.routes:
        match, found = route.matches(scope)
        if match is Match.FULL and isinstance(route, Route):
            answer = await route.endpoint(Request({**scope, **found}))
            is_page = isinstance(answer, HTMLResponse) and answer.status_code == 200
            return bytes(answer.body).decode() if is_page else None
    return None


def _opening_view(visit: Visit) -> Response | None:
    """The view that the reader wants the page to open with, where the address chooses nothing."""
    if visit.request.method != "GET" or visit.is_fragment or visit.request.url.query:
        return None
    opening = next((one for one in visit.views if one.first), None)
    return RedirectResponse(f"{visit.path}?{opening.query}", 303) if opening and opening.query else None


def _to_sign_in(visit: Visit) -> Response:
    if visit.request.headers.get("hx-request"):
        return Response(status_code=401, headers={"hx-redirect": "/sign-in"})
    wanted = visit.path + (f"?{visit.request.url.query}" if visit.request.url.query else "")
    return redirect(f"/sign-in?next={quote(wanted, safe='')}" if visit.request.method == "GET" else "/sign-in")


def remember(visit: Visit, response: Response) -> Response:
    """Keep what the reader chose in the address (language, theme, height of rows) in cookies, and forget what has been said."""
    choices = (("dj_lang", "lang", LOCALES), ("dj_theme", "theme", THEMES), ("dj_rows", "rows", DENSITIES))
    for cookie, key, allowed in choices:
        chosen = visit.query.get(key)
        if chosen and chosen in allowed:
            response.set_cookie(cookie, chosen, max_age=_YEAR, samesite="lax", httponly=True)
    if visit.said and response.status_code == 200:
        response.delete_cookie("dj_said")
    return response


def render(visit: Visit, template: str, *, http_status: int = 200, **values: Any) -> Response:
    """A page or fragment."""
    names = {"period_names": PERIOD_NAMES, "comparison_names": COMPARISON_NAMES}
    return HTMLResponse(environment().get_template(template).render(visit=visit, **names, **values), http_status)


def problem(visit: Visit, status: int, sentence: str, code: str) -> Response:
    """The page that says what went wrong."""
    title = visit.text(_TITLES.get(status, _("Something went wrong")))
    back = came_from(visit) if came_from(visit) != visit.with_query() else ""
    return render(visit, "error.html", http_status=status, title=title, sentence=sentence, code=code, back=back)


def redirect(path: str, said: Said | None = None) -> Response:
    """Go on to ``path`` (always a page of the console), where ``said`` is shown once."""
    response = RedirectResponse(path, 303)
    if said:
        response.set_cookie("dj_said", said.packed(), max_age=60, samesite="lax", httponly=True)
    return response


def done(visit: Visit, path: str, sentence: str, **values: Any) -> Response:
    """Go on to ``path`` and say that it worked."""
    return redirect(path, Said("good", visit.text(sentence, **values)))


def own_path(wanted: str | None) -> str:
    """``wanted`` if it is a path of this console, else the overview: nobody is led elsewhere.

    >>> own_path("/people?x=1"), own_path("//evil.example"), own_path("https://evil.example"), own_path(r"/\\evil")
    ('/people?x=1', '/', '/', '/')
    """
    if not wanted or not wanted.startswith("/") or wanted.startswith("//") or "\\" in wanted:
        return "/"
    return wanted if wanted.isprintable() else "/"


def wanted_export(visit: Visit) -> Literal["csv", "xlsx"] | None:
    """The kind of file that the address asks for, if any."""
    wanted = visit.query.get("export")
    return wanted if wanted in ("csv", "xlsx") else None


def page(visit: Visit, template: str, sheets: Iterable[Sheet] = (), **values: Any) -> Response:
    """A page with its tables; where the address asks for an export, the table it names instead (the first by default).

    Raises:
        NotFound: ``export.no_table``.
        TooLarge: ``export.too_large`` for a workbook.
    """
    by_name = {sheet.name: _chosen(visit, sheet) for sheet in sheets}
    kind = wanted_export(visit)
    if kind is None:
        return render(visit, template, sheets=by_name, **values)
    name = visit.query.get("sheet") or next(iter(by_name), "")
    if name not in by_name:
        raise NotFound("export.no_table", _("This page has no table called “{name}”."), name=name[:40])
    session.require(visit.reader, "table.export")
    return download(visit, by_name[name], kind)


def _chosen(visit: Visit, sheet: Sheet) -> Sheet:
    """The sheet with the columns that the address names: ``columns.<sheet>``, once for each."""
    return sheet.only(visit.request.query_params.getlist(f"columns.{sheet.name}"))


def download(visit: Visit, sheet: Sheet, kind: Literal["csv", "xlsx"]) -> Response:
    """A table as a file, with a line in the audit log."""
    if sheet.export_rows > BOUNDS.export_rows_max and kind == "xlsx":
        sentence = _("A workbook holds at most {bound} rows, these are {rows}. Export CSV, or filter further.")
        raise TooLarge("export.too_large", sentence, bound=BOUNDS.export_rows_max, rows=sheet.export_rows)
    values = {
        "rows": sheet.export_rows,
        "columns": [column.name for column in sheet.columns],
        "query": str(visit.query),
    }
    visit.workspace.record(visit.actor, "export", f"{visit.path}#{sheet.name}", values)
    sheet = sheet.named(visit.channel_label)
    headers = {"content-disposition": f'attachment; filename="dujiang-{sheet.name}-{visit.today}.{kind}"'}
    if kind == "csv":
        lines = to_csv(sheet, visit.workspace.zone)
        return StreamingResponse(lines, headers=headers, media_type="text/csv; charset=utf-8")
    media_type = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    return Response(to_xlsx(sheet, visit.workspace.zone), headers=headers, media_type=media_type)
