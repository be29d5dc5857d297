"""The tables. A change here goes with a revision in `migrations`; a test compares the two."""

from sqlalchemy import (
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    text,
)

__all__ = [
    "connection",
    "connection_secret",
    "flow",
    "ledger_entry",
    "ledger_head",
    "metadata",
    "refusal",
    "ticket",
    "vault_key",
]

metadata = MetaData()

#: Times are text in ISO 8601 with microseconds, UTC, so that they sort and every database has them.
_TIME = String(32)

connection = Table(
    "connection",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("owner", String(255), nullable=False),
    Column("provider", String(64), nullable=False),
    Column("plugin_version", String(64), nullable=False),
    Column("address", String(320), nullable=False),
    Column("mailbox_key", String(320), nullable=False),
    Column("state", String(32), nullable=False),
    Column("kind", String(16), nullable=False),
    Column("account", Text, nullable=False),
    Column("scopes", Text, nullable=False),
    Column("expires_at", _TIME),
    Column("grant_ends_at", _TIME),
    Column("refresh_started_at", _TIME),
    Column("settings", Text, nullable=False),
    Column("endpoints", Text, nullable=False),
    Column("identities", Text, nullable=False),
    Column("report", Text),
    Column("disclosures", Text, nullable=False),
    Column("wanted", Text, nullable=False, server_default=text('\'["receive", "send"]\'')),
    Column("inbox_automation", Boolean, nullable=False),
    Column("problem_code", String(64)),
    Column("created_at", _TIME, nullable=False),
    Column("updated_at", _TIME, nullable=False),
    Column("verified_at", _TIME),
    Index("connection_owner", "owner", "id"),
    Index(
        "connection_mailbox",
        "owner",
        "mailbox_key",
        unique=True,
        sqlite_where=text("state <> 'disconnected'"),
        postgresql_where=text("state <> 'disconnected'"),
    ),
)

connection_secret = Table(
    "connection_secret",
    metadata,
    Column(
        "connection_id",
        String(64),
        ForeignKey("connection.id", ondelete="CASCADE"),
        primary_key=True,
    ),
    Column("name", String(32), primary_key=True),
    Column("sealed", LargeBinary, nullable=False),
)

flow = Table(
    "flow",
    metadata,
    Column("flow_id", String(64), primary_key=True),
    Column("owner", String(255), nullable=False),
    Column("provider", String(64), nullable=False),
    Column("plugin_version", String(64), nullable=False),
    Column("flow_version", Integer, nullable=False),
    Column("purpose", String(16), nullable=False),
    Column("address", String(320), nullable=False),
    Column("connection_id", String(64)),
    Column("seq", Integer, nullable=False),
    Column("binding", String(64), nullable=False),
    Column("expires_at", _TIME, nullable=False),
    Column("is_taken", Boolean, nullable=False),
    Column("sealed", LargeBinary, nullable=False),
)

ledger_entry = Table(
    "ledger_entry",
    metadata,
    Column("n", Integer, primary_key=True, autoincrement=False),
    Column("owner", String(255), nullable=False),
    Column("mailbox", String(320), nullable=False),
    Column("content", Text, nullable=False),
    Column("previous", String(64), nullable=False),
    Column("hash", String(64), nullable=False),
    Index("ledger_entry_mailbox", "owner", "mailbox", "n"),
)

ledger_head = Table(
    "ledger_head",
    metadata,
    Column("only", Integer, primary_key=True, autoincrement=False),
    Column("n", Integer, nullable=False),
    Column("hash", String(64), nullable=False),
    Column("key_id", String(32), nullable=False),
    Column("mac", String(64), nullable=False),
)

refusal = Table(
    "refusal",
    metadata,
    Column("mac", String(64), primary_key=True),
    Column("until", _TIME, nullable=False),
)

ticket = Table(
    "ticket",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("owner", String(255), nullable=False),
    Column("mailbox_key", String(320), nullable=False),
    Column("expires_at", _TIME, nullable=False),
    Column("content", Text, nullable=False),
    Column("key_id", String(32), nullable=False),
    Column("mac", String(64), nullable=False),
    Index("ticket_mailbox", "owner", "mailbox_key", unique=True),
)

vault_key = Table(
    "vault_key",
    metadata,
    Column("only", Integer, primary_key=True, autoincrement=False),
    Column("key_id", String(32), nullable=False),
    Column("source", String(16), nullable=False),
)
