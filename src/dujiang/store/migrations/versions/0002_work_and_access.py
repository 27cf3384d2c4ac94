"""Dead letters, jobs, repeated commands, and who may do what."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def text(name: str, nullable: bool = False) -> sa.Column[str]:
    """A text column."""
    return sa.Column(name, sa.Text(), nullable=nullable)


def whole(name: str, nullable: bool = False) -> sa.Column[int]:
    """A whole-number column."""
    return sa.Column(name, sa.BigInteger(), nullable=nullable)


def data(name: str) -> sa.Column[bytes]:
    """A column of bytes."""
    return sa.Column(name, sa.LargeBinary(), nullable=False)


def yes(name: str) -> sa.Column[bool]:
    """A column of yes or no."""
    return sa.Column(name, sa.Boolean(), nullable=False)


def upgrade() -> None:
    """From 0001."""
    _dead_letters()
    _work()
    _access()


def _dead_letters() -> None:
    op.create_table(
        "dead_letter",
        sa.Column("id", NUMBER, autoincrement=True, nullable=False),
        *(text("source"), whole("received_at"), text("reason_code"), text("field"), text("sentence"), text("values")),
        *(data("original_sealed"), text("key_id"), text("path"), whole("journal_seq"), whole("index")),
        *(text("state"), text("note"), whole("changed_at", True)),
        sa.PrimaryKeyConstraint("id", name="pk_dead_letter"),
        sa.UniqueConstraint("journal_seq", "index", name="uq_dead_letter_journal_seq_index"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_dead_letter_state_source", "dead_letter", ["state", "source"])


def _work() -> None:
    op.create_table(
        "idempotency",
        *(text("actor"), text("key"), text("action"), data("request_hash"), text("result", True), whole("at")),
        sa.PrimaryKeyConstraint("actor", "key", name="pk_idempotency"),
    )
    op.create_index("ix_idempotency_at", "idempotency", ["at"])
    op.create_table(
        "job",
        *(text("id"), text("kind"), text("params"), text("actor"), text("state"), text("step")),
        *(whole("done"), whole("total"), yes("cancel_asked"), text("result", True), text("error_code")),
        *(text("error_sentence"), text("error_values", True), text("holder"), whole("lease_until", True)),
        *(whole("attempts"), whole("created_at"), whole("started_at", True), whole("finished_at", True)),
        sa.PrimaryKeyConstraint("id", name="pk_job"),
    )
    op.create_index("ix_job_state_created_at", "job", ["state", "created_at"])


def _access() -> None:
    op.create_table(
        "account",
        *(text("id"), text("name"), text("password_hash"), text("role"), yes("active"), whole("created_at")),
        *(whole("failures"), whole("locked_until", True)),
        sa.PrimaryKeyConstraint("id", name="pk_account"),
        sa.UniqueConstraint("name", name="uq_account_name"),
    )
    op.create_table(
        "session",
        *(data("token_hash"), text("account"), whole("created_at"), whole("expires_at")),
        sa.PrimaryKeyConstraint("token_hash", name="pk_session"),
    )
    op.create_index("ix_session_account", "session", ["account"])
    op.create_index("ix_session_expires_at", "session", ["expires_at"])
    op.create_table(
        "setup_token",
        *(data("token_hash"), whole("expires_at")),
        sa.PrimaryKeyConstraint("token_hash", name="pk_setup_token"),
    )
    op.create_table(
        "access_key",
        *(text("id"), text("kind"), text("name"), text("hint"), data("hash"), text("source"), text("role")),
        *(text("created_by"), whole("created_at"), whole("expires_at", True), whole("revoked_at", True)),
        *(whole("last_used_at", True), text("replaces", True)),
        sa.PrimaryKeyConstraint("id", name="pk_access_key"),
        sa.UniqueConstraint("hash", name="uq_access_key_hash"),
        sa.ForeignKeyConstraint(["replaces"], ["access_key.id"], name="fk_access_key_replaces"),
    )
