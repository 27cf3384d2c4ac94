"""Settings: the present, keys, accounts and the audit log."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import timedelta
from typing import Final

from starlette.responses import Response

from dujiang.console.components import Tag
from dujiang.console.filters import read_whole
from dujiang.console.sheets import Column, Sheet
from dujiang.console.visit import ROLES, Visit
from dujiang.console.web import Room, done, page, render
from dujiang.foundation.errors import InvalidInput
from dujiang.foundation.i18n import _
from dujiang.store.access import AccessKey

ROOM = Room()
_AUDIT_PAGE: Final = 100
_OVERLAP: Final = timedelta(days=7)
WAYS: Final = {
    "today": _("The calendar's today"),
    "newest": _("The newest day of the data"),
    "day": _("A day of its own"),
}
KEY_KINDS: Final = {"collect": _("Collection (writes only)"), "api": _("API (reads and administers)")}


# ── the present ──────────────────────────────────────────────────────────────────────────────────────────────────────


@ROOM.get("/settings/present", allow="page.read")
def present(visit: Visit) -> Response:
    """Which day is today for the figures."""
    ways = [(way, visit.text(label)) for way, label in WAYS.items()]
    return render(visit, "present.html", now=visit.presence, ways=ways)


@ROOM.post("/settings/present", allow="definition.apply")
def choose_present(visit: Visit) -> Response:
    """Set it."""
    way = visit.field("way")
    chosen = visit.workspace.choose_present(visit.field("day") if way == "day" else way, actor=visit.actor)
    sentence = _("Figures look from {day}. They are computed anew within moments.")
    return done(visit, "/settings/present", sentence, day=str(chosen.today))


# ── keys ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


@ROOM.get("/settings/keys", allow="key.create")
def keys(visit: Visit) -> Response:
    """All keys; of each only its first letters are known."""
    return _keys_page(visit)


@ROOM.post("/settings/keys", allow="key.create")
def create_key(visit: Visit) -> Response:
    """Make a key and show it this once."""
    made, name, kind = visit.workspace.access.keys, visit.field("name")[:80], visit.field("kind")
    if kind not in KEY_KINDS:
        sentence = _("“{kind}” is no kind of key. Choose one of {known}.")
        raise InvalidInput("access.unknown_kind", sentence, kind=kind[:40], known=", ".join(KEY_KINDS))
    if kind == "api":
        return _keys_page(visit, made.create_api(name, visit.field("role"), actor=visit.actor).secret)
    source = visit.field("source")
    visit.workspace.definitions.get("source", source)
    return _keys_page(visit, made.create_collect(name or source, source, actor=visit.actor).secret)


@ROOM.post("/settings/keys/{id}/rotate", allow="key.rotate")
def rotate_key(visit: Visit) -> Response:
    """A new secret; the old one works for a week more."""
    rotated = visit.workspace.access.keys.rotate(visit.request.path_params["id"], _OVERLAP, actor=visit.actor)
    return _keys_page(visit, rotated.secret)


@ROOM.post("/settings/keys/{id}/revoke", allow="key.revoke")
def revoke_key(visit: Visit) -> Response:
    """Make a key worthless at once."""
    key = visit.workspace.access.keys.revoke(visit.request.path_params["id"], actor=visit.actor)
    return done(visit, "/settings/keys", _("The key {name} no longer works."), name=key.name or key.hint)


def _keys_page(visit: Visit, secret: str = "") -> Response:
    found = visit.workspace.access.keys.list()
    sources = [(one.name, one.label(visit.locale)) for one in visit.workspace.definitions.current("source").values()]
    return page(
        visit,
        "keys.html",
        [_keys_sheet(visit, found)],
        keys=[(key, _key_state(visit, key)) for key in found],
        secret=secret,
        sources=sources,
        kinds=[(kind, visit.text(label)) for kind, label in KEY_KINDS.items()],
        roles=_roles(visit),
        host=str(visit.request.base_url).rstrip("/"),
    )


def _key_state(visit: Visit, key: AccessKey) -> Tag:
    if key.revoked_at:
        return Tag(visit.text(_("revoked")), "bad")
    if not key.works(visit.now):
        return Tag(visit.text(_("run out")), "warn")
    return Tag(visit.text(_("works")), "good")


def _keys_sheet(visit: Visit, keys: Sequence[AccessKey]) -> Sheet:
    columns = (
        Column("name", visit.text(_("Name"))),
        Column("kind", visit.text(_("Kind"))),
        Column("hint", visit.text(_("Begins with"))),
        Column("for", visit.text(_("Source or role"))),
        Column("state", visit.text(_("State"))),
        Column("last_used", visit.text(_("Last used")), "moment"),
        Column("created", visit.text(_("Made")), "moment"),
    )
    rows = [
        (
            key.name or key.id,
            visit.text(KEY_KINDS[key.kind]),
            key.hint,
            key.source or key.role,
            str(_key_state(visit, key)),
            key.last_used_at,
            key.created_at,
        )
        for key in keys
    ]
    return Sheet("keys", columns, rows)


# ── accounts ─────────────────────────────────────────────────────────────────────────────────────────────────────────


@ROOM.get("/settings/accounts", allow="account.change")
def accounts(visit: Visit) -> Response:
    """Everybody who may sign in."""
    found = visit.workspace.access.accounts.list()
    columns = (
        Column("name", visit.text(_("Name"))),
        Column("role", visit.text(_("Role"))),
        Column("state", visit.text(_("State"))),
        Column("created", visit.text(_("Made")), "moment"),
    )
    rows = [(one.name, visit.text(ROLES[one.role]), _account_state(visit, one.active), one.created_at) for one in found]
    return page(visit, "accounts.html", [Sheet("accounts", columns, rows)], accounts=found, roles=_roles(visit))


@ROOM.post("/settings/accounts", allow="account.create")
def create_account(visit: Visit) -> Response:
    """Let somebody in."""
    password = visit.field("password", strip=False)
    made = visit.workspace.access.accounts.create(visit.field("name"), password, visit.field("role"), actor=visit.actor)
    return done(visit, "/settings/accounts", _("{name} may sign in now."), name=made.name)


@ROOM.post("/settings/accounts/{id}", allow="account.change")
def change_account(visit: Visit) -> Response:
    """Change somebody's role, or whether they may sign in."""
    state = {"yes": True, "no": False}.get(visit.field("active"))
    changed = visit.workspace.access.accounts.change(
        visit.request.path_params["id"], actor=visit.actor, role=visit.field("role") or None, active=state
    )
    return done(visit, "/settings/accounts", _("{name} was changed; their sessions have ended."), name=changed.name)


def _account_state(visit: Visit, is_active: bool) -> str:
    return visit.text(_("may sign in") if is_active else _("locked out"))


def _roles(visit: Visit) -> list[tuple[str, str]]:
    return [(role, visit.text(label)) for role, label in ROLES.items()]


# ── audit ────────────────────────────────────────────────────────────────────────────────────────────────────────────


@ROOM.get("/settings/audit", allow="audit.read")
def audit(visit: Visit) -> Response:
    """Who did what, the newest first."""
    entries = visit.workspace.audit.list(_AUDIT_PAGE, _before(visit))
    columns = (
        Column("sequence", visit.text(_("Number"))),
        Column("at", visit.text(_("When")), "moment"),
        Column("actor", visit.text(_("Who"))),
        Column("action", visit.text(_("What")), "code"),
        Column("object", visit.text(_("To what"))),
        Column("reason", visit.text(_("Why"))),
        Column("before", visit.text(_("Before"))),
        Column("after", visit.text(_("After"))),
    )
    rows = [
        (one.sequence, one.at, one.actor, one.action, one.object, one.reason, _brief(one.before), _brief(one.after))
        for one in entries
    ]
    older = visit.with_query(before=entries[-1].sequence) if len(entries) == _AUDIT_PAGE else ""
    return page(visit, "audit.html", [Sheet("audit", columns, rows)], older=older)


def _brief(value: object) -> str:
    text = "" if value is None else json.dumps(value, ensure_ascii=False, separators=(", ", ": "))
    return text if len(text) <= 300 else text[:299] + "…"


def _before(visit: Visit) -> int | None:
    text = visit.query.get("before", "")
    place = read_whole(text)
    if text and place is None:
        raise InvalidInput("page.bad_place", _("“{value}” is not a place in the list."), value=text[:20])
    return place
