from __future__ import annotations

from datetime import timedelta

import pytest
from argon2 import PasswordHasher
from sqlalchemy import inspect, text

from dujiang.foundation.clock import FixedClock
from dujiang.foundation.errors import Conflict, DujiangError, InvalidInput, NotFound, NotSignedIn, TooMany
from dujiang.store import passwords
from dujiang.store.access import ROLES, Access, actions, may, register_action
from dujiang.store.accounts import FAILURES_MAX
from dujiang.store.audit import Audit
from dujiang.store.database import Database

PASSWORD = "correct horse battery"


@pytest.fixture(autouse=True)
def quick_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same algorithm with little work: what it costs in earnest is tested with the passwords."""
    monkeypatch.setattr(passwords, "_HASHER", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))


@pytest.fixture
def access(database: Database, clock: FixedClock) -> Access:
    return Access(database, clock, session_hours=12)


@pytest.fixture
def admin(access: Access) -> str:
    token = access.accounts.first_admin_token()
    assert token is not None
    return access.accounts.create_first_admin(token, "wang", PASSWORD).id


def code_of(error: pytest.ExceptionInfo[DujiangError]) -> str:
    return error.value.code


def test_the_first_administrator_is_made_once_with_the_newest_token(access: Access, clock: FixedClock) -> None:
    old, new = access.accounts.first_admin_token(), access.accounts.first_admin_token()
    assert old is not None
    assert new is not None
    for token in (old, "guess"):
        with pytest.raises(NotSignedIn):
            access.accounts.create_first_admin(token, "wang", PASSWORD)
    assert access.accounts.create_first_admin(new, "wang", PASSWORD).role == "admin"
    with pytest.raises(NotSignedIn):
        access.accounts.create_first_admin(new, "li", PASSWORD)
    assert access.accounts.first_admin_token() is None


def test_the_one_time_token_runs_out(access: Access, clock: FixedClock) -> None:
    token = access.accounts.first_admin_token()
    assert token is not None
    clock.advance(timedelta(hours=24))
    with pytest.raises(NotSignedIn):
        access.accounts.create_first_admin(token, "wang", PASSWORD)


def test_a_session_holds_until_it_ends(access: Access, admin: str, clock: FixedClock) -> None:
    signed_in = access.accounts.sign_in("wang", PASSWORD)
    assert access.by_session(signed_in.token).name == "wang"
    clock.advance(timedelta(hours=12))
    with pytest.raises(NotSignedIn):
        access.by_session(signed_in.token)
    again = access.accounts.sign_in(" wang ", PASSWORD)
    access.accounts.sign_out(again.token)
    with pytest.raises(NotSignedIn):
        access.by_session(again.token)


def test_a_wrong_password_and_an_unknown_name_look_the_same(access: Access, admin: str) -> None:
    with pytest.raises(NotSignedIn) as wrong:
        access.accounts.sign_in("wang", "wrong password")
    with pytest.raises(NotSignedIn) as unknown:
        access.accounts.sign_in("nobody", PASSWORD)
    assert (code_of(wrong), str(wrong.value)) == (code_of(unknown), str(unknown.value))


def test_too_many_wrong_passwords_lock_for_a_while(access: Access, admin: str, clock: FixedClock) -> None:
    for _ in range(FAILURES_MAX):
        with pytest.raises(NotSignedIn):
            access.accounts.sign_in("wang", "wrong password")
    with pytest.raises(TooMany):
        access.accounts.sign_in("wang", PASSWORD)
    clock.advance(timedelta(minutes=15))
    assert access.accounts.sign_in("wang", PASSWORD).account.id == admin


def test_a_changed_account_loses_its_sessions(access: Access, admin: str) -> None:
    made = access.accounts.create("li", PASSWORD, "viewer", actor="wang")
    token = access.accounts.sign_in("li", PASSWORD).token
    assert access.accounts.change(made.id, actor="wang", role="analyst").role == "analyst"
    with pytest.raises(NotSignedIn):
        access.by_session(token)
    access.accounts.change(made.id, actor="wang", active=False)
    with pytest.raises(NotSignedIn):
        access.accounts.sign_in("li", PASSWORD)
    access.accounts.change(made.id, actor="wang", active=True, password="another password")
    assert access.accounts.sign_in("li", "another password").account.role == "analyst"


@pytest.mark.parametrize("change", [{"role": "viewer"}, {"active": False}])
def test_the_last_administrator_stays(access: Access, admin: str, change: dict[str, object]) -> None:
    with pytest.raises(Conflict) as caught:
        access.accounts.change(admin, actor="wang", **change)  # type: ignore[arg-type]
    assert code_of(caught) == "access.last_admin"
    assert access.accounts.get(admin).role == "admin"
    assert access.accounts.get(admin).active


@pytest.mark.parametrize(
    ("name", "password", "role", "code"),
    [
        ("wang", PASSWORD, "viewer", "access.name_taken"),
        ("a b", PASSWORD, "viewer", "access.bad_name"),
        ("<b>", PASSWORD, "viewer", "access.bad_name"),
        ("li", "short", "viewer", "access.password_too_short"),
        ("li", "x" * 201, "viewer", "access.password_too_long"),
        ("li", PASSWORD, "king", "access.unknown_role"),
    ],
)
def test_what_cannot_be_an_account_is_refused_by_name(
    access: Access, admin: str, name: str, password: str, role: str, code: str
) -> None:
    with pytest.raises(DujiangError) as caught:
        access.accounts.create(name, password, role, actor="wang")
    assert code_of(caught) == code
    assert [account.name for account in access.accounts.list()] == ["wang"]


def test_a_collect_key_opens_its_source_and_nothing_else(access: Access) -> None:
    new = access.keys.create_collect("web", "web", actor="wang")
    assert new.secret.startswith("dc_")
    found = access.keys.find(new.secret, "collect")
    assert found is not None
    assert (found.id, found.source, found.role) == (new.key.id, "web", "")
    assert access.keys.find(new.secret, "api") is None
    assert access.keys.find(new.secret + "x", "collect") is None
    with pytest.raises(NotSignedIn):
        access.by_api_key(new.secret)


def test_an_api_key_acts_in_its_role(access: Access) -> None:
    new = access.keys.create_api("reports", "analyst", actor="wang")
    assert new.secret.startswith("da_")
    actor = access.by_api_key(new.secret)
    assert (actor.name, actor.role) == (new.key.id, "analyst")
    assert access.keys.find(new.secret, "collect") is None


def test_a_revoked_key_stops_at_once_and_cannot_be_revoked_again(access: Access) -> None:
    new = access.keys.create_collect("web", "web", actor="wang")
    assert access.keys.find(new.secret, "collect")
    access.keys.revoke(new.key.id, actor="wang")
    assert access.keys.find(new.secret, "collect") is None
    for ask in (
        lambda: access.keys.revoke(new.key.id, actor="w"),
        lambda: access.keys.rotate(new.key.id, timedelta(1), actor="w"),
    ):
        with pytest.raises(Conflict):
            ask()
    with pytest.raises(NotFound):
        access.keys.revoke("key_nothing", actor="wang")


def test_both_keys_work_while_they_are_changed_over(access: Access, clock: FixedClock) -> None:
    old = access.keys.create_collect("web", "web", actor="wang")
    new = access.keys.rotate(old.key.id, timedelta(hours=1), actor="wang")
    assert (new.key.source, new.key.replaces) == ("web", old.key.id)
    assert access.keys.find(old.secret, "collect")
    assert access.keys.find(new.secret, "collect")
    clock.advance(timedelta(hours=1))
    assert access.keys.find(old.secret, "collect") is None
    assert access.keys.find(new.secret, "collect")


def test_the_last_use_is_written_down(access: Access, clock: FixedClock) -> None:
    new = access.keys.create_collect("web", "web", actor="wang")
    assert access.keys.list()[0].last_used_at is None
    access.keys.find(new.secret, "collect")
    assert access.keys.list()[0].last_used_at == clock.now()


def test_a_key_needs_a_source_or_a_known_role(access: Access) -> None:
    with pytest.raises(InvalidInput):
        access.keys.create_collect("web", "", actor="wang")
    with pytest.raises(InvalidInput):
        access.keys.create_api("web", "king", actor="wang")


def test_no_secret_lies_in_the_store(access: Access, database: Database, admin: str) -> None:
    secrets = [
        PASSWORD,
        access.accounts.sign_in("wang", PASSWORD).token,
        access.keys.create_collect("web", "web", actor="wang").secret,
        access.keys.create_api("api", "admin", actor="wang").secret,
    ]
    with database.read() as rx:
        names = inspect(rx).get_table_names()
        content = repr([rx.execute(text(f'SELECT * FROM "{name}"')).all() for name in names])
    assert "wang" in content
    assert [secret for secret in secrets if secret in content] == []


def test_deeds_around_access_are_in_the_audit_log(access: Access, database: Database, admin: str) -> None:
    key = access.keys.create_collect("web", "web", actor="wang").key
    access.keys.revoke(key.id, actor="wang", reason="lost")
    entries = Audit(database).list()
    assert [(entry.action, entry.object, entry.actor) for entry in entries] == [
        ("key.revoke", key.id, "wang"),
        ("key.create", key.id, "wang"),
        ("account.create", admin, "setup"),
    ]


def test_each_role_may_what_the_roles_before_it_may() -> None:
    for action in actions():
        allowed = [may(role, action) for role in ROLES]
        assert allowed == sorted(allowed)
        assert allowed[-1]


def test_an_action_has_one_role() -> None:
    register_action("audit.read", "admin")
    with pytest.raises(DujiangError, match="registered twice"):
        register_action("audit.read", "viewer")
    assert not may("viewer", "audit.read")
