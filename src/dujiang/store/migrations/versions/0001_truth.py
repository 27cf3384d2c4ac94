"""Truth of the archive, vault, outbox, leases, audit and definitions."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def text(name: str, nullable: bool = False) -> sa.Column[str]:
    """A text column."""
    return sa.Column(name, sa.Text(), nullable=nullable)


def whole(name: str, nullable: bool = False) -> sa.Column[int]:
    """A whole-number column."""
    return sa.Column(name, sa.BigInteger(), nullable=nullable)


def upgrade() -> None:
    """From an empty database."""
    op.create_table(
        "manifest",
        sa.Column("number", NUMBER, autoincrement=False, nullable=False),
        *(text("kind"), text("batch"), whole("at", True), text("family", True), sa.Column("day", sa.Date())),
        *(text("file", True), whole("rows", True), whole("first_seq", True), whole("last_seq", True)),
        *(text("sha256", True), sa.Column("hash", sa.LargeBinary(), nullable=False)),
        sa.PrimaryKeyConstraint("number", name="pk_manifest"),
    )
    op.create_index("ix_manifest_batch", "manifest", ["batch"])
    op.create_table("cursor", text("name"), whole("value"), sa.PrimaryKeyConstraint("name", name="pk_cursor"))
    op.create_table(
        "count",
        *(text("source"), whole("hour")),
        *(whole("received"), whole("accepted"), whole("rejected"), whole("duplicate"), whole("conflict")),
        sa.PrimaryKeyConstraint("source", "hour", name="pk_count"),
    )
    op.create_index("ix_count_hour", "count", ["hour"])
    op.create_table(
        "vault",
        sa.Column("node", sa.BigInteger(), autoincrement=False, nullable=False),
        *(text("type"), whole("subject"), sa.Column("sealed", sa.LargeBinary(), nullable=False)),
        sa.PrimaryKeyConstraint("node", name="pk_vault"),
    )
    op.create_index("ix_vault_subject", "vault", ["subject"])
    op.create_table(
        "outbox",
        sa.Column("sequence", NUMBER, autoincrement=True, nullable=False),
        *(text("topic"), text("key"), text("payload")),
        sa.PrimaryKeyConstraint("sequence", name="pk_outbox"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "outbox_consumer",
        *(text("consumer"), whole("sequence")),
        sa.PrimaryKeyConstraint("consumer", name="pk_outbox_consumer"),
    )
    op.create_table(
        "lease",
        *(text("name"), text("holder"), whole("token"), whole("expires_at")),
        sa.PrimaryKeyConstraint("name", name="pk_lease"),
    )
    op.create_table(
        "audit",
        sa.Column("sequence", NUMBER, autoincrement=False, nullable=False),
        *(whole("at"), text("actor"), text("action"), text("object"), text("before", True), text("after", True)),
        *(text("reason"), sa.Column("hash", sa.LargeBinary(), nullable=False)),
        sa.PrimaryKeyConstraint("sequence", name="pk_audit"),
    )
    op.create_table(
        "definition_version",
        *(text("kind"), text("name"), sa.Column("number", sa.Integer(), nullable=False)),
        *(text("body"), whole("at"), text("actor"), text("note")),
        sa.PrimaryKeyConstraint("kind", "name", "number", name="pk_definition_version"),
    )
