"""Every table of the store. What differs from here is a mistake in the migrations, and a test says so."""

from __future__ import annotations

from typing import Final

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
)

from dujiang.store.columns import Json, Moment

_NAMING: Final = {
    "pk": "pk_%(table_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
}

METADATA: Final = MetaData(naming_convention=_NAMING)
JOURNAL: Final = MetaData(naming_convention=_NAMING)
"""The journal's own tables: in a file of its own on SQLite, beside the store's on PostgreSQL."""

_NUMBER: Final = BigInteger().with_variant(Integer, "sqlite")  # SQLite counts only INTEGER keys up by itself


def _text(name: str, **options: object) -> Column[str]:
    return Column(name, Text, nullable=False, **options)  # type: ignore[arg-type]


def _whole(name: str) -> Column[int]:
    return Column(name, BigInteger, nullable=False)


# ── truth of the archive ────────────────────────────────────────────────────────────────────────────────────────────

manifest = Table(
    # Parts of the archive, and retractions and restorations of whole batches, in one chain.
    "manifest", METADATA,
    Column("number", _NUMBER, primary_key=True, autoincrement=False),
    _text("kind"),  # part | retract | restore
    _text("batch"),
    Column("at", Moment),  # of a retraction or restoration
    Column("family", Text), Column("day", Date), Column("file", Text), Column("rows", BigInteger),
    Column("first_seq", BigInteger), Column("last_seq", BigInteger), Column("sha256", Text),
    Column("hash", LargeBinary, nullable=False),
    Index(None, "batch"),
)  # fmt: skip

cursor = Table("cursor", METADATA, _text("name", primary_key=True), _whole("value"))

count = Table(
    "count", METADATA,
    _text("source", primary_key=True), Column("hour", Moment, primary_key=True),
    _whole("received"), _whole("accepted"), _whole("rejected"), _whole("duplicate"), _whole("conflict"),
    Index(None, "hour"),
)  # fmt: skip

dead_letter = Table(
    "dead_letter", METADATA,
    Column("id", _NUMBER, primary_key=True, autoincrement=True),
    _text("source"), Column("received_at", Moment, nullable=False),
    _text("reason_code"), _text("field"), _text("sentence"), Column("values", Json, nullable=False),
    Column("original_sealed", LargeBinary, nullable=False), _text("key_id"), _text("path"),
    _whole("journal_seq"), _whole("index"),
    _text("state"),  # open | fixed | discarded
    _text("note"), Column("changed_at", Moment),
    UniqueConstraint("journal_seq", "index"),  # a load that is done again states the same letters again
    Index(None, "state", "source"),
    sqlite_autoincrement=True,
)  # fmt: skip

vault = Table(
    "vault", METADATA,
    Column("node", BigInteger, primary_key=True, autoincrement=False),
    _text("type"), _whole("subject"), Column("sealed", LargeBinary, nullable=False),
    Index(None, "subject"),
)  # fmt: skip

# ── working together ────────────────────────────────────────────────────────────────────────────────────────────────

outbox = Table(
    "outbox", METADATA,
    Column("sequence", _NUMBER, primary_key=True, autoincrement=True),
    _text("topic"), _text("key"), Column("payload", Json, nullable=False),
    sqlite_autoincrement=True,
)  # fmt: skip

outbox_consumer = Table("outbox_consumer", METADATA, _text("consumer", primary_key=True), _whole("sequence"))

lease = Table(
    "lease", METADATA,
    _text("name", primary_key=True), _text("holder"), _whole("token"), Column("expires_at", Moment, nullable=False),
)  # fmt: skip

audit = Table(
    "audit", METADATA,
    Column("sequence", _NUMBER, primary_key=True, autoincrement=False),
    Column("at", Moment, nullable=False), _text("actor"), _text("action"), _text("object"),
    Column("before", Json), Column("after", Json), _text("reason"),
    Column("hash", LargeBinary, nullable=False),
)  # fmt: skip

idempotency = Table(
    "idempotency", METADATA,
    _text("actor", primary_key=True), _text("key", primary_key=True),
    _text("action"), Column("request_hash", LargeBinary, nullable=False), Column("result", Json),
    Column("at", Moment, nullable=False),
    Index(None, "at"),
)  # fmt: skip

definition_version = Table(
    "definition_version", METADATA,
    _text("kind", primary_key=True), _text("name", primary_key=True), Column("number", Integer, primary_key=True),
    Column("body", Json, nullable=False), Column("at", Moment, nullable=False), _text("actor"), _text("note"),
)  # fmt: skip

job = Table(
    "job", METADATA,
    _text("id", primary_key=True), _text("kind"), Column("params", Json, nullable=False), _text("actor"),
    _text("state"),  # queued | running | done | failed | cancelled
    _text("step"), _whole("done"), _whole("total"), Column("cancel_asked", Boolean, nullable=False),
    Column("result", Json), _text("error_code"), _text("error_sentence"), Column("error_values", Json),
    _text("holder"), Column("lease_until", Moment), _whole("attempts"),
    Column("created_at", Moment, nullable=False), Column("started_at", Moment), Column("finished_at", Moment),
    Index(None, "state", "created_at"),
)  # fmt: skip

import_run = Table(
    # What an imported file was and came to. Its facts carry the same id as their batch.
    "import_run", METADATA,
    _text("id", primary_key=True), Column("at", Moment, nullable=False), _text("sha256"), Column("body", Json, nullable=False),
    Index(None, "at"), Index(None, "sha256"),
)  # fmt: skip

identity_decision = Table(
    # What was decided about identifiers beyond the rules: by hand, by a suggestion, a held source, or a list of junk.
    "identity_decision", METADATA,
    _text("id", primary_key=True),
    _text("kind"),  # separate | join | bar | unbind | distrust
    Column("a", BigInteger), Column("b", BigInteger), _text("source"),
    Column("from_seq", BigInteger), Column("to_seq", BigInteger),  # of distrust: only facts archived between these
    Column("at", Moment, nullable=False), _text("actor"), _text("reason"),
    _text("origin"),  # hand | suggestion | hold | junk
    Column("evidence", Json, nullable=False),
    Column("revoked_at", Moment), _text("revoked_by"), _text("revoke_reason"),
    Column("moment", Moment),  # of unbind: when that was
    Index(None, "revoked_at"),
)  # fmt: skip

source_flow = Table(
    # How many known identifiers each source tied together, in blocks of its facts as they arrived: what it is compared with.
    "source_flow", METADATA,
    _text("source", primary_key=True), Column("first_seq", BigInteger, primary_key=True, autoincrement=False),
    _whole("last_seq"), _whole("facts"), _whole("merges"), Column("at", Moment, nullable=False),
)  # fmt: skip

identity_day = Table(
    # Identity quality as it was measured on each day, and how many numbers of people ended on it.
    "identity_day", METADATA,
    Column("day", Date, primary_key=True), Column("at", Moment, nullable=False), _whole("ended"),
    Column("body", Json, nullable=False),
)  # fmt: skip

ignored_identifier = Table(
    # Values that named nobody, as they arrived.
    "ignored_identifier", METADATA,
    Column("day", Date, primary_key=True), _text("source", primary_key=True), _text("type", primary_key=True),
    _text("reason", primary_key=True), _text("rule", primary_key=True), _whole("count"),
)  # fmt: skip

linkage_pair = Table(
    # Two people (by an identifier of each) whose records are alike. What was decided stays, so that nothing is asked twice.
    "linkage_pair", METADATA,
    Column("a", BigInteger, primary_key=True, autoincrement=False),
    Column("b", BigInteger, primary_key=True, autoincrement=False),
    Column("probability", Float, nullable=False), Column("body", Json, nullable=False), _whole("model"),
    Column("found_at", Moment, nullable=False),
    _text("state"),  # open | later | accepted | rejected
    Column("decided_at", Moment), _text("decided_by"),
    _text("decision"),  # of an accepted pair, the decision that joins the two
    Index(None, "state", "probability"),
)  # fmt: skip

linkage_model = Table(
    "linkage_model", METADATA,
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("at", Moment, nullable=False), Column("body", Json, nullable=False),
)  # fmt: skip

linkage_record = Table(
    # Records that were compared, and by which model.
    "linkage_record", METADATA,
    Column("node", BigInteger, primary_key=True, autoincrement=False), _whole("model"),
)  # fmt: skip

model_run = Table(
    # A fit of a predictive model: what was found, and what predictions are computed with. None is ever changed.
    "model_run", METADATA,
    _text("id", primary_key=True), _text("name"), Column("at", Moment, nullable=False), Column("as_of", Date, nullable=False),
    _text("state"),  # fitted | too_little | not_converged
    Column("body", Json, nullable=False), Column("model", Json),
    Index(None, "name", "at"),
)  # fmt: skip

# ── who may ─────────────────────────────────────────────────────────────────────────────────────────────────────────

account = Table(
    "account", METADATA,
    _text("id", primary_key=True), _text("name", unique=True), _text("password_hash"), _text("role"),
    Column("active", Boolean, nullable=False), Column("created_at", Moment, nullable=False),
    _whole("failures"), Column("locked_until", Moment),
)  # fmt: skip

session = Table(
    "session", METADATA,
    Column("token_hash", LargeBinary, primary_key=True),
    _text("account"), Column("created_at", Moment, nullable=False), Column("expires_at", Moment, nullable=False),
    Index(None, "account"), Index(None, "expires_at"),
)  # fmt: skip

setup_token = Table(
    "setup_token", METADATA,
    Column("token_hash", LargeBinary, primary_key=True), Column("expires_at", Moment, nullable=False),
)  # fmt: skip

access_key = Table(
    "access_key", METADATA,
    _text("id", primary_key=True), _text("kind"),  # collect | api
    _text("name"), _text("hint"),  # its first letters, to tell it from others
    Column("hash", LargeBinary, nullable=False, unique=True),
    _text("source"),  # of a collect key
    _text("role"),  # of an api key
    _text("created_by"), Column("created_at", Moment, nullable=False),
    Column("expires_at", Moment), Column("revoked_at", Moment), Column("last_used_at", Moment),
    Column("replaces", Text, ForeignKey("access_key.id")),
)  # fmt: skip

share_link = Table(
    # A link that opens a dashboard without signing in.
    "share_link", METADATA,
    _text("id", primary_key=True), _text("dashboard", index=True),
    _text("created_by"), Column("created_at", Moment, nullable=False),
    Column("expires_at", Moment, nullable=False), Column("revoked_at", Moment),
)  # fmt: skip

saved_view = Table(
    # A page with its choices that somebody, or the team, opens by a name.
    "saved_view", METADATA,
    _text("id", primary_key=True), _text("path", index=True), _text("name"), _text("query"), _text("owner"),
    Column("team", Boolean, nullable=False), Column("first", Boolean, nullable=False),
    Column("created_at", Moment, nullable=False),
)  # fmt: skip

report_delivery = Table(
    # A report that was or is to be delivered; for each time at which it was due there is one, whoever saw the time come.
    "report_delivery", METADATA,
    _text("id", primary_key=True), _text("report"),
    Column("due", Moment),  # None: somebody wanted it at once
    _whole("missed"), _text("job"), _text("created_by"), Column("created_at", Moment, nullable=False),
    Column("delivered_at", Moment), _text("folder"), Column("body", Json),
    UniqueConstraint("report", "due"), Index(None, "report", "created_at"),
)  # fmt: skip

# ── received requests ───────────────────────────────────────────────────────────────────────────────────────────────

journal_entry = Table(
    "journal_entry", JOURNAL,
    Column("sequence", _NUMBER, primary_key=True, autoincrement=False),
    _whole("received_at"),  # microseconds: on the fast path nothing is converted twice
    _text("source"), _text("key_id"), _text("path"), _text("content_type"), _whole("events"),
    Column("body", LargeBinary, nullable=False),  # compressed, then sealed
    Column("hash", LargeBinary, nullable=False),
)  # fmt: skip

journal_anchor = Table(
    # What the oldest kept entry follows: everything up to `sequence` was archived and taken out.
    "journal_anchor", JOURNAL,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("format", Integer, nullable=False), _whole("sequence"), Column("hash", LargeBinary, nullable=False),
)  # fmt: skip
