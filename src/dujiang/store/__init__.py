"""Truth: what is committed here is never computed again from elsewhere. SQLite or PostgreSQL, with the same promises."""
