"""The first schema."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make every table."""
    op.create_table(
        "connection",
        sa.Column("id", sa.String(64), primary_key=True),
        sa.Column("owner", sa.String(255), nullable=False),
        sa.Column("provider", sa.String(64), nullable=False),
        sa.Column("plugin_version", sa.String(64), nullable=False),
        sa.Column("address", sa.String(320), nullable=False),
        sa.Column("mailbox_key", sa.String(320), nullable=False),
        sa.Column("state", sa.String(32), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("account", sa.Text, nullable=False),
        sa.Column("scopes", sa.Text, nullable=False),
        sa.Column("expires_at", sa.String(32)),
        sa.Column("settings", sa.Text, nullable=False),
        sa.Column("endpoints", sa.Text, nullable=False),
        sa.Column("identities", sa.Text, nullable=False),
        sa.Column("report", sa.Text),
        sa.Column("disclosures", sa.Text, nullable=False),
        sa.Column("inbox_automation", sa.Boolean, nullable=False),
        sa.Column("problem_code", sa.String(64)),
        sa.Column("created_at", sa.String(32), nullable=False),
        sa.Column("updated_at", sa.String(32), nullable=False),
        sa.Column("verified_at", sa.String(32)),
    )
    op.create_index("connection_owner", "connection", ["owner", "id"])
    op.create_index(
        "connection_mailbox",
        "connection",
        ["owner", "mailbox_key"],
        unique=True,
        sqlite_where=sa.text("state <> 'disconnected'"),
        postgresql_where=sa.text("state <> 'disconnected'"),
    )
    op.create_table(
        "connection_secret",
        sa.Column(
            "connection_id",
            sa.String(64),
            sa.ForeignKey("connection.id", ondelete="CASCADE"),
            primary_key=True,
        ),
        sa.Column("name", sa.String(32), primary_key=True),
        sa.Column("sealed", sa.LargeBinary, nullable=False),
    )
    op.create_table(
        "flow",
        sa.Column("flow_id", sa.String(64), primary_key=True),
        sa.Column("owner", sa.String(255), nullable=False),
        sa.Column("provider", sa.String(64), nullable=False),
        sa.Column("plugin_version", sa.String(64), nullable=False),
        sa.Column("flow_version", sa.Integer, nullable=False),
        sa.Column("purpose", sa.String(16), nullable=False),
        sa.Column("address", sa.String(320), nullable=False),
        sa.Column("connection_id", sa.String(64)),
        sa.Column("seq", sa.Integer, nullable=False),
        sa.Column("binding", sa.String(64), nullable=False),
        sa.Column("expires_at", sa.String(32), nullable=False),
        sa.Column("is_taken", sa.Boolean, nullable=False),
        sa.Column("sealed", sa.LargeBinary, nullable=False),
    )
    op.create_table(
        "ledger_entry",
        sa.Column("n", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("owner", sa.String(255), nullable=False),
        sa.Column("mailbox", sa.String(320), nullable=False),
        sa.Column("content", sa.Text, nullable=False),
        sa.Column("previous", sa.String(64), nullable=False),
        sa.Column("hash", sa.String(64), nullable=False),
    )
    op.create_index("ledger_entry_mailbox", "ledger_entry", ["owner", "mailbox", "n"])
    op.create_table(
        "ledger_head",
        sa.Column("only", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("n", sa.Integer, nullable=False),
        sa.Column("hash", sa.String(64), nullable=False),
        sa.Column("key_id", sa.String(32), nullable=False),
        sa.Column("mac", sa.String(64), nullable=False),
    )
    op.create_table(
        "vault_key",
        sa.Column("only", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("key_id", sa.String(32), nullable=False),
        sa.Column("source", sa.String(16), nullable=False),
    )
