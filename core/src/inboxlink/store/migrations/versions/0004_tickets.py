"""Tries that wait for an administrator."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make their table."""
    op.create_table(
        "ticket",
        sa.Column("id", sa.String(64), primary_key=True),
        sa.Column("owner", sa.String(255), nullable=False),
        sa.Column("mailbox_key", sa.String(320), nullable=False),
        sa.Column("expires_at", sa.String(32), nullable=False),
        sa.Column("content", sa.Text, nullable=False),
        sa.Column("key_id", sa.String(32), nullable=False),
        sa.Column("mac", sa.String(64), nullable=False),
    )
    op.create_index("ticket_mailbox", "ticket", ["owner", "mailbox_key"], unique=True)
