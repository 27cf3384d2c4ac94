"""``dujiang keys``: make and revoke collection and administration keys."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from dujiang.cli.app import HERE, Folder, Json, app, opened
from dujiang.cli.output import say, show_json, show_table, tell
from dujiang.foundation.i18n import _
from dujiang.store.roles import Role

if TYPE_CHECKING:
    from dujiang.store.access import NewKey

group = typer.Typer(help="Collection and administration keys / 密钥", no_args_is_help=True)
app.add_typer(group, name="keys")


@group.command("list")
def list_(folder: Folder = HERE, as_json: Json = False) -> None:
    """Every key, without its secret / 密钥列表"""
    with opened(folder) as workspace:
        found = workspace.access.keys.list()
    if as_json:
        show_json(found)
        return
    rows = [
        (one.id, one.kind, one.source or one.role, one.created_at, one.last_used_at, one.revoked_at) for one in found
    ]
    show_table([_("Id"), _("Kind"), _("For"), _("Made"), _("Last used"), _("Revoked")], rows)


@group.command()
def collect(
    source: Annotated[str, typer.Argument(help="Source / 数据源")], folder: Folder = HERE, as_json: Json = False
) -> None:
    """Make a key with which one source can send events / 新建采集密钥"""
    with opened(folder) as workspace:
        workspace.definitions.get("source", source)
        key = workspace.access.keys.create_collect(source, source, actor="terminal")
    _show(key, as_json=as_json)


@group.command()
def admin(
    role: Annotated[Role, typer.Argument(help="What the key may do / 角色")],
    folder: Folder = HERE,
    as_json: Json = False,
) -> None:
    """Make a key for the API with the rights of a role / 新建管理密钥"""
    with opened(folder) as workspace:
        key = workspace.access.keys.create_api(role, role, actor="terminal")
    _show(key, as_json=as_json)


@group.command()
def revoke(
    key: Annotated[str, typer.Argument(help="Id of the key / 密钥编号")], folder: Folder = HERE, as_json: Json = False
) -> None:
    """Make a key useless from now on / 吊销密钥"""
    with opened(folder) as workspace:
        revoked = workspace.access.keys.revoke(key, actor="terminal")
    if as_json:
        show_json(revoked)
    else:
        say(_("The key {key} is revoked."), key=key)


def _show(key: NewKey, *, as_json: bool) -> None:
    if as_json:
        show_json(key)
        return
    say(_("Shown only once; keep it now:"))
    tell(key.secret)
