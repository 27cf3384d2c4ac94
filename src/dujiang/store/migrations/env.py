"""Alembic's entry: runs the migrations on the connection and in the transaction that the caller holds."""

from __future__ import annotations

from alembic import context

_config = getattr(context, "config", None)
if _config is not None:  # None for tools that import every module; only Alembic has something to migrate
    context.configure(connection=_config.attributes["connection"])
    context.run_migrations()
