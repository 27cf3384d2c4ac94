"""What each source ties together, for the circuit breaker."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """From 0006. What was archived before is not judged afterwards."""
    op.create_table(
        "source_flow",
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("first_seq", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("last_seq", sa.BigInteger(), nullable=False),
        sa.Column("facts", sa.BigInteger(), nullable=False),
        sa.Column("merges", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("source", "first_seq", name="pk_source_flow"),
    )
    op.execute("INSERT INTO cursor (name, value) SELECT 'identity_watch', value FROM cursor WHERE name = 'archive'")
