"""When an identifier was unbound that somebody unbound by hand."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    """From 0009."""
    op.add_column("identity_decision", sa.Column("moment", sa.BigInteger(), nullable=True))
