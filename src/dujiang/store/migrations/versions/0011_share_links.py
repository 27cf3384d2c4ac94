"""Links that open a dashboard without signing in."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    """From 0010."""
    op.create_table(
        "share_link",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("dashboard", sa.Text(), nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("revoked_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_share_link"),
    )
    op.create_index("ix_share_link_dashboard", "share_link", ["dashboard"])
