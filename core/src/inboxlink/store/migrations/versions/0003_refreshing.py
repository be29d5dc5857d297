"""What renewing a credential leaves behind, and what a person wanted."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns, and write none that a secret is bound to anew."""
    op.add_column("connection", sa.Column("grant_ends_at", sa.String(32)))
    op.add_column("connection", sa.Column("refresh_started_at", sa.String(32)))
    # Until now every connection was to do both.
    both = sa.text('\'["receive", "send"]\'')
    op.add_column("connection", sa.Column("wanted", sa.Text, nullable=False, server_default=both))
