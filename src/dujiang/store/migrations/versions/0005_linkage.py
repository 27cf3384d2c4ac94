"""Pairs of people that may be one, and the models that scored them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """From 0004."""
    op.create_table(
        "linkage_pair",
        sa.Column("a", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("b", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("probability", sa.Float(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("model", sa.BigInteger(), nullable=False),
        sa.Column("found_at", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("decided_at", sa.BigInteger(), nullable=True),
        sa.Column("decided_by", sa.Text(), nullable=False),
        sa.Column("decision", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("a", "b", name="pk_linkage_pair"),
    )
    op.create_index("ix_linkage_pair_state_probability", "linkage_pair", ["state", "probability"])
    op.create_table(
        "linkage_model",
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("number", name="pk_linkage_model"),
    )
    op.create_table(
        "linkage_record",
        sa.Column("node", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("model", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("node", name="pk_linkage_record"),
    )
