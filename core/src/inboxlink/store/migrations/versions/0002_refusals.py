"""The memory of refused secrets."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make its table."""
    op.create_table(
        "refusal",
        sa.Column("mac", sa.String(64), primary_key=True),
        sa.Column("until", sa.String(32), nullable=False),
    )
